//! What is not in the file in the end.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use chat_core::{Delivered, ReaderId, read_missing};

use super::job::newlines;
use super::pen::{Left, Pen};
use crate::failure::Failure;
use crate::serve::hub::Hub;

/// Counts what a record has not written.
pub(super) struct Lost {
    hub: Rc<Hub>,
    reader: ReaderId,
    path: String,
    /// The lines that the pen has.
    left: Left,
    /// The messages that they say are missing, beyond one for each that says so.
    missing: Cell<usize>,
}

impl Lost {
    /// Nothing is.
    pub(super) fn new(hub: Rc<Hub>, reader: ReaderId, pen: &Pen) -> Self {
        let (path, left) = (pen.path().to_owned(), pen.left());
        Self { hub, reader, path, left, missing: Cell::new(0) }
    }

    pub(super) fn reader(&self) -> ReaderId {
        self.reader
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The pen is given so many lines; they say that so many more are missing.
    pub(super) fn give(&self, lines: usize, missing: usize) {
        self.left.store(lines, Ordering::Relaxed);
        self.missing.set(missing);
    }

    /// What there is to say if the server ends now, although `error` keeps it from recording.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        let path = &self.path;
        match self.count() {
            0 => Failure::new(format_args!("what is in {path} may not be on its disk"), error),
            1 => Failure::new(format_args!("1 line is not in the record {path}"), error),
            lines => {
                Failure::new(format_args!("{lines} lines are not in the record {path}"), error)
            }
        }
    }

    /// Counts the lines that the pen has and those that it was not given; of a line that says how
    /// many are missing, those.
    fn count(&self) -> usize {
        let mut lines = self.left.load(Ordering::Relaxed);
        if lines > 0 {
            lines += self.missing.get();
        }
        loop {
            let delivered = self.hub.tell(|server, _| {
                server.deliver(self.reader, |slices| {
                    lines += slices.iter().map(|slice| newlines(slice)).sum::<usize>();
                    lines += missing(slices);
                    Ok::<_, io::Error>(slices.iter().map(|slice| slice.len()).sum())
                })
            });
            match delivered {
                Ok(Delivered::Partial) => {}
                _ => return lines,
            }
        }
    }
}

/// How many messages are missing by what is in `slices`, beyond one for each line that says so. That
/// is a slice of its own.
pub(super) fn missing(slices: &[&[u8]]) -> usize {
    slices.iter().filter_map(|slice| missing_by(slice)).map(|count| count.saturating_sub(1)).sum()
}

fn missing_by(slice: &[u8]) -> Option<usize> {
    let line = str::from_utf8(slice).ok()?.strip_suffix('\n')?;
    usize::try_from(read_missing(line)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_are_missing() {
        let many = "> 12 messages are missing here: they could not be recorded\n";
        let one = "> 1 message is missing here: it could not be recorded\n";
        let slices = [many.as_bytes(), "[지민] 안녕\n".as_bytes(), one.as_bytes()];
        assert_eq!(missing(&slices), 11);
        assert_eq!(missing(&[b"> 3 users online\n", b"> Topic: 5 messages\n"]), 0);
    }
}
