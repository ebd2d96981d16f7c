//! Tasks that wait for the same thing.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

/// A list of tasks to be woken together. A task is in it at most once.
#[derive(Default)]
pub(crate) struct Wakers {
    list: RefCell<Vec<Waker>>,
    /// How often the list was woken.
    generation: Cell<u64>,
}

/// A task's place in [`Wakers`]: the generation in which it was entered, and 1; 0 if in none.
#[derive(Default)]
pub(crate) struct Entered(Cell<u64>);

impl Wakers {
    /// Enters the task of `cx`, unless it is in the list already.
    pub(crate) fn enter(&self, entered: &Entered, cx: &Context<'_>) {
        let generation = self.generation.get() + 1;
        if entered.0.replace(generation) != generation {
            self.list.borrow_mut().push(cx.waker().clone());
        }
    }

    /// Waits until a condition holds. It is checked whenever the list is woken.
    pub(crate) async fn until(&self, holds: impl Fn() -> bool) {
        let entered = Entered::default();
        poll_fn(|cx| {
            if holds() {
                return Poll::Ready(());
            }
            self.enter(&entered, cx);
            Poll::Pending
        })
        .await;
    }

    /// Wakes all tasks, and takes them out of the list.
    pub(crate) fn wake(&self) {
        self.generation.set(self.generation.get() + 1);
        // Waking only schedules a task: nothing is entered meanwhile.
        self.list.borrow_mut().drain(..).for_each(Waker::wake);
    }
}
