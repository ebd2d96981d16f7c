//! What stands on the host's terminal beside the draft.

use std::borrow::Cow;
use std::mem;
use std::task::{Context, Poll};

use chat_core::Lines;

use super::LABEL;
use crate::editor::{Feed, list_unsent};
use crate::failure::Diversion;
use crate::progress::Progress;
use crate::serve::transcript::Transcript;
use crate::serve::wakers::Entered;

/// Bytes that the host says although the room waits for slow readers. A person does not write more
/// in that time; what is pasted is said bit by bit, as the readers get on.
const ALLOWANCE: usize = 1024;

/// Bytes that are said before others get to run.
const TURN: usize = 4 * 1024;

/// The lines that the host is shown, and those that it has entered.
pub(super) struct Showing {
    transcript: Transcript,
    lines: Lines,
    /// The beginning of a line of which the rest is not taken from the log yet.
    begun: Vec<u8>,
    /// Whether all that was said is taken from the log.
    has_all: bool,
    /// Whether what comes from the log was said before the host asked for it.
    is_earlier: bool,
    /// Lines that are entered, each with its newline, and how many of their bytes are said.
    entered: String,
    said: usize,
    /// Bytes that were said since there was space for more.
    allowed: usize,
    space: Entered,
    /// The failures that would be printed on stderr, which is this terminal too.
    failures: Option<Diversion>,
    /// What the program says itself behind what is said next.
    next: String,
}

impl Showing {
    pub(super) fn new(transcript: Transcript, shows_failures: bool) -> Self {
        Self {
            transcript,
            lines: Lines::default(),
            begun: Vec::new(),
            has_all: false,
            is_earlier: false,
            entered: String::new(),
            said: 0,
            allowed: 0,
            space: Entered::default(),
            failures: shows_failures.then(Diversion::begin),
            next: String::new(),
        }
    }

    /// Tells the host something, in lines.
    pub(super) fn tell(&mut self, text: &str) {
        self.lines.push_notice(text.trim_end_matches('\n'));
    }

    /// Tells the host something behind what is said next.
    pub(super) fn tell_next(&mut self, text: String) {
        self.next = text;
    }

    /// Says what can be said, and takes from the log until `enough` bytes are to be shown.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, enough: usize) -> Progress {
        self.say_on(cx);
        self.take_failures(cx) | self.take_said(cx, enough)
    }

    /// Whether the server ends, and all that was said is taken from the log.
    pub(super) fn has_ended(&self) -> bool {
        self.has_all && self.transcript.may_end()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.transcript.is_stopping()
    }

    /// Bytes that are entered and not said.
    pub(super) fn unsaid_len(&self) -> usize {
        self.unsaid().len()
    }

    /// The host has entered a line: a message, or a command.
    pub(super) fn enter(&mut self, line: &str) {
        self.entered.extend([line, "\n"]);
    }

    /// Says all that was entered, whoever is slow.
    pub(super) fn say_all(&mut self) {
        while self.say_line() > 0 {}
    }

    /// Lists what was entered and cannot be said any more together with `draft`.
    pub(super) fn give_up(&mut self, draft: &str) {
        let unsaid = self.unsaid().to_owned();
        self.said = self.entered.len();
        let lines = unsaid.split('\n').chain(draft.split('\n'));
        list_unsent(&mut self.lines, lines, |shown, line| {
            shown.push_notice(&format!("{LABEL}{line}"));
        });
    }

    /// Nobody is the host any more.
    pub(super) fn unseat(&self) {
        self.transcript.hub().tell(|server, _| server.unseat_host());
    }

    /// From now on somebody else shows what is said.
    pub(super) fn end(self) -> Transcript {
        self.transcript
    }

    /// Says line after line, until there is no space in the backlog that others could need.
    fn say_on(&mut self, cx: &mut Context<'_>) {
        let mut turn = 0;
        while !self.unsaid().is_empty() {
            if self.transcript.hub().server().takes_newcomers() {
                self.allowed = 0;
            } else if self.allowed >= ALLOWANCE {
                return self.transcript.hub().await_budget(&self.space, cx);
            }
            if turn >= TURN {
                return cx.waker().wake_by_ref();
            }
            let count = self.say_line();
            turn += count;
            self.allowed += count;
        }
    }

    /// Says the next line. Returns how many bytes it has; 0 if there is none.
    fn say_line(&mut self) -> usize {
        let Some((line, _)) = self.unsaid().split_once('\n') else { return 0 };
        self.transcript.hub().tell(|server, now| server.host_line(now, line));
        let count = line.len() + 1;
        self.said += count;
        if self.said == self.entered.len() {
            self.entered.clear();
            self.said = 0;
        }
        count
    }

    /// What is entered and not said.
    fn unsaid(&self) -> &str {
        self.entered.get(self.said..).unwrap_or_default()
    }

    fn take_failures(&mut self, cx: &mut Context<'_>) -> Progress {
        let Some(failures) = &self.failures else { return Progress::Stalled };
        let Poll::Ready(text) = failures.poll_text(cx) else { return Progress::Stalled };
        self.tell(&text);
        Progress::Made
    }

    fn take_said(&mut self, cx: &mut Context<'_>, enough: usize) -> Progress {
        if self.lines.len() >= enough {
            self.has_all = false;
            return Progress::Stalled;
        }
        let taken = self.transcript.take(Vec::new());
        self.has_all = taken.is_empty();
        if self.has_all {
            self.transcript.await_growth(cx);
            return Progress::Stalled;
        }
        self.begun.extend(taken);
        if self.begun.pop_if(|last| *last == b'\n').is_some() {
            let said = mem::take(&mut self.begun);
            for line in String::from_utf8_lossy(&said).split('\n') {
                self.lines.push_said(line, &mut self.is_earlier);
            }
            let next = mem::take(&mut self.next);
            if !next.is_empty() {
                self.tell(&next);
            }
        }
        Progress::Made
    }
}

impl Feed for Showing {
    fn waiting(&self) -> usize {
        self.lines.len()
    }

    fn take_lines(&mut self) -> Lines {
        mem::take(&mut self.lines)
    }

    fn pending(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.unsaid())
    }
}
