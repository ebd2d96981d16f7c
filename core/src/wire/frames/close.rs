//! Why a connection ends.

/// A status code of a close frame (RFC 6455, section 7.4, and the registry that it founds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// All that was to be said is said.
    pub const NORMAL: Self = Self(1000);
    /// The server ends, or the room is lost.
    pub const GOING_AWAY: Self = Self(1001);
    /// What came is not what the RFC allows.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A message came of a kind that is not taken.
    pub const UNSUPPORTED: Self = Self(1003);
    /// Text came that is not UTF-8.
    pub const INVALID_TEXT: Self = Self(1007);
    /// The peer may not be here.
    pub const POLICY: Self = Self(1008);

    /// The number that goes over the wire.
    pub fn number(self) -> u16 {
        self.0
    }

    /// Reads the payload of a close frame. A peer that gives no reason has a normal one.
    ///
    /// # Errors
    ///
    /// The code to answer with, if the payload is none.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Self> {
        let [high, low, reason @ ..] = payload else {
            return if payload.is_empty() { Ok(Self::NORMAL) } else { Err(Self::PROTOCOL_ERROR) };
        };
        let code = Self(u16::from_be_bytes([*high, *low]));
        if !code.may_be_sent() {
            return Err(Self::PROTOCOL_ERROR);
        }
        match str::from_utf8(reason) {
            Ok(_) => Ok(code),
            Err(_) => Err(Self::INVALID_TEXT),
        }
    }

    /// Whether the code may stand in a frame: 1004 to 1006 and 1015 may not, and up to 2999 only
    /// the registered ones mean anything.
    fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}
