//! A part of the load: members, all on one thread, and what they received.

use std::io::Write;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memmem;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use socket2::SockRef;

use super::member::{Member, Talker};
use super::tally::{Part, Tally};
use super::wire::{self, Kind, Message};
use crate::program::{LIMIT, connect};
use crate::shell::Outcome;

/// Bytes read at once: as many as a socket holds, so that the load makes few system calls.
const CHUNK: usize = 256 * 1024;

/// Joins between two rounds of reading: some servers wait for members that do not read.
const READ_WHILE_JOINING: usize = 50;

/// How long nothing may arrive before missing messages count as lost: some servers take in all
/// messages before they deliver any.
const PATIENCE: Duration = Duration::from_secs(30);

/// Members of a server, some of whom talk.
pub(crate) struct Crowd {
    kind: Kind,
    part: Part,
    tally: Arc<Tally>,
    epoll: OwnedFd,
    /// Members that have something to read.
    ready: Vec<usize>,
    members: Vec<Member>,
    talkers: Vec<Talker>,
    buffer: Vec<u8>,
    began: Instant,
    /// What was wrong with the messages received.
    pub(crate) disorder: Option<String>,
}

/// The pace of a load.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as possible, with this many messages in flight to the slowest member.
    Window(u64),
    /// This many messages a second.
    Rate(f64),
}

/// The result of a load, or of a part of it.
pub(crate) struct Received {
    /// Messages received, by all members together.
    pub(crate) delivered: u64,
    /// From the first message sent to the last one received.
    pub(crate) time: Duration,
    /// From sending to receiving, in microseconds, if the load has a rate: by members of one server
    /// to those of another, if there are several.
    pub(crate) latencies: Vec<u32>,
}

impl Received {
    /// Adds what another part of the load has received.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.latencies.extend(other.latencies);
        Self {
            delivered: self.delivered + other.delivered,
            time: self.time.max(other.time),
            latencies: self.latencies,
        }
    }
}

impl Crowd {
    pub(super) fn new(kind: Kind, part: Part, tally: Arc<Tally>) -> Outcome<Self> {
        Ok(Self {
            kind,
            part,
            tally,
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            ready: Vec::new(),
            members: Vec::new(),
            talkers: Vec::new(),
            buffer: vec![0; CHUNK],
            began: Instant::now(),
            disorder: None,
        })
    }

    /// Joins its part of `members` members, of which the first will be its part of `talkers`.
    pub(super) fn join(&mut self, ports: &[u16], members: usize, talkers: usize) -> Outcome<()> {
        let port = ports[self.part.server()];
        for index in 0..self.part.share(members) {
            let mut stream = connect(port)?;
            // Closing by a reset leaves no port in TIME_WAIT: with many of those, the connects of
            // the next load take three times as long.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            stream.set_nodelay(true)?;
            stream.write_all(self.kind.hello())?;
            stream.set_nonblocking(true)?;
            let data = EventData::new_u64(index as u64);
            epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
            self.members.push(Member::new(self.kind, stream, talkers));
            if index % READ_WHILE_JOINING == 0 {
                self.hear_of_joins(Duration::ZERO)?;
            }
            if self.kind.shakes_hands() {
                self.await_welcome(index)?;
            }
        }
        for index in 0..self.part.share(talkers) {
            let member = self.kind.members_talk().then_some(index);
            let stream = match member {
                Some(_) => None,
                None => Some(connect(port)?),
            };
            if let Some(stream) = &stream {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
            }
            let number = self.part.place(index);
            self.talkers.push(Talker { number, member, stream, said: 0, unsent: Vec::new() });
        }
        Ok(())
    }

    /// Waits until every member is welcome and all members of the load have been told of all joins,
    /// which takes `expected` lines, and returns when they were.
    pub(super) fn settle(&mut self, expected: usize) -> Outcome<Instant> {
        let mut last = Instant::now();
        while last.elapsed() < LIMIT {
            if self.tally.lines() >= expected && self.members.iter().all(|member| member.is_welcome)
            {
                return Ok(last);
            }
            if self.hear_of_joins(Duration::from_millis(100))? {
                last = Instant::now();
            }
        }
        Err("not every member was told of every join".into())
    }

    /// Waits until a member is welcome. What handshakes take for a while would otherwise count as
    /// memory of members, if there are many at once: not all of it is given back.
    fn await_welcome(&mut self, index: usize) -> Outcome<()> {
        let deadline = Instant::now() + LIMIT;
        while !self.members[index].is_welcome {
            if Instant::now() > deadline {
                return Err("not every member is welcome".into());
            }
            self.hear_of_joins(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Gives each member a name, and waits until all members of the load have got `expected` lines.
    pub(super) fn name_all(&mut self, expected: usize) -> Outcome<()> {
        for index in 0..self.members.len() {
            let name = format!("/name m{}\n", self.part.place(index));
            self.members[index].stream.write_all(name.as_bytes())?;
            if index % READ_WHILE_JOINING == 0 {
                self.hear_of_joins(Duration::ZERO)?;
            }
        }
        let deadline = Instant::now() + LIMIT;
        while self.tally.lines() < expected {
            if Instant::now() > deadline {
                return Err("not every member was told of every name".into());
            }
            self.hear_of_joins(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Reads notices of joins, and returns whether there was anything to read.
    fn hear_of_joins(&mut self, patience: Duration) -> Outcome<bool> {
        self.wait(patience)?;
        let is_any = !self.ready.is_empty();
        for index in self.ready.drain(..) {
            let member = &mut self.members[index];
            let Some(chunk) = member.read(&mut self.buffer)? else { continue };
            self.tally.add_lines(memchr::memchr_iter(b'\n', chunk).count());
            // Searched for only until it has arrived: the load itself should cost little.
            member.is_welcome =
                member.is_welcome || memmem::find(chunk, self.kind.welcome()).is_some();
        }
        Ok(is_any)
    }

    /// Makes its last member read nothing from now on.
    pub(super) fn deafen_last(&mut self) -> Outcome<()> {
        let member = self.members.last_mut().ok_or("nobody is there")?;
        member.is_deaf = true;
        Ok(epoll::delete(&self.epoll, &member.stream)?)
    }

    /// Sends its part of the load for `time` from `began` on, then waits until all messages have
    /// arrived.
    pub(super) fn run(&mut self, pace: Pace, began: Instant, time: Duration) -> Outcome<Received> {
        let before = self.delivered();
        let said_before = self.tally.said_by(self.part);
        let mut latencies = Vec::new();
        self.began = began;
        self.tally.note_slowest(self.part, self.slowest());
        loop {
            let elapsed = self.began.elapsed();
            if elapsed >= time {
                break;
            }
            let due = match pace {
                Pace::Window(window) => self.part.of_window(self.tally.room_in(window)),
                Pace::Rate(rate) => (self.part.of_rate(elapsed.as_secs_f64() * rate) + said_before)
                    .saturating_sub(self.tally.said_by(self.part)),
            };
            self.say(due)?;
            let patience = match pace {
                Pace::Window(_) => Duration::from_millis(10),
                Pace::Rate(_) => Duration::from_micros(200),
            };
            self.listen(patience, matches!(pace, Pace::Rate(_)).then_some(&mut latencies))?;
        }
        self.tally.end();
        let last = self.catch_up()?;
        let delivered = self.delivered() - before;
        Ok(Received { delivered, time: last.duration_since(self.began), latencies })
    }

    /// Lets the first two members answer each other, one message at a time, and returns the number
    /// of round trips.
    pub(crate) fn ping_pong(&mut self, time: Duration) -> Outcome<u64> {
        self.began = Instant::now();
        let mut turns = 0;
        while self.began.elapsed() < time {
            for talker in [0, 1] {
                self.speak(talker, 1)?;
                let said = Instant::now();
                while let Some(lacking) = self.lacking() {
                    if said.elapsed() > PATIENCE {
                        return Err(lacking.into());
                    }
                    self.listen(Duration::from_millis(100), None)?;
                }
            }
            turns += 1;
        }
        Ok(turns)
    }

    /// Waits until all messages have arrived, and returns when the last one did. Those that are
    /// missing after a while are lost.
    fn catch_up(&mut self) -> Outcome<Instant> {
        let mut last = Instant::now();
        let mut delivered = self.delivered();
        let is_unsent = |talkers: &[Talker]| talkers.iter().any(|talker| !talker.unsent.is_empty());
        while is_unsent(&self.talkers) || !self.tally.is_over() || self.lacking().is_some() {
            if last.elapsed() > PATIENCE {
                self.disorder = self.disorder.take().or_else(|| self.lacking());
                break;
            }
            self.say(0)?;
            self.listen(Duration::from_millis(10), None)?;
            if self.delivered() > delivered {
                delivered = self.delivered();
                last = Instant::now();
            }
        }
        Ok(last)
    }

    /// Returns which member has not received all messages, or some of them twice.
    fn lacking(&self) -> Option<String> {
        let said = self.tally.said();
        self.heard().find_map(|(index, heard)| {
            let what = || format!("member {index} got {heard} of {said} messages, with its own");
            (heard != said).then(what)
        })
    }

    /// Returns how many messages the member farthest behind has received.
    fn slowest(&self) -> u64 {
        self.heard().map(|(_, heard)| heard).min().unwrap_or(u64::MAX)
    }

    /// Returns how many messages each reading member has received, its own included.
    fn heard(&self) -> impl Iterator<Item = (usize, u64)> {
        let hearing = self.members.iter().enumerate().filter(|(_, member)| !member.is_deaf);
        hearing.map(|(index, member)| {
            // If members talk, the first ones are the talkers.
            let own = self.talkers.get(index).filter(|talker| talker.member.is_some());
            (index, member.received + own.map_or(0, |talker| talker.said))
        })
    }

    fn delivered(&self) -> u64 {
        self.members.iter().map(|member| member.received).sum()
    }

    /// Sends messages, shared out among the talkers that have nothing left to send.
    fn say(&mut self, messages: u64) -> Outcome<()> {
        let free = self.talkers.iter().filter(|talker| talker.unsent.is_empty()).count() as u64;
        let share = messages.checked_div(free).unwrap_or(0);
        let mut more = messages.checked_rem(free).unwrap_or(0);
        // Another talker begins each time.
        let first = self.tally.said_by(self.part) as usize % self.talkers.len().max(1);
        for step in 0..self.talkers.len() {
            let index = (first + step) % self.talkers.len();
            if self.talkers[index].unsent.is_empty() {
                self.speak(index, share + u64::from(more > 0))?;
                more = more.saturating_sub(1);
            } else {
                self.speak(index, 0)?;
            }
        }
        Ok(())
    }

    /// Queues `count` messages of a talker, and sends as much as the socket accepts.
    fn speak(&mut self, index: usize, count: u64) -> Outcome<()> {
        let micros = u64::try_from(self.began.elapsed().as_micros())?;
        let talker = &mut self.talkers[index];
        for _ in 0..count {
            talker.said += 1;
            let message = Message { talker: talker.number, number: talker.said, micros };
            self.kind.push(&message.text(), &mut talker.unsent);
        }
        self.tally.add_said(self.part, count);
        talker.send(&mut self.members)
    }

    /// Waits for at most `patience`, and reads what has arrived.
    fn listen(&mut self, patience: Duration, mut latencies: Option<&mut Vec<u32>>) -> Outcome<()> {
        self.wait(patience)?;
        for index in self.ready.drain(..) {
            let member = &mut self.members[index];
            let Some(chunk) = member.read(&mut self.buffer)? else { continue };
            let now = u64::try_from(self.began.elapsed().as_micros())?;
            member.received += wire::count(chunk);
            if let Some(message) = wire::last(chunk) {
                let last = member.last.get_mut(message.talker).ok_or("an unknown talker")?;
                if message.number <= *last {
                    self.disorder = Some(format!("message {} after {last}", message.number));
                }
                *last = message.number;
            }
            if let Some(latencies) = &mut latencies {
                let far = wire::all(chunk).filter(|message| self.part.is_far(message.talker));
                let late = far.map(|message| now.saturating_sub(message.micros));
                latencies.extend(late.map(|micros| u32::try_from(micros).unwrap_or(u32::MAX)));
            }
        }
        self.tally.note_slowest(self.part, self.slowest());
        Ok(())
    }

    /// Waits until members have something to read.
    fn wait(&mut self, patience: Duration) -> Outcome<()> {
        let mut events = [const { MaybeUninit::<Event>::uninit() }; 1024];
        let patience = Timespec::try_from(patience)?;
        match epoll::wait(&self.epoll, &mut events, Some(&patience)) {
            Ok((events, _)) => {
                self.ready.extend(events.iter().map(|event| event.data.u64() as usize));
                Ok(())
            }
            Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
