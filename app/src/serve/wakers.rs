//! Tasks that wait for the same thing.

use std::cell::{Cell, RefCell};
use std::mem;
use std::task::{Context, Waker};

/// A list of tasks to be woken at once. A task is in it once at the most.
#[derive(Default)]
pub(crate) struct Wakers {
    list: RefCell<Vec<Waker>>,
    /// Times that the list was woken.
    round: Cell<u64>,
}

/// A task's place in [`Wakers`]: the round in which it was entered.
#[derive(Default)]
pub(crate) struct Entered(Option<u64>);

impl Wakers {
    /// Enters the task of `cx`, unless it is in the list already.
    pub(crate) fn enter(&self, entered: &mut Entered, cx: &Context<'_>) {
        if entered.0 != Some(self.round.get()) {
            entered.0 = Some(self.round.get());
            self.list.borrow_mut().push(cx.waker().clone());
        }
    }

    /// Wakes all tasks, and takes them out of the list.
    pub(crate) fn wake(&self) {
        if self.list.borrow().is_empty() {
            return;
        }
        self.round.set(self.round.get() + 1);
        let mut list = self.list.take();
        list.drain(..).for_each(Waker::wake);
        // The list's memory is used again.
        let entered_meanwhile = mem::replace(&mut *self.list.borrow_mut(), list);
        self.list.borrow_mut().extend(entered_meanwhile);
    }
}
