//! What everybody gets, read as it is said: who is here, what they are called, and who said what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chat_core::Instant;

/// How long a name is kept for one that may come back.
const KEPT_FOR: Duration = Duration::from_secs(10 * 60);

/// A line, and the address of the member that it is about or from.
pub(super) struct Said {
    pub(super) line: String,
    pub(super) subject: Option<String>,
}

#[derive(Default)]
pub(super) struct Public {
    pub(super) lines: Vec<Said>,
    /// What the member is called that came from an address.
    names: BTreeMap<String, String>,
    online: BTreeSet<String>,
    /// Those who may come back, and when they left.
    away: BTreeMap<String, Instant>,
    pub(super) sessions: BTreeSet<String>,
    /// Callers that may be two members, as they have come with another key while they were not missed.
    pub(super) doubled: BTreeSet<usize>,
    /// Those that may have given theirs back.
    pub(super) free: BTreeSet<String>,
    /// How often each message was said.
    pub(super) tags: BTreeMap<(usize, usize), usize>,
    last_tags: BTreeMap<usize, usize>,
    /// Those that leave with their server, and whether each may come back.
    pub(super) leaving: Vec<(String, bool)>,
    /// Addresses of those that were ever muted or removed.
    pub(super) silenced: BTreeSet<String>,
}

/// The tag in a text: `t3.17;`.
pub(super) fn tag_of(text: &str) -> Option<(usize, usize)> {
    text.split(|c: char| " /:".contains(c)).find_map(|word| {
        let (caller, number) = word.strip_prefix('t')?.strip_suffix(';')?.split_once('.')?;
        Some((caller.parse().ok()?, number.parse().ok()?))
    })
}

impl Public {
    pub(super) fn users(&self) -> usize {
        self.online.len()
    }

    /// What the member from an address is called.
    pub(super) fn name<'a>(&'a self, address: &'a str) -> &'a str {
        self.names.get(address).map_or(address, |name| name)
    }

    /// The names and addresses that somebody has.
    pub(super) fn known(&self) -> Vec<String> {
        self.online.iter().map(|address| self.name(address).to_owned()).collect()
    }

    fn address(&self, name: &str) -> String {
        let here = self.online.iter().chain(self.away.keys()).chain(&self.sessions);
        let mut owners = here.filter(|address| self.name(address) == name);
        owners.next().map_or(name, |address| address).to_owned()
    }

    pub(super) fn add(&mut self, line: &str, now: Instant) {
        self.away.retain(|_, since| *since + KEPT_FOR > now);
        let subject = self.read(line, now);
        self.lines.push(Said { line: line.to_owned(), subject });
    }

    fn read(&mut self, line: &str, now: Instant) -> Option<String> {
        if let Some(rest) = line.strip_prefix("> New user ") {
            let (name, rest) = rest.split_once(" entered (").unwrap();
            let address = self.address(name);
            self.away.remove(&address);
            assert!(self.online.insert(address.clone()), "{line}: it is here");
            self.count(rest);
            return Some(address);
        }
        if let Some(rest) = line.strip_prefix("< The user ") {
            let (name, rest) = rest.split_once(" left (").unwrap();
            let address = self.address(name);
            assert!(self.online.remove(&address), "{line}: it is not here");
            if self.sessions.contains(&address) {
                self.away.insert(address.clone(), now);
            }
            self.count(rest);
            return Some(address);
        }
        if let Some(rest) =
            line.strip_prefix("< ").filter(|_| line.contains(" their server is gone "))
        {
            let count: usize = rest.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(count, self.leaving.len(), "{line}: {:?}", self.leaving);
            for (address, comes_back) in std::mem::take(&mut self.leaving) {
                assert!(self.online.remove(&address), "{line}: {address} is not here");
                if comes_back {
                    self.away.insert(address, now);
                }
            }
            self.count(rest.split_once('(').unwrap().1);
            return None;
        }
        if let Some(rest) = line.strip_prefix("> The user ") {
            let (from, name) = rest.split_once(" is now ").unwrap();
            let address = self.address(from);
            assert!(self.online.contains(&address), "{line}: it is not here");
            let like = |other: &&String| {
                **other != address && self.name(other).to_lowercase() == name.to_lowercase()
            };
            let kept = self.away.keys().filter(|address| !self.free.contains(*address));
            let owner = self.online.iter().chain(kept).find(like);
            assert_eq!(owner, None, "{line}: it is that one's");
            // Whoever had it is forgotten.
            self.away.retain(|other, _| self.names.get(other).is_none_or(|of| of != name));
            self.names.retain(|_, of| of != name);
            self.names.insert(address, name.to_owned());
            return None;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let (name, text) = rest.split_once("] ").unwrap();
            if let Some((caller, number)) = tag_of(text) {
                *self.tags.entry((caller, number)).or_default() += 1;
                let last = self.last_tags.insert(caller, number);
                let is_next = last.is_none_or(|last| last < number);
                assert!(is_next || self.doubled.contains(&caller), "{line}: after {last:?}");
            }
            let address = self.address(name);
            let is_host = name == "Host";
            // What one left that does not read its answers comes when it is back, or forgotten.
            let is_known = self.online.contains(&address) || self.sessions.contains(&address);
            assert!(is_host || is_known, "{line}: it is not here");
            return (!is_host).then_some(address);
        }
        for begin in ["> Host muted ", "> Host removed "] {
            if let Some(rest) = line.strip_prefix(begin) {
                let address = self.address(rest.split(' ').next().unwrap());
                if begin.contains("removed") {
                    self.sessions.remove(&address);
                }
                self.silenced.insert(address);
            }
        }
        None
    }

    fn count(&self, text: &str) {
        let users: usize = text.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(users, self.online.len());
    }
}
