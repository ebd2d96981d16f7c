//! Places for connections that are no members' yet: so many at once, and no more.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::pending;
use std::rc::Rc;

use futures_lite::future::or;
use smol::channel::{Receiver, Sender, bounded};

use crate::system::descriptor_limit;

/// Places, if descriptors allow it. A browser opens some six connections, of which it may not use
/// all: a whole school can open the page at once.
const MOST: usize = 256;

/// The part of all descriptors that the places may take up.
const SHARE: usize = 16;

/// Places, however few descriptors there are.
const LEAST: usize = 2;

/// Whoever takes one place too many costs that one its place that has had it the longest, and no
/// member a descriptor.
pub(super) struct Places {
    most: usize,
    /// By their number, which only grows: dropped for one to be lost.
    taken: RefCell<BTreeMap<u64, Sender<()>>>,
    given: Cell<u64>,
}

/// One of them.
pub(super) struct Place {
    places: Rc<Places>,
    number: u64,
    loss: Receiver<()>,
}

impl Places {
    /// As many as descriptors allow.
    pub(super) fn new() -> Rc<Self> {
        let limit = descriptor_limit().and_then(|limit| usize::try_from(limit).ok());
        Self::of(limit.map_or(MOST, |limit| (limit / SHARE).clamp(LEAST, MOST)))
    }

    fn of(most: usize) -> Rc<Self> {
        Rc::new(Self { most, taken: RefCell::default(), given: Cell::default() })
    }

    /// How many there are.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Takes one. If there are too many, the oldest is lost.
    pub(super) fn take(self: &Rc<Self>) -> Place {
        let (sender, loss) = bounded(1);
        let number = self.given.get();
        self.given.set(number + 1);
        let mut taken = self.taken.borrow_mut();
        taken.insert(number, sender);
        if taken.len() > self.most {
            taken.pop_first();
        }
        Place { places: self.clone(), number, loss }
    }
}

impl Place {
    /// Does `work` in it, and gives it back; `None` if it is lost before.
    pub(super) async fn hold<T>(self, work: impl Future<Output = T>) -> Option<T> {
        let lost = async {
            if self.loss.recv().await.is_ok() {
                // Nothing is ever sent.
                pending::<()>().await;
            }
            None
        };
        or(async { Some(work.await) }, lost).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.borrow_mut().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    #[test]
    fn the_oldest_is_lost() {
        let places = Places::of(3);
        let mut held: Vec<_> =
            (0..3).map(|_| Box::pin(places.take().hold(pending::<()>()))).collect();
        let mut are_lost = |added: usize| -> Vec<bool> {
            for _ in 0..added {
                held.push(Box::pin(places.take().hold(pending())));
            }
            let is_lost = |place| block_on(poll_once(place)) == Some(None);
            let lost: Vec<bool> = held.iter_mut().map(is_lost).collect();
            // One that is over is not polled again, and has given its place back.
            let mut left = lost.iter();
            held.retain(|_| !left.next().unwrap());
            lost
        };
        assert_eq!(are_lost(0), [false; 3]);
        assert_eq!(are_lost(1), [true, false, false, false]);
        assert_eq!(are_lost(2), [true, true, false, false, false]);
        assert_eq!(block_on(places.take().hold(async { 7 })), Some(7));
        drop(held);
        assert!(places.taken.borrow().is_empty());
    }
}
