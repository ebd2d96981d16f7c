//! Sentinels: they know where the master is, and have another one take over.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::away::Away;
use super::link::{Link, Plugs};
use super::resp::Reply;
use super::survey::{Finding, Named};
use crate::net::Place;
use crate::settings::{Engine, Shared};

/// How often they are asked while there is a connection: a master that was replaced may take what
/// it is asked for ten seconds more, and none of that is in the log that others go on with.
const EVERY: Duration = Duration::from_secs(1);

/// Where a sentinel says that the master is.
pub(super) fn named_by(sentinel: &Place, engine: &Engine) -> Finding {
    let place = named(&mut Link::open(sentinel, engine)?, engine)?;
    Ok(Named { place, era: 0 })
}

/// The same, of one that is connected.
///
/// Sentinels often have no password where engines have one, and refuse any then. So they get it
/// only if they want one.
fn named(link: &mut Link, engine: &Engine) -> Result<Place, Away> {
    let name = engine.master.as_deref().unwrap_or_default();
    let question = [b"SENTINEL".as_slice(), b"GET-MASTER-ADDR-BY-NAME", name.as_bytes()];
    let answer = match link.ask(&question) {
        Err(away) if away == Away::said(b"NOAUTH") && engine.password.is_some() => {
            link.log_in(engine)?;
            link.ask(&question)?
        }
        answer => answer?,
    };
    let Some(address) = answer.list() else {
        return Err(Away::new("its sentinel knows no master of that name"));
    };
    let [host, port] = &address[..] else { return Err(Away::nonsense()) };
    let Reply::Bytes(host) = host else { return Err(Away::nonsense()) };
    let host = str::from_utf8(host).map_err(|_| Away::nonsense())?.to_owned();
    let port = port.number().and_then(|port| u16::try_from(port).ok());
    Ok(Place { host, port: port.ok_or_else(Away::nonsense)? })
}

/// The thread that sees to it that a connection is one to the master for as long as it lasts.
pub(super) struct Watch {
    pub(super) shared: Arc<Shared>,
    /// Where the connection is to.
    pub(super) address: SocketAddr,
    pub(super) plugs: Arc<Plugs>,
    pub(super) ended: Arc<Ended>,
}

/// Whether a connection has ended.
#[derive(Default)]
pub(super) struct Ended {
    has: Mutex<bool>,
    changed: Condvar,
}

impl Watch {
    /// Watches until the connection ends; ends it when most sentinels that answer say that another
    /// one is the master.
    pub(super) fn run(self) {
        let engine = &self.shared.engine;
        let mut links: Vec<Option<Link>> = engine.places.iter().map(|_| None).collect();
        while !self.ended.within(EVERY) {
            let mut named = Vec::new();
            for (link, place) in links.iter_mut().zip(&engine.places) {
                // What is wrong with a sentinel is of no interest while there is a connection.
                match self.ask(link, place) {
                    Ok(place) => named.push(place),
                    Err(_) => *link = None,
                }
            }
            let elsewhere = named.iter().filter(|place| !self.is_at(place)).count();
            if elsewhere * 2 > named.len() {
                self.plugs.pull();
                return;
            }
        }
    }

    fn ask(&self, link: &mut Option<Link>, place: &Place) -> Result<Place, Away> {
        let engine = &self.shared.engine;
        let link = match link {
            Some(link) => link,
            None => link.insert(Link::open(place, engine)?),
        };
        named(link, engine)
    }

    /// Whether the connection is to that place, as far as can be told.
    fn is_at(&self, place: &Place) -> bool {
        match (place.host.as_str(), place.port).to_socket_addrs() {
            Ok(mut addresses) => addresses.any(|address| address == self.address),
            Err(_) => true,
        }
    }
}

impl Ended {
    pub(super) fn set(&self) {
        *self.has.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }

    /// Waits for it, for so long at the most.
    fn within(&self, time: Duration) -> bool {
        let has = self.has.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(has, time, |has| !*has);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
