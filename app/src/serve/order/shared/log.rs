//! The log as an engine keeps it: a stream, of which each entry is a batch.

use std::time::Duration;

use super::away::Away;
use super::connection::Written;
use super::link::Link;
use super::resp::{Reply, natural};
use super::scripts::link;

/// How long an engine waits for a batch to come before it says that there is none.
pub(super) const WAIT: Duration = Duration::from_secs(1);

/// Batches read at once. Each is of 64 KiB at the most, or of one entry.
const AT_ONCE: &str = "16";

/// Reads what stands behind that index, at once if there is any; nothing after a while if there is
/// none.
pub(super) fn read(from: &mut Link, log: &str, index: u64) -> Result<Vec<Written>, Away> {
    let wait = WAIT.as_millis().to_string();
    let id = format!("{index}-0");
    let reply = from.ask(&[
        b"XREAD",
        b"COUNT",
        AT_ONCE.as_bytes(),
        b"BLOCK",
        wait.as_bytes(),
        b"STREAMS",
        log.as_bytes(),
        id.as_bytes(),
    ])?;
    match reply {
        Reply::Nothing => Ok(Vec::new()),
        reply => batches(reply).ok_or_else(Away::nonsense),
    }
}

/// The batches of the one stream that a reply is about.
fn batches(reply: Reply) -> Option<Vec<Written>> {
    let stream = reply.list()?.into_iter().next()?;
    let entries = stream.list()?.into_iter().nth(1)?;
    entries.list()?.into_iter().map(batch).collect()
}

fn batch(entry: Reply) -> Option<Written> {
    let mut entry = entry.list()?.into_iter();
    let id = entry.next()?.bytes()?;
    let mut values = entry.next()?.list()?.into_iter().skip(1).step_by(2);
    let (before, own) = (values.next()?.bytes()?, values.next()?.bytes()?);
    Some(Written {
        index: natural(id.strip_suffix(b"-0")?)?,
        before: link(&before)?,
        link: link(&own)?,
        unix_seconds: i64::try_from(values.next()?.number()?).ok()?,
        payload: values.next()?.bytes()?,
    })
}
