//! An order that several servers share: the log of the room is kept by an engine, a Redis or a
//! Valkey.
//!
//! What is asked of the engine, and when, is decided by [`chat_core::Replica`]. Here are the ways
//! to it.
//!
//! | module | noun |
//! |---|---|
//! | `driver` | a task beside the hub: has its server take part |
//! | `outage` | a time in which it cannot, and who knows |
//! | `connection` | two threads and their links to one instance of the engine |
//! | `master` | that instance, found |
//! | `survey` | all places that may know it, asked at the same time |
//! | `sentinel` | some of those that do, also asked while there is a connection |
//! | `log` | the stream, read |
//! | `scripts` | what is asked, each as one script, and the answers |
//! | `link` | questions over a socket |
//! | `resp` | their bytes |
//! | `stream` | what carries them: TCP, or TLS over it |
//! | `away` | why an engine cannot be used for now |
//!
//! Each uses only modules below it. The threads block, and know nothing of the room; the task never
//! blocks.

mod away;
mod connection;
mod driver;
mod link;
mod log;
mod master;
mod outage;
mod resp;
mod scripts;
mod sentinel;
mod stream;
mod survey;
#[cfg(test)]
mod testing;

use std::rc::Rc;
use std::sync::Arc;

use chat_core::{Answer, Limits, Position, Replica, Request, Server, Unusable};
use smol::Task;
use smol::channel::{Receiver, Sender};

use crate::clock::{Clock, PATIENCE, within};
use crate::failure::Failure;
use crate::serve::hub::Hub;
use crate::settings::Shared;
use away::Away;
use connection::Connection;
use driver::Driver;
use master::danger;
use scripts::Scripts;

/// A server's part in a room, taken up, before anybody is let in.
pub(crate) struct Sharing {
    shared: Arc<Shared>,
    scripts: Arc<Scripts>,
    connection: Connection,
    replica: Replica,
}

/// Becomes a server of the room.
///
/// # Errors
///
/// Its engine cannot be used, or holds what no server can begin with.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    limits: Limits,
) -> Result<(Server, Sharing), Failure> {
    let scripts = Arc::new(Scripts::of(&shared.room));
    let failed = |why: String| Failure::ended(format_args!("cannot share {shared}: {why}"));
    let connection = connect(shared, &scripts).await.map_err(|away| failed(away.to_string()))?;
    if let Some(policy) = &connection.instance.evicts_by {
        return Err(failed(danger(policy)));
    }
    let attached = attach(&connection, &scripts).await.map_err(|away| failed(away.to_string()))?;
    let attached = match attached {
        Answer::Attached(attached) => attached,
        Answer::Foreign { format } => return Err(failed(Unusable::Foreign(format).to_string())),
        Answer::Busy { why } => return Err(failed(why)),
        _ => return Err(failed(Away::nonsense().to_string())),
    };
    let (replica, server) =
        Replica::begin(limits, attached).map_err(|unusable| failed(unusable.to_string()))?;
    let shared = shared.clone();
    Ok((server, Sharing { shared, scripts, connection, replica }))
}

async fn connect(shared: &Arc<Shared>, scripts: &Arc<Scripts>) -> Result<Connection, Away> {
    let opening = connection::open(shared.clone(), scripts.clone(), 0)?;
    opening.recv().await.map_err(|_| Away::nonsense())?
}

async fn attach(connection: &Connection, scripts: &Scripts) -> Result<Answer, Away> {
    let attach = Request::Attach { at: Position::GENESIS, era: 0 };
    connection.ask(scripts.call(connection.asker(None), &attach));
    let heard = connection.answers.recv().await.map_err(|_| Away::nonsense())?;
    heard.map(|heard| heard.answer)
}

impl Sharing {
    /// Takes no part: nobody waits for the server, and its number is given up. It tries to say so;
    /// if that cannot be done at once, the others find out.
    pub(crate) async fn leave(mut self, server: &mut Server) {
        let now = Clock::new().now();
        self.replica.end(now, server);
        let leaving = async {
            while let Some(request) = self.replica.request(now, server) {
                let asker = self.connection.asker(Some(self.replica.node()));
                self.connection.ask(self.scripts.call(asker, &request));
                let Ok(Ok(heard)) = self.connection.answers.recv().await else { return };
                self.replica.answered(now, server, heard.answer);
            }
        };
        within(PATIENCE, leaving).await;
    }

    /// Takes part, with the hub's server, until the hub stops. Has the server `end` when it cannot
    /// be part of the room any more.
    pub(crate) fn take_part(self, hub: &Rc<Hub>, end: Sender<()>) -> TakingPart {
        let (driver, begun) = Driver::new(hub.clone(), self);
        let of_driver = hub.clone();
        let task = hub.run(async move {
            let driven = driver.run().await;
            // Asked to end a second time, the server would not wait for anything.
            if !of_driver.is_stopping() {
                let _ = end.try_send(());
            }
            driven
        });
        TakingPart { task, begun }
    }
}

/// The task that takes part.
pub(crate) struct TakingPart {
    task: Task<Result<(), Failure>>,
    begun: Receiver<()>,
}

impl TakingPart {
    /// Waits until the room is as all others have it. Returns whether it is: if not, all is over
    /// already.
    pub(crate) async fn begun(&self) -> bool {
        self.begun.recv().await.is_ok()
    }

    /// Waits until nothing more is to be done, once the hub stops.
    ///
    /// # Errors
    ///
    /// The server cannot be part of the room any more.
    pub(crate) async fn finished(&mut self) -> Result<(), Failure> {
        (&mut self.task).await
    }
}
