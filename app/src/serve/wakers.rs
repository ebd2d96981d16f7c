//! Tasks that wait for the same thing.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

/// A list of tasks to be woken at once. A task is in it once at the most.
#[derive(Default)]
pub(crate) struct Wakers {
    list: RefCell<Vec<Waker>>,
    /// Times that the list was woken.
    round: Cell<u64>,
}

/// A task's place in [`Wakers`]: the round in which it was entered.
#[derive(Default)]
pub(crate) struct Entered(Cell<Option<u64>>);

impl Wakers {
    /// Enters the task of `cx`, unless it is in the list already.
    pub(crate) fn enter(&self, entered: &Entered, cx: &Context<'_>) {
        let round = Some(self.round.get());
        if entered.0.replace(round) != round {
            self.list.borrow_mut().push(cx.waker().clone());
        }
    }

    /// Waits until something is so, and looks at it again whenever the list is woken.
    pub(crate) async fn until(&self, is_so: impl Fn() -> bool) {
        let entered = Entered::default();
        poll_fn(|cx| {
            if is_so() {
                return Poll::Ready(());
            }
            self.enter(&entered, cx);
            Poll::Pending
        })
        .await;
    }

    /// Wakes all tasks, and takes them out of the list.
    pub(crate) fn wake(&self) {
        self.round.set(self.round.get() + 1);
        // Waking only makes a task due: nothing is entered meanwhile.
        self.list.borrow_mut().drain(..).for_each(Waker::wake);
    }
}
