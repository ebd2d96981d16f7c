//! The client: what its user types becomes wire, and wire becomes lines.
//!
//! | module | noun |
//! |---|---|
//! | `outbox` | what was typed and is not sent |
//! | `lines` | lines to show, as text and as values |
//! | `line` | one of them, as a value |

mod line;
mod lines;
mod outbox;

pub use line::{Line, Shown};
pub use lines::Lines;

use core::mem;
use core::time::Duration;

use memchr::memmem;

use crate::limits::{LONGEST_MESSAGE, MAX_LABEL, MAX_LINE, SILENCE};
use crate::notice::begins_greeting;
use crate::time::Instant;
use crate::wire::Framer;
use outbox::Outbox;

/// How long the greeting is waited for before anything is sent.
const GREETING: Duration = Duration::from_secs(1);

/// The longest line, in bytes, that is taken from the server in one piece: what a room may say,
/// so that a line which some server delivered in one piece is not cut here.
const LONGEST_LINE: usize = MAX_LABEL + MAX_LINE;

/// Bytes that wait to be sent, or to be shown, above which no more is wanted: enough for a write
/// of full size, little enough to be nothing.
const ENOUGH: usize = 64 * 1024;

/// The client's side of a connection as a state machine.
///
/// - **In**: [`receive`](Client::receive) and [`end_of_stream`](Client::end_of_stream) from the
///   server, [`type_in`](Client::type_in) and [`end_of_input`](Client::end_of_input) from the
///   user, and [`tick`](Client::tick).
/// - **Out**: [`transmit`](Client::transmit) and [`sent`](Client::sent) toward the server,
///   [`lines`](Client::lines) and [`take_lines`](Client::take_lines) toward the user.
/// - **When**: [`next_tick`](Client::next_tick), [`wants_typed`](Client::wants_typed),
///   [`wants_received`](Client::wants_received), [`is_all_sent`](Client::is_all_sent),
///   [`unsent`](Client::unsent), [`forget_unsent`](Client::forget_unsent),
///   [`is_let_in`](Client::is_let_in), [`is_turned_away`](Client::is_turned_away).
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
    /// Whether a silence has just ended the first message, and nothing came since.
    has_only_greeting: bool,
    hello: Hello,
    /// Bytes that are lent.
    lent: usize,
    /// When an unframed server has heard enough silence to take what is sent next for a new
    /// message: nothing else separates them.
    silent_until: Instant,
    display: Display,
}

/// The empty line by which a client shows that it ends messages with newlines, before its first one: a
/// pause in that could otherwise be taken for its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hello {
    /// It is not sent. It never is to the original server, nor once anything else was.
    #[default]
    Unsent,
    Lent,
    Sent,
}

const HELLO: &[u8] = b"\n";

impl Client {
    /// A client that connected at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            now,
            incoming: Framer::of_server().in_blocks(),
            typed: Framer::framed().in_blocks(),
            input_ended: false,
            outbox: Outbox::default(),
            has_only_greeting: false,
            hello: Hello::default(),
            lent: 0,
            silent_until: now,
            display: Display::default(),
        }
    }

    /// The server has sent `bytes`, in any chunks. `is_full` says whether they are all that one read
    /// could give, so that there may be more.
    pub fn receive(&mut self, now: Instant, bytes: &[u8], is_full: bool) {
        self.now = self.now.max(now);
        let is_first = mem::replace(&mut self.has_only_greeting, false);
        if is_first && self.incoming.is_unframed() && bytes.starts_with(b"\n") {
            // The original never sends a message that begins so: it is the greeting's own newline,
            // which came late.
            self.incoming.frame();
        }
        let display = &mut self.display;
        let mut show = |lines: &str, _| display.show(lines);
        self.incoming.receive(self.now, bytes, LONGEST_LINE, &mut show);
        // What one read of the original server gives is one message.
        if self.incoming.is_unframed() && !is_full && !self.incoming.is_inside_character() {
            self.incoming.end_of_stream(LONGEST_LINE, &mut show);
        }
    }

    /// The server sends no more.
    pub fn end_of_stream(&mut self) {
        let display = &mut self.display;
        self.incoming.end_of_stream(LONGEST_LINE, &mut |lines, _| display.show(lines));
    }

    /// The user has typed `bytes`, in any chunks. A line is a message.
    pub fn type_in(&mut self, bytes: &[u8]) {
        let outbox = &mut self.outbox;
        self.typed.receive(self.began, bytes, MAX_LINE, &mut |lines, _| outbox.push(lines));
    }

    /// The user types no more; a line without an end is a message too.
    pub fn end_of_input(&mut self) {
        let outbox = &mut self.outbox;
        self.typed.end_of_stream(MAX_LINE, &mut |lines, _| outbox.push(lines));
        self.input_ended = true;
    }

    /// Nothing more of what the user types is wanted. A line without an end is not said: there may
    /// be more of it.
    pub fn break_off_input(&mut self) {
        self.typed = Framer::framed().in_blocks();
        self.input_ended = true;
    }

    /// Deals with the silences that have run out. Call it only after what can be read was, so that
    /// nothing is taken for a silence that was not listened to.
    pub fn tick(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let Some(at) = self.silent_at() else { return };
        if !self.wants_received() {
            self.incoming.was_not_heard_until(self.now);
        } else if at <= self.now {
            self.has_only_greeting = self.incoming.is_undecided();
            let display = &mut self.display;
            self.incoming.end_by_silence(LONGEST_LINE, &mut |lines, _| display.show(lines));
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
        if self.incoming.is_framed() && self.hello != Hello::Sent {
            self.hello = Hello::Lent;
            self.lent = HELLO.len();
            return HELLO;
        }
        let display = &mut self.display;
        if self.incoming.is_unframed() && self.outbox.end_message() {
            // It was sent as a line but for its newline when the server showed what it is.
            self.outbox.take_sent_lines(&mut |line| display.lines.push_own_line(line));
        }
        self.outbox.take_empty_lines(&mut |line| display.lines.push_own_line(line));
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
        if self.hello == Hello::Lent {
            self.hello = Hello::Sent;
            return;
        }
        // Inside a message it would end it.
        self.hello = Hello::Sent;
        self.outbox.advance(count);
        if self.incoming.is_unframed() && self.outbox.end_message() {
            self.silent_until = self.now + SILENCE;
        }
        let display = &mut self.display;
        self.outbox.take_sent_lines(&mut |line| display.lines.push_own_line(line));
    }

    /// What is to be shown.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.display.lines
    }

    /// Takes what is to be shown. What comes next is collected in `memory`, which is cleared.
    #[must_use]
    pub fn take_lines(&mut self, mut memory: Lines) -> Lines {
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
        let silence = self.silent_at();
        let sending = (self.input_ended || !self.outbox.is_empty()).then(|| self.may_send_at());
        let sending = sending.filter(|&at| at > now.max(self.now));
        [silence, sending].into_iter().flatten().min()
    }

    /// Whether more of what the user types is wanted. If not, leave it where it is.
    #[must_use]
    pub fn wants_typed(&self) -> bool {
        !self.input_ended && self.outbox.len() < ENOUGH && self.lines().len() < ENOUGH
    }

    /// Whether more from the server is wanted. If not, leave it in the socket.
    #[must_use]
    pub fn wants_received(&self) -> bool {
        self.lines().len() < ENOUGH
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
        self.outbox.unsent_lines()
    }

    /// Forgets what was typed and is not sent whole, and returns how many messages that is: for a
    /// connection that has ended, with nothing to come after it.
    pub fn forget_unsent(&mut self) -> usize {
        self.lent = 0;
        self.outbox.forget()
    }

    /// When a silence that goes on ends what the server has begun.
    fn silent_at(&self) -> Option<Instant> {
        // A greeting is known when it is whole: what is none yet is waited for, so that no pause in it
        // makes another kind of server of ours.
        let is_whole = !self.incoming.is_undecided() || !begins_greeting(self.incoming.unended());
        self.incoming.silent_at(if is_whole { SILENCE } else { LONGEST_MESSAGE })
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

/// Clean lines to show, and what the first of them was.
#[derive(Default)]
struct Display {
    lines: Lines,
    greeting: Greeting,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
            self.lines.push_server(lines, false);
        }
    }

    fn show_line(&mut self, line: &str) {
        if self.greeting == Greeting::NotYet {
            let is_full = matches!(Line::of_server(line), Line::Full(_));
            self.greeting = if is_full { Greeting::Full } else { Greeting::Welcome };
        }
        self.lines.push_server(line, false);
    }
}
