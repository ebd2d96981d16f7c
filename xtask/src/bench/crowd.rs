//! The load: members that are one thread's, and what they got.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use memchr::memmem;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use socket2::SockRef;

use super::wire::{self, Kind, Message};
use crate::program::{LIMIT, connect};
use crate::shell::Outcome;

/// Bytes read at once: what a socket holds, so that few system calls are the generator's.
const CHUNK: usize = 256 * 1024;

/// Joins between which what came is read, as some servers wait for those who do not read.
const READ_WHILE_JOINING: usize = 50;

/// How long nothing may come before what is missing counts as lost: some servers first take all
/// that is said, and then hand it out.
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
    /// What is wrong with what was received.
    pub(crate) disorder: Option<String>,
}

/// One that listens.
struct Member {
    stream: TcpStream,
    /// The messages that have come.
    received: u64,
    /// The number of the last message that was looked at, of each talker.
    last: Vec<u64>,
    /// Whether what comes is not read.
    is_deaf: bool,
    /// Lines that have come before anything was said.
    lines: usize,
    is_welcome: bool,
}

/// One that talks: a member, or a connection that does nothing else.
struct Talker {
    member: Option<usize>,
    /// If it is not a member.
    stream: Option<TcpStream>,
    said: u64,
    unsent: Vec<u8>,
}

/// How the load is given.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// As much as is taken, with so many messages on their way to the slowest member.
    Window(u64),
    /// So many messages a second.
    Rate(f64),
}

/// What came of a load.
pub(crate) struct Came {
    /// Messages that came, to all members together.
    pub(crate) delivered: u64,
    /// From the first that was said to the last that was heard.
    pub(crate) time: Duration,
    /// From saying to hearing, in microseconds, if that was asked for.
    pub(crate) latencies: Vec<u32>,
}

impl Crowd {
    /// Joins `members`, and has the first `talkers` of them talk.
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
            // Closed by a reset, it leaves no port that is not free for a minute: with many of those
            // the next load's connects take three times as long.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            stream.set_nodelay(true)?;
            stream.write_all(kind.hello())?;
            stream.set_nonblocking(true)?;
            let data = EventData::new_u64(index as u64);
            epoll::add(&crowd.epoll, &stream, data, EventFlags::IN)?;
            crowd.members.push(Member::new(stream, talkers));
            if index % READ_WHILE_JOINING == 0 {
                crowd.hear_of_joins(Duration::ZERO)?;
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

    /// Waits until every member is welcome and has heard of all the joins, and gives when that was.
    pub(crate) fn settle(&mut self) -> Outcome<Instant> {
        let count = self.members.len();
        // Each has heard of itself and of those who came later, in whatever order that was.
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
        Err("not all were told of all".into())
    }

    /// Reads what is said about joins; gives whether there was anything.
    fn hear_of_joins(&mut self, patience: Duration) -> Outcome<bool> {
        self.wait(patience)?;
        let mut events = std::mem::take(&mut self.events);
        let is_any = !events.is_empty();
        for event in events.drain(..) {
            let member = &mut self.members[event.data.u64() as usize];
            let Some(chunk) = member.read(&mut self.buffer)? else { continue };
            member.lines += memchr::memchr_iter(b'\n', chunk).count();
            // Looked for until it has come: the load is to have little to do itself.
            member.is_welcome =
                member.is_welcome || memmem::find(chunk, self.kind.welcome()).is_some();
        }
        self.events = events;
        Ok(is_any)
    }

    /// Has a member read nothing.
    pub(crate) fn deafen(&mut self, member: usize) -> Outcome<()> {
        self.members[member].is_deaf = true;
        Ok(epoll::delete(&self.epoll, &self.members[member].stream)?)
    }

    /// Gives the load for `time`, then waits until all that was said has come.
    pub(crate) fn run(&mut self, load: Load, time: Duration) -> Outcome<Came> {
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
        Ok(Came { delivered, time: last.duration_since(self.began), latencies })
    }

    /// The first two members say one message at a time, each when it has heard the other's; gives how
    /// often it went there and back.
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

    /// Waits until all have heard all, and gives when the last was heard. What they have not heard
    /// after a while is lost.
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

    /// What a member has not got, or has got too often.
    fn lacking(&self) -> Option<String> {
        let said = self.said();
        self.heard().find_map(|(index, heard)| {
            let what = || format!("member {index} got {heard} of {said} messages, with its own");
            (heard != said).then(what)
        })
    }

    /// What the member that is farthest behind has got.
    fn slowest(&self) -> u64 {
        self.heard().map(|(_, heard)| heard).min().unwrap_or(u64::MAX)
    }

    /// How many messages each member that is not deaf has got, as if it got its own as well.
    fn heard(&self) -> impl Iterator<Item = (usize, u64)> {
        let hearing = self.members.iter().enumerate().filter(|(_, member)| !member.is_deaf);
        hearing.map(|(index, member)| {
            // The first members are the talkers, if members are.
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

    /// Says so many messages, a share by each talker who has nothing left to send.
    fn say(&mut self, messages: u64) -> Outcome<()> {
        let free = self.talkers.iter().filter(|talker| talker.unsent.is_empty()).count() as u64;
        let share = messages.checked_div(free).unwrap_or(0);
        let mut more = messages.checked_rem(free).unwrap_or(0);
        // Somebody else begins each time.
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

    /// Has a talker say so many messages more, and sends what the socket takes.
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
            // What a server that is published to answers.
            let mut answer = [0; 4096];
            while matches!(stream.read(&mut answer), Ok(1..)) {}
        }
        Ok(())
    }

    /// Reads what has come, at the latest after `patience`.
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
    fn new(stream: TcpStream, talkers: usize) -> Self {
        let last = vec![0; talkers];
        Self { stream, received: 0, last, is_deaf: false, lines: 0, is_welcome: false }
    }

    /// What has come; `None` if nothing has.
    fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Outcome<Option<&'a [u8]>> {
        match self.stream.read(buffer) {
            Ok(0) => Err("a server closes a connection".into()),
            Ok(count) => Ok(Some(&buffer[..count])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
