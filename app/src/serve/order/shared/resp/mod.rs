//! RESP2, the protocol of engines
//! (<https://redis.io/docs/latest/develop/reference/protocol-spec/>): commands as bytes, and bytes
//! as replies, without I/O.
//!
//! Of our own, as it takes less than any package brings: five kinds of replies to a dozen commands.

#[cfg(test)]
mod tests;

/// What an engine answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Status(Box<[u8]>),
    /// Its first word says what kind of error it is.
    Error(Box<[u8]>),
    Number(i64),
    Bytes(Box<[u8]>),
    Nothing,
    List(Vec<Reply>),
}

/// Bytes that are no reply, or none that anybody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Most bytes of a line: more than any status or error that an engine has.
const MAX_LINE: usize = 64 * 1024;

/// Most bytes of a reply, with what each part of it costs beside its own: what engines take at most
/// as one text, unless they are told otherwise (`proto-max-bulk-len`).
const MAX_SIZE: usize = 512 * 1024 * 1024;

/// What a part of a reply costs in memory beside its own bytes.
const COST: usize = 64;

/// How deep lists are in each other. What is read from a stream is the deepest, at five.
const MAX_DEPTH: usize = 8;

/// Appends a command to `out`.
pub(super) fn push_command(parts: &[&[u8]], out: &mut Vec<u8>) {
    push_header(b'*', parts.len(), out);
    for part in parts {
        push_header(b'$', part.len(), out);
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
}

fn push_header(kind: u8, number: usize, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(number.to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Decodes replies from bytes that come in any chunks. The memory is proportional to those that
/// have come, and bounded.
pub(super) struct Decoder {
    bytes: Vec<u8>,
    /// How many of them are decoded.
    decoded: usize,
    /// Lists that are not whole, the outermost first.
    open: Vec<List>,
    /// How large the reply is so far that is not whole, and the largest that one may be.
    size: usize,
    max_size: usize,
}

struct List {
    items: Vec<Reply>,
    /// Never 0.
    missing: usize,
}

/// What a line begins.
enum Begun {
    Reply(Reply),
    List(usize),
}

impl Default for Decoder {
    fn default() -> Self {
        let (bytes, open) = (Vec::new(), Vec::new());
        Self { bytes, decoded: 0, open, size: 0, max_size: MAX_SIZE }
    }
}

impl Decoder {
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.decoded);
        self.decoded = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next reply, once all of it has come.
    ///
    /// # Errors
    ///
    /// What has come is none. Nothing that comes behind it is either.
    pub(super) fn next(&mut self) -> Result<Option<Reply>, Malformed> {
        while let Some(begun) = self.begun()? {
            let reply = match begun {
                Begun::Reply(reply) => reply,
                Begun::List(0) => Reply::List(Vec::new()),
                Begun::List(missing) if self.open.len() < MAX_DEPTH => {
                    self.open.push(List { items: Vec::new(), missing });
                    continue;
                }
                Begun::List(_) => return Err(Malformed),
            };
            if let Some(whole) = self.put(reply) {
                self.size = 0;
                return Ok(Some(whole));
            }
        }
        Ok(None)
    }

    /// Puts a reply into the list that it belongs to. Returns what is whole by that.
    fn put(&mut self, mut reply: Reply) -> Option<Reply> {
        while let Some(mut list) = self.open.pop() {
            list.items.push(reply);
            list.missing -= 1;
            if list.missing > 0 {
                self.open.push(list);
                return None;
            }
            reply = Reply::List(list.items);
        }
        Some(reply)
    }

    fn begun(&mut self) -> Result<Option<Begun>, Malformed> {
        let rest = &self.bytes[self.decoded..];
        let Some(end) = rest.iter().take(MAX_LINE).position(|&byte| byte == b'\n') else {
            return if rest.len() < MAX_LINE { Ok(None) } else { Err(Malformed) };
        };
        let behind = end + 1;
        let [kind, line @ .., b'\r'] = &rest[..end] else { return Err(Malformed) };
        let reply = match kind {
            b'+' => Reply::Status(line.into()),
            b'-' => Reply::Error(line.into()),
            b':' => Reply::Number(number(line)?),
            b'$' | b'*' if line == b"-1" => Reply::Nothing,
            b'*' => {
                let length = length(line, self.space() / COST)?;
                self.take(behind)?;
                return Ok(Some(Begun::List(length)));
            }
            b'$' => {
                let length = length(line, self.space())?;
                let Some(text) = rest[behind..].get(..length + 2) else { return Ok(None) };
                let (text, newline) = text.split_at(length);
                if newline != b"\r\n" {
                    return Err(Malformed);
                }
                let reply = Reply::Bytes(text.into());
                self.take(behind + length + 2)?;
                return Ok(Some(Begun::Reply(reply)));
            }
            _ => return Err(Malformed),
        };
        self.take(behind)?;
        Ok(Some(Begun::Reply(reply)))
    }

    /// A part of so many bytes is decoded.
    fn take(&mut self, count: usize) -> Result<(), Malformed> {
        self.decoded += count;
        self.size += count + COST;
        if self.size <= self.max_size { Ok(()) } else { Err(Malformed) }
    }

    /// How much larger the reply may become.
    fn space(&self) -> usize {
        self.max_size - self.size
    }
}

fn number(line: &[u8]) -> Result<i64, Malformed> {
    str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or(Malformed)
}

fn length(line: &[u8], most: usize) -> Result<usize, Malformed> {
    let length = usize::try_from(number(line)?).map_err(|_| Malformed)?;
    if length <= most { Ok(length) } else { Err(Malformed) }
}

impl Reply {
    /// The bytes of a text or a status.
    pub(super) fn bytes(self) -> Option<Box<[u8]>> {
        match self {
            Self::Bytes(bytes) | Self::Status(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn list(self) -> Option<Vec<Reply>> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// A number, also one that is written as a text.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => u64::try_from(*number).ok(),
            Self::Bytes(bytes) => natural(bytes),
            _ => None,
        }
    }
}

/// The number that a text is, if engines count so far: there is a next one.
pub(super) fn natural(text: &[u8]) -> Option<u64> {
    number(text).ok().and_then(|number| u64::try_from(number).ok())
}
