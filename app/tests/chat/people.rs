//! `chat join` on a terminal: what it makes of people.

use crate::emulator::Emulator;
use crate::harness::{Program, Server, Signal, wait_until};
use crate::scripted::{CONNECTED, Member, Room};
use crate::terminal::{BACK_TAB, CTRL_C, Kind, Terminal};

const BELL: u8 = 0x07;
const CTRL_U: &str = "\x15";

/// Somebody at a terminal, alone with the test.
fn at_terminal(options: &[&str]) -> (Room, Member, Terminal) {
    let room = Room::open();
    let terminal = Terminal::join(room.port, Kind::WIDE, options);
    let member = room.greet();
    terminal.shows_exactly(&[&greeting(&member), "[You]"]);
    (room, member, terminal)
}

fn greeting(member: &Member) -> String {
    format!("{CONNECTED} as {}", member.address)
}

fn rings(terminal: &Terminal) -> usize {
    terminal.bytes().iter().filter(|byte| **byte == BELL).count()
}

#[test]
fn the_greeting_says_who_one_is() {
    let (_room, _member, _terminal) = at_terminal(&[]);

    // A server that does not say it does not keep its greeting back for long.
    let room = Room::open();
    let terminal = Terminal::join(room.port, Kind::WIDE, &[]);
    let mut member = room.greet_as_ever();
    terminal.shows_exactly(&[CONNECTED, "[You]"]);
    // It is asked for nothing, and once it has been sent anything, nothing is a command.
    terminal.types("안녕\r");
    assert_eq!(member.line(), "안녕");
    terminal.types("/mgs\r");
    assert_eq!(member.line(), "/mgs");

    // A screen reader reads the same; a filter prints what it always did.
    let room = Room::open();
    let plain = Terminal::join(room.port, Kind::WIDE, &["--plain"]);
    let member = room.greet();
    plain.shows_exactly(&[&greeting(&member)]);
    let room = Room::open();
    let filter = Program::join(room.port, &["--name", "지민"]);
    let mut member = room.greet();
    assert_eq!(member.line(), "/name 지민");
    member.says("[Ann] 안녕");
    assert_eq!(filter.out.wait_for("안녕\n"), format!("{CONNECTED}\n[Ann] 안녕\n"));
}

#[test]
fn what_is_asked_for_on_joining() {
    for (options, environment, expected) in [
        (&["--name", "지민"][..], &[][..], &["/name 지민"][..]),
        (&["--name=지민", "--history=0"], &[], &["/name 지민"]),
        (&["--history", "5"], &[("CHAT_NAME", "민수")], &["/name 민수", "/history 5"]),
        (
            &["--name", "지민", "--history", "7"],
            &[("CHAT_NAME", "민수")],
            &["/name 지민", "/history 7"],
        ),
        (&["--history=20"], &[("CHAT_NAME", "")], &["/history 20"]),
    ] {
        let room = Room::open();
        let terminal = Terminal::join_with(room.port, Kind::WIDE, options, environment);
        let mut member = room.greet();
        terminal.types("끝\r");
        for line in expected {
            assert_eq!(member.line(), *line);
        }
        assert_eq!(member.line(), "끝");
    }
}

/// Once one has a name, it stands dim where the draft is still empty.
#[test]
fn the_own_name_is_a_hint() {
    let (_room, mut member, terminal) = at_terminal(&["--name", "지민"]);
    assert_eq!(member.line(), "/name 지민");
    let address = member.address.clone();
    member.says(&format!("> The user {address} is now 지민"));
    let named = format!("> The user {address} is now 지민");
    terminal.shows(&[&greeting(&member), &named, "[You] as 지민"]);
    terminal.look(|emulator| {
        let Emulator::Cutting(parser) = emulator else { panic!() };
        assert!(parser.screen().cell(2, 6).unwrap().dim());
        assert!(!parser.screen().cell(2, 0).unwrap().dim());
    });
    terminal.types("안녕");
    terminal.shows(&[&greeting(&member), &named, "[You] 안녕"]);
    terminal.types("\r");
    assert_eq!(member.line(), "안녕");
    // It is no part of what was said.
    terminal.shows(&[&greeting(&member), &named, "[You] 안녕", "[You] as 지민"]);
}

/// The bell, once in two seconds, and a look that is not only a colour.
#[test]
fn what_is_meant_for_the_user_is_highlighted_and_rings() {
    let (_room, mut member, terminal) = at_terminal(&["--name", "지민"]);
    let address = member.address.clone();
    member.says(&format!("> The user {address} is now 지민"));
    member.says("[민수] 지민수가 왔어요");
    terminal.ends_with(&["[민수] 지민수가 왔어요", "[You] as 지민"]);
    assert_eq!(rings(&terminal), 0);
    member.says("[민수] 아니 지민아!");
    member.says("[민수] 지민아!");
    member.says("[민수 -> you] 비밀");
    terminal.ends_with(&["[민수 -> you] 비밀", "[You] as 지민"]);
    assert_eq!(rings(&terminal), 1);
    terminal.look(|emulator| {
        let Emulator::Cutting(parser) = emulator else { panic!() };
        let look = |row, column| {
            let cell = parser.screen().cell(row, column).unwrap();
            (cell.contents().to_owned(), cell.bold() && cell.inverse())
        };
        // Rows: the greeting, the name, three messages, the private one. A syllable is two wide.
        assert_eq!(look(3, 7), ("아".to_owned(), false));
        assert_eq!(look(3, 12), ("지".to_owned(), true));
        assert_eq!(look(3, 14), ("민".to_owned(), true));
        assert_eq!(look(3, 16), ("아".to_owned(), false));
        assert_eq!(look(2, 7), ("지".to_owned(), false));
        assert_eq!(look(5, 0), ("[".to_owned(), true));
        assert_eq!(look(5, 14), ("비".to_owned(), false));
    });
}

#[test]
fn no_bell_for_what_is_earlier() {
    for (options, expected) in [(&["--bell", "all"][..], 1), (&["--bell", "never"], 0)] {
        let (_room, mut member, terminal) = at_terminal(options);
        member.says("> 1 earlier message, 14:02 to 14:02:");
        member.says("[민수] 옛날");
        member.says("> That was earlier");
        terminal.ends_with(&["> That was earlier", "[You]"]);
        assert_eq!(rings(&terminal), 0);
        member.says("[민수] 지금");
        terminal.ends_with(&["[민수] 지금", "[You]"]);
        assert_eq!(rings(&terminal), expected);
    }
}

#[test]
fn tab_completes_names_and_commands() {
    let (_room, mut member, terminal) = at_terminal(&[]);
    member.says("[지민] 안녕");
    member.says("> New user 지우 entered (3 users online)");
    member.says("> 4 users online: 민수, 지민, 지우, 127.0.0.1:45390");
    terminal.ends_with(&["> 4 users online: 민수, 지민, 지우, 127.0.0.1:45390", "[You]"]);
    terminal.types("짐\t");
    terminal.ends_with(&["[You] 지민"]);
    terminal.types("아, ㅈㅇ\t");
    terminal.ends_with(&["[You] 지민아, 지우"]);
    terminal.types("\r");
    assert_eq!(member.line(), "지민아, 지우");
    terminal.types("/m\t\t");
    terminal.ends_with(&["[You] /msg 지민"]);
    terminal.types("\t");
    terminal.ends_with(&["[You] /msg 127.0.0.1:45390"]);
    terminal.types(BACK_TAB);
    terminal.ends_with(&["[You] /msg 지민"]);
    terminal.types("비밀\r");
    assert_eq!(member.line(), "/msg 지민 비밀");
}

/// A mistyped `/msg` is not public.
#[test]
fn an_unknown_command_is_sent_by_a_second_enter() {
    const DOUBT: &str = "chat: there is no such command; Enter again says it to everybody";
    let (_room, mut member, terminal) = at_terminal(&[]);
    let greeting = greeting(&member);
    terminal.types("/mgs 지민 비밀\r");
    terminal.shows(&[&greeting, DOUBT, "[You] /mgs 지민 비밀"]);
    // Another key, and it is not sure any more.
    terminal.types("!");
    terminal.shows(&[&greeting, "[You] /mgs 지민 비밀!"]);
    terminal.types("\r");
    terminal.shows(&[&greeting, DOUBT, "[You] /mgs 지민 비밀!"]);
    terminal.types(CTRL_U);
    terminal.types("안녕\r");
    assert_eq!(member.line(), "안녕", "nothing was sent before");
    terminal.types("/안녕\r\r");
    assert_eq!(member.line(), "/안녕");
    terminal.types("/etc/passwd\r/who\r");
    assert_eq!(member.line(), "/etc/passwd");
    assert_eq!(member.line(), "/who");
    terminal.shows(&[&greeting, "[You] 안녕", "[You] /안녕", "[You] /etc/passwd", "[You]"]);
    assert_eq!(rings(&terminal), 0);
}

#[test]
fn a_paste_is_no_command() {
    let (_room, mut member, terminal) = at_terminal(&[]);
    terminal.pastes("/who\n/ignore 지민\n/etc");
    terminal.ends_with(&["[You] //who", "[You] //ignore 지민", "[You] /etc"]);
    terminal.types("/passwd\r");
    // The room says the first with one slash; the other is no word of the room's.
    assert_eq!(member.line(), "//who");
    assert_eq!(member.line(), "/ignore 지민");
    assert_eq!(member.line(), "/etc/passwd");
}

#[test]
fn ignoring() {
    let (_room, mut member, terminal) = at_terminal(&["--bell", "all"]);
    member.says("[지민] 하나");
    terminal.ends_with(&["[지민] 하나", "[You]"]);
    terminal.types("/ignore 지민\r");
    let ignored = "chat: nothing that 지민 says is shown from now on";
    terminal.ends_with(&[ignored, "[You]"]);
    let rung = rings(&terminal);
    member.says("[지민] 둘");
    member.says("[지민 -> you] 셋");
    member.says("> The user 지민 is now 지우");
    member.says("[지우] 넷");
    member.says("> New user 127.0.0.1:45390 entered (3 users online)");
    let named = "> The user 지민 is now 지우";
    let entered = "> New user 127.0.0.1:45390 entered (3 users online)";
    terminal.ends_with(&["[지민] 하나", ignored, named, entered, "[You]"]);
    assert_eq!(rings(&terminal), rung);
    terminal.types("/ignore\r/unignore 지우\r/unignore 지우\r/ignore\r");
    terminal.ends_with(&["chat: nobody is ignored", "[You]"]);
    member.says("[지우] 다섯");
    terminal.ends_with(&[
        entered,
        "chat: ignored: 지우",
        "chat: what 지우 says is shown again",
        "chat: 지우 is not ignored",
        "chat: nobody is ignored",
        "[지우] 다섯",
        "[You]",
    ]);
    terminal.types("끝\r");
    assert_eq!(member.line(), "끝", "nothing of that was sent");
}

/// What the room has heard is not sent again, what it has not heard is, and nothing stands twice.
#[test]
fn coming_back() {
    let (room, mut member, terminal) = at_terminal(&[]);
    let greeting = greeting(&member);
    terminal.types("하나\r둘\r");
    assert_eq!(member.line(), "하나");
    let heard = member.confirm();
    assert_eq!(member.line(), "둘");
    member.says("[지민] 셋");
    terminal.shows(&[&greeting, "[You] 하나", "[You] 둘", "[지민] 셋", "[You]"]);
    drop(member);
    terminal.wait("it is said", |seen| seen.emulator.lines().concat().contains("connecting again"));
    terminal.types("넷\r");
    let (mut member, lines) = room.take_back(heard);
    assert_eq!(lines, 1, "the line about 지민");
    assert_eq!(member.line(), "둘");
    assert_eq!(member.line(), "넷");
    member.says("[지민] 다섯");
    terminal.ends_with(&["[You] 넷", "[지민] 다섯", "[You]"]);
    let lines = terminal.lines();
    assert_eq!(lines.iter().filter(|line| *line == "[You] 둘").count(), 1, "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with(CONNECTED)).count(), 1, "{lines:#?}");
}

/// A new room is not sent what was meant for the old one.
#[test]
fn a_new_room() {
    let (room, mut member, mut terminal) = at_terminal(&[]);
    terminal.types("하나\r둘\r");
    assert_eq!(member.line(), "하나");
    member.confirm();
    assert_eq!(member.line(), "둘");
    terminal.ends_with(&["[You] 둘", "[You]"]);
    drop(member);
    terminal.wait("it is said", |seen| seen.emulator.lines().concat().contains("connecting again"));
    terminal.types("셋\r쓰다 만");
    let mut member = room.accept();
    assert!(member.line().starts_with("/resume "));
    member.says(CONNECTED);
    let address = member.address.clone();
    member.says(&format!("> /session ffffffffffffffffffffffffffffffff {address}"));
    terminal.ends_with(&[
        &greeting(&member),
        "chat: the room is a new one; what it had not heard is below: Enter sends it",
        "[You] 둘",
        "[You] 셋",
        "[You] 쓰다 만",
    ]);
    terminal.types("\r");
    for line in ["둘", "셋", "쓰다 만"] {
        assert_eq!(member.line(), line);
    }
    member.confirm();
    terminal.types(CTRL_C);
    assert_eq!(member.rest(), ["/bye"]);
    drop(member);
    assert_eq!(terminal.status(), 0);
}

/// Who leaves waits until all is heard, and is told what was not.
#[test]
fn leaving() {
    let (_room, mut member, mut terminal) = at_terminal(&[]);
    terminal.types("하나\r둘\r");
    assert_eq!(member.line(), "하나");
    member.confirm();
    assert_eq!(member.line(), "둘");
    terminal.types(CTRL_C);
    assert_eq!(terminal.status(), 0);
    terminal.ends_with(&["[You] 하나", "[You] 둘", "chat: not sent:", "[You] 둘", "", "exit"]);
}

/// The same with the real server at the other end, and programs beside the terminal.
#[test]
fn in_a_real_room() {
    let server = Server::start(&[]);
    let terminal = Terminal::join(server.port, Kind::WIDE, &["--name", "지민"]);
    server.says("is now 지민\n");
    let mut minsu = Program::join(server.port, &["--json", "--name", "민수"]);
    minsu.out.wait_for("\"name\":\"민수\"}\n");
    minsu.type_in("지민아, 지민수 왔어?\n/msg 지민 비밀\n");
    minsu.out.wait_for("\"to\":\"지민\"");
    terminal.ends_with(&["[민수] 지민아, 지민수 왔어?", "[민수 -> you] 비밀", "[You] as 지민"]);
    assert_eq!(rings(&terminal), 1);
    terminal.types("/ms\t\t나도\r");
    minsu.out.wait_for("\"kind\":\"private\"");
    terminal.ends_with(&["[you -> 민수] 나도", "[You] as 지민"]);
    // A latecomer of the same name gets the next one, and what was said to all.
    let late = Program::join(server.port, &["--name", "민수", "--history", "9", "--stay"]);
    let heard = late.out.wait_for("> That was earlier\n");
    assert!(heard.contains("\n[민수] 지민아, 지민수 왔어?\n"), "{heard}");
    assert!(!heard.contains("비밀"), "{heard}");
    server.says("is now 민수2\n");
}

/// The host has had enough of somebody, who does not come back by itself.
#[test]
fn a_removed_member_stays_away() {
    let (room, mut member, mut terminal) = at_terminal(&[]);
    member.says("> Host removed you (그만)");
    let place = format!("127.0.0.1:{}", room.port);
    drop(member);
    assert_eq!(terminal.status(), 1);
    terminal.ends_with(&[
        "> Host removed you (그만)",
        &format!("chat: the connection to {place} ended: the server closed it"),
    ]);
}

#[test]
fn a_screen_reader_gets_the_same_words() {
    let room = Room::open();
    let plain = Terminal::join(room.port, Kind::WIDE, &["--plain", "--name", "지민"]);
    let mut member = room.greet();
    assert_eq!(member.line(), "/name 지민");
    let address = member.address.clone();
    member.says(&format!("> The user {address} is now 지민"));
    member.says("[민수] 지민아");
    let named = format!("> The user {address} is now 지민");
    plain.shows(&[&greeting(&member), &named, "[민수] 지민아"]);
    wait_until("it rings", || (rings(&plain) == 1).then_some(()));
    assert!(!plain.bytes().contains(&0x1b), "no sequences");
    // The terminal echoes what is typed.
    plain.types("/ignore 민수\r");
    let ignored = "chat: nothing that 민수 says is shown from now on";
    plain.ends_with(&["/ignore 민수", ignored]);
    member.says("[민수] 안 보여요");
    plain.types("/mgs 민수 비밀\r");
    let doubt = "chat: there is no such command; an empty line now says it to everybody";
    plain.ends_with(&[ignored, "/mgs 민수 비밀", doubt]);
    plain.types("안녕\r");
    assert_eq!(member.line(), "안녕", "nothing was sent before");
    plain.types("/mgs\r\r");
    assert_eq!(member.line(), "/mgs");
}

/// A program that is interrupted leaves, so that its name is free.
#[test]
fn an_interrupted_filter_leaves() {
    for signal in [Signal::INT, Signal::TERM] {
        let room = Room::open();
        let mut filter = Program::join(room.port, &["--name", "지민", "--stay"]);
        let mut member = room.greet();
        assert_eq!(member.line(), "/name 지민");
        filter.type_in("안녕\n");
        assert_eq!(member.line(), "안녕");
        filter.signal(signal);
        member.confirm();
        assert_eq!(member.rest(), ["/bye"]);
        drop(member);
        assert_eq!(filter.status(), 0);
        assert!(filter.out.all().ends_with("[You] 안녕\n\nexit\n"));
    }
}
