//! Whole rooms, simulated: each seed is one that is different from all others, and always the same.

mod choices;
mod model;
mod peer;
mod run;
mod screen;
mod talk;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use choices::Choices;
use run::Run;

/// Things that happen in a run.
const STEPS: usize = 400;

/// Runs that take some seconds.
const SEEDS: u64 = 2_000;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().and_then(|value| value.parse().ok())
}

/// `SIMULATE_SEEDS` asks for more of them, `SIMULATE_FROM` for others.
#[test]
fn whatever_happens_all_that_is_promised_holds() {
    let first = number("SIMULATE_FROM").unwrap_or(0);
    let count = number("SIMULATE_SEEDS").unwrap_or(SEEDS);
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    thread::scope(|scope| {
        for thread in 0..threads {
            let seeds = (first..first + count).skip(thread).step_by(threads);
            scope.spawn(move || seeds.for_each(simulate));
        }
    });
}

/// Decisions without an end.
struct Seeded(fastrand::Rng);

impl Choices for Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    fn is_exhausted(&self) -> bool {
        false
    }
}

#[allow(clippy::print_stderr, reason = "the seed is what it takes to see it again")]
fn simulate(seed: u64) {
    let run = || Run::new(Seeded(fastrand::Rng::with_seed(seed))).run(STEPS);
    if let Err(failure) = catch_unwind(AssertUnwindSafe(run)) {
        eprintln!("Seed {seed} fails. Again: cargo xtask simulate --seeds 1 --from {seed}");
        resume_unwind(failure);
    }
}
