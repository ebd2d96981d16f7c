//! Doors: the ways into the room.
//!
//! A handshake comes before a join: a door connects a member to the room only once it knows how to
//! talk to the peer. The handshake of lines is empty, as any line client is a member.
//!
//! | module | noun |
//! |---|---|
//! | `accept` | connections as they arrive, whatever their peers are |
//! | `lines` | a member that sends and receives lines |
//! | `parting` | closing a connection so that its peer can still read why |

mod accept;
mod lines;
mod parting;

use std::convert::Infallible;
use std::rc::Rc;

use mio::net::TcpListener;

use super::hub::Hub;
use super::round::Round;
use crate::net::{Reactor, Socket};

/// Lets in whoever connects, for ever.
pub(crate) async fn open(
    hub: &Rc<Hub>,
    round: &Rc<Round>,
    reactor: &Rc<Reactor>,
    listeners: Vec<Socket<TcpListener>>,
) -> Infallible {
    accept::run(hub, reactor, listeners, |socket, addr| lines::enter(hub, round, socket, addr))
        .await
}
