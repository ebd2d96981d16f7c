//! The room: every transition of the server's side stands in this file.

use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::net::SocketAddr;

use crate::cuts::Cuts;
use crate::framing::Framer;
use crate::id::{MemberId, Who};
use crate::limits::{LATE, Limits};
use crate::log::Log;
use crate::member::{Member, Roster};
use crate::notice;
use crate::partial::Deliver;
use crate::pressure::Pressure;
use crate::reader::Reader;
use crate::time::Instant;
use crate::timers::{Timer, Timers};
use crate::transmit::Transmit;

/// A chat room as a state machine: what peers send goes in, slices to send to them come out.
///
/// Its methods come in families:
///
/// - **In**: [`join`](Room::join), [`receive`](Room::receive),
///   [`end_of_input`](Room::end_of_input), [`leave`](Room::leave) tell what peers did, and
///   [`tick`](Room::tick) that time has passed. None of them fails over what a peer sends.
/// - **Out**: [`transmit`](Room::transmit) lends what a member has pending and
///   [`sent`](Room::sent) says how much of it the socket took; for the server's own terminal,
///   [`console`](Room::console) and [`console_sent`](Room::console_sent).
/// - **When**: [`next_tick`](Room::next_tick), [`said`](Room::said),
///   [`has_caught_up`](Room::has_caught_up), [`input_budget`](Room::input_budget), [`takes_newcomers`](Room::takes_newcomers),
///   [`is_waiting`](Room::is_waiting) and [`is_finished`](Room::is_finished) say what to do next.
///
/// After each call that goes in: if `said` grew, members have something pending; if `next_tick`
/// changed, set the one timer; if `is_waiting` became false, read again from those whose
/// `input_budget` was 0, and let newcomers in.
///
/// Any order of calls is safe. The same calls give the same bytes.
pub struct Room {
    limits: Limits,
    log: Log,
    cuts: Cuts,
    roster: Roster,
    /// Members that have not left.
    users: usize,
    pressure: Pressure,
    timers: Timers,
    /// The latest moment seen.
    now: Instant,
}

/// A newcomer was turned away because [`Limits::max_users`] are online.
///
/// Its text is what the newcomer is to be sent, newline included, before it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    users: usize,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&notice::full(self.users))
    }
}

impl core::error::Error for Full {}

/// In.
impl Room {
    /// An empty room. A limit outside its range is taken as the nearest one inside.
    ///
    /// All memory of the backlog is allocated here.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let limits = limits.clamped();
        let log = Log::new(limits.backlog);
        let mut pressure = Pressure::new(&limits);
        let console = Reader::new(&log, Vec::new());
        pressure.watch(Who::Console, console.position());
        Self {
            limits,
            log,
            cuts: Cuts::default(),
            roster: Roster::new(console),
            users: 0,
            pressure,
            timers: Timers::default(),
            now: Instant::default(),
        }
    }

    /// The server listens on `port`: the first thing that its console says. Without effect once
    /// anything was said.
    pub fn open(&mut self, port: u16) {
        if self.log.end() == 0
            && let Some(console) = self.roster.reader_mut(Who::Console)
        {
            console.greet(notice::started(port).into());
        }
    }

    /// A peer has connected. It gets the greeting first, everybody else a notice.
    ///
    /// # Errors
    ///
    /// [`Full`], and nothing has changed, if [`Limits::max_users`] are online.
    pub fn join(&mut self, now: Instant, addr: SocketAddr) -> Result<MemberId, Full> {
        self.pass_time(now);
        if self.users >= self.limits.max_users {
            return Err(Full { users: self.users });
        }
        self.users += 1;
        let label = notice::label(addr);
        self.append(None, &notice::entered(notice::address(&label), self.users));
        let reader = Reader::new(&self.log, notice::connected(self.users).into());
        let position = reader.position();
        let id = self.roster.insert(Member::new(self.now, reader, label.into()));
        self.pressure.watch(Who::Member(id), position);
        Ok(id)
    }

    /// A member has sent `bytes`, in any chunks. See [`Room::input_budget`] for how many to give
    /// at once; more are taken too, but may cost readers their place in the backlog.
    pub fn receive(&mut self, now: Instant, id: MemberId, bytes: &[u8]) {
        self.pass_time(now);
        if self.roster.present(id).is_none() {
            return;
        }
        let now = self.now;
        self.listen(id, |framer, limit, deliver| framer.receive(now, bytes, limit, deliver));
        self.set_silence_timer(id);
    }

    /// A member's sending side has closed: it has left, and what it said last is a message even
    /// without an end. As that may be said now, its [`Room::input_budget`] goes for this call too:
    /// see it as input.
    ///
    /// It still gets what was pending, until [`Room::is_finished`]; then close its connection and
    /// call [`Room::leave`].
    pub fn end_of_input(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        if self.roster.present_mut(id).is_none() {
            return;
        }
        self.listen(id, |framer, limit, deliver| framer.end_of_stream(limit, deliver));
        self.depart(id);
    }

    /// A member's connection is gone: it has left, if it had not before, and gets nothing more.
    /// A message that it has not ended is not said.
    pub fn leave(&mut self, now: Instant, id: MemberId) {
        self.pass_time(now);
        self.depart(id);
        self.remove(Who::Member(id));
    }

    /// Deals with the silences and the times of grace that have run out. If it is called much later
    /// than [`Room::next_tick`] says, they begin anew: nobody could be heard or be sent anything.
    pub fn tick(&mut self, now: Instant) {
        self.pass_time(now);
        while let Some((due, timer)) = self.timers.take_due(self.now) {
            let is_late = due + LATE < self.now;
            match timer {
                Timer::Silence(id) => self.silence(id, is_late),
                Timer::Grace(_) if is_late => self.timers.set(self.now + self.limits.grace, timer),
                Timer::Grace(episode) => self.pressure.give_up(episode),
            }
        }
    }

    /// A member leaves, if it is there.
    fn depart(&mut self, id: MemberId) {
        if let Some(member) = self.roster.present_mut(id) {
            member.reader.end_here(&self.log);
            self.users -= 1;
            let notice = notice::left(member.address(), self.users);
            self.append(None, &notice);
        }
    }

    fn pass_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// The silence of a member may have ended its message, unless it was not listened to.
    fn silence(&mut self, id: MemberId, is_late: bool) {
        let was_not_heard = is_late || self.input_budget(self.now, id) == 0;
        let now = self.now;
        let Some(member) = self.roster.present_mut(id) else { return };
        member.has_silence_timer = false;
        let Some(since) = member.framer.silent_since() else { return };
        if was_not_heard {
            member.framer.was_not_heard_until(now);
        } else if since + self.limits.silence <= now {
            self.listen(id, |framer, limit, deliver| framer.end_by_silence(limit, deliver));
        }
        self.set_silence_timer(id);
    }

    /// Lets the framer of a member work on something; what it delivers is said in the room.
    fn listen(&mut self, id: MemberId, work: impl FnOnce(&mut Framer, usize, &mut Deliver<'_>)) {
        let Some(member) = self.roster.get_mut(id) else { return };
        let mut framer = mem::take(&mut member.framer);
        let limit = self.limits.max_line;
        work(&mut framer, limit, &mut |text: &str| self.say(id, text));
        if let Some(member) = self.roster.get_mut(id) {
            member.framer = framer;
        }
    }

    fn set_silence_timer(&mut self, id: MemberId) {
        if let Some(member) = self.roster.get_mut(id)
            && let Some(since) = member.framer.silent_since()
            && !member.has_silence_timer
        {
            member.has_silence_timer = true;
            self.timers.set(since + self.limits.silence, Timer::Silence(id));
        }
    }

    fn say(&mut self, id: MemberId, text: &str) {
        if !text.is_empty() {
            self.append(Some(id), text);
        }
    }

    /// Appends a line to the log: a member's message, or a notice.
    fn append(&mut self, author: Option<MemberId>, text: &str) {
        let label_length = label_of(&self.roster, author).len();
        let length = label_length + text.len() + 1;
        while !self.log.has_room(length) && self.evict_line() {}

        let label = label_of(&self.roster, author);
        let line = self.log.append(&[label.as_bytes(), text.as_bytes(), b"\n"]);
        if let Some(id) = author
            && let Some(member) = self.roster.get_mut(id)
        {
            member.reader.said(line, id, &self.log, &mut self.cuts);
            member.allowance.spend(self.now, length);
        }
        self.pressure.grew(length);
        self.find_far_behind();
    }

    /// Forgets the oldest line; gives whether there was one.
    fn evict_line(&mut self) -> bool {
        let Some(line) = self.log.evict_line() else { return false };
        if let Some(evicted) = self.cuts.evict(&line)
            && let Some(member) = self.roster.get_mut(evicted.author)
        {
            member.reader.own_was_evicted(&evicted);
        }
        true
    }

    /// Begins to wait for the readers that the log's growth has left far behind.
    fn find_far_behind(&mut self) {
        let end = self.log.end();
        while let Some(who) = self.pressure.suspect(end) {
            let reader = self.roster.reader_mut(who);
            let Some(reader) = reader.filter(|reader| !reader.is_out_of_reach(&self.log)) else {
                continue;
            };
            if !self.pressure.is_far_behind(reader.position(), end) {
                self.pressure.watch(who, reader.position());
                continue;
            }
            let (episode, begins) = self.pressure.wait();
            reader.far_behind_in = Some(episode);
            if begins {
                self.timers.set(self.now + self.limits.grace, Timer::Grace(episode));
            }
        }
    }

    /// A reader has moved: if it has caught up completely, it is as good as any other again.
    fn forgive(&mut self, who: Who) {
        let reader = self.roster.reader_mut(who).filter(|reader| reader.has_caught_up(&self.log));
        if let Some(reader) = reader
            && let Some(episode) = reader.far_behind_in.take()
        {
            self.pressure.wait_no_more(episode);
            self.pressure.watch(who, reader.position());
        }
    }

    fn remove(&mut self, who: Who) {
        if let Some(episode) = self.roster.remove(who).and_then(|reader| reader.far_behind_in) {
            self.pressure.wait_no_more(episode);
        }
    }
}

/// What stands before a line: nothing before a notice.
fn label_of(roster: &Roster, author: Option<MemberId>) -> &str {
    author.and_then(|id| roster.get(id)).map_or("", |member| &member.label)
}

/// Out.
impl Room {
    /// Lends what a member has pending, or the first of it; empty if there is nothing.
    pub fn transmit(&mut self, id: MemberId) -> Transmit<'_> {
        if self.roster.get(id).is_some_and(|member| member.framer.is_unframed()) {
            // Of what was lent before it was known to be so, a newline may be left, which is not
            // lent any more: that is dealt with now.
            self.sent(id, 0);
        }
        let Some(member) = self.roster.get_mut(id) else { return Transmit::default() };
        member.reader.rejoin(&self.log, &self.cuts);
        member.reader.pending(&self.log, &self.cuts, member.framer.is_unframed())
    }

    /// The first `count` bytes of what [`Room::transmit`] lent last are sent.
    ///
    /// Call it before anything else is said. If the backlog has gone over those bytes in the
    /// meantime, they are counted among what the member missed.
    pub fn sent(&mut self, id: MemberId, mut count: usize) {
        let Some(member) = self.roster.get_mut(id) else { return };
        if member.framer.is_unframed() {
            count = member.reader.pending(&self.log, &self.cuts, true).dealt_with(count);
        }
        member.reader.advance(count, &self.log, &self.cuts);
        self.forgive(Who::Member(id));
    }

    /// Lends what the console has pending, or the first of it; empty if there is nothing.
    pub fn console(&mut self) -> Transmit<'_> {
        let Some(console) = self.roster.reader_mut(Who::Console) else {
            return Transmit::default();
        };
        console.rejoin(&self.log, &self.cuts);
        console.pending(&self.log, &self.cuts, false)
    }

    /// The first `count` bytes of what [`Room::console`] lent last are printed; as [`Room::sent`].
    pub fn console_sent(&mut self, count: usize) {
        if let Some(console) = self.roster.reader_mut(Who::Console) {
            console.advance(count, &self.log, &self.cuts);
            self.forgive(Who::Console);
        }
    }

    /// Nobody reads the console any more: the room does not wait for it, and it has nothing
    /// pending.
    pub fn close_console(&mut self) {
        self.remove(Who::Console);
    }
}

/// When.
impl Room {
    /// When [`Room::tick`] is wanted next; `None` if nothing waits for a time.
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The bytes that have been said since the room began: when it grows, members and the console
    /// may have something new pending.
    #[must_use]
    pub fn said(&self) -> u64 {
        self.log.end()
    }

    /// Whether a member has nothing pending, so that [`Room::transmit`] would lend nothing; true
    /// for one that is gone.
    #[must_use]
    pub fn has_caught_up(&self, id: MemberId) -> bool {
        self.roster.get(id).is_none_or(|member| member.reader.has_caught_up(&self.log))
    }

    /// The limits that it keeps to: those that it was given, with each field inside its range.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Users online.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users
    }

    /// How many bytes of a member [`Room::receive`] is to be given at once, at the most. 0: leave
    /// them in the socket, so that TCP slows the member down, until the room waits no longer.
    ///
    /// While the room waits that is what is left to the member of a little: 4 KiB of the log, used up
    /// by whatever it says and given back by time, 500 bytes a second.
    ///
    /// While it is heeded, nothing that members say can cost a reader its place in the backlog
    /// unless the room has given that reader up; nor can joins, with [`Room::takes_newcomers`].
    /// Notices of leaves are said whatever it is. 0 for one that has left.
    #[must_use]
    pub fn input_budget(&self, now: Instant, id: MemberId) -> usize {
        let Some(member) = self.roster.present(id) else { return 0 };
        let room = self.pressure.room().saturating_sub(self.limits.longest_line());
        let for_all = room / member.growth();
        if self.is_waiting() {
            for_all.min(member.allowance.left(self.now.max(now)) / member.growth())
        } else {
            for_all
        }
    }

    /// Whether newcomers are welcome just now. If not, leave them where they are until the room waits
    /// no longer: what is said of many joins would cost readers their place in the backlog too.
    #[must_use]
    pub fn takes_newcomers(&self) -> bool {
        // The other half is for members that say a little.
        self.pressure.room() >= (self.limits.turn() / 2).max(notice::MAX_NOTICE)
    }

    /// Whether the room waits for a reader, so that some members' [`Room::input_budget`] may be 0.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.pressure.episode().is_some()
    }

    /// Whether a member has left and has got all that was pending then; true for one that is gone.
    #[must_use]
    pub fn is_finished(&self, id: MemberId) -> bool {
        self.roster.get(id).is_none_or(|member| member.reader.is_finished(&self.log))
    }
}
