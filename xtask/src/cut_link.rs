//! `cargo xtask cut-link`: a peer behind a link that is cut, which no test of a program can have by
//! itself: it takes two network namespaces, and root to make them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use argh::FromArgs;
use tempfile::TempDir;

use crate::program::Running;
use crate::shell::{Outcome, cargo, quiet_output, root, run, say};

/// Cut the link between a server and its members, and see that both sides notice in time. Needs
/// root and iproute2.
#[derive(FromArgs)]
#[argh(subcommand, name = "cut-link")]
pub(crate) struct CutLink {}

/// How long either side may take.
const IN_TIME: Duration = Duration::from_secs(75);

const SERVER: &str = "chat-cut-a";
const CLIENT: &str = "chat-cut-b";
const ADDRESS: &str = "10.213.97.1";
const PORT: &str = "3333";

impl CutLink {
    pub(crate) fn run(&self) -> Outcome<()> {
        run(cargo().args(["build", "--release", "--package", "chat"]))?;
        let folder = TempDir::with_prefix("chat-cut-")?;
        let _link = Link::new()?;
        let (console, shown) = (folder.path().join("console"), folder.path().join("shown"));
        let _server = inside(SERVER, &["serve", ADDRESS, PORT], &console)?;
        wait_for(&console, "started on port", Duration::from_secs(10))?;
        let mut client = inside(CLIENT, &["join", ADDRESS, PORT], &shown)?;
        wait_for(
            &shown,
            "> Connected to the chat server (1 user online)",
            Duration::from_secs(10),
        )?;

        // Idle for the server, and with something to say for the client.
        ip(&["-n", SERVER, "link", "set", "va", "down"])?;
        let cut = Instant::now();
        client.0.stdin.as_mut().ok_or("no input")?.write_all("들려요?\n".as_bytes())?;
        wait_for(&console, "left (0 user online)", IN_TIME)?;
        say(&format!("The server noticed after {} s.", cut.elapsed().as_secs()));
        wait_for(&shown, "ended: ", IN_TIME.saturating_sub(cut.elapsed()))?;
        say(&format!("The client noticed after {} s at the most.", cut.elapsed().as_secs()));
        Ok(())
    }
}

/// Two namespaces and the link between them, which are gone when this is.
struct Link;

impl Link {
    fn new() -> Outcome<Self> {
        // What an interrupted run has left.
        drop(Self);
        let link = Self;
        for namespace in [SERVER, CLIENT] {
            ip(&["netns", "add", namespace])?;
        }
        let pair = [
            "link", "add", "va", "netns", SERVER, "type", "veth", "peer", "name", "vb", "netns",
            CLIENT,
        ];
        ip(&pair)?;
        for (namespace, device, address) in [(SERVER, "va", ADDRESS), (CLIENT, "vb", "10.213.97.2")]
        {
            ip(&["-n", namespace, "addr", "add", &format!("{address}/24"), "dev", device])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
            ip(&["-n", namespace, "link", "set", device, "up"])?;
        }
        Ok(link)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for namespace in [SERVER, CLIENT] {
            // The pair goes with them.
            let _ = quiet_output(&mut as_root(&["ip", "netns", "del", namespace]));
        }
    }
}

fn ip(args: &[&str]) -> Outcome<()> {
    let words: Vec<&str> = ["ip"].iter().chain(args).copied().collect();
    quiet_output(&mut as_root(&words))?;
    Ok(())
}

/// A command as root.
fn as_root(words: &[&str]) -> Command {
    let sudo: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["sudo"] };
    let mut words = sudo.iter().chain(words);
    let mut command = Command::new(words.next().copied().unwrap_or_default());
    command.args(words);
    command
}

/// The executable inside a namespace; all that it prints goes to a file.
fn inside(namespace: &str, args: &[&str], prints: &Path) -> Outcome<Running> {
    let mut command = as_root(&["ip", "netns", "exec", namespace]);
    command.arg(root().join("target/release/chat")).args(args);
    let file = File::create(prints)?;
    command.stdin(Stdio::piped()).stdout(file.try_clone()?).stderr(file);
    Ok(Running(command.spawn()?))
}

fn wait_for(file: &Path, text: &str, patience: Duration) -> Outcome<()> {
    let began = Instant::now();
    loop {
        let mut printed = String::new();
        fs::File::open(file)?.read_to_string(&mut printed)?;
        if printed.contains(text) {
            return Ok(());
        }
        if began.elapsed() > patience {
            return Err(
                format!("no {text:?} after {} s; there is: {printed}", patience.as_secs()).into()
            );
        }
        thread::sleep(Duration::from_millis(100));
    }
}
