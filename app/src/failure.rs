//! Failures: what the program says of them, and its exit status.

use std::fmt::{self, Display};
use std::io;
use std::mem;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use chat_core::shown;

use crate::clock::PATIENCE;
use crate::system::{self, LEAST_DESCRIPTORS};

/// Why the program ends: one or two lines on stderr, and an exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    status: u8,
}

impl Failure {
    /// A failure at run time (status 1): names what was tried and why it failed.
    pub(crate) fn new(tried: impl Display, error: &io::Error) -> Self {
        Self { text: format!("{tried}: {}", reason(error)), status: 1 }
    }

    /// Wrong usage (status 2) of a command, or of the program: names what is wrong, and says where
    /// to read on.
    pub(crate) fn usage(command: Option<&str>, text: impl Display) -> Self {
        let command = command.map(|command| format!(" {command}")).unwrap_or_default();
        Self { text: format!("{text}\nTry: chat{command} --help"), status: 2 }
    }

    /// Adds what to try instead, on a line of its own.
    pub(crate) fn with_advice(self, command: impl Display) -> Self {
        Self { text: format!("{}\nTry: {command}", self.text), ..self }
    }

    /// The connection to `place` ended although the user did not want that.
    pub(crate) fn connection_ended(place: impl Display, error: &io::Error) -> Self {
        Self::new(format_args!("the connection to {place} ended"), error)
    }

    /// The same failure, and what else has come of it.
    pub(crate) fn with(mut self, consequence: impl Display) -> Self {
        self.text = format!("{}; {consequence}", self.text);
        self
    }

    /// Something that was entered could not be sent (status 1).
    pub(crate) fn unsent(text: impl Display) -> Self {
        Self { text: text.to_string(), status: 1 }
    }

    /// The program cannot go on (status 1).
    #[cfg(feature = "shared")]
    pub(crate) fn ended(text: impl Display) -> Self {
        Self { text: text.to_string(), status: 1 }
    }

    /// Standard output failed.
    pub(crate) fn output(error: &io::Error) -> Self {
        Self::new("cannot write to standard output", error)
    }

    /// A thread cannot be started.
    pub(crate) fn thread(error: io::Error) -> Self {
        Self::new("cannot start a thread", &error)
    }

    /// The reactor failed.
    pub(crate) fn reactor(error: io::Error) -> Self {
        Self::new("cannot wait for connections", &error)
    }

    /// Signals cannot be received.
    pub(crate) fn signals(error: io::Error) -> Self {
        Self::new("cannot receive signals", &error)
    }

    /// The system allows the program too few descriptors.
    pub(crate) fn descriptors(error: io::Error) -> Self {
        let tried = format_args!("cannot run with less than {LEAST_DESCRIPTORS} descriptors");
        Self::new(tried, &error)
    }

    /// No failure: something that whoever started the program has to know, and cannot see elsewhere.
    pub(crate) fn told(text: impl Display) -> Self {
        Self { text: text.to_string(), status: 0 }
    }

    /// No failure: one that was complained of is over.
    pub(crate) fn over(text: impl Display) -> Self {
        Self { text: text.to_string(), status: 0 }
    }

    /// Prints it on stderr, and returns the exit status.
    pub(crate) fn report(self) -> ExitCode {
        let status = self.status;
        complain([self]);
        settle();
        ExitCode::from(status)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chat: {}", self.text)
    }
}

/// What is to be printed on stderr, by a thread, as a stopped terminal must not stop the program.
struct Complaints {
    waiting: Vec<Failure>,
    is_printing: bool,
    /// Whether there is a [`Diversion`], and the task that waits for more.
    is_diverted: bool,
    task: Option<Waker>,
}

static COMPLAINTS: Mutex<Complaints> = Mutex::new(Complaints {
    waiting: Vec::new(),
    is_printing: false,
    is_diverted: false,
    task: None,
});

/// That nothing is left to be printed.
static ALL_PRINTED: Condvar = Condvar::new();

/// Failures that wait while earlier ones are still being printed. Further ones are dropped.
const MOST_WAITING: usize = 16;

/// Prints failures on stderr while the program goes on.
pub(crate) fn complain(failures: impl IntoIterator<Item = Failure>) {
    let mut complaints = lock();
    let space = MOST_WAITING.saturating_sub(complaints.waiting.len());
    complaints.waiting.extend(failures.into_iter().take(space));
    complaints.pass_on();
}

impl Complaints {
    /// Has what is waiting printed, or shown by whoever has diverted it.
    fn pass_on(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        if self.is_diverted {
            if let Some(task) = self.task.take() {
                task.wake();
            }
        } else if !self.is_printing {
            self.is_printing = system::spawn(print_complaints).is_ok();
        }
    }
}

/// For as long as this lives, failures that are complained of are not printed on stderr: whoever
/// has it shows them, as there is a draft on that terminal.
pub(crate) struct Diversion(());

impl Diversion {
    pub(crate) fn begin() -> Self {
        lock().is_diverted = true;
        Self(())
    }

    /// Ready with the text of what was complained of, each line with its newline.
    pub(crate) fn poll_text(&self, cx: &mut Context<'_>) -> Poll<String> {
        let mut complaints = lock();
        if complaints.waiting.is_empty() {
            complaints.task = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(text(&mem::take(&mut complaints.waiting)))
    }
}

impl Drop for Diversion {
    fn drop(&mut self) {
        let mut complaints = lock();
        complaints.is_diverted = false;
        complaints.pass_on();
    }
}

/// Waits until all is printed that was complained of, but no longer than a user's patience lasts.
pub(crate) fn settle() {
    // If it takes longer there is nothing more to do.
    let _ = ALL_PRINTED.wait_timeout_while(lock(), PATIENCE, |complaints| complaints.is_printing);
}

fn print_complaints() {
    loop {
        let failures = mem::take(&mut lock().waiting);
        print(&failures);
        let mut complaints = lock();
        if complaints.waiting.is_empty() {
            complaints.is_printing = false;
            ALL_PRINTED.notify_all();
            return;
        }
    }
}

fn lock() -> MutexGuard<'static, Complaints> {
    COMPLAINTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print(failures: &[Failure]) {
    // One write, so that lines of several processes on one terminal do not mix. If nobody reads
    // it there is nothing more to do.
    let _ = system::write_error(text(failures).as_bytes());
}

/// An argument or a peer must not be able to command the terminal here either.
fn text(failures: &[Failure]) -> String {
    let text: String = failures.iter().map(|failure| format!("{failure}\n")).collect();
    text.chars().map(|c| if c == '\n' { c } else { shown(c) }).collect()
}

/// Returns why it failed, without the system's error number and without std's preface to a
/// resolver's error, in the same words whatever C library the program is built with.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error ").map_or(text.as_str(), |(reason, _)| reason);
    let text = text.trim_start_matches("failed to lookup address information: ");
    let translated = WORDS.iter().find(|(musl, _)| *musl == text).map(|(_, glibc)| *glibc);
    translated.unwrap_or(text).to_owned()
}

/// The wordings of musl and of glibc where they differ, for the errors of sockets, standard
/// streams, files, terminals and resolvers. glibc's are the ones that users know and search for.
const WORDS: [(&str, &str); 19] = [
    ("Address in use", "Address already in use"),
    ("Address not available", "Cannot assign requested address"),
    ("Connection aborted", "Software caused connection abort"),
    ("Filename too long", "File name too long"),
    ("Host is unreachable", "No route to host"),
    ("I/O error", "Input/output error"),
    ("Network unreachable", "Network is unreachable"),
    ("No file descriptors available", "Too many open files"),
    ("Not a tty", "Inappropriate ioctl for device"),
    ("Not supported", "Operation not supported"),
    ("Quota exceeded", "Disk quota exceeded"),
    ("Symbolic link loop", "Too many levels of symbolic links"),
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
