//! Text that comes in pieces: whole characters of it, and whether it is UTF-8 as soon as that can
//! be known.

/// A character that has begun and not ended; after that, the character.
#[derive(Debug, Default)]
pub(super) struct Character {
    bytes: [u8; 4],
    len: u8,
    /// Bytes that it lacks.
    missing: u8,
}

impl Character {
    /// How many bytes it lacks; 0 if none has begun.
    pub(super) fn missing(&self) -> usize {
        self.missing.into()
    }

    /// Begins with what comes behind the last whole character of `bytes`. Returns the length of
    /// what is whole.
    ///
    /// # Errors
    ///
    /// The length of what comes before something that no character begins with.
    pub(super) fn begin(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        let Err(error) = str::from_utf8(bytes) else { return Ok(bytes.len()) };
        let (whole, begun) = bytes.split_at(error.valid_up_to());
        if error.error_len().is_some() {
            return Err(whole.len());
        }
        *self = Self::default();
        let length = match begun.first() {
            Some(0xf0..) => 4,
            Some(0xe0..) => 3,
            _ => 2,
        };
        for (place, byte) in self.bytes.iter_mut().zip(begun) {
            *place = *byte;
            self.len += 1;
        }
        self.missing = length - self.len;
        Ok(whole.len())
    }

    /// Adds bytes, no more than are missing. Returns whether the character is whole then.
    ///
    /// # Errors
    ///
    /// If they are not part of it.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<bool, NotUtf8> {
        for byte in bytes {
            let place = self.bytes.get_mut(usize::from(self.len)).ok_or(NotUtf8)?;
            *place = *byte;
            self.len += 1;
            self.missing = self.missing.saturating_sub(1);
        }
        match str::from_utf8(self.get()) {
            Ok(_) => Ok(true),
            Err(error) if error.error_len().is_none() => Ok(false),
            Err(_) => Err(NotUtf8),
        }
    }

    /// The bytes of it so far.
    pub(super) fn get(&self) -> &[u8] {
        &self.bytes[..self.len.into()]
    }
}

/// Bytes that no text has.
pub(super) struct NotUtf8;
