//! The room's one timer.

use std::future::{self, Future};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use chat_core::Room;
use smol::Timer;

use super::server::Server;
use super::wakers::Entered;

/// Ticks the room whenever it wants that, for ever.
pub(crate) async fn run(server: Rc<Server>) {
    let mut ticker = Ticker { server, timer: Timer::never(), entered: Entered::default() };
    future::poll_fn(|cx| ticker.poll(cx)).await
}

struct Ticker {
    server: Rc<Server>,
    /// Set to the server's `armed`.
    timer: Timer,
    entered: Entered,
}

impl Ticker {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.set();
            self.server.await_earlier(&mut self.entered, cx);
            if Pin::new(&mut self.timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.server.armed.set(None);
            self.server.tell(Room::tick);
        }
    }

    /// Sets the timer to what the room wants.
    fn set(&mut self) {
        let next = self.server.room().next_tick();
        if self.server.armed.replace(next) != next || next.is_none() {
            match next {
                Some(at) => self.timer.set_at(self.server.clock().world(at)),
                None => self.timer.clear(),
            }
        }
    }
}
