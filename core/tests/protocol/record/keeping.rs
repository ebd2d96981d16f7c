//! What a record is delivered, and when that was said.

use chat_core::{Delivered, Limits, Wall};

use super::{lines, read, second, set_second};
use crate::world::{ANN, BEN, World};

#[test]
fn newcomers_are_told_once_there_is_a_record() {
    let mut world = World::new();
    let ann = world.join(ANN);
    assert_eq!(world.hear(ann), "> Connected to the chat server (1 user online)\n");
    world.server.set_recorded(true);
    world.host("/topic 숙제");
    let ben = world.join(BEN);
    assert_eq!(
        world.hear(ben),
        "> Connected to the chat server (2 users online)\n\
         > What is said here is recorded\n\
         > Topic: 숙제\n"
    );
    world.leave(ben);
    world.server.set_recorded(false);
    let ben = world.join(BEN);
    assert_eq!(world.hear(ben), "> Connected to the chat server (2 users online)\n> Topic: 숙제\n");
}

#[test]
fn what_was_said_in_one_second_is_lent_together() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    let record = world.server.record();
    set_second(&mut world, 1);
    world.receive(ann, "하나\n둘\n");
    set_second(&mut world, 2);
    world.receive(ann, "셋\n");
    // Nothing is said in the third.
    set_second(&mut world, 3);
    set_second(&mut world, 4);
    world.receive(ann, "넷\n");
    set_second(&mut world, 5);
    let line = |text: &str| format!("[{ANN}] {text}\n");
    assert_eq!(
        read(&mut world, record),
        [(1, line("하나") + &line("둘")), (2, line("셋")), (4, line("넷"))]
    );
    assert_eq!(read(&mut world, record), []);
    world.receive(ann, "다섯\n");
    assert_eq!(read(&mut world, record), [(5, line("다섯"))]);
}

/// The same clock time may come twice, as when summer time ends.
#[test]
fn another_offset_is_another_time() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    let record = world.server.record();
    let wall = |offset_seconds| Wall { offset_seconds, ..second(0) };
    let mut lent = Vec::new();
    for offset in [7200, 3600] {
        world.server.set_wall(world.now, wall(offset));
        world.receive(ann, format!("{offset}\n"));
    }
    for _ in 0..2 {
        let _ = world.server.deliver_timed(record, |wall, slices| {
            lent.push((wall, slices.concat()));
            Ok::<_, ()>(slices.concat().len())
        });
    }
    let line = |offset| (wall(offset), format!("[{ANN}] {offset}\n").into_bytes());
    assert_eq!(lent, [line(7200), line(3600)]);
}

#[test]
fn what_is_not_taken_is_lent_again() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    let record = world.server.record();
    set_second(&mut world, 1);
    world.receive(ann, "one\n");
    set_second(&mut world, 2);
    world.receive(ann, "two\n");
    let take = |world: &mut World, count: Result<usize, &'static str>| {
        let mut lent = (0, String::new());
        let delivered = world.server.deliver_timed(record, |wall, slices| {
            let text = String::from_utf8(slices.concat()).unwrap();
            lent = (wall.unix_seconds - second(0).unix_seconds, text);
            count
        });
        (lent, delivered)
    };
    let (one, two) = (format!("[{ANN}] one\n"), format!("[{ANN}] two\n"));
    assert_eq!(take(&mut world, Err("full")), ((1, one.clone()), Err("full")));
    assert_eq!(take(&mut world, Ok(0)), ((1, one.clone()), Ok(Delivered::Partial)));
    assert_eq!(take(&mut world, Ok(5)), ((1, one.clone()), Ok(Delivered::Partial)));
    let rest = one.len() - 5;
    assert_eq!(take(&mut world, Ok(rest)), ((1, one[5..].into()), Ok(Delivered::Partial)));
    assert_eq!(take(&mut world, Ok(two.len())), ((2, two), Ok(Delivered::CaughtUp)));
}

/// Every line of the console, and nothing that one reader alone gets.
#[test]
fn the_record_has_the_rooms_lines() {
    let mut world = World::new();
    let record = world.server.record();
    world.server.seat_host(world.console);
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.receive(ann, "/name 지민\n안녕\n/who\n/help\n/history\n/msg Host 몰래\n");
    world.receive(ben, "/msg 지민 secret\n/nonsense\n");
    world.receive(ann, "/reply secret\n");
    for line in ["/who", "/msg 지민 secret", "/mute 지민", "/topic 숙제", "/history", "/kick 지민"]
    {
        world.host(line);
    }
    world.leave(ben);
    assert_eq!(
        lines(&mut world, record),
        format!(
            "> New user {ANN} entered (1 user online)\n\
             > New user {BEN} entered (2 users online)\n\
             > The user {ANN} is now 지민\n\
             [지민] 안녕\n\
             [{BEN}] /nonsense\n\
             > Host muted 지민\n\
             > Topic: 숙제\n\
             > Host removed 지민\n\
             < The user 지민 left (1 user online)\n\
             < The user {BEN} left (0 user online)\n"
        )
    );
}

#[test]
fn what_the_record_alone_is_told_has_a_time_too() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    set_second(&mut world, 1);
    world.receive(ann, "before\n");
    set_second(&mut world, 2);
    let record = world.server.record();
    world.server.open(record, 3333);
    assert_eq!(read(&mut world, record), [(2, "Chat Server started on port 3333.\n".to_string())]);
}

#[test]
fn without_a_clock_there_is_a_time_all_the_same() {
    let mut world = World::new();
    let record = world.server.record();
    let ann = world.join_quietly(ANN);
    world.receive(ann, "one\n");
    let mut times = Vec::new();
    let _ = world.server.deliver_timed(record, |wall, slices| {
        times.push(wall);
        Ok::<_, ()>(slices.concat().len())
    });
    assert_eq!(times, [Wall::default()]);
}

/// As the record counts what it missed, so do readers; only that it is told otherwise.
#[test]
fn a_gap_is_counted() {
    let limits = Limits { max_line: 100, ..Limits::default() };
    let limits = Limits { backlog: limits.least_backlog(), ..limits };
    let line = |number: i64| format!("[{ANN}] message {number:013}\n");
    let kept = (limits.backlog / line(0).len()) as i64;
    for missing in [1, 2, 12] {
        let mut world = World::with(limits.clone());
        let ann = world.join_quietly(ANN);
        let record = world.server.record();
        for number in 0..kept + missing {
            set_second(&mut world, number / 10);
            world.receive(ann, format!("message {number:013}\n"));
        }
        let notice = match missing {
            1 => "> 1 message is missing here: it could not be recorded\n".to_string(),
            _ => format!("> {missing} messages are missing here: they could not be recorded\n"),
        };
        let read = read(&mut world, record);
        // It stands where they are missing, in the second of what follows.
        let until = 10 * (missing / 10 + 1);
        let first: String = (missing..until).map(line).collect();
        assert_eq!(read[0], (missing / 10, notice + &first));
        let rest: String = read[1..].iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(rest, (until..kept + missing).map(line).collect::<String>());
        for (number, text) in &read[1..] {
            assert!(text.starts_with(&line(10 * number)), "{number}: {text}");
        }
    }
}

/// Many seconds are kept for a record that is late; of those that are long past a few may be taken for
/// the first of their minute.
#[test]
fn long_past_seconds_are_minutes() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.close_console();
    let record = world.server.record();
    let [many, step] = [3_000, 7];
    for number in 0..many {
        set_second(&mut world, number * step);
        world.receive(ann, format!("{number}\n"));
        world.catch_up(ann);
    }
    let mut exact = 0;
    let mut expected = 0;
    let minute = |wall: i64| (second(wall).unix_seconds + 9 * 3600).div_euclid(60);
    for (at, text) in read(&mut world, record) {
        for line in text.lines() {
            let number: i64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
            assert_eq!(number, expected);
            let said = number * step;
            assert!(at <= said && minute(at) == minute(said), "{at}: {said}");
            assert!(number < many - 256 || at == said, "{at}: {said}");
            exact += i64::from(at == said);
            expected += 1;
        }
    }
    assert_eq!(expected, many);
    assert!(exact < many, "all are kept");
    world.receive(ann, format!("/history {many}\n"));
    let heard = world.hear(ann);
    let times =
        format!("> {many} earlier messages, {} to {}:\n", second(0), second((many - 1) * step));
    assert!(heard.starts_with(&times), "{}", &heard[..100]);
}
