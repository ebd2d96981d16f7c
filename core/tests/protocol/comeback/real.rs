//! Both ends together: the client, and the server that keeps its session.

use std::time::Duration;

use chat_core::{Event, MemberId, Wishes};
use proptest::collection::vec;
use proptest::prelude::*;

use super::cuts::cut;
use super::link::{Cut, Link, Room, UNCUT};
use crate::properties::config;
use crate::world::{BEN, CAT, World};

const GREETING: &str = "> Connected to the chat server (";

/// A room with two others, and a member that comes back.
struct Real {
    world: World,
    ben: MemberId,
    cat: MemberId,
    /// The connection, and whether it has been waited for.
    id: Option<MemberId>,
    has_waited: bool,
    /// Whether the room learns that a connection has ended before there is another.
    notices: bool,
    /// What ben has heard.
    heard: String,
    port: u16,
}

impl Real {
    fn new(notices: bool) -> Self {
        let mut world = World::new();
        let [ben, cat] = [BEN, CAT].map(|addr| world.join_quietly(addr));
        world.receive(cat, "/name 지민\n");
        world.receive(ben, "/name 민수\n옛날\n");
        world.hear(ben);
        let (id, heard) = (None, String::new());
        let mut real = Self { world, ben, cat, id, has_waited: false, notices, heard, port: 1_000 };
        real.accept();
        real
    }

    fn ben_says(&mut self, text: &str) {
        self.world.receive(self.ben, text);
        self.listen();
    }

    fn listen(&mut self) {
        self.heard += &self.world.hear(self.ben);
        self.world.hear(self.cat);
    }

    /// The connection goes on as another member.
    fn follow(&mut self) {
        for event in self.world.events.drain(..) {
            match event {
                Event::Replaced { connection, member } if self.id == Some(connection) => {
                    self.id = Some(member);
                }
                _ => {}
            }
        }
    }
}

impl Room for Real {
    fn accept(&mut self) {
        if let Some(id) = self.id.filter(|_| self.notices) {
            self.world.leave(id);
        }
        self.port += 1;
        self.id = Some(self.world.join(&format!("192.0.2.1:{}", self.port)));
        self.has_waited = false;
    }

    fn receive(&mut self, bytes: &[u8]) {
        if let Some(id) = self.id
            && !bytes.is_empty()
        {
            self.world.receive(id, bytes);
            self.follow();
        }
    }

    fn wait(&mut self) {
        // Whoever says nothing is greeted; a command waits for those of others.
        self.world.pass_millis(if self.has_waited { 2 } else { 310 });
        self.has_waited = true;
        self.follow();
        self.listen();
    }

    fn take_out(&mut self) -> Vec<u8> {
        let Some(id) = self.id else { return Vec::new() };
        self.world.raw_writes(id).concat()
    }
}

/// What there is to compare.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// What others said, to all and to the user alone; what the user said.
    messages: Vec<String>,
    own: Vec<String>,
    earlier: Vec<String>,
    /// All other lines that do not tell how many are online, in any order: it is the room's that
    /// answers, and a cut may move that to another place.
    others: Vec<String>,
    /// What the others heard of the user.
    heard: Vec<String>,
    name: Option<String>,
}

fn converse(real: Real, own_when_heard: bool, chunk: usize, cuts: &[Cut]) -> (Told, Link<Real>) {
    let wishes = Wishes { name: Some("지민".to_owned()), history: 20, own_when_heard };
    let mut link = Link::new(real, wishes, chunk, cuts);
    let ben_says = |link: &mut Link<Real>, text| {
        link.room.ben_says(text);
        link.pump();
    };
    ben_says(&mut link, "하나\n/msg 지민2 비밀\n");
    link.type_in("나도 하나\n/who 민\n//who\n/msg 민수 나의 비밀\n/etc/passwd\n");
    ben_says(&mut link, "둘\n");
    link.say("/kick 민수\n//help\n//x");
    link.type_in("나도 ");
    link.pass(Duration::from_secs(5));
    ben_says(&mut link, "/msg 지민2 또 하나\n셋\n");
    link.type_in("둘\n/got 7\n/name\n/r 나의 또 하나\n/kick 민수\n");
    link.pass(Duration::from_secs(5));
    ben_says(&mut link, "넷\n");
    link.type_in("끝");
    link.end_of_input();
    link.pass(Duration::from_secs(5));
    assert!(link.is_all_sent());
    link.room.listen();

    let (messages, mut others): (Vec<String>, Vec<String>) =
        link.shown.iter().cloned().partition(|line| line.starts_with("[민수"));
    // A connection that ends before the session has begun may end inside the greeting.
    let is_greeting = |line: &str| line.starts_with(GREETING) || GREETING.starts_with(line);
    others.retain(|line| !line.contains(" online") && !is_greeting(line));
    others.sort();
    let is_ours = |line: &&str| line.starts_with("[지민2") || line.starts_with("[192.0.2.1:");
    let heard = link.room.heard.lines().filter(is_ours).map(str::to_owned).collect();
    let told = Told {
        messages,
        own: link.own.clone(),
        earlier: link.earlier.clone(),
        others,
        heard,
        name: link.client.own_name().map(str::to_owned),
    };
    (told, link)
}

#[test]
fn a_conversation_without_a_cut() {
    let (told, link) = converse(Real::new(false), false, usize::MAX, &[]);
    assert_eq!(link.reconnections, 0);
    assert_eq!(
        told,
        Told {
            messages: [
                "[민수] 하나",
                "[민수 -> you] 비밀",
                "[민수] 둘",
                "[민수 -> you] 또 하나",
                "[민수] 셋",
                "[민수] 넷",
            ]
            .map(str::to_owned)
            .into(),
            own: [
                "나도 하나",
                "/who",
                "/etc/passwd",
                "/kick 민수",
                "//help",
                "//x",
                "나도 둘",
                "/got 7",
                "끝",
            ]
            .map(str::to_owned)
            .into(),
            earlier: vec!["[민수] 옛날".to_owned()],
            others: [
                "> 1 earlier message:",
                "> Only the host can do that: /kick",
                "> That was earlier",
                "> The name 지민 is taken; 지민2 is free",
                "> The user 192.0.2.1:1001 is now 지민2",
                "> You are 지민2 (192.0.2.1:1001)",
                "[you -> 민수] 나의 또 하나",
                "[you -> 민수] 나의 비밀",
            ]
            .map(str::to_owned)
            .into(),
            heard: [
                "[지민2] 나도 하나",
                "[지민2] /who",
                "[지민2 -> you] 나의 비밀",
                "[지민2] /etc/passwd",
                "[지민2] /kick 민수",
                "[지민2] //help",
                "[지민2] //x",
                "[지민2] 나도 둘",
                "[지민2] /got 7",
                "[지민2 -> you] 나의 또 하나",
                "[지민2] 끝",
            ]
            .map(str::to_owned)
            .into(),
            name: Some("지민2".to_owned()),
        }
    );
    let mut room = link.room;
    // The client's sending side is closed: nobody is waited for.
    room.world.end_of_input(room.id.unwrap());
    room.ben_says("/msg 지민2 아직 있어요?\n");
    assert!(room.heard.ends_with("> There is no 지민2 here\n"), "it said goodbye: {}", room.heard);
}

/// What a cut may not change. A connection that ends before the session has begun leaves a member behind
/// which nobody will come back as: it keeps its address.
fn assert_told(told: &Told, uncut: &Told, why: &str) {
    let without_address = |lines: &[String]| -> Vec<String> {
        lines.iter().map(|line| line.replace(|c: char| c.is_ascii_digit(), "0")).collect()
    };
    assert_eq!(told.messages, uncut.messages, "{why}");
    assert_eq!(told.own, uncut.own, "{why}");
    assert_eq!(told.earlier, uncut.earlier, "{why}");
    assert_eq!(without_address(&told.others), without_address(&uncut.others), "{why}");
    assert_eq!(told.heard, uncut.heard, "{why}");
    assert_eq!(told.name, uncut.name, "{why}");
}

#[test]
fn a_cut_at_every_byte_changes_nothing() {
    for own_when_heard in [false, true] {
        let (uncut, link) = converse(Real::new(false), own_when_heard, usize::MAX, &[]);
        let moved = link.moved;
        let downs = (0..=moved.down).map(|down| Cut { down, ..UNCUT });
        let ups = (0..=moved.up).map(|up| Cut { up, ..UNCUT });
        for cut in downs.chain(ups) {
            for (notices, chunk) in [(false, usize::MAX), (true, usize::MAX), (false, 1)] {
                let (told, _) = converse(Real::new(notices), own_when_heard, chunk, &[cut]);
                assert_told(&told, &uncut, &format!("{cut:?}, {notices}, {chunk}"));
            }
        }
        assert!(moved.down > 500 && moved.up > 150, "{moved:?}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn cuts_change_nothing(
        own_when_heard: bool,
        notices: bool,
        chunk in prop_oneof![1_usize..8, Just(usize::MAX)],
        cuts in vec(cut(), 0..20),
    ) {
        let (uncut, _) = converse(Real::new(false), own_when_heard, usize::MAX, &[]);
        let (told, _) = converse(Real::new(notices), own_when_heard, chunk, &cuts);
        assert_told(&told, &uncut, "");
    }
}
