//! `cargo xtask bare-loop`: the practical limit, a server that does only what is indispensable. One
//! thread, one epoll, one log that is sent to every member, without its own messages.
//!
//! It does not inspect text, wait for slow members or announce who leaves: whatever a server takes
//! beyond this is not the kernel's share.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;

use argh::FromArgs;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use socket2::{Domain, Socket, Type};

use crate::shell::{Outcome, Tried};

/// Serve a room with no more than is indispensable, as a baseline for measurements.
#[derive(FromArgs)]
#[argh(subcommand, name = "bare-loop")]
pub(crate) struct BareLoop {
    /// port of 127.0.0.1
    #[argh(positional)]
    port: u16,
}

// The same values as in `chat serve`, so that only the program itself differs.
const READ: usize = 16 * 1024;
const LOG: usize = 1024 * 1024;
const WAITING: i32 = 4096;

const LISTENER: u64 = u64::MAX;

struct Room {
    epoll: OwnedFd,
    /// A ring with the last `LOG` bytes; positions in it only grow.
    log: Vec<u8>,
    end: u64,
    members: Vec<Option<Member>>,
    online: usize,
}

struct Member {
    stream: TcpStream,
    label: Vec<u8>,
    at: u64,
    /// The ranges of its own messages, which it does not get back, in order.
    own: VecDeque<(u64, u64)>,
    partial: Vec<u8>,
    is_blocked: bool,
}

impl BareLoop {
    pub(crate) fn run(&self) -> Outcome<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let listener = listener(address).tried(format_args!("listening on {address}"))?;
        let mut room = Room {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            log: vec![0; LOG],
            end: 0,
            members: Vec::new(),
            online: 0,
        };
        epoll::add(&room.epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        let mut events: Vec<Event> = Vec::with_capacity(1024);
        let mut buffer = vec![0; READ];
        loop {
            events.clear();
            epoll::wait(&room.epoll, spare_capacity(&mut events), None)?;
            let before = room.end;
            for event in &events {
                match event.data.u64() {
                    LISTENER => room.accept(&listener)?,
                    index if { event.flags }.contains(EventFlags::OUT) => {
                        room.unblock(index as usize);
                        room.receive(index as usize, &mut buffer);
                    }
                    index => room.receive(index as usize, &mut buffer),
                }
            }
            if room.end != before
                || events.iter().any(|event| { event.flags }.contains(EventFlags::OUT))
            {
                (0..room.members.len()).for_each(|index| room.send(index));
            }
        }
    }
}

fn listener(address: SocketAddr) -> io::Result<Socket> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.set_reuse_address(true)?;
    listener.set_tcp_nodelay(true)?;
    listener.set_tcp_notsent_lowat(64 * 1024)?;
    listener.bind(&address.into())?;
    listener.listen(WAITING)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Room {
    /// Accepts all waiting connections.
    fn accept(&mut self, listener: &Socket) -> Outcome<()> {
        while let Ok((socket, _)) = listener.accept() {
            let stream: TcpStream = socket.into();
            stream.set_nonblocking(true)?;
            let address = stream.peer_addr()?;
            self.online += 1;
            let users = if self.online < 2 { "user" } else { "users" };
            let notice = format!("> New user {address} entered ({} {users} online)\n", self.online);
            let greeting =
                format!("> Connected to the chat server ({} {users} online)\n", self.online);
            self.append(notice.as_bytes());
            (&stream).write_all(greeting.as_bytes())?;
            let data = EventData::new_u64(self.members.len() as u64);
            epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
            self.members.push(Some(Member {
                stream,
                label: format!("[{address}] ").into_bytes(),
                at: self.end,
                own: VecDeque::new(),
                partial: Vec::new(),
                is_blocked: false,
            }));
        }
        Ok(())
    }

    /// Appends to the log. `bytes` must fit into it: a notice, a label, or one read.
    fn append(&mut self, bytes: &[u8]) {
        let at = (self.end % LOG as u64) as usize;
        let first = bytes.len().min(LOG - at);
        self.log[at..at + first].copy_from_slice(&bytes[..first]);
        self.log[..bytes.len() - first].copy_from_slice(&bytes[first..]);
        self.end += bytes.len() as u64;
    }

    /// Reads from a member, and appends line by line.
    fn receive(&mut self, index: usize, buffer: &mut [u8]) {
        let Some(mut member) = self.members[index].take() else { return };
        match member.stream.read(buffer) {
            Ok(0) => return self.online -= 1,
            Ok(count) => {
                let began = self.end;
                let mut rest = &buffer[..count];
                while let Some(newline) = memchr::memchr(b'\n', rest) {
                    self.append(&member.label);
                    if !member.partial.is_empty() {
                        self.append(&std::mem::take(&mut member.partial));
                    }
                    self.append(&rest[..=newline]);
                    rest = &rest[newline + 1..];
                }
                member.partial.extend_from_slice(rest);
                match member.own.back_mut().filter(|(_, end)| *end == began) {
                    Some((_, end)) => *end = self.end,
                    None if self.end > began => member.own.push_back((began, self.end)),
                    None => {}
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return self.online -= 1,
        }
        self.members[index] = Some(member);
    }

    /// Sends until the socket takes no more.
    fn send(&mut self, index: usize) {
        let Some(member) = self.members[index].as_mut().filter(|member| !member.is_blocked) else {
            return;
        };
        // A member that is too slow loses what is overwritten.
        member.at = member.at.max(self.end.saturating_sub(LOG as u64));
        loop {
            while let Some((_, end)) = member.own.pop_front_if(|(from, _)| *from <= member.at) {
                member.at = member.at.max(end);
            }
            let end = member.own.front().map_or(self.end, |(from, _)| *from);
            if member.at == end {
                return;
            }
            let (from, length) = ((member.at % LOG as u64) as usize, (end - member.at) as usize);
            let first = length.min(LOG - from);
            let slices =
                [&self.log[from..from + first], &self.log[..length - first]].map(IoSlice::new);
            match member.stream.write_vectored(&slices[..if first < length { 2 } else { 1 }]) {
                Ok(count) => {
                    member.at += count as u64;
                    if count < length {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        member.is_blocked = true;
        let data = EventData::new_u64(index as u64);
        let _ = epoll::modify(&self.epoll, &member.stream, data, EventFlags::IN | EventFlags::OUT);
    }

    /// Notes that the socket accepts data again.
    fn unblock(&mut self, index: usize) {
        if let Some(member) = &mut self.members[index] {
            member.is_blocked = false;
            let _ = epoll::modify(
                &self.epoll,
                &member.stream,
                EventData::new_u64(index as u64),
                EventFlags::IN,
            );
        }
    }
}
