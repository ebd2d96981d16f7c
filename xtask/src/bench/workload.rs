//! The loads that servers are measured under.

use std::time::{Duration, Instant};

use super::crowd::{Pace, Received};
use super::load::Load;
use super::room::{Room, Spent};
use super::server::Server;
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

/// Threads of the load on a room that servers share: as many as servers, of whom each has members
/// of its own then, and so that one thread is not what bounds all of them.
const THREADS: usize = 4;

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
    /// Threads that its members are dealt out to.
    threads: usize,
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

    /// Returns the workloads for rooms that servers share.
    pub(crate) fn of_sharing(time: Duration, most: usize) -> [Self; 2] {
        let members = most.min(1_000);
        let flood = (Shape::Flood, "10 talk as fast as they can");
        [flood, (Shape::Steady(100.0), "100 messages/s")].map(|(shape, how)| {
            let workload = Self::new('l', members, 10, shape, (time, false), how);
            Self { threads: THREADS.min(workload.talkers).max(1), ..workload }
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
        let talkers = talkers.min(members);
        Self { letter, what, members, talkers, threads: 1, shape, time, is_named }
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
        let server = Server::start(kind)?.ok_or("it is gone")?;
        self.measure_on(&Room::alone(server), kind)
    }

    pub(crate) fn measure_on(&self, room: &Room, kind: Kind) -> Outcome<Measured> {
        let empty = room.memory()?;
        let began = Instant::now();
        let who = (self.members, self.talkers);
        let mut load = Load::join(kind, &room.ports(), who, self.threads)?;
        let told = load.settle()?.duration_since(began);
        if self.is_named && kind == Kind::Chat {
            load.name_all()?;
        }
        let full = room.memory()?.saturating_sub(empty);
        // In a storm the joins themselves are the load.
        let start = match self.shape {
            Shape::Storm => began,
            _ => {
                load.take_spent();
                Instant::now()
            }
        };
        let mut figures = match self.shape {
            Shape::Storm => vec![Figure::less("until all are told", "s", told.as_secs_f64())],
            Shape::PingPong => {
                let turn = self.time.as_secs_f64() * 1e6 / load.ping_pong(self.time)? as f64;
                vec![Figure::less("there and back", "µs", turn)]
            }
            Shape::Flood => self.flood(room, &mut load)?,
            Shape::OneDeaf => {
                load.deafen_one()?;
                // Wait until the room has given up on that member.
                load.run(Pace::Window(WINDOW), GIVING_UP)?;
                self.flood(room, &mut load)?
            }
            Shape::Steady(rate) => self.steady(room, &mut load, rate)?,
        };
        match self.letter {
            'e' | 'k' => {
                let each = full as f64 / 1024.0 / self.members as f64;
                figures.push(Figure::less(MEMORY, "KiB", each));
            }
            'l' => figures.extend(memory(room)?),
            _ => {}
        }
        let load_share = load.take_spent().as_secs_f64() / start.elapsed().as_secs_f64();
        Ok(Measured { figures, lost: load.disorder(), load: load_share })
    }

    fn flood(&self, room: &Room, load: &mut Load) -> Outcome<Vec<Figure>> {
        let before = room.spent()?;
        let received = load.run(Pace::Window(WINDOW), self.time)?;
        let rate = received.delivered as f64 / received.time.as_secs_f64();
        let mut figures = vec![Figure::more(DELIVERIES, "M/s", rate / 1e6)];
        figures.extend(self.cpu(&room.spent()?.since(&before), &received, ("ns", 1e9)));
        Ok(figures)
    }

    fn steady(&self, room: &Room, load: &mut Load, rate: f64) -> Outcome<Vec<Figure>> {
        let before = room.spent()?;
        let mut received = load.run(Pace::Rate(rate), self.time)?;
        let mut figures = quantiles(&mut received).to_vec();
        figures.extend(self.cpu(&room.spent()?.since(&before), &received, ("µs", 1e6)));
        Ok(figures)
    }

    /// Returns the figures of the processor time, in a unit of which a second has so many.
    fn cpu(
        &self,
        spent: &Spent,
        received: &Received,
        (unit, in_second): (&'static str, f64),
    ) -> Vec<Figure> {
        let per_delivery = |what, spent: Duration| {
            let value = spent.as_secs_f64() * in_second / received.delivered.max(1) as f64;
            Figure::less(what, unit, value)
        };
        let mut figures = vec![per_delivery("CPU per delivery", spent.servers())];
        if self.letter == 'l' {
            figures.push(per_delivery("CPU of the busiest server", spent.busiest()));
        }
        figures.extend(spent.engine.map(|engine| per_delivery("CPU of their redis", engine)));
        figures
    }
}

/// Returns the figures of what a room's servers take in all.
fn memory(room: &Room) -> Outcome<Vec<Figure>> {
    let of = |what, bytes: u64| Figure::less(what, "MiB", bytes as f64 / (1024.0 * 1024.0));
    let mut figures = vec![of("memory per server", room.memory_per_server()?)];
    let engine = room.memory_of_engine()?;
    figures.extend(engine.map(|engine| of("memory of their redis", engine)));
    Ok(figures)
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
