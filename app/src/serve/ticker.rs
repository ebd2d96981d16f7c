//! The room's one timer.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use chat_core::Room;

use super::server::Server;
use super::wakers::Entered;
use crate::clock::Alarm;

/// Ticks the room whenever it wants that, for ever.
pub(crate) async fn run(server: Rc<Server>) {
    let mut ticker =
        Ticker { alarm: Alarm::new(server.clock()), server, entered: Entered::default() };
    poll_fn(|cx| ticker.poll(cx)).await
}

struct Ticker {
    server: Rc<Server>,
    alarm: Alarm,
    entered: Entered,
}

impl Ticker {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let next = self.server.room().next_tick();
            self.server.await_tick_before(next, &self.entered, cx);
            if self.alarm.poll(next, cx).is_pending() {
                return Poll::Pending;
            }
            self.server.tell(Room::tick);
        }
    }
}
