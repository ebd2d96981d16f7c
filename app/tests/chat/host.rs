//! `chat serve` on a terminal: the host, its draft below what is said, and the ways out.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pty_process::blocking::{Command, Pty};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, kill_process, prlimit};
use rustix::termios::{LocalModes, tcgetattr};

use crate::harness::{Peer, Program, SetAtEnd, Signal, executable, port_in, wait_until};
use crate::signals::wait_for_handler;
use crate::stalls::listening_port;
use crate::terminal::{BACK_TAB, CTRL_C, CTRL_D, CTRL_Z, Kind, Terminal};
use crate::tmux::Tmux;

/// A server on a terminal, and whoever is at it.
pub(crate) struct Hosted {
    pub(crate) terminal: Terminal,
    port: u16,
}

impl Hosted {
    fn start(kind: Kind) -> Self {
        Self::start_with(kind, "127.0.0.1", &[], &[("NO_COLOR", "")])
    }

    pub(crate) fn start_with(
        kind: Kind,
        host: &str,
        options: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let args = ["serve", host, "0"].into_iter().chain(options.iter().copied());
        let terminal = Terminal::run(Command::new(executable()).args(args), kind, environment);
        let port = first_port(&terminal);
        Self { terminal, port }
    }

    pub(crate) fn member(&self) -> Peer {
        member(self.port)
    }

    /// The first line.
    fn started(&self) -> String {
        format!("Chat Server started on port {}.", self.port)
    }

    /// The prompt of a host that has written nothing.
    fn prompt(&self) -> String {
        format!("[Host] chat join 127.0.0.1 {}", self.port)
    }
}

fn member(port: u16) -> Peer {
    let mut peer = Peer::connect(("127.0.0.1", port));
    assert!(peer.line().starts_with("> Connected to the chat server ("));
    peer
}

/// Waits until a server on a terminal says its port.
fn first_port(terminal: &Terminal) -> u16 {
    wait_until("it listens", || {
        let lines = terminal.lines();
        // In the background it stands behind the shell's prompt.
        let at = |line: &String| line.find("Chat Server started on port ");
        let (line, at) = lines.iter().find_map(|line| Some((line, at(line)?)))?;
        line.ends_with('.').then(|| port_in(&line[at..]))
    })
}

/// What is said and typed stands there once, as without a host.
#[test]
fn one_session_with_a_host() {
    for kind in [Kind::WIDE, Kind::cutting(47), Kind::reflowing(50)] {
        let mut hosted = Hosted::start(kind);
        let (started, prompt) = (hosted.started(), hosted.prompt());
        hosted.terminal.shows(&[&started, &prompt]);
        let mut ann = hosted.member();
        let entered = format!("> New user {} entered (1 user online)", ann.addr());
        hosted.terminal.shows(&[&started, &entered, &prompt]);
        hosted.terminal.types("수업 시작");
        hosted.terminal.ends_with(&[&entered, "[Host] 수업 시작"]);
        ann.send("네\n");
        let said = format!("[{}] 네", ann.addr());
        hosted.terminal.ends_with(&[&said, "[Host] 수업 시작"]);
        hosted.terminal.types("합니다\r");
        assert_eq!(ann.line(), "[Host] 수업 시작합니다");
        hosted.terminal.ends_with(&[&said, "[Host] 수업 시작합니다", &prompt]);
        // One stray key does not end the room, and of nothing nobody hears.
        hosted.terminal.types(&[CTRL_D, "\r  \r\u{3164}\r", "끝\r"].concat());
        assert_eq!(ann.line(), "[Host] 끝");
        hosted.terminal.types(CTRL_C);
        assert_eq!(hosted.terminal.status(), 0);
        assert_eq!(ann.rest(), "");
        hosted.terminal.shows(&[
            &started,
            &entered,
            &said,
            "[Host] 수업 시작합니다",
            "[Host] 끝",
            "",
            "exit",
        ]);
    }
}

/// Whoever does what the hint says is in, whatever the server listens on.
#[test]
fn the_hint_is_a_way_in() {
    let has_ipv6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    for host in ["127.0.0.1", "127.0.0.2", "0.0.0.0", "", "localhost", "::1"] {
        if host == "::1" && !has_ipv6 {
            continue;
        }
        let hosted = Hosted::start_with(Kind::WIDE, host, &[], &[]);
        hosted.terminal.ends_with_where("a hint stands there", |last| last.contains("chat join "));
        let lines = hosted.terminal.lines();
        let (_, hint) = lines.last().unwrap().split_once("[Host] chat ").unwrap();
        let words: Vec<&str> = hint.split(' ').collect();
        let ip: IpAddr = words[1].parse().unwrap();
        assert!(!ip.is_unspecified(), "{hint}");
        let joined = Program::start(&words);
        joined.out.wait_for("> Connected to the chat server (1 user online)\n");
    }
}

/// Where nothing can be dim the hint does not look like something that was written.
#[test]
fn a_hint_without_colours() {
    let kind = Kind::WIDE;
    let hosted = Hosted::start_with(kind, "127.0.0.1", &[], &[("NO_COLOR", "1")]);
    let hint = format!("[Host] (chat join 127.0.0.1 {})", hosted.port);
    hosted.terminal.ends_with(&[&hint]);
    let ann = hosted.member();
    let entered = format!("> New user {} entered (1 user online)", ann.addr());
    hosted.terminal.ends_with(&[&entered, &hint]);
    assert!(!String::from_utf8(hosted.terminal.bytes()).unwrap().contains("\x1b[2m"));
}

#[test]
fn the_draft_of_a_host_in_any_size() {
    for kind in [Kind::cutting(60), Kind::reflowing(60)] {
        let hosted = Hosted::start(kind);
        let mut ann = hosted.member();
        hosted.terminal.types("가나다라마바사아자차카타파하가나다라마바사아자차카타파하");
        for (columns, rows) in [
            (60, &["[Host] 가나다라마바사아자차카타파하가나다라마바사아자차카타", "파하"][..]),
            (40, &["[Host] 가나다라마바사아자차카타파하가나", "다라마바사아자차카타파하"]),
            (70, &["[Host] 가나다라마바사아자차카타파하가나다라마바사아자차카타파하"]),
        ] {
            hosted.terminal.resize(columns, 20);
            hosted.terminal.has_rows(rows);
            ann.send(format!("{columns}칸\n"));
            let said = format!("[{}] {columns}칸", ann.addr());
            hosted.terminal.ends_with(&[&[said.as_str()], rows].concat());
        }
        hosted.terminal.types("\r");
        assert!(ann.line().ends_with("] 가나다라마바사아자차카타파하가나다라마바사아자차카타파하"));
    }
}

/// In a real terminal: whenever it is looked at, the draft is there, once.
#[test]
fn the_draft_of_a_host_in_a_flood() {
    let long = "x".repeat(3000);
    for text in ["도배", &long] {
        let serve = format!("{} serve 127.0.0.1 0", executable());
        let Some(tmux) = Tmux::run_program(&serve, 80, 24) else { return };
        tmux.shows("Chat Server started on port ");
        let port = port_in(&tmux.all()[0]);
        tmux.types("홍수 속의 초안");
        let row = "[Host] 홍수 속의 초안".to_owned();
        tmux.shows(&row);
        let heard = member(port).read_at_once(if text.len() > 10 { "x" } else { "도배" });
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let lines = format!("{text}\n").repeat(1 + 16 * 1024 / text.len());
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) && peer.write_all(lines.as_bytes()).is_ok() {
                }
            });
            let _end = SetAtEnd(is_over);
            let label = format!("] {}", text.chars().take(20).collect::<String>());
            tmux.wait("the flood is there", |all| all.iter().any(|row| row.contains(&label)));
            for sample in 0..100 {
                let screen = tmux.screen();
                let copies = screen.iter().filter(|shown| **shown == row).count();
                assert_eq!(copies, 1, "{text:.20}, sample {sample}: {screen:#?}");
            }
            tmux.types("!");
            tmux.run(&["send-keys", "Enter"]);
            let heard = heard.iter().find(|line| line.starts_with("[Host] "));
            assert_eq!(heard.unwrap(), "[Host] 홍수 속의 초안!");
        });
    }
}

/// What is pasted is said, and never obeyed; all of it, in order.
#[test]
fn what_a_host_pastes() {
    let hosted = Hosted::start(Kind::WIDE);
    let mut ann = hosted.member();
    hosted.terminal.pastes("/who\n/etc/passwd\n//kick ann");
    hosted.terminal.ends_with(&["[Host] //who", "[Host] /etc/passwd", "[Host] ///kick ann"]);
    hosted.terminal.types("\r");
    for expected in ["/who", "/etc/passwd", "//kick ann"] {
        assert_eq!(ann.line(), format!("[Host] {expected}"));
    }
    let lines: Vec<String> = (0..3000).map(|number| format!("{number}번 줄")).collect();
    hosted.terminal.pastes(&lines.join("\n"));
    hosted.terminal.ends_with(&["[Host] 2999번 줄"]);
    hosted.terminal.types("\r");
    for line in &lines {
        assert_eq!(ann.line(), format!("[Host] {line}"));
    }
    hosted.terminal.ends_with(&["[Host] 2999번 줄", &hosted.prompt()]);
}

/// Commands are obeyed, and answered to the host alone, above the draft.
#[test]
fn what_a_host_commands() {
    let hosted = Hosted::start(Kind::WIDE);
    let (mut ann, mut ben) = two_members(hosted.port);
    let (ann_addr, ben_addr) = (ann.addr(), ben.addr());
    let prompt = hosted.prompt();
    hosted.terminal.types("/who\r초안");
    hosted.terminal.wait("both are listed", |seen| {
        let lines = seen.emulator.lines();
        let is_listed = |addr| lines.iter().any(|line| line.starts_with(&format!("> {addr}, ")));
        is_listed(&ann_addr) && is_listed(&ben_addr) && lines.last().unwrap() == "[Host] 초안"
    });
    hosted.terminal.types(&format!("\x15/kick {ben_addr} 장난\r"));
    let removed = format!("> Host removed {ben_addr} (장난)");
    let left = format!("< The user {ben_addr} left (1 user online)");
    hosted.terminal.ends_with(&[&removed, &left, &prompt]);
    assert!(ben.rest().ends_with("> Host removed you (장난)\n"));
    assert_eq!((ann.line(), ann.line()), (removed, left));
    // What a member writes to the host alone.
    ann.send("/msg Host 질문 있어요\n");
    hosted.terminal.ends_with(&[&format!("[{ann_addr} -> you] 질문 있어요"), &prompt]);
}

/// Names of those who are here, and what the host can do; with and without colours.
#[test]
fn what_a_host_completes() {
    for no_color in ["", "1"] {
        let environment = [("NO_COLOR", no_color)];
        let hosted = Hosted::start_with(Kind::WIDE, "127.0.0.1", &[], &environment);
        let (mut ann, mut ben) = two_members(hosted.port);
        let ben_addr = ben.addr();
        let named = format!("> The user {} is now 지민", ann.addr());
        ann.send("/name 지민\n");
        assert_eq!((ann.line(), ben.line()), (named.clone(), named.clone()));
        // Who has spoken stands first.
        ben.send("안녕\n");
        assert_eq!(ann.line(), format!("[{ben_addr}] 안녕"));
        hosted.terminal.types("반갑습니다");
        hosted.terminal.ends_with(&[&named, &format!("[{ben_addr}] 안녕"), "[Host] 반갑습니다"]);
        hosted.terminal.types(" ㅈㅁ\t");
        hosted.terminal.ends_with(&["[Host] 반갑습니다 지민"]);
        hosted.terminal.types("\r/k\t\t");
        hosted.terminal.ends_with(&["[Host] 반갑습니다 지민", &format!("[Host] /kick {ben_addr}")]);
        hosted.terminal.types("\t");
        hosted.terminal.ends_with(&["[Host] /kick 지민"]);
        hosted.terminal.types(BACK_TAB);
        hosted.terminal.ends_with(&[&format!("[Host] /kick {ben_addr}")]);
        hosted.terminal.types("장난\r");
        assert!(ben.rest().ends_with("> Host removed you (장난)\n"));
        // Whoever has left is the last; the host itself is nobody to be spoken to.
        let left = format!("< The user {ben_addr} left (1 user online)");
        let way_in = format!("chat join 127.0.0.1 {}", hosted.port);
        let hint = if no_color.is_empty() { way_in } else { format!("({way_in})") };
        hosted.terminal.ends_with(&[&left, &format!("[Host] {hint}")]);
        hosted.terminal.types("/mut\t\t");
        hosted.terminal.ends_with(&["[Host] /mute 지민"]);
        hosted.terminal.types("\x15/msg \t\t\t");
        hosted.terminal.ends_with(&["[Host] /msg 지민"]);
    }
}

/// Who has left is not here because of what was said earlier.
#[test]
fn what_a_host_completes_after_a_history() {
    let hosted = Hosted::start(Kind::WIDE);
    let (mut ann, mut ben) = two_members(hosted.port);
    let (ann_addr, ben_addr) = (ann.addr(), ben.addr());
    ben.send("하나\n");
    assert_eq!(ann.line(), format!("[{ben_addr}] 하나"));
    ann.send("둘\n");
    assert_eq!(ben.line(), format!("[{ann_addr}] 둘"));
    drop(ann);
    hosted
        .terminal
        .ends_with(&[&format!("< The user {ann_addr} left (1 user online)"), &hosted.prompt()]);
    hosted.terminal.types("/history\r");
    hosted.terminal.ends_with(&[
        &format!("[{ann_addr}] 둘"),
        "> That was earlier",
        &hosted.prompt(),
    ]);
    hosted.terminal.types("/mute \t");
    hosted.terminal.ends_with(&[&format!("[Host] /mute {ben_addr}")]);
}

/// What may be a mistyped command is said only if the host insists.
#[test]
fn what_a_host_mistypes() {
    let hosted = Hosted::start(Kind::WIDE);
    let mut ann = hosted.member();
    let doubt = "chat: there is no such command; Enter again says it to everybody";
    hosted.terminal.types("/kcik ann\r");
    hosted.terminal.ends_with(&[doubt, "[Host] /kcik ann"]);
    hosted.terminal.types("!");
    hosted.terminal.wait("the doubt is gone", |seen| !seen.rows.concat().contains(doubt));
    hosted.terminal.types("\r");
    hosted.terminal.ends_with(&[doubt, "[Host] /kcik ann!"]);
    hosted.terminal.types("\r");
    assert_eq!(ann.line(), "[Host] /kcik ann!");
    hosted.terminal.ends_with(&["[Host] /kcik ann!", &hosted.prompt()]);
    // A word of programs is a message at most.
    hosted.terminal.types("/bye\r");
    hosted.terminal.ends_with(&[doubt, "[Host] /bye"]);
    hosted.terminal.types("\r");
    assert_eq!(ann.line(), "[Host] /bye");
}

/// The room waits for a slow reader of what a host pastes, as it does in any flood.
#[test]
fn a_paste_and_a_slow_reader() {
    let options = ["--max-line", "1K", "--backlog", "16K"];
    let hosted = Hosted::start_with(Kind::WIDE, "127.0.0.1", &options, &[("NO_COLOR", "")]);
    let mut ann = hosted.member();
    let text = "가".repeat(300);
    let lines: Vec<String> = (0..200).map(|number| format!("{number}번 {text}")).collect();
    hosted.terminal.pastes(&lines.join("\n"));
    hosted
        .terminal
        .wait("it is pasted", |seen| seen.emulator.screen().concat().contains("199번 가"));
    hosted.terminal.types("\r");
    for line in &lines {
        assert_eq!(ann.line(), format!("[Host] {line}"));
    }
}

#[test]
fn keys_and_signals_that_end_a_server() {
    for draft in ["", "쓰다 만 글"] {
        for way in ["^C", "^C^C", "INT", "TERM", "HUP", "QUIT", "ALRM"] {
            let mut hosted = Hosted::start(Kind::WIDE);
            let mut ann = hosted.member();
            hosted.terminal.types(draft);
            let standing = match draft {
                "" => hosted.prompt(),
                _ => format!("[Host] {draft}"),
            };
            let entered = format!("> New user {} entered (1 user online)", ann.addr());
            hosted.terminal.shows(&[&hosted.started(), &entered, &standing]);
            match way {
                "^C" => hosted.terminal.types(CTRL_C),
                "^C^C" => hosted.terminal.types(&CTRL_C.repeat(2)),
                "INT" => hosted.terminal.signal(Signal::INT),
                "TERM" => hosted.terminal.signal(Signal::TERM),
                "HUP" => hosted.terminal.signal(Signal::HUP),
                "QUIT" => hosted.terminal.signal(Signal::QUIT),
                _ => hosted.terminal.signal(Signal::ALARM),
            }
            assert_eq!(hosted.terminal.status(), 0, "{way}");
            assert_eq!(ann.rest(), "");
            let mut expected = vec![hosted.started(), entered];
            if !draft.is_empty() {
                expected.extend(["chat: not sent:".to_owned(), standing]);
            }
            // The second key may come before that is shown.
            if way != "^C^C" {
                expected.extend(["".to_owned(), "exit".to_owned()]);
                let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
                hosted.terminal.shows(&expected);
            }
        }
    }
}

/// A shell on a terminal, in which `chat serve` runs.
fn in_a_shell(kind: Kind, after: &str) -> (Terminal, u16) {
    let shell = Terminal::shell(kind);
    shell.types(&format!("{} serve 127.0.0.1 0{after}\r", executable()));
    let port = first_port(&shell);
    (shell, port)
}

/// Whether the shell echoes and obeys what is typed, and nothing that was typed before.
#[track_caller]
fn assert_is_as_before(shell: &mut Terminal) {
    shell.types("echo $((40 + 2))\r");
    shell.ends_with(&["$ echo $((40 + 2))", "42", "$"]);
    shell.types("exit\r");
    assert_eq!(shell.status(), 0);
}

#[test]
fn nothing_of_a_host_is_left_to_the_shell() {
    let mut shell = Terminal::before_a_read(&format!("{} serve 127.0.0.1 0", executable()));
    let port = first_port(&shell);
    shell.types("초안");
    shell.ends_with(&["[Host] 초안"]);
    shell.types_while_stopped(&[CTRL_C, &"지워짐\r".repeat(900)].concat());
    let started = format!("Chat Server started on port {port}.");
    shell.shows(&[&started, "chat: not sent:", "[Host] 초안", "", "exit", "끝"]);
    shell.types("셸의 것\r");
    shell.ends_with(&["셸의 것", "<셸의 것>"]);
    assert_eq!(shell.status(), 0);
}

/// Stopped with Ctrl+Z and continued in the background it is the server that it was before: it
/// prints what is said, like any job, and reads nothing. In the foreground the draft is back.
#[test]
fn a_host_that_stops_and_goes_on() {
    let (mut shell, port) = in_a_shell(Kind::WIDE, "");
    let mut ann = member(port);
    shell.types("쓰다 만 글");
    shell.ends_with(&["[Host] 쓰다 만 글"]);
    shell.types(CTRL_Z);
    shell.ends_with(&["$"]);
    shell.types("echo $((40 + 2))\r");
    shell.ends_with(&["42", "$"]);
    ann.send("멈춘 사이\n");
    shell.types("bg; read -r line; echo \"<$line>\"\r");
    let addr = ann.addr();
    shell.ends_with(&[&format!("[{addr}] 멈춘 사이")]);
    shell.types("셸의 것\r");
    shell.ends_with(&["<셸의 것>", "$"]);
    shell.types("fg\r");
    shell.ends_with(&["[Host] 쓰다 만 글"]);
    ann.send("돌아왔다\n");
    shell.ends_with(&[&format!("[{addr}] 돌아왔다"), "[Host] 쓰다 만 글"]);
    shell.types("!\r");
    assert_eq!(ann.line(), "[Host] 쓰다 만 글!");
    shell.types(CTRL_C);
    shell.ends_with(&["[Host] 쓰다 만 글!", "", "exit", "$"]);
    assert_is_as_before(&mut shell);
}

/// Begun in the background it prints as ever, is not stopped by the shell's having the terminal,
/// and has a host once it is brought to the front.
#[test]
fn a_server_in_the_background() {
    let (mut shell, port) = in_a_shell(Kind::WIDE, " &");
    let mut ann = member(port);
    let addr = ann.addr();
    shell.ends_with(&[&format!("> New user {addr} entered (1 user online)")]);
    shell.types("echo $((40 + 2))\r");
    shell.ends_with(&["42", "$"]);
    ann.send("들려요?\n");
    shell.ends_with(&[&format!("[{addr}] 들려요?")]);
    shell.types("jobs -r | wc -l\r");
    shell.ends_with(&["1", "$"]);
    shell.types("fg\r");
    let prompt = format!("[Host] chat join 127.0.0.1 {port}");
    shell.ends_with(&[&prompt]);
    shell.types("들려요\r");
    assert_eq!(ann.line(), "[Host] 들려요");
    shell.types(CTRL_Z);
    shell.ends_with(&["$"]);
    shell.types("bg; read -r line\r");
    ann.send("또 뒤에서\n");
    shell.ends_with(&[&format!("[{addr}] 또 뒤에서")]);
    shell.types("\rkill %1; wait\r");
    shell.wait("it ends", |seen| {
        let lines = seen.emulator.lines();
        let exit = lines.iter().position(|line| line == "exit");
        exit.is_some_and(|at| lines[at - 1].is_empty()) && lines.last().unwrap() == "$"
    });
    assert_eq!(ann.rest(), "");
    assert_is_as_before(&mut shell);
}

/// Stopped and continued from outside, while nobody else uses the terminal.
#[test]
fn a_host_goes_on_where_it_was() {
    let hosted = Hosted::start(Kind::cutting(60));
    let mut ann = hosted.member();
    hosted.terminal.types("초안");
    hosted.terminal.ends_with(&["[Host] 초안"]);
    hosted.terminal.stop();
    ann.send("멈춘 사이\n");
    hosted.terminal.signal(Signal::CONT);
    hosted.terminal.ends_with(&[&format!("[{}] 멈춘 사이", ann.addr()), "[Host] 초안"]);
    let lines = hosted.terminal.lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("[Host]")).count(), 1, "{lines:#?}");
}

/// A server on a terminal of which the test itself is the other end.
fn on_a_pty(line: &str, term: &str) -> (Child, Pty, u16) {
    let (pty, pts) = pty_process::blocking::open().unwrap();
    let command = Command::new("sh").args(["-c", line]).env("TERM", term).stderr(Stdio::piped());
    let server = command.spawn(pts).unwrap();
    let port = wait_until("it listens", || listening_port(server.id()));
    (server, pty, port)
}

fn two_members(port: u16) -> (Peer, Peer) {
    let mut ann = member(port);
    let ben = member(port);
    assert!(ann.line().ends_with("(2 users online)"));
    (ann, ben)
}

/// A stopped terminal holds up nothing but itself: members go on, and it ends when it is asked to.
#[test]
fn a_hosts_terminal_that_takes_nothing() {
    let line = format!("exec {} serve 127.0.0.1 0 --backlog 128K", executable());
    let (mut server, pty, port) = on_a_pty(&line, "xterm");
    let (mut ann, mut ben) = two_members(port);
    let text = "가".repeat(100);
    let sending = thread::spawn(move || {
        for number in 0..3000 {
            ann.send(format!("{number} {text}\n"));
        }
        ann
    });
    for number in 0..3000 {
        ben.line_where(|line| line.contains(&format!("] {number} ")));
    }
    let _ann = sending.join().unwrap();
    wait_for_handler(server.id(), Signal::TERM);
    kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
    assert!(wait_until("it ends", || server.try_wait().unwrap()).success());
    let modes = tcgetattr(&pty).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG));
}

/// A terminal that is gone ends the server by its SIGHUP. Where that is ignored the room goes on
/// without a console, as one without a host does.
#[test]
fn a_hosts_terminal_that_hangs_up() {
    for term in ["dumb", "xterm"] {
        let line = format!("trap '' HUP; exec {} serve 127.0.0.1 0", executable());
        let (mut server, pty, port) = on_a_pty(&line, term);
        let mut pty = pty;
        // Until it has the terminal, or has printed.
        let mut first = [0; 64];
        assert!(pty.read(&mut first).unwrap() > 0);
        drop(pty);
        let (mut ann, mut ben) = two_members(port);
        ann.send("들려요?\n");
        assert!(ben.line().ends_with("] 들려요?"));
        kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
        assert!(wait_until("it ends", || server.try_wait().unwrap()).success());
        let mut said = String::new();
        server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "chat: cannot print what is said: Input/output error\n", "{term}");
    }
    let hosted = Hosted::start(Kind::WIDE);
    let mut ann = hosted.member();
    hosted.terminal.types("초안");
    hosted.terminal.ends_with(&["[Host] 초안"]);
    hosted.terminal.hang_up();
    assert_eq!(ann.rest(), "");
}

/// With no terminal at either end, on one that can only print lines, and where it is to be quiet,
/// nothing is read, and each byte is as it was without a host.
#[test]
fn where_there_is_no_host() {
    let exe = executable();
    for (serve, term) in [
        (format!("{exe} serve 127.0.0.1 0 < /dev/null"), "xterm-256color"),
        (format!("{exe} serve 127.0.0.1 0 --quiet"), "xterm-256color"),
        (format!("{exe} serve 127.0.0.1 0"), "dumb"),
        (format!("{exe} serve 127.0.0.1 0"), ""),
    ] {
        let is_quiet = serve.contains("--quiet");
        // What is typed is left to whoever comes next.
        let script = format!("{serve}; read -r line; echo \"<$line>\"");
        let command = Command::new("bash").args(["-c", &script]);
        let mut terminal = Terminal::run(command, Kind::WIDE, &[("TERM", term)]);
        let port = first_port(&terminal);
        let mut ann = member(port);
        ann.send("안녕\n");
        ann.send("하나 더\n");
        let addr = ann.addr();
        if !is_quiet {
            terminal.ends_with(&[&format!("[{addr}] 하나 더")]);
        }
        terminal.types("셸의 것\r");
        terminal.wait("it is echoed", |seen| {
            String::from_utf8_lossy(&seen.bytes).contains("셸의 것\r\n")
        });
        kill_process(terminal.child(), Signal::TERM).unwrap();
        assert_eq!(ann.rest(), "", "{serve}");
        terminal.wait("the shell reads it", |seen| {
            seen.emulator.lines().last().is_some_and(|line| line == "<셸의 것>")
        });
        assert_eq!(terminal.status(), 0);
        let bytes = String::from_utf8(terminal.bytes()).unwrap();
        assert!(!bytes.contains('\x1b'), "{serve}: {bytes:?}");
        assert!(!bytes.contains("[Host]"), "{serve}: {bytes:?}");
    }
}

/// `chat serve > record` at a terminal: what is typed is nobody's, and the record is as ever.
#[test]
fn a_console_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let line = format!("exec {} serve 127.0.0.1 0 > {}", executable(), record.display());
    let command = Command::new("sh").args(["-c", &line]);
    let mut terminal = Terminal::run(command, Kind::WIDE, &[]);
    let port = wait_until("it listens", || listening_port(terminal.id()));
    let mut ann = member(port);
    terminal.types("누구에게도\r");
    terminal.ends_with(&["누구에게도"]);
    ann.send("안녕\n");
    let addr = ann.addr();
    let expected = format!(
        "Chat Server started on port {port}.\n> New user {addr} entered (1 user online)\n\
         [{addr}] 안녕\n"
    );
    wait_until("it is recorded", || {
        (fs::read_to_string(&record).unwrap() == expected).then_some(())
    });
    terminal.types(CTRL_C);
    assert_eq!(ann.rest(), "");
    assert_eq!(terminal.status(), 0);
    assert_eq!(fs::read_to_string(&record).unwrap(), expected + "\nexit\n");
}

/// What the server complains of stands above the draft, and not in it. On a stderr that is no
/// terminal it is said as ever.
#[test]
fn a_complaint_stands_above_the_draft() {
    let complaint = "chat: cannot accept connections for now: Too many open files";
    for stderr in ["", " 2>errors"] {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("exec {} serve 127.0.0.1 0{stderr}", executable());
        let command = Command::new("sh").args(["-c", &line]).current_dir(folder.path());
        let terminal = Terminal::run(command, Kind::WIDE, &[]);
        let port = first_port(&terminal);
        terminal.types("초안");
        terminal.ends_with(&["[Host] 초안"]);
        let process = Pid::from_raw(terminal.id().try_into().unwrap());
        let maximum = getrlimit(Resource::Nofile).maximum;
        prlimit(process, Resource::Nofile, Rlimit { current: Some(10), maximum }).unwrap();
        let _waiting = TcpStream::connect(("127.0.0.1", port)).unwrap();
        if stderr.is_empty() {
            terminal.ends_with(&[complaint, "[Host] 초안"]);
        } else {
            wait_until("it is in the file", || {
                let errors = fs::read_to_string(folder.path().join("errors")).unwrap();
                (errors == format!("{complaint}\n")).then_some(())
            });
            terminal.ends_with(&["[Host] 초안"]);
            assert!(!terminal.lines().concat().contains("cannot accept"));
        }
    }
}

/// A member that takes nothing does not keep a host who hurries.
#[test]
fn a_host_in_a_hurry() {
    let mut hosted = Hosted::start(Kind::WIDE);
    let stalled = hosted.member();
    let mut ann = hosted.member();
    let text = "x".repeat(4000);
    (0..200).for_each(|_| ann.send(format!("{text}\n")));
    ann.send("끝\n");
    hosted.terminal.wait("all is shown", |seen| {
        seen.emulator.lines().iter().any(|line| line.ends_with("] 끝"))
    });
    hosted.terminal.types(CTRL_C);
    hosted
        .terminal
        .wait("it ends", |seen| seen.emulator.lines().last().is_some_and(|line| line == "exit"));
    // The terminal's own again, so that this is a signal.
    hosted.terminal.types(CTRL_C);
    assert_eq!(hosted.terminal.status(), 0);
    drop(stalled);
}

/// The least number of descriptors is enough for a host too, and for a record that is opened anew.
#[test]
fn a_host_with_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let serve = "serve 127.0.0.1 0 --log record --log-sync always";
    let line = format!("ulimit -n 32; exec {} {serve}", executable());
    let command = Command::new("sh").args(["-c", &line]).current_dir(folder.path());
    let mut terminal = Terminal::run(command, Kind::WIDE, &[]);
    let port = first_port(&terminal);
    let mut ann = member(port);
    assert_eq!(ann.line(), "> What is said here is recorded");
    terminal.types("들려요?\r");
    assert_eq!(ann.line(), "[Host] 들려요?");
    fs::rename(&record, folder.path().join("record.1")).unwrap();
    terminal.signal(Signal::HUP);
    wait_until("the record is opened anew", || record.exists().then_some(()));
    terminal.types("아직도요?\r");
    assert_eq!(ann.line(), "[Host] 아직도요?");
    terminal.types(CTRL_C);
    assert_eq!(terminal.status(), 0);
    let recorded = fs::read_to_string(&record).unwrap();
    assert!(recorded.contains(" [Host] 아직도요?\n"), "{recorded}");
}
