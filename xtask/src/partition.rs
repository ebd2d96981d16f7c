//! `cargo xtask partition`: a server of a shared room that is cut off from the engine, while its members are
//! still connected. An ordinary test cannot have one: it takes network namespaces, and root to create
//! them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use argh::FromArgs;
use serde_json::Value;
use tempfile::TempDir;

use crate::namespaces::{
    Namespaces, connect, inside, ip, printed, program_inside, set_up, start, wait_for,
};
use crate::program::Running;
use crate::shell::{Outcome, Tried, say};

/// Cut a server of a shared room off from its engine, for 3 seconds and for good, and check what its
/// members are told, that it ends, and that nobody misses anything. Needs root, iproute2 and
/// redis-server.
#[derive(FromArgs)]
#[argh(subcommand, name = "partition")]
pub(crate) struct Partition {}

/// How long a link is cut that is soon there again.
const SHORT: Duration = Duration::from_secs(3);

/// How long anything may take that follows: a server is taken for gone after 15 s.
const LIMIT: Duration = Duration::from_secs(40);

/// Between two lines of one member.
const PAUSE: Duration = Duration::from_millis(50);

const ENGINE: &str = "chat-parted-e";
const SERVERS: [&str; 3] = ["chat-parted-1", "chat-parted-2", "chat-parted-3"];
const BRIDGE: &str = "chat-bridge";
const ENGINE_ADDRESS: &str = "10.213.98.254";
const ADDRESSES: [&str; 3] = ["10.213.98.1", "10.213.98.2", "10.213.98.3"];

/// The bridge's side of the links.
const LINKS: [&str; 3] = ["to-1", "to-2", "to-3"];

/// The members, each beside a server, of which the first one is cut off.
const NAMES: [&str; 3] = ["지민", "민수", "서연"];
const PORT: &str = "3333";

/// What members are told.
const AWAY: &str = "> The room's log cannot be reached (";
const BACK: &str = "> The room goes on";
const GONE: &str = "left: their server is gone (";
const FENCED: &str = "chat: the room has taken this server for gone\n";

impl Partition {
    pub(crate) fn run(&self) -> Outcome<()> {
        let folder = TempDir::with_prefix("chat-parted-")?;
        let _network = network()?;
        let _engine = engine(folder.path())?;
        let mut room = Room::open(folder.path())?;
        room.talk("all are heard", |room| room.has_heard(20))?;

        cut(0)?;
        let began = Instant::now();
        room.talk("time passes", |_| Ok(began.elapsed() > SHORT))?;
        mend(0)?;
        let back = room.talk("it goes on", |room| Ok(room.told(0, BACK)? == 1))?;
        say(&format!("A link that was cut for 3 s: it goes on after {} ms.", back.as_millis()));

        cut(0)?;
        let told = room.talk("its members are told", |room| Ok(room.told(0, AWAY)? == 2))?;
        say(&format!("Cut off: its members are told after {} ms.", told.as_millis()));
        let gone = room.talk("it is taken for gone", |room| room.shows(1, GONE))?;
        say(&format!("The others take it for gone {} s later.", gone.as_secs()));
        mend(0)?;
        let ended = room.talk("it ends", |room| Ok(room.servers[0].0.try_wait()?.is_some()))?;
        let status = room.servers[0].0.wait()?;
        if status.code() != Some(1) || !room.shows(0, FENCED)? {
            return Err(format!("it ends with {status}{}", room.ends()).into());
        }
        say(&format!("With its link back it ends after {} ms, and says why.", ended.as_millis()));
        let entered = format!("> New user {} entered (3 users online)", NAMES[0]);
        room.talk("its member is back", |room| room.shows(1, &entered))?;
        let all = room.said;
        room.wait("all is heard", |room| room.has_heard(all))?;
        room.check()?;
        say("Nobody has missed anything, and each line was said once.");
        Ok(())
    }
}

/// A namespace for the engine, with a bridge, and one for each server, linked to that.
fn network() -> Outcome<Namespaces> {
    let network = Namespaces::new([ENGINE].into_iter().chain(SERVERS))?;
    ip(&["-n", ENGINE, "link", "add", BRIDGE, "type", "bridge"])?;
    set_up(ENGINE, BRIDGE, ENGINE_ADDRESS)?;
    for (at, namespace) in SERVERS.into_iter().enumerate() {
        connect([ENGINE, LINKS[at]], [namespace, "eth0"])?;
        ip(&["-n", ENGINE, "link", "set", LINKS[at], "master", BRIDGE])?;
        set_up(namespace, "eth0", ADDRESSES[at])?;
        mend(at)?;
    }
    Ok(network)
}

/// From now on nothing goes over the link of a server, whose own end knows nothing of that.
fn cut(server: usize) -> Outcome<()> {
    ip(&["-n", ENGINE, "link", "set", LINKS[server], "down"])
}

fn mend(server: usize) -> Outcome<()> {
    ip(&["-n", ENGINE, "link", "set", LINKS[server], "up"])
}

fn engine(folder: &Path) -> Outcome<Running> {
    let prints = folder.join("engine");
    let mut command = program_inside(ENGINE, Path::new("redis-server"));
    command.args(["--bind", ENGINE_ADDRESS, "--protected-mode", "no", "--appendonly", "yes"]);
    let running = start(command.arg("--dir").arg(folder), &prints)?;
    wait_for(&prints, "Ready to accept connections")?;
    Ok(running)
}

/// The servers and their members, each of which prints into a file.
struct Room {
    servers: Vec<Running>,
    consoles: Vec<PathBuf>,
    members: Vec<Running>,
    prints: Vec<PathBuf>,
    /// How many lines each member has said.
    said: usize,
}

impl Room {
    fn open(folder: &Path) -> Outcome<Self> {
        let files = |what: &str| -> Vec<PathBuf> {
            (1..=SERVERS.len()).map(|number| folder.join(format!("{what}-{number}"))).collect()
        };
        let (consoles, prints) = (files("server"), files("member"));
        let (mut servers, mut members) = (Vec::new(), Vec::new());
        let shared = format!("redis://{ENGINE_ADDRESS}/room");
        for (at, namespace) in SERVERS.into_iter().enumerate() {
            let args = ["serve", ADDRESSES[at], PORT, "--shared", &shared];
            servers.push(inside(namespace, &args, &consoles[at])?);
            wait_for(&consoles[at], "started on port")?;
        }
        for (at, namespace) in SERVERS.into_iter().enumerate() {
            let places = (0..3).map(|next| format!("{}:{PORT}", ADDRESSES[(at + next) % 3]));
            let places = places.collect::<Vec<_>>().join(",");
            let options = ["join", "--json", "--reconnect", "--stay", "--name", NAMES[at]];
            let args = [&options[..], &[&places]].concat();
            members.push(inside(namespace, &args, &prints[at])?);
            wait_for(&prints[at], &format!("\"name\":\"{}\"}}", NAMES[at]))?;
        }
        Ok(Self { servers, consoles, members, prints, said: 0 })
    }

    /// All talk until something is true, which is called `what`.
    fn talk(
        &mut self,
        what: &str,
        is_true: impl Fn(&mut Self) -> Outcome<bool>,
    ) -> Outcome<Duration> {
        self.wait(what, |room| {
            for (at, member) in room.members.iter_mut().enumerate() {
                let input = member.0.stdin.as_mut().ok_or("a member without an input")?;
                let line = line(at, room.said) + "\n";
                input.write_all(line.as_bytes()).tried("typing into a member")?;
            }
            room.said += 1;
            is_true(room)
        })
    }

    /// Waits until something is true, and returns how long that has taken.
    fn wait(
        &mut self,
        what: &str,
        mut is_true: impl FnMut(&mut Self) -> Outcome<bool>,
    ) -> Outcome<Duration> {
        let began = Instant::now();
        while !is_true(self)? {
            if began.elapsed() > LIMIT {
                return Err(format!("not in {} s: {what}{}", LIMIT.as_secs(), self.ends()).into());
            }
            thread::sleep(PAUSE);
        }
        Ok(began.elapsed())
    }

    /// The last that everybody has printed, for errors.
    fn ends(&self) -> String {
        let files = self.consoles.iter().chain(&self.prints);
        let ends = files.map(|file| {
            let printed = printed(file).unwrap_or_default();
            let lines: Vec<&str> = printed.lines().collect();
            let last = lines[lines.len().saturating_sub(8)..].join("\n  ");
            format!("\n{}:\n  {last}", file.display())
        });
        ends.collect()
    }

    /// Returns how often a member was told something.
    fn told(&self, member: usize, what: &str) -> Outcome<usize> {
        Ok(printed(&self.prints[member])?.matches(what).count())
    }

    /// Whether a console has shown something.
    fn shows(&self, console: usize, what: &str) -> Outcome<bool> {
        Ok(printed(&self.consoles[console])?.contains(what))
    }

    /// Whether everybody has heard what everybody has said, so many lines each.
    fn has_heard(&self, lines: usize) -> Outcome<bool> {
        let Some(last) = lines.checked_sub(1) else { return Ok(true) };
        for file in &self.prints {
            let printed = printed(file)?;
            // A member prints its own line too, when the room has it.
            let heard = |at: usize| printed.contains(&format!("\"{}\"", line(at, last)));
            if !(0..NAMES.len()).all(heard) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Checks that each line was said once, and that each member has got those of the others, in the order of
    /// the servers that were not cut off.
    fn check(&self) -> Outcome<()> {
        let said = messages(printed(&self.consoles[1])?.lines());
        if said != messages(printed(&self.consoles[2])?.lines()) {
            return Err("two servers show different rooms".into());
        }
        for (at, name) in NAMES.into_iter().enumerate() {
            let label = format!("[{name}] ");
            let own = said.iter().filter(|line| line.starts_with(&label));
            if !own.cloned().eq((0..self.said).map(|number| label.clone() + &line(at, number))) {
                return Err(format!("not all that {name} has said, each line once").into());
            }
            let printed = printed(&self.prints[at])?;
            // What it says on stderr stands there too.
            let objects = printed.lines().filter(|line| line.starts_with('{'));
            let got: Result<Vec<Value>, _> = objects.map(serde_json::from_str).collect();
            let got = got?.into_iter().filter(|object| object["kind"] == "message");
            let got = got.map(|object| {
                let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
                format!("[{}] {}", text("from"), text("text"))
            });
            if !got.eq(said.iter().filter(|line| !line.starts_with(&label)).cloned()) {
                return Err(
                    format!("{name} has not got what others have said, each line once").into()
                );
            }
        }
        Ok(())
    }
}

/// What a member says, and nobody else.
fn line(member: usize, number: usize) -> String {
    format!("{}의 말 {number}", NAMES[member])
}

/// What members have said, of the lines of a console.
fn messages<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    lines.filter(|line| line.starts_with('[')).map(str::to_owned).collect()
}
