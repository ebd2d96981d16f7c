//! Doors: the ways into the room.
//!
//! A handshake comes before a join: a door connects a member to the room only once it knows how to
//! talk to the peer.
//!
//! | module | noun |
//! |---|---|
//! | `accept` | connections as they arrive, whatever their peers are |
//! | `connection` | the connection of a member |
//! | `wire` | how what it says, and what it is sent, go over its socket |
//! | `lines` | a wire of lines: any line client is a member, without a handshake |
//! | `web` | a page, and a wire for it |
//! | `parting` | closing a connection so that its peer can still read why |

mod accept;
mod connection;
mod lines;
mod parting;
mod web;
mod wire;

use std::convert::Infallible;
use std::rc::Rc;

use futures_lite::future::or;
use mio::net::TcpListener;

use super::hub::Hub;
use super::round::Round;
use crate::net::{Reactor, Socket};
use accept::{Acceptor, BATCH};
use lines::Lines;

pub(crate) use web::Web;

/// Lets in whoever connects, for ever: by lines, and by `web` if there is such a door.
pub(crate) async fn open(
    hub: &Rc<Hub>,
    round: &Rc<Round>,
    reactor: &Rc<Reactor>,
    listeners: Vec<Socket<TcpListener>>,
    web: Option<(Web, Vec<Socket<TcpListener>>)>,
) -> Infallible {
    let acceptor = Acceptor::new(hub, reactor);
    let by_lines = acceptor.run(listeners, BATCH, |socket, addr| {
        connection::enter(hub, round, socket, addr, Lines);
    });
    let Some((web, listeners)) = web else { return by_lines.await };
    let web = Rc::new(web);
    hub.spawn(web.clone().keep_alive());
    let by_web = acceptor.run(listeners, web.batch(), |socket, addr| {
        web.greet(hub, round, socket, addr);
    });
    or(by_lines, by_web).await
}
