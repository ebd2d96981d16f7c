//! Whole rooms, and clients that come back, simulated: each seed is one that is different from all others, and always the same.

pub(crate) mod choices;
mod model;
mod peer;
mod people;
mod replica;
mod run;
mod screen;
mod shared;
mod talk;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use choices::Choices;
use people::People;
use people::several::Several;
use replica::{Broken, Replicas};
use run::Run;
use shared::Shared;

use crate::comeback::torment::torment;
use crate::frames::page;

/// Things that happen in a run; and in one of an engine, where each takes its time.
const STEPS: usize = 400;
const REPLICA_STEPS: usize = 200;

/// Runs that take some seconds: of rooms, of rooms that several servers share, of such rooms whose
/// log is in an engine, of people, of clients.
const SEEDS: u64 = 2_000;
const SHARED_SEEDS: u64 = 1_000;
const REPLICA_SEEDS: u64 = 6_000;
/// Runs within which a broken rule is found.
const BROKEN_SEEDS: u64 = 1_000;
const CLIENT_SEEDS: u64 = 1_000;
const PEOPLE_SEEDS: u64 = 2_000;
const MOVING_SEEDS: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().and_then(|value| value.parse().ok())
}

#[test]
fn whatever_happens_all_that_is_promised_holds() {
    simulate("A room", SEEDS, |choices| Run::new(choices).run(STEPS));
}

#[test]
fn whatever_happens_to_servers_they_are_one_room() {
    simulate("A shared room", SHARED_SEEDS, |choices| Shared::new(choices).run(STEPS));
}

#[test]
fn whatever_happens_to_an_engine_its_servers_are_one_room() {
    let run = |choices| Replicas::new(choices, None).run(REPLICA_STEPS);
    simulate("A room in an engine", REPLICA_SEEDS, run);
}

/// What looks at everything looks at what matters: an engine that breaks a rule is found out.
#[test]
fn a_rule_that_an_engine_breaks_is_found() {
    let fails = |seed: u64, broken: Broken| {
        let run = || Replicas::new(Seeded::new(seed), Some(broken)).run(REPLICA_STEPS);
        catch_unwind(AssertUnwindSafe(run)).is_err()
    };
    for broken in Broken::ALL {
        let found = (0..BROKEN_SEEDS).find(|&seed| fails(seed, broken));
        assert!(found.is_some(), "{broken:?} is not found");
    }
}

#[test]
fn whatever_a_server_says_a_client_holds() {
    const RAW: &[u8] = b"\xff> /\n[a]\r\n> /heard 1\r\n\x1b[2J";
    simulate("A client", CLIENT_SEEDS, |mut choices| torment(&mut choices, RAW, STEPS));
}

#[test]
fn whatever_happens_to_people_they_miss_nothing() {
    simulate("A room of people", PEOPLE_SEEDS, |choices| People::new(choices).run(STEPS));
}

#[test]
fn whatever_happens_to_people_of_several_servers_they_miss_nothing() {
    simulate("A shared room of people", MOVING_SEEDS, |choices| {
        Several::new(choices).run(2 * STEPS)
    });
}

/// Runs with each seed. `SIMULATE_SEEDS` asks for more of them, `SIMULATE_FROM` for others.
fn simulate(what: &str, seeds: u64, run: impl Fn(Seeded) + Sync) {
    let first = number("SIMULATE_FROM").unwrap_or(0);
    let count = number("SIMULATE_SEEDS").unwrap_or(seeds);
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    thread::scope(|scope| {
        for thread in 0..threads {
            let seeds = (first..first + count).skip(thread).step_by(threads);
            scope.spawn(|| seeds.for_each(|seed| once(what, seed, &run)));
        }
    });
}

#[allow(clippy::print_stderr, reason = "the seed is what it takes to see it again")]
fn once(what: &str, seed: u64, run: &impl Fn(Seeded)) {
    if let Err(failure) = catch_unwind(AssertUnwindSafe(|| run(Seeded::new(seed)))) {
        eprintln!("{what} fails. Again: cargo xtask simulate --seeds 1 --from {seed}");
        resume_unwind(failure);
    }
}

/// Decisions without an end.
struct Seeded(fastrand::Rng);

impl Seeded {
    fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }
}

impl Choices for Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    fn is_exhausted(&self) -> bool {
        false
    }
}
