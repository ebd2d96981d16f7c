//! What a client and a server that knows sessions tell each other, so that nothing is lost or doubled
//! when their connection ends.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::ENOUGH;
use super::asides::Asides;
use super::input::Input;
use super::lines::Lines;
use super::notes::Notes;
use super::unheard::{Kind, Unheard};
use crate::command::{Command, Meaning};
use crate::notice;
use crate::time::Instant;
use crate::wire::shown;

/// How long a server has to answer whether it knows sessions, before what the user enters is sent to it
/// as to one that does not: nobody notices that. A later answer still counts.
const ANSWER: Duration = Duration::from_millis(300);

/// How much longer at the most, if its greeting took long to come: twice as long as that.
const SLOW_ANSWER: Duration = Duration::from_secs(2);

/// How long one that has greeted has to answer whether it knows who comes back. It has given a
/// session before: it will, once it has heard.
const RECOGNITION: Duration = Duration::from_secs(10);

/// How long after a line the server is told that it was got. It may be within 5 s: the rest is for
/// the way there.
const GOT: Duration = Duration::from_secs(4);

/// Bytes of lines that the room keeps for this client alone, after which it is told at once.
const GOT_BYTES: usize = 4 * 1024;

/// Bytes that are kept for a server that has not answered. One that takes more knows no sessions.
const KEPT: usize = ENOUGH;

/// How often a name that the room offers is taken up: each may have become another's meanwhile.
const TRIES: u8 = 4;

/// The longest name that is asked for, in bytes. No room allows it; it is cut so that no part of it is
/// said.
const LONGEST_NAME: usize = 256;

/// What a client with a session wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// What the user wants to be called; if another has the name, the room offers a free one, and
    /// that is taken.
    pub name: Option<String>,
    /// How many earlier messages are to be shown at first.
    pub history: usize,
    /// Whether a line of the user's own is shown only once the room has heard it. Else it is shown
    /// once it is sent, as by a client without a session.
    pub own_when_heard: bool,
}

/// The state of a session: what is known beyond a single connection, and how far the present one is.
pub(super) struct Exchange {
    pub(super) wishes: Wishes,
    pub(super) stage: Stage,
    /// What proves to the room who comes back; `None` if there is no session.
    pub(super) key: Option<u128>,
    /// The lines got since the session began.
    pub(super) lines: u64,
    /// As how many of them the next one counts.
    next_counts: u64,
    /// Those that the server knows of.
    acknowledged: u64,
    /// When it is to know of the others.
    got_at: Option<Instant>,
    pub(super) asides: Asides,
    pub(super) unheard: Unheard,
    /// How many names more that the room offers are taken up.
    tries: u8,
    has_said_bye: bool,
    pub(super) is_new_room: bool,
    /// What another room did not hear: lines, each with its newline.
    left_over: Vec<u8>,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The server is not asked yet.
    Asking,
    /// It is, and has not answered. If it does not until then, it is taken for one that knows none.
    Asked { until: Instant },
    /// It is told who comes back, and has not answered, but perhaps greeted it meanwhile: what it was
    /// told may have come too late for it to know better.
    Resuming { greeted: Option<Instant> },
    /// Both count.
    On,
    /// The server knows no sessions.
    Off,
}

impl Stage {
    const RESUMING: Self = Self::Resuming { greeted: None };
}

impl Exchange {
    pub(super) fn new(wishes: Wishes) -> Self {
        Self {
            wishes,
            stage: Stage::Asking,
            key: None,
            lines: 0,
            next_counts: 1,
            acknowledged: 0,
            got_at: None,
            asides: Asides::default(),
            unheard: Unheard::default(),
            tries: 0,
            has_said_bye: false,
            is_new_room: false,
            left_over: Vec::new(),
        }
    }

    /// The server is asked at `now`, over a connection that has `began`. Its greeting has come the way
    /// that its answer comes.
    pub(super) fn ask(&mut self, began: Instant, now: Instant) {
        let greeting = Duration::from_micros(now.as_micros() - began.as_micros());
        self.stage = Stage::Asked { until: now + ANSWER + SLOW_ANSWER.min(2 * greeting) };
    }

    /// The connection has ended. The next one begins where the server will say that it is, or, with
    /// no session, with what was not sent whole.
    pub(super) fn reconnect(&mut self, input: &mut Input) {
        let mut unsent = Vec::new();
        if self.key.is_none() {
            self.unheard.users_unsent().for_each(|line| push_line(&mut unsent, line));
            self.unheard = Unheard::default();
        }
        input.lines.outbox.begin_again(&unsent);
        input.lines.escapes = true;
        self.stage = if self.key.is_some() { Stage::RESUMING } else { Stage::Asking };
        self.acknowledged = self.lines;
        self.next_counts = 1;
        self.got_at = None;
        self.asides = Asides::default();
    }

    /// The server has given a session. What was sent since it was asked counts.
    pub(super) fn begin(&mut self, key: u128, name: &str, notes: &mut Notes) {
        self.stage = Stage::On;
        self.key = Some(key);
        self.lines = 0;
        self.next_counts = 1;
        self.acknowledged = 0;
        notes.kept = 0;
        notes.name = Some(name.to_string());
        if let Some(wish) = self.wishes.name.as_deref().filter(|&wish| wish != name) {
            let wish: String =
                wish[..wish.floor_char_boundary(LONGEST_NAME)].chars().map(shown).collect();
            self.push_own(&format!("/name {wish}"));
            self.tries = TRIES;
        }
        if self.wishes.history > 0 {
            // Once: another room's would be in the wrong place.
            let count = mem::take(&mut self.wishes.history);
            self.push_own(&format!("/history {count}"));
            notes.awaits_earlier = true;
        }
    }

    /// The server knows who has come back, and has heard so many bytes. It may say too how many lines it has
    /// given it: what others were given, or had heard, can be lost with them.
    pub(super) fn resume(
        &mut self,
        heard: u64,
        lines: Option<u64>,
        notes: &mut Notes,
        shown: &mut Lines,
    ) {
        self.stage = Stage::On;
        notes.kept = 0;
        self.lines = lines.unwrap_or(self.lines);
        self.acknowledged = self.lines;
        let lost = self.unheard.resume(heard);
        if lines.is_some() {
            self.unheard.forget_got();
        }
        if lost > 0 {
            shown.push_notice(&notice::lost_of_yours(lost));
        }
        self.show(shown);
    }

    /// The server does not know who has come back, and took it for a newcomer. Nothing that was meant for
    /// the room before is said in this one.
    pub(super) fn begin_anew(&mut self, now: Instant, input: &mut Input, notes: &mut Notes) {
        self.stage = Stage::Asked { until: now };
        self.key = None;
        self.is_new_room = true;
        self.unheard.users().for_each(|line| push_line(&mut self.left_over, line));
        input.lines.outbox.begin_again(&[]);
        input.lines.outbox.take_lines(&mut |line| {
            if !line.is_empty() {
                push_line(&mut self.left_over, line);
            }
        });
        self.unheard = Unheard::default();
        self.has_said_bye = false;
        // A name holds no colon, an address does.
        let name = notes.name.take().filter(|name| !name.contains(':'));
        self.wishes.name = name.or(self.wishes.name.take());
    }

    /// The server has heard so many bytes.
    pub(super) fn hear(&mut self, total: u64, shown: &mut Lines) {
        self.unheard.hear(total);
        self.show(shown);
    }

    /// So many bytes more of what is unheard are sent.
    pub(super) fn sent(&mut self, count: usize, shown: &mut Lines) {
        self.unheard.advance(count);
        self.show(shown);
    }

    /// So many lines more have come.
    pub(super) fn count_lines(&mut self, count: usize, now: Instant) {
        if self.stage == Stage::On && count > 0 {
            let first = mem::replace(&mut self.next_counts, 1);
            self.lines = self.lines.saturating_add(first).saturating_add(count as u64 - 1);
            self.got_at.get_or_insert(now + GOT);
        }
    }

    /// The next line counts as so many.
    pub(super) fn next_counts(&mut self, lines: u64) {
        self.next_counts = lines;
    }

    /// Makes ready what is to be sent next.
    pub(super) fn refill(
        &mut self,
        now: Instant,
        input: &mut Input,
        notes: &mut Notes,
        shown: &mut Lines,
    ) {
        match self.stage {
            // Nothing comes after its goodbye.
            Stage::On if self.has_said_bye => return self.show(shown),
            Stage::On => {
                self.take_free_name(notes);
                self.acknowledge(now, notes);
            }
            Stage::Asked { .. } if !self.is_awaited(now) => {}
            _ => return,
        }
        input.lines.outbox.take_lines(&mut |line| self.push_users(line));
        let may_leave = self.stage == Stage::On && input.has_ended();
        if may_leave && self.unheard.users().next().is_none() {
            // Not before: a server that has no session any more cannot say what it had heard.
            self.has_said_bye = true;
            self.push_own("/bye");
        }
        if self.stage != Stage::On && self.unheard.len() > KEPT {
            self.turn_off(input);
        }
        self.show(shown);
    }

    /// The server knows no sessions.
    pub(super) fn turn_off(&mut self, input: &mut Input) {
        self.stage = Stage::Off;
        input.lines.escapes = false;
    }

    /// Whether nothing that the user enters may be sent before the server has answered.
    pub(super) fn is_awaited(&self, now: Instant) -> bool {
        match self.stage {
            Stage::Resuming { greeted } => greeted.is_none_or(|at| now < at + RECOGNITION),
            Stage::Asked { until } => now < until,
            Stage::Asking | Stage::On | Stage::Off => false,
        }
    }

    /// Whether all that was sent is known to be where it belongs, and the server knows that no more
    /// will come.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let is_sent = self.unheard.unsent().is_empty();
        match self.stage {
            Stage::On => is_sent && self.has_said_bye,
            _ => is_sent && !self.is_awaited(now),
        }
    }

    /// When something is to be done even if nothing else happens.
    pub(super) fn wanted_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::Asked { until } => Some(until),
            Stage::On => self.got_at.filter(|_| !self.has_said_bye),
            Stage::Resuming { greeted } => greeted.map(|at| at + RECOGNITION),
            Stage::Asking | Stage::Off => None,
        }
    }

    /// The bytes of what the user has entered, and the room has not heard.
    pub(super) fn waiting(&self) -> usize {
        let unheard = match self.key {
            Some(_) => self.unheard.len(),
            None => self.unheard.unsent().len(),
        };
        unheard + self.left_over.len()
    }

    /// The lines that the user has entered, and the room has not heard; those that another room did
    /// not hear first.
    pub(super) fn users(&self) -> impl Iterator<Item = &[u8]> {
        let (unheard, unsent) = match self.key {
            Some(_) => (Some(self.unheard.users()), None),
            None => (None, Some(self.unheard.users_unsent())),
        };
        let left_over = self.left_over.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        left_over.chain(unheard.into_iter().flatten()).chain(unsent.into_iter().flatten())
    }

    /// Takes what another room did not hear.
    pub(super) fn take_left_over(&mut self) -> Vec<u8> {
        mem::take(&mut self.left_over)
    }

    /// Forgets what the room has not heard. Returns how many of the user's lines it is.
    pub(super) fn forget(&mut self) -> usize {
        let count = self.users().count();
        self.left_over.clear();
        self.unheard = Unheard::default();
        count
    }

    /// Takes up a name that the room offers.
    fn take_free_name(&mut self, notes: &mut Notes) {
        let Some(name) = notes.free.take() else { return };
        if let Some(tries) = self.tries.checked_sub(1) {
            self.tries = tries;
            self.push_own(&format!("/name {name}"));
        }
    }

    /// Tells which lines were got, if it is time, and what was told last is on its way.
    fn acknowledge(&mut self, now: Instant, notes: &mut Notes) {
        let is_due = self.got_at.is_some_and(|at| at <= now) || notes.kept >= GOT_BYTES;
        let has_space = self.unheard.unsent().is_empty() && self.unheard.len() < ENOUGH;
        if self.lines > self.acknowledged && is_due && has_space {
            self.acknowledged = self.lines;
            self.got_at = None;
            notes.kept = 0;
            self.push_own(&format!("/got {}", self.lines));
        }
    }

    /// Adds a line of the program's own.
    fn push_own(&mut self, line: &str) {
        self.unheard.push(Kind::Program, line.as_bytes());
    }

    /// Adds a line that the user has entered.
    fn push_users(&mut self, line: &[u8]) {
        let is_on = self.stage == Stage::On;
        let text = text(line);
        let kind = match Command::meaning(text) {
            _ if line.is_empty() => Kind::Empty,
            _ if !is_on => Kind::Plain,
            Meaning::Said(_) => Kind::Said,
            Meaning::Command(command, _) => {
                if command == Command::Name {
                    // It is the user's from now on to choose.
                    self.tries = 0;
                }
                Kind::Command
            }
        };
        if kind != Kind::Empty || !self.shows_heard() {
            self.unheard.push(kind, line);
        }
    }

    fn shows_heard(&self) -> bool {
        self.stage == Stage::On && self.wishes.own_when_heard
    }

    /// Shows the user's lines whose time has come.
    fn show(&mut self, shown: &mut Lines) {
        let mut show = |kind: Kind, line: &[u8]| match kind {
            Kind::Plain | Kind::Empty => shown.push_own(text(line)),
            Kind::Said => match Command::meaning(text(line)) {
                Meaning::Said(said) => shown.push_own(said),
                Meaning::Command(..) => {}
            },
            Kind::Command | Kind::Program => {}
        };
        if self.shows_heard() {
            self.unheard.show_heard(&mut show);
        } else {
            self.unheard.show_sent(&mut show);
        }
        if self.stage == Stage::Off {
            self.unheard.take_sent_for_heard();
        }
        self.unheard.forget_heard();
    }
}

fn push_line(lines: &mut Vec<u8>, line: &[u8]) {
    lines.extend_from_slice(line);
    lines.push(b'\n');
}

fn text(line: &[u8]) -> &str {
    str::from_utf8(line).unwrap_or_else(|_| unreachable!("what is entered is text"))
}
