//! `cargo xtask bench`: how fast the server is, beside what else a user could take.
//!
//! | module | noun |
//! |---|---|
//! | `server` | the servers that are measured, as processes |
//! | `wire` | how each is spoken to |
//! | `bare` | the practical limit: a loop that does nothing but what must be done |
//! | `crowd` | the load, and whether all of it came, in order |
//! | `workload` | what is measured of servers |
//! | `client` | the client, beside `nc` |
//! | `table` | what came of it |
//! | `plot` | the same, drawn |
//!
//! Every figure is a ratio to the same load on another server in the same run: machines differ, and
//! one machine differs from hour to hour.

mod bare;
mod client;
mod crowd;
mod plot;
mod server;
mod table;
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

use crate::build::{chat, target_directory};
use crate::shell::{Outcome, Tried, cargo, run, say};
use client::Client;
use server::Server;
use table::{Measured, Table};
use wire::Kind;
use workload::Workload;

/// Measure the server beside redis, nats, ncat and a bare loop, on this machine's loopback:
/// deliveries, latencies, processor time, memory. What is not installed is left out. The table and
/// drawings of it go to a folder too.
#[derive(FromArgs)]
#[argh(subcommand, name = "bench")]
pub(crate) struct Bench {
    /// only this workload, by its letter; can be given several times
    #[argh(option, arg_name = "LETTER")]
    only: Vec<char>,

    /// seconds that each load lasts (default: 3)
    #[argh(option, default = "3.0", arg_name = "S")]
    seconds: f64,

    /// members at the most (default: 10000)
    #[argh(option, default = "10_000", arg_name = "N")]
    members: usize,

    /// how often each is measured, joins three times as often, in turns; the median counts
    /// (default: 5)
    #[argh(option, default = "5", arg_name = "N")]
    rounds: usize,

    /// folder for the results (default: target/bench)
    #[argh(option, arg_name = "FOLDER")]
    into: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(&self) -> Outcome<()> {
        if cfg!(debug_assertions) {
            // The load and the bare loop are not to be slowed down either.
            let mut again = cargo();
            again.args(["run", "--release", "--quiet", "--package", "xtask", "--"]);
            return Ok(run(again.args(env::args_os().skip(1)))?);
        }
        chat()?;
        let time = Duration::try_from_secs_f64(self.seconds).tried("--seconds")?;
        let members = self.members.min(raise_descriptor_limit());
        if members < self.members {
            say(&format!("Not more than {members} members: there are no descriptors for them."));
        }
        let mut kinds = Vec::new();
        for kind in Kind::ALL {
            match Server::start(kind)? {
                Some(_) => kinds.push(kind),
                None => say(&format!("{} is missing: not installed.", kind.name())),
            }
        }
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let mut tables = Vec::new();
        for workload in Workload::all(time, members).iter().filter(|w| self.wants(w.letter)) {
            let asked: Vec<Kind> = kinds.iter().copied().filter(|k| workload.suits(*k)).collect();
            let which = (workload.letter, workload.members);
            let mut table = Table::new(workload.what.clone(), which, names.clone());
            let rounds = self.rounds * workload.times();
            in_turns(rounds, &mut table, &asked, Kind::name, |kind| workload.measure(kind))?;
            tables.push(table);
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

    /// The client, instead of the server.
    fn clients(&self) -> Outcome<Option<Table>> {
        if !client::nc_is_there() {
            say("nc is missing: OpenBSD's is not installed, or another has its name.");
            return Ok(None);
        }
        let folder = TempDir::with_prefix("chat-bench-")?;
        let file = folder.path().join("lines");
        fs::write(&file, client::lines())?;
        let names = Client::ALL.map(Client::name).into();
        let mut table = Table::new("(h) a client, 1,000,000 lines".to_owned(), ('h', 2), names);
        let measure = |client: Client| client.measure(&file);
        in_turns(self.rounds, &mut table, &Client::ALL, Client::name, measure)?;
        Ok(Some(table))
    }

    fn wants(&self, letter: char) -> bool {
        self.only.is_empty() || self.only.contains(&letter)
    }
}

/// Measures `programs` one after the other, again and again, and prints what came of it.
fn in_turns<P: Copy>(
    rounds: usize,
    table: &mut Table,
    programs: &[P],
    name: fn(P) -> &'static str,
    measure: impl Fn(P) -> Outcome<Measured>,
) -> Outcome<()> {
    for round in 0..rounds {
        // What one leaves behind, such as its closed connections, is not to meet the same one: each
        // has its turn as the first, and now before another, now after it.
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

/// Raises the soft limit on descriptors, which the servers take over, to the hard one; gives how many
/// members that allows.
fn raise_descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // If that is refused there are fewer members.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(OTHERS)
}

/// Descriptors that are not members': a server's own, a thousand talkers'.
const OTHERS: usize = 1_100;
