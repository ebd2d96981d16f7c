//! The transcript: what the console shows, as a reader of the room's log.

use std::convert::Infallible;
use std::rc::Rc;
use std::task::Context;

use chat_core::{ReaderId, Start};

use super::hub::Hub;
use super::wakers::Entered;

/// Most bytes taken at once. They leave the log before they are printed, so they are what a stopped
/// console still gets of what the room has gone on without.
const CHUNK: usize = 64 * 1024;

/// Everything that is said from a moment on, and first that the server listens.
pub(super) struct Transcript {
    hub: Rc<Hub>,
    reader: ReaderId,
    growth: Entered,
}

impl Transcript {
    /// What is said from now on, in a server that listens on `port`.
    pub(super) fn begin(hub: Rc<Hub>, port: u16) -> Self {
        let reader = hub.tell(|server, _| {
            let reader = server.observe(Start::Now);
            server.open(reader, port);
            reader
        });
        Self { hub, reader, growth: Entered::default() }
    }

    /// Takes what is pending out of the log: as much as fits into a chunk, cut after its last whole
    /// line if there is one. Empty if nothing is pending.
    pub(super) fn take(&self, memory: Vec<u8>) -> Vec<u8> {
        let mut chunk = memory;
        let fill = |slices: &[&[u8]]| {
            for slice in slices {
                let length = slice.len().min(CHUNK - chunk.len());
                chunk.extend_from_slice(&slice[..length]);
            }
            if let Some(last) = chunk.iter().rposition(|&byte| byte == b'\n') {
                chunk.truncate(last + 1);
            }
            Ok::<_, Infallible>(chunk.len())
        };
        let Ok(_) = self.hub.tell(|server, _| server.deliver(self.reader, fill));
        chunk
    }

    /// Has the task of `cx` woken when there may be more to take, or the server is to end.
    pub(super) fn await_growth(&self, cx: &Context<'_>) {
        self.hub.await_growth(&self.growth, cx);
    }

    /// Nobody reads it any more: the room does not wait for it.
    pub(super) fn dismiss(&self) {
        self.hub.tell(|server, _| server.dismiss(self.reader));
    }

    /// Whether the server is to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.hub.is_stopping()
    }

    /// Whether the server is to end, and what was taken last is all that there will be.
    pub(super) fn may_end(&self) -> bool {
        self.hub.may_close(&self.hub.server())
    }

    pub(super) fn hub(&self) -> &Rc<Hub> {
        &self.hub
    }

    pub(super) fn reader(&self) -> ReaderId {
        self.reader
    }
}
