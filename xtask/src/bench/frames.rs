//! The frames of a WebSocket, as a client sends them and takes them away from what it gets (RFC
//! 6455).

/// What stands between the answer to a request and the frames.
const END_OF_ANSWER: &[u8] = b"\r\n\r\n";

/// A client need not draw one that nobody can guess, where no proxy is.
const MASK: [u8; 4] = *b"\x37\xfa\x21\x3d";

/// Appends a message of one line, masked.
pub(super) fn push(text: &[u8], out: &mut Vec<u8>) {
    let length = text.len() + 1;
    debug_assert!(length < 126, "a longer one has another head");
    out.extend_from_slice(&[0x81, 0x80 | length as u8]);
    out.extend_from_slice(&MASK);
    let payload = text.iter().chain(b"\n");
    out.extend(payload.zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
}

/// What a server sends, frames and all.
#[derive(Default)]
pub(super) struct Unframer {
    /// How much of [`END_OF_ANSWER`] has come last, until all of it has.
    answer: usize,
    head: [u8; 10],
    head_len: usize,
    /// Bytes of the frame that are to come.
    left: usize,
}

impl Unframer {
    /// Moves what is said to the beginning of `bytes`, and returns how much that is.
    pub(super) fn strip(&mut self, bytes: &mut [u8]) -> usize {
        let (mut at, mut kept) = (0, 0);
        while at < bytes.len() {
            if self.left > 0 {
                let count = self.left.min(bytes.len() - at);
                bytes.copy_within(at..at + count, kept);
                self.left -= count;
                at += count;
                kept += count;
            } else if self.answer < END_OF_ANSWER.len() {
                let goes_on = bytes[at] == END_OF_ANSWER[self.answer];
                self.answer =
                    if goes_on { self.answer + 1 } else { usize::from(bytes[at] == b'\r') };
                at += 1;
            } else {
                self.head[self.head_len] = bytes[at];
                self.head_len += 1;
                at += 1;
                self.end_head();
            }
        }
        kept
    }

    /// Looks whether the head is complete.
    fn end_head(&mut self) {
        let extended = match (self.head_len, self.head[1]) {
            (0 | 1, _) => return,
            (_, 126) => 2,
            (_, 127) => 8,
            _ => 0,
        };
        if self.head_len < 2 + extended {
            return;
        }
        let number = self.head[2..2 + extended].iter();
        self.left = match extended {
            0 => self.head[1].into(),
            _ => number.fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
        };
        self.head_len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455, section 5.7, with other lengths.
    #[test]
    fn only_what_is_said_is_left_wherever_it_is_cut() {
        let long = [b'x'; 256];
        let longer = vec![b'y'; 0x1_0000];
        let sent = [
            b"HTTP/1.1 101 Switching Protocols\r\n\r\r\n\r\n",
            &b"\x81\x05Hello\x81\x00\x01\x03Hel\x80\x02lo\x81\x7e\x01\x00"[..],
            &long,
            b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
            &longer,
        ]
        .concat();
        for size in [1, 2, 3, 10, 100, 1_000, sent.len()] {
            let (mut unframer, mut said) = (Unframer::default(), Vec::new());
            for chunk in sent.chunks(size) {
                let mut chunk = chunk.to_vec();
                let kept = unframer.strip(&mut chunk);
                said.extend_from_slice(&chunk[..kept]);
            }
            assert!(said == [b"HelloHello", &long[..], &longer].concat(), "chunks of {size}");
        }
    }

    #[test]
    fn a_message_is_masked() {
        let mut sent = Vec::new();
        push(b"Hello", &mut sent);
        assert_eq!(sent, *b"\x81\x86\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\xf0");
    }
}
