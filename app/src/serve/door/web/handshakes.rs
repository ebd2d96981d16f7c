//! Handshakes that are not finished: so many at once, and no more.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::pending;
use std::rc::Rc;

use smol::channel::{Receiver, Sender, bounded};

/// Connections of which it is not known what they want, or that are still being answered. Whoever
/// opens more of them costs those their place that have been here the longest, not the members their
/// descriptors. A browser opens some six, of which it may not use all.
const MOST: usize = 256;

/// The handshakes that are going on.
#[derive(Default)]
pub(super) struct Handshakes {
    /// By their number, which only grows: dropped to have one end.
    going_on: RefCell<BTreeMap<u64, Sender<()>>>,
    begun: Cell<u64>,
}

/// A handshake's place among them.
pub(super) struct Place {
    handshakes: Rc<Handshakes>,
    number: u64,
    end: Receiver<()>,
}

impl Handshakes {
    /// Begins another one. If there are too many, the oldest is to end.
    pub(super) fn begin(self: &Rc<Self>) -> Place {
        let (sender, end) = bounded(1);
        let number = self.begun.get();
        self.begun.set(number + 1);
        let mut going_on = self.going_on.borrow_mut();
        going_on.insert(number, sender);
        if going_on.len() > MOST {
            going_on.pop_first();
        }
        Place { handshakes: self.clone(), number, end }
    }
}

impl Place {
    /// Waits until it is to end.
    pub(super) async fn lost(&self) {
        if self.end.recv().await.is_ok() {
            // Nothing is ever sent.
            pending().await
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.handshakes.going_on.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    #[test]
    fn the_oldest_is_to_end() {
        let handshakes = Rc::new(Handshakes::default());
        let is_lost = |place: &Place| block_on(poll_once(place.lost())).is_some();
        let mut places: Vec<_> = (0..MOST).map(|_| handshakes.begin()).collect();
        assert!(!places.iter().any(is_lost));
        drop(places.remove(1));
        places.push(handshakes.begin());
        assert!(!places.iter().any(is_lost));
        places.push(handshakes.begin());
        assert!(is_lost(&places[0]));
        assert!(!places[1..].iter().any(is_lost));
        drop(places);
        assert!(handshakes.going_on.borrow().is_empty());
    }
}
