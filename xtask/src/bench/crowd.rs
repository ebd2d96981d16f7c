//! The load: members, all on one thread, and what they received.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use memchr::memmem;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use socket2::SockRef;

use super::frames::Unframer;
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
    epoll: OwnedFd,
    events: Vec<Event>,
    members: Vec<Member>,
    talkers: Vec<Talker>,
    buffer: Vec<u8>,
    began: Instant,
    /// What was wrong with the messages received.
    pub(crate) disorder: Option<String>,
}

/// A connection that listens.
struct Member {
    stream: TcpStream,
    /// Messages received.
    received: u64,
    /// For each talker, the number of the last message of it that was parsed.
    last: Vec<u64>,
    /// Whether it does not read.
    is_deaf: bool,
    /// Lines received before anybody talked.
    lines: usize,
    is_welcome: bool,
    /// Takes frames away from what it reads.
    unframer: Option<Unframer>,
}

/// A member that talks, or a connection that only talks.
struct Talker {
    member: Option<usize>,
    /// Its connection, if it is not a member.
    stream: Option<TcpStream>,
    said: u64,
    unsent: Vec<u8>,
}

/// The pace of the load.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// As fast as possible, with this many messages in flight to the slowest member.
    Window(u64),
    /// This many messages a second.
    Rate(f64),
}

/// The result of a load.
pub(crate) struct Received {
    /// Messages received, by all members together.
    pub(crate) delivered: u64,
    /// From the first message sent to the last one received.
    pub(crate) time: Duration,
    /// From sending to receiving, in microseconds, if the load has a rate.
    pub(crate) latencies: Vec<u32>,
}

impl Crowd {
    /// Joins `members` members, of which the first `talkers` will talk.
    pub(crate) fn join(kind: Kind, port: u16, members: usize, talkers: usize) -> Outcome<Self> {
        let mut crowd = Self {
            kind,
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(1024),
            members: Vec::new(),
            talkers: Vec::new(),
            buffer: vec![0; CHUNK],
            began: Instant::now(),
            disorder: None,
        };
        for index in 0..members {
            let mut stream = connect(port)?;
            // Closing by a reset leaves no port in TIME_WAIT: with many of those, the connects of
            // the next load take three times as long.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            stream.set_nodelay(true)?;
            stream.write_all(kind.hello())?;
            stream.set_nonblocking(true)?;
            let data = EventData::new_u64(index as u64);
            epoll::add(&crowd.epoll, &stream, data, EventFlags::IN)?;
            crowd.members.push(Member::new(kind, stream, talkers));
            if index % READ_WHILE_JOINING == 0 {
                crowd.hear_of_joins(Duration::ZERO)?;
            }
            if kind.shakes_hands() {
                crowd.await_welcome(index)?;
            }
        }
        for index in 0..talkers {
            let member = kind.members_talk().then_some(index);
            let stream = match member {
                Some(_) => None,
                None => Some(connect(port)?),
            };
            if let Some(stream) = &stream {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
            }
            crowd.talkers.push(Talker { member, stream, said: 0, unsent: Vec::new() });
        }
        Ok(crowd)
    }

    /// Waits until every member is welcome and has been told of all joins, and returns when it was.
    pub(crate) fn settle(&mut self) -> Outcome<Instant> {
        let count = self.members.len();
        // Each is told of itself and of those who join later, whatever the order of the joins.
        let expected = if self.kind.tells_of_joins() { count * (count + 1) / 2 } else { 0 };
        let mut last = Instant::now();
        while last.elapsed() < LIMIT {
            let lines: usize = self.members.iter().map(|member| member.lines).sum();
            if lines >= expected && self.members.iter().all(|member| member.is_welcome) {
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

    /// Gives each member a name, and waits until all have been told.
    pub(crate) fn name_all(&mut self) -> Outcome<()> {
        let heard = |crowd: &Self| crowd.members.iter().map(|member| member.lines).sum::<usize>();
        let count = self.members.len();
        let expected = heard(self) + count * count;
        for index in 0..count {
            self.members[index].stream.write_all(format!("/name m{index}\n").as_bytes())?;
            if index % READ_WHILE_JOINING == 0 {
                self.hear_of_joins(Duration::ZERO)?;
            }
        }
        let deadline = Instant::now() + LIMIT;
        while heard(self) < expected {
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
        let mut events = std::mem::take(&mut self.events);
        let is_any = !events.is_empty();
        for event in events.drain(..) {
            let member = &mut self.members[event.data.u64() as usize];
            let Some(chunk) = member.read(&mut self.buffer)? else { continue };
            member.lines += memchr::memchr_iter(b'\n', chunk).count();
            // Searched for only until it has arrived: the load itself should cost little.
            member.is_welcome =
                member.is_welcome || memmem::find(chunk, self.kind.welcome()).is_some();
        }
        self.events = events;
        Ok(is_any)
    }

    /// Makes a member read nothing from now on.
    pub(crate) fn deafen(&mut self, member: usize) -> Outcome<()> {
        self.members[member].is_deaf = true;
        Ok(epoll::delete(&self.epoll, &self.members[member].stream)?)
    }

    /// Sends the load for `time`, then waits until all messages have arrived.
    pub(crate) fn run(&mut self, load: Load, time: Duration) -> Outcome<Received> {
        let before = self.delivered();
        let said_before = self.said();
        let mut latencies = Vec::new();
        self.began = Instant::now();
        loop {
            let elapsed = self.began.elapsed();
            if elapsed >= time {
                break;
            }
            let due = match load {
                Load::Window(window) => {
                    self.slowest().saturating_add(window).saturating_sub(self.said())
                }
                Load::Rate(rate) => ((elapsed.as_secs_f64() * rate) as u64 + said_before)
                    .saturating_sub(self.said()),
            };
            self.say(due)?;
            let patience = match load {
                Load::Window(_) => Duration::from_millis(10),
                Load::Rate(_) => Duration::from_micros(200),
            };
            self.listen(patience, matches!(load, Load::Rate(_)).then_some(&mut latencies))?;
        }
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
        while is_unsent(&self.talkers) || self.lacking().is_some() {
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
        let said = self.said();
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

    fn said(&self) -> u64 {
        self.talkers.iter().map(|talker| talker.said).sum()
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
        let first = self.said() as usize % self.talkers.len().max(1);
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
            let message = Message { talker: index, number: talker.said, micros };
            self.kind.push(&message.text(), &mut talker.unsent);
        }
        if talker.unsent.is_empty() {
            return Ok(());
        }
        let stream = match talker.member {
            Some(member) => &mut self.members[member].stream,
            None => talker.stream.as_mut().ok_or("a talker without a connection")?,
        };
        match stream.write(&talker.unsent) {
            Ok(count) => drop(talker.unsent.drain(..count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(stream) = &mut talker.stream {
            // Discard the server's replies to publishing.
            let mut answer = [0; 4096];
            while matches!(stream.read(&mut answer), Ok(1..)) {}
        }
        Ok(())
    }

    /// Waits for at most `patience`, and reads what has arrived.
    fn listen(&mut self, patience: Duration, mut latencies: Option<&mut Vec<u32>>) -> Outcome<()> {
        self.wait(patience)?;
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            let member = &mut self.members[event.data.u64() as usize];
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
                let late = wire::all(chunk).map(|message| now.saturating_sub(message.micros));
                latencies.extend(late.map(|micros| u32::try_from(micros).unwrap_or(u32::MAX)));
            }
        }
        self.events = events;
        Ok(())
    }

    fn wait(&mut self, patience: Duration) -> Outcome<()> {
        self.events.clear();
        let patience = Timespec::try_from(patience)?;
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Member {
    fn new(kind: Kind, stream: TcpStream, talkers: usize) -> Self {
        let last = vec![0; talkers];
        let unframer = (kind == Kind::Web).then(Unframer::default);
        Self { stream, received: 0, last, is_deaf: false, lines: 0, is_welcome: false, unframer }
    }

    /// Reads what has arrived; returns `None` if nothing has.
    fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Outcome<Option<&'a [u8]>> {
        match self.stream.read(buffer) {
            Ok(0) => Err("the server closed a connection".into()),
            Ok(count) => {
                let said = match &mut self.unframer {
                    Some(unframer) => unframer.strip(&mut buffer[..count]),
                    None => count,
                };
                Ok(Some(&buffer[..said]))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
