//! Members that go on at another server.

use std::time::Duration;

use chat_core::{Delivered, Event, Instant};

use super::servers::{A, B, C, Servers, key};

fn resume(key_number: u128, lines: u64) -> String {
    format!("/resume {} {lines}\n", key(key_number))
}

/// It misses nothing, gets nothing twice, and what it said before is heard.
#[test]
fn a_member_goes_on_at_another_server() {
    let mut servers = Servers::new(3);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.send_to(A, ann, "/name 지민\n하나\n");
    assert_eq!(
        servers.hear(A, ann),
        "> New user 192.0.2.2:2000 entered (2 users online)\n\
         > The user 192.0.2.1:1000 is now 지민\n\
         > /heard 20\n"
    );
    servers.send_to(B, ben, "둘\n");
    // Its connection has ended; no server knows that yet.
    let back = servers.connect(C, 9);
    servers.hear(B, ben);
    servers.send_to(C, back, &resume(1, 2));
    assert_eq!(servers.hear(C, back), "> /resumed 20\n[192.0.2.2:2000] 둘\n");
    assert_eq!(servers.hear(B, ben), "", "nobody is told");
    // The old connection is closed without a word.
    assert!(servers.events.contains(&(A, Event::Closed(ann))));
    assert_eq!(servers.hear(A, ann), "");
    assert!(servers.is_finished(A, ann));
    servers.disconnect(A, ann);
    servers.send_to(C, back, "셋\n");
    servers.send_to(B, ben, "/msg 지민 넷\n");
    assert_eq!(servers.hear(C, back), "> /heard 24\n[192.0.2.2:2000 -> you] 넷\n");
    assert_eq!(servers.hear(B, ben), "[지민] 셋\n[you -> 지민] 넷\n");
    servers.send_to(C, back, "/r 다섯\n/who\n");
    assert_eq!(
        servers.hear(C, back),
        "[you -> 192.0.2.2:2000] 다섯\n> /heard 34\n> 2 users online: 지민, 192.0.2.2:2000\n> /heard 39\n"
    );
    // And back again.
    let again = servers.connect(A, 8);
    servers.send_to(A, again, &resume(1, 4));
    assert_eq!(
        servers.hear(A, again),
        "> /resumed 39\n[you -> 192.0.2.2:2000] 다섯\n> 2 users online: 지민, 192.0.2.2:2000\n"
    );
}

/// What a server was told that has proposed nothing of it is not heard.
#[test]
fn what_was_not_committed_is_said_again() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.hear(B, ben);
    servers.hear(A, ann);
    servers.is_fast = false;
    servers.send_to(A, ann, "하나\n");
    servers.send(A);
    servers.send_to(A, ann, "둘\n");
    assert_eq!(servers.hear(A, ann), "", "nothing is heard before it is committed");
    let back = servers.connect(B, 9);
    servers.send_to(B, back, &resume(1, 1));
    assert_eq!(servers.hear(B, back), "", "it waits for the order");
    servers.send(B);
    // What A proposes from now on comes too late.
    servers.send(A);
    servers.settle();
    assert_eq!(servers.hear(B, back), "> /resumed 7\n");
    servers.is_fast = true;
    servers.send_to(B, back, "둘\n");
    assert_eq!(servers.hear(B, ben), "[192.0.2.1:1000] 하나\n[192.0.2.1:1000] 둘\n");
}

/// A message of which pieces were said goes on where they end, whatever the next server takes for long.
#[test]
fn a_message_that_was_said_in_part_goes_on() {
    for begin in ["", "//who ", "/x "] {
        let mut servers = Servers::new(2);
        let ann = servers.with_session(A, 1);
        let ben = servers.join(B, 2);
        servers.hear(B, ben);
        let text = begin.to_owned() + &"가나다라".repeat(1_000);
        servers.send_to(A, ann, &text[..begin.len() + 9_000]);
        let said = servers.hear(B, ben);
        assert!(said.len() > 8_000);
        let back = servers.connect(B, 9);
        servers.send_to(B, back, &resume(1, 1));
        assert_eq!(servers.hear(B, back), "> /resumed 0\n");
        servers.send_to(B, back, &format!("{text}\n다음\n"));
        let said = said + &servers.hear(B, ben);
        let all: String =
            said.lines().filter_map(|line| line.split_once("] ")).map(|it| it.1).collect();
        let expected =
            text.strip_prefix("//who").map_or(text.clone(), |rest| format!("/who{rest}"));
        assert_eq!(all, expected + "다음");
    }
}

/// Those of a server that is gone are away.
#[test]
fn members_of_a_server_that_is_gone_come_back() {
    let mut servers = Servers::new(3);
    let ann = servers.with_session(A, 1);
    let plain = servers.join(A, 3);
    let ben = servers.join(B, 2);
    servers.send_to(A, ann, "/name 지민\n");
    servers.hear(B, ben);
    let _ = plain;
    servers.lose(A);
    servers.send_to(B, ben, "/name 지민\n하나\n");
    assert_eq!(
        servers.hear(B, ben),
        "< 2 users left: their server is gone (1 user online)\n> The name 지민 is taken; 지민2 is free\n"
    );
    let back = servers.connect(C, 9);
    servers.send_to(C, back, &resume(1, 3));
    assert_eq!(
        servers.hear(C, back),
        "> /resumed 13\n< 2 users left: their server is gone (1 user online)\n[192.0.2.2:2000] 하나\n"
    );
    assert_eq!(servers.hear(B, ben), "> New user 지민 entered (2 users online)\n");
    // It goes away, and is forgotten in time.
    servers.disconnect(C, back);
    assert_eq!(servers.hear(B, ben), "< The user 지민 left (1 user online)\n");
    servers.lose(C);
    servers.pass(Duration::from_secs(599));
    servers.send_to(B, ben, "/name 지민\n");
    assert!(servers.hear(B, ben).contains("is taken"));
    servers.pass(Duration::from_secs(2));
    servers.send_to(B, ben, "/name 지민\n");
    assert_eq!(servers.hear(B, ben), "> The user 192.0.2.2:2000 is now 지민\n");
    let late = servers.connect(B, 8);
    servers.send_to(B, late, &resume(1, 3));
    servers.pass(Duration::from_millis(300));
    assert!(servers.hear(B, late).starts_with("> Connected to the chat server (2 users online)\n"));
}

/// Whose a key is, is decided where the order has come to: a server that has not read so far waits. One
/// that nobody has is a newcomer's, who is greeted then.
#[test]
fn a_key_that_is_on_its_way() {
    let mut servers = Servers::new(2);
    servers.join(B, 2);
    let ann = servers.with_session(A, 1);
    servers.send_to(A, ann, "하나\n");
    servers.hear(A, ann);
    servers.is_fast = false;
    let ann = servers.connect(A, 3);
    servers.send(A);
    servers.give(A, usize::MAX);
    servers.send_to(A, ann, "\n\r\n");
    servers.send_to(A, ann, "둘\n");
    servers.send(A);
    servers.give(A, usize::MAX);
    assert!(servers.hear(A, ann).ends_with("> /heard 4\n"));
    // The other one knows of the first member alone.
    let (back, unknown) = (servers.connect(B, 8), servers.connect(B, 9));
    servers.send_to(B, back, &resume(2, 0));
    servers.send_to(B, unknown, &resume(7, 0));
    servers.pass(Duration::from_secs(60));
    assert_eq!(servers.hear(B, back) + &servers.hear(B, unknown), "");
    servers.is_fast = true;
    servers.settle();
    assert_eq!(
        servers.hear(B, back),
        "> /resumed 4\n> New user 192.0.2.9:9000 entered (4 users online)\n"
    );
    let greeting = "> Connected to the chat server (4 users online)\n";
    let key = key(3);
    let session = format!("> /session {key} 192.0.2.9:9000\n");
    assert_eq!(servers.hear(B, unknown), format!("{greeting}{session}"));
    servers.send_to(B, unknown, "셋\n");
    assert_eq!(servers.hear(B, unknown), "> /heard 4\n");
    assert_eq!(servers.hear(B, back), "[192.0.2.9:9000] 셋\n");
}

/// What it has said is on its way when it comes back, to the same server: that is heard.
#[test]
fn what_is_on_its_way_is_not_said_again() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.hear(B, ben);
    servers.hear(A, ann);
    servers.is_fast = false;
    servers.send_to(A, ann, "하나\n");
    servers.disconnect(A, ann);
    let back = servers.connect(A, 9);
    servers.send_to(A, back, &resume(1, 1));
    servers.send_to(A, back, "둘\n");
    servers.pass(Duration::from_secs(60));
    assert_eq!(servers.hear(A, back), "", "it waits for the order");
    servers.is_fast = true;
    servers.settle();
    assert_eq!(servers.hear(A, back), "> /resumed 7\n> /heard 11\n");
    assert_eq!(
        servers.hear(B, ben),
        "[192.0.2.1:1000] 하나\n< The user 192.0.2.1:1000 left (1 user online)\n\
         > New user 192.0.2.1:1000 entered (2 users online)\n[192.0.2.1:1000] 둘\n"
    );
}

/// Two connections of one member at the same server: the younger one is its.
#[test]
fn what_an_older_connection_says_comes_too_late() {
    let mut servers = Servers::new(1);
    servers.with_session(A, 1);
    servers.is_fast = false;
    let (older, younger) = (servers.connect(A, 8), servers.connect(A, 9));
    servers.send_to(A, younger, &resume(1, 0));
    servers.send_to(A, older, &resume(1, 0));
    servers.is_fast = true;
    servers.settle();
    assert_eq!(servers.hear(A, younger), "> /resumed 0\n");
    assert_eq!(servers.hear(A, older), "");
    assert!(servers.is_finished(A, older));
}

/// A connection that has ended when it is decided that it goes on as somebody.
#[test]
fn a_connection_that_ends_before_it_goes_on() {
    let mut servers = Servers::new(3);
    servers.with_session(A, 1);
    let ben = servers.join(C, 2);
    servers.hear(C, ben);
    servers.is_fast = false;
    let ended = servers.connect(B, 8);
    servers.send_to(B, ended, &resume(1, 1));
    servers.disconnect(B, ended);
    servers.is_fast = true;
    servers.settle();
    assert_eq!(servers.hear(C, ben), "< The user 192.0.2.1:1000 left (1 user online)\n");
    let back = servers.connect(C, 9);
    servers.send_to(C, back, &resume(1, 1));
    assert!(servers.hear(C, back).starts_with("> /resumed 0\n"));
}

/// What an entry leads to stands where that is: nothing is lost with a server between the two.
#[test]
fn a_name_that_is_taken_is_told_by_any_server() {
    let mut servers = Servers::new(3);
    let ben = servers.join(B, 2);
    servers.send_to(B, ben, "/name 지민\n");
    let ann = servers.with_session(A, 1);
    servers.hear(A, ann);
    servers.is_fast = false;
    servers.send_to(A, ann, "/name 지민\n하나\n");
    servers.send(A);
    servers.give(B, usize::MAX);
    servers.lose(A);
    servers.is_fast = true;
    let back = servers.connect(C, 9);
    servers.send_to(C, back, &resume(1, 0));
    let heard = servers.hear(C, back);
    let told = "> /resumed 13\n> The name 지민 is taken; 지민2 is free\n";
    assert!(heard.starts_with(told), "{heard}");
}

/// What one wrote was not taken: it is told wherever it is by then, as often as it counts.
#[test]
fn who_wrote_to_one_that_has_left_too_much_unread_is_told_anywhere() {
    let mut servers = Servers::new(3);
    let plain = servers.join(B, 2);
    let ann = servers.with_session(B, 1);
    servers.hear(B, ann);
    let long = "가".repeat(1_000);
    for _ in 0..4 {
        servers.send_to(B, ann, &format!("/msg 192.0.2.2:2000 {long}\n"));
    }
    let heard = servers.hear(B, ann);
    let lines: Vec<&str> = heard.lines().filter(|line| !line.starts_with("> /heard")).collect();
    let refused = "> 192.0.2.2:2000 has left too much unread, and did not get that";
    assert!(lines.contains(&refused) && lines.len() < 8, "{lines:?}");
    for at in [C, A, B] {
        let back = servers.connect(at, 10 + at as u16);
        servers.send_to(at, back, &resume(1, 0));
        let again = servers.hear(at, back);
        let again: Vec<&str> = again.lines().skip(1).collect();
        assert_eq!(again, lines);
    }
    let _ = plain;
}

/// Who has got more than there is, as the log was cut back, goes on from what there is.
#[test]
fn a_member_that_has_got_more_than_there_is() {
    let mut servers = Servers::new(2);
    servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.send_to(B, ben, "하나\n");
    let back = servers.connect(B, 9);
    servers.send_to(B, back, &resume(1, 5));
    assert_eq!(servers.hear(B, back), "> /resumed 0 2\n");
    servers.send_to(B, ben, "둘\n");
    assert_eq!(servers.hear(B, back), "[192.0.2.2:2000] 둘\n");
    let again = servers.connect(A, 8);
    servers.send_to(A, again, &resume(1, 3));
    assert_eq!(servers.hear(A, again), "> /resumed 0\n");
}

/// Of a server that ends nothing is told but that, whatever becomes of its connections meanwhile.
#[test]
fn a_server_that_ends_says_so_once() {
    let mut servers = Servers::new(2);
    let [away, left, late] = [1, 2, 3].map(|number| servers.with_session(A, number));
    let plain = [servers.join(A, 4), servers.join(A, 5)];
    let ben = servers.join(B, 6);
    servers.hear(B, ben);
    servers.send_to(A, left, "하나\n/bye\n");
    servers.is_fast = false;
    let ended = servers.connect(A, 7);
    servers.send_to(A, ended, &resume(3, 0));
    servers.servers[A].begin_end();
    for id in [away, left, plain[0], ended, late] {
        servers.disconnect(A, id);
    }
    servers.servers[A].end_of_input(Instant::from_micros(1), plain[1]);
    servers.is_fast = true;
    servers.settle();
    assert_eq!(servers.hear(B, ben), "[192.0.2.2:2000] 하나\n");
    servers.lose(A);
    assert_eq!(servers.hear(B, ben), "< 5 users left: their server is gone (1 user online)\n");
    for number in [1, 3] {
        let back = servers.connect(B, 8);
        servers.send_to(B, back, &resume(number, 0));
        assert!(servers.hear(B, back).starts_with("> /resumed 0\n"));
    }
}

/// Who comes back to a server that cannot reach the room goes elsewhere when it is told so.
#[test]
fn a_member_that_comes_back_to_a_server_without_its_room() {
    let mut servers = Servers::new(3);
    servers.with_session(C, 1);
    let ben = servers.join(B, 2);
    servers.hear(B, ben);
    servers.is_fast = false;
    let back = servers.connect(A, 9);
    servers.send_to(A, back, &resume(1, 1));
    servers.set_away(A, Some("timed out"));
    servers.pass(Duration::from_millis(9_900));
    assert_eq!(servers.hear(A, back), "");
    servers.pass(Duration::from_millis(200));
    let told = "> The room's log cannot be reached: try again later\n";
    assert_eq!(servers.hear(A, back), told);
    assert!(servers.is_finished(A, back));
    let late = servers.connect(A, 7);
    servers.send_to(A, late, &resume(1, 1));
    assert_eq!(servers.hear(A, late), told);
    servers.disconnect(A, back);
    // What was proposed for it comes first, and then what it did.
    servers.send(A);
    let back = servers.connect(B, 8);
    servers.send_to(B, back, &resume(1, 1));
    servers.is_fast = true;
    servers.settle();
    servers.set_away(A, None);
    let heard = servers.hear(B, back);
    assert!(heard.starts_with("> /resumed 0\n"), "{heard}");
    servers.send_to(B, back, "하나\n");
    assert!(servers.hear(B, ben).ends_with("[192.0.2.1:1000] 하나\n"));
}

/// A server that fell behind looks at each of its connections: who is elsewhere by now is closed without a
/// word, whom the host has removed is told, and what is known of the others is told them.
#[test]
fn members_of_a_server_that_fell_behind() {
    let mut servers = Servers::new(2);
    let [moves, removed, muted, asks] = [1, 2, 3, 4].map(|number| servers.with_session(A, number));
    let back = servers.connect(B, 9);
    for id in [moves, removed, muted, asks] {
        servers.hear(A, id);
    }
    servers.is_fast = false;
    servers.send_to(A, muted, "/name 지민\n");
    servers.send_to(A, asks, "하나\n");
    servers.send(A);
    servers.send_to(B, back, &resume(1, 3));
    servers.send(B);
    servers.give(B, usize::MAX);
    for line in ["/kick 192.0.2.2:2000", "/mute 지민"] {
        servers.host(B, line);
        servers.send(B);
        servers.give(B, usize::MAX);
    }
    // Its session ends, and another one begins behind what was skipped.
    servers.send_to(A, asks, "/bye\n/session\n");
    servers.send(A);
    servers.give(B, usize::MAX);
    servers.skip(A, B);
    servers.set_away(A, Some("timed out"));
    let heard = servers.hear(A, asks);
    assert!(heard.ends_with(": what is said waits\n") && !heard.contains("> /counts 0"), "{heard}");
    servers.set_away(A, None);
    assert_eq!(servers.hear(A, moves), "");
    assert!(servers.is_finished(A, moves));
    assert!(servers.hear(A, removed).ends_with("> Host removed you\n"));
    assert!(servers.is_finished(A, removed));
    let heard = servers.hear(A, muted);
    assert!(heard.contains("> /heard 13\n") && heard.contains(" skipped: "), "{heard}");
    servers.is_fast = true;
    servers.settle();
    let heard = servers.hear(A, asks);
    assert!(heard.ends_with(&format!("> /session {} 192.0.2.4:4000\n", key(5))), "{heard}");
    servers.send_to(A, muted, "둘\n");
    let heard = servers.hear(A, muted);
    assert!(heard.starts_with("> You are muted: that was not said\n> /heard 17\n"), "{heard}");
    servers.send_to(A, asks, "셋\n");
    assert!(servers.hear(A, asks).ends_with("> /heard 4\n"));
    assert!(servers.hear(B, back).ends_with("[192.0.2.4:4000] 셋\n"));
    let again = servers.connect(B, 8);
    servers.send_to(B, again, &resume(5, 0));
    assert!(servers.hear(B, again).starts_with("> /resumed 4\n"));
}

/// It was greeted, and then said who it is: that it goes on is in what was skipped.
#[test]
fn who_comes_back_late_goes_on_behind_what_is_skipped() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.send_to(A, ann, "하나\n");
    let back = servers.connect(A, 9);
    servers.pass(Duration::from_millis(60));
    assert!(servers.hear(A, back).starts_with("> Connected"));
    servers.is_fast = false;
    servers.send_to(A, back, &resume(1, 1));
    servers.send(A);
    servers.give(B, usize::MAX);
    servers.send_to(B, ben, "둘\n");
    servers.send(B);
    servers.give(B, usize::MAX);
    servers.skip(A, B);
    servers.is_fast = true;
    servers.settle();
    assert_eq!(
        servers.hear(A, back),
        "> /resumed 7\n> /counts 3\n> 3 messages skipped: this connection reads too slowly\n"
    );
    servers.send_to(A, back, "셋\n");
    assert!(servers.hear(B, ben).ends_with("[192.0.2.1:1000] 셋\n"));
    assert!(servers.is_finished(A, ann));
}

/// It says what it has got when it has not been told yet what was skipped, and more is.
#[test]
fn what_is_skipped_twice_is_counted_once() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.hear(A, ann);
    servers.is_fast = false;
    for (text, got) in [("하나\n", "/got 1\n"), ("둘\n셋\n", "/got 1\n")] {
        servers.send_to(B, ben, text);
        servers.send(B);
        servers.give(B, usize::MAX);
        servers.skip(A, B);
        servers.send_to(A, ann, got);
        servers.settle();
    }
    let skipped = "> /counts 3\n> 3 messages skipped: this connection reads too slowly\n";
    assert_eq!(servers.hear(A, ann), format!("{skipped}> /heard 14\n"));
    servers.settle();
    servers.is_fast = true;
    servers.send_to(B, ben, "넷\n");
    let back = servers.connect(B, 9);
    servers.send_to(B, back, &resume(1, 4));
    assert_eq!(servers.hear(B, back), "> /resumed 14\n[192.0.2.2:2000] 넷\n");
}

/// What ends a line on one connection is nothing on the next one.
#[test]
fn a_line_that_was_got_in_part_is_among_those_that_are_skipped() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.hear(A, ann);
    servers.send_to(B, ben, "가나다\n");
    let part = "[192.0.2.2:2000] ".len() + 1;
    let take = |servers: &mut Servers, count| {
        let taken = servers.servers[A].deliver(ann, |_| Ok::<usize, ()>(count));
        assert_eq!(taken, Ok(Delivered::Partial));
    };
    take(&mut servers, part);
    servers.is_fast = false;
    servers.send_to(B, ben, "둘\n");
    servers.send(B);
    servers.give(B, usize::MAX);
    servers.skip(A, B);
    take(&mut servers, 0);
    servers.is_fast = true;
    let back = servers.connect(A, 9);
    servers.send_to(A, back, &resume(1, 1));
    assert_eq!(
        servers.hear(A, back),
        "> /resumed 0\n> /counts 2\n> 2 messages skipped: this connection reads too slowly\n"
    );
}

/// What is said next counts.
#[test]
fn who_misses_nothing_but_its_own_lines_is_told_nothing() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.hear(A, ann);
    servers.is_fast = false;
    servers.send_to(A, ann, "하나\n둘\n");
    servers.send(A);
    servers.give(B, usize::MAX);
    servers.skip(A, B);
    assert_eq!(servers.hear(A, ann), "> /heard 11\n");
    servers.is_fast = true;
    servers.send_to(B, ben, "셋\n");
    assert_eq!(servers.hear(A, ann), "[192.0.2.2:2000] 셋\n");
}

/// Its own key it cannot come back with: it gets another one, as from a server that is alone.
#[test]
fn a_member_that_says_its_own_key() {
    let mut servers = Servers::new(1);
    let ann = servers.with_session(A, 1);
    servers.send_to(A, ann, &resume(1, 0));
    let key = key(2);
    assert_eq!(servers.hear(A, ann), format!("> /session {key} 192.0.2.1:1000\n"));
    servers.send_to(A, ann, "하나\n");
    assert_eq!(servers.hear(A, ann), "> /heard 7\n");
}

/// One that was greeted before it said who it is: what it was leaves.
#[test]
fn a_member_that_comes_back_late() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.send_to(B, ben, "하나\n");
    servers.hear(A, ann);
    servers.hear(B, ben);
    let back = servers.connect(B, 9);
    servers.pass(Duration::from_millis(60));
    assert!(servers.hear(B, back).starts_with("> Connected"));
    servers.send_to(B, back, &resume(1, 1));
    assert_eq!(
        servers.hear(B, back),
        "> /resumed 0\n[192.0.2.2:2000] 하나\n\
         > New user 192.0.2.9:9000 entered (3 users online)\n\
         < The user 192.0.2.9:9000 left (2 users online)\n"
    );
    servers.send_to(B, back, "둘\n");
    assert!(servers.hear(B, ben).ends_with("[192.0.2.1:1000] 둘\n"));
    // Twice as fast as the order: the connection ends before it is decided.
    servers.is_fast = false;
    let late = servers.connect(A, 8);
    servers.send(A);
    servers.settle();
    servers.pass(Duration::from_millis(60));
    servers.settle();
    servers.send_to(A, late, &resume(1, 4));
    servers.disconnect(A, late);
    servers.settle();
    let heard = servers.hear(B, ben);
    assert!(heard.ends_with("< The user 192.0.2.1:1000 left (1 user online)\n"), "{heard}");
}

/// It goes on, and is removed at once: the host had not seen yet whose connection that is.
#[test]
fn a_member_that_comes_back_late_is_removed() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    let back = servers.connect(B, 9);
    servers.pass(Duration::from_millis(60));
    for (at, id) in [(A, ann), (B, ben), (B, back)] {
        servers.hear(at, id);
    }
    servers.is_fast = false;
    servers.send_to(B, back, &resume(1, 1));
    servers.host(B, "/kick 192.0.2.9:9000");
    servers.settle();
    let heard = servers.hear(B, back);
    assert!(heard.starts_with("> /resumed 0\n"), "{heard}");
    assert!(heard.ends_with("> Host removed you\n"), "{heard}");
    assert!(servers.is_finished(B, back));
    let gone = "> Host removed 192.0.2.1:1000\n< The user 192.0.2.1:1000 left (1 user online)\n";
    let heard = servers.hear(B, ben);
    assert!(heard.ends_with(gone), "{heard}");
}

/// Whom the host removed, and who said goodbye, is nobody anywhere. Who is muted stays so.
#[test]
fn what_the_host_has_done_is_done_everywhere() {
    let mut servers = Servers::new(3);
    let ann = servers.with_session(A, 1);
    servers.host(B, "/mute 192.0.2.1:1000");
    servers.hear(A, ann);
    let back = servers.connect(C, 9);
    servers.send_to(C, back, &resume(1, 1));
    servers.send_to(C, back, "하나\n둘\n");
    let heard = servers.hear(C, back);
    assert_eq!(heard, "> /resumed 0\n> You are muted: that was not said\n> /heard 11\n");
    servers.host(B, "/kick 192.0.2.1:1000");
    assert_eq!(servers.hear(C, back), "> Host removed you\n");
    assert!(servers.is_finished(C, back));
    let leaver = servers.with_session(A, 2);
    servers.send_to(A, leaver, "/bye\n");
    servers.disconnect(A, leaver);
    for number in [1, 2] {
        let late = servers.connect(B, 7);
        servers.send_to(B, late, &resume(number, 1));
        servers.pass(Duration::from_millis(300));
        assert!(servers.hear(B, late).starts_with("> Connected to the chat server"));
    }
}

/// What it got at its server, and said that it has, is not kept elsewhere; what it did not say so is.
#[test]
fn what_was_said_to_one_alone_is_kept_everywhere() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.send_to(B, ben, "하나\n");
    servers.send_to(A, ann, "/history\n/history\n/help\n/msg 192.0.2.2:2000 둘\n");
    let heard = servers.hear(A, ann);
    let mut lines: Vec<&str> = heard.lines().filter(|line| !line.starts_with("> /heard")).collect();
    assert!(lines.len() > 10, "{heard}");
    for got in [0, 1, 2, 3, 4, 5, 6, 9, lines.len()] {
        // Each time it is somebody who has got a little more.
        let at = [A, B][got % 2];
        let back = servers.connect(at, 10 + got as u16);
        servers.send_to(at, back, &resume(1, got as u64));
        let again = servers.hear(at, back);
        let rest: Vec<&str> = again.lines().skip(1).collect();
        assert_eq!(rest, lines[got..], "from {got} on");
        servers.send_to(at, back, &format!("/got {got}\n"));
    }
    lines.clear();
}

/// A server that came later knows how many lines there were before it, and who may come back.
#[test]
fn a_member_goes_on_at_a_server_that_came_later() {
    let mut servers = Servers::new(2);
    let ann = servers.with_session(A, 1);
    let ben = servers.join(B, 2);
    servers.send_to(A, ann, "/name 지민\n/who\n하나\n");
    servers.hear(A, ann);
    servers.send_to(B, ben, "둘\n");
    let late = servers.begin();
    servers.send_to(B, ben, "셋\n");
    let back = servers.connect(late, 9);
    servers.send_to(late, back, &resume(1, 3));
    assert_eq!(
        servers.hear(late, back),
        "> /resumed 25\n> /counts 1\n> 1 message skipped: this connection reads too slowly\n[192.0.2.2:2000] 셋\n"
            .replace("> /counts 1\n", "")
    );
    servers.send_to(late, back, "넷\n");
    assert!(servers.hear(B, ben).ends_with("[지민] 넷\n"));
    // Of many lines it is told so in one that counts as they do.
    let again = servers.begin();
    let once_more = servers.connect(again, 8);
    servers.send_to(again, once_more, &resume(1, 1));
    let heard = servers.hear(again, once_more);
    assert_eq!(
        heard,
        "> /resumed 29\n> /counts 4\n> 4 messages skipped: this connection reads too slowly\n"
    );
    // It has got two of them after all.
    let has_two = servers.connect(again, 7);
    servers.send_to(again, has_two, &resume(1, 3));
    assert_eq!(
        servers.hear(again, has_two),
        "> /resumed 29\n> /counts 2\n> 2 messages skipped: this connection reads too slowly\n"
    );
}
