//! The replica: one server's part in a room that several servers share.
//!
//! The servers of a room, its *nodes*, append *batches* of entries to one log in an *engine* (Redis
//! or Valkey) and read that log. Each commits the same entries in the same sequence to its own
//! [`Server`]. [`Replica`] is the protocol with the engine as a state machine: it says what to ask
//! next ([`Replica::request`]), is told the answer ([`Replica::answered`]), and is given what was
//! read ([`Replica::read`]). Sockets, scripts and threads are the driver's.
//!
//! | module | noun |
//! |---|---|
//! | `absence` | nodes that do not seem to live, and for how long |
//! | `appending` | what this node has proposed and is not in the log |
//! | `asking` | what is asked next, and what an answer leads to |
//! | `batch` | entries of one node that are appended together, and their place in the log |
//! | `exchange` | what is asked of the engine, and its answers |
//! | `kept` | batches and snapshots that are kept for an engine that has lost them |
//! | `link` | the connection to the engine as it stands, and what the members are told of it |
//! | `reading` | what is read of the log |
//! | `recovery` | what an attached engine lacks, or this server does |
//!
//! # What the engine holds
//!
//! Of a room called `R`, two hashes, one stream and one string:
//!
//! | key | field | |
//! |---|---|---|
//! | `chat:{R}:state` | `format` | the [format](Batch::FORMAT) of all this, as the first node knew it |
//! | | `tail`, `link` | the [`Position`] of the last batch; missing: [`Position::GENESIS`] |
//! | | `run` | the run id of the instance that servers are attached to |
//! | | `era` | of which time that run is: one that takes over from another has a greater one, and each node remembers the greatest that it has seen |
//! | | `heal` | until when nothing is appended but what was lost, in milliseconds of the engine's clock; missing or 0: the log is *open* |
//! | | `blank` | `1` if it is not opened before, whoever is ready |
//! | | `next` | the last node number that was given |
//! | | `n:NODE` | the number of the last entry of a live node |
//! | | `l:NODE` | when its lease ends |
//! | | `a:NODE` | `1` once it is ready in this run |
//! | | `snap`, `snaplink` | the position of the snapshot; missing: there is none |
//! | `chat:{R}:lost` | NODE | `1` for a node that was declared lost; nothing ever removes it. It is a hash of its own since that grows, and the other one is gone through each second |
//! | `chat:{R}:log` | id `INDEX-0` | a batch: `p` the link before it, `h` its link, `t` when it was appended (Unix seconds of the engine's clock), `d` its payload. The indexes are dense |
//! | `chat:{R}:snapshot` | | the snapshot |
//!
//! A link is 64 bits, written as 16 hexadecimal digits. It stands for the whole log up to its
//! batch: two logs that have the same link at an index are the same up to there.
//!
//! # The rules of the engine
//!
//! Each of these is one script, so that an engine that loses its last changes (a crash, a failover)
//! loses whole scripts, the last ones. `now` is the engine's clock. LEASE and HEAL are 5 s, MORE is
//! 1 s.
//!
//! Each is given the run id of the instance and the number of the node that asks, and all but
//! *attach* begin so: the node is *lost* (in that hash) → **Fenced**. `run` is another one, or
//! `n:NODE` is missing → **Detached**. All that get further set `l:NODE` to now + LEASE. A lease
//! *has run out* if it is at most now, or more than now + LEASE, as after a step of the clock. The
//! log *heals* while now < `heal` ≤ now + HEAL. *Open* below means: if it heals → **Healing**;
//! otherwise `heal` is set to 0. To *lose* a node is to note it as lost, and to remove its `n:`,
//! `l:` and `a:`.
//!
//! An engine that has no memory left, or cannot keep what it is told, may refuse *append*,
//! *restore* and *seed*, which make it hold more, → **Busy**. All others run all the same, if they
//! can: they make it hold less, or hardly more.
//!
//! **attach** (run, node or none, position or none, the greatest era that the node has seen, 0 if
//! it has seen none, format, whether the instance is *young*: it began within the last minute, or
//! was promoted) → **Attached**
//!
//! 1. If `run` is the same one, the log does not heal, and `era` is less than the one given →
//!    **Stale**: the node has been where another instance took over, and this one does not know of
//!    that (it was cut off, or stood still, or whoever names it was). Nothing that it holds is to
//!    be heeded, so this comes first. It remains so until it is a replica of its successor: then it
//!    has that one's `era`.
//! 2. A node that is lost → **Fenced**. `format` is greater than the one given → **Foreign**, with
//!    it. If it is missing it becomes this one.
//! 3. If `snap` is there and the snapshot is not, or `tail` is greater than `snap` and the last
//!    batch is not there, then the engine has forgotten part of it, and `tail`, `link`, `snap`,
//!    `snaplink` and all `n:`, `l:` and `a:` are removed, and the rest of the log; `heal` = now +
//!    HEAL, `blank` = 1.
//! 4. If `run` is another one (or missing), it becomes this one; `era` = `era` + 1, or now if it is
//!    missing; `heal` = now + HEAL; `blank` = 1 if `tail` is missing or 0 and the instance is
//!    young, otherwise it is removed; every `a:` is removed; every `l:` there is becomes now +
//!    LEASE. (An instance that is not young and has nothing has lost nothing: nobody was there. One
//!    that is may have lost all, and whoever knows it has yet to come.)
//! 5. `era` = max(`era`, the one given). (An instance that has begun anew may be all that there is,
//!    so it is not stale, whatever it has lost. And while it heals, not only the first one to come
//!    may know of later times. It is never made greater than what is known: were it the clock's,
//!    then an old instance that has begun anew would be later than the one that serves, and whoever
//!    was led there could not go back. Only one that has lost all begins with the clock. If that is
//!    wrong, and the log is open before somebody comes who knows better, it is stale to that one
//!    for good.)
//! 6. None as the node: it gets the number max(`next` + 1, now in µs). `next` = max(`next`, the
//!    node).
//! 7. `n:NODE` is set to 0 if it is missing. `l:NODE` = now + LEASE.
//! 8. The answer says `n:NODE`, `era`, the tail, whether the log heals, and the [`Relation`] of the
//!    position:
//!    - none: **Behind**, with the snapshot, if there is one; otherwise **Same**.
//!    - its index is beyond the tail: **Cut**.
//!    - The link at its index is known: from the tail, from `snaplink`, from `h` of the batch at
//!      the index, or from `p` of the batch behind it. If it is the position's: **Same**, otherwise
//!      **Apart**.
//!    - It is not known any more: **Behind**, with the snapshot.
//!
//! **ready** (run, node): `a:NODE` = 1. If every node with an `n:` has an `a:`, and `blank` is not
//! there, `heal` = 0. Then *open*, → **Done**.
//!
//! **append** (run, node, first, last, payload): *open*. `first` is not `n:NODE` + 1 → **Gap** with
//! `n:NODE`. Otherwise the payload is the next batch, with the link `sha1("LINK:NODE:FIRST:LAST")`,
//! of which the first 16 digits count (LINK: the one before); `n:NODE` = last. → **Done**.
//!
//! **declare** (run, node, lost, last, lease or none, payload): *open*. → **Refused** if `n:LOST`
//! is not `last` (or is missing). → **Refused** too if LOST is not NODE and `l:LOST` is not the
//! lease, or it has not run out: it has renewed it since somebody was told that it had not.
//! Otherwise the payload is the next batch, with the link `sha1("LINK:LOST:LAST + 1:lost")`, and
//! LOST is lost. → **Done**. (The payload is the entry that says so. One that says why may stand
//! before it.)
//!
//! **renew** (run, node) → **Nodes**: of each other node whose lease has run out its number, `n:`,
//! `l:`, and whether it has no `a:`; none while the log heals. And `snap`. If it heals, and NODE
//! has no `a:` itself, `heal` = now + HEAL: it has something to say again, which a full engine has
//! not taken yet. (Nobody could append anything meanwhile, but losses could be declared, and that
//! would be another log.)
//!
//! **restore** (run, node, batches, each with its position, `p`, `t`, payload, its node and last
//! number, and whether it is a [`Batch::loss`]): one after the other. One that is there, with the
//! same link, is passed over. If another one is at its place, or it is not at tail + 1, or its `p`
//! is not `link`, stop → **Tail**. Otherwise it is the next batch as it is; its `n:` is its last
//! number, and its `l:` = now + LEASE if there is none; if it is a loss, its node is lost. After
//! the last → **Done**. (It need not be the time of healing: nobody can have read anything else at
//! that place.)
//!
//! **seed** (run, node, position it replaces, position, nodes, snapshot): → **Tail** unless `tail`
//! and `link` are the position that it replaces (so that whoever asks knows: what is here is the
//! beginning of what it has), and the other one is further. Otherwise the stream is deleted, the
//! snapshot stored; `tail`, `link` and `snap`, `snaplink` are the position. Of each node that the
//! request names `n:` is its number, and `l:` = now + LEASE if there is none; or it is lost. →
//! **Done**.
//!
//! If *restore* or *seed* has changed something while the log heals, `heal` = max(`heal`, now +
//! MORE): whoever says much again gets to say all.
//!
//! **keep** (run, node, position, snapshot): if the index is greater than `snap`, is at most
//! `tail`, and the batch there has that link, the stream is trimmed (all before index + 1, but for
//! what is cheaper left there), the snapshot is stored, and `snap` and `snaplink` are the position.
//! → **Done**, always.
//!
//! **Done** and **Tail** say what the tail is then, and **Done** says `snap`.

mod absence;
mod appending;
mod asking;
mod batch;
mod exchange;
mod kept;
mod link;
mod reading;
mod recovery;

pub use batch::{Batch, Link, Numbers, Position};
pub use exchange::{Answer, Apart, Attached, Expired, Relation, Request, State, Unusable};

use core::time::Duration;

use crate::id::NodeId;
use crate::limits::Limits;
use crate::server::Server;
use crate::time::Instant;
use absence::Absences;
use asking::Asked;
use kept::{Kept, Snapshot};
use link::Health;

/// Bytes from one snapshot to the next, of payload and what batches cost. It is the same on all
/// servers, so that they take theirs at the same places. With a smaller one snapshots would cost
/// more than what they save; with a larger one a new server would have more to read before it can
/// begin.
const INTERVAL: u64 = 2 * 1024 * 1024;

/// How soon to ask again while others heal the log, at first, and later on: most are there at once,
/// and one that is dead keeps all others waiting for a lease.
const RETRY: Duration = Duration::from_millis(20);
const LONGEST_RETRY: Duration = Duration::from_millis(320);

/// One server's part in a room that several servers share.
///
/// It drives a [`Server`], which is given to each call; always the one that it began with.
///
/// - [`begin`](Replica::begin) makes both of what an engine has answered to an attach without a
///   node.
/// - **Connection**: [`connected`](Replica::connected) and [`disconnected`](Replica::disconnected)
///   tell what became of it. Behind each [`Answer::Attached`] the reader begins anew, behind
///   [`position`](Replica::position).
/// - **Asking**: [`request`](Replica::request), after every call of any other method, of this type
///   or of the server's In and Host families; then [`answered`](Replica::answered). One request is
///   outstanding at a time, and one without an answer for a second is a connection to be given up.
/// - **Reading**: [`read`](Replica::read), as long as it [`takes`](Replica::takes) a batch. It is
///   given nothing that a connection has brought which has ended.
/// - **When**: [`next_tick`](Replica::next_tick) says when to call [`tick`](Replica::tick) (and
///   then `request`), [`state`](Replica::state) whether all is over.
///
/// What the server has to tell its shell comes from [`Server::poll`], as ever, after any of these
/// calls.
pub struct Replica {
    node: NodeId,
    position: Position,
    /// The greatest era of the room that was seen. An engine of a lesser one was replaced.
    era: u64,
    /// The number of the last entry of this node that was read.
    committed: u64,
    /// The number of its last entry that is in the log for sure. What was proposed behind it is
    /// not, or nobody knows.
    appended: u64,
    kept: Kept,
    /// Bytes from one snapshot to the next.
    interval: u64,
    /// Bytes behind a snapshot that are worth keeping.
    worth: u64,
    /// Up to which index it is to read before anybody connects; `None`: it has.
    begins_at: Option<u64>,
    phase: Phase,
    goal: Goal,
    outstanding: Option<Asked>,
    /// Before when nothing is asked.
    retry_at: Option<Instant>,
    /// How soon it is asked again what was of no avail.
    retry: Duration,
    /// When the lease is to be renewed.
    renew_at: Option<Instant>,
    absences: Absences,
    /// Since when there is a snapshot that the engine is to keep.
    unkept_since: Option<Instant>,
    health: Health,
    /// Whether this node may have been declared lost by itself.
    has_said_so: bool,
    /// How it ended.
    end: Option<State>,
}

/// How far it has come with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is none.
    Down,
    /// It is to be taken up.
    Attach,
    /// The engine is to be given a snapshot in the place of what it has.
    Seed { over: Position },
    /// It is to be given the batches from this index on.
    Restore { next: u64 },
    /// It is to be told that this was all.
    Ready,
    /// The log takes what is said.
    Open,
}

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    TakePart,
    /// The server ends.
    End,
    /// The server cannot be part of the room any more.
    Leave(Apart),
}

impl Replica {
    /// A new node of a room, and its server, as far as the snapshot goes that is in `attached`:
    /// what an engine has answered to an attach without a node. Nobody is to connect before it [has
    /// begun](Replica::has_begun).
    ///
    /// # Errors
    ///
    /// The snapshot is none, or what it takes to begin is missing.
    pub fn begin(limits: Limits, attached: Attached) -> Result<(Self, Server), Unusable> {
        let (node, worth) = (attached.node, INTERVAL.max(limits.backlog as u64));
        let (kept, server) = match attached.snapshot {
            Some((at, bytes)) => {
                let server =
                    Server::from_snapshot(limits, node, &bytes).map_err(Unusable::Snapshot)?;
                let nodes = server.nodes().collect();
                let snapshot = Snapshot { at, bytes: bytes.into(), nodes, is_own: false };
                (Kept::from_snapshot(snapshot), server)
            }
            None if attached.at == Relation::Same => {
                (Kept::from_genesis(), Server::shared(limits, node))
            }
            None => return Err(Unusable::NoBeginning),
        };
        let mut replica = Self {
            node,
            position: kept.base(),
            era: attached.era,
            committed: 0,
            appended: attached.last,
            kept,
            interval: INTERVAL,
            worth,
            begins_at: Some(attached.tail.index),
            phase: Phase::Ready,
            goal: Goal::TakePart,
            outstanding: None,
            retry_at: None,
            retry: RETRY,
            renew_at: None,
            absences: Absences::default(),
            unkept_since: None,
            health: Health::default(),
            has_said_so: false,
            end: None,
        };
        replica.note_beginning();
        Ok((replica, server))
    }

    /// Has snapshots taken at intervals of so many bytes: for tests that cannot say
    /// millions of bytes. It is to be the same on all servers of a room, and from the beginning.
    #[doc(hidden)]
    pub fn set_interval(&mut self, bytes: u64) {
        self.interval = bytes;
        self.worth = bytes;
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// What was read and committed: the reader goes on behind it.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The greatest era of the room that it has seen: a place of a lesser one is no use to it.
    #[must_use]
    pub fn era(&self) -> u64 {
        self.era
    }

    /// Whether it has read what was there when it began, so that newcomers find the room as it is.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begins_at.is_none()
    }

    /// Whether what is said is appended, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Takes note if it has begun now.
    fn note_beginning(&mut self) {
        self.begins_at = self.begins_at.filter(|&index| index > self.position.index);
    }

    /// Has it asked again after a while, each time a longer one.
    fn retry(&mut self, now: Instant) {
        self.retry_at = Some(now + self.retry);
        self.retry = (self.retry * 2).min(LONGEST_RETRY);
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.end.unwrap_or(State::Running)
    }
}

/// Connection.
impl Replica {
    /// There is a new connection: to be attached.
    pub fn connected(&mut self, now: Instant, server: &mut Server) {
        self.phase = Phase::Attach;
        self.outstanding = None;
        self.retry_at = None;
        self.tick(now, server);
    }

    /// The connection is gone, or there was none to be had: `why` is what members may read. What is
    /// outstanding has no known outcome.
    pub fn disconnected(&mut self, now: Instant, server: &mut Server, why: &str) {
        self.phase = Phase::Down;
        self.outstanding = None;
        self.retry_at = None;
        self.absences.clear();
        self.health.lost(now, why);
        self.tick(now, server);
    }

    /// The server ends: nothing more is received from its members. What they have said is appended;
    /// then the room is told that this server is gone, and [`State::Over`] is where it stands.
    pub fn end(&mut self, now: Instant, server: &mut Server) {
        if self.goal == Goal::TakePart {
            self.goal = Goal::End;
            server.begin_end();
        }
        self.tick(now, server);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant, server: &mut Server) {
        if self.end.is_none() {
            self.health.tick(now, server);
        }
    }

    /// When [`Replica::tick`] is to be called if nothing else happens before.
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        if self.end.is_some() {
            return None;
        }
        let is_free = self.outstanding.is_none() && self.phase != Phase::Down;
        let renew_at = self.renew_at.filter(|_| self.phase == Phase::Open);
        // Nothing is asked before.
        let ask_at = self.retry_at.or(renew_at).filter(|_| is_free);
        [self.health.next_tick(), ask_at].into_iter().flatten().min()
    }
}

/// The end.
impl Replica {
    /// This server cannot be part of the room any more.
    pub(super) fn leave(&mut self, apart: Apart) {
        self.goal = Goal::Leave(apart);
        if self.phase != Phase::Open {
            self.phase = Phase::Ready;
        }
    }

    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.goal, Goal::Leave(_))
    }

    /// Whether it leaves as it has read another log than the one that there is.
    pub(super) fn has_diverged(&self) -> bool {
        self.goal == Goal::Leave(Apart::Diverged)
    }

    /// Its end is in the log.
    pub(super) fn finish(&mut self) {
        self.end = Some(match self.goal {
            Goal::TakePart => State::Fenced,
            Goal::End => State::Over,
            Goal::Leave(apart) => State::Apart(apart),
        });
    }

    /// The room knows that it is gone, if it did not say so itself.
    pub(super) fn fenced(&mut self) {
        if self.has_said_so {
            self.finish();
        } else {
            self.end = Some(State::Fenced);
        }
    }

    /// The number of the last entry of this node that `server` has committed.
    fn own_number(&self, server: &Server) -> u64 {
        let own = server.nodes().find(|&(node, _)| node == self.node);
        own.and_then(|(_, last)| last).unwrap_or(0)
    }
}
