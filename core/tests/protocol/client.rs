//! The client's half.

use std::time::Duration;

use chat_core::{Client, Instant, Lines};

const GREETING: &str = "> Connected to the chat server (1 user online)";

/// A client with a clock of its own.
struct Session {
    client: Client,
    now: Instant,
}

impl Session {
    fn new() -> Self {
        let now = Instant::from_micros(5_000_000);
        Self { client: Client::new(now), now }
    }

    /// One that has got and shown the greeting of a server that frames.
    fn framed() -> Self {
        let mut session = Self::new();
        session.receive(&format!("{GREETING}\n"));
        assert_eq!(session.shows(), format!("{GREETING}\n"));
        assert_eq!(session.sends(), ["\n"], "from now on newlines end its messages");
        session
    }

    /// One that has got and shown the greeting of the original server.
    fn unframed() -> Self {
        let mut session = Self::new();
        session.receive(GREETING);
        assert_eq!(session.shows(), "");
        session.pass_millis(100);
        assert_eq!(session.shows(), format!("{GREETING}\n"));
        session
    }

    fn receive(&mut self, text: &str) {
        self.client.receive(self.now, text.as_bytes(), false);
    }

    fn pass_millis(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(at) = self.client.next_tick().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.client.tick(self.now);
        }
        self.now = end;
    }

    /// What the client shows now.
    fn shows(&mut self) -> String {
        String::from_utf8(self.client.take_lines(Lines::default()).into_bytes()).unwrap()
    }

    /// What the client sends now, each write by itself.
    fn sends(&mut self) -> Vec<String> {
        let mut writes = Vec::new();
        loop {
            let write = String::from_utf8(self.client.transmit(self.now).to_vec()).unwrap();
            if write.is_empty() {
                return writes;
            }
            self.client.sent(self.now, write.len());
            writes.push(write);
        }
    }
}

#[test]
fn what_is_typed_is_sent_and_then_shown() {
    let mut session = Session::framed();
    session.client.type_in("안녕하세요?\r\n네".as_bytes());
    assert_eq!(session.shows(), "");
    assert_eq!(session.sends(), ["안녕하세요?\n"]);
    assert_eq!(session.shows(), "[You] 안녕하세요?\n");
    session.client.type_in(b"\n");
    assert_eq!(session.sends(), ["네\n"]);
    assert_eq!(session.shows(), "[You] 네\n");
}

#[test]
fn a_message_is_shown_once_all_of_it_is_sent() {
    let mut session = Session::framed();
    session.client.type_in(b"one\ntwo\n");
    for (count, shown) in [(3, ""), (1, "[You] one\n"), (2, ""), (2, "[You] two\n")] {
        assert!(session.client.transmit(session.now).len() >= count);
        session.client.sent(session.now, count);
        assert_eq!(session.shows(), shown);
    }
}

#[test]
fn an_empty_line_is_shown_in_its_place_and_not_sent() {
    let mut session = Session::framed();
    session.client.type_in(b"\none\n\n\ntwo\n\n");
    assert_eq!(session.sends(), ["one\n", "two\n"]);
    assert_eq!(session.shows(), "[You] \n[You] one\n[You] \n[You] \n[You] two\n[You] \n");
}

/// Of several servers one that is mute has heard nothing, and what was typed goes to another one.
#[test]
fn nothing_is_sent_to_a_mute_server_among_several() {
    let mut session = Session::new();
    session.client.wait_for_greeting();
    session.client.type_in("하나\n둘\n셋".as_bytes());
    session.pass_millis(600_000);
    assert_eq!(session.sends(), [""; 0]);
    session.client.end_of_input();
    assert!(!session.client.is_all_sent(session.now));
    let client = session.client.again(session.now);
    session.client = client;
    session.client.wait_for_greeting();
    session.receive(&format!("{GREETING}\n"));
    assert_eq!(session.sends(), ["\n", "하나\n둘\n셋\n"]);
    assert!(session.client.is_all_sent(session.now));
    assert_eq!(session.shows(), format!("{GREETING}\n[You] 하나\n[You] 둘\n[You] 셋\n"));
}

#[test]
fn nothing_is_sent_before_the_greeting() {
    let mut session = Session::new();
    session.client.type_in(b"early\n");
    session.receive("> Connected to");
    assert_eq!(session.sends(), [""; 0]);
    session.receive(" the chat server (1 user online)\n");
    assert_eq!(session.sends(), ["\n", "early\n"]);
    assert_eq!(session.shows(), format!("{GREETING}\n[You] early\n"));
}

#[test]
fn a_greeting_that_does_not_come_is_waited_for_a_second() {
    let mut session = Session::new();
    session.client.type_in(b"hello?\n");
    session.client.end_of_input();
    session.pass_millis(999);
    assert_eq!(session.sends(), [""; 0]);
    assert!(!session.client.is_all_sent(session.now));
    session.pass_millis(1);
    assert_eq!(session.sends(), ["hello?\n"]);
    assert!(session.client.is_all_sent(session.now));
}

#[test]
fn the_original_server_gets_no_newlines() {
    let mut session = Session::unframed();
    session.client.type_in("하나\n둘\n\n셋\n".as_bytes());
    assert_eq!(session.sends(), ["하나"]);
    assert_eq!(session.shows(), "[You] 하나\n");
    session.pass_millis(99);
    assert_eq!(session.sends(), [""; 0], "only silence separates messages there");
    session.pass_millis(1);
    assert_eq!(session.sends(), ["둘"]);
    session.pass_millis(100);
    assert_eq!(session.sends(), ["셋"]);
    assert_eq!(session.shows(), "[You] 둘\n[You] \n[You] 셋\n");
    session.client.end_of_input();
    session.pass_millis(100);
    assert!(session.client.is_all_sent(session.now));
}

/// As the original client takes them: each read is one.
#[test]
fn what_one_read_of_the_original_server_gives_is_one_message() {
    let mut session = Session::unframed();
    for number in 0..100 {
        session.receive(&format!("[127.0.0.1:1] {number}"));
        assert_eq!(session.shows(), format!("[127.0.0.1:1] {number}\n"));
        session.pass_millis(50);
    }
}

#[test]
fn a_read_of_the_original_server_that_is_not_a_whole_message() {
    let mut session = Session::unframed();
    let text = "[127.0.0.1:1] 하나";
    let (first, last) = text.as_bytes().split_at(text.len() - 1);
    session.client.receive(session.now, first, false);
    session.pass_millis(5_000);
    assert_eq!(session.shows(), "", "it ends inside a character");
    session.client.receive(session.now, last, false);
    assert_eq!(session.shows(), format!("{text}\n"));

    session.client.receive(session.now, b"[127.0.0.1:1] on", true);
    assert_eq!(session.shows(), "", "it filled the buffer");
    session.receive("e");
    assert_eq!(session.shows(), "[127.0.0.1:1] one\n");
    session.client.receive(session.now, b"[127.0.0.1:1] two", true);
    session.pass_millis(100);
    assert_eq!(session.shows(), "[127.0.0.1:1] two\n", "which happened to fill it");
}

/// Members of an original room may use `nc`: their newlines are not the server's.
#[test]
fn a_newline_in_an_original_room_changes_nothing() {
    let mut session = Session::unframed();
    session.receive("[127.0.0.1:1] 하나\n");
    assert_eq!(session.shows(), "[127.0.0.1:1] 하나\n");
    session.receive("[127.0.0.1:1] 둘");
    assert_eq!(session.shows(), "[127.0.0.1:1] 둘\n");
    session.client.type_in("셋\n".as_bytes());
    assert_eq!(session.sends(), ["셋"]);
}

/// The link stands still between the greeting and its newline.
#[test]
fn a_greeting_whose_newline_comes_late() {
    let mut session = Session::unframed();
    session.receive("\n");
    assert_eq!(session.shows(), "");
    assert_eq!(session.sends(), ["\n"]);
    session.receive("[127.0.0.1:1] 하");
    session.pass_millis(500);
    session.receive("나\n");
    assert_eq!(session.shows(), "[127.0.0.1:1] 하나\n");
    session.client.type_in("둘\n".as_bytes());
    assert_eq!(session.sends(), ["둘\n"]);
}

/// The link stands still inside the greeting: it is ours all the same.
#[test]
fn a_greeting_that_comes_in_two_pieces() {
    for at in 1..GREETING.len() {
        let (first, last) = GREETING.split_at(at);
        let mut session = Session::new();
        session.receive(first);
        session.pass_millis(900);
        session.receive(&format!("{last}\n"));
        assert_eq!(session.shows(), format!("{GREETING}\n"), "at {at}");
        assert_eq!(session.sends(), ["\n"]);
    }
}

/// Its empty line would end a message that has begun.
#[test]
fn a_greeting_that_comes_inside_a_message() {
    let mut session = Session::new();
    session.client.type_in(b"hello\n");
    session.pass_millis(1_000);
    assert_eq!(session.client.transmit(session.now), b"hello\n");
    session.client.sent(session.now, 3);
    session.receive(&format!("{GREETING}\n"));
    assert_eq!(session.sends(), ["lo\n"]);
}

#[test]
fn a_server_that_shows_late_that_it_is_unframed() {
    let mut session = Session::new();
    session.client.type_in(b"one\ntwo\n");
    session.pass_millis(1000);
    let lent = session.client.transmit(session.now).len();
    assert_eq!(lent, 8);
    session.client.sent(session.now, 3);
    session.receive(GREETING);
    session.pass_millis(100);
    assert_eq!(session.sends(), ["two"], "the newline of the first is not sent any more");
    assert_eq!(session.shows(), format!("{GREETING}\n[You] one\n[You] two\n"));
}

#[test]
fn a_server_is_not_trusted() {
    let mut session = Session::framed();
    session.receive("[a] \u{1b}]52;c;\u{7}\r\n\u{9b}2J\u{202e}\n\n");
    assert_eq!(session.shows(), "[a] ␛]52;c;␇\n\u{fffd}2J\u{fffd}\n");
    session.client.type_in(b"\x1b[2J\n");
    assert_eq!(session.sends(), ["␛[2J\n"], "nor is the keyboard");
    assert_eq!(session.shows(), "[You] ␛[2J\n");
}

#[test]
fn many_lines_at_once_are_the_lines_that_they_are() {
    for [received, shown] in [
        ["[a] 하나\n[b] 둘\n[c] 셋\n", "[a] 하나\n[b] 둘\n[c] 셋\n"],
        ["\n[a] 하나\n\n\n[b] 둘\n\n", "[a] 하나\n[b] 둘\n"],
        ["[a] 하나\n[b] 둘\n\n[c] 셋\n", "[a] 하나\n[b] 둘\n[c] 셋\n"],
        ["[a] 하나\r\n[b] 둘\n", "[a] 하나\n[b] 둘\n"],
        ["[a] 하나\n[b] \u{85}둘\n셋\n", "[a] 하나\n[b] \u{fffd}둘\n셋\n"],
    ] {
        let mut session = Session::framed();
        session.receive(received);
        assert_eq!(session.shows(), shown);
    }
    let mut session = Session::framed();
    let flood = "[127.0.0.1:1] 안녕하세요\n".repeat(10_000);
    session.receive(&flood);
    assert_eq!(session.shows(), flood);
    session.client.type_in("\n하나\n둘\n\n\n셋\n".as_bytes());
    assert_eq!(session.sends(), ["하나\n둘\n", "셋\n"]);
    assert_eq!(session.shows(), "[You] \n[You] 하나\n[You] 둘\n[You] \n[You] \n[You] 셋\n");
}

#[test]
fn a_greeting_among_other_lines_counts() {
    let mut session = Session::new();
    session.receive("> The chat server is full (3 users online)\n> more\n");
    assert!(session.client.is_turned_away());
    let mut session = Session::new();
    session.receive("\n> Connected\n> The chat server is full (3 users online)\n");
    assert!(session.client.is_let_in());
}

#[test]
fn what_the_server_left_unended_is_shown() {
    let mut session = Session::framed();
    session.receive("cut o");
    session.client.end_of_stream();
    assert_eq!(session.shows(), "cut o\n");
}

#[test]
fn a_line_without_an_end_is_sent_at_the_end_of_input() {
    let mut session = Session::framed();
    session.client.type_in(b"last");
    assert_eq!(session.sends(), [""; 0]);
    assert!(!session.client.is_all_sent(session.now));
    session.client.end_of_input();
    assert!(!session.client.is_all_sent(session.now));
    assert_eq!(session.sends(), ["last\n"]);
    assert!(session.client.is_all_sent(session.now));
    assert!(!session.client.wants_typed());
}

#[test]
fn a_slow_side_holds_the_other_back() {
    let mut session = Session::framed();
    while session.client.wants_typed() {
        session.client.type_in(&[b'x'; 1000]);
        session.client.type_in(b"\n");
    }
    assert!(session.client.transmit(session.now).len() < 70_000);
    while session.client.wants_received() {
        session.receive(&format!("{}\n", "y".repeat(1000)));
    }
    assert!(session.client.lines().len() < 70_000);
    session.sends();
    session.shows();
    assert!(session.client.wants_received() && session.client.wants_typed());
}

#[test]
fn only_what_was_lent_can_be_sent() {
    let mut session = Session::new();
    session.client.type_in(b"one\ntwo\n");
    session.client.sent(session.now, 100);
    assert_eq!(session.shows(), "");
    session.receive(&format!("{GREETING}\n"));
    assert_eq!(session.shows(), format!("{GREETING}\n"));
    assert_eq!(session.sends(), ["\n", "one\ntwo\n"]);
    assert_eq!(session.shows(), "[You] one\n[You] two\n");
}

#[test]
fn a_line_of_a_rooms_full_length_is_not_cut() {
    let mut session = Session::framed();
    let line = format!("[{}] {}\n", "1".repeat(47), "x".repeat(chat_core::MAX_LINE));
    session.receive(&line);
    assert_eq!(session.shows(), line);
}

/// What another connection has to be given again if this one ends.
#[test]
fn what_is_not_sent_can_be_taken_along() {
    let mut session = Session::new();
    session.client.type_in("하나\n둘\n셋".as_bytes());
    assert_eq!(session.client.unsent(), "하나\n둘\n".as_bytes());
    session.receive(&format!("{GREETING}\n"));
    assert_eq!(session.client.transmit(session.now), b"\n");
    session.client.sent(session.now, 1);
    assert_eq!(session.client.unsent(), "하나\n둘\n".as_bytes());
    let lent = session.client.transmit(session.now).len();
    assert_eq!(lent, "하나\n둘\n".len());
    session.client.sent(session.now, "하나\n".len());
    assert_eq!(session.client.unsent(), "둘\n".as_bytes());
    assert!(!session.client.transmit(session.now).is_empty());
    session.client.sent(session.now, "둘".len());
    assert_eq!(session.client.unsent(), "둘\n".as_bytes(), "not whole, so not sent");
    session.sends();
    assert_eq!(session.client.unsent(), b"");
}

/// Who is turned away keeps what it has: nobody would hear it.
#[test]
fn what_is_not_sent_is_counted() {
    let mut session = Session::framed();
    session.client.type_in("하나\n둘\n\n셋".as_bytes());
    session.client.transmit(session.now);
    session.client.sent(session.now, "하나\n두".len());
    assert_eq!(session.shows(), "[You] 하나\n");
    assert_eq!(session.client.forget_unsent(), 2, "one that is sent in part, and an empty one");
    session.client.end_of_input();
    assert_eq!(session.client.forget_unsent(), 1);
    assert_eq!(session.client.forget_unsent(), 0);
    assert_eq!(session.sends(), [""; 0]);
}

#[test]
fn an_input_that_breaks_off() {
    let mut session = Session::framed();
    session.client.type_in("하나\n두".as_bytes());
    session.client.break_off_input();
    assert_eq!(session.sends(), ["하나\n"], "there may be more of the other");
    assert!(session.client.is_all_sent(session.now));
}

#[test]
fn a_room_without_a_place_is_told_nothing() {
    let mut session = Session::new();
    session.client.type_in("하나\n".as_bytes());
    assert!(!session.client.is_let_in() && !session.client.is_turned_away());
    session.receive("> The chat server is full (2 users online)\n");
    assert!(!session.client.is_let_in() && session.client.is_turned_away());
    session.now = session.now + Duration::from_secs(10);
    assert_eq!(session.sends(), [""; 0]);
    assert_eq!(session.client.unsent(), "하나\n".as_bytes());
    assert_eq!(session.shows(), "> The chat server is full (2 users online)\n");
}

#[test]
fn a_greeting_lets_in() {
    let mut session = Session::framed();
    assert!(session.client.is_let_in());
    // Only the first line is the room's answer.
    session.receive("> The chat server is full (2 users online)\n");
    assert!(session.client.is_let_in() && !session.client.is_turned_away());
}
