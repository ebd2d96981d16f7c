//! `cargo xtask soak`: a room that runs for a long time. Members, well behaved and not, come, talk
//! and go, while its memory, its descriptors and its promises are watched.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argh::FromArgs;
use fs_err as fs;
use rustix::process::{Pid, RawPid, Signal, kill_process};
use socket2::SockRef;

use crate::bench::Room;
use crate::program::{LIMIT, connect, resident_kib};
use crate::shell::{Outcome, Tried, say};

/// Keep a room busy for a long time, with faults mixed in, and watch its memory, its descriptors
/// and its latency, and that nothing is lost. Ends with a table.
#[derive(FromArgs)]
#[argh(subcommand, name = "soak")]
pub(crate) struct Soak {
    /// duration in minutes (default: 20)
    #[argh(option, default = "20.0", arg_name = "N")]
    minutes: f64,

    /// as two servers that share the room, through a redis of their own
    #[argh(switch)]
    shared: bool,
}

/// Servers that share a room.
const SHARING: usize = 2;

/// Rows of the table.
const ROWS: u32 = 20;

/// Threads that play visitors.
const VISITORS: u64 = 6;

/// How long the server is stopped, once for each row.
const STOPPED: Duration = Duration::from_secs(1);

/// How long a number of descriptors is to be the same before it counts.
const STEADY: Duration = Duration::from_secs(1);

/// The most memory that the server may use, in KiB: several times that of an idle room.
const MOST_MEMORY: u64 = 32 * 1024;

/// The most memory that their redis may use, in KiB: several times what it is to keep of the log.
const MOST_OF_ENGINE: u64 = 64 * 1024;

/// The figures of one interval.
struct Row {
    minute: f64,
    visits: u64,
    said: usize,
    /// Round trip of a message in milliseconds: median, 99th percentile, maximum.
    latency: [f64; 3],
    /// That of the server that uses most, in KiB.
    resident: u64,
    /// That of what servers share the room through, in KiB; 0 if they do not.
    engine: u64,
    descriptors: usize,
}

impl Soak {
    pub(crate) fn run(&self) -> Outcome<()> {
        let time = Duration::try_from_secs_f64(self.minutes * 60.0).tried("--minutes")?;
        let room = if self.shared { Room::shared(SHARING)? } else { Room::ours()? };
        let ports = room.ports();
        let mut friends = Friends::join(&ports)?;
        friends.are_alone(&ports)?;
        let before = steady_descriptors(&room)?;
        let is_over = AtomicBool::new(false);
        let visits = AtomicU64::new(0);
        let mut rows = Vec::new();
        thread::scope(|scope| {
            let visiting = (0..VISITORS).map(|visitor| {
                let (ports, is_over, visits) = (&ports, &is_over, &visits);
                scope.spawn(move || visit(ports, visitor, is_over, visits))
            });
            let visiting: Vec<_> = visiting.collect();
            let soaked = soak(time, &room, &mut friends, &visits, &mut rows);
            is_over.store(true, Ordering::Relaxed);
            soaked?;
            // Whoever does not read in the last visitors' flood misses something.
            while visiting.iter().any(|visitor| !visitor.is_finished()) {
                friends.talk()?;
            }
            Ok::<_, Box<dyn Error>>(())
        })?;
        friends.are_alone(&ports)?;
        let deadline = Instant::now() + LIMIT;
        while descriptors(&room)? != before {
            if Instant::now() > deadline {
                return Err(format!("{} descriptors, {before} before", descriptors(&room)?).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        say(
            "\nminute    visits      said   round trip, ms: p50      p99      max   memory, KiB   \
             of redis   descriptors",
        );
        for row in &rows {
            let [median, late, latest] = row.latency;
            say(&format!(
                "{:>6.1} {:>9} {:>9} {median:>21.2} {late:>8.2} {latest:>8.1} {:>13} {:>10} {:>13}",
                row.minute, row.visits, row.said, row.resident, row.engine, row.descriptors
            ));
        }
        say("Nothing was lost, all was in order, the count is right, all descriptors are closed.");
        Ok(())
    }
}

/// Lets the friends talk for `time`, and adds a row for each interval of it.
fn soak(
    time: Duration,
    room: &Room,
    friends: &mut Friends,
    visits: &AtomicU64,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let began = Instant::now();
    let processes = room.processes();
    for part in 1..=ROWS {
        stop_for_a_while(&processes)?;
        let mut times = Vec::new();
        while began.elapsed() < time * part / ROWS {
            times.push(friends.talk()?);
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default()
        };
        let row = Row {
            minute: began.elapsed().as_secs_f64() / 60.0,
            visits: visits.load(Ordering::Relaxed),
            said: friends.said,
            latency: [at(0.5), at(0.99), times.last().copied().unwrap_or_default()],
            resident: most_resident_kib(&processes)?,
            engine: room.memory_of_engine()?.unwrap_or_default() / 1024,
            descriptors: descriptors(room)?,
        };
        say(&format!("{:.1} minutes: {} KiB, {} of redis", row.minute, row.resident, row.engine));
        if row.resident > MOST_MEMORY {
            return Err(format!("{} KiB of memory", row.resident).into());
        }
        if row.engine > MOST_OF_ENGINE {
            return Err(format!("{} KiB of memory of redis", row.engine).into());
        }
        rows.push(row);
    }
    Ok(())
}

/// Stops all servers: at one that goes on, the friend would miss what is said.
fn stop_for_a_while(processes: &[u32]) -> Outcome<()> {
    let send = |signal| {
        processes.iter().try_for_each(|id| {
            let process = Pid::from_raw(RawPid::try_from(*id)?).ok_or("no process")?;
            kill_process(process, signal).tried("stopping a server for a while")
        })
    };
    send(Signal::STOP)?;
    thread::sleep(STOPPED);
    send(Signal::CONT)
}

fn most_resident_kib(processes: &[u32]) -> Outcome<u64> {
    let resident: Vec<u64> =
        processes.iter().map(|id| resident_kib(*id)).collect::<Outcome<_>>()?;
    Ok(resident.into_iter().max().unwrap_or_default())
}

/// Returns how many descriptors there are once it has been the same number for a while: of a
/// connection that has just ended the server may know nothing yet.
fn steady_descriptors(room: &Room) -> Outcome<usize> {
    let mut count = descriptors(room)?;
    let mut since = Instant::now();
    while since.elapsed() < STEADY {
        thread::sleep(Duration::from_millis(20));
        let now = descriptors(room)?;
        if now != count {
            (count, since) = (now, Instant::now());
        }
    }
    Ok(count)
}

/// Returns those of all servers together.
fn descriptors(room: &Room) -> Outcome<usize> {
    let of = |id| Ok(fs::read_dir(format!("/proc/{id}/fd"))?.count());
    room.processes().into_iter().map(of).sum()
}

/// Two members who talk with each other all the time, at two servers if there are several.
struct Friends {
    ann: Friend,
    ben: Friend,
    said: usize,
}

struct Friend {
    stream: BufReader<TcpStream>,
    label: String,
}

impl Friend {
    fn join(port: u16) -> Outcome<Self> {
        let stream = connect(port)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        let label = format!("[{}] ", stream.local_addr()?);
        let mut friend = Self { stream: BufReader::new(stream), label };
        friend.line()?;
        Ok(friend)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).tried(format_args!("reading as {}", self.label))?;
        if line.contains(" skipped: ") || !line.ends_with('\n') {
            return Err(format!("heard: {line:?}").into());
        }
        Ok(line)
    }

    fn says(&mut self, line: &str) -> Outcome<()> {
        let written = self.stream.get_mut().write_all(line.as_bytes());
        written.tried(format_args!("writing as {}", self.label))
    }

    /// Reads until a line of `other`, which must be `text`.
    fn hears(&mut self, other: &str, text: &str) -> Outcome<()> {
        loop {
            let line = self.line()?;
            if let Some(said) = line.strip_prefix(other) {
                return if said == text {
                    Ok(())
                } else {
                    Err(format!("{said:?}, not {text:?}").into())
                };
            }
        }
    }
}

impl Friends {
    fn join(ports: &[u16]) -> Outcome<Self> {
        let [ann, ben] = [ports.first(), ports.last()].map(|port| port.ok_or("no server"));
        Ok(Self { ann: Friend::join(*ann?)?, ben: Friend::join(*ben?)?, said: 0 })
    }

    /// Says something, hears the answer, and returns how long that took in milliseconds.
    fn talk(&mut self) -> Outcome<f64> {
        let began = Instant::now();
        self.said += 1;
        let (question, answer) =
            (format!("{}번째, 들려요?\n", self.said), format!("{}번째, 들려요!\n", self.said));
        self.ann.says(&question)?;
        self.ben.hears(&self.ann.label, &question)?;
        self.ben.says(&answer)?;
        self.ann.hears(&self.ben.label, &answer)?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }

    /// Waits until all others have left and the room has noticed.
    fn are_alone(&mut self, ports: &[u16]) -> Outcome<()> {
        let deadline = Instant::now() + LIMIT;
        for port in ports.iter().cycle() {
            let mut greeting = String::new();
            let third = connect(*port)?;
            third.set_read_timeout(Some(LIMIT))?;
            BufReader::new(third).read_line(&mut greeting).tried("reading a greeting")?;
            self.talk()?;
            if greeting.ends_with("(3 users online)\n") {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("the count stays at: {greeting}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("no server".into())
    }
}

/// Plays visitors of random kinds, one after the other.
fn visit(ports: &[u16], visitor: u64, is_over: &AtomicBool, visits: &AtomicU64) {
    let mut rng = fastrand::Rng::with_seed(visitor);
    let mut stalled = VecDeque::new();
    while !is_over.load(Ordering::Relaxed) {
        visits.fetch_add(1, Ordering::Relaxed);
        let Some(&port) = rng.choice(ports) else { return };
        // Errors are ignored: a visitor that fails is one more kind of visitor.
        let Ok(mut stream) = connect(port) else { continue };
        let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
        let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
        let mut buffer = [0; 4096];
        match rng.u32(..10) {
            // People.
            0..4 => {
                for number in 0..rng.u32(1..20) {
                    let _ = stream.write_all(format!("안녕하세요, {number}\n").as_bytes());
                    let _ = stream.read(&mut buffer);
                    thread::sleep(Duration::from_millis(rng.u64(..30)));
                }
            }
            // Garbage, and a reset.
            4 => {
                let garbage: Vec<u8> = (0..rng.usize(..20_000)).map(|_| rng.u8(..)).collect();
                let _ = stream.write_all(&garbage);
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            }
            // A half-close, and half a line.
            5 => {
                let _ = stream.write_all("안녕\n반".as_bytes());
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.read(&mut buffer);
            }
            // One byte at a time.
            6 => {
                for byte in "천천히 쓴다\n".bytes() {
                    let _ = stream.write_all(&[byte]);
                }
            }
            // A flood from a member that does not read.
            7 => {
                let flood = "홍수\n".repeat(rng.usize(..20_000));
                let _ = stream.write_all(flood.as_bytes());
            }
            // A member that reads nothing for a while.
            8 => {
                stalled.push_back(stream);
                if stalled.len() > 10 {
                    stalled.pop_front();
                }
            }
            // Gone at once.
            _ => {}
        }
    }
}
