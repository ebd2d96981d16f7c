//! A connection to an engine: two threads, each with a link of its own to the same instance. One
//! asks, the other reads the log.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use chat_core::{Answer, Link as Mark, NodeId};
use smol::channel::{Receiver, Sender, bounded};

use super::away::Away;
use super::link::{Link, Plugs};
use super::log::{WAIT, read};
use super::master::{Instance, Master};
use super::scripts::{Asker, Call, Scripts};
use super::sentinel::{Ended, Watch};
use crate::settings::Shared;
use crate::system::spawn;

/// Replies of a stream that wait to be committed. The thread stops reading when there are so many.
const MOST_WAITING: usize = 2;

/// A batch as an engine has it: a [`chat_core::Batch`] but for the time of day here.
pub(super) struct Written {
    pub(super) index: u64,
    pub(super) before: Mark,
    pub(super) link: Mark,
    pub(super) unix_seconds: i64,
    pub(super) payload: Box<[u8]>,
}

/// A connection that is being made. It ends by itself, but looking up a name may take long.
pub(super) type Opening = Receiver<Result<Connection, Away>>;

/// What a thread reports: the first error is the last of it.
type Reports<T> = Pin<Box<Receiver<Result<T, Away>>>>;

/// Two links, which end when this is dropped.
pub(super) struct Connection {
    pub(super) instance: Instance,
    calls: Sender<Call>,
    /// One for each call.
    pub(super) answers: Reports<Heard>,
    starts: Sender<u64>,
    /// What is read of the log.
    pub(super) written: Reports<Vec<Written>>,
    plugs: Arc<Plugs>,
    ended: Arc<Ended>,
}

/// An answer.
pub(super) struct Heard {
    pub(super) answer: Answer,
    /// The instance that gave it, if that is to be looked at anew.
    pub(super) instance: Option<Instance>,
}

/// Begins to connect to the master of the engine, of which an era is known.
pub(super) fn open(shared: Arc<Shared>, scripts: Arc<Scripts>, era: u64) -> io::Result<Opening> {
    let (report, opening) = bounded(1);
    spawn(move || {
        let opened = connect(&shared, scripts, era);
        let (connection, asker) = match opened {
            Ok((connection, asker)) => (Ok(connection), Some(asker)),
            Err(away) => (Err(away), None),
        };
        let is_reported = report.send_blocking(connection).is_ok();
        // If nobody waits for the connection any more, it ends with the channel that it is in.
        drop(report);
        if let Some(asker) = asker.filter(|_| is_reported) {
            asker.run();
        }
    })?;
    Ok(opening)
}

fn connect(
    shared: &Arc<Shared>,
    scripts: Arc<Scripts>,
    era: u64,
) -> Result<(Connection, Asking), Away> {
    let Master { instance, asking, reading } = Master::find(shared, era)?;
    let plugs = Arc::new(Plugs::of([&asking, &reading])?);
    let ended = Arc::new(Ended::default());
    if shared.engine.master.is_some() {
        let (shared, plugs, ended) = (shared.clone(), plugs.clone(), ended.clone());
        let watch = Watch { shared, address: asking.address()?, plugs, ended };
        spawn(move || watch.run())?;
    }
    let (calls, queue) = bounded(1);
    let (report, answers) = bounded(1);
    let asker = Asking { link: asking, calls: queue, report };
    let (starts, start) = bounded(1);
    let (report, written) = bounded(MOST_WAITING);
    let reader = Reading { link: reading, scripts, start, report };
    spawn(move || reader.run())?;
    let (answers, written) = (Box::pin(answers), Box::pin(written));
    Ok((Connection { instance, calls, answers, starts, written, plugs, ended }, asker))
}

impl Connection {
    /// Asks something. Call only when what was asked before is answered.
    pub(super) fn ask(&self, call: Call) {
        // Were the queue full or closed, an answer would be an error.
        let _ = self.calls.try_send(call);
    }

    /// A node that asks.
    pub(super) fn asker(&self, node: Option<NodeId>) -> Asker<'_> {
        let Instance { run, is_young, .. } = &self.instance;
        Asker { run, is_young: *is_young, node }
    }

    /// Reads the log behind the batch of that index. Call only once.
    pub(super) fn read_from(&self, index: u64) {
        let _ = self.starts.try_send(index);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.ended.set();
        self.plugs.pull();
    }
}

/// The thread that asks.
struct Asking {
    link: Link,
    calls: Receiver<Call>,
    report: Sender<Result<Heard, Away>>,
}

impl Asking {
    fn run(mut self) {
        while let Ok(call) = self.calls.recv_blocking() {
            let heard = self.hear(&call);
            let is_last = heard.is_err();
            if self.report.send_blocking(heard).is_err() || is_last {
                break;
            }
        }
    }

    fn hear(&mut self, call: &Call) -> Result<Heard, Away> {
        let answer = call.put_to(&mut self.link)?;
        // It may have been a replica for a while, or somebody else was told so.
        let is_another = answer == Answer::Detached;
        let instance = is_another.then(|| Instance::of(&mut self.link)).transpose()?;
        Ok(Heard { answer, instance })
    }
}

/// The thread that reads.
struct Reading {
    link: Link,
    scripts: Arc<Scripts>,
    start: Receiver<u64>,
    report: Sender<Result<Vec<Written>, Away>>,
}

impl Reading {
    fn run(mut self) {
        let Ok(mut index) = self.start.recv_blocking() else { return };
        if let Err(error) = self.link.wait_longer(WAIT) {
            let _ = self.report.send_blocking(Err(error.into()));
            return;
        }
        loop {
            let written = read(&mut self.link, self.scripts.log(), index);
            let is_last = written.is_err();
            if let Ok(written) = &written {
                match written.last() {
                    Some(last) => index = last.index,
                    None if self.report.is_closed() => return,
                    None => continue,
                }
            }
            if self.report.send_blocking(written).is_err() || is_last {
                return;
            }
        }
    }
}
