//! What the room knows of an earlier run.

use chat_core::{Event, Limits, Start, Wall, Wire};

use super::{lines, second, set_second};
use crate::world::{ANN, BEN, World};

/// A room that knows these lines of an earlier run, one for each second.
fn restored(limits: Limits, lines: &[impl AsRef<[u8]>]) -> World {
    let mut world = World::with(limits);
    world.close_console();
    let seconds = (0..).map(second);
    world.server.restore(seconds.zip(lines.iter().map(AsRef::as_ref)));
    world.settle();
    world.console = world.server.observe(Start::Now);
    world
}

/// What is kept of these lines.
fn kept(lines: &[impl AsRef<[u8]>]) -> String {
    let mut world = restored(Limits::default(), lines);
    let all = world.server.observe(Start::Last(usize::MAX));
    world.writes(all).concat()
}

#[test]
fn an_earlier_run_is_the_rooms_history() {
    let earlier = [
        "> New user 127.0.0.1:1 entered (1 user online)",
        "> The user 127.0.0.1:1 is now 지민",
        "[지민] 안녕하세요?",
        "[127.0.0.1:2] 네 안녕하세요ㅋㅋ",
        "< The user 지민 left (1 user online)",
    ];
    let mut world = restored(Limits::default(), &earlier);
    assert!(!world.events.contains(&Event::Grown), "nobody was there");
    set_second(&mut world, 600);
    let ann = world.join_quietly(ANN);
    assert_eq!(world.console(), format!("> New user {ANN} entered (1 user online)\n"));
    world.receive(ann, "새 메시지\n/history 2\n");
    let at = |seconds| second(seconds).to_string();
    assert_eq!(
        world.hear(ann),
        format!(
            "> 2 earlier messages, {} to {}:\n\
             [127.0.0.1:2] 네 안녕하세요ㅋㅋ\n\
             < The user 지민 left (1 user online)\n\
             > New user {ANN} entered (1 user online)\n\
             [{ANN}] 새 메시지\n\
             > That was earlier\n",
            at(3),
            at(600)
        )
    );
    world.receive(ann, "/history 3\n");
    assert!(world.hear(ann).starts_with(&format!("> 3 earlier messages, {} to", at(2))));
}

/// What the program itself has written in every kind of line is taken again.
#[test]
fn every_line_of_a_room_is_taken() {
    let mut world = World::new();
    let record = world.server.record();
    world.server.seat_host(world.console);
    let [ann, ben, cat] = [ANN, BEN, "[2001:db8::1]:3333"].map(|addr| world.join_quietly(addr));
    world.receive(ann, "/name 지민\n안녕\n\tx  y \n[You] forged\n> forged\n//who\n");
    world.receive(cat, "e\u{301}👩‍🚀 \u{1b}[2J \u{202e}\n");
    for line in [
        "안녕",
        "/topic 숙제",
        "/topic",
        "/mute 지민",
        "/unmute 지민",
        "/hush",
        "/open",
        "/lock",
        "/unlock",
        "/private off",
        "/private on",
        "/kick 지민 떠들어서",
        &format!("/kick {BEN}"),
    ] {
        world.host(line);
    }
    world.leave(ben);
    world.leave(ann);
    world.leave(cat);
    let all = lines(&mut world, record);
    assert!(all.lines().count() > 25, "{all}");
    let expected: Vec<&str> = all.lines().collect();
    assert_eq!(kept(&expected), all);

    for other in [
        "< 1 user left: their server is gone (2 users online)",
        "< 3 users left: their server is gone (0 user online)",
        "> 1 message is missing here: it could not be recorded",
        "> 12 messages are missing here: they could not be recorded",
    ] {
        assert_eq!(kept(&[other]), format!("{other}\n"));
    }
}

/// A file is not trusted. What a client takes for something else than an earlier line is left out.
#[test]
fn what_is_no_line_of_a_room_is_left_out() {
    let session = format!("> /session {:032x} 지민", 7);
    for other in [
        "",
        " ",
        "hello",
        "Chat Server started on port 3333.",
        "exit",
        "[",
        "[] x",
        "[a]",
        "[a]x",
        "[a b] x",
        "[a -> you] x",
        "[you -> a] x",
        "[You] x",
        "[a] ",
        "[a] \u{200b}",
        "[a] \u{3164}",
        "[a\u{7}] x",
        "[\u{202e}a] x",
        &format!("[{}] x", "가".repeat(100)),
        ">",
        "> ",
        "> x",
        "> /heard 7",
        "> /resumed 7",
        &session,
        "> 3 users online: a, b, c",
        "> Connected to the chat server (3 users online)",
        "> The chat server is full (3 users online)",
        "> The room is locked",
        "> What is said here is recorded",
        "> That was earlier",
        "> 2 earlier messages:",
        "> 2 earlier messages, 14:02 to 14:05:",
        "> Nothing was said earlier",
        "> 3 messages skipped: this connection reads too slowly",
        "> Host removed you",
        "> Host removed you (x)",
        "> Host removed a b",
        "> Host removed ",
        "> Host muted ",
        "> New user a entered (1 users online)",
        "> New user a b entered (1 user online)",
        "> 2 message is missing here: it could not be recorded",
        "> The name a is taken; b is free",
        "< The user a left (1 user online) x",
        "< ",
        "<",
        "< x",
        "\u{feff}[a] x",
        "> New user \u{1b}[2J entered (1 user online)",
        "> Topic: \u{1b}[2J",
        "> Topic: a\nb",
    ] {
        assert_eq!(kept(&[other]), "", "{other}");
    }
    let long = format!("> Topic: {}", "x".repeat(400));
    assert_eq!(kept(&[long]), "");
}

#[test]
fn text_is_cleaned_as_if_it_was_said_now() {
    for (line, expected) in [
        (b"[a] \x1b[2J".as_slice(), "[a] ␛[2J\n"),
        (b"[a] \xff\xfe x", "[a] \u{fffd}\u{fffd} x\n"),
        ("[a] \u{202e}x\u{2028}".as_bytes(), "[a] \u{fffd}x\u{fffd}\n"),
        (b"[a] x\r", "[a] x\n"),
        (b"[a] one\ntwo", "[a] one\n[a] two\n"),
        (b"[a] \0\0", "[a] ␀␀\n"),
        (b"[a] /msg b c", "[a] /msg b c\n"),
        (b"[a] ] x] ", "[a] ] x] \n"),
        (b"[[::1]:3333] [b] x", "[[::1]:3333] [b] x\n"),
    ] {
        assert_eq!(kept(&[line]), expected);
    }
}

/// The earlier run may have allowed longer ones.
#[test]
fn a_line_that_is_too_long_is_several() {
    let limits = Limits { max_line: 100, ..Limits::default() };
    for backlog in [limits.least_backlog(), 1 << 20] {
        let limits = Limits { backlog, ..limits.clone() };
        let text = "가나다".repeat(100_000);
        let mut world = restored(limits, &[format!("[지민] {text}"), "[지민] 끝".into()]);
        let all = world.server.observe(Start::Last(usize::MAX));
        let all = world.writes(all).concat();
        let (all, end) = all.trim_end().rsplit_once('\n').unwrap();
        assert_eq!(end, "[지민] 끝");
        let mut whole = String::new();
        for line in all.lines() {
            let text = line.strip_prefix("[지민] ").unwrap();
            assert!(text.len() <= 100);
            whole += text;
        }
        assert!(text.ends_with(&whole) && whole.len() > 2_000, "{}", whole.len());
    }
}

#[test]
fn the_last_lines_are_kept_if_there_are_too_many() {
    let limits = Limits { max_line: 100, ..Limits::default() };
    let limits = Limits { backlog: limits.least_backlog(), ..limits };
    let many: Vec<String> = (0..10_000).map(|number| format!("[a] {number}")).collect();
    let mut world = restored(limits, &many);
    let ann = world.join_quietly(ANN);
    world.receive(ann, "/history 3\n");
    let heard = world.hear(ann);
    let lines: Vec<&str> = heard.lines().collect();
    let expected = format!("> 3 earlier messages, {}:", second(9_999));
    assert_eq!(lines[..4], [expected.as_str(), "[a] 9997", "[a] 9998", "[a] 9999"]);
}

#[test]
fn without_a_history_nothing_is_restored() {
    let mut world = restored(Limits { history: 0, ..Limits::default() }, &["[a] x"]);
    let all = world.server.observe(Start::Last(usize::MAX));
    assert_eq!(world.writes(all).concat(), "");
    assert_eq!(world.server.said(), 0);
}

#[test]
fn nothing_is_restored_once_somebody_is_there() {
    let lines = || [(second(0), b"[a] x".as_slice())];
    let mut world = World::new();
    world.server.restore(lines());
    assert_eq!(world.console(), "", "there is a console");
    world.close_console();
    let ann = world.server.connect(world.now, ANN.parse().unwrap(), Wire::Lines).unwrap();
    world.server.restore(lines());
    assert_eq!(world.hear(ann), "> Connected to the chat server (1 user online)\n");
    world.leave(ann);
    world.server.restore(lines());
    let all = world.server.observe(Start::Last(usize::MAX));
    assert!(!world.writes(all).concat().contains("[a] x"));
}

/// A record that begins then has missed nothing of it, and is told of what it missed later.
#[test]
fn what_is_restored_is_missing_in_no_record() {
    let limits = Limits { max_line: 100, ..Limits::default() };
    let limits = Limits { backlog: limits.least_backlog(), ..limits };
    let earlier: Vec<String> = (0..1_000).map(|number| format!("[a] {number}")).collect();
    let mut world = restored(limits, &earlier);
    let record = world.server.record();
    let ann = world.join_quietly(ANN);
    assert_eq!(lines(&mut world, record), format!("> New user {ANN} entered (1 user online)\n"));
    for number in 0..1_000 {
        world.receive(ann, format!("{number}\n"));
    }
    let read = lines(&mut world, record);
    let missing = 1_000 - (read.lines().count() - 1);
    let notice = format!("> {missing} messages are missing here: they could not be recorded\n");
    assert!(read.starts_with(&notice), "{}", &read[..200]);
}

/// The clock may be set before, or after.
#[test]
fn what_is_said_after_that_has_its_own_time() {
    for is_set_before in [true, false] {
        let mut world = World::new();
        world.close_console();
        let now = Wall { unix_seconds: 1_900_000_000, offset_seconds: 0 };
        if is_set_before {
            world.server.set_wall(world.now, now);
        }
        world.server.restore([(second(0), b"[a] x".as_slice())]);
        if !is_set_before {
            world.server.set_wall(world.now, now);
        }
        let record = world.server.record();
        let ann = world.join_quietly(ANN);
        let mut walls = Vec::new();
        let _ = world.server.deliver_timed(record, |wall, slices| {
            walls.push(wall);
            Ok::<_, ()>(slices.concat().len())
        });
        assert_eq!(walls, [now]);
        world.receive(ann, "y\n/history\n");
        let times = format!("> 2 earlier messages, {} to {now}:\n", second(0));
        assert!(world.hear(ann).starts_with(&times));
    }
}

#[test]
fn nobodys_name_is_taken_by_what_was_said_earlier() {
    let mut world = restored(Limits::default(), &["[지민] 안녕"]);
    let ben = world.join_quietly(BEN);
    world.receive(ben, "/name 지민\n");
    assert_eq!(world.hear(ben), format!("> The user {BEN} is now 지민\n"));
}
