//! Members in browsers: a page, and the WebSocket by which it is a member like any other.
//!
//! | module | noun |
//! |---|---|
//! | `places` | where connections stand that are no members' yet |
//! | `exchange` | one request, one answer |
//! | `request`, `answer` | what is asked for, and what is given |
//! | `hosts` | the names under which the page may be asked for |
//! | `page` | its files |
//! | `frames` | the wire of a WebSocket |
//!
//! Each connection is good for one request, and is a WebSocket's or closed then. Nothing is believed
//! that a proxy may have added (`X-Forwarded-For`): anybody can send that.

mod answer;
mod exchange;
mod frames;
mod hosts;
mod page;
mod places;
mod request;

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_lite::future::yield_now;
use mio::net::TcpStream;
use smol::Timer;

use super::connection::{self, Connection};
use crate::clock::within;
use crate::net::Socket;
use crate::serve::hub::Hub;
use crate::serve::round::Round;
use exchange::{Outcome, listen, reply};
use frames::Frames;
use hosts::Hosts;
use places::{Place, Places};

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
    /// For those of which it is not known what they want. Browsers open some that want nothing.
    asking: Rc<Places>,
    /// For those that are being answered.
    answered: Rc<Places>,
    members: RefCell<Vec<Weak<Connection<Frames>>>>,
}

impl Web {
    /// One that may be asked for by `names` too.
    pub(crate) fn new(names: &[String]) -> Self {
        Self {
            hosts: Hosts::new(names),
            asking: Places::new(),
            answered: Places::new(),
            members: RefCell::default(),
        }
    }

    /// Connections that may be accepted in succession: those that have something to say say it before
    /// others need their places.
    pub(super) fn batch(&self) -> usize {
        (self.asking.most() / 4).max(1)
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
        let place = self.asking.take();
        hub.clone().spawn(async move {
            let outcome = within(PATIENCE, web.shake_hands(&hub, &socket, place)).await.flatten();
            if outcome == Some(Outcome::Upgraded) && !hub.is_stopping() {
                let member = connection::enter(&hub, &round, socket, addr, Frames::default());
                web.note(member.as_ref().map(Rc::downgrade));
            }
        });
    }

    /// Answers a request. If the connection is a WebSocket's then, the room takes newcomers. `None`
    /// if it was lost before.
    async fn shake_hands(
        &self,
        hub: &Hub,
        socket: &Socket<TcpStream>,
        place: Place,
    ) -> Option<Outcome> {
        let answer = place.hold(listen(hub, socket, &self.hosts)).await?.ok()??;
        let replying = async {
            let outcome = reply(hub, socket, answer).await?;
            if outcome == Outcome::Upgraded {
                hub.takes_newcomers().await;
            }
            Ok(outcome)
        };
        let replied: io::Result<Outcome> = self.answered.take().hold(replying).await?;
        replied.ok()
    }

    /// Takes note of a member. Of those that are gone no more stay in the list than are here.
    fn note(&self, member: Option<Weak<Connection<Frames>>>) {
        let mut members = self.members.borrow_mut();
        if members.len() == members.capacity() {
            members.retain(|member| member.strong_count() > 0);
        }
        members.extend(member);
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
