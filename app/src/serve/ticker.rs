//! The core's one timer.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::hub::Hub;
use super::wakers::Entered;
use crate::clock::Alarm;

/// Ticks the server whenever a tick is due, for ever.
pub(crate) async fn run(hub: Rc<Hub>) {
    let mut ticker = Ticker { alarm: Alarm::new(hub.clock()), hub, entered: Entered::default() };
    poll_fn(|cx| ticker.poll(cx)).await
}

struct Ticker {
    hub: Rc<Hub>,
    alarm: Alarm,
    entered: Entered,
}

impl Ticker {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let at = self.hub.await_tick(&self.entered, cx);
            if self.alarm.poll(at, cx).is_pending() {
                return Poll::Pending;
            }
            self.hub.tick();
        }
    }
}
