//! Text that comes in pieces: whether it is UTF-8, as soon as that can be known.

/// The beginning of a character at the end of what has come.
#[derive(Default)]
pub(super) struct Utf8 {
    begun: [u8; 4],
    len: u8,
}

impl Utf8 {
    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// How much of the piece stands before what is not UTF-8.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let taken = self.complete(bytes)?;
        let rest = &bytes[taken..];
        let Err(error) = str::from_utf8(rest) else { return Ok(()) };
        let (_, begun) = rest.split_at(error.valid_up_to());
        if error.error_len().is_some() {
            return Err(taken + error.valid_up_to());
        }
        begun.iter().for_each(|byte| self.begin(*byte));
        Ok(())
    }

    /// Whether a character has begun and not ended.
    pub(super) fn is_inside_character(&self) -> bool {
        self.len > 0
    }

    /// Adds to the character that has begun. Returns how many bytes belong to it.
    fn complete(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        let mut taken = 0;
        while self.len > 0
            && let Some(byte) = bytes.get(taken)
        {
            self.begin(*byte);
            taken += 1;
            match str::from_utf8(&self.begun[..self.len.into()]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(0),
            }
        }
        Ok(taken)
    }

    /// With its fourth byte a character is complete or broken.
    fn begin(&mut self, byte: u8) {
        if let Some(place) = self.begun.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len += 1;
        }
    }
}
