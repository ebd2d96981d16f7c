//! Requests: the head of one, as `httparse` reads it.

use httparse::{EMPTY_HEADER, Error, Header, Status};

/// Bytes of a head at the most: cookies of other services at the same address come along.
const MOST_BYTES: usize = 16 * 1024;

/// Fields of a head at the most. Browsers send some twenty.
const MOST_FIELDS: usize = 64;

/// A request of HTTP/1.0 or 1.1. It has no body that anybody looks at.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// What is asked for.
    pub(super) target: &'a str,
    /// Whether it is of HTTP/1.1.
    pub(super) is_recent: bool,
    fields: &'a [Header<'a>],
}

/// Why bytes are no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Syntax,
    Version,
    TooLarge,
}

/// The head of a request, as far as it has arrived.
#[derive(Default)]
pub(super) struct Head(Vec<u8>);

impl Head {
    /// Returns how many bytes it may go on with.
    pub(super) fn space(&self) -> usize {
        MOST_BYTES.saturating_sub(self.0.len())
    }

    /// Takes what has arrived, which goes no further than there is space. If that is the rest of it,
    /// returns how many bytes are, and what `answer` answers.
    pub(super) fn take<T>(
        &mut self,
        arrived: &[u8],
        answer: impl FnOnce(&Request<'_>) -> T,
    ) -> Result<Option<(usize, T)>, Wrong> {
        let before = self.0.len();
        self.0.extend_from_slice(arrived);
        // Whoever sends byte after byte does not have all of it read for each. Whether it is a
        // request at all is seen at once.
        let is_worth_it = before == 0 || self.space() == 0 || {
            let news = &self.0[before.saturating_sub(BEFORE_END)..];
            END.iter().any(|end| news.windows(end.len()).any(|bytes| bytes == *end))
        };
        if !is_worth_it {
            return Ok(None);
        }
        let read = read(&self.0, answer)?;
        Ok(read.map(|(length, answer)| (length.saturating_sub(before), answer)))
    }
}

/// What ends a head: an empty line, however lines end.
const END: [&[u8]; 2] = [b"\n\r\n", b"\n\n"];

/// Bytes of that which may have come before.
const BEFORE_END: usize = 2;

/// Returns where the head ends that `bytes` begin with, and what `answer` answers to it; `None` if it
/// is not complete.
fn read<T>(
    bytes: &[u8],
    answer: impl FnOnce(&Request<'_>) -> T,
) -> Result<Option<(usize, T)>, Wrong> {
    let mut fields = [EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    match parsed.parse(bytes) {
        Ok(Status::Complete(length)) if length <= MOST_BYTES => {
            let request = Request {
                method: parsed.method.unwrap_or_default(),
                target: parsed.path.unwrap_or_default(),
                is_recent: parsed.version == Some(1),
                fields: parsed.headers,
            };
            Ok(Some((length, answer(&request))))
        }
        Ok(Status::Partial) if bytes.len() < MOST_BYTES => Ok(None),
        Ok(_) | Err(Error::TooManyHeaders) => Err(Wrong::TooLarge),
        Err(Error::Version) => Err(Wrong::Version),
        Err(_) => Err(Wrong::Syntax),
    }
}

impl<'a> Request<'a> {
    /// Returns the path of what is asked for, if it is one.
    pub(super) fn path(&self) -> Option<&'a str> {
        let path = self.target.split('?').next()?;
        path.starts_with('/').then_some(path)
    }

    /// Returns the value of a field that stands there once.
    pub(super) fn only(&self, name: &str) -> Option<&'a str> {
        let mut values = self.values(name);
        values.next().flatten().filter(|_| values.next().is_none())
    }

    /// Whether there is such a field at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// The elements of a field that is a list, in whatever case.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let values = self.values(name).flatten().flat_map(|value| value.split(','));
        values.map(str::trim_ascii)
    }

    /// The values of a field, `None` for one that is no text.
    fn values(&self, name: &str) -> impl Iterator<Item = Option<&'a str>> {
        let fields = self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        fields.map(|field| str::from_utf8(field.value).ok().map(str::trim_ascii))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What is answered to a whole head.
    pub(in super::super) fn answered<T>(
        head: &str,
        answer: impl FnOnce(&Request<'_>) -> T,
    ) -> Option<T> {
        Some(read(head.as_bytes(), answer).ok()??.1)
    }

    /// However a head is cut, it is as long as it is, and nothing behind it is taken.
    #[test]
    fn heads_in_parts() {
        for head in ["GET / HTTP/1.1\r\nA: b\r\n\r\n", "\r\n\nGET / HTTP/1.0\nA: b\n\n"] {
            let all = format!("{head}\n\n\r\nGET");
            for cut in 1..all.len() {
                let (first, second) = all.as_bytes().split_at(cut);
                let mut begun = Head::default();
                let mut taken = begun.take(first, |_| ()).unwrap();
                if cut < head.len() {
                    assert_eq!(taken, None, "{cut}");
                    taken = begun.take(second, |_| ()).unwrap().map(|(at, ())| (cut + at, ()));
                }
                assert_eq!(taken, Some((head.len(), ())), "{cut}");
            }
            let mut begun = Head::default();
            for (index, byte) in head.as_bytes().chunks(1).enumerate() {
                let has_ended = begun.take(byte, |_| ()).unwrap().is_some();
                assert_eq!(has_ended, index + 1 == head.len(), "{index}");
            }
        }
    }

    #[test]
    fn fields() {
        let head = b"GET /a?b HTTP/1.1\r\nA: 1\r\nb: x , Y\r\nB:z\r\nA: 2\r\nc: \xff\r\n\r\nrest";
        let read = read(head, |request| {
            assert_eq!(request.path(), Some("/a"));
            assert_eq!(request.only("a"), None, "it is there twice");
            assert_eq!(request.only("c"), None, "it is no text");
            assert_eq!(request.only("d"), None);
            assert!(request.has("C"));
            assert!(!request.has("d"));
            assert_eq!(request.list("b").collect::<Vec<_>>(), ["x", "Y", "z"]);
        });
        assert_eq!(read, Ok(Some((head.len() - 4, ()))));
    }

    #[test]
    fn what_is_no_request() {
        let read = |bytes: &[u8]| read(bytes, |_| ());
        assert_eq!(read(b"GET / HTTP/1.1\r\nHost: a\r\n"), Ok(None));
        assert_eq!(read(b""), Ok(None));
        assert_eq!(read(b"\x16\x03\x01\x02\x00\x01"), Err(Wrong::Syntax), "a TLS record");
        assert_eq!(read(b"GET / HTTP/2.0\r\n\r\n"), Err(Wrong::Version));
        assert_eq!(read(b"GET / HTTP/1.1\r\nA b: c\r\n\r\n"), Err(Wrong::Syntax));
        assert_eq!(read(b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), Err(Wrong::Syntax), "folded");
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_FIELDS + 1));
        assert_eq!(read(many.as_bytes()), Err(Wrong::TooLarge));
        let field = "a".repeat(MOST_BYTES);
        let long = format!("GET / HTTP/1.1\r\nA: {field}");
        assert_eq!(read(&long.as_bytes()[..MOST_BYTES - 1]), Ok(None));
        assert_eq!(read(&long.as_bytes()[..MOST_BYTES]), Err(Wrong::TooLarge));
        assert_eq!(read(format!("{long}\r\n\r\n").as_bytes()), Err(Wrong::TooLarge));
    }
}
