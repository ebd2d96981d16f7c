//! What the parts of a load, each on a thread of its own, know of each other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// One of the parts of a load. Members, talkers and servers are dealt out to them in turn.
#[derive(Clone, Copy)]
pub(super) struct Part {
    index: usize,
    parts: usize,
    servers: usize,
}

impl Part {
    /// Returns all `parts` parts of a load on a room of so many servers.
    pub(super) fn all(parts: usize, servers: usize) -> impl Iterator<Item = Self> {
        (0..parts).map(move |index| Self { index, parts, servers })
    }

    /// Returns its server, by its index.
    pub(super) fn server(self) -> usize {
        self.server_of(self.index)
    }

    fn server_of(self, place: usize) -> usize {
        place % self.parts % self.servers
    }

    /// Returns how many of `count` are its own.
    pub(super) fn share(self, count: usize) -> usize {
        (count + self.parts - 1 - self.index) / self.parts
    }

    /// Returns the place of the `index`th of its own among all.
    pub(super) fn place(self, index: usize) -> usize {
        self.index + index * self.parts
    }

    /// Returns how many of `due` messages are its own to say.
    pub(super) fn of_window(self, due: u64) -> u64 {
        due.div_ceil(self.parts as u64)
    }

    /// Returns how many of `due` messages are its own to say: each part says the next one.
    pub(super) fn of_rate(self, due: f64) -> u64 {
        ((due + self.index as f64) / self.parts as f64) as u64
    }

    /// Returns whether a talker is on another server, if there are several.
    pub(super) fn is_far(self, talker: usize) -> bool {
        self.servers == 1 || self.server_of(talker) != self.server()
    }
}

/// Counts of all parts of a load.
pub(super) struct Tally {
    /// Lines received before anybody talked.
    lines: AtomicUsize,
    /// By part: messages said, and those that its member farthest behind has received.
    said: Vec<AtomicU64>,
    slowest: Vec<AtomicU64>,
    /// How many times a part has said its last message. All parts do so once in each run.
    ends: AtomicUsize,
}

impl Tally {
    pub(super) fn new(parts: usize) -> Self {
        let zeros = || (0..parts).map(|_| AtomicU64::new(0)).collect();
        let (lines, ends) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { lines, said: zeros(), slowest: zeros(), ends }
    }

    pub(super) fn lines(&self) -> usize {
        self.lines.load(Ordering::Relaxed)
    }

    pub(super) fn add_lines(&self, count: usize) {
        self.lines.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn said(&self) -> u64 {
        self.said.iter().map(|said| said.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn said_by(&self, part: Part) -> u64 {
        self.said[part.index].load(Ordering::Relaxed)
    }

    pub(super) fn add_said(&self, part: Part, count: u64) {
        self.said[part.index].fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn note_slowest(&self, part: Part, received: u64) {
        self.slowest[part.index].store(received, Ordering::Relaxed);
    }

    /// Returns how many more messages may be said, with `window` in flight to the slowest member.
    pub(super) fn room_in(&self, window: u64) -> u64 {
        let slowest = self.slowest.iter().map(|slowest| slowest.load(Ordering::Relaxed)).min();
        slowest.unwrap_or(u64::MAX).saturating_add(window).saturating_sub(self.said())
    }

    /// Notes that a part says nothing more in this run.
    pub(super) fn end(&self) {
        // Whoever sees it sees all that was said.
        self.ends.fetch_add(1, Ordering::Release);
    }

    /// Returns whether no part says anything more in this run.
    pub(super) fn is_over(&self) -> bool {
        self.ends.load(Ordering::Acquire).is_multiple_of(self.said.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_everything_between_them_once() {
        for parts in 1..5 {
            for count in 0..20 {
                let shares = Part::all(parts, 1).map(|part| (part, part.share(count)));
                let places = shares.flat_map(|(part, own)| (0..own).map(move |it| part.place(it)));
                let mut places: Vec<usize> = places.collect();
                places.sort_unstable();
                assert_eq!(places, Vec::from_iter(0..count));
                let said = Part::all(parts, 1).map(|part| part.of_rate(count as f64));
                assert_eq!(said.sum::<u64>(), count as u64);
            }
        }
    }

    #[test]
    fn a_talker_is_far_on_another_server_only() {
        let far = |servers| -> Vec<Vec<usize>> {
            let parts = Part::all(4, servers);
            parts.map(|part| (0..6).filter(|talker| part.is_far(*talker)).collect()).collect()
        };
        let all = [0, 1, 2, 3, 4, 5];
        let (even, odd) = (vec![0, 2, 4], vec![1, 3, 5]);
        let of_four =
            [vec![1, 2, 3, 5], vec![0, 2, 3, 4], vec![0, 1, 3, 4, 5], vec![0, 1, 2, 4, 5]];
        assert_eq!(far(1), [all; 4]);
        assert_eq!(far(2), [odd.clone(), even.clone(), odd, even]);
        assert_eq!(far(4), of_four);
    }

    #[test]
    fn messages_in_flight_count_from_the_slowest_part() {
        let tally = Tally::new(2);
        for (part, (said, received)) in Part::all(2, 2).zip([(5, 3), (6, 8)]) {
            tally.add_said(part, said);
            tally.note_slowest(part, received);
        }
        assert_eq!(tally.room_in(10), 3 + 10 - 11);
        assert_eq!(tally.room_in(8), 0);
        assert!(tally.is_over());
        tally.end();
        assert!(!tally.is_over());
        tally.end();
        assert!(tally.is_over());
    }
}
