//! `cargo xtask bench`: how fast the server is, compared with its alternatives.
//!
//! | module | noun |
//! |---|---|
//! | `server` | the servers that are measured, as processes |
//! | `wire`, `frames` | their protocols |
//! | `bare` | the practical limit: a loop that does only what is indispensable |
//! | `room` | the servers of one room |
//! | `load` | the members of a room: `crowd`s of them on threads, which keep a `tally` |
//! | `crowd`, `member` | what members say and get, and whether all of it arrived, in order |
//! | `workload` | the loads that servers are measured under |
//! | `client` | the client, beside `nc` |
//! | `returning` | members that come back, beside as many that join |
//! | `recording` | servers that record what is said, beside one that does not |
//! | `sharing` | servers that share a room, beside one that is alone |
//! | `table` | the results |
//! | `plot` | the results, drawn |
//!
//! Only ratios between servers under the same load in the same run mean anything: machines differ,
//! and one machine differs from hour to hour.

mod bare;
mod client;
mod crowd;
mod frames;
mod load;
mod member;
mod plot;
mod recording;
mod returning;
mod room;
mod server;
mod sharing;
mod table;
mod tally;
mod wire;
mod workload;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;
use fs_err as fs;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

pub(crate) use bare::BareLoop;
pub(crate) use room::Room;

use crate::build::{chat, target_directory};
use crate::shell::{Outcome, Tried, cargo, run, say};
use client::Client;
use recording::Recording;
use returning::Coming;
use server::{OTHER, Server};
use sharing::Sharing;
use table::{Measured, Table};
use wire::Kind;
use workload::Workload;

/// Measure the server beside redis, nats, ncat and a bare loop, on this machine's loopback:
/// deliveries, latencies, processor time, memory. Servers that are not installed are left out. The
/// results also go to a folder, as a table and as plots.
#[derive(FromArgs)]
#[argh(subcommand, name = "bench")]
pub(crate) struct Bench {
    /// only this workload, by its letter; can be given several times
    #[argh(option, arg_name = "LETTER")]
    only: Vec<char>,

    /// length of each load in seconds (default: 3)
    #[argh(option, default = "3.0", arg_name = "S")]
    seconds: f64,

    /// most members of a room (default: 10000)
    #[argh(option, default = "10_000", arg_name = "N")]
    members: usize,

    /// repetitions, three times as many for joins; servers take turns and medians count
    /// (default: 5)
    #[argh(option, default = "5", arg_name = "N")]
    rounds: usize,

    /// another executable of chat, to be measured beside this one, such as that of an earlier commit
    #[argh(option, arg_name = "FILE")]
    beside: Option<PathBuf>,

    /// give each member of ours a name, but none to those of --beside
    #[argh(switch)]
    named: bool,

    /// folder for the results (default: target/bench)
    #[argh(option, arg_name = "FOLDER")]
    into: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(&self) -> Outcome<()> {
        if cfg!(debug_assertions) {
            // The load and the bare loop have to be optimized too.
            let mut again = cargo();
            again.args(["run", "--release", "--quiet", "--package", "xtask", "--"]);
            return Ok(run(again.args(env::args_os().skip(1)))?);
        }
        chat()?;
        if let Some(other) = &self.beside {
            OTHER.get_or_init(|| other.clone());
        }
        let time = Duration::try_from_secs_f64(self.seconds).tried("--seconds")?;
        let members = self.members.min(raise_descriptor_limit());
        if members < self.members {
            say(&format!("At most {members} members: the limit on descriptors allows no more."));
        }
        let mut kinds = Vec::new();
        for kind in Kind::ALL {
            match Server::start(kind)? {
                Some(_) => kinds.push(kind),
                None if kind == Kind::Other => {}
                None => say(&format!("{} is missing: not installed.", kind.name())),
            }
        }
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let mut tables = Vec::new();
        for workload in
            Workload::all(time, members, self.named).iter().filter(|w| self.wants(w.letter))
        {
            let asked: Vec<Kind> = kinds.iter().copied().filter(|k| workload.suits(*k)).collect();
            tables.push(self.servers(workload, &asked, names.clone())?);
        }
        if self.wants('i') {
            let what = format!("(i) {} members, all at once", returning::MEMBERS);
            let names = Coming::ALL.map(Coming::name).to_vec();
            let mut table = Table::new(what, ('i', returning::MEMBERS), names);
            in_turns(self.rounds, &mut table, &Coming::ALL, Coming::name, Coming::measure)?;
            tables.push(table);
        }
        if self.wants('j') {
            tables.extend(self.records(time, members)?);
        }
        for workload in Workload::of_doors(time, members).iter().filter(|w| self.wants(w.letter)) {
            let names = Kind::DOORS.map(Kind::name).to_vec();
            tables.push(self.servers(workload, &Kind::DOORS, names)?);
        }
        if self.wants('l') {
            tables.extend(self.sharing(time, members, &kinds)?);
        }
        if self.wants('h') {
            tables.extend(self.clients()?);
        }
        let folder = match &self.into {
            Some(folder) => folder.clone(),
            None => target_directory()?.join("bench"),
        };
        fs::create_dir_all(&folder)?;
        let text: Vec<String> = tables.iter().map(Table::to_string).collect();
        fs::write(folder.join("results.txt"), text.join("\n"))?;
        plot::draw(&tables, &names, &folder)?;
        say(&format!("\nThe results are in {}.", folder.display()));
        Ok(())
    }

    /// Measures servers that record, under some of the loads.
    fn records(&self, time: Duration, members: usize) -> Outcome<Vec<Table>> {
        let mut workloads = Workload::all(time, members, self.named);
        workloads.retain(|workload| recording::LOADS.contains(&workload.letter));
        let mut tables = Vec::new();
        for workload in &workloads {
            let what = format!("(j) as {}", workload.what);
            let names = Recording::ALL.map(Recording::name).to_vec();
            let mut table = Table::new(what, ('j', workload.members), names);
            let measure = |recording: Recording| recording.measure(workload);
            in_turns(self.rounds, &mut table, &Recording::ALL, Recording::name, measure)?;
            tables.push(table);
        }
        Ok(tables)
    }

    /// Measures servers that share a room, if what they need for that is installed.
    fn sharing(&self, time: Duration, members: usize, kinds: &[Kind]) -> Outcome<Vec<Table>> {
        if !kinds.contains(&Kind::Redis) {
            say("Without redis no servers share a room.");
            return Ok(Vec::new());
        }
        let mut tables = Vec::new();
        for workload in Workload::of_sharing(time, members) {
            let names = Sharing::ALL.map(Sharing::name).to_vec();
            let mut table = Table::new(workload.what.clone(), ('l', workload.members), names);
            let measure = |sharing: Sharing| sharing.measure(&workload);
            in_turns(self.rounds, &mut table, &Sharing::ALL, Sharing::name, measure)?;
            tables.push(table);
        }
        Ok(tables)
    }

    /// Measures servers under a workload.
    fn servers(
        &self,
        workload: &Workload,
        kinds: &[Kind],
        names: Vec<&'static str>,
    ) -> Outcome<Table> {
        let which = (workload.letter, workload.members);
        let mut table = Table::new(workload.what.clone(), which, names);
        let rounds = self.rounds * workload.times();
        in_turns(rounds, &mut table, kinds, Kind::name, |kind| workload.measure(kind))?;
        Ok(table)
    }

    /// Measures clients instead of servers.
    fn clients(&self) -> Outcome<Option<Table>> {
        if !client::nc_is_there() {
            say("nc is missing: OpenBSD's is not installed, or another has its name.");
            return Ok(None);
        }
        let folder = TempDir::with_prefix("chat-bench-")?;
        let file = folder.path().join("lines");
        fs::write(&file, client::lines())?;
        let clients = Client::all();
        let names = clients.iter().copied().map(Client::name).collect();
        let mut table = Table::new("(h) a client, 1,000,000 lines".to_owned(), ('h', 2), names);
        let measure = |client: Client| client.measure(&file);
        in_turns(self.rounds, &mut table, &clients, Client::name, measure)?;
        Ok(Some(table))
    }

    fn wants(&self, letter: char) -> bool {
        self.only.is_empty() || self.only.contains(&letter)
    }
}

/// Measures `programs` in turns, `rounds` times each, and prints the table.
fn in_turns<P: Copy>(
    rounds: usize,
    table: &mut Table,
    programs: &[P],
    name: fn(P) -> &'static str,
    measure: impl Fn(P) -> Outcome<Measured>,
) -> Outcome<()> {
    for round in 0..rounds {
        // Leftovers of one, such as closed connections, must not always affect the same other one:
        // each goes first in turn, and every other round is in reverse.
        let mut order = programs.to_vec();
        order.rotate_left(round / 2 % programs.len());
        if round % 2 == 1 {
            order.reverse();
        }
        for program in order {
            let measured = measure(program);
            let what = format_args!("{}: {}", table.title, name(program));
            table.add(name(program), measured.tried(what)?);
        }
    }
    say(&format!("\n{}", table.to_string().trim_end()));
    Ok(())
}

/// Raises the soft limit on descriptors, which servers inherit, to the hard limit, and returns how
/// many members that allows.
fn raise_descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // If this fails there are fewer members.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(OTHERS)
}

/// Descriptors for anything but members: a server's own, and those of a thousand talkers.
const OTHERS: usize = 1_100;
