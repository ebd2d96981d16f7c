//! A conversation whose connections are cut at every byte.

use std::time::Duration;

use chat_core::Wishes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::link::{Cut, Link, UNCUT};
use super::pretend::Pretend;
use crate::properties::config;

const GREETING: &str = "> Connected to the chat server (2 users online)";

/// What there is to compare of a conversation.
struct Told {
    shown: Vec<String>,
    own: Vec<String>,
    earlier: Vec<String>,
    heard: Vec<String>,
    name: Option<String>,
}

impl Told {
    /// Asserts that nothing else was told. What the name becomes is settled over the wire, so a cut may
    /// move that to another place.
    #[track_caller]
    fn assert_is(&self, uncut: &Self, why: &str) {
        let is_naming = |line: &&String| line.contains(" is now ") || line.starts_with("/name ");
        let first = |told: &[String], uncut: &[String]| {
            let [told, uncut] = [told, uncut].map(|lines| {
                let (naming, mut others): (Vec<_>, Vec<_>) = lines.iter().partition(is_naming);
                others.extend(naming);
                others
            });
            let length = told.len().max(uncut.len());
            let mut pairs =
                (0..length).map(|line| (told.get(line).copied(), uncut.get(line).copied()));
            pairs
                .find(|(told, uncut)| told != uncut)
                .map(|(told, uncut)| (told.cloned(), uncut.cloned()))
        };
        assert_eq!(first(&self.shown, &uncut.shown), None, "{why}");
        assert_eq!(first(&self.own, &uncut.own), None, "{why}");
        assert_eq!(first(&self.earlier, &uncut.earlier), None, "{why}");
        assert_eq!(first(&self.heard, &uncut.heard), None, "{why}");
        assert_eq!(self.name, uncut.name, "{why}");
    }
}

fn wishes(own_when_heard: bool) -> Wishes {
    Wishes { name: Some("지민".to_owned()), history: 20, own_when_heard }
}

/// A conversation in which everything happens that a session is for. Connections that end are made
/// again at once.
fn converse(own_when_heard: bool, chunk: usize, cuts: &[Cut]) -> (Told, Link<Pretend>) {
    // Where the wire is slow, so that it is cut into bytes, rooms hear late who comes.
    let mut link = Link::new(Pretend::new(chunk < 3), wishes(own_when_heard), chunk, cuts);
    let says = |link: &mut Link<Pretend>, line| {
        link.room.say(line);
        link.pump();
    };
    says(&mut link, "[192.0.2.7:1] 안녕하세요?");
    link.type_in("네 안녕하세요ㅋㅋ\n/who\n//who\n/etc/passwd\n");
    says(&mut link, "> New user 192.0.2.8:1 entered (3 users online)");
    link.say("/kick 민수\n//help\n//x");
    link.type_in("반");
    link.pass(Duration::from_secs(5));
    says(&mut link, "[민수 -> you] 비밀");
    link.type_in("쪽\n/got 7\n");
    link.type_in("/help\n");
    says(&mut link, "[192.0.2.7:1] > /session 0 x");
    says(&mut link, "< The user 192.0.2.8:1 left (2 users online)");
    link.pass(Duration::from_secs(5));
    link.type_in("끝");
    link.end_of_input();
    link.pass(Duration::from_secs(5));
    assert!(link.is_all_sent());
    let told = Told {
        shown: without_greetings(&link.shown),
        own: link.own.clone(),
        earlier: link.earlier.clone(),
        heard: link.room.heard.clone(),
        name: link.client.own_name().map(str::to_owned),
    };
    (told, link)
}

/// A connection that ends before there is a session, perhaps inside the greeting, is greeted again by
/// the next one.
fn without_greetings(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| !GREETING.starts_with(line.as_str())).cloned().collect()
}

#[test]
fn a_conversation_without_a_cut() {
    for own_when_heard in [false, true] {
        let (told, link) = converse(own_when_heard, usize::MAX, &[]);
        assert_eq!(link.reconnections, 0);
        assert_eq!(told.name.as_deref(), Some("지민2"));
        assert_eq!(told.earlier, ["[192.0.2.7:1] 옛날", "[192.0.2.7:1] > That was earlier"]);
        assert_eq!(
            told.own,
            [
                "네 안녕하세요ㅋㅋ",
                "/who",
                "/etc/passwd",
                "/kick 민수",
                "//help",
                "//x",
                "반쪽",
                "/got 7",
                "끝"
            ]
        );
        let heard = [
            "/name 지민",
            "/history 20",
            "/name 지민2",
            "네 안녕하세요ㅋㅋ",
            "/who",
            "//who",
            "/etc/passwd",
            "//kick 민수",
            "///help",
            "//x",
            "반쪽",
            "//got 7",
            "/help",
            "끝",
        ];
        assert_eq!(told.heard, heard);
        let help: Vec<String> = (0..3).map(|line| format!("> {line}")).collect();
        let shown = [
            &[
                "> The name 지민 is taken; 지민2 is free",
                "> 2 earlier messages, 14:02 to 14:05:",
                "> That was earlier",
                "> The user 192.0.2.1:45390 is now 지민2",
                "[192.0.2.7:1] 안녕하세요?",
                "> New user 192.0.2.8:1 entered (3 users online)",
                "[민수 -> you] 비밀",
            ],
            &help.iter().map(String::as_str).collect::<Vec<_>>()[..],
            &["[192.0.2.7:1] > /session 0 x", "< The user 192.0.2.8:1 left (2 users online)"],
        ];
        assert_eq!(told.shown, shown.concat());
        assert_eq!(link.room.got, told.shown.len() + told.earlier.len(), "all is acknowledged");
        assert!(link.room.is_closed() && !link.room.has_member(), "it said goodbye");
    }
}

#[test]
fn a_cut_at_every_byte_changes_nothing() {
    for own_when_heard in [false, true] {
        let (uncut, link) = converse(own_when_heard, usize::MAX, &[]);
        let moved = link.moved;
        let downs = (0..=moved.down).map(|down| Cut { down, ..UNCUT });
        let ups = (0..=moved.up).map(|up| Cut { up, ..UNCUT });
        for cut in downs.chain(ups) {
            for chunk in [usize::MAX, 1] {
                let (told, link) = converse(own_when_heard, chunk, &[cut]);
                told.assert_is(&uncut, &format!("{cut:?}, {chunk}"));
                assert!(link.unheard.is_empty());
            }
        }
        assert!(moved.down > 500 && moved.up > 150, "{moved:?}");
    }
}

/// One that comes back is cut off again, in the middle of coming back or later.
#[test]
fn a_cut_soon_after_another_changes_nothing() {
    let (uncut, link) = converse(false, usize::MAX, &[]);
    let moved = link.moved;
    for up in (0..=moved.up).step_by(3) {
        for again in (0..90).step_by(2) {
            for cut in [Cut { up: again, ..UNCUT }, Cut { down: again, ..UNCUT }] {
                let cuts = [Cut { up, ..UNCUT }, cut, cut];
                let (told, _) = converse(false, usize::MAX, &cuts);
                told.assert_is(&uncut, &format!("{cuts:?}"));
            }
        }
    }
}

pub(super) fn cut() -> impl Strategy<Value = Cut> {
    let bytes = || prop_oneof![4 => 0_usize..80, 4 => 0_usize..800, 1 => Just(usize::MAX)];
    (bytes(), bytes()).prop_map(|(down, up)| Cut { down, up })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn cuts_change_nothing(
        own_when_heard: bool,
        chunk in prop_oneof![1_usize..8, Just(usize::MAX)],
        cuts in vec(cut(), 0..20),
    ) {
        let (uncut, _) = converse(own_when_heard, usize::MAX, &[]);
        let (told, _) = converse(own_when_heard, chunk, &cuts);
        told.assert_is(&uncut, "");
    }
}
