//! The client's half: what its user typed goes to the server, what comes is shown.

use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use memchr::{memchr, memchr_iter, memmem, memrchr};

use crate::framing::Framer;
use crate::limits::{MAX_LINE, SILENCE};
use crate::line::Line;
use crate::notice::{self, YOU};
use crate::time::Instant;

/// How long the greeting is waited for before anything is sent.
const GREETING: Duration = Duration::from_secs(1);

/// The longest line, in bytes, that is taken from the server in one piece: what a room may say,
/// so that a line which some server delivered in one piece is not cut here.
const LONGEST_LINE: usize = notice::MAX_LABEL + MAX_LINE;

/// Bytes that wait to be sent, or to be shown, above which no more is wanted: enough for a write
/// of full size, little enough to be nothing.
const ENOUGH: usize = 64 * 1024;

/// The client's side of a connection as a state machine.
///
/// - **In**: [`receive`](Client::receive) and [`end_of_stream`](Client::end_of_stream) from the
///   server, [`type_in`](Client::type_in) and [`end_of_input`](Client::end_of_input) from the
///   user, and [`tick`](Client::tick).
/// - **Out**: [`transmit`](Client::transmit) and [`sent`](Client::sent) toward the server,
///   [`display`](Client::display) and [`take_display`](Client::take_display) toward the user.
/// - **When**: [`next_tick`](Client::next_tick), [`wants_typed`](Client::wants_typed),
///   [`wants_received`](Client::wants_received), [`is_all_sent`](Client::is_all_sent),
///   [`unsent`](Client::unsent), [`is_let_in`](Client::is_let_in),
///   [`is_turned_away`](Client::is_turned_away).
///
/// The server is trusted no more than any peer: what it sends is cleaned before it is shown.
pub struct Client {
    began: Instant,
    /// The latest moment seen.
    now: Instant,
    /// What comes from the server. Its first message is the greeting, which decides the framing
    /// both ways.
    incoming: Framer,
    /// What is typed: lines.
    typed: Framer,
    /// Whether the user types no more.
    input_ended: bool,
    outbox: Outbox,
    /// Bytes of it that are lent.
    lent: usize,
    /// When an unframed server has heard enough silence to take what is sent next for a new
    /// message: nothing else separates them.
    silent_until: Instant,
    display: Display,
}

impl Client {
    /// A client that connected at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            now,
            incoming: Framer::default().in_blocks(),
            typed: Framer::framed().in_blocks(),
            input_ended: false,
            outbox: Outbox::default(),
            lent: 0,
            silent_until: now,
            display: Display::default(),
        }
    }

    /// The server has sent `bytes`, in any chunks.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.now = self.now.max(now);
        let display = &mut self.display;
        self.incoming.receive(self.now, bytes, LONGEST_LINE, &mut |lines| display.show(lines));
    }

    /// The server sends no more.
    pub fn end_of_stream(&mut self) {
        let display = &mut self.display;
        self.incoming.end_of_stream(LONGEST_LINE, &mut |lines| display.show(lines));
    }

    /// The user has typed `bytes`, in any chunks. A line is a message.
    pub fn type_in(&mut self, bytes: &[u8]) {
        let outbox = &mut self.outbox;
        self.typed.receive(self.began, bytes, MAX_LINE, &mut |lines| outbox.push(lines));
    }

    /// The user types no more; a line without an end is a message too.
    pub fn end_of_input(&mut self) {
        let outbox = &mut self.outbox;
        self.typed.end_of_stream(MAX_LINE, &mut |lines| outbox.push(lines));
        self.input_ended = true;
    }

    /// Deals with the silences that have run out.
    pub fn tick(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let Some(since) = self.incoming.silent_since() else { return };
        if !self.wants_received() {
            self.incoming.was_not_heard_until(self.now);
        } else if since + SILENCE <= self.now {
            let display = &mut self.display;
            self.incoming.end_by_silence(LONGEST_LINE, &mut |lines| display.show(lines));
        }
    }

    /// Lends what is to be sent now, or the first of it; empty if there is nothing.
    ///
    /// Nothing is sent before the greeting is complete or a second has passed. To an unframed
    /// server one message is lent at a time.
    pub fn transmit(&mut self, now: Instant) -> &[u8] {
        self.now = self.now.max(now);
        self.lent = 0;
        if !self.may_send(self.now) || self.is_turned_away() {
            return &[];
        }
        let display = &mut self.display;
        if self.incoming.is_unframed() && self.outbox.end_message() {
            // It was sent as a line but for its newline when the server showed what it is.
            self.outbox.take_sent_lines(&mut |line| display.show_own(line));
        }
        self.outbox.take_empty_lines(&mut |line| display.show_own(line));
        let lent =
            if self.incoming.is_unframed() { self.outbox.message() } else { self.outbox.lines() };
        self.lent = lent.len();
        lent
    }

    /// The first `count` bytes of what [`Client::transmit`] lent last are sent. A message that is
    /// sent whole is shown.
    pub fn sent(&mut self, now: Instant, count: usize) {
        self.now = self.now.max(now);
        let count = count.min(self.lent);
        if count == 0 {
            return;
        }
        self.lent -= count;
        self.outbox.advance(count);
        if self.incoming.is_unframed() && self.outbox.end_message() {
            self.silent_until = self.now + SILENCE;
        }
        let display = &mut self.display;
        self.outbox.take_sent_lines(&mut |line| display.show_own(line));
    }

    /// What is to be shown: whole lines.
    #[must_use]
    pub fn display(&self) -> &[u8] {
        &self.display.lines
    }

    /// Takes what is to be shown. What comes next is collected in `memory`, which is cleared.
    #[must_use]
    pub fn take_display(&mut self, mut memory: Vec<u8>) -> Vec<u8> {
        memory.clear();
        mem::replace(&mut self.display.lines, memory)
    }

    /// Whether the room has greeted us.
    #[must_use]
    pub fn is_let_in(&self) -> bool {
        self.display.greeting == Greeting::Welcome
    }

    /// Whether the room has no place for us. Then nothing is sent: nobody would hear it.
    #[must_use]
    pub fn is_turned_away(&self) -> bool {
        self.display.greeting == Greeting::Full
    }

    /// When, after `now`, [`Client::tick`] and [`Client::transmit`] are wanted next, if nothing
    /// else happens before; `None` if nothing waits for a time.
    #[must_use]
    pub fn next_tick(&self, now: Instant) -> Option<Instant> {
        let silence = self.incoming.silent_since().map(|since| since + SILENCE);
        let sending = (self.input_ended || !self.outbox.is_empty()).then(|| self.may_send_at());
        let sending = sending.filter(|&at| at > now.max(self.now));
        [silence, sending].into_iter().flatten().min()
    }

    /// Whether more of what the user types is wanted. If not, leave it where it is.
    #[must_use]
    pub fn wants_typed(&self) -> bool {
        !self.input_ended && self.outbox.len() < ENOUGH && self.display().len() < ENOUGH
    }

    /// Whether more from the server is wanted. If not, leave it in the socket.
    #[must_use]
    pub fn wants_received(&self) -> bool {
        self.display().len() < ENOUGH
    }

    /// Whether the user's input has ended and all of it is sent: then the sending side is to be
    /// closed.
    #[must_use]
    pub fn is_all_sent(&self, now: Instant) -> bool {
        self.input_ended && self.outbox.is_empty() && self.may_send(now)
    }

    /// Lends what was typed and is not sent yet: lines, each with its newline. The first of them
    /// may be sent in part.
    ///
    /// If the connection ends, this is what another one has to be given again. Of a message that
    /// was sent in part the room may then hear that part too.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        self.outbox.lines.get(self.outbox.done..).unwrap_or_default()
    }

    fn may_send(&self, now: Instant) -> bool {
        now.max(self.now) >= self.may_send_at()
    }

    /// When sending may go on if nothing more is heard.
    fn may_send_at(&self) -> Instant {
        if self.incoming.is_undecided() { self.began + GREETING } else { self.silent_until }
    }
}

/// Whether one of `lines`, which have newlines between them, is empty.
fn has_empty_line(lines: &str) -> bool {
    let bytes = lines.as_bytes();
    bytes.first().is_none_or(|&first| first == b'\n')
        || bytes.last() == Some(&b'\n')
        || memmem::find(bytes, b"\n\n").is_some()
}

/// What the user typed and is not sent yet: lines, each with its newline.
#[derive(Default)]
struct Outbox {
    lines: Vec<u8>,
    /// Bytes of `lines` that are sent and shown: whole lines.
    done: usize,
    /// Bytes of `lines` that are sent.
    sent: usize,
}

impl Outbox {
    fn push(&mut self, lines: &str) {
        self.lines.extend_from_slice(lines.as_bytes());
        self.lines.push(b'\n');
    }

    fn is_empty(&self) -> bool {
        self.done == self.lines.len()
    }

    fn len(&self) -> usize {
        self.lines.len() - self.sent
    }

    fn unsent(&self) -> &[u8] {
        self.lines.get(self.sent..).unwrap_or_default()
    }

    /// What is unsent up to an empty line, which is never sent.
    fn lines(&self) -> &[u8] {
        let unsent = self.unsent();
        let end = memmem::find(unsent, b"\n\n").map_or(unsent.len(), |at| at + 1);
        &unsent[..end]
    }

    /// What is unsent of the first message, without its newline.
    fn message(&self) -> &[u8] {
        let unsent = self.unsent();
        &unsent[..memchr(b'\n', unsent).unwrap_or(unsent.len())]
    }

    fn advance(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count).min(self.lines.len());
    }

    /// Whether what is sent ends with a message but for its newline, which is passed then.
    fn end_message(&mut self) -> bool {
        let ends = self.sent > self.done && self.unsent().first() == Some(&b'\n');
        self.sent += usize::from(ends);
        ends
    }

    /// Takes the lines that are sent whole.
    fn take_sent_lines(&mut self, take: &mut dyn FnMut(&[u8])) {
        let sent = &self.lines[self.done..self.sent];
        let whole = memrchr(b'\n', sent).map_or(0, |last| last + 1);
        let mut at = 0;
        for newline in memchr_iter(b'\n', &sent[..whole]) {
            take(&sent[at..=newline]);
            at = newline + 1;
        }
        self.done += whole;
        self.forget_done();
    }

    /// Takes the empty lines that come next.
    fn take_empty_lines(&mut self, take: &mut dyn FnMut(&[u8])) {
        while self.sent == self.done && self.unsent().first() == Some(&b'\n') {
            self.sent += 1;
            self.done += 1;
            take(b"\n");
        }
        self.forget_done();
    }

    /// What is done goes once it is as much as what is not: a byte is moved once at the most.
    fn forget_done(&mut self) {
        if self.done >= self.lines.len() - self.done {
            self.lines.drain(..self.done);
            self.sent -= self.done;
            self.done = 0;
        }
    }
}

/// Clean lines to show, and what the first of them was.
#[derive(Default)]
struct Display {
    lines: Vec<u8>,
    greeting: Greeting,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Greeting {
    #[default]
    NotYet,
    Welcome,
    Full,
}

impl Display {
    /// Shows lines from the server, but for those that are empty.
    fn show(&mut self, lines: &str) {
        if self.greeting == Greeting::NotYet || has_empty_line(lines) {
            lines.split('\n').filter(|line| !line.is_empty()).for_each(|line| self.show_line(line));
        } else {
            self.push(lines);
        }
    }

    fn show_line(&mut self, line: &str) {
        if self.greeting == Greeting::NotYet {
            let is_full = matches!(Line::parse(line), Line::Full(_));
            self.greeting = if is_full { Greeting::Full } else { Greeting::Welcome };
        }
        self.push(line);
    }

    fn push(&mut self, lines: &str) {
        self.lines.extend_from_slice(lines.as_bytes());
        self.lines.push(b'\n');
    }

    /// Shows a line of the user's own, given with its newline.
    fn show_own(&mut self, line: &[u8]) {
        self.lines.extend_from_slice(YOU.as_bytes());
        self.lines.extend_from_slice(line);
    }
}
