//! The servers that are measured, as processes.

use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use tempfile::TempDir;

use super::wire::Kind;
use crate::build::chat;
use crate::program::{LIMIT, Running, connect, resident_kib};
use crate::shell::{Outcome, Tried, spawn};

/// Another build of `chat`, to be measured beside this one.
pub(crate) static OTHER: OnceLock<PathBuf> = OnceLock::new();

/// A running server on a port of its own, in memory and without limits that matter here.
pub(crate) struct Server {
    pub(crate) port: u16,
    running: Running,
    _folder: TempDir,
}

impl Server {
    /// Starts a server; returns `None` if it is not installed.
    pub(crate) fn start(kind: Kind) -> Outcome<Option<Self>> {
        Self::start_with(kind, &[])
    }

    /// As [`Self::start`], with options.
    pub(crate) fn start_with(kind: Kind, options: &[&str]) -> Outcome<Option<Self>> {
        Self::start_in(TempDir::with_prefix("chat-bench-")?, kind, options)
    }

    /// As [`Self::start_with`], in a folder.
    pub(crate) fn start_in(folder: TempDir, kind: Kind, options: &[&str]) -> Outcome<Option<Self>> {
        // Another program could take the port in between, but hardly on a machine used to measure.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let Some(mut command) = command(kind, port, folder.path())? else { return Ok(None) };
        command.args(options);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = Running(spawn(command.current_dir(&folder))?);
        let deadline = Instant::now() + LIMIT;
        while connect(port).is_err() {
            if let Some(status) = running.0.try_wait()? {
                return Err(format!("{} has ended: {status}", kind.name()).into());
            }
            if Instant::now() > deadline {
                return Err(format!("{} does not listen", kind.name()).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        // Let the server forget this connection.
        thread::sleep(Duration::from_millis(100));
        Ok(Some(Self { port, running, _folder: folder }))
    }

    pub(crate) fn process(&self) -> u32 {
        self.running.0.id()
    }

    /// Returns the processor time that it has used, by the kernel's account of its threads.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process()))?;
        threads.map(|thread| cpu(&thread?.path())).sum()
    }

    /// Returns its resident set in bytes.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        Ok(1024 * resident_kib(self.process())?)
    }
}

/// Returns the processor time that this thread has used.
pub(crate) fn thread_cpu() -> Outcome<Duration> {
    cpu(Path::new("/proc/thread-self"))
}

/// Returns the processor time that a thread has used.
fn cpu(thread: &Path) -> Outcome<Duration> {
    let path = thread.join("schedstat");
    let stat = fs::read_to_string(&path)?;
    let spent = stat.split(' ').next().unwrap_or_default();
    Ok(Duration::from_nanos(spent.parse().tried(path.display())?))
}

/// Returns the command that starts a server; `None` if it is not installed.
fn command(kind: Kind, port: u16, folder: &Path) -> Outcome<Option<Command>> {
    let program = match kind {
        Kind::Chat | Kind::Web => Some(chat()?),
        Kind::Other => OTHER.get().cloned(),
        Kind::Bare => Some(env::current_exe()?),
        Kind::Redis => installed("redis-server"),
        Kind::Nats => installed("nats-server"),
        Kind::Ncat => installed("ncat"),
    };
    let Some(program) = program else { return Ok(None) };
    let mut command = Command::new(program);
    match kind {
        Kind::Chat | Kind::Other => {
            command.args(["serve", "--quiet", "127.0.0.1"]).arg(port.to_string())
        }
        Kind::Web => {
            command.args(["serve", "--quiet", "--web", &port.to_string(), "127.0.0.1", "0"])
        }
        Kind::Bare => command.arg("bare-loop").arg(port.to_string()),
        Kind::Redis => {
            fs::write(folder.join("redis.conf"), REDIS)?;
            command.args(["redis.conf", "--port", &port.to_string()])
        }
        Kind::Nats => {
            fs::write(folder.join("nats.conf"), NATS)?;
            command.args(["--config", "nats.conf", "--addr", "127.0.0.1", "--port"]);
            command.arg(port.to_string())
        }
        Kind::Ncat => {
            command.args(["--chat", "--max-conns", "20000", "--listen", "127.0.0.1"]);
            command.arg(port.to_string())
        }
    };
    Ok(Some(command))
}

/// Returns the path of a program, if it is installed.
fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian puts servers there, which is not on every user's path.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

const REDIS: &str = "bind 127.0.0.1
save \"\"
appendonly no
maxclients 20000
client-output-buffer-limit pubsub 0 0 0
";

const NATS: &str = "max_pending: 4GB
write_deadline: \"60s\"
max_connections: 20000
";
