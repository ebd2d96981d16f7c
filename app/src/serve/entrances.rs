//! The entrances: what the server listens on, for lines and for those who ask for the page.

use std::io;
use std::rc::Rc;

use mio::net::TcpListener;

use super::door::Web;
use super::invitation::{Invitation, WaysIn};
use crate::failure::{Failure, complain};
use crate::net::{self, Listening, Place, Reactor, Socket, reachable};
use crate::settings::{self, Serve};

/// All of it, ready to accept.
pub(super) struct Entrances {
    /// The port for lines.
    pub(super) port: u16,
    pub(super) by_lines: Vec<Socket<TcpListener>>,
    pub(super) by_web: Option<(Web, Vec<Socket<TcpListener>>)>,
    pub(super) ways_in: WaysIn,
}

/// What is listened on for lines, and for the page if there is one.
type Listened = (Listening, Option<Listening>);

/// Listens on all of it.
///
/// # Errors
///
/// On none of the addresses of one of the two that can be done.
pub(super) async fn listen(settings: &Serve) -> Result<Listened, Failure> {
    let room = net::listen(&settings.place).await?;
    let page = match &settings.web {
        Some(web) => Some(net::listen(&web.place).await?),
        None => None,
    };
    Ok((room, page))
}

impl Entrances {
    /// Makes them ready, and says what was refused.
    pub(super) fn open(
        settings: &Serve,
        reactor: &Rc<Reactor>,
        (room, page): Listened,
    ) -> Result<Self, Failure> {
        let Listening { listeners, port, refused } = room;
        let ip = listeners.first().map(reachable);
        let command = ip.map(|ip| format!("chat join {ip} {port}")).unwrap_or_default();
        let by_lines = wait_for(reactor, listeners, &settings.place)?;
        complain(refused);
        let (by_web, invitation) = match settings.web.as_ref().zip(page) {
            Some((web, page)) => {
                let invitation = invite(web, &page);
                let listeners = wait_for(reactor, page.listeners, &web.place)?;
                complain(page.refused);
                (Some((Web::new(&web.names), listeners)), invitation)
            }
            None => (None, None),
        };
        Ok(Self { port, by_lines, by_web, ways_in: WaysIn { command, invitation } })
    }
}

/// Returns the invitation to the page, if people are shown it; if not, says where the page is, unless
/// that is known.
fn invite(web: &settings::Web, page: &Listening) -> Option<Invitation> {
    let invitation = Invitation::to(page);
    if web.is_shown {
        return Some(invitation);
    }
    if web.place.port == 0 {
        complain([Failure::told(invitation.first())]);
    }
    None
}

fn wait_for(
    reactor: &Rc<Reactor>,
    listeners: Vec<std::net::TcpListener>,
    place: &Place,
) -> Result<Vec<Socket<TcpListener>>, Failure> {
    let listeners = listeners.into_iter().map(|listener| {
        listener.set_nonblocking(true)?;
        Socket::new(reactor, TcpListener::from_std(listener))
    });
    listeners
        .collect::<io::Result<_>>()
        .map_err(|error| Failure::new(format!("cannot listen on {place}"), &error))
}
