//! Members in browsers: a page, and the WebSocket by which it is a member like any other.
//!
//! | module | noun |
//! |---|---|
//! | `request`, `answer` | what is asked for, and what is given |
//! | `hosts` | the names under which the page may be asked for |
//! | `page` | its files |
//! | `handshakes` | those that are not finished |
//! | `frames` | the wire of a WebSocket |
//!
//! Each connection is good for one request, and is a WebSocket's or closed then. Nothing is believed
//! that a proxy may have added (`X-Forwarded-For`): anybody can send that.

mod answer;
mod frames;
mod handshakes;
mod hosts;
mod page;
mod request;

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_lite::future::{or, yield_now};
use mio::net::TcpStream;
use smol::Timer;

use super::connection::{self, Connection};
use super::parting::part;
use crate::clock::within;
use crate::net::Socket;
use crate::serve::hub::Hub;
use crate::serve::round::Round;
use answer::Answer;
use frames::Frames;
use handshakes::Handshakes;
use hosts::Hosts;

/// How long a connection may take from its beginning until it is a member's: a phone on a bad link
/// does not take that long, and whoever sends a byte now and then gets no further.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the members are looked at, and after how many looks at which nothing was sent to one
/// it is sent something: after 15 s of silence at the most. Links and proxies that forget silent
/// connections wait longer than that.
const LOOK: Duration = Duration::from_secs(5);
const SILENT_LOOKS: u8 = 3;

/// Members looked at in succession before others get to run.
const BATCH: usize = 64;

/// The way in for browsers.
pub(crate) struct Web {
    hosts: Hosts,
    handshakes: Rc<Handshakes>,
    members: RefCell<Vec<Weak<Connection<Frames>>>>,
}

impl Web {
    /// One that may be asked for by `names` too.
    pub(crate) fn new(names: &[String]) -> Self {
        Self { hosts: Hosts::new(names), handshakes: Rc::default(), members: RefCell::default() }
    }

    /// Answers whoever has connected.
    pub(super) fn greet(
        self: &Rc<Self>,
        hub: &Rc<Hub>,
        round: &Rc<Round>,
        socket: Socket<TcpStream>,
        addr: SocketAddr,
    ) {
        let (web, hub, round) = (self.clone(), hub.clone(), round.clone());
        let place = self.handshakes.begin();
        hub.clone().spawn(async move {
            let greeted = within(PATIENCE, web.shake_hands(&hub, socket));
            let lost = async {
                place.lost().await;
                None
            };
            let greeted = or(async { greeted.await.flatten() }, lost).await;
            drop(place);
            let Some(socket) = greeted.filter(|_| !hub.is_stopping()) else { return };
            let member = connection::enter(&hub, &round, socket, addr, Frames::default());
            web.members.borrow_mut().extend(member.as_ref().map(Rc::downgrade));
        });
    }

    /// Answers a request. Returns the socket if it is a WebSocket's, and the room takes newcomers.
    async fn shake_hands(&self, hub: &Hub, socket: Socket<TcpStream>) -> Option<Socket<TcpStream>> {
        let answer = self.hear(hub, &socket).await.ok()??;
        send(&socket, answer.head.as_bytes()).await.ok()?;
        send(&socket, answer.body).await.ok()?;
        if !answer.upgrades {
            part(hub, &socket, || Ok(true)).await;
            return None;
        }
        hub.takes_newcomers().await;
        Some(socket)
    }

    /// Reads the head of a request, and not a byte of what is behind it. Returns the answer to it;
    /// `None` if there is no request.
    async fn hear(&self, hub: &Hub, socket: &Socket<TcpStream>) -> io::Result<Option<Answer>> {
        let mut head = Vec::new();
        loop {
            socket.readable().await;
            let before = head.len();
            match peek(hub, socket, &mut head) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    socket.clear_readable();
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            // Only what may be complete is worth a look at all of it; and whether it is HTTP is seen
            // in its first bytes.
            let is_worth_it = before == 0 || head.len() >= request::MOST_BYTES || {
                let news = &head[before.saturating_sub(3)..];
                news.windows(2).any(|two| two == b"\n\n")
                    || news.windows(3).any(|three| three == b"\n\r\n")
            };
            let read = if is_worth_it {
                request::read(&head, |request| Answer::to(request, &self.hosts))
            } else {
                Ok(None)
            };
            let answered = match read {
                Ok(None) => None,
                Ok(Some((length, answer))) => {
                    head.truncate(length);
                    Some(answer)
                }
                Err(wrong) => Some(Answer::to_wrong(wrong)),
            };
            // What was looked at is there.
            let news = head.len().saturating_sub(before);
            socket.get_ref().read_exact(&mut hub.buffer()[..news])?;
            if answered.is_some() {
                return Ok(answered);
            }
            yield_now().await;
        }
    }

    /// Sees to it that no member hears nothing for long, for ever: a page cannot tell otherwise
    /// whether its connection lives.
    pub(super) async fn keep_alive(self: Rc<Self>) {
        loop {
            Timer::after(LOOK).await;
            let members = self.members.take();
            for batch in members.chunks(BATCH) {
                for member in batch.iter().filter_map(Weak::upgrade) {
                    if member.wire().look(SILENT_LOOKS) {
                        member.address();
                    }
                }
                yield_now().await;
            }
            let are_here = members.into_iter().filter(|member| member.strong_count() > 0);
            self.members.borrow_mut().extend(are_here);
        }
    }
}

/// Adds to `head` what has arrived, which stays unread, as far as it may be part of a head.
fn peek(hub: &Hub, socket: &Socket<TcpStream>, head: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = hub.buffer();
    let most = buffer.len().min(request::MOST_BYTES - head.len());
    let count = socket.get_ref().peek(&mut buffer[..most])?;
    head.extend_from_slice(&buffer[..count]);
    Ok(count)
}

async fn send(socket: &Socket<TcpStream>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match socket.get_ref().write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                socket.clear_writable();
                socket.writable().await;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
