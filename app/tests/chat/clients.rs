//! Clients that others have written, at terminals as their users have them: members like any other.

use std::env;
use std::path::PathBuf;

use pty_process::blocking::Command;

use crate::harness::{Peer, Server};
use crate::surroundings::leave_out;
use crate::terminal::{CTRL_C, CTRL_D, Kind, Terminal};

#[test]
fn netcat_of_openbsd() {
    let Some(mut guest) = Guest::with("nc.openbsd", "netcat-openbsd", "HOST PORT") else { return };
    guest.chats();
    guest.leaves_by(CTRL_C);
}

#[test]
fn traditional_netcat() {
    let Some(mut guest) = Guest::with("nc.traditional", "netcat-traditional", "HOST PORT") else {
        return;
    };
    guest.chats();
    guest.leaves_by(CTRL_C);
}

#[test]
fn netcat_of_busybox() {
    for key in [CTRL_C, CTRL_D] {
        let Some(mut guest) = Guest::with("busybox", "busybox", "nc HOST PORT") else { return };
        guest.chats();
        guest.leaves_by(key);
    }
}

#[test]
fn ncat() {
    for key in [CTRL_C, CTRL_D] {
        let Some(mut guest) = Guest::with("ncat", "ncat", "HOST PORT") else { return };
        guest.chats();
        guest.leaves_by(key);
    }
}

#[test]
fn socat() {
    for key in [CTRL_C, CTRL_D] {
        let Some(mut guest) = Guest::with("socat", "socat", "- TCP:HOST:PORT") else { return };
        guest.chats();
        guest.leaves_by(key);
    }
}

#[test]
fn plink_without_a_protocol() {
    for key in [CTRL_C, CTRL_D] {
        let Some(mut guest) = Guest::with("plink", "putty-tools", "-raw -P PORT HOST") else {
            return;
        };
        guest.chats();
        guest.leaves_by(key);
    }
}

/// PuTTY's telnet negotiates as soon as it is connected. Its Ctrl+D is a telnet command.
#[test]
fn plink_with_telnet() {
    for key in [CTRL_C, CTRL_D] {
        let Some(mut guest) = Guest::with("plink", "putty-tools", "-telnet -P PORT HOST") else {
            return;
        };
        guest.chats();
        guest.leaves_by(key);
    }
}

#[test]
fn telnet_of_busybox() {
    let Some(mut guest) = Guest::with("busybox", "busybox", "telnet HOST PORT") else { return };
    guest.chats();
    guest.leaves_by(CTRL_D);

    let Some(mut guest) = Guest::with("busybox", "busybox", "telnet HOST PORT") else { return };
    guest.chats();
    // A menu of its own, of which the room gets nothing.
    guest.terminal.types(CTRL_C);
    guest.shows(&[" e      exit telnet"]);
    guest.leaves_by("e");
}

/// Until it is asked for all eight bits of each byte, the telnet of GNU inetutils takes parts of
/// Korean characters for control keys. On a port that is not telnet's it sends nothing by which it
/// could be known before its first line, which may lose a character; no other line does.
#[test]
fn telnet_of_inetutils() {
    let Some(mut guest) = Guest::with_telnet() else { return };
    let first = guest.says("안녕하세요?");
    assert!(first.starts_with('안') && first.ends_with("하세요?"), "{first:?}");
    // Telnet has taken what stands before this: it knows that it is asked for eight bits.
    guest.hears(&["네 안녕하세요ㅋㅋ"]);
    guest.chats();
    guest.leaves_by(CTRL_C);
    guest.shows(&["^CConnection closed by foreign host."]);
}

/// The byte that it takes for Ctrl+E is lost, and no command tells of it.
#[test]
fn a_loss_of_telnet_that_no_command_tells_of() {
    let Some(mut guest) = Guest::with_telnet() else { return };
    let first = guest.says("안녕");
    assert!(first.starts_with('안'), "{first:?}");
    guest.hears(&["네"]);
    guest.is_heard(&["안녕"]);
    guest.hears(&["이제 온전하네요"]);
}

/// Such a character is whole, and nobody leaves by it.
#[test]
fn characters_that_telnet_takes_for_control_keys() {
    for text in ["상황", "돌려요", "뜻"] {
        let Some(mut guest) = Guest::with_telnet() else { return };
        guest.is_heard(&[text]);
        guest.hears(&["네"]);
        guest.chats();
    }
}

/// The rest of the line stays with telnet, which goes to its own prompt.
#[test]
fn a_character_that_telnet_takes_for_its_escape_key() {
    let Some(mut guest) = Guest::with_telnet() else { return };
    guest.terminal.types("생일\r");
    guest.terminal.wait("telnet asks for a command", |seen| {
        seen.emulator.lines().last().is_some_and(|line| line.contains("telnet>"))
    });
    // The `f4` in the middle of this character is no Ctrl+C. This one is, and comes later.
    let mut cat = guest.server.member();
    guest.ben.line();
    cat.send(b"\xff\xf4\xff\xfd\x06");
    assert_eq!(guest.ben.line(), format!("< The user {} left (2 users online)", cat.addr()));

    guest.terminal.types("\r");
    guest.hears(&["네"]);
    let next = guest.says("생일 축하");
    assert!(next.ends_with("생일 축하"), "{next:?}");
    guest.chats();
}

/// A client, and somebody who chats with it.
struct Guest {
    terminal: Terminal,
    addr: String,
    /// The other member.
    ben: Peer,
    server: Server,
}

impl Guest {
    /// Starts a client in a room that has one member, unless it is not installed. `HOST` and `PORT`
    /// among its arguments are the room's.
    fn with(program: &str, package: &str, args: &str) -> Option<Self> {
        let program = installed(program, package)?;
        let server = Server::start(&[]);
        let mut ben = server.member();
        let args = args.replace("HOST", "127.0.0.1").replace("PORT", &server.port.to_string());
        let command = Command::new(program).args(args.split_whitespace());
        let terminal = Terminal::run(command, Kind::WIDE, &[("LANG", "C.UTF-8"), ("HOME", "/")]);
        let notice = ben.line();
        let addr = notice.strip_prefix("> New user ").and_then(|rest| rest.split(' ').next());
        let guest = Self { terminal, addr: addr.unwrap().to_owned(), ben, server };
        guest.shows(&["> Connected to the chat server (2 users online)"]);
        Some(guest)
    }

    fn with_telnet() -> Option<Self> {
        Self::with("inetutils-telnet", "inetutils-telnet", "HOST PORT")
    }

    /// Lines both ways, one by one and several at once.
    #[track_caller]
    fn chats(&mut self) {
        self.is_heard(&["다들 안녕하세요?"]);
        self.hears(&["네 안녕하세요ㅋㅋ"]);
        self.is_heard(&["생각보다 끝내주네요", "그렇죠", "🇰🇷 👍🏽"]);
        self.hears(&["하나", "둘", "셋"]);
    }

    /// The room hears these lines as they are typed, all at once.
    #[track_caller]
    fn is_heard(&mut self, lines: &[&str]) {
        self.terminal.types(&lines.iter().map(|line| format!("{line}\r")).collect::<String>());
        for line in lines {
            assert_eq!(self.ben.line(), format!("[{}] {line}", self.addr));
        }
    }

    /// Types one line, and gives what the room hears.
    #[track_caller]
    fn says(&mut self, line: &str) -> String {
        self.terminal.types(&format!("{line}\r"));
        let heard = self.ben.line();
        let text = heard.strip_prefix(&format!("[{}] ", self.addr));
        text.unwrap_or_else(|| panic!("{heard:?}")).to_owned()
    }

    /// It shows these lines of the other member, each on a row of its own.
    #[track_caller]
    fn hears(&mut self, lines: &[&str]) {
        let addr = self.ben.addr();
        self.ben.send(lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        let rows: Vec<String> = lines.iter().map(|line| format!("[{addr}] {line}")).collect();
        self.shows(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Waits until its last rows are these, from their first column on.
    #[track_caller]
    fn shows(&self, rows: &[&str]) {
        self.terminal.wait(&format!("its rows end with {rows:#?}"), |seen| {
            seen.emulator
                .lines()
                .ends_with(&rows.iter().map(ToString::to_string).collect::<Vec<_>>())
        });
    }

    #[track_caller]
    fn leaves_by(&mut self, keys: &str) {
        self.terminal.types(keys);
        assert_eq!(self.ben.line(), format!("< The user {} left (1 user online)", self.addr));
    }
}

/// Where a client is. `ci/install` installs all of them, so the gate leaves none out.
pub(crate) fn installed(program: &str, package: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
    if found.is_none() {
        leave_out(&format!("{program} is not installed (package {package})"));
    }
    found
}
