//! What holds for any input and any order of calls.

use std::collections::BTreeMap;
use std::time::Duration;

use chat_core::{Instant, Limits, MIN_LINE, MemberId, Room};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::{CONSOLE, Model};
use crate::world::{ANN, World, bytes};

/// As many cases as take a few seconds; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(400),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A room so small that a few messages fill its backlog.
fn tiny() -> Limits {
    let limits = Limits { max_line: MIN_LINE, ..Limits::default() };
    Limits { backlog: limits.least_backlog(), ..limits }
}

/// Bytes as an unfriendly peer would choose them: pieces of everything that is treated specially.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z ]{1,20}".prop_map(String::into_bytes),
        3 => "[가-힣ㄱ-ㅎ]{1,9}".prop_map(String::into_bytes),
        1 => "(\u{1112}\u{1161}\u{11ab}|e\u{301}{1,12}|👩\u{200d}🚀|🇰🇷){1,4}".prop_map(String::into_bytes),
        3 => prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("\r\r\n"), Just("\n\n")]
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => "[\u{0}-\u{9f}\u{200e}\u{202e}\u{2028}]{1,3}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 1..5),
        1 => prop_oneof![Just(b"\xed\x95".to_vec()), Just(b"\xf0\x9f\x98".to_vec()), Just(b"\xe2".to_vec())],
    ];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// What a room makes of a member's bytes that come in chunks of these sizes, over and over.
fn said(bytes: &[u8], sizes: &[usize], ends_with_silence: bool) -> String {
    let mut world = World::with(Limits { max_line: MIN_LINE, ..Limits::default() });
    let ann = world.join_quietly(ANN);
    world.console();
    let mut rest = bytes;
    for &size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        world.receive(ann, chunk);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    if ends_with_silence {
        world.pass_millis(100);
    } else {
        world.end_of_input(ann);
    }
    world.console()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_chunks_give_the_same_output(
        bytes in hostile_bytes(),
        sizes in vec(1_usize..40, 1..10),
        ends_with_silence: bool,
    ) {
        let whole = said(&bytes, &[usize::MAX], ends_with_silence);
        prop_assert_eq!(&said(&bytes, &sizes, ends_with_silence), &whole);
        prop_assert_eq!(&said(&bytes, &[1], ends_with_silence), &whole);
    }

    #[test]
    fn nothing_but_clean_short_lines_comes_out(bytes in hostile_bytes(), silence: bool) {
        let label = format!("[{ANN}] ");
        for line in said(&bytes, &[usize::MAX], silence).lines() {
            if let Some(text) = line.strip_prefix(&label) {
                prop_assert!((1..=MIN_LINE).contains(&text.len()), "{:?}", text);
            } else {
                prop_assert_eq!(line, format!("< The user {ANN} left (0 user online)"));
            }
            let is_hostile = |c: char| {
                (c.is_control() && c != '\t')
                    || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
            };
            prop_assert!(!line.contains(is_hostile), "{:?}", line);
        }
    }

    #[test]
    fn text_is_relayed_whole(text in "[a-z가-힣ㄱ-ㅎ👩\u{200d}🚀\u{301} ]{1,200}") {
        let relayed = said(format!("{text}\n").as_bytes(), &[7], true);
        let label = format!("[{ANN}] ");
        let texts: String = relayed.lines().filter_map(|line| line.strip_prefix(&label)).collect();
        prop_assert_eq!(texts, text);
    }
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

/// What a flood of members does that read and write at their own speeds.
#[derive(Clone, Debug)]
enum Step {
    /// A member says lines of this length until its budget or this number of bytes is used up.
    Flood { member: usize, length: usize, bytes: usize },
    /// A reader takes so many bytes.
    Read { reader: usize, bytes: usize },
    /// Milliseconds pass.
    Pass(u64),
}

const CROWD: usize = 4;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..CROWD, 0_usize..30, 1_usize..20_000)
            .prop_map(|(member, length, bytes)| Step::Flood { member, length, bytes }),
        6 => (0..=CROWD, prop_oneof![1_usize..100, 1_usize..20_000])
            .prop_map(|(reader, bytes)| Step::Read { reader, bytes }),
        2 => (1_u64..400).prop_map(Step::Pass),
    ];
    vec(step, 1..200)
}

/// A reader and what is known of it from outside.
struct Watched {
    /// `None` for the console.
    id: Option<MemberId>,
    /// Bytes of the log that it may still have to get, at the most.
    behind: u64,
    /// Since when it has been far behind without catching up.
    far_behind_since: Option<Instant>,
}

impl Watched {
    /// Takes up to `limit` bytes of what it is lent.
    fn read(&mut self, world: &mut World, limit: usize) -> String {
        let mut lent = self.lent(world);
        lent.truncate(limit);
        match self.id {
            Some(id) => world.room.sent(id, lent.len()),
            None => world.room.console_sent(lent.len()),
        }
        self.behind -= self.behind.min(lent.len() as u64);
        String::from_utf8_lossy(&lent).into_owned()
    }

    fn lent(&self, world: &mut World) -> Vec<u8> {
        match self.id {
            Some(id) => bytes(&world.room.transmit(id)),
            None => bytes(&world.room.console()),
        }
    }
}

proptest! {
    #![proptest_config(config())]

    /// While budgets are heeded, a message is missed only by one that the room has waited for as
    /// long as it does; and the room does not wait longer than it says.
    #[test]
    fn only_one_that_was_given_up_misses_anything(steps in steps()) {
        let limits = Limits { max_line: 64, backlog: 8 * 1024, ..Limits::default() };
        let mut world = World::with(limits.clone());
        let ids: Vec<MemberId> =
            (0..CROWD).map(|port| world.join(&format!("127.0.0.1:{}", 40_000 + port))).collect();
        ids.iter().for_each(|&id| drop(world.hear(id)));
        world.console();
        let mut readers: Vec<Watched> = ids.iter().map(|&id| Some(id)).chain([None])
            .map(|id| Watched { id, behind: 0, far_behind_since: None })
            .collect();
        let mut waiting_since = None;

        for step in steps {
            match step {
                Step::Pass(millis) => world.pass_millis(millis),
                Step::Flood { member, length, bytes } => {
                    let line = format!("{}\n", "x".repeat(length));
                    let flood = line.repeat(bytes / line.len() + 1);
                    let budget = world.room.input_budget(ids[member]);
                    let before = world.room.said();
                    world.receive(ids[member], &flood[..budget.min(bytes)]);
                    for reader in &mut readers {
                        reader.behind += world.room.said() - before;
                        // While the room waits for another, five eighths are far.
                        if reader.behind >= limits.backlog as u64 * 5 / 8 {
                            reader.far_behind_since.get_or_insert(world.now);
                        }
                    }
                }
                Step::Read { reader, bytes } => {
                    let reader = &mut readers[reader];
                    if reader.read(&mut world, bytes).contains("skipped") {
                        let since = reader.far_behind_since;
                        prop_assert!(since.is_some_and(|since| since + limits.grace <= world.now));
                    }
                    if reader.lent(&mut world).is_empty() {
                        reader.behind = 0;
                        reader.far_behind_since = None;
                    }
                }
            }
            if world.room.is_waiting() {
                let since = *waiting_since.get_or_insert(world.now);
                prop_assert!(since + limits.grace > world.now);
            } else {
                waiting_since = None;
                prop_assert!(ids.iter().all(|&id| world.room.input_budget(id) > 0));
            }
        }
    }
}
