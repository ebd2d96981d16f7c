//! What a program that cannot go on says, and its exit status.

use std::fmt::{self, Display};
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use chat_core::shown;

use crate::clock::PATIENCE;
use crate::place::Place;
use crate::{stdio, worker};

/// The reason why the program ends: one or two lines on stderr and a status.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    status: u8,
}

impl Failure {
    /// Something failed at run time (status 1): names what was tried and why it failed.
    pub(crate) fn new(tried: impl Display, error: &io::Error) -> Self {
        Self { text: format!("{tried}: {}", reason(error)), status: 1 }
    }

    /// The program was used wrongly (status 2).
    pub(crate) fn usage(text: impl Display) -> Self {
        Self { text: text.to_string(), status: 2 }
    }

    /// The connection to `place` ended although nobody wanted that.
    pub(crate) fn connection_ended(place: &Place<'_>, error: &io::Error) -> Self {
        Self::new(format_args!("the connection to {place} ended"), error)
    }

    /// Standard output failed.
    pub(crate) fn output(error: &io::Error) -> Self {
        Self::new("cannot write to standard output", error)
    }

    /// A thread cannot be started.
    pub(crate) fn thread(error: io::Error) -> Self {
        Self::new("cannot start a thread", &error)
    }

    /// The system lets nothing be waited for.
    pub(crate) fn reactor(error: io::Error) -> Self {
        Self::new("cannot wait for connections", &error)
    }

    /// Signals cannot be had.
    pub(crate) fn signals(error: io::Error) -> Self {
        Self::new("cannot receive signals", &error)
    }

    /// Says so, and gives the exit status. A terminal that somebody has stopped is not waited for
    /// for long.
    pub(crate) fn report(self) -> ExitCode {
        let status = self.status;
        let (said, is_said) = mpsc::channel();
        let saying = worker::spawn(move || {
            say(&self);
            let _ = said.send(());
        });
        if saying.is_ok() {
            let _ = is_said.recv_timeout(PATIENCE);
        }
        ExitCode::from(status)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chat: {}", self.text)
    }
}

/// Says something on stderr while the program goes on. What is to be said while the last is still
/// being said, because the terminal is stopped, is not said.
pub(crate) fn complain(failure: Failure) {
    static IS_SAYING: AtomicBool = AtomicBool::new(false);
    if !IS_SAYING.swap(true, Ordering::Relaxed) {
        let saying = worker::spawn(move || {
            say(&failure);
            IS_SAYING.store(false, Ordering::Relaxed);
        });
        if saying.is_err() {
            IS_SAYING.store(false, Ordering::Relaxed);
        }
    }
}

fn say(failure: &Failure) {
    // What was given as an argument, or came from elsewhere, commands no terminal here either.
    let text = format!("{failure}\n");
    let text: String = text.chars().map(|c| if c == '\n' { c } else { shown(c) }).collect();
    // One write, so that lines of several processes on one terminal do not mix. Where nobody
    // listens there is nothing more to do.
    let _ = stdio::write_error(text.as_bytes());
}

/// Why it failed, without the system's number for it and without std's preface to a resolver's
/// answer, in the same words whatever C library the program is built with.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error ").map_or(text.as_str(), |(reason, _)| reason);
    let text = text.trim_start_matches("failed to lookup address information: ");
    let translated = WORDS.iter().find(|(musl, _)| *musl == text).map(|(_, glibc)| *glibc);
    translated.unwrap_or(text).to_owned()
}

/// What musl says, and what glibc does, where they differ: the words that users know and look for.
/// For what sockets, standard streams, terminals and resolvers may fail with here.
const WORDS: [(&str, &str); 16] = [
    ("Address in use", "Address already in use"),
    ("Address not available", "Cannot assign requested address"),
    ("Connection aborted", "Software caused connection abort"),
    ("Host is unreachable", "No route to host"),
    ("I/O error", "Input/output error"),
    ("Network unreachable", "Network is unreachable"),
    ("No file descriptors available", "Too many open files"),
    ("Not a tty", "Inappropriate ioctl for device"),
    ("Not supported", "Operation not supported"),
    ("Operation timed out", "Connection timed out"),
    ("Socket not connected", "Transport endpoint is not connected"),
    ("Out of memory", "Cannot allocate memory"),
    ("Name does not resolve", "Name or service not known"),
    ("Name has no usable address", "No address associated with hostname"),
    ("Non-recoverable error", "Non-recoverable failure in name resolution"),
    ("Try again", "Temporary failure in name resolution"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_number() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(reason(&refused), "Connection refused");
        assert_eq!(reason(&io::Error::other("no such thing")), "no such thing");
    }

    #[test]
    fn a_reason_has_the_same_words_with_any_c_library() {
        for musl in ["Address in use (os error 98)", "Address already in use (os error 98)"] {
            assert_eq!(reason(&io::Error::other(musl)), "Address already in use");
        }
        let answer = "failed to lookup address information: Try again";
        let expected = "Temporary failure in name resolution";
        assert_eq!(reason(&io::Error::other(answer)), expected);
    }
}
