//! An engine: `redis-server` on a port and in a folder of its own, which fails when it is told to.

use std::fs::{self, File};
use std::net::TcpListener;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

use crate::asking::ask;
use crate::harness::{Program, Signal, wait_until};
use crate::surroundings::leave_out;

/// What an engine keeps on its disk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keeps {
    /// All, before it answers.
    Always,
    /// All, a second later.
    EverySecond,
    /// What there is when it is told to save it.
    Saved,
    Nothing,
}

impl Keeps {
    fn settings(self) -> &'static str {
        match self {
            Self::Always => "appendonly yes\nappendfsync always\nsave \"\"\n",
            Self::EverySecond => "appendonly yes\nappendfsync everysec\nsave \"\"\n",
            Self::Saved | Self::Nothing => "appendonly no\nsave \"\"\n",
        }
    }
}

/// A running engine. Dropping this kills it, and removes what it has kept.
pub(crate) struct Engine {
    pub(crate) port: u16,
    folder: TempDir,
    pub(crate) program: Program,
    /// Of its default user, for what the test asks.
    password: String,
}

impl Engine {
    /// Starts one; `None` where it is not installed.
    pub(crate) fn start(keeps: Keeps) -> Option<Self> {
        Self::start_with(keeps.settings())
    }

    /// Starts one with settings as its file has them.
    pub(crate) fn start_with(settings: &str) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nloglevel notice\n{settings}",
            folder.path().display()
        );
        fs::write(folder.path().join("engine.conf"), settings.as_bytes()).unwrap();
        let password = settings.lines().find_map(|line| {
            let user =
                line.strip_prefix("user default on >").and_then(|rest| rest.split(' ').next());
            line.strip_prefix("requirepass ").or(user)
        });
        let password = password.unwrap_or_default().to_owned();
        let program = run(&folder, &["engine.conf"]);
        let engine = Self { port, folder, program, password };
        engine.is_ready();
        Some(engine)
    }

    /// The place of a room on it.
    pub(crate) fn url(&self, room: &str) -> String {
        format!("redis://127.0.0.1:{}/{room}", self.port)
    }

    /// The place of a room that it knows: such a one is open at once. An engine that has only begun, and
    /// knows of none, may have lost it, so that whoever else may have it is waited for.
    pub(crate) fn known(&self, room: &str) -> String {
        let info = self.ask(&["INFO"]);
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let run = format!("{}-{}", field("run_id:"), field("master_replid:"));
        self.ask(&["HSETNX", &format!("chat:{{{room}}}:state"), "run", &run]);
        self.url(room)
    }

    /// Waits until it is the one that answers, and has read all that it kept.
    fn is_ready(&self) {
        let own = format!("process_id:{}", self.program.id());
        wait_until("the engine is ready", || {
            let info = self.try_ask(&["INFO"])?;
            let says = |what: &str| info.lines().any(|line| line.trim_end() == what);
            (says(&own) && says("loading:0")).then_some(())
        });
    }

    /// Gives it a command, and returns the answer. A sentinel that has an engine follow another one ends
    /// all connections to it.
    pub(crate) fn ask(&self, words: &[&str]) -> String {
        wait_until(&format!("the engine answers {words:?}"), || self.try_ask(words))
    }

    fn try_ask(&self, words: &[&str]) -> Option<String> {
        ask(("127.0.0.1", self.port), &self.password, words)
    }

    /// Kills it, as a machine does that runs out of memory.
    pub(crate) fn kill(&mut self) {
        self.program.signal(Signal::KILL);
        wait_until("the engine is gone", || self.program.exit_status());
    }

    /// Starts it once more, where it was, with what it has kept.
    pub(crate) fn start_again(&mut self) {
        self.program = run(&self.folder, &["engine.conf"]);
        self.is_ready();
    }

    /// Loses the last bytes of what it has kept, so many at the most, as when the power fails; call this after
    /// [`Engine::kill`]. It has kept something.
    pub(crate) fn lose(&self, bytes: u64) {
        let kept = fs::read_dir(self.folder.path().join("appendonlydir")).unwrap();
        let mut paths = kept.map(|entry| entry.unwrap().path());
        let path = paths.find(|path| path.to_str().unwrap().ends_with(".incr.aof")).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        let left = file.metadata().unwrap().len().saturating_sub(bytes);
        file.set_len(left).unwrap();
    }

    /// It stands still: it takes connections, and answers nothing.
    pub(crate) fn freeze(&self) {
        self.program.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.program.signal(Signal::CONT);
    }

    /// It takes no more from now on.
    pub(crate) fn fill(&self) {
        self.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    }

    pub(crate) fn make_space(&self) {
        self.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    }
}

/// Returns whether there is an engine; a test is left out where there is none.
pub(crate) fn is_installed() -> bool {
    let is_there = ["redis-server", "setpriv"].iter().all(|program| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    if !is_there {
        leave_out("redis-server is not installed");
    }
    is_there
}

/// Returns a port of this machine that nobody has, below those that the system gives to whoever
/// connects: it is still free when a program that has had it is started again. No other test gets it.
pub(crate) fn free_port() -> u16 {
    const PORTS: Range<u16> = 10_000..32_000;
    static NEXT: Mutex<u16> = Mutex::new(0);
    wait_until("a port is free", || {
        let mut next = NEXT.lock().unwrap();
        if !PORTS.contains(&next) {
            // Elsewhere than those of another process.
            *next = fastrand::u16(PORTS);
        }
        let port = *next;
        *next += 1;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    })
}

/// Runs the engine in a folder. It ends with the thread that has started it, however that ends.
pub(crate) fn run(folder: &TempDir, args: &[&str]) -> Program {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "redis-server"]).args(args).current_dir(folder.path());
    Program::run(&mut command)
}

/// What each way of keeping loses, with what it is started again.
#[test]
fn what_is_kept() {
    for (keeps, kept) in [
        (Keeps::Always, "2\n"),
        (Keeps::EverySecond, "2\n"),
        (Keeps::Saved, "1\n"),
        (Keeps::Nothing, "\n"),
    ] {
        let Some(mut engine) = Engine::start(keeps) else { return };
        engine.ask(&["SET", "key", "1"]);
        if let Keeps::Saved = keeps {
            engine.ask(&["SAVE"]);
        }
        engine.ask(&["SET", "key", "2"]);
        engine.kill();
        engine.start_again();
        assert_eq!(engine.ask(&["GET", "key"]), kept, "{keeps:?}");
    }
}

#[test]
fn the_last_of_what_is_kept_can_be_lost() {
    let Some(mut engine) = Engine::start(Keeps::Always) else { return };
    engine.ask(&["SET", "key", "1"]);
    engine.ask(&["SET", "key", "2"]);
    engine.kill();
    engine.lose(1);
    engine.start_again();
    assert_eq!(engine.ask(&["GET", "key"]), "1\n");
}

#[test]
fn a_full_engine() {
    let Some(engine) = Engine::start(Keeps::Nothing) else { return };
    engine.fill();
    assert_eq!(engine.try_ask(&["SET", "key", "1"]), None);
    engine.make_space();
    assert_eq!(engine.ask(&["SET", "key", "1"]), "OK\n");
}

/// It has gone, and so has its folder, when the thread that has started it has failed.
#[test]
fn nothing_is_left_of_it() {
    let test = std::thread::spawn(|| {
        let engine = Engine::start(Keeps::EverySecond)?;
        engine.freeze();
        let left = (engine.program.id(), engine.folder.path().to_owned());
        // As a test does that ends without dropping anything.
        std::mem::forget(engine.program);
        Some(left)
    });
    let Some((id, folder)) = test.join().unwrap() else { return };
    wait_until("it has gone", || {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // Nobody has waited for it.
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
    assert!(!folder.exists());
}
