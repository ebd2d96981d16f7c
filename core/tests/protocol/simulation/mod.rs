//! Whole rooms, simulated: each seed is one that is different from all others, and always the same.

mod choices;
mod model;
mod peer;
mod run;
mod screen;
mod shared;
mod talk;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use choices::Choices;
use run::Run;
use shared::Shared;

/// Things that happen in a run.
const STEPS: usize = 400;

/// Runs that take some seconds: of rooms, and of rooms that several servers share.
const SEEDS: u64 = 2_000;
const SHARED_SEEDS: u64 = 3_000;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().and_then(|value| value.parse().ok())
}

#[test]
fn whatever_happens_all_that_is_promised_holds() {
    simulate("A room", SEEDS, |seed| Run::new(Seeded::new(seed)).run(STEPS));
}

#[test]
fn whatever_happens_to_servers_they_are_one_room() {
    simulate("A shared room", SHARED_SEEDS, |seed| Shared::new(Seeded::new(seed)).run(STEPS));
}

/// Runs with each seed. `SIMULATE_SEEDS` asks for more of them, `SIMULATE_FROM` for others.
fn simulate(what: &str, seeds: u64, run: impl Fn(u64) + Sync) {
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
fn once(what: &str, seed: u64, run: &impl Fn(u64)) {
    if let Err(failure) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
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
