//! The load: crowds, each on a thread of its own, that are the members of one room together.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::crowd::{Crowd, Pace, Received};
use super::server::thread_cpu;
use super::tally::{Part, Tally};
use super::wire::Kind;
use crate::shell::Outcome;

/// Members of a room, some of whom talk.
pub(crate) struct Load {
    crowds: Vec<Crowd>,
    members: usize,
    kind: Kind,
    /// By crowd, the processor time that it has used.
    spent: Vec<Duration>,
}

impl Load {
    /// Joins members, of which the first `talkers` will talk. They are dealt out to `threads`
    /// threads, and these to the room's servers.
    pub(crate) fn join(
        kind: Kind,
        ports: &[u16],
        (members, talkers): (usize, usize),
        threads: usize,
    ) -> Outcome<Self> {
        let tally = Arc::new(Tally::new(threads));
        let parts = Part::all(threads, ports.len());
        let crowds = parts.map(|part| Crowd::new(kind, part, tally.clone()));
        let crowds = crowds.collect::<Outcome<_>>()?;
        let mut load = Self { crowds, members, kind, spent: vec![Duration::ZERO; threads] };
        load.each(|crowd| crowd.join(ports, members, talkers))?;
        Ok(load)
    }

    /// Waits until every member is welcome and has been told of all joins, and returns when it was.
    pub(crate) fn settle(&mut self) -> Outcome<Instant> {
        let expected = self.lines_of_joins();
        let told = self.each(|crowd| crowd.settle(expected))?;
        told.into_iter().max().ok_or_else(|| "nobody is there".into())
    }

    /// Gives each member a name, and waits until all have been told.
    pub(crate) fn name_all(&mut self) -> Outcome<()> {
        let expected = self.lines_of_joins() + self.members * self.members;
        self.each(|crowd| crowd.name_all(expected)).map(drop)
    }

    /// Makes a member read nothing from now on.
    pub(crate) fn deafen_one(&mut self) -> Outcome<()> {
        self.crowds.last_mut().ok_or("nobody is there")?.deafen_last()
    }

    /// Sends messages for `time`, then waits until all of them have arrived.
    pub(crate) fn run(&mut self, pace: Pace, time: Duration) -> Outcome<Received> {
        let began = Instant::now();
        let received = self.each(|crowd| crowd.run(pace, began, time))?;
        received.into_iter().reduce(Received::and).ok_or_else(|| "nobody is there".into())
    }

    /// Lets the first two members answer each other, one message at a time, and returns the number
    /// of round trips.
    pub(crate) fn ping_pong(&mut self, time: Duration) -> Outcome<u64> {
        match self.each(|crowd| crowd.ping_pong(time))?[..] {
            [turns] => Ok(turns),
            _ => Err("two members on two threads".into()),
        }
    }

    /// Returns what was wrong with the messages received.
    pub(crate) fn disorder(&mut self) -> Option<String> {
        self.crowds.iter_mut().find_map(|crowd| crowd.disorder.take())
    }

    /// Returns the processor time of the thread that has used most since this was last called.
    pub(crate) fn take_spent(&mut self) -> Duration {
        self.spent.iter_mut().map(std::mem::take).max().unwrap_or_default()
    }

    /// Returns how many lines all members together are told because they join: each is told of
    /// itself and of those who join later, whatever the order of the joins.
    fn lines_of_joins(&self) -> usize {
        if self.kind.tells_of_joins() { self.members * (self.members + 1) / 2 } else { 0 }
    }

    /// Has each crowd do the same at the same time.
    fn each<T: Send>(&mut self, what: impl Fn(&mut Crowd) -> Outcome<T> + Sync) -> Outcome<Vec<T>> {
        // Errors of any kind cannot leave a thread.
        let what = |crowd: &mut Crowd, spent: &mut Duration| -> Result<T, String> {
            let done = what(crowd).map_err(|error| error.to_string())?;
            *spent += thread_cpu().map_err(|error| error.to_string())?;
            Ok(done)
        };
        thread::scope(|scope| {
            let crowds = self.crowds.iter_mut().zip(&mut self.spent);
            let threads = crowds.map(|(crowd, spent)| scope.spawn(|| what(crowd, spent)));
            let threads: Vec<_> = threads.collect();
            let results = threads.into_iter().map(|thread| thread.join());
            results.map(|result| Ok(result.map_err(|_| "a thread of the load")??)).collect()
        })
    }
}
