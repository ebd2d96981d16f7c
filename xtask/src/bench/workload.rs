//! What is measured.

use std::time::{Duration, Instant};

use super::crowd::{Came, Crowd, Load};
use super::server::{Server, cpu};
use super::table::{Figure, Measured};
use super::wire::Kind;
use crate::shell::Outcome;

/// Messages on their way to the slowest member, where as much is said as is taken.
const WINDOW: u64 = 2_000;

/// Members that `ncat --chat` is asked to have: it sends the list of all to all with each join, 15 MB
/// a join at 700.
const MOST_OF_NCAT: usize = 101;

/// How often a storm is measured where others are measured once: it is soon over, and varies more.
const STORMS: usize = 3;

/// How long a server may wait for one that reads nothing.
const GIVING_UP: Duration = Duration::from_secs(2);

/// Names of figures that are drawn as well.
pub(crate) const DELIVERIES: &str = "deliveries";
pub(crate) const MEMORY: &str = "memory per member";
pub(crate) const QUANTILES: [(&str, f64); 3] =
    [("latency p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// A load, and what is looked at.
pub(crate) struct Workload {
    pub(crate) letter: char,
    pub(crate) what: String,
    pub(crate) members: usize,
    talkers: usize,
    shape: Shape,
    time: Duration,
}

#[derive(Clone, Copy)]
enum Shape {
    /// As fast as they can.
    Flood,
    /// Messages a second.
    Steady(f64),
    /// One message at a time, from one to the other and back.
    PingPong,
    /// All join at once.
    Storm,
    /// One floods, and one of those who listen reads nothing.
    OneDeaf,
}

impl Workload {
    /// All of them, each for `time`, with at most `most` members.
    pub(crate) fn all(time: Duration, most: usize) -> Vec<Self> {
        let of = |letter, members: usize, talkers: usize, shape, how: &str| {
            let members = members.min(most);
            let what = format!("({letter}) {members} members, {how}");
            Self { letter, what, members, talkers: talkers.min(members), shape, time }
        };
        let mut all = vec![
            of('a', 1_000, 10, Shape::Flood, "10 talk as fast as they can"),
            of('b', 1_000, 1_000, Shape::Flood, "all talk as fast as they can"),
            of('c', 100, 10, Shape::Steady(200.0), "200 messages/s"),
            of('c', 1_000, 10, Shape::Steady(100.0), "100 messages/s"),
            of('d', 2, 2, Shape::PingPong, "a message back and forth"),
        ];
        all.extend(
            [10, 100, 1_000, 10_000].map(|members| of('e', members, 10, Shape::Flood, "10 talk")),
        );
        all.push(of('f', 10_000, 0, Shape::Storm, "all join at once"));
        all.push(of('g', 101, 1, Shape::OneDeaf, "one floods, one reads nothing"));
        all
    }

    /// Whether it can be asked of such a server.
    pub(crate) fn suits(&self, kind: Kind) -> bool {
        kind != Kind::Ncat || self.members <= MOST_OF_NCAT
    }

    /// How often it is measured where others are measured once.
    pub(crate) fn times(&self) -> usize {
        if let Shape::Storm = self.shape { STORMS } else { 1 }
    }

    pub(crate) fn measure(&self, kind: Kind) -> Outcome<Measured> {
        let server = Server::start(kind)?.ok_or("it is gone")?;
        let empty = server.memory()?;
        let (own_before_join, began) = (cpu("/proc/self")?, Instant::now());
        let mut crowd = Crowd::join(kind, server.port, self.members, self.talkers)?;
        let told = crowd.settle()?.duration_since(began);
        let full = server.memory()?.saturating_sub(empty);
        let cpu_before = server.cpu()?;
        // The load of a storm is the joins.
        let (own_before, start) = match self.shape {
            Shape::Storm => (own_before_join, began),
            _ => (cpu("/proc/self")?, Instant::now()),
        };
        let mut figures = Vec::new();
        match self.shape {
            Shape::Storm => {
                let seconds = told.as_secs_f64();
                figures.push(Figure::less("until all are told", "s", seconds));
            }
            Shape::PingPong => {
                let turns = crowd.ping_pong(self.time)?;
                figures.push(Figure::less(
                    "there and back",
                    "µs",
                    self.time.as_secs_f64() * 1e6 / turns as f64,
                ));
            }
            Shape::Flood | Shape::OneDeaf => {
                if let Shape::OneDeaf = self.shape {
                    crowd.deafen(self.members - 1)?;
                    // Until the room has given up on that one.
                    crowd.run(Load::Window(WINDOW), GIVING_UP)?;
                }
                let came = crowd.run(Load::Window(WINDOW), self.time)?;
                let rate = came.delivered as f64 / came.time.as_secs_f64();
                figures.push(Figure::more(DELIVERIES, "M/s", rate / 1e6));
            }
            Shape::Steady(rate) => {
                let mut came = crowd.run(Load::Rate(rate), self.time)?;
                figures.extend(quantiles(&mut came));
                let cpu = (server.cpu()? - cpu_before).as_secs_f64();
                figures.push(Figure::less(
                    "CPU per delivery",
                    "µs",
                    cpu * 1e6 / came.delivered.max(1) as f64,
                ));
            }
        }
        if self.letter == 'e' {
            figures.push(Figure::less(MEMORY, "KiB", full as f64 / 1024.0 / self.members as f64));
        }
        let load = (cpu("/proc/self")? - own_before).as_secs_f64() / start.elapsed().as_secs_f64();
        Ok(Measured { figures, lost: crowd.disorder, load })
    }
}

fn quantiles(came: &mut Came) -> [Figure; 3] {
    came.latencies.sort_unstable();
    let at = |share: f64| {
        let index = (came.latencies.len() as f64 * share) as usize;
        f64::from(came.latencies.get(index).or(came.latencies.last()).copied().unwrap_or(u32::MAX))
            / 1e3
    };
    QUANTILES.map(|(what, share)| Figure::less(what, "ms", at(share)))
}
