//! Members in browsers: a page, and the WebSocket by which it is a member like any other.
//!
//! | module | noun |
//! |---|---|
//! | `handshakes` | those that are not finished |
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
mod handshakes;
mod hosts;
mod page;
mod request;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_lite::future::{or, yield_now};
use mio::net::TcpStream;
use smol::Timer;

use super::connection::{self, Connection};
use crate::clock::within;
use crate::net::Socket;
use crate::serve::hub::Hub;
use crate::serve::round::Round;
use exchange::{Outcome, converse};
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
            let upgraded = async {
                match converse(&hub, &socket, &web.hosts).await {
                    Ok(Outcome::Upgraded) => hub.takes_newcomers().await,
                    Ok(Outcome::Over) | Err(_) => return None,
                }
                Some(())
            };
            let lost = async {
                place.lost().await;
                None
            };
            let upgraded = within(PATIENCE, or(upgraded, lost)).await.flatten();
            drop(place);
            if upgraded.is_some() && !hub.is_stopping() {
                let member = connection::enter(&hub, &round, socket, addr, Frames::default());
                web.members.borrow_mut().extend(member.as_ref().map(Rc::downgrade));
            }
        });
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
