//! Rooms that forget, turn away, or know nothing of sessions.

use chat_core::{Instant, Wishes};

use super::link::Link;
use super::pretend::Pretend;
use super::scripted::{GREETING, KEY, Scripted};

/// A server that was started again.
#[test]
fn a_room_that_has_forgotten_is_a_new_one() {
    let wishes = Wishes { name: Some("민수".to_owned()), ..Wishes::default() };
    let mut link = Link::new(Pretend::new(false), wishes, usize::MAX, &[]);
    link.type_in("하나\n/name 지민2\n");
    assert_eq!(link.client.own_name(), Some("지민2"));
    // The room stands still, then it is gone, and with it what was on the way.
    link.client.type_in("둘\n/msg 민수 비밀\n/got 3\n".as_bytes());
    link.client.say("/who");
    let lent = link.client.transmit(Instant::default()).to_vec();
    link.client.sent(Instant::default(), lent.len());
    link.client.type_in("셋\n\n반".as_bytes());
    assert!(!link.client.is_new_room());
    link.room.restart();
    link.reconnect();
    link.pump();
    assert!(link.client.is_new_room());
    let unheard = ["둘", "/msg 민수 비밀", "//got 3", "//who", "셋"];
    assert_eq!(link.unheard, unheard);
    assert_eq!(link.room.heard, ["/name 민수", "하나", "/name 지민2", "/name 지민2"]);
    assert_eq!(link.client.own_name(), Some("지민2"), "it is called as it was");
    assert_eq!(link.client.unheard().count(), 0);
    link.type_in("쪽\n");
    assert_eq!(link.room.heard.last().unwrap(), "반쪽", "which was not entered before");
    assert_eq!(link.client.take_unheard(), [""; 0]);
}

/// What was sent without a break to the old room is not shown as said, if it is to be shown once heard.
#[test]
fn what_a_room_did_not_hear_is_not_shown_as_heard() {
    let mut scripted = Scripted::with(Wishes { own_when_heard: true, ..Wishes::default() });
    scripted.receive(GREETING);
    scripted.sends();
    scripted.receive(&format!("> /session {KEY} 지민\n"));
    scripted.client.type_in("하나\n\n둘\n셋\n".as_bytes());
    assert_eq!(scripted.sends(), "하나\n둘\n셋\n");
    assert_eq!(scripted.shows(), GREETING);
    scripted.receive("> /heard 7\n[a] 네\n");
    assert_eq!(scripted.shows(), "[You] 하나\n[a] 네\n");
    assert_eq!(scripted.unheard(), ["둘", "셋"]);
    scripted.receive("> /heard 10\n");
    assert_eq!(scripted.shows(), "", "not the newline");
    let mut scripted = scripted.reconnect();
    scripted.receive("> /resumed 11\n");
    assert_eq!(scripted.shows(), "[You] 둘\n");
    let mut scripted = scripted.reconnect();
    scripted.receive(&format!("{GREETING}> /session {KEY} 지민\n"));
    assert_eq!(scripted.shows(), GREETING);
    assert_eq!(scripted.client.take_unheard(), ["셋"]);
}

/// That nothing was said is an answer to who has asked, not to whose program has.
#[test]
fn nothing_earlier_is_not_said_unasked() {
    for none in ["> Nothing was said earlier\n", "> No history is kept here\n"] {
        let mut scripted = Scripted::with(Wishes { history: 20, ..Wishes::default() });
        scripted.receive(GREETING);
        scripted.sends();
        scripted.receive(&format!("> /session {KEY} 지민\n"));
        assert_eq!(scripted.sends(), "/history 20\n");
        scripted.receive(&format!("[a] 네\n{none}[a] 아니오\n"));
        assert_eq!(scripted.shows(), format!("{GREETING}[a] 네\n[a] 아니오\n"));
        scripted.client.type_in("/history\n".as_bytes());
        scripted.receive(none);
        assert_eq!(scripted.shows(), none);
        let session = scripted.client.take_session().unwrap();
        let mut scripted = Scripted::resume(session);
        assert!(scripted.sends().ends_with(" 4\n"), "it was a line all the same");
    }
}

/// What tells it who has come back is late. It greets a newcomer, and then knows better.
#[test]
fn a_room_that_greets_too_soon() {
    let mut scripted = Scripted::begun();
    scripted.client.type_in("하나\n".as_bytes());
    scripted.sends();
    scripted.shows();
    let mut scripted = scripted.reconnect();
    scripted.receive(&format!("{GREETING}[a] 둘\n"));
    scripted.client.type_in("셋\n".as_bytes());
    assert_eq!(scripted.sends(), format!("/resume {KEY} 0\n"));
    scripted.pass_millis(9_999);
    assert_eq!(scripted.sends(), "");
    assert!(!scripted.client.is_new_room());
    scripted.receive("> /resumed 0\n[a] 둘\n[a] 넷\n");
    assert!(!scripted.client.is_new_room() && scripted.client.is_let_in());
    assert_eq!(scripted.sends(), "하나\n셋\n");
    assert_eq!(scripted.shows(), "[a] 둘\n[a] 넷\n[You] 셋\n", "what came too soon comes again");
}

/// It greets, and answers nothing.
#[test]
fn a_room_that_knew_sessions_once() {
    let mut scripted = Scripted::begun();
    scripted.client.type_in("하나\n".as_bytes());
    scripted.sends();
    scripted.shows();
    let mut scripted = scripted.reconnect();
    scripted.pass_millis(60_000);
    scripted.receive(&format!("{GREETING}[a] 둘\n"));
    scripted.sends();
    assert!(scripted.client.is_asking());
    scripted.pass_millis(10_000);
    assert_eq!(scripted.sends(), "");
    assert!(scripted.client.is_new_room() && !scripted.client.is_asking());
    assert_eq!(scripted.shows(), format!("{GREETING}[a] 둘\n"));
    assert_eq!(scripted.client.take_unheard(), ["하나"]);
    scripted.client.type_in("셋\n".as_bytes());
    assert_eq!(scripted.sends(), "셋\n");
}

#[test]
fn one_that_is_turned_away_comes_back_later() {
    for refusal in ["> The chat server is full (2 users online)\n", "> The room is locked\n"] {
        let mut scripted = Scripted::begun();
        scripted.receive("[a] 하나\n");
        scripted.client.type_in("둘\n".as_bytes());
        assert_eq!(scripted.sends(), "둘\n");
        assert_eq!(scripted.shows(), "[a] 하나\n[You] 둘\n");
        for _ in 0..3 {
            scripted = scripted.reconnect();
            assert_eq!(scripted.sends(), format!("/resume {KEY} 1\n"));
            scripted.receive(refusal);
            assert!(scripted.client.is_turned_away() && !scripted.client.is_new_room());
            assert_eq!(scripted.shows(), refusal);
            scripted.pass_millis(10_000);
            assert_eq!(scripted.sends(), "");
        }
        let mut scripted = scripted.reconnect();
        scripted.receive("> /resumed 0\n[a] 셋\n");
        assert!(scripted.client.is_let_in() && !scripted.client.is_new_room());
        assert_eq!(scripted.shows(), "[a] 셋\n");
        assert_eq!(scripted.sends(), format!("/resume {KEY} 1\n둘\n"));
        assert_eq!(scripted.shows(), "", "it was shown when it was sent first");
    }
}

/// It sends what it is sent by a client that asks for nothing.
#[test]
fn a_server_that_knows_no_sessions() {
    let wishes = Wishes { name: Some("지민".to_owned()), history: 20, own_when_heard: true };
    let mut scripted = Scripted::with(wishes);
    scripted.client.type_in("하나\n/who\n".as_bytes());
    assert!(scripted.client.is_asking());
    scripted.receive(GREETING);
    assert_eq!(scripted.sends(), "\n\r\n");
    scripted.pass_millis(299);
    assert_eq!(scripted.sends(), "");
    scripted.receive("[a] 네\n");
    assert!(scripted.client.is_asking());
    scripted.pass_millis(1);
    assert_eq!(scripted.sends(), "하나\n/who\n");
    assert!(!scripted.client.is_asking() && !scripted.client.knows_commands());
    assert_eq!(scripted.shows(), format!("{GREETING}[a] 네\n[You] 하나\n[You] /who\n"));
    scripted.client.type_in("\n둘\n".as_bytes());
    scripted.client.end_of_input();
    assert_eq!(scripted.sends(), "둘\n");
    assert!(scripted.client.is_all_sent(scripted.now), "nothing tells that it was heard");
    assert_eq!(scripted.shows(), "[You] \n[You] 둘\n");
    scripted.receive("없");
    scripted.client.end_of_stream();
    assert_eq!(scripted.shows(), "없\n", "nobody will say it again");
    let session = scripted.client.take_session().unwrap();
    assert_eq!(session.unheard().count(), 0);
    assert_eq!(session.own_name(), None);
}

/// The greeting shows how long an answer takes.
#[test]
fn a_server_that_is_far_away_is_waited_for() {
    for (greeting, answer) in [(0, 300), (100, 500), (800, 1_900), (3_000, 2_300)] {
        let mut scripted = Scripted::with(Wishes::default());
        scripted.pass_millis(greeting);
        scripted.receive(GREETING);
        scripted.client.type_in(b"/who\n");
        assert_eq!(scripted.sends(), "\n\r\n");
        scripted.pass_millis(answer - 1);
        assert_eq!(scripted.sends(), "");
        scripted.receive(&format!("> /session {KEY} 지민\n"));
        assert_eq!(scripted.sends(), "/who\n");
        assert_eq!(scripted.shows(), GREETING, "it is a command");
    }
}

/// What it did not get whole is sent to the next one.
#[test]
fn a_server_that_knows_no_sessions_and_ends() {
    let mut scripted = Scripted::with(Wishes::default());
    scripted.receive(GREETING);
    scripted.sends();
    scripted.pass_millis(1_000);
    scripted.client.type_in("하나\n둘\n셋\n".as_bytes());
    assert_eq!(scripted.client.transmit(scripted.now), "하나\n둘\n셋\n".as_bytes());
    scripted.client.sent(scripted.now, "하나\n둘".len());
    assert_eq!(scripted.unheard(), ["둘", "셋"]);
    scripted.client.type_in("넷\n다".as_bytes());
    assert_eq!(
        scripted.client.unheard_len(),
        "
셋
넷
"
        .len()
    );
    let mut scripted = scripted.reconnect();
    scripted.client.type_in("섯\n".as_bytes());
    assert_eq!(scripted.unheard(), ["둘", "셋", "넷", "다섯"]);
    assert_eq!(scripted.sends(), "");
    scripted.receive(GREETING);
    assert_eq!(scripted.sends(), "\n\r\n");
    scripted.receive(&format!("> /session {KEY} 지민\n"));
    assert_eq!(scripted.sends(), "둘\n셋\n넷\n다섯\n");
    assert!(!scripted.client.is_new_room(), "it is the first that there is a session with");
    assert_eq!(
        scripted.shows(),
        format!("{GREETING}[You] 하나\n{GREETING}[You] 둘\n[You] 셋\n[You] 넷\n[You] 다섯\n")
    );
}

/// It gets no newline, and no question.
#[test]
fn the_original_server() {
    let mut scripted = Scripted::with(Wishes { history: 20, ..Wishes::default() });
    scripted.client.type_in("하나\n".as_bytes());
    scripted.receive(GREETING.trim_end());
    scripted.pass_millis(100);
    assert!(!scripted.client.is_asking());
    assert_eq!(scripted.sends(), "하나");
    scripted.receive("[a] 네");
    scripted.receive("> /heard 1");
    assert_eq!(scripted.shows(), format!("{GREETING}[You] 하나\n[a] 네\n> /heard 1\n"));
    scripted.client.say("/who");
    scripted.pass_millis(100);
    assert_eq!(scripted.sends(), "/who");
}

/// It was one that knows sessions before, at the same address.
#[test]
fn the_original_server_instead_of_another() {
    let mut scripted = Scripted::begun();
    scripted.client.type_in("하나\n".as_bytes());
    scripted.sends();
    let mut scripted = scripted.reconnect();
    scripted.sends();
    scripted.receive(GREETING.trim_end());
    scripted.pass_millis(100);
    assert!(scripted.client.is_new_room());
    assert_eq!(scripted.client.take_unheard(), ["하나"]);
    scripted.client.type_in("둘\n".as_bytes());
    assert_eq!(scripted.sends(), "둘");
}

/// The answer takes longer than it is waited for: what was sent since the question counts.
#[test]
fn an_answer_that_comes_late() {
    let mut scripted = Scripted::with(Wishes::default());
    scripted.client.type_in("하나\n".as_bytes());
    scripted.receive(GREETING);
    scripted.sends();
    scripted.pass_millis(1_000);
    assert_eq!(scripted.sends(), "하나\n");
    scripted.client.type_in("둘\n".as_bytes());
    scripted.client.transmit(scripted.now);
    scripted.client.sent(scripted.now, 1);
    scripted.receive(&format!("> /session {KEY} 지민\n> /heard 7\n"));
    assert!(scripted.client.knows_commands());
    assert_eq!(scripted.unheard(), ["둘"]);
    scripted.client.type_in("/who\n".as_bytes());
    assert_eq!(scripted.client.transmit(scripted.now), &"둘\n/who\n".as_bytes()[1..]);
    let mut scripted = scripted.reconnect();
    scripted.receive("> /resumed 8\n");
    let resume = format!("/resume {KEY} 0\n");
    assert_eq!(scripted.client.transmit(scripted.now), resume.as_bytes());
    scripted.client.sent(scripted.now, resume.len());
    assert_eq!(scripted.client.transmit(scripted.now), &"둘\n/who\n".as_bytes()[1..]);
    scripted.client.sent(scripted.now, 100);
    assert_eq!(scripted.shows(), format!("{GREETING}[You] 하나\n[You] 둘\n"));
}
