//! A bracketed paste, while it arrives.

use crate::terminal::text::MAX_DRAFT;

/// Bytes of a paste that are kept: one more than fit into a draft, so that the draft can tell that
/// they do not. A terminal that never ends a paste must not fill the memory.
pub(in crate::terminal) const MAX_PASTE: usize = MAX_DRAFT + 1;

/// The end of a paste that began with ESC `[`, and of one that began with an 8-bit CSI. Only the
/// kind that began a paste ends it: terminals take no other out of what is pasted.
pub(in crate::terminal) const END: &[u8] = b"\x1b[201~";
const EIGHT_BIT_END: &[u8] = b"\x9b201~";

pub(super) struct Paste {
    bytes: Vec<u8>,
    end: &'static [u8],
    /// Whether nothing has arrived for long although it has not ended.
    pub(super) is_quiet: bool,
}

impl Paste {
    pub(super) fn new(is_eight_bit: bool) -> Self {
        let end = if is_eight_bit { EIGHT_BIT_END } else { END };
        Self { bytes: Vec::new(), end, is_quiet: false }
    }

    /// Takes a byte; returns the whole text if that ends it.
    pub(super) fn take(&mut self, byte: u8) -> Option<String> {
        if self.bytes.len() >= MAX_PASTE + self.end.len() {
            // Only its end still matters.
            self.bytes.remove(MAX_PASTE);
        }
        self.bytes.push(byte);
        let mut pasted = self.bytes.strip_suffix(self.end)?;
        if self.end == EIGHT_BIT_END {
            // CSI is two bytes in UTF-8.
            pasted = pasted.strip_suffix(b"\xc2").unwrap_or(pasted);
        }
        let text = String::from_utf8_lossy(&pasted[..pasted.len().min(MAX_PASTE)]);
        // Terminals send line ends in a paste as Enter.
        Some(text.replace("\r\n", "\n").replace('\r', "\n"))
    }

    /// Returns the number of bytes kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}
