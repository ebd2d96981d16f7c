//! Names, private words, what was earlier, the host.

use chat_core::{Event, Limits, Wall};

use crate::world::{ANN, BEN, CAT, World};

#[test]
fn a_member_is_called_by_its_name() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    world.console();
    world.receive(ann, "/name 지민\n안녕\n");
    let named = format!("> The user {ANN} is now 지민\n");
    assert_eq!(world.hear(ben), format!("{named}[지민] 안녕\n"));
    assert_eq!(world.hear(ann), named);
    world.receive(ann, "/name\n/nick 민수\n");
    let renamed = "> The user 지민 is now 민수\n";
    assert_eq!(world.hear(ann), format!("> You are 지민 ({ANN})\n{renamed}"));
    world.receive(ben, "/name 지민\n/name\n");
    assert!(world.hear(ben).ends_with(&format!("> You are 지민 ({BEN})\n")));
    world.leave(ann);
    assert_eq!(world.hear(ben), "< The user 민수 left (1 user online)\n");
    assert!(world.console().ends_with("< The user 민수 left (1 user online)\n"));
}

#[test]
fn a_name_is_one_members() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.receive(ann, "/name 지민\n");
    world.hear(ben);
    for wanted in ["지민", "\u{110c}\u{1175}\u{1106}\u{1175}\u{11ab}"] {
        world.receive(ben, format!("/name {wanted}\n"));
        assert_eq!(world.hear(ben), "> The name 지민 is taken; 지민2 is free\n");
    }
    for wanted in
        ["You", "host", "Server", "127.0.0.1:1", "a b", "[a]", "", "x".repeat(21).as_str()]
    {
        world.receive(ben, format!("/name {wanted}\n"));
        let answer = world.hear(ben);
        let is_refused = answer.starts_with("> A name is 1 to 20 letters, digits, - or _");
        assert!(is_refused || wanted.is_empty(), "{wanted}: {answer}");
    }
    // Its own one is free for it.
    world.receive(ann, "/name 지민\n");
    assert!(world.hear(ann).ends_with(&format!("> You are 지민 ({ANN})\n")));
    world.leave(ann);
    world.receive(ben, "/name 지민\n");
    assert!(world.hear(ben).ends_with(&format!("> The user {BEN} is now 지민\n")));
}

#[test]
fn what_is_no_command_is_said() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    world.receive(ann, "/etc/passwd\n//comment\n//who\n///who\n/whoever\n/\n");
    let said = ["/etc/passwd", "//comment", "/who", "//who", "/whoever", "/"];
    let said = said.map(|text| format!("[{ANN}] {text}\n")).concat();
    assert_eq!(world.hear(ben), said);
    assert_eq!(world.hear(ann), "");
    world.receive(ann, "/kick somebody\n");
    assert_eq!(world.hear(ann), "> Only the host can do that: /kick\n");
    assert_eq!(world.hear(ben), "");
}

/// However it is cut, and also without a newline.
#[test]
fn a_command_is_one_however_it_comes() {
    let command = "/name 지민\n".as_bytes();
    for at in 0..command.len() {
        let mut world = World::new();
        let ann = world.join_quietly(ANN);
        world.receive(ann, &command[..at]);
        world.receive(ann, &command[at..]);
        assert_eq!(world.hear(ann), format!("> The user {ANN} is now 지민\n"));
    }
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.receive(ann, "/name 지민");
    world.pass_millis(200);
    assert_eq!(world.hear(ann), format!("> The user {ANN} is now 지민"));
}

/// Nothing of a private message that is too long is said to all.
#[test]
fn a_command_that_is_too_long_is_not_said() {
    let mut world = World::with(Limits { max_line: 32, ..Limits::default() });
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    let long = "비밀".repeat(20);
    world.receive(ann, format!("/msg {BEN} {long}\n뒤\n"));
    assert_eq!(world.hear(ann), "> That is too long for /msg\n");
    assert_eq!(world.hear(ben), format!("[{ANN}] 뒤\n"));
    // Not a command: what is cut off from a message.
    world.receive(ann, format!("{}/who\n", "a".repeat(32)));
    assert_eq!(world.hear(ben), format!("[{ANN}] {}\n[{ANN}] /who\n", "a".repeat(32)));
    assert_eq!(world.hear(ann), "");
}

#[test]
fn who_is_here() {
    let mut world = World::new();
    let [ann, ben, cat] = [ANN, BEN, CAT].map(|addr| world.join_quietly(addr));
    for (id, name) in [(ann, "지민"), (ben, "민수")] {
        world.receive(id, format!("/name {name}\n"));
    }
    world.hear(cat);
    world.receive(cat, "/who\n/names 지\n/who x\n");
    let all = format!("> 3 users online: 민수, 지민, {CAT}\n");
    let some = "> 1 of 3 users online with 지: 지민\n> 0 of 3 users online with x: \n";
    assert_eq!(world.hear(cat), all + some);
}

#[test]
fn a_long_list_is_cut() {
    let mut world = World::new();
    let asker = world.join_quietly(ANN);
    for port in 1000..2500 {
        world.join(&format!("192.0.2.1:{port}"));
    }
    world.catch_up(asker);
    world.receive(asker, "/who\n");
    let answer = world.hear(asker);
    assert_eq!(answer.lines().count(), 4);
    assert!(answer.lines().all(|line| line.starts_with("> ") && line.len() < 100), "{answer}");
    let (listed, more) = answer.trim_end().split_once(" … and ").unwrap();
    let listed = listed.matches(':').count() - 1;
    assert_eq!(more, format!("1,{} more", 501 - listed));
}

#[test]
fn a_private_word() {
    let mut world = World::new();
    let [ann, ben, cat] = [ANN, BEN, CAT].map(|addr| world.join_quietly(addr));
    world.receive(ann, "/name 지민\n");
    for id in [ann, ben, cat] {
        world.hear(id);
    }
    world.console();
    world.receive(ben, "앞\n/msg 지민 안녕, 비밀\n뒤\n");
    assert_eq!(world.hear(ann), format!("[{BEN}] 앞\n[{BEN} -> you] 안녕, 비밀\n[{BEN}] 뒤\n"));
    assert_eq!(world.hear(ben), "[you -> 지민] 안녕, 비밀\n");
    assert_eq!(world.hear(cat), format!("[{BEN}] 앞\n[{BEN}] 뒤\n"));
    assert_eq!(world.console(), format!("[{BEN}] 앞\n[{BEN}] 뒤\n"));
    world.receive(ann, "/r 네\n");
    assert_eq!(world.hear(ben), "[지민 -> you] 네\n");
    assert_eq!(world.hear(ann), format!("[you -> {BEN}] 네\n"));
    world
        .receive(ann, format!("/msg {CAT} ㅋㅋ\n/msg 누구 안녕\n/msg\n/msg Host 네\n/msg {CAT}\n"));
    assert_eq!(world.hear(cat), "[지민 -> you] ㅋㅋ\n");
    let answers = world.hear(ann);
    assert!(answers.contains("> There is no 누구 here\n"), "{answers}");
    assert!(answers.contains("> There is no Host here\n"), "{answers}");
    world.leave(ben);
    world.hear(ann);
    world.receive(ann, "/r 아직 있나요\n");
    assert_eq!(world.hear(ann), "> Nobody here has written to you\n");
}

#[test]
fn what_was_earlier() {
    let mut world = World::new();
    let wall = |minute: i64| Wall { unix_seconds: minute * 60, offset_seconds: 9 * 3600 };
    let ann = world.join_quietly(ANN);
    world.server.set_wall(world.now, wall(5 * 60 + 2));
    world.receive(ann, "하나\n둘\n");
    world.server.set_wall(world.now, wall(5 * 60 + 5));
    world.receive(ann, "셋\n");
    let ben = world.join_quietly(BEN);
    world.receive(ben, "/history 2\n");
    world.receive(ann, "넷\n");
    let lines = format!("[{ANN}] 둘\n[{ANN}] 셋\n");
    let answer = format!("> 2 earlier messages, 14:02 to 14:05:\n{lines}> That was earlier\n");
    assert_eq!(world.hear(ben), format!("{answer}[{ANN}] 넷\n"));
    world.receive(ben, "/history\n/history x\n");
    let told = world.hear(ben) + &world.hear(ben);
    assert!(told.starts_with("> 4 earlier messages, 14:02 to 14:05:\n"), "{told}");
    assert!(told.ends_with("> That was earlier\n> How many messages? /history 20\n"), "{told}");
    let mut world = World::with(Limits { history: 0, ..Limits::default() });
    let ann = world.join_quietly(ANN);
    world.receive(ann, "하나\n/history\n");
    assert_eq!(world.hear(ann), "> No history is kept here\n");
}

/// Who asks without reading costs no more than what is kept for it, and is not read from.
#[test]
fn a_flood_of_commands_is_held_back() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    let (mut asked, mut answered) = (0, 0);
    while world.budget(ann) > 0 {
        world.receive(ann, "/who\n".repeat(1000));
        asked += 1000;
        world.pass_millis(100);
        assert!(asked < 100_000, "it is read from for ever");
    }
    world.receive(ben, "안녕\n");
    while answered < asked {
        answered += world.hear(ann).matches("> 2 users online: ").count();
        world.pass_millis(2);
    }
    assert_eq!(answered, asked);
    assert!(world.budget(ann) > 0);
    world.receive(ann, "안녕\n");
    assert!(world.hear(ben).ends_with(&format!("[{ANN}] 안녕\n")));
}

#[test]
fn the_host() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    let console = world.console;
    world.server.seat_host(console);
    world.receive(ann, "/name 지민\n");
    for id in [ann, ben] {
        world.hear(id);
    }
    world.console();
    world.host("안녕하세요");
    assert_eq!([ann, ben].map(|id| world.hear(id)), ["[Host] 안녕하세요\n"; 2]);
    assert_eq!(world.console(), "[Host] 안녕하세요\n");
    world.host("/mute 지민");
    world.receive(ann, "들리나요\n여보세요\n");
    assert_eq!(world.hear(ben), "> Host muted 지민\n");
    assert_eq!(world.hear(ann), "> Host muted 지민\n> You are muted: that was not said\n");
    world.receive(ann, "/msg Host 저요\n");
    assert_eq!(world.console(), "> Host muted 지민\n[지민 -> you] 저요\n");
    world.host("/r 네");
    assert_eq!(world.hear(ann), "[you -> Host] 저요\n[Host -> you] 네\n");
    assert_eq!(world.console(), "[you -> 지민] 네\n");
    world.host("/unmute 지민");
    world.receive(ann, "들리나요\n");
    assert_eq!(world.hear(ben), "> Host unmuted 지민\n[지민] 들리나요\n");
    world.hear(ann);

    world.host("/hush");
    world.receive(ben, "저도\n저도\n");
    let refused = "> Only Host speaks now: that was not said\n";
    assert_eq!(world.hear(ben), format!("> Only Host speaks now\n{refused}{refused}"));
    world.host("/open");
    world.host("/private off");
    world.receive(ben, "/msg 지민 비밀\n");
    let told = "> Everybody may speak again\n> Host turned private messages off\n";
    assert_eq!(world.hear(ben), format!("{told}> Private messages are off here\n"));
    world.host("/topic 3과");
    world.host("/lock");
    assert!(world.server.connect(world.now, CAT.parse().unwrap(), chat_core::Wire::Lines).is_err());
    world.host("/unlock");
    let cat = world.join(CAT);
    let greeting = "> Connected to the chat server (3 users online)\n> Topic: 3과\n";
    assert_eq!(world.hear(cat), greeting);
    for id in [ann, ben] {
        world.hear(id);
    }

    world.events.clear();
    world.host("/kick 지민 스팸");
    assert_eq!(world.hear(ann), "> Host removed you (스팸)\n");
    assert!(world.is_finished(ann) && world.events.contains(&Event::Closed(ann)));
    let left = "> Host removed 지민 (스팸)\n< The user 지민 left (2 users online)\n";
    assert_eq!(world.hear(ben), left);
    world.leave(ann);
    world.console();
    world.host("/who");
    world.host("/kick 지민");
    world.host("/kick Host");
    let told = world.console();
    let list = format!("> 2 users online\n> {BEN}\n> {CAT}\n");
    assert_eq!(told, format!("{list}> There is no 지민 here\n> There is no Host here\n"));
    world.host("/history x");
    world.host("/history 1");
    let told = world.console();
    let earlier = "> How many messages? /history 20\n> 1 earlier message:\n[지민] 들리나요\n";
    assert_eq!(told, format!("{earlier}> That was earlier\n"));
    world.host("/msg 없음 안녕");
    world.host(" ");
    world.host("\u{1b}[2J");
    assert_eq!(world.hear(ben), "[Host] ␛[2J\n");
}

/// Lines that begin so are for programs, which hide them.
#[test]
fn no_answer_is_taken_for_what_is_for_programs() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    let console = world.console;
    world.server.seat_host(console);
    let asked = "/help\n/msg\n/who /x\n/msg /heard x\n/name /session\n/r x\n/history /\n/kick /x\n";
    world.receive(ann, format!("{asked}/msg x {}\n", "x".repeat(5_000)));
    world.pass_millis(10);
    for line in ["/help", "/kick", "/msg /x", "/topic /heard 3", "/who /x", "/mute /x"] {
        world.host(line);
    }
    let told = world.hear(ann) + &world.console();
    assert!(told.lines().count() > 20, "{told}");
    assert!(!told.lines().any(|line| line.starts_with("> /")), "{told}");
}

/// A line may be longer than all that is kept for a member, or nearly as long as there is space for.
#[test]
fn commands_are_dealt_with_whatever_the_limits_are() {
    for max_line in [16, 4_096, 20_000, 30_000, 65_536] {
        let mut world = World::with(Limits { max_line, backlog: 0, ..Limits::default() });
        let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
        world.hear(ann);
        let text = "x".repeat(max_line - "/msg x ".len());
        world.receive(ann, "/name x\n");
        assert_eq!(world.hear(ann), format!("> The user {ANN} is now x\n"), "{max_line}");
        world.hear(ben);
        world.receive(ben, format!("/msg x {text}\n"));
        assert_eq!(world.hear(ann), format!("[{BEN} -> you] {text}\n"));
    }
}

/// Many say much at once behind a command, and are gone: nobody loses anything by that, and it is said.
#[test]
fn who_leaves_is_heard_no_faster_than_others() {
    let mut world = World::new();
    world.close_console();
    let ben = world.join_quietly(BEN);
    let talkers: Vec<_> = (1..40).map(|port| world.join(&format!("198.51.100.1:{port}"))).collect();
    world.catch_up(ben);
    let mut said = 0;
    for id in &talkers {
        let text = format!("/name\n{}", "a\n".repeat(world.budget(*id).saturating_sub(10) / 2));
        said += text.matches('a').count() - 1;
        world.receive(*id, text);
    }
    for (number, id) in talkers.iter().enumerate() {
        if number % 2 == 0 {
            world.end_of_input(*id);
        }
        world.leave(*id);
    }
    let mut heard = String::new();
    while world.server.users() > 1 {
        heard += &world.hear(ben);
        world.pass_millis(1);
    }
    heard += &world.hear(ben);
    assert!(!heard.contains(" skipped: "));
    assert_eq!(heard.matches("] a\n").count(), said);
}

/// Nothing of a request is said or answered, whoever may speak.
#[test]
fn a_browser_is_closed_also_when_only_the_host_speaks() {
    let mut world = World::new();
    world.host("/hush");
    let ann = world.join_quietly(ANN);
    world.receive(ann, "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n");
    assert!(world.events.contains(&Event::Closed(ann)));
    assert_eq!(world.hear(ann), "");
}

/// What others write to a member that reads slowly does not silence it.
#[test]
fn private_words_do_not_keep_anybody_from_speaking() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    for number in 0..2_000 {
        world.receive(ben, format!("/msg {ANN} {number}\n"));
        world.pass_millis(10);
        world.catch_up(ben);
    }
    assert!(world.budget(ann) > 0);
    world.receive(ben, format!("/msg {ANN} last\n"));
    assert_eq!(
        world.hear(ben),
        format!("> {ANN} has left too much unread, and did not get that\n")
    );
}

/// Where many are, a few ask who is here in one moment, and all are answered; others do not wait for it.
#[test]
fn a_list_of_many_is_not_made_for_all_at_once() {
    let mut world = World::new();
    let members: Vec<_> =
        (1..101).map(|port| world.join(&format!("198.51.100.1:{port}"))).collect();
    members.iter().for_each(|id| world.catch_up(*id));
    let answers = |world: &mut World| -> usize {
        members.iter().map(|id| world.hear(*id).matches("100 users online").count()).sum()
    };
    for id in &members {
        world.receive(*id, "/who\n/who 198.51.100.1:5\n");
    }
    assert_eq!(answers(&mut world), 1);
    world.receive(members[0], "/msg x y\n");
    let mut answered = 1;
    for _ in 0..1_200 {
        world.pass_millis(1);
        answered += answers(&mut world);
    }
    assert_eq!(answered, 200);
    assert!(members.iter().all(|id| world.budget(*id) > 0));
}
