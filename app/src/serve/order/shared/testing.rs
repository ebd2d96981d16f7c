//! An engine for tests: Debian's, on a free port, with a folder of its own.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::link::Link;
use crate::net::Place;
use crate::settings::Engine;

/// How long anything may take.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// How often a port is tried: it is free when it is chosen, and others choose theirs too.
const TRIES: usize = 5;

/// An engine, or a sentinel.
pub(super) struct TestEngine {
    process: Child,
    port: u16,
    /// Its files.
    folder: TempDir,
}

/// The file that one makes once it listens.
const PID: &str = "pid";

impl TestEngine {
    /// Starts one with further options; `None` where none is installed. The gate has one.
    pub(super) fn start(options: &[&str]) -> Option<Self> {
        Self::start_on("--port", options)
    }

    /// Starts one that listens as that option has it.
    pub(super) fn start_on(port_option: &str, options: &[&str]) -> Option<Self> {
        start("redis-server", |port, command, _| {
            command.args(["--bind", "127.0.0.1", "--save", "", "--pidfile", PID]);
            command.arg(port_option).arg(port.to_string()).args(options);
        })
    }

    /// Starts a sentinel that knows this engine as the master of that name.
    pub(super) fn start_sentinel(&self, master: &str, options: &str) -> Option<Self> {
        start("redis-sentinel", |port, command, folder| {
            let file = folder.join("sentinel.conf");
            let engine = self.port;
            let text = format!(
                "bind 127.0.0.1\nport {port}\npidfile {PID}\n\
                 sentinel monitor {master} 127.0.0.1 {engine} 1\n{options}\n"
            );
            std::fs::write(&file, text).unwrap();
            command.arg(file);
        })
    }

    pub(super) fn place(&self) -> Place {
        Place { host: "127.0.0.1".to_owned(), port: self.port }
    }

    /// A connection over which an answer may take as long as anything: the machine may be busy.
    pub(super) fn link(&self) -> Link {
        let mut link = Link::open(&self.place(), &at(&[self])).unwrap();
        link.wait_longer(LIMIT).unwrap();
        link
    }
}

/// How to reach these.
pub(super) fn at(engines: &[&TestEngine]) -> Engine {
    let places = engines.iter().map(|engine| engine.place()).collect();
    Engine { places, master: None, user: None, password: None, encryption: None }
}

/// Whether a program is there; it has to be in the gate.
pub(super) fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        let is_gate = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!is_gate, "{program} is not installed");
        #[expect(clippy::print_stderr, reason = "a test says why it shows nothing")]
        {
            eprintln!("not tested: {program} is not installed");
        }
    }
    there
}

fn start(program: &str, prepare: impl Fn(u16, &mut Command, &Path)) -> Option<TestEngine> {
    if !has(program) {
        return None;
    }
    for _ in 0..TRIES {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        prepare(port, &mut command, folder.path());
        command.current_dir(folder.path()).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        let mut engine = TestEngine { process, port, folder };
        if engine.listens() {
            return Some(engine);
        }
    }
    panic!("{program} does not start");
}

impl TestEngine {
    /// Waits until it listens; `false` if it has ended, as somebody else does there.
    fn listens(&mut self) -> bool {
        let deadline = Instant::now() + LIMIT;
        while self.process.try_wait().unwrap().is_none() {
            if self.folder.path().join(PID).exists() {
                return true;
            }
            assert!(Instant::now() < deadline, "it does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
