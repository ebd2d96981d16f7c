//! An order elsewhere, and the way to it: batches of entries come late, twice, out of order, or
//! never.

use super::super::choices::Choices;
use super::room::{Effect, Entry, Room};

/// Batches on their way at once, at the most.
const MOST: usize = 24;

#[derive(Default)]
pub(super) struct Order {
    pub(super) entries: Vec<Vec<u8>>,
    /// What comes of each of them.
    pub(super) effects: Vec<Effect>,
    pub(super) room: Room,
    /// Who sent it, and what.
    in_flight: Vec<(u64, Vec<Vec<u8>>)>,
}

impl Order {
    pub(super) fn send(&mut self, node: u64, batch: Vec<Vec<u8>>) {
        if !batch.is_empty() && self.in_flight.len() < MOST {
            self.in_flight.push((node, batch));
        }
    }

    /// Something happens on the way.
    pub(super) fn step(&mut self, choices: &mut impl Choices) {
        if self.in_flight.is_empty() {
            return;
        }
        let index = choices.below(self.in_flight.len());
        let node = self.in_flight[index].0;
        let oldest = self.in_flight.iter().position(|(of, _)| *of == node).unwrap();
        match choices.below(12) {
            // A connection ends, and what was sent on it comes after what is sent on the next.
            0 => self.append(index),
            // It came, and is sent again, as nobody heard of it.
            1 => {
                let batch = self.in_flight[oldest].clone();
                self.append(oldest);
                self.in_flight.push(batch);
            }
            2 => drop(self.in_flight.remove(index)),
            _ => self.append(oldest),
        }
    }

    /// All that is on its way comes.
    pub(super) fn heal(&mut self) {
        while !self.in_flight.is_empty() {
            self.append(0);
        }
    }

    fn append(&mut self, index: usize) {
        for entry in self.in_flight.remove(index).1 {
            self.effects.push(self.room.apply(&Entry::of(&entry)));
            self.entries.push(entry);
        }
    }
}
