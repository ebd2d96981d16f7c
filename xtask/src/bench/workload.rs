//! The loads that servers are measured under.

use std::time::{Duration, Instant};

use super::crowd::{Crowd, Load, Received};
use super::server::{Server, cpu};
use super::table::{Figure, Measured};
use super::wire::Kind;
use crate::shell::Outcome;

/// Messages in flight to the slowest member under a load without a fixed rate.
const WINDOW: u64 = 2_000;

/// The most members that `ncat --chat` is given: on each join it sends the list of all members to
/// all of them, which is 15 MB a join at 700.
const MOST_OF_NCAT: usize = 101;

/// Repetitions of a storm for each one of another load: it is short and varies more.
const STORMS: usize = 3;

/// How long a server may wait for a member that reads nothing.
const GIVING_UP: Duration = Duration::from_secs(2);

/// Names of the figures that are also plotted.
pub(crate) const DELIVERIES: &str = "deliveries";
pub(crate) const MEMORY: &str = "memory per member";
pub(crate) const QUANTILES: [(&str, f64); 3] =
    [("latency p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// A load, and the figures to take.
pub(crate) struct Workload {
    pub(crate) letter: char,
    pub(crate) what: String,
    pub(crate) members: usize,
    talkers: usize,
    shape: Shape,
    time: Duration,
    /// Whether members of ours have names.
    is_named: bool,
}

#[derive(Clone, Copy)]
enum Shape {
    /// Talkers send as fast as they can.
    Flood,
    /// Messages a second.
    Steady(f64),
    /// One message at a time, from one member to the other and back.
    PingPong,
    /// All members join at once.
    Storm,
    /// One member floods, and one of the listeners reads nothing.
    OneDeaf,
}

impl Workload {
    /// Returns all workloads, each of length `time` and with at most `most` members.
    pub(crate) fn all(time: Duration, most: usize, is_named: bool) -> Vec<Self> {
        let of = |letter, members: usize, talkers: usize, shape, how: &str| {
            Self::new(letter, members.min(most), talkers, shape, (time, is_named), how)
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

    /// Returns the workloads for the ways into a room of ours.
    pub(crate) fn of_doors(time: Duration, most: usize) -> [Self; 2] {
        let members = most.min(1_000);
        [(Shape::Flood, "10 talk"), (Shape::Steady(100.0), "100 messages/s")].map(|(shape, how)| {
            let how = format!("{how}, by lines and in browsers");
            Self::new('k', members, 10, shape, (time, false), &how)
        })
    }

    fn new(
        letter: char,
        members: usize,
        talkers: usize,
        shape: Shape,
        (time, is_named): (Duration, bool),
        how: &str,
    ) -> Self {
        let what = format!("({letter}) {members} members, {how}");
        Self { letter, what, members, talkers: talkers.min(members), shape, time, is_named }
    }

    /// Returns whether such a server can bear it.
    pub(crate) fn suits(&self, kind: Kind) -> bool {
        kind != Kind::Ncat || self.members <= MOST_OF_NCAT
    }

    /// Returns its repetitions for each one of another workload.
    pub(crate) fn times(&self) -> usize {
        if let Shape::Storm = self.shape { STORMS } else { 1 }
    }

    pub(crate) fn measure(&self, kind: Kind) -> Outcome<Measured> {
        self.measure_on(Server::start(kind)?.ok_or("it is gone")?, kind)
    }

    pub(crate) fn measure_on(&self, server: Server, kind: Kind) -> Outcome<Measured> {
        let empty = server.memory()?;
        let (own_before_join, began) = (cpu("/proc/self")?, Instant::now());
        let mut crowd = Crowd::join(kind, server.port, self.members, self.talkers)?;
        let told = crowd.settle()?.duration_since(began);
        if self.is_named && kind == Kind::Chat {
            crowd.name_all()?;
        }
        let full = server.memory()?.saturating_sub(empty);
        let cpu_before = server.cpu()?;
        // In a storm the joins themselves are the load.
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
                    // Wait until the room has given up on that member.
                    crowd.run(Load::Window(WINDOW), GIVING_UP)?;
                }
                let flood_before = server.cpu()?;
                let received = crowd.run(Load::Window(WINDOW), self.time)?;
                let rate = received.delivered as f64 / received.time.as_secs_f64();
                figures.push(Figure::more(DELIVERIES, "M/s", rate / 1e6));
                let cpu = (server.cpu()? - flood_before).as_secs_f64();
                let per_delivery = cpu * 1e9 / received.delivered.max(1) as f64;
                figures.push(Figure::less("CPU per delivery", "ns", per_delivery));
            }
            Shape::Steady(rate) => {
                let mut received = crowd.run(Load::Rate(rate), self.time)?;
                figures.extend(quantiles(&mut received));
                let cpu = (server.cpu()? - cpu_before).as_secs_f64();
                figures.push(Figure::less(
                    "CPU per delivery",
                    "µs",
                    cpu * 1e6 / received.delivered.max(1) as f64,
                ));
            }
        }
        if matches!(self.letter, 'e' | 'k') {
            figures.push(Figure::less(MEMORY, "KiB", full as f64 / 1024.0 / self.members as f64));
        }
        let load = (cpu("/proc/self")? - own_before).as_secs_f64() / start.elapsed().as_secs_f64();
        Ok(Measured { figures, lost: crowd.disorder, load })
    }
}

fn quantiles(received: &mut Received) -> [Figure; 3] {
    let latencies = &mut received.latencies;
    latencies.sort_unstable();
    let at = |share: f64| {
        let index = (latencies.len() as f64 * share) as usize;
        f64::from(latencies.get(index).or(latencies.last()).copied().unwrap_or(u32::MAX)) / 1e3
    };
    QUANTILES.map(|(what, share)| Figure::less(what, "ms", at(share)))
}
