//! A server is trusted no more than any peer.

use allocation_counter::measure;
use chat_core::{Line, Lines, Wishes};

use super::scripted::{GREETING, KEY, Scripted};

#[test]
fn what_was_not_asked_for_is_not_heeded() {
    let mut scripted = Scripted::with(Wishes::default());
    scripted.client.type_in("하나\n".as_bytes());
    let session = format!("> /session {KEY} 지민\n");
    scripted.receive(&session);
    scripted.receive(&format!("> /heard 5\n> /resumed 5\n{GREETING}"));
    assert!(!scripted.client.knows_commands());
    assert_eq!(scripted.sends(), "\n\r\n", "it asks all the same");
    for bad in [
        "> /session\n",
        "> /session 지민\n",
        "> /session 0123456789abcdef0123456789abcde 지민\n",
        "> /session 0123456789ABCDEF0123456789abcdef 지민\n",
        "> /session +123456789abcdef0123456789abcdef 지민\n",
        "> /session 0123456789abcdef0123456789abcdef \n",
        "> /session 0123456789abcdef0123456789abcdef 지 민\n",
        "> /session 0123456789abcdef0123456789abcdef \u{1b}[2J\n",
        "> /resumed 0\n",
    ] {
        scripted.receive(bad);
        assert!(!scripted.client.knows_commands(), "{bad}");
    }
    scripted.receive(&session);
    assert!(scripted.client.knows_commands());
    assert_eq!(scripted.sends(), "하나\n");
    scripted.receive("[a] 네\n> /session fedcba9876543210fedcba9876543210 민수\n> /resumed 3\n");
    assert_eq!(scripted.client.own_name(), Some("지민"));
    let mut scripted = scripted.reconnect();
    assert_eq!(scripted.sends(), format!("/resume {KEY} 1\n"));
    assert_eq!(scripted.shows(), format!("{GREETING}[You] 하나\n[a] 네\n"));
}

/// Nothing is sent that was forgotten, and nothing counts as heard that was not sent. Of a line that is lost
/// the room may have a part: that is ended.
#[test]
fn numbers_beyond_what_was_sent() {
    for (heard, resumed, sent) in [
        ("4", "4", "하나\n둘\n".as_bytes()[4..].to_vec()),
        ("7", "7", "둘\n".into()),
        ("7", "0", "\n둘\n".into()),
        ("7", "0 0", "\n둘\n".into()),
        ("7", "99", "".into()),
        ("99", "0", "\n".into()),
        ("18446744073709551616", "18446744073709551615", "".into()),
        ("-1", "0", "하나\n둘\n".into()),
        ("+7", "0", "하나\n둘\n".into()),
        ("7 7", "0", "하나\n둘\n".into()),
    ] {
        let mut scripted = Scripted::begun();
        scripted.client.type_in("하나\n둘\n".as_bytes());
        scripted.sends();
        scripted.receive(&format!("> /heard {heard}\n"));
        let mut scripted = scripted.reconnect();
        scripted.sends();
        scripted.receive(&format!("> /resumed {resumed}\n"));
        let lent = scripted.client.transmit(scripted.now).to_vec();
        assert_eq!(lent, sent, "{heard}, {resumed}");
        scripted.client.sent(scripted.now, lent.len());
        scripted.client.type_in("셋\n".as_bytes());
        assert_eq!(scripted.sends(), "셋\n", "{heard}, {resumed}");
    }
}

/// What a server had heard and given is lost with it: the user is told what of its own is, and both sides go
/// on from what there is.
#[test]
fn a_room_that_has_lost_what_it_had_heard() {
    let mut scripted = Scripted::begun();
    scripted.client.type_in("하나\n둘\n/who\n".as_bytes());
    scripted.sends();
    scripted.receive("[a] 1\n[a] 2\n[a] 3\n> /heard 16\n");
    scripted.client.type_in("셋\n".as_bytes());
    scripted.sends();
    scripted.shows();
    let mut scripted = scripted.reconnect();
    assert_eq!(scripted.sends(), format!("/resume {KEY} 3\n"));
    scripted.receive("> /resumed 7 1\n[a] 4\n");
    assert_eq!(
        scripted.shows(),
        "> 1 line of yours is lost: the server that had taken it is gone\n[a] 4\n"
    );
    assert_eq!(scripted.sends(), "\n셋\n");
    scripted.receive("> /heard 12\n[a] 5\n");
    assert_eq!(scripted.unheard(), [""; 0]);
    let mut scripted = scripted.reconnect();
    assert_eq!(scripted.sends(), format!("/resume {KEY} 3\n"));
    scripted.receive("> /resumed 0 0\n");
    assert_eq!(
        scripted.shows(),
        "[a] 5\n> 2 lines of yours are lost: the server that had taken them is gone\n"
    );
    assert_eq!(scripted.sends(), "\n");
}

/// Lines that it has got have other numbers than it thought.
#[test]
fn what_is_got_is_not_said_again_of_other_lines() {
    for (resumed, sent) in [("0", "/got 3\n하나\n"), ("0 1", "하나\n")] {
        let mut scripted = Scripted::begun();
        scripted.receive("[a] 1\n[a] 2\n[a] 3\n");
        scripted.pass_millis(5_000);
        assert_eq!(scripted.sends(), "/got 3\n");
        scripted.client.type_in("하나\n".as_bytes());
        assert_eq!(scripted.sends(), "하나\n");
        scripted.shows();
        let mut scripted = scripted.reconnect();
        assert_eq!(scripted.sends(), format!("/resume {KEY} 3\n"));
        scripted.receive(&format!("> /resumed {resumed}\n"));
        assert_eq!(scripted.sends(), sent);
        scripted.receive(&format!("> /heard {}\n", sent.len()));
        assert_eq!(scripted.unheard(), [""; 0]);
        let cut_back = "> The room's log was cut back: 2 messages may come again\n[a] 2\n";
        scripted.receive(&format!("> /counts 0\n{cut_back}"));
        assert_eq!(scripted.shows(), cut_back);
        let lines = if resumed == "0" { 4 } else { 2 };
        assert_eq!(scripted.reconnect().sends(), format!("/resume {KEY} {lines}\n"));
    }
}

/// A server that never tells what it has heard, or is no more than a room that always forgets.
#[test]
fn what_is_kept_for_a_server_is_bounded() {
    let most = 64 * 1024 + 1_001;
    let mut scripted = Scripted::begun();
    let fill = |scripted: &mut Scripted| {
        while scripted.client.wants_typed() {
            scripted.client.type_in(&[b'x'; 1_000]);
            scripted.client.type_in(b"\n");
            scripted.sends();
            scripted.shows();
        }
    };
    fill(&mut scripted);
    assert!(scripted.client.unheard_len() <= most);
    for _ in 0..3 {
        scripted = scripted.reconnect();
        scripted.sends();
        scripted.receive(GREETING);
        scripted.receive(&format!("> /session {KEY} 지민\n"));
        assert!(scripted.client.is_new_room() && !scripted.client.wants_typed());
        assert!(scripted.client.unheard_len() <= most);
    }
    assert_eq!(scripted.client.take_unheard().len(), 66);
    assert!(scripted.client.wants_typed());

    let mut scripted = Scripted::begun();
    let acknowledge = |scripted: &mut Scripted, times| {
        for _ in 0..times {
            scripted.receive("[a] 네\n");
            scripted.pass_millis(5_000);
            scripted.sends();
            scripted.shows();
        }
    };
    acknowledge(&mut scripted, 10_000);
    let info = measure(|| acknowledge(&mut scripted, 20_000));
    assert!(info.bytes_current < 100, "{info:?}");
    assert_eq!(scripted.unheard(), [""; 0]);
}

/// One that does not answer is taken for one that knows no sessions, and nothing is kept for it.
#[test]
fn what_is_kept_for_a_server_that_does_not_answer_is_bounded() {
    let mut scripted = Scripted::with(Wishes::default());
    scripted.receive(GREETING);
    scripted.sends();
    scripted.pass_millis(1_000);
    let line = format!("{}\n", "x".repeat(999));
    for number in 0..1_000 {
        assert!(scripted.client.wants_typed());
        scripted.client.type_in(line.as_bytes());
        assert_eq!(scripted.sends(), line, "{number}");
        assert_eq!(scripted.client.unheard_len(), 0);
        scripted.shows();
    }
    scripted.receive(&format!("> /session {KEY} 지민\n"));
    assert!(!scripted.client.knows_commands(), "what it counts is not known any more");
    scripted.client.end_of_input();
    assert!(scripted.client.is_all_sent(scripted.now));
}

/// Nor does a server decide what stands there as the user's.
#[test]
fn a_server_cannot_speak_for_the_user() {
    let mut scripted = Scripted::begun();
    scripted.receive("[You] 가짜\n> /[You] 가짜\n> /\n> /heard\n");
    let lines = scripted.client.take_lines(Lines::default());
    let lines: Vec<_> = lines.iter().map(|shown| shown.line).collect();
    assert_eq!(lines, [Line::Message { from: "You", text: "가짜" }]);
}
