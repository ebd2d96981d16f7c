//! The programs in a real terminal: tmux, whose screen can be asked for at any moment.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use rustix::termios::tcgetwinsize;

use crate::clients::installed;
use crate::harness::{LIMIT, Server, SetAtEnd, executable, wait_until};

/// A tmux server of its own, with one window in which a program runs.
pub(crate) struct Tmux {
    name: String,
}

impl Tmux {
    /// Runs `chat join` in a window of this size; `None` where there is no tmux.
    fn join(port: u16, columns: usize, rows: usize) -> Option<Self> {
        let join = format!("{} join --history 0 127.0.0.1 {port}", executable());
        let tmux = Self::run_program(&join, columns, rows)?;
        tmux.shows("[You]");
        Some(tmux)
    }

    /// Runs a shell's command in one.
    pub(crate) fn run_program(command: &str, columns: usize, rows: usize) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        installed("tmux", "tmux")?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let tmux = Self { name: format!("chat-{}-{number}", std::process::id()) };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        tmux.run(&["new-session", "-d", "-x", &columns, "-y", &rows, command]);
        Some(tmux)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let tmux = ["-u", "-f", "/dev/null", "-L", &self.name];
        let mut command = Command::new("tmux");
        command.args(tmux).args(args).env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command.output().unwrap()
    }

    pub(crate) fn types(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
    }

    fn pastes(&self, text: &str) {
        self.run(&["set-buffer", text]);
        self.run(&["paste-buffer", "-p"]);
    }

    /// Changes its size, and waits until the program is told: tmux takes its time.
    fn resize(&self, columns: u16, rows: u16) {
        let size = [columns, rows].map(|length| length.to_string());
        self.run(&["resize-window", "-x", &size[0], "-y", &size[1]]);
        let name = self.run(&["display-message", "-p", "#{pane_tty}"]).stdout;
        let terminal = File::open(String::from_utf8(name).unwrap().trim()).unwrap();
        wait_until("the program is told the size", || {
            let size = tcgetwinsize(&terminal).unwrap();
            ((size.ws_col, size.ws_row) == (columns, rows)).then_some(())
        });
    }

    /// Returns the rows of its screen.
    pub(crate) fn screen(&self) -> Vec<String> {
        rows(self.run(&["capture-pane", "-p"]))
    }

    /// Returns all lines, including those that have scrolled away.
    pub(crate) fn all(&self) -> Vec<String> {
        rows(self.run(&["capture-pane", "-p", "-J", "-S", "-"]))
    }

    /// Waits until all rows satisfy a predicate.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !is_so(&self.all()) {
            assert!(Instant::now() < deadline, "waited in vain until {what}: {:#?}", self.all());
        }
    }

    /// Waits until a row begins so.
    #[track_caller]
    pub(crate) fn shows(&self, row: &str) {
        self.wait(&format!("{row:?} is there"), |all| {
            all.iter().any(|shown| shown.starts_with(row))
        });
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let socket = self.run(&["display-message", "-p", "#{socket_path}"]).stdout;
        self.run(&["kill-server"]);
        // It leaves that behind.
        let _ = fs::remove_file(String::from_utf8_lossy(&socket).trim());
    }
}

fn rows(output: Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout).unwrap();
    let mut rows: Vec<String> = text.lines().map(|row| row.trim_end().to_owned()).collect();
    while rows.pop_if(|row| row.is_empty()).is_some() {}
    rows
}

/// Floods of short lines, of lines that no one knows the width of, and of lines higher than the
/// screen: whenever it is looked at, the draft is there, once, and nothing is lost.
#[test]
fn the_draft_in_a_flood() {
    let long = "x".repeat(3000);
    let doubtful = "naïve … ".repeat(15);
    for text in ["도배", doubtful.as_str(), &long] {
        let server = Server::start(&["--quiet"]);
        let Some(tmux) = Tmux::join(server.port, 80, 24) else { return };
        let draft = "홍수 속의 초안";
        tmux.types(draft);
        let row = format!("[You] {draft}");
        tmux.shows(&row);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let mut peer = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
            let lines = format!("{text}\n").repeat(1 + 16 * 1024 / text.len());
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) && peer.write_all(lines.as_bytes()).is_ok() {
                }
            });
            let _end = SetAtEnd(is_over);
            tmux.shows("[127.0.0.1:");
            let label = format!("] {}", text.chars().take(20).collect::<String>());
            let mut floods = 0;
            for sample in 0..200 {
                let screen = tmux.screen();
                let copies = screen.iter().filter(|shown| **shown == row).count();
                // Where the width is in doubt the next one may stand there before the last is gone.
                let most = if text == doubtful { 2 } else { 1 };
                let is_there = (1..=most).contains(&copies);
                assert!(is_there, "{text:.20}, sample {sample}: {screen:#?}");
                floods += usize::from(screen.iter().any(|shown| shown.contains(&label)));
            }
            assert!(floods > 0, "{text:.20} was not seen");
        });
    }
}

/// At most one copy of the draft, whatever the order of sizes.
#[test]
fn sizes_leave_one_copy_of_the_draft() {
    let short: Vec<String> = (1..=12).map(|number| format!("줄 {number}.")).collect();
    for sizes in [
        &[(60, 5), (60, 14)][..],
        &[(60, 5), (60, 9), (60, 4), (60, 14)],
        &[(20, 14), (60, 14)],
        &[(30, 6), (60, 14), (20, 5), (60, 14)],
    ] {
        let server = Server::start(&["--quiet"]);
        let Some(tmux) = Tmux::join(server.port, 60, 14) else { return };
        let mut peer = server.member();
        peer.send((0..20).map(|number| format!("말 {number}\n")).collect::<String>());
        tmux.wait("all is said", |all| all.iter().any(|row| row.ends_with("말 19")));
        tmux.pastes(&short.join("\n"));
        tmux.shows("[You] 줄 12.");
        for (number, &(columns, rows)) in sizes.iter().enumerate() {
            tmux.resize(columns, rows);
            // The draft is painted for this size once this is there.
            peer.send(format!("크기 {number}\n"));
            let said = format!("크기 {number}");
            tmux.wait(&format!("one copy stands after {sizes:?}[..={number}]"), |all| {
                let copies =
                    |line| all.iter().filter(|row| **row == format!("[You] {line}")).count();
                all.iter().any(|row| row.ends_with(&said))
                    && short.iter().all(|line| copies(line) <= 1)
                    && all.ends_with(&["[You] 줄 11.", "[You] 줄 12."].map(str::to_owned))
            });
            let all = tmux.all();
            for number in 0..20 {
                let is_said = all.iter().any(|row| row.ends_with(&format!("] 말 {number}")));
                assert!(is_said, "말 {number} is erased: {all:#?}");
            }
        }
    }
}
