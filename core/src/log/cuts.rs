//! Cuts: the ranges of the log that a member said itself and must not get back.

use alloc::collections::VecDeque;
use core::num::NonZeroU64;
use core::ops::Range;

use crate::id::ReaderId;

/// The cuts of all members, oldest first, each of one or more whole lines that are still kept.
///
/// A range is noted only if its author had something pending when it spoke; one who has caught up
/// simply steps over its own line. The memory is bounded by the lines that the log keeps, however
/// many members there are and whether or not they read.
pub(super) struct Cuts {
    queue: VecDeque<Cut>,
    /// Number of the cut at the front; the first one's is 1.
    first: NonZeroU64,
}

struct Cut {
    range: Range<u64>,
    author: ReaderId,
    /// Number of the same author's next cut.
    next: Option<u64>,
}

/// The cuts of one member that its cursor has not passed, as a chain through all cuts.
#[derive(Clone, Copy, Default)]
pub(super) struct Chain {
    /// Numbers of the first and the last, if there are any.
    ends: Option<(NonZeroU64, u64)>,
}

/// A line that was said by `author` and is kept no longer.
pub(super) struct Evicted {
    pub(super) author: ReaderId,
    /// Number of the cut that it was in, and of that author's next one.
    number: u64,
    next: Option<u64>,
    /// Whether it was the last line of its cut.
    is_spent: bool,
}

impl Chain {
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    /// Goes on to a cut behind all others of its member, if there is one.
    pub(super) fn extend(&mut self, number: Option<NonZeroU64>) {
        let Some(number) = number else { return };
        self.ends = Some((self.ends.map_or(number, |(first, _)| first), number.get()));
    }

    /// Drops an evicted line of this chain's member. Returns whether it was in the chain, that is,
    /// whether its author's cursor had not passed it.
    pub(super) fn drop_evicted(&mut self, evicted: &Evicted) -> bool {
        let Some((first, last)) = self.ends.filter(|&(first, _)| first.get() <= evicted.number)
        else {
            return false;
        };
        debug_assert_eq!(
            first.get(),
            evicted.number,
            "the oldest line of all is its author's oldest"
        );
        if evicted.is_spent {
            self.ends = evicted.next.and_then(NonZeroU64::new).map(|next| (next, last));
        }
        true
    }
}

impl Default for Cuts {
    fn default() -> Self {
        Self { queue: VecDeque::new(), first: NonZeroU64::MIN }
    }
}

impl Cuts {
    /// Notes that `range` was said by `author`, whose chain it joins. Returns the number of its cut,
    /// unless it is part of the last one, if it may be.
    pub(super) fn push(
        &mut self,
        chain: &mut Chain,
        author: ReaderId,
        range: Range<u64>,
        may_join: bool,
    ) -> Option<NonZeroU64> {
        let number = self.first.saturating_add(self.queue.len() as u64);
        let last = chain.ends.map(|(_, last)| last);
        if let Some(cut) = last.and_then(|last| self.cut_mut(last)) {
            if may_join && cut.range.end == range.start {
                cut.range.end = range.end;
                return None;
            }
            cut.next = Some(number.get());
        }
        self.queue.push_back(Cut { range, author, next: None });
        chain.extend(Some(number));
        Some(number)
    }

    /// The lines of a chain, and those behind it that are the same member's, are `author`'s from now on.
    pub(super) fn give(&mut self, chain: Chain, author: ReaderId) {
        let mut next = chain.ends.map(|(first, _)| first.get());
        while let Some(cut) = next.and_then(|number| self.cut_mut(number)) {
            cut.author = author;
            next = cut.next;
        }
    }

    /// The first range of a chain.
    pub(super) fn first(&self, chain: Chain) -> Option<Range<u64>> {
        chain.ends.and_then(|(first, _)| self.cut(first.get())).map(|cut| cut.range.clone())
    }

    /// The chain without its first range.
    pub(super) fn after_first(&self, chain: Chain) -> Chain {
        let next = chain
            .ends
            .and_then(|(first, last)| Some((NonZeroU64::new(self.cut(first.get())?.next?)?, last)));
        Chain { ends: next }
    }

    /// Forgets `line`, which was the oldest line kept. Returns what its author's chain must know of
    /// it, if it was noted.
    pub(super) fn evict(&mut self, line: &Range<u64>) -> Option<Evicted> {
        let cut = self.queue.front_mut().filter(|cut| cut.range.start == line.start)?;
        cut.range.start = line.end;
        let is_spent = cut.range.is_empty();
        let evicted =
            Evicted { author: cut.author, number: self.first.get(), next: cut.next, is_spent };
        if is_spent {
            self.queue.pop_front();
            self.first = self.first.saturating_add(1);
        }
        Some(evicted)
    }

    fn cut(&self, number: u64) -> Option<&Cut> {
        self.queue.get(usize::try_from(number.checked_sub(self.first.get())?).ok()?)
    }

    fn cut_mut(&mut self, number: u64) -> Option<&mut Cut> {
        self.queue.get_mut(usize::try_from(number.checked_sub(self.first.get())?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slotmap::SlotMap;

    fn author() -> ReaderId {
        ReaderId::new(SlotMap::new().insert(()))
    }

    #[test]
    fn lines_said_in_a_row_are_one_cut() {
        let (mut cuts, mut chain, author) = (Cuts::default(), Chain::default(), author());
        for line in [10..20, 20..25, 30..40] {
            cuts.push(&mut chain, author, line, true);
        }
        assert_eq!(cuts.first(chain), Some(10..25));
        assert_eq!(cuts.first(cuts.after_first(chain)), Some(30..40));
    }

    #[test]
    fn a_cut_is_forgotten_line_by_line() {
        let (mut cuts, mut chain, author) = (Cuts::default(), Chain::default(), author());
        for line in [10..20, 20..25, 30..40] {
            cuts.push(&mut chain, author, line, true);
        }
        for (line, rest) in [(10..20, Some(20..25)), (20..25, Some(30..40)), (30..40, None)] {
            let evicted = cuts.evict(&line).unwrap();
            assert!(chain.drop_evicted(&evicted));
            assert_eq!(cuts.first(chain), rest);
        }
        assert!(cuts.evict(&(40..50)).is_none());
    }
}
