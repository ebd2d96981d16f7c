//! Peers that do not chat: nothing of them is said, however they are cut.

use chat_core::{Event, Limits, MemberId, Wire};

use crate::world::{ANN, BEN, World};

fn room_of_two(limits: Limits) -> (World, MemberId, MemberId) {
    let mut world = World::with(limits);
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    world.console();
    (world, ann, ben)
}

fn left() -> String {
    format!("< The user {ANN} left (1 user online)\n")
}

#[test]
fn requests_are_not_said() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(10_000));
    let body = "POST /say HTTP/1.1\r\nContent-Length: 9\r\n\r\n아무 말\n";
    for request in [
        "GET / HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "BREW /pot-0 HTTP/1.1\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n",
        "OPTIONS / RTSP/1.0\r\n\r\n",
        "CONNECT mail.example:25 HTTP/1.1\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "SSH-1.99-x\n",
        body,
        &long,
    ] {
        for length in [1, 3, 7, 16, usize::MAX] {
            let (mut world, ann, ben) = room_of_two(Limits::default());
            for chunk in request.as_bytes().chunks(length.min(request.len())) {
                world.receive(ann, chunk);
            }
            world.receive(ann, "아무 말\n");
            assert_eq!(world.console(), left(), "{request:?} by {length}");
            assert!(world.events.contains(&Event::Closed(ann)));
            assert_eq!(world.hear(ben), left());
            assert!(world.is_finished(ann));
        }
    }
}

#[test]
fn a_request_that_pauses_or_does_not_end_is_not_said() {
    for (request, pause) in
        [("GET / HTTP/1.1", 100), ("GET / HTTP/1.1\r", 1_000), ("SSH-2.0-x", 100)]
    {
        let (mut world, ann, _) = room_of_two(Limits::default());
        world.receive(ann, request);
        world.pass_millis(pause);
        world.pass_millis(1_000);
        assert_eq!(world.console(), left(), "{request:?}");

        let (mut world, ann, _) = room_of_two(Limits::default());
        world.receive(ann, request);
        world.end_of_input(ann);
        assert_eq!(world.console(), left(), "{request:?}");
    }
    let (mut world, ann, _) = room_of_two(Limits::default());
    world.receive(ann, "GET / HT");
    world.pass_millis(800);
    world.receive(ann, "TP/1.1\r\n");
    assert_eq!(world.console(), left());
}

#[test]
fn a_request_line_that_is_longer_than_a_message_is_not_said() {
    let limits = Limits { max_line: 64, ..Limits::default() };
    let (mut world, ann, _) = room_of_two(limits);
    world.receive(ann, format!("GET /{}한글 HTTP/1.1\r\n", "x".repeat(57)));
    assert_eq!(world.console(), left());
}

#[test]
fn a_tls_record_is_not_said() {
    let hello = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03\n\xff\xf4abc\n";
    for length in 1..=hello.len() {
        let (mut world, ann, _) = room_of_two(Limits::default());
        hello.chunks(length).for_each(|chunk| world.receive(ann, chunk));
        assert_eq!(world.console(), left());
    }
}

#[test]
fn what_people_write_is_said() {
    for text in [
        "GET / 는 뭐예요?",
        "HTTP/1.1",
        "GET HTTP/1.1",
        "나는 HTTP/1.1",
        "SSH-키 보내 주세요",
        "SSH-2 어때요",
        "POST-IT",
        "GET /etc",
        "\u{16}x",
        "Get out / now",
    ] {
        let (mut world, ann, _) = room_of_two(Limits::default());
        world.receive(ann, format!("{text}\n"));
        let shown: String = text.chars().map(chat_core::shown).collect();
        assert_eq!(world.console(), format!("[{ANN}] {shown}\n"));
    }
    // Only what comes first is looked at.
    let (mut world, ann, _) = room_of_two(Limits::default());
    world.receive(ann, "이렇게요:\nGET / HTTP/1.1\n\u{16}\u{3}\n");
    assert_eq!(world.console(), format!("[{ANN}] 이렇게요:\n[{ANN}] GET / HTTP/1.1\n[{ANN}] ␖␃\n"));
    // The beginning of a request that goes on otherwise.
    let (mut world, ann, _) = room_of_two(Limits::default());
    world.receive(ann, "GET /");
    world.pass_millis(1_000);
    assert_eq!(world.console(), format!("[{ANN}] GET /\n"));
}

/// A peer whose door knows that it chats is no other, whatever it says.
#[test]
fn what_is_known_to_be_messages_is_said() {
    let (mut world, _, _) = room_of_two(Limits::default());
    let cat = world.server.connect(world.now, "192.0.2.3:3".parse().unwrap(), Wire::Messages);
    let cat = cat.unwrap();
    world.console();
    world.receive(cat, b"GET / HTTP/1.1\n\x16\x03\nslo");
    world.pass_millis(5_000);
    world.receive(cat, b"w\xff\xfd\x06\n");
    assert_eq!(
        world.console(),
        "[192.0.2.3:3] GET / HTTP/1.1\n[192.0.2.3:3] ␖␃\n[192.0.2.3:3] slow\u{fffd}\u{fffd}␆\n"
    );
}
