//! The least of a shell: it does what the room says is to be done.

use std::time::Duration;

use chat_core::{Event, ReaderId};

use super::super::choices::Choices;
use super::Run;

impl<C: Choices> Run<C> {
    /// Takes what the room wants done, all of which must have a reason.
    pub(super) fn settle(&mut self) {
        while let Some(event) = self.tell(|server, _| server.poll()) {
            match event {
                Event::Grown => self.peers.values_mut().for_each(|peer| peer.is_awake = true),
                Event::Resumed => {
                    self.peers.values_mut().for_each(|peer| peer.was_refused = false);
                }
                Event::TickAt(at) => self.tick_at = Some(at),
                Event::Addressed(reader) => {
                    if let Some(place) = self.place_of(reader) {
                        self.peers.get_mut(&place).unwrap().is_awake = true;
                    }
                }
                Event::Listen(id) => {
                    if let Some(place) = self.place_of(id.into()) {
                        let is_asked = self.model.speaker(place).is_asked;
                        assert!(is_asked, "{place} has begun nothing that a silence may end");
                        self.asked.push_back(place);
                    }
                }
                Event::Closed(id) => {
                    if let Some(place) = self.place_of(id.into()) {
                        assert!(self.model.reader(place).has_left, "{place} has not left");
                    }
                }
                Event::Admitted(_) => unreachable!("nobody waits for an order"),
                // Two empty lines may happen to ask for it. This shell draws no keys.
                Event::KeyWanted(_) => {}
                Event::Replaced { .. } => unreachable!("nobody comes back"),
            }
        }
    }

    fn place_of(&self, reader: ReaderId) -> Option<usize> {
        self.peers.iter().find(|(_, peer)| peer.reader == reader).map(|(place, _)| *place)
    }

    /// How much of a member is wanted.
    pub(super) fn budget(&mut self, place: usize) -> usize {
        let peer = self.peers.get_mut(&place).unwrap();
        let Some(id) = peer.id else { return 0 };
        let budget = self.server.budget(self.now, id);
        if budget == 0 {
            peer.was_refused = true;
            self.model.refuse(place);
        }
        budget
    }

    /// Time passes, and the room is ticked whenever it wants that.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.tick_at.filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.tick();
            if !self.choices.once_in(8) {
                self.listen();
            }
        }
        self.now = end;
    }

    pub(super) fn tick(&mut self) {
        self.tick_at = None;
        let said = self.model.end();
        self.tell(|server, now| server.tick(now));
        let due = self.model.tick(self.now);
        let before = self.asked.len();
        self.look_at_gate();
        self.grew(said, false);
        self.look();
        let mut asked: Vec<usize> = self.asked.iter().skip(before).copied().collect();
        asked.sort_unstable();
        assert_eq!(asked, due, "those that are to be listened to");
    }

    /// Reads from those that are to be listened to, as far as that is wanted.
    pub(super) fn listen(&mut self) {
        for _ in 0..self.asked.len() {
            let Some(place) = self.asked.pop_front() else { return };
            if !self.peers.contains_key(&place) {
                continue;
            }
            if self.budget(place) == 0 && self.heeds_budgets {
                let is_asked = self.model.speaker(place).is_asked;
                self.asked.extend(is_asked.then_some(place));
            } else if self.choices.once_in(3) {
                let bytes = self.peers[&place].talk.bytes(&mut self.choices);
                self.receive(place, &bytes);
            } else {
                self.hear_nothing(place);
            }
        }
    }

    fn hear_nothing(&mut self, place: usize) {
        let Some(id) = self.peers[&place].id else { return };
        let said = self.model.end();
        self.tell(|server, now| server.quiet(now, id));
        let departs = self.model.quiet(self.now, place);
        self.grew(said, !self.heeds_budgets || departs);
        self.look();
    }
}
