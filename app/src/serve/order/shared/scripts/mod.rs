//! Scripts: what is asked of an engine, each one whole or not at all.

mod answers;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use chat_core::{Answer, Batch, Link as Mark, NodeId, Position, Request};
use sha1_smol::Sha1;

use super::away::Away;
use super::link::Link;
use super::resp::{Reply, push_command};

pub(super) use answers::link;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Attach,
    Seed,
    Restore,
    Ready,
    Append,
    Renew,
    Declare,
    Keep,
}

const ALL: [Script; 8] = [
    Script::Attach,
    Script::Seed,
    Script::Restore,
    Script::Ready,
    Script::Append,
    Script::Renew,
    Script::Declare,
    Script::Keep,
];

/// What stands before each of them that says it all in many calls.
const COMMON: &str = include_str!("common.lua");

/// What stands before that in those which an engine is to run though it has no memory left: they
/// make it hold less, or hardly more.
const WHATEVER_IT_HOLDS: &str = "#!lua flags=allow-oom\n";

impl Script {
    /// Its text, in pieces.
    fn pieces(self) -> [&'static str; 3] {
        let own = match self {
            Self::Attach => include_str!("attach.lua"),
            Self::Seed => include_str!("seed.lua"),
            Self::Restore => include_str!("restore.lua"),
            Self::Ready => include_str!("ready.lua"),
            Self::Append => include_str!("append.lua"),
            Self::Renew => include_str!("renew.lua"),
            Self::Declare => include_str!("declare.lua"),
            Self::Keep => include_str!("keep.lua"),
        };
        match self {
            Self::Append => ["", "", own],
            Self::Seed | Self::Restore => ["", COMMON, own],
            Self::Attach | Self::Ready | Self::Renew | Self::Declare | Self::Keep => {
                [WHATEVER_IT_HOLDS, COMMON, own]
            }
        }
    }

    fn text(self) -> String {
        self.pieces().concat()
    }

    /// What an engine calls it that has it.
    fn digest(self) -> String {
        let mut digest = Sha1::new();
        self.pieces().iter().for_each(|piece| digest.update(piece.as_bytes()));
        digest.digest().to_string()
    }
}

/// A script that is to be run.
pub(super) struct Call {
    script: Script,
    /// The command that does, in an engine that has the script.
    command: Vec<u8>,
}

impl Call {
    /// Has it run at the other end of a link.
    pub(super) fn put_to(&self, link: &mut Link) -> Result<Answer, Away> {
        let mut reply = link.exchange(&self.command)?;
        if matches!(&reply, Reply::Error(error) if error.starts_with(b"NOSCRIPT")) {
            link.ask(&[b"SCRIPT", b"LOAD", self.script.text().as_bytes()])?;
            reply = link.exchange(&self.command)?;
        }
        match reply {
            Reply::Error(error) if is_passing(&error) => {
                Ok(Answer::Busy { why: Away::said(&error).why().to_owned() })
            }
            Reply::Error(error) => Err(Away::said(&error)),
            reply => answers::answer(reply).ok_or_else(Away::nonsense),
        }
    }
}

/// Whether an engine that says so takes nothing for now, and is good otherwise: there is no better
/// one.
fn is_passing(error: &[u8]) -> bool {
    const KINDS: [&[u8]; 5] = [b"OOM", b"MISCONF", b"NOREPLICAS", b"BUSY", b"LOADING"];
    error.split(|byte| *byte == b' ').next().is_some_and(|kind| KINDS.contains(&kind))
}

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    /// Which run of the engine is asked.
    pub(super) run: &'a str,
    /// Whether that has not been the master for long, or was not the first one.
    pub(super) is_young: bool,
    /// `None` if it has no number yet, and attaches to get one.
    pub(super) node: Option<NodeId>,
}

/// The scripts as they are called for one room.
pub(super) struct Scripts {
    /// What an engine calls the room's state, its lost nodes, its log and its snapshot. What stands
    /// in braces is the same for all, so that a cluster has them in one place.
    keys: [String; 4],
    digests: [String; ALL.len()],
}

/// What an engine calls something of a room.
fn key(room: &str, kind: &str) -> String {
    format!("chat:{{{room}}}:{kind}")
}

/// The run of an engine in which a room was served last. Of a room that is new, or not to be read,
/// nothing is known.
pub(super) struct LastRun {
    pub(super) run: Option<Box<[u8]>>,
    pub(super) era: u64,
}

impl LastRun {
    /// What the engine at the other end has noted.
    pub(super) fn of(room: &str, link: &mut Link) -> Result<Self, Away> {
        let mut command = Vec::new();
        push_command(&[b"HMGET", key(room, "state").as_bytes(), b"run", b"era"], &mut command);
        let mut values = link.exchange(&command)?.list().unwrap_or_default().into_iter();
        let (run, era) = (values.next(), values.next());
        let era = era.and_then(|era| era.number()).unwrap_or_default();
        Ok(Self { run: run.and_then(Reply::bytes), era })
    }
}

impl Scripts {
    pub(super) fn of(room: &str) -> Self {
        let keys = ["state", "lost", "log", "snapshot"].map(|kind| key(room, kind));
        Self { keys, digests: ALL.map(Script::digest) }
    }

    /// What an engine calls the log.
    pub(super) fn log(&self) -> &str {
        &self.keys[2]
    }

    /// The call by which an engine is asked for something.
    pub(super) fn call(&self, asker: Asker<'_>, request: &Request) -> Call {
        let mut args = Args::default();
        args.text(asker.run);
        args.text(asker.node.map(|node| node.0.to_string()).unwrap_or_default());
        let script = args.of(request, asker);
        let digest = self.digests[script as usize].as_bytes();
        let head = [b"EVALSHA".as_slice(), digest, b"4"];
        let keys = self.keys.iter().map(String::as_bytes);
        let parts: Vec<&[u8]> = head.into_iter().chain(keys).chain(args.parts()).collect();
        let mut command = Vec::with_capacity(parts.iter().map(|part| part.len() + 16).sum());
        push_command(&parts, &mut command);
        Call { script, command }
    }
}

/// The arguments of a script.
#[derive(Default)]
struct Args<'a>(Vec<Arg<'a>>);

enum Arg<'a> {
    Text(String),
    Bytes(&'a [u8]),
}

impl<'a> Args<'a> {
    fn text(&mut self, text: impl Into<String>) {
        self.0.push(Arg::Text(text.into()));
    }

    fn number(&mut self, number: u64) {
        self.text(number.to_string());
    }

    fn link(&mut self, link: Mark) {
        self.text(format!("{:016x}", link.0));
    }

    fn position(&mut self, at: Position) {
        self.number(at.index);
        self.link(at.link);
    }

    fn bytes(&mut self, bytes: &'a [u8]) {
        self.0.push(Arg::Bytes(bytes));
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Arg::as_bytes)
    }

    /// Adds those of a request. Returns the script that takes them.
    fn of(&mut self, request: &'a Request, asker: Asker<'_>) -> Script {
        match request {
            Request::Attach { at, era } => {
                self.number(Batch::FORMAT);
                self.number(asker.is_young.into());
                self.number(*era);
                if asker.node.is_some() {
                    self.position(*at);
                }
                Script::Attach
            }
            Request::Seed { over, at, nodes, snapshot } => {
                self.position(*over);
                self.position(*at);
                self.bytes(snapshot);
                for (node, last) in nodes {
                    self.number(node.0);
                    self.text(last.map_or("x".to_owned(), |last| last.to_string()));
                }
                Script::Seed
            }
            Request::Restore { batches } => {
                batches.iter().for_each(|batch| self.batch(batch));
                Script::Restore
            }
            Request::Ready => Script::Ready,
            Request::Append { first, last, payload } => {
                self.number(*first);
                self.number(*last);
                self.bytes(payload);
                Script::Append
            }
            Request::Renew => Script::Renew,
            Request::Declare { lost, last, lease, payload } => {
                self.number(lost.0);
                self.number(*last);
                self.text(lease.map(|lease| lease.to_string()).unwrap_or_default());
                self.bytes(payload);
                Script::Declare
            }
            Request::Keep { at, snapshot } => {
                self.position(*at);
                self.bytes(snapshot);
                Script::Keep
            }
        }
    }

    fn batch(&mut self, batch: &'a Rc<Batch>) {
        // It was read and committed, so it has entries.
        let Ok(numbers) = batch.numbers() else { return };
        self.number(batch.index);
        self.link(batch.before);
        self.link(batch.link);
        self.text(batch.wall.unix_seconds.to_string());
        self.bytes(&batch.payload);
        self.number(numbers.node.0);
        self.number(numbers.last);
        self.text(if batch.loss().is_some() { "x" } else { "" });
    }
}

impl Arg<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}
