//! Network namespaces, and programs inside them. They take root and iproute2.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fs_err::{self as fs, File};

use crate::build::chat;
use crate::program::Running;
use crate::shell::{Outcome, quiet_output, spawn};

/// How long a program may take to say something that it says at once.
const SOON: Duration = Duration::from_secs(10);

/// Namespaces. Dropping this removes them, and the devices in them.
pub(crate) struct Namespaces(Vec<&'static str>);

impl Namespaces {
    /// Makes them, each with a loopback.
    pub(crate) fn new(names: impl IntoIterator<Item = &'static str>) -> Outcome<Self> {
        let names: Vec<_> = names.into_iter().collect();
        // Remove the remains of an interrupted run.
        drop(Self(names.clone()));
        let namespaces = Self(names);
        for &name in &namespaces.0 {
            ip(&["netns", "add", name])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        Ok(namespaces)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.0 {
            let _ = quiet_output(&mut as_root(&["ip", "netns", "del", name]));
        }
    }
}

/// Makes a pair of devices, each in a namespace: what goes into the one comes out of the other.
pub(crate) fn connect(one: [&str; 2], other: [&str; 2]) -> Outcome<()> {
    let ([namespace, device], [other_namespace, other_device]) = (one, other);
    let pair = ["link", "add", device, "netns", namespace, "type", "veth"];
    let peer = ["peer", "name", other_device, "netns", other_namespace];
    ip(&[&pair[..], &peer].concat())
}

/// Gives a device an address of a network of 254, and sets it up.
pub(crate) fn set_up(namespace: &str, device: &str, address: &str) -> Outcome<()> {
    ip(&["-n", namespace, "addr", "add", &format!("{address}/24"), "dev", device])?;
    ip(&["-n", namespace, "link", "set", device, "up"])
}

pub(crate) fn ip(args: &[&str]) -> Outcome<()> {
    let words: Vec<&str> = ["ip"].iter().chain(args).copied().collect();
    quiet_output(&mut as_root(&words))?;
    Ok(())
}

/// Returns a command that runs as root.
fn as_root(words: &[&str]) -> Command {
    let sudo: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["sudo"] };
    let mut words = sudo.iter().chain(words);
    let mut command = Command::new(words.next().copied().unwrap_or_default());
    command.args(words);
    command
}

/// Returns a command that runs a program inside a namespace.
pub(crate) fn program_inside(namespace: &str, program: &Path) -> Command {
    let mut command = as_root(&["ip", "netns", "exec", namespace]);
    command.arg(program);
    command
}

/// Returns a command that runs the executable inside a namespace.
pub(crate) fn command_inside(namespace: &str, args: &[&str]) -> Outcome<Command> {
    let mut command = program_inside(namespace, &chat()?);
    command.args(args);
    Ok(command)
}

/// Starts the executable inside a namespace, with all that it prints in a file.
pub(crate) fn inside(namespace: &str, args: &[&str], prints: &Path) -> Outcome<Running> {
    start(&mut command_inside(namespace, args)?, prints)
}

/// Starts a command with all that it prints in a file.
pub(crate) fn start(command: &mut Command, prints: &Path) -> Outcome<Running> {
    let file = File::create(prints)?;
    command
        .stdin(Stdio::piped())
        .stdout(file.try_clone()?.into_parts().0)
        .stderr(file.into_parts().0);
    Ok(Running(spawn(command)?))
}

/// Returns what a program has printed so far.
pub(crate) fn printed(file: &Path) -> Outcome<String> {
    // The last write may end in half a character.
    Ok(String::from_utf8_lossy(&fs::read(file)?).into_owned())
}

/// Waits until a program has printed something that it prints at once.
pub(crate) fn wait_for(file: &Path, text: &str) -> Outcome<()> {
    let began = Instant::now();
    loop {
        let printed = printed(file)?;
        if printed.contains(text) {
            return Ok(());
        }
        if began.elapsed() > SOON {
            let last = printed.lines().next_back().unwrap_or_default();
            return Err(format!("no {text:?} after {} s; last: {last}", SOON.as_secs()).into());
        }
        thread::sleep(Duration::from_millis(100));
    }
}
