//! `chat join` in tmux and in GNU screen: terminals that run anywhere and take characters for what
//! their own tables say, tmux by the C library's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::blocking::Command;

use crate::clients::installed;
use crate::harness::{LIMIT, Server, executable};
use crate::terminal::{Kind, Terminal};

/// Drafts of characters whose widths are in doubt, and one in which nothing is.
const DRAFTS: [&str; 9] = [
    "다들 안녕하세요? 생각보다 끝내주네요ㅋㅋ hello 가나다라마바사아자차카타파하 0123456789",
    "বাংলাদেশের স্বাধীনতা দিবসে আমাদের বিদ্যালয়ে আলোচনা সভা হবে, সবাই আসবেন আশা করি ভাই",
    "ㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤㅤ끝",
    "தமிழ்நாட்டின் தலைநகரமான சென்னையில் நாளை மாலை கூட்டம் நடைபெறும், அனைவரும் வருக",
    "മലയാളത്തിൽ എഴുതുന്ന ഒരു നീണ്ട വാചകം ഇവിടെ കീറിപ്പോകാതെ ഒരു വരിയായി നിൽക്കണം",
    // Hangul as macOS names files, and jamo that stand alone.
    "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}\u{110b}\u{1175} \
     \u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}\u{110b}\u{1175} \
     \u{1161}\u{1161}\u{1161}\u{11ab}\u{11ab}\u{11ab}\u{1112}\u{1112}\u{1112}\u{1112}\u{1112}",
    "👩\u{200d}🚀👍🏽❤\u{fe0f}🇰🇷1\u{fe0f}\u{20e3}👩\u{200d}🚀👍🏽❤\u{fe0f}🇰🇷1\u{fe0f}\u{20e3} \
     👩\u{200d}🚀👍🏽❤\u{fe0f}🇰🇷1\u{fe0f}\u{20e3}👩\u{200d}🚀👍🏽❤\u{fe0f}🇰🇷1\u{fe0f}\u{20e3}",
    "Donau\u{ad}dampf\u{ad}schiff\u{ad}fahrts\u{ad}gesell\u{ad}schafts\u{ad}kapitän… Привет → ←",
    "ကျွန်တော်တို့ မြန်မာနိုင်ငံမှ ဖြစ်ပါသည် ဒီနေ့ ညနေ အစည်းအဝေး ရှိပါတယ်",
];

#[test]
fn tmux_tears_nothing() {
    for columns in [40, 80] {
        DRAFTS.iter().for_each(|draft| tears_nothing(Multiplexer::tmux, columns, draft));
    }
}

#[test]
fn screen_tears_nothing() {
    for columns in [40, 80] {
        DRAFTS.iter().for_each(|draft| tears_nothing(Multiplexer::screen, columns, draft));
    }
}

/// tmux rewraps the rows of a draft that has become too wide. Whatever it takes the draft for, what
/// was said stays.
#[test]
fn a_narrower_tmux_erases_nothing() {
    for draft in DRAFTS {
        let server = Server::start(&["--quiet"]);
        let mut peer = server.member();
        let join = format!("exec {} join --history 0 127.0.0.1 {}", executable(), server.port);
        let Some(tmux) = Multiplexer::tmux(&join, 80) else { return };
        peer.line();
        for (columns, said) in [(80, 1), (60, 2), (45, 3), (31, 4), (70, 5), (33, 6)] {
            tmux.terminal.resize(columns, 24);
            tmux.terminal.types(draft);
            peer.send(format!("line {said}\n"));
            tmux.wait(&format!("all of {said} lines are there"), |rows| {
                lines_in(rows).eq(1..=said) && rows.last().is_some_and(|row| !row.contains("line"))
            });
        }
    }
}

/// Types a draft key by key while others speak.
fn tears_nothing(start: fn(&str, usize) -> Option<Multiplexer>, columns: usize, draft: &str) {
    let server = Server::start(&["--quiet"]);
    let mut peer = server.member();
    let join = format!("exec {} join --history 0 127.0.0.1 {}", executable(), server.port);
    let Some(multiplexer) = start(&join, columns) else { return };
    peer.line();
    let mut said = 0;
    for (c, number) in draft.chars().zip(0..) {
        multiplexer.terminal.types(&c.to_string());
        if number % 8 == 7 {
            said += 1;
            peer.send(format!("line {said}\n"));
            multiplexer.shows_lines_and_drafts(said, 1);
        }
    }
    let own: String = draft.split(' ').collect();
    multiplexer.wait("the draft is whole", |rows| {
        let at = rows.iter().rposition(|row| row.starts_with("[You]")).unwrap_or_default();
        let shown = rows[at..].concat().replace(' ', "");
        !multiplexer.tells_text || shown == format!("[You]{own}")
    });
    multiplexer.terminal.types("\r");
    assert!(peer.line().ends_with(&format!("] {draft}")));
    // What was sent, and the next draft.
    multiplexer.shows_lines_and_drafts(said, 2);
}

/// A terminal in which a multiplexer runs in which the program runs.
struct Multiplexer {
    terminal: Terminal,
    program: PathBuf,
    /// Where its socket is.
    folder: PathBuf,
    /// What makes it tell what it shows, and end.
    tell: Vec<String>,
    end: &'static [&'static str],
    /// Where it writes what it shows, unless to its standard output.
    file: Option<PathBuf>,
    /// Whether it tells more than ASCII.
    tells_text: bool,
}

impl Multiplexer {
    /// Runs a command in tmux, if that is installed.
    fn tmux(command: &str, columns: usize) -> Option<Self> {
        let program = installed("tmux", "tmux")?;
        let folder = folder("tmux");
        let settings = folder.join("settings");
        fs::write(&settings, "set -g status off\n").unwrap();
        let args = ["-u", "-f", settings.to_str().unwrap(), "new-session", command];
        Some(Self {
            terminal: run(&program, &args, &folder, columns),
            program,
            folder,
            tell: ["capture-pane", "-p", "-S", "-"].map(str::to_owned).into(),
            end: &["kill-server"],
            file: None,
            tells_text: true,
        })
    }

    /// Runs a command in GNU screen, if that is installed.
    fn screen(command: &str, columns: usize) -> Option<Self> {
        let program = installed("screen", "screen")?;
        let folder = folder("screen");
        let settings = folder.join("settings");
        fs::write(&settings, "startup_message off\ndefutf8 on\ndefscrollback 1000\n").unwrap();
        let settings = settings.to_str().unwrap();
        let args = ["-U", "-c", settings, "-S", "test", "sh", "-c", command];
        let file = folder.join("shown");
        let tell = ["-S", "test", "-X", "hardcopy", "-h", file.to_str().unwrap()];
        Some(Self {
            terminal: run(&program, &args, &folder, columns),
            program,
            tell: tell.map(str::to_owned).into(),
            end: &["-S", "test", "-X", "quit"],
            file: Some(file),
            folder,
            tells_text: false,
        })
    }

    /// Waits until all lines of the peer stand there once and in order, and below them the draft;
    /// so many rows begin as it does.
    #[track_caller]
    fn shows_lines_and_drafts(&self, lines: usize, drafts: usize) {
        self.wait(&format!("it shows {lines} lines and {drafts} drafts"), |rows| {
            let is_draft = |row: &&String| row.starts_with("[You]");
            let last = rows.iter().rposition(|row| row.contains("] line "));
            let below = &rows[last.map_or(0, |last| last + 1)..];
            lines_in(rows).eq(1..=lines)
                && rows.iter().filter(is_draft).count() == drafts
                && below.first().is_some_and(|row| is_draft(&row))
        });
    }

    #[track_caller]
    fn wait(&self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let rows = self.rows();
            if is_so(&rows) {
                return;
            }
            assert!(Instant::now() < deadline, "waited in vain until {what}; there is {rows:#?}");
            thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// Returns all rows that it shows or that have scrolled away, without trailing blanks and empty
    /// rows at the end.
    fn rows(&self) -> Vec<String> {
        let output = command(&self.program, &self.folder).args(&self.tell).output().unwrap();
        let told = match &self.file {
            // It may not be there yet, or not all of it.
            Some(file) => fs::read(file).unwrap_or_default(),
            None => output.stdout,
        };
        let told = String::from_utf8_lossy(&told);
        told.trim_end().lines().map(|row| row.trim_end().to_owned()).collect()
    }
}

impl Drop for Multiplexer {
    fn drop(&mut self) {
        let _ = command(&self.program, &self.folder).args(self.end).output();
        // It may be about to write there what it was asked to tell last.
        let deadline = Instant::now() + LIMIT;
        while fs::remove_dir_all(&self.folder).is_err()
            && self.folder.exists()
            && Instant::now() < deadline
        {
            thread::park_timeout(Duration::from_millis(2));
        }
    }
}

/// Returns the numbers of the peer's lines.
fn lines_in(rows: &[String]) -> impl Iterator<Item = usize> {
    let said = rows.iter().filter_map(|row| row.split_once("] line "));
    said.map(|(_, number)| number.parse().unwrap_or(0))
}

/// Creates a folder of its own, with a name so short that a socket's path may contain it.
fn folder(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("{name}-{}-{number}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    // GNU screen insists.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

fn run(program: &Path, args: &[&str], folder: &Path, columns: usize) -> Terminal {
    let folder = folder.to_str().unwrap();
    let environment =
        [("LANG", "C.UTF-8"), ("HOME", folder), ("TMUX_TMPDIR", folder), ("SCREENDIR", folder)];
    Terminal::run(Command::new(program).args(args), Kind::cutting(columns), &environment)
}

fn command(program: &Path, folder: &Path) -> Process {
    let mut command = Process::new(program);
    command.env_remove("TMUX").env_remove("STY").env("LANG", "C.UTF-8");
    command.env("TMUX_TMPDIR", folder).env("SCREENDIR", folder);
    command
}
