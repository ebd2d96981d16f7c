//! `chat join` to a room that is to be found in several places.

use std::net::TcpListener;

use pty_process::blocking;

use crate::harness::{Peer, Program, Server, executable, wait_until};
use crate::surroundings::{leave_out, with_own_mounts};
use crate::terminal::{CTRL_C, GREETING, Kind, Terminal, anonymous};
use crate::tmux::Tmux;

/// A port on which nobody listens.
fn dead() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn accept(listener: &TcpListener) -> Peer {
    Peer::new(listener.accept().unwrap().0)
}

fn place(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn list(ports: &[u16]) -> String {
    ports.iter().copied().map(place).collect::<Vec<_>>().join(",")
}

/// `chat join` on a terminal to these.
fn terminal(ports: &[u16], options: &[&str]) -> Terminal {
    let command = blocking::Command::new(executable());
    let command = command.args(["join", &list(ports), "--history=0"]).args(options);
    Terminal::run(command, Kind::WIDE, &[])
}

/// The same with a pipe at either end.
fn filter(ports: &[u16], options: &[&str]) -> Program {
    Program::start(["join", &list(ports)].iter().chain(options))
}

fn refused(port: u16, consequence: &str) -> String {
    format!("chat: cannot connect to 127.0.0.1:{port}: Connection refused{consequence}")
}

fn ended(port: u16, why: &str, consequence: &str) -> String {
    format!("chat: the connection to 127.0.0.1:{port} ended: {why}{consequence}")
}

const CLOSED: &str = "the server closed it";

#[test]
fn one_that_refuses() {
    let dead = dead();
    let server = Server::start(&[]);
    let said = refused(dead, &format!("; trying {}", place(server.port)));
    let client = terminal(&[dead, server.port], &[]);
    client.shows(&[&said, GREETING, "[You]"]);

    let mut filter = filter(&[dead, server.port], &[]);
    filter.type_in("하나\n");
    filter.close_input();
    assert_eq!(filter.status(), 0);
    server.says("] 하나\n");
    assert_eq!(filter.err.all(), said + "\n");
}

/// A single place may be written so too.
#[test]
fn a_list_of_one() {
    let server = Server::start(&[]);
    let _client = terminal(&[server.port], &[]);
    server.says("(1 user online)\n");
}

#[test]
fn none_that_can_be_reached() {
    let ports = [dead(), dead()];
    let trying = format!("; trying {}", place(ports[1]));
    let advice = format!("Try: chat join --wait {}", list(&ports));
    let mut client = terminal(&ports, &[]);
    assert_eq!(client.status(), 1);
    client.shows(&[&refused(ports[0], &trying), &refused(ports[1], ""), &advice]);

    let mut filter = filter(&ports, &[]);
    assert_eq!(filter.status(), 1);
    let said = [refused(ports[0], &trying), refused(ports[1], "")].map(|line| line + "\n");
    assert_eq!(filter.err.all(), said.concat());
}

/// Nothing is entered into a room that has no place: all of it goes to the next one.
#[test]
fn one_that_is_full() {
    let full = Server::start(&["--max-users", "1"]);
    let _member = full.member();
    let server = Server::start(&[]);
    let ports = [full.port, server.port];
    let trying = ended(full.port, CLOSED, &format!("; trying {}", place(server.port)));
    let is_full = "> The chat server is full (1 user online)";
    {
        let client = terminal(&ports, &[]);
        client.shows(&[is_full, &trying, GREETING, "[You]"]);
    }
    server.says("left (0 user online)\n");
    for options in [&[][..], &["--wait"], &["--reconnect"], &["--name", "지민"]] {
        let mut filter = filter(&ports, options);
        filter.type_in("하나\n둘\n끝");
        filter.close_input();
        assert_eq!(filter.status(), 0, "{options:?}");
        let shown = filter.out.all();
        assert!(shown.starts_with(is_full), "{shown}");
        // What the room answers may stand between them.
        let own: Vec<&str> = shown.lines().filter(|line| line.starts_with("[You] ")).collect();
        assert_eq!(own, ["[You] 하나", "[You] 둘", "[You] 끝"]);
        assert_eq!(filter.err.all(), format!("{trying}\n"));
    }
    wait_until("each has said all of it", || {
        let console = server.program.out.so_far();
        let said = |text: &str| console.matches(&format!("] {text}\n")).count();
        (["하나", "둘", "끝"].map(said) == [4; 3]).then_some(())
    });
}

/// All are, until one is not.
#[test]
fn all_are_full() {
    let servers = [&["--max-users", "1"]; 2].map(|options| Server::start(options));
    let members = [servers[0].member(), servers[1].member()];
    let ports = [servers[0].port, servers[1].port];
    let mut ended_soon = filter(&ports, &[]);
    assert_eq!(ended_soon.status(), 1);
    let last = ended(ports[1], CLOSED, "\n");
    assert!(ended_soon.err.all().ends_with(&last));
    let mut waits = filter(&ports, &["--wait"]);
    waits.err.wait_for(&ended(ports[1], CLOSED, "; connecting again\n"));
    drop(members);
    waits.out.wait_for("> Connected to the chat server (1 user online)\n");
    waits.close_input();
    assert_eq!(waits.status(), 0);
}

/// One that has waited for its room's log in vain.
#[test]
fn one_that_cannot_reach_its_log() {
    const UNREACHABLE: &str = "> The room's log cannot be reached: try again later";
    let (listener, port) = listener();
    let server = Server::start(&[]);
    let ports = [port, server.port];
    let turn_away = || {
        let mut peer = accept(&listener);
        peer.send(format!("{UNREACHABLE}\n"));
        peer.close_sending();
        assert_eq!(peer.rest(), "");
    };
    let trying = ended(port, CLOSED, &format!("; trying {}", place(server.port)));
    let client = terminal(&ports, &[]);
    turn_away();
    client.shows(&[UNREACHABLE, &trying, GREETING, "[You]"]);
    let mut filter = filter(&ports, &[]);
    filter.type_in("하나\n");
    filter.close_input();
    turn_away();
    assert_eq!(filter.status(), 0);
    server.says("] 하나\n");
}

/// One that takes connections and says nothing, as its log is away: nothing that was entered is
/// lost in it.
#[test]
fn one_that_greets_nobody() {
    let (mute, mute_port) = listener();
    let server = Server::start(&[]);
    let ports = [mute_port, server.port];
    let why = "no greeting in time";
    let trying = ended(mute_port, why, &format!("; trying {}", place(server.port)));
    let client = terminal(&ports, &[]);
    client.shows(&["[You]"]);
    client.types("하나\r쓰다 만");
    let mut held = accept(&mute);
    let mut filter = filter(&ports, &[]);
    let mut filters = accept(&mute);
    filter.type_in("둘\n");
    filter.close_input();
    client.ends_with(&["[You] 하나", "[You] 쓰다 만"]);
    // The own line stands where it was sent; what the filter says may stand around it.
    client.wait("it is in the other room", |seen| {
        let lines: Vec<_> = seen.emulator.lines().into_iter().map(anonymous).collect();
        let at = |text: &str| lines.iter().position(|line| line.starts_with(text));
        let [trying, greeting, own] =
            [trying.as_str(), "> Connected to the chat server (", "[You] 하나"].map(at);
        trying == Some(0)
            && greeting == Some(1)
            && greeting < own
            && lines.last().is_some_and(|last| last == "[You] 쓰다 만")
    });
    server.says("] 하나\n");
    assert_eq!(filter.status(), 0);
    server.says("] 둘\n");
    assert_eq!(filter.err.all(), format!("{trying}\n"));
    for peer in [&mut held, &mut filters] {
        assert_eq!(peer.rest(), "", "nothing was said to who does not answer");
    }
}

/// The other is tried at once when a connection ends; it has another room here, which is said.
#[test]
fn one_that_ends() {
    let (first, second) = (Server::start(&[]), Server::start(&[]));
    let ports = [first.port, second.port];
    let client = terminal(&ports, &[]);
    client.shows(&[GREETING, "[You]"]);
    client.types("쓰다 만");
    client.ends_with(&["[You] 쓰다 만"]);
    drop(first);
    let trying = ended(ports[0], CLOSED, &format!("; trying {}", place(ports[1])));
    client.shows(&[GREETING, &trying, GREETING, "[You] 쓰다 만"]);
    client.types(" 글\r");
    second.says("] 쓰다 만 글\n");
    // And back, when that one ends and the first is there again.
    let first = Server::from(Program::start(["serve", "127.0.0.1", &ports[0].to_string()]));
    drop(second);
    first.says("(1 user online)\n");
    client.types(CTRL_C);
    first.says("left (0 user online)\n");
}

/// A session goes along from one to the next.
#[test]
fn a_session_is_kept() {
    const KEY: &str = "0123456789abcdef0123456789abcdef";
    let listeners = [listener(), listener()];
    let ports = [listeners[0].1, listeners[1].1];
    let client = terminal(&ports, &[]);
    let mut peer = accept(&listeners[0].0);
    peer.send(format!("{GREETING}\n"));
    assert_eq!([peer.line(), peer.line()], ["", "\r"]);
    peer.send(format!("> /session {KEY} 지민\n[민수] 하나\n"));
    client.shows(&[&format!("{GREETING} as 지민"), "[민수] 하나", "[You] as 지민"]);
    client.types("둘\r");
    assert_eq!(peer.line(), "둘");
    drop(peer);
    for (at, lines) in [(1, 1), (0, 2), (1, 3)] {
        let mut peer = accept(&listeners[at].0);
        assert_eq!(peer.line(), format!("/resume {KEY} {lines}"));
        // It was heard elsewhere already.
        peer.send(format!("> /resumed 4\n[민수] 그다음 {at}\n"));
        client.ends_with(&[&format!("[민수] 그다음 {at}"), "[You] as 지민"]);
        drop(peer);
    }
    let said = client.lines().concat().matches("[You] 둘").count();
    assert_eq!(said, 1);
}

/// A round is followed by a wait, and each place is spoken of once.
#[test]
fn rounds() {
    let ports = [dead(), dead()];
    let client = terminal(&ports, &["--wait"]);
    let trying = refused(ports[0], &format!("; trying {}", place(ports[1])));
    let again = refused(ports[1], "; connecting again");
    for seconds in [1, 2] {
        client.wait("the next round is waited for", |seen| {
            let lines = seen.emulator.lines();
            let row = format!("chat: trying again in {seconds} s");
            lines.starts_with(&[trying.clone(), again.clone()])
                && lines.get(2).is_some_and(|line| line.starts_with(&row))
        });
    }
    let server = Server::from(Program::start(["serve", "127.0.0.1", &ports[1].to_string()]));
    client.types("\x1b[H");
    client.shows(&[&trying, &again, GREETING, "[You]"]);
    server.says("(1 user online)\n");
}

/// A name with several addresses is several places. The draft stands meanwhile, in a real terminal.
#[test]
fn a_name_with_two_addresses() {
    const NAME: &str = "room.example";
    let (first, port) = listener();
    let second = TcpListener::bind(("127.0.0.2", port)).unwrap();
    drop((first, second));
    let serve = |addr: &str| Server::from(Program::start(["serve", addr, &port.to_string()]));
    let addresses = ["127.0.0.1", "127.0.0.2"];
    let mut servers = addresses.map(|addr| Some(serve(addr)));
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    let text = addresses.map(|addr| format!("{addr} {NAME}\n")).concat();
    std::fs::write(&hosts, text).unwrap();
    let setting_up = format!("mount --bind {} /etc/hosts", hosts.display());
    let join = format!("{} join --history 0 {NAME} {port}", executable());
    let Some(command) = with_own_mounts(&setting_up, &join) else {
        return leave_out("no name can be made");
    };
    let words = command.get_args().map(|word| format!("'{}'", word.to_str().unwrap()));
    let command = format!("unshare {}", words.collect::<Vec<_>>().join(" "));
    let Some(tmux) = Tmux::run_program(&command, 100, 24) else { return };
    tmux.shows("[You]");
    tmux.types("쓰다 만");
    let draft = "[You] 쓰다 만";
    tmux.shows(draft);
    for times in 1..=3 {
        let at = wait_until("somebody is there", || {
            servers.iter().position(|server| online(server.as_ref().unwrap()) == Some(1))
        });
        drop(servers[at].take());
        tmux.wait("it has come to the other", |rows| {
            let begin = |text: &str| rows.iter().filter(|row| row.starts_with(text)).count();
            // There is nothing else, and the draft is there all the time.
            assert_eq!(begin(draft), 1, "{rows:#?}");
            begin("> Connected to") == times + 1 && rows.len() == 2 * times + 2
        });
        servers[at] = Some(serve(addresses[at]));
    }
    let ended = format!("chat: the connection to {NAME}:{port} ended: {CLOSED}; connecting again");
    assert_eq!(tmux.all().iter().filter(|row| **row == ended).count(), 3);
}

/// How many are in a room, by the last line of its console that says so.
fn online(server: &Server) -> Option<usize> {
    let console = server.program.out.so_far();
    let (_, count) = console.rsplit_once('(')?;
    count.split(' ').next()?.parse().ok()
}
