//! Orders: who decides the sequence of what happens in the room.
//!
//! | module | noun |
//! |---|---|
//! | `memory` | this server alone, at once |
//! | `shared` | an engine, for several servers |

mod memory;
#[cfg(feature = "shared")]
mod shared;

use std::rc::Rc;

use chat_core::Server;
use smol::channel::Sender;

use super::hub::Hub;
use crate::failure::Failure;
use crate::settings::Serve;

/// The order of a room that nobody is in yet.
pub(crate) struct Order {
    #[cfg(feature = "shared")]
    sharing: Option<shared::Sharing>,
}

/// The task that has the order's part done, if that takes one.
pub(crate) struct Ordering {
    #[cfg(feature = "shared")]
    task: Option<shared::TakingPart>,
}

/// Makes the server of a room with its order.
///
/// # Errors
///
/// The room is one of several servers, and cannot be shared.
pub(crate) async fn begin(settings: &Serve) -> Result<(Server, Order), Failure> {
    #[cfg(feature = "shared")]
    if let Some(shared) = &settings.shared {
        let (server, sharing) = shared::begin(shared, settings.limits.clone()).await?;
        return Ok((server, Order { sharing: Some(sharing) }));
    }
    let order = Order {
        #[cfg(feature = "shared")]
        sharing: None,
    };
    Ok((memory::alone(settings.limits.clone()), order))
}

/// How the order's part has ended, and what has come of it for what was said.
///
/// # Errors
///
/// It has not ended well, or too soon.
pub(crate) fn with_unsaid(ended: Result<(), Failure>, hub: &Hub) -> Result<(), Failure> {
    #[cfg(feature = "shared")]
    if let count @ 1.. = hub.server().count_unsaid() {
        let messages = if count == 1 { "message" } else { "messages" };
        let lack = format!("the room may lack {count} {messages} said here");
        return Err(match ended {
            Ok(()) => Failure::ended(lack),
            Err(failure) => failure.with(lack),
        });
    }
    let _ = hub;
    ended
}

impl Order {
    /// Has the hub's server take part in its room, and `end` when it cannot be part of it any more.
    pub(crate) fn take_part(self, hub: &Rc<Hub>, end: Sender<()>) -> Ordering {
        #[cfg(feature = "shared")]
        return Ordering { task: self.sharing.map(|sharing| sharing.take_part(hub, end)) };
        #[cfg(not(feature = "shared"))]
        {
            let _ = (self, hub, end);
            Ordering {}
        }
    }

    /// Has the server take no part after all.
    pub(crate) async fn leave(self, server: &mut Server) {
        #[cfg(feature = "shared")]
        if let Some(sharing) = self.sharing {
            sharing.leave(server).await;
        }
        let _ = server;
    }

    /// Whether what is proposed is not committed at once.
    #[cfg(feature = "shared")]
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.sharing.is_some()
    }
}

impl Ordering {
    /// Waits until the room is as all others have it, if there are others. Returns whether it is:
    /// if not, the order has [finished](Ordering::finished) already.
    pub(crate) async fn begun(&self) -> bool {
        #[cfg(feature = "shared")]
        if let Some(task) = &self.task {
            return task.begun().await;
        }
        true
    }

    /// Waits until what members have said is in the room, once the server is to end.
    ///
    /// # Errors
    ///
    /// That it ends is due to the order.
    pub(crate) async fn finished(&mut self) -> Result<(), Failure> {
        #[cfg(feature = "shared")]
        if let Some(task) = &mut self.task {
            return task.finished().await;
        }
        Ok(())
    }
}
