//! What a client with a session says of its own accord, and what it knows.

use chat_core::{Line, Lines, Wishes};

use super::scripted::{GREETING, KEY, Scripted};

/// A command is a whole line: nothing else is one, and nothing of one that is too long is said.
#[test]
fn lines_that_are_too_long() {
    const MOST: usize = chat_core::MAX_LINE;
    let long = |begin: &str, end: &str| format!("{begin}{}{end}\n", "x".repeat(MOST - begin.len()));
    for (typed, sent) in [
        (long("안녕 ", "/who"), [long("안녕 ", "").as_str(), "//who\n"].concat()),
        (long("/msg a ", "나의 비밀"), long("/msg a ", "")),
        (long("/got ", "/bye"), ["/", &long("/got ", "")[..], "//bye\n"].concat()),
        (long("//who ", "끝"), [&long("//who ", "")[..], "끝\n"].concat()),
    ] {
        let mut scripted = Scripted::begun();
        for chunk in typed.as_bytes().chunks(5_000) {
            scripted.client.type_in(chunk);
        }
        let sends = scripted.sends();
        assert!(sends == sent, "{:?} … {:?}", &sends[..20], &sends[sends.len() - 20..]);
        scripted.receive(&format!("> /heard {}\n", sends.len()));
        scripted.client.type_in(b"/who\n");
        assert_eq!(scripted.sends(), "/who\n", "the next one is what it is");
    }
}

/// Whoever leaves is sure that all was heard, and sends nothing after its goodbye.
#[test]
fn a_goodbye_is_the_last_word() {
    let mut scripted = Scripted::begun();
    scripted.client.type_in("하나\n둘".as_bytes());
    scripted.client.end_of_input();
    assert_eq!(scripted.sends(), "하나\n둘\n");
    for heard in ["", "> /heard 7\n", "> /heard 10\n"] {
        scripted.receive(heard);
        assert_eq!(scripted.sends(), "");
        assert!(!scripted.client.is_all_sent(scripted.now));
    }
    scripted.receive("> /heard 11\n");
    assert!(!scripted.client.is_all_sent(scripted.now));
    assert_eq!(scripted.sends(), "/bye\n");
    assert!(scripted.client.is_all_sent(scripted.now));
    scripted.receive("[a] 안녕히 가세요\n");
    assert_eq!(scripted.client.next_tick(), None);
    scripted.pass_millis(10_000);
    assert_eq!(scripted.sends(), "");
    assert!(scripted.client.is_all_sent(scripted.now));
}

#[test]
fn a_removed_one_knows_it() {
    for (line, is_removed) in [
        ("> Host removed you (그만)", true),
        ("> Host removed you", true),
        ("> Host removed you2 (그만)", false),
        ("[a] > Host removed you (그만)", false),
    ] {
        let mut scripted = Scripted::begun();
        scripted.receive(&format!("{line}\n"));
        assert_eq!(scripted.client.is_removed(), is_removed, "{line}");
    }
}

/// A name of the user's own choice is not changed for another.
#[test]
fn only_a_name_that_was_wished_for_is_settled_by_the_client() {
    let wish = |name: &str| Wishes { name: Some(name.to_owned()), ..Wishes::default() };
    let begin = |name: &str| {
        let mut scripted = Scripted::with(wish(name));
        scripted.receive(GREETING);
        scripted.sends();
        scripted.receive(&format!("> /session {KEY} 192.0.2.1:1\n"));
        scripted
    };
    let mut scripted = begin("지민");
    assert_eq!(scripted.sends(), "/name 지민\n");
    scripted.receive("> The name 지민 is taken; 지민2 is free\n");
    assert_eq!(scripted.sends(), "/name 지민2\n");
    scripted.client.type_in("/nick 민수\n".as_bytes());
    assert_eq!(scripted.sends(), "/nick 민수\n");
    scripted.receive("> The name 민수 is taken; 민수2 is free\n");
    assert_eq!(scripted.sends(), "");
    assert_eq!(scripted.client.own_name(), Some("192.0.2.1:1"));
    scripted.receive("> The user 192.0.2.1:1 is now 지민2\n> The user 192.0.2.2:1 is now 민수2\n");
    assert_eq!(scripted.client.own_name(), Some("지민2"));

    // It says nothing else, whatever it is.
    assert_eq!(begin("a\nb\u{1b}").sends(), "/name a␊b␛\n");
    assert_eq!(begin(&"가".repeat(1_000)).sends(), format!("/name {}\n", "가".repeat(85)));
    // A room that always offers another is not asked for ever.
    let mut scripted = begin("a");
    scripted.sends();
    let offers = (0..100).filter(|number| {
        scripted.receive(&format!("> The name a is taken; a{number} is free\n"));
        !scripted.sends().is_empty()
    });
    assert_eq!(offers.count(), 4);
}

#[test]
fn what_was_earlier_is_known_over_a_cut() {
    let mut scripted = Scripted::begun();
    scripted.receive("> 3 earlier messages, 14:02 to 14:05:\n[a] 하나\n[a] 둘\n");
    scripted.client.type_in("안녕\n".as_bytes());
    scripted.sends();
    let mut scripted = scripted.reconnect();
    scripted.receive("> /resumed 0\n[a] 셋\n> That was earlier\n[a] 넷\n");
    let lines = scripted.client.take_lines(Lines::default());
    let earlier: Vec<String> =
        lines.iter().filter(|shown| shown.is_earlier).map(|shown| shown.line.to_string()).collect();
    assert_eq!(earlier, ["[a] 하나", "[a] 둘", "[a] 셋"]);
    assert!(lines.iter().any(|shown| shown.line == Line::Own("안녕")));
    // A new room has a history of its own.
    scripted.receive("> 3 earlier messages, 14:02 to 14:05:\n[a] 하나\n");
    let mut scripted = scripted.reconnect();
    scripted.receive(&format!("{GREETING}[a] 둘\n"));
    let lines = scripted.client.take_lines(Lines::default());
    assert_eq!(lines.iter().filter(|shown| shown.is_earlier).count(), 1);
}

/// It is told within 5 s of a line, and at once of many that are for it alone.
#[test]
fn what_was_got_is_acknowledged() {
    let mut scripted = Scripted::begun();
    scripted.pass_millis(60_000);
    assert_eq!(scripted.sends(), "", "there is nothing to acknowledge");
    scripted.receive("[a] 하나\n[a] 둘\n> /heard 0\n");
    scripted.pass_millis(3_999);
    assert_eq!(scripted.sends(), "");
    scripted.receive("[a] 셋\n[a] 넷");
    scripted.pass_millis(1);
    assert_eq!(scripted.sends(), "/got 3\n");
    scripted.receive("\n");
    scripted.pass_millis(4_000);
    assert_eq!(scripted.sends(), "/got 4\n");
    let text = "x".repeat(1_000);
    for (line, is_own) in [
        (format!("> {text}\n"), true),
        (format!("[a -> you] {text}\n"), true),
        (format!("[you -> a] {text}\n"), true),
        (format!("[a] {text}\n"), false),
        (format!("[a] {text} -> \n"), false),
        (format!("< {text}\n"), false),
    ] {
        let mut scripted = Scripted::begun();
        for count in 1..=10 {
            scripted.receive(&line);
            let acknowledged =
                if is_own && count % 5 == 0 { format!("/got {count}\n") } else { String::new() };
            assert_eq!(scripted.sends(), acknowledged, "{count} of {}", &line[..20]);
        }
    }
}

/// The room may say something that it does not count, or that stands for many lines.
#[test]
fn a_line_counts_as_many_as_it_is_said() {
    for (received, got) in [
        ("> /counts 0\n> a\n", 1),
        ("> /counts 0\n> a\n[b] c\n", 2),
        ("> /counts 12\n> /heard 0\n> a\n[b] c\n", 14),
        ("> /counts 3\n> /counts 5\n> a\n", 6),
        ("> /counts\n> /counts x\n> /counts -1\n> /counts 1 1\n> a\n", 2),
        ("> /counts 18446744073709551615\n> a\n[b] c\n", u64::MAX),
    ] {
        for end in 0..received.len() {
            let mut scripted = Scripted::begun();
            scripted.receive("[a] b\n");
            scripted.receive(&received[..end]);
            scripted.receive(&received[end..]);
            let mut scripted = scripted.reconnect();
            scripted.receive(GREETING);
            assert_eq!(scripted.sends(), format!("/resume {KEY} {got}\n"), "{received}");
        }
    }
}

/// What was said so of a line that did not come is not true of the next one on another connection.
#[test]
fn a_count_is_that_of_one_connection() {
    let mut scripted = Scripted::begun();
    scripted.receive("[a] b\n> /counts 7\n> c");
    let mut scripted = scripted.reconnect();
    scripted.receive("> /resumed 0\n> c\n");
    assert_eq!(scripted.sends(), format!("/resume {KEY} 1\n"));
    let mut scripted = scripted.reconnect();
    scripted.receive(GREETING);
    assert_eq!(scripted.sends(), format!("/resume {KEY} 2\n"));
}
