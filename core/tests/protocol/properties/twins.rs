//! The room beside its naive twin: any order of calls gives the same bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use chat_core::{Instant, Limits, MIN_LINE, MemberId, Room};
use proptest::collection::vec;
use proptest::prelude::*;

use super::config;
use crate::model::{CONSOLE, Model};
use crate::world::bytes;

/// A room so small that a few messages fill its backlog.
fn tiny() -> Limits {
    let limits = Limits { max_line: MIN_LINE, ..Limits::default() };
    Limits { backlog: limits.least_backlog(), ..limits }
}

/// Something that happens. Places are taken modulo those that there are.
#[derive(Clone, Debug)]
enum Event {
    Join,
    Receive(usize, String),
    Silence,
    EndOfInput(usize),
    Leave(usize),
    /// The socket of a reader takes this share (of 256) of what it is lent.
    Read(usize, u8),
    ReadAll(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let text = prop_oneof![
        6 => "[a-z가-힣]{1,4}\n",
        2 => "[a-z]{1,5}",
        1 => "\n{1,2}",
        1 => "([a-z]{1,9}\n){1,20}",
    ];
    let event = prop_oneof![
        2 => Just(Event::Join),
        12 => (any::<usize>(), text).prop_map(|(place, text)| Event::Receive(place, text)),
        1 => Just(Event::Silence),
        1 => any::<usize>().prop_map(Event::EndOfInput),
        1 => any::<usize>().prop_map(Event::Leave),
        6 => (any::<usize>(), any::<u8>()).prop_map(|(place, share)| Event::Read(place, share)),
        3 => any::<usize>().prop_map(Event::ReadAll),
    ];
    vec(event, 1..200)
}

/// A room and its naive twin, which are told the same.
struct Twins {
    room: Room,
    model: Model,
    now: Instant,
    ids: BTreeMap<usize, MemberId>,
    joined: usize,
}

impl Twins {
    fn new() -> Self {
        // The naive twin never waits, so the room does not wait for long either.
        let limits = Limits { grace: Duration::ZERO, ..tiny() };
        Self {
            model: Model::new(limits.max_line, limits.backlog),
            room: Room::new(limits),
            now: Instant::default(),
            ids: BTreeMap::new(),
            joined: 0,
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Join => self.join(),
            Event::Silence => self.silence(),
            Event::Receive(place, ref text) => {
                if let Some((place, id)) = self.member(place)
                    && !self.model.readers[&place].has_left
                {
                    self.now = self.now + Duration::from_micros(1);
                    self.room.receive(self.now, id, text.as_bytes());
                    self.model.receive(place, text);
                }
            }
            Event::EndOfInput(place) => {
                if let Some((place, id)) = self.member(place) {
                    self.room.end_of_input(self.now, id);
                    self.model.end_of_input(place);
                }
            }
            Event::Leave(place) => {
                if let Some((place, id)) = self.member(place) {
                    self.room.leave(self.now, id);
                    self.model.leave(place);
                    self.ids.remove(&place);
                }
            }
            Event::Read(place, share) => {
                let place = self.reader(place);
                self.read(place, share);
            }
            Event::ReadAll(place) => {
                let place = self.reader(place);
                while self.read(place, u8::MAX) {}
            }
        }
        assert_eq!(self.room.users(), self.model.users);
    }

    fn join(&mut self) {
        let addr = format!("127.0.0.1:{}", 40_000 + self.joined);
        let id = self.room.join(self.now, addr.parse().unwrap()).unwrap();
        self.model.join(self.joined, &addr);
        self.ids.insert(self.joined, id);
        self.joined += 1;
    }

    /// A silence of everybody.
    fn silence(&mut self) {
        let end = self.now + Duration::from_secs(2);
        while let Some(at) = self.room.next_tick().filter(|&at| at <= end) {
            self.room.tick(at);
        }
        self.now = end;
        self.model.silence();
    }

    fn member(&self, place: usize) -> Option<(usize, MemberId)> {
        let count = self.ids.len();
        self.ids.iter().nth(place.checked_rem(count)?).map(|(&place, &id)| (place, id))
    }

    fn reader(&self, place: usize) -> usize {
        let count = self.ids.len() + 1;
        self.ids.keys().copied().chain([CONSOLE]).nth(place % count).unwrap()
    }

    /// Lends a reader what it has pending; gives whether that was anything.
    fn read(&mut self, place: usize, share: u8) -> bool {
        let mut expected = self.model.pending(place);
        if self.model.readers[&place].is_unframed
            && expected == b"\n"
            && !self.model.is_greeting_only(place, 1)
        {
            // It would be a write of its own: such a newline is never sent.
            self.model.sent(place, 1);
            expected = self.model.pending(place);
        }
        let id = self.ids.get(&place);
        let lent = bytes(&match id {
            Some(&id) => self.room.transmit(id),
            None => self.room.console(),
        });
        let takes = lent.len() * (usize::from(share) + 1) / 256;

        let mut withheld = 0;
        if self.model.readers[&place].is_unframed
            && expected.get(lent.len()) == Some(&b'\n')
            && !self.model.is_greeting_only(place, lent.len() + 1)
        {
            withheld = 1;
        }
        assert!(
            expected.starts_with(&lent),
            "lent {:?}\nof {:?}",
            String::from_utf8_lossy(&lent),
            String::from_utf8_lossy(&expected)
        );
        assert_eq!(lent.is_empty(), expected.len() == withheld, "{expected:?}");
        if self.model.readers[&place].is_unframed && withheld == 0 {
            assert!(
                !lent.ends_with(b"\n") || self.model.is_greeting_only(place, lent.len()),
                "a newline at the end of a write: {lent:?}"
            );
        }
        match id {
            // What is not sent is not told, either.
            _ if takes == 0 => {}
            Some(&id) => self.room.sent(id, takes),
            None => self.room.console_sent(takes),
        }
        self.model.sent(place, takes + if takes == lent.len() { withheld } else { 0 });
        if let Some(&id) = id {
            assert_eq!(self.room.is_finished(id), self.model.is_finished(place));
        }
        takes > 0
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_room_agrees_with_its_naive_twin(events in events()) {
        let mut twins = Twins::new();
        for event in &events {
            twins.happen(event);
        }
        for place in twins.ids.keys().copied().chain([CONSOLE]).collect::<Vec<_>>() {
            while twins.read(place, u8::MAX) {}
        }
    }
}
