//! `chat join` on a terminal: the draft, and the lines above it.

use crate::harness::{Peer, Server, Signal};
use crate::terminal::{CTRL_C, CTRL_D, GREETING, Kind, Terminal};

const UP: &str = "\x1b[A";
const LEFT: &str = "\x1b[D";
const HOME: &str = "\x1b[H";
const END: &str = "\x1b[F";
const BACKSPACE: &str = "\x7f";
const CTRL_G: &str = "\x07";
const CTRL_L: &str = "\x0c";
const CTRL_R: &str = "\x12";
const CTRL_U: &str = "\x15";
const CTRL_W: &str = "\x17";

pub(crate) const CONNECTED: &str = "> Connected to the chat server (2 users online)";

/// A room, a peer in it, and somebody at a terminal.
pub(crate) fn room(kind: Kind) -> (Server, Peer, Terminal) {
    let server = Server::start(&["--quiet"]);
    let mut peer = server.member();
    let terminal = Terminal::join(server.port, kind, &[]);
    assert!(peer.line().starts_with("> New user "));
    terminal.ends_with(&[CONNECTED, "[You]"]);
    (server, peer, terminal)
}

/// The same as through pipes; what was typed stands there once.
#[test]
fn one_session() {
    for kind in [Kind::WIDE, Kind::cutting(31), Kind::reflowing(40)] {
        let mut server = Server::start(&[]);
        let mut ann = Terminal::join(server.port, kind, &[]);
        let ann_addr = newcomer(&server.says("(1 user online)\n"));
        ann.shows(&["> Connected to the chat server (1 user online)", "[You]"]);
        let mut ben = Terminal::join(server.port, kind, &[]);
        let ben_addr = newcomer(&server.says("(2 users online)\n"));
        ben.shows(&[CONNECTED, "[You]"]);

        ann.types("안녕하세요?\r");
        ben.ends_with(&[&format!("[{ann_addr}] 안녕하세요?"), "[You]"]);
        ben.types("네 안녕하세요ㅋㅋ\r\r");
        ann.ends_with(&[&format!("[{ben_addr}] 네 안녕하세요ㅋㅋ"), "[You]"]);
        ben.types(CTRL_C);
        assert_eq!(ben.status(), 0);
        ann.ends_with(&[&format!("< The user {ben_addr} left (1 user online)"), "[You]"]);
        ann.types(CTRL_D);
        assert_eq!(ann.status(), 0);
        server.program.signal(Signal::INT);
        assert_eq!(server.program.status(), 0);

        ann.shows(&[
            "> Connected to the chat server (1 user online)",
            &format!("> New user {ben_addr} entered (2 users online)"),
            "[You] 안녕하세요?",
            &format!("[{ben_addr}] 네 안녕하세요ㅋㅋ"),
            &format!("< The user {ben_addr} left (1 user online)"),
            "",
            "exit",
        ]);
        ben.shows(&[
            CONNECTED,
            &format!("[{ann_addr}] 안녕하세요?"),
            "[You] 네 안녕하세요ㅋㅋ",
            "",
            "exit",
        ]);
    }
}

fn newcomer(console: &str) -> String {
    let line = console.lines().rfind(|line| line.starts_with("> New user ")).unwrap();
    line.split(' ').nth(3).unwrap().to_owned()
}

/// Composed Hangul, jamo, compatibility jamo, Chinese, Latin with a combining accent, an emoji and
/// a joined one. The bytes of each key arrive together.
const KEYS: [&str; 24] = [
    "안",
    "녕",
    "하",
    "세",
    "요",
    " ",
    "\u{1112}",
    "\u{1161}",
    "\u{11ab}",
    "ㅋ",
    "漢",
    "字",
    "e",
    "\u{301}",
    "x",
    LEFT,
    "😀",
    BACKSPACE,
    "나",
    HOME,
    "머",
    "리",
    END,
    "👩\u{200d}🚀",
];
const TYPED: &str = "머리안녕하세요 \u{1112}\u{1161}\u{11ab}ㅋ漢字e\u{301}나x👩\u{200d}🚀";

#[test]
fn a_line_between_any_two_keys() {
    // No emulator both rewraps rows and knows combining characters.
    for columns in [100, 60, 25, 14] {
        let (_server, mut peer, terminal) = room(Kind::cutting(columns));
        let addr = peer.addr();
        let mut said = Vec::new();
        for (key, number) in KEYS.iter().zip(0..) {
            terminal.types(key);
            peer.send(format!("{number}번째 줄입니다\n"));
            said.push(format!("[{addr}] {number}번째 줄입니다"));
            let last = said.last().unwrap();
            terminal.wait(&format!("{last:?} is there"), |seen| {
                let text = seen.emulator.lines().concat().replace(' ', "");
                text.contains(&last.replace(' ', ""))
            });
        }
        let own = format!("[You] {TYPED}");
        let mut expected: Vec<&str> = vec![CONNECTED];
        expected.extend(said.iter().map(String::as_str));
        expected.push(&own);
        terminal.shows(&expected);
        terminal.types("\r");
        assert_eq!(peer.line().split_once("] ").unwrap().1, TYPED);
        expected.push("[You]");
        terminal.shows(&expected);
    }
}

/// The cursor is where the eye expects it, and one key deletes what looks like one character.
#[test]
fn the_cursor_and_backspace() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    let prompt = "[You] ".len();
    for (typed, columns) in [
        ("가", 2),
        ("\u{1112}\u{1161}\u{11ab}", 2),
        ("漢", 2),
        ("e\u{301}", 1),
        ("😀", 2),
        ("ㅋ", 2),
        ("\u{3000}", 2),
        (" ", 1),
        ("x", 1),
    ] {
        terminal.types(typed);
        terminal.has_cursor_in(prompt + columns);
        terminal.types(LEFT);
        terminal.has_cursor_in(prompt);
        terminal.types("가");
        terminal.has_cursor_in(prompt + 2);
        terminal.types(&[END, BACKSPACE].concat());
        terminal.ends_with(&["[You] 가"]);
        terminal.has_cursor_in(prompt + 2);
        terminal.types(BACKSPACE);
        terminal.has_cursor_in(prompt);
    }
    terminal.types("하나 둘 셋");
    terminal.types(&[CTRL_W, HOME, "영 ", END, "끝\r"].concat());
    assert_eq!(peer.line().split_once("] ").unwrap().1, "영 하나 둘 끝");
}

#[test]
fn a_draft_wraps_before_a_wide_character_that_does_not_fit() {
    for kind in [Kind::cutting(17), Kind::reflowing(17)] {
        let (_server, _peer, terminal) = room(kind);
        terminal.types("가나다라마바사아자차");
        terminal.has_rows(&["[You] 가나다라마", "바사아자차"]);
        terminal.has_cursor_in(10);
        terminal.types("a카타파");
        terminal.has_rows(&["[You] 가나다라마", "바사아자차a카타파"]);
        terminal.has_cursor_in(0);
        terminal.types(HOME);
        terminal.has_cursor_in(6);
        terminal.types("x");
        terminal.has_rows(&["[You] x가나다라마", "바사아자차a카타파"]);
    }
}

#[test]
fn a_terminal_that_changes_its_size() {
    for kind in [Kind::cutting(60), Kind::reflowing(60)] {
        let (_server, mut peer, terminal) = room(kind);
        let addr = peer.addr();
        terminal.types("가나다라마바사아자차카타파하가나다라마바사아자차카타파하");
        terminal.has_rows(&["[You] 가나다라마바사아자차카타파하가나다라마바사아자차카타파", "하"]);
        for (columns, rows) in [
            (40, &["[You] 가나다라마바사아자차카타파하가나다", "라마바사아자차카타파하"][..]),
            (25, &["[You] 가나다라마바사아자", "차카타파하가나다라마바사", "아자차카타파하"]),
            (70, &["[You] 가나다라마바사아자차카타파하가나다라마바사아자차카타파하"]),
        ] {
            terminal.resize(columns, 20);
            terminal.has_rows(rows);
            peer.send(format!("{columns}\n"));
            let line = format!("[{addr}] {columns}");
            terminal.wait("the draft is whole", |seen| {
                let screen = seen.emulator.screen();
                let above = screen.len().checked_sub(rows.len() + 1);
                screen.ends_with(&rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>())
                    && above.is_some_and(|above| line.ends_with(screen[above].as_str()))
            });
        }
        let lines = terminal.lines();
        let drafts = lines.iter().filter(|line| line.starts_with("[You]")).count();
        assert_eq!(drafts, 1, "{lines:#?}");
        terminal.types("\r");
        let sent = peer.line();
        assert!(sent.ends_with("] 가나다라마바사아자차카타파하가나다라마바사아자차카타파하"));
    }
}

#[test]
fn the_history_and_a_search_through_it() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    terminal.types("사과 하나\r배 둘\r초안");
    terminal.types(UP);
    terminal.ends_with(&["[You] 사과 하나", "[You] 배 둘", "[You] 배 둘"]);
    terminal.types(&[UP, UP, "\x1b[B", "\x1b[B"].concat());
    terminal.ends_with(&["[You] 배 둘", "[You] 초안"]);
    terminal.types(CTRL_R);
    terminal.types("사과");
    terminal.ends_with(&["(reverse-i-search)`사과': 사과 하나"]);
    // Nothing is held back now either.
    peer.send("검색 중에\n");
    let line = format!("[{}] 검색 중에", peer.addr());
    terminal.ends_with(&[&line, "(reverse-i-search)`사과': 사과 하나"]);
    terminal.types(CTRL_G);
    terminal.ends_with(&[&line, "[You] 초안"]);
    terminal.types(&[CTRL_R, "사", END, "!\r"].concat());
    terminal.ends_with(&[&line, "[You] 사과 하나!", "[You]"]);
    for expected in ["사과 하나", "배 둘", "사과 하나!"] {
        assert_eq!(peer.line().split_once("] ").unwrap().1, expected);
    }
}

/// What is typed ahead of the program is not lost, however much arrives at once.
#[test]
fn several_lines_in_one_read() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    terminal.types("하나\r둘\r셋\r넷");
    for expected in ["하나", "둘", "셋"] {
        assert_eq!(peer.line().split_once("] ").unwrap().1, expected);
    }
    terminal.shows(&[CONNECTED, "[You] 하나", "[You] 둘", "[You] 셋", "[You] 넷"]);
}

#[test]
fn a_paste_is_sent_by_enter_alone() {
    let (server, mut peer, terminal) = room(Kind::WIDE);
    let mut other = server.member();
    peer.line();
    let notice = "(3 users online)";
    terminal.wait("the third has come", |seen| seen.emulator.lines().concat().contains(notice));
    terminal.types("먼저 ");
    terminal.pastes("하나\n둘\n\n셋");
    let pasted = ["[You] 먼저 하나", "[You] 둘", "[You]", "[You] 셋"];
    terminal.ends_with(&pasted);
    other.send("그 사이에\n");
    let between = format!("[{}] 그 사이에", other.addr());
    assert_eq!(peer.line(), between, "nothing of the paste was sent before");
    let mut expected = vec![between.as_str()];
    expected.extend(pasted);
    terminal.ends_with(&expected);
    terminal.types("\r");
    for text in ["먼저 하나", "둘", "셋"] {
        assert_eq!(peer.line().split_once("] ").unwrap().1, text);
    }
    // Of an empty line nobody hears, so nothing stands of it.
    expected.retain(|line| *line != "[You]");
    expected.push("[You]");
    terminal.ends_with(&expected);
    // The line end of a paste's last line is not a line of its own.
    terminal.pastes("넷\n");
    terminal.types("\r");
    expected.pop();
    expected.extend(["[You] 넷", "[You]"]);
    terminal.ends_with(&expected);
}

/// Nobody hears of a line with nothing to see in it, so nothing stands of it either.
#[test]
fn an_empty_draft_leaves_nothing() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    terminal.types("\r\r  \r\u{3164}\u{200b}\r");
    terminal.pastes("\n \n\n");
    terminal.types("\r안녕\r");
    assert_eq!(peer.line().split_once("] ").unwrap().1, "안녕");
    terminal.shows(&[CONNECTED, "[You] 안녕", "[You]"]);
}

/// What a variable says of a terminal may be inherited from another: nothing that was said is
/// erased when one that cuts off its rows becomes narrower.
#[test]
fn a_narrower_terminal_loses_nothing_that_was_said() {
    let inherited = [
        ("VTE_VERSION", "7600"),
        ("TMUX", "/tmp/tmux-0/default,1,0"),
        ("KITTY_WINDOW_ID", "1"),
        ("TERM_PROGRAM", "iTerm.app"),
        ("WT_SESSION", "1"),
    ];
    for term in ["st-256color", "xterm-256color", "screen"] {
        for kind in [Kind::cutting(80), Kind::cutting(80).mute()] {
            let server = Server::start(&["--quiet"]);
            let environment = [&inherited[..], &[("TERM", term)]].concat();
            let terminal = Terminal::join_with(server.port, kind, &[], &environment);
            terminal.ends_with(&[GREETING, "[You]"]);
            let mut peer = server.member();
            peer.send("지워지면 안 되는 말\n");
            terminal.types(&"가나다라마바사아자차".repeat(3));
            terminal.wait("all is there", |seen| {
                let rows = seen.emulator.lines().concat();
                rows.contains("지워지면") && rows.matches("차").count() == 3
            });
            terminal.resize(40, 24);
            terminal.has_rows(&["아자차가나다라마바사아자차"]);
            let said = format!("[{}] 지워지면 안 되는 말", peer.addr());
            let lines = terminal.lines();
            assert!(lines.iter().any(|line| said.starts_with(line.as_str())), "{lines:#?}");
        }
    }
}

/// More lines than the terminal has rows, and still one draft.
#[test]
fn a_long_paste() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    let lines: Vec<String> = (0..2000).map(|number| format!("{number}번 줄")).collect();
    terminal.pastes(&lines.join("\n"));
    terminal.ends_with(&["[You] 1999번 줄"]);
    peer.send("아직\n");
    terminal.wait("the line is above the draft", |seen| {
        let screen = seen.emulator.screen();
        screen.last().is_some_and(|row| row == "[You] 1999번 줄")
            && screen.iter().any(|row| row.ends_with("] 아직"))
    });
    terminal.types("\r");
    for line in &lines {
        assert_eq!(peer.line().split_once("] ").unwrap().1, line);
    }
    let own: Vec<String> = lines.iter().map(|line| format!("[You] {line}")).collect();
    let still = format!("[{}] 아직", peer.addr());
    let mut expected = vec![CONNECTED, &still];
    expected.extend(own.iter().map(String::as_str));
    expected.push("[You]");
    terminal.shows(&expected);
}

#[test]
fn clearing_the_screen() {
    let (_server, _peer, terminal) = room(Kind::WIDE);
    terminal.types("초안");
    terminal.types(CTRL_L);
    terminal.wait("the draft is alone", |seen| seen.emulator.screen() == ["[You] 초안"]);
    terminal.types(CTRL_U);
    terminal.wait("the draft is empty", |seen| seen.emulator.screen() == ["[You]"]);
}
