//! Members of one server, and whoever else reads there.

use std::convert::Infallible;

use chat_core::{Delivered, MemberId, ReaderId, Server};

/// A reader, and all that it has got.
pub(super) struct Reader {
    pub(super) id: ReaderId,
    pub(super) got: Vec<u8>,
}

pub(super) struct Member {
    pub(super) id: MemberId,
    pub(super) addr: String,
    pub(super) reader: Reader,
    /// What it has written and was not read.
    pub(super) unread: Vec<u8>,
    /// What was read of that.
    pub(super) said: Vec<u8>,
    /// How much of that its server had when it began to tell that it is gone.
    pub(super) said_in_time: usize,
    /// Whether nothing more is read from it.
    pub(super) is_closed: bool,
    /// Whether its connection is gone.
    pub(super) is_gone: bool,
}

impl Reader {
    pub(super) fn new(id: ReaderId) -> Self {
        Self { id, got: Vec::new() }
    }

    /// Reads all that there is. Returns whether it is to be closed.
    pub(super) fn read(&mut self, server: &mut Server) -> bool {
        loop {
            let got = &mut self.got;
            let Ok(delivered) = server.deliver(self.id, |slices| {
                let before = got.len();
                slices.iter().for_each(|slice| got.extend_from_slice(slice));
                Ok::<_, Infallible>(got.len() - before)
            });
            match delivered {
                Delivered::Partial => {}
                Delivered::Finished => return true,
                Delivered::Nothing | Delivered::CaughtUp => return false,
            }
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        str::from_utf8(&self.got).unwrap().lines()
    }
}

impl Member {
    pub(super) fn new(id: MemberId, addr: String) -> Self {
        Self {
            id,
            addr,
            reader: Reader::new(id.into()),
            unread: Vec::new(),
            said: Vec::new(),
            said_in_time: usize::MAX,
            is_closed: false,
            is_gone: false,
        }
    }

    pub(super) fn write(&mut self, text: &str) {
        self.unread.extend_from_slice(text.as_bytes());
        self.unread.push(b'\n');
    }

    /// The whole messages that were read of it, each with the place where it ends.
    pub(super) fn messages(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut end = 0;
        let whole = self.said.split_inclusive(|byte| *byte == b'\n');
        whole.filter_map(move |line| {
            end += line.len();
            Some((end, str::from_utf8(line.strip_suffix(b"\n")?).unwrap()))
        })
    }
}
