//! The client: what its user types becomes wire, and wire becomes lines.
//!
//! | module | noun |
//! |---|---|
//! | `input` | what the user enters |
//! | `outbox` | what was entered and is not sent |
//! | `opening` | what is sent before all else |
//! | `display` | what is shown of what a server says |
//! | `lines` | lines to show, as text and as values |
//! | `line` | one of them, as a value |
//! | `session` | what a client takes along to its next connection |
//! | `exchange` | what it and the server tell each other for that |
//! | `unheard` | what the server may not have heard |
//! | `asides` | lines for the program, among those for its user |
//! | `notes` | what the client heeds of the others |

mod asides;
mod display;
mod exchange;
mod input;
mod line;
mod lines;
mod notes;
mod opening;
mod outbox;
mod session;
mod unheard;

pub use exchange::Wishes;
pub use line::{Line, Shown};
pub use lines::Lines;
pub use session::Session;

use alloc::boxed::Box;
use core::mem;
use core::time::Duration;

use crate::limits::{LONGEST_MESSAGE, MAX_LABEL, MAX_LINE, SILENCE};
use crate::notice::{ARROW, SELF, begins_greeting};
use crate::time::Instant;
use crate::wire::Framer;
use display::{Display, Greeting};
use exchange::Exchange;
use input::Input;
use opening::Opening;

/// How long the greeting is waited for before anything is sent.
const GREETING: Duration = Duration::from_secs(1);

/// The longest line, in bytes, that is taken from the server in one piece: what a room may say,
/// so that a line which some server delivered in one piece is not cut here.
const LONGEST_LINE: usize = MAX_LABEL + ARROW.len() + SELF.len() + MAX_LINE;

/// Bytes that wait to be sent, or to be shown, above which no more is wanted: enough for a write
/// of full size, little enough to be nothing.
const ENOUGH: usize = 64 * 1024;

/// The client's side of a connection as a state machine.
///
/// - **In**: [`receive`](Client::receive) and [`end_of_stream`](Client::end_of_stream) from the
///   server, [`type_in`](Client::type_in), [`say`](Client::say) and
///   [`end_of_input`](Client::end_of_input) from the user, and [`tick`](Client::tick).
/// - **Out**: [`transmit`](Client::transmit) and [`sent`](Client::sent) toward the server,
///   [`lines`](Client::lines) and [`take_lines`](Client::take_lines) toward the user.
/// - **When**: [`next_tick`](Client::next_tick), [`wants_typed`](Client::wants_typed),
///   [`wants_received`](Client::wants_received), [`is_all_sent`](Client::is_all_sent),
///   [`unheard`](Client::unheard), [`unsent`](Client::unsent),
///   [`forget_unsent`](Client::forget_unsent), [`is_let_in`](Client::is_let_in),
///   [`is_turned_away`](Client::is_turned_away).
/// - **Among several servers**: [`wait_for_greeting`](Client::wait_for_greeting) on each connection,
///   and without a session [`again`](Client::again) on the next one.
/// - **Coming back**: [`with_session`](Client::with_session) at first; when the connection has ended,
///   [`take_session`](Client::take_session), and with that [`resume`](Client::resume) on the next one.
///   Then nothing is lost or doubled in either direction, or it
///   [`is_new_room`](Client::is_new_room).
///
/// The server is trusted no more than any peer: what it sends is cleaned before it is shown.
pub struct Client {
    began: Instant,
    /// The latest moment seen.
    now: Instant,
    /// What comes from the server. Its first message is the greeting, which decides the framing
    /// both ways.
    incoming: Framer,
    input: Input,
    /// Whether a silence has just ended the first message, and nothing came since.
    has_only_greeting: bool,
    opening: Opening,
    /// What the first `lent_bytes` of are lent.
    lends: Lent,
    lent: usize,
    /// When an unframed server has heard enough silence to take what is sent next for a new
    /// message: nothing else separates them.
    silent_until: Instant,
    display: Display,
    /// Whether nothing that is entered is sent to a server that says nothing.
    waits_for_greeting: bool,
    /// What is between a client that wants to be able to come back, and its server.
    exchange: Option<Box<Exchange>>,
}

/// What is lent to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lent {
    Opening,
    /// What was entered, and is forgotten once it is sent.
    Outbox,
    /// What is kept until it is heard.
    Unheard,
}

impl Client {
    /// A client that connected at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            now,
            incoming: Framer::of_server().in_blocks(),
            input: Input::new(),
            has_only_greeting: false,
            opening: Opening::framing(),
            lends: Lent::Opening,
            lent: 0,
            silent_until: now,
            display: Display::default(),
            waits_for_greeting: false,
            exchange: None,
        }
    }

    /// A client that connected at `now`, and is given what was typed to this one, whose connection has
    /// ended, but for what is sent: that of a client without a session.
    #[must_use]
    pub fn again(&mut self, now: Instant) -> Self {
        let mut client = Self::new(now);
        client.input = mem::replace(&mut self.input, Input::new());
        client.input.lines.outbox.begin_again(&[]);
        self.lent = 0;
        client
    }

    /// Has nothing that is entered sent to a server before it says something: there are others to
    /// turn to if it does not, and nobody would know whether it had heard.
    pub fn wait_for_greeting(&mut self) {
        self.waits_for_greeting = true;
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
        if self.exchange.is_some() && !self.incoming.is_unframed() {
            self.receive_with_asides(bytes);
        } else {
            self.receive_bytes(bytes);
        }
        // What one read of the original server gives is one message.
        if self.incoming.is_unframed() && !is_full && !self.incoming.is_inside_character() {
            self.end_message();
        }
    }

    /// The server sends no more. From a room that the client may come back to, it gets a line without
    /// an end again.
    pub fn end_of_stream(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            if exchange.key.is_some() {
                return;
            }
            let begun = exchange.asides.take_begun();
            self.receive_bytes(begun);
        }
        self.end_message();
    }

    /// The user has typed `bytes`, in any chunks. A line is a message, or a command if the server
    /// knows any.
    pub fn type_in(&mut self, bytes: &[u8]) {
        self.input.type_in(bytes);
    }

    /// The user wants the lines of `text` said as they are, as when they were pasted: to a server that
    /// may know commands, one that reads like a command is sent so that it is none.
    pub fn say(&mut self, text: &str) {
        self.input.say(text);
    }

    /// The user types no more; a line without an end is a message too.
    pub fn end_of_input(&mut self) {
        self.input.end();
    }

    /// Nothing more of what the user types is wanted. A line without an end is not said: there may
    /// be more of it.
    pub fn break_off_input(&mut self) {
        self.input.break_off();
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
            self.note_greeting();
        }
    }

    /// Lends what is to be sent now, or the first of it; empty if there is nothing.
    ///
    /// Nothing that was entered is sent before the greeting is complete or a second has passed, nor
    /// before a server that was asked for a session has had that time to answer. To an unframed
    /// server one message is lent at a time.
    pub fn transmit(&mut self, now: Instant) -> &[u8] {
        self.now = self.now.max(now);
        self.lent = 0;
        if self.is_turned_away() {
            return &[];
        }
        let is_greeted = self.incoming.is_framed();
        if !self.opening.unsent(is_greeted).is_empty() {
            return self.lend(Lent::Opening);
        }
        if !self.may_send(self.now) {
            return &[];
        }
        if self.refill() {
            return self.lend(Lent::Unheard);
        }
        let display = &mut self.display;
        if self.incoming.is_unframed() && self.input.lines.outbox.end_message() {
            // It was sent as a line but for its newline when the server showed what it is.
            self.input.lines.outbox.take_sent_lines(&mut |line| display.lines.push_own_line(line));
        }
        self.input.lines.outbox.take_empty_lines(&mut |line| display.lines.push_own_line(line));
        self.lend(Lent::Outbox)
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
        match self.lends {
            Lent::Opening => self.opening.advance(count),
            Lent::Outbox => self.sent_from_outbox(count),
            Lent::Unheard => {
                if let Some(exchange) = &mut self.exchange {
                    exchange.sent(count, &mut self.display.lines);
                }
            }
        }
        self.note_sent(self.lends);
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

    /// When [`Client::tick`] and [`Client::transmit`] are wanted next, if nothing else happens before:
    /// at once if that is past; `None` if nothing waits for a time.
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        let silence = self.silent_at();
        let has_some = self.input.has_ended() || !self.input.lines.outbox.is_empty();
        let sending = has_some.then(|| self.may_send_at()).flatten();
        let session = self.exchange.as_ref().and_then(|exchange| exchange.wanted_at());
        let later = [sending, session].into_iter().flatten().filter(|&at| at > self.now);
        silence.into_iter().chain(later).min()
    }

    /// Whether more of what the user types is wanted. If not, leave it where it is.
    #[must_use]
    pub fn wants_typed(&self) -> bool {
        !self.input.has_ended() && self.unheard_len() < ENOUGH && self.lines().len() < ENOUGH
    }

    /// Whether more from the server is wanted. If not, leave it in the socket.
    #[must_use]
    pub fn wants_received(&self) -> bool {
        self.lines().len() < ENOUGH
    }

    /// Whether the user's input has ended and all of it is sent, and heard if there is a session: then
    /// the sending side is to be closed.
    #[must_use]
    pub fn is_all_sent(&self, now: Instant) -> bool {
        let has_session = self.exchange.as_ref();
        self.input.has_ended()
            && self.input.lines.outbox.is_empty()
            && self.may_send(now)
            && has_session.is_none_or(|exchange| exchange.is_over(now.max(self.now)))
    }

    /// Lends what was typed and is not sent yet, of a client without a session: lines, each with its
    /// newline. The first of them may be sent in part.
    ///
    /// If the connection ends, this is what another one has to be given again. Of a message that
    /// was sent in part the room may then hear that part too.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        self.input.lines.outbox.unsent_lines()
    }

    /// Forgets what was typed and is not sent whole, or not heard if there is a session, and returns
    /// how many messages that is: for a connection that has ended, with nothing to come after it.
    pub fn forget_unsent(&mut self) -> usize {
        self.lent = 0;
        let exchange = self.exchange.as_mut();
        exchange.map_or(0, |exchange| exchange.forget()) + self.input.lines.outbox.forget()
    }

    /// Takes bytes for the user.
    fn receive_bytes(&mut self, bytes: &[u8]) {
        let display = &mut self.display;
        self.incoming.receive(self.now, bytes, LONGEST_LINE, &mut |lines, _| display.show(lines));
    }

    fn end_message(&mut self) {
        let display = &mut self.display;
        self.incoming.end_of_stream(LONGEST_LINE, &mut |lines, _| display.show(lines));
    }

    fn lend(&mut self, what: Lent) -> &[u8] {
        self.lends = what;
        let outbox = &self.input.lines.outbox;
        let lent = match (what, &self.exchange) {
            (Lent::Opening, _) => self.opening.unsent(true),
            (Lent::Outbox, _) if self.incoming.is_unframed() => outbox.message(),
            (Lent::Outbox, _) => outbox.lines(),
            (Lent::Unheard, exchange) => {
                exchange.as_ref().map_or(&[][..], |exchange| exchange.unheard.unsent())
            }
        };
        self.lent = lent.len();
        lent
    }

    fn sent_from_outbox(&mut self, count: usize) {
        self.opening.give_up();
        let outbox = &mut self.input.lines.outbox;
        outbox.advance(count);
        if self.incoming.is_unframed() && outbox.end_message() {
            self.silent_until = self.now + SILENCE;
        }
        let display = &mut self.display;
        outbox.take_sent_lines(&mut |line| display.lines.push_own_line(line));
    }

    /// When a silence that goes on ends what the server has begun.
    fn silent_at(&self) -> Option<Instant> {
        // A greeting is known when it is whole: what is none yet is waited for, so that no pause in it
        // makes another kind of server of ours.
        let is_whole = !self.incoming.is_undecided() || !begins_greeting(self.incoming.unended());
        self.incoming.silent_at(if is_whole { SILENCE } else { LONGEST_MESSAGE })
    }

    fn may_send(&self, now: Instant) -> bool {
        self.may_send_at().is_some_and(|at| now.max(self.now) >= at)
    }

    /// When sending may go on if nothing more is heard; `None` for never.
    fn may_send_at(&self) -> Option<Instant> {
        match self.incoming.is_undecided() {
            true if self.waits_for_greeting => None,
            true => Some(self.began + GREETING),
            false => Some(self.silent_until),
        }
    }
}
