//! A survey: all places are asked at the same time where the master is, each by a thread of its
//! own. So one that does not answer costs nothing while others do.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::away::Away;
use super::link::PATIENCE;
use crate::net::Place;
use crate::settings::Shared;
use crate::system::spawn;

/// How long others are waited for once there is a master: of two that both are masters, as in a
/// failover, all servers are to take the same, the one that came later.
const HEAD_START: Duration = Duration::from_millis(100);

/// What a place has answered: where the master is.
pub(super) type Finding = Result<Named, Away>;

/// A place that is said to be the master.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) place: Place,
    /// The era of its room; 0 if nothing is known of that.
    pub(super) era: u64,
}

/// What all have said so far, in their sequence; `None` for one that has not answered.
#[derive(Default)]
struct Survey {
    said: Mutex<Vec<Option<Finding>>>,
    changed: Condvar,
}

/// How `ask` is answered by the places of an engine, taken together. If it is nowhere, what is told
/// is why that is so at one of them.
pub(super) fn survey<A>(shared: &Arc<Shared>, ask: A) -> Result<Place, Away>
where
    A: Fn(&Place, &Shared) -> Finding + Copy + Send + 'static,
{
    let count = shared.engine.places.len();
    let survey = Arc::new(Survey::default());
    survey.said().resize(count, None);
    for index in 0..count {
        let (shared, survey) = (shared.clone(), survey.clone());
        spawn(move || {
            let said = match shared.engine.places.get(index) {
                Some(place) => ask(place, &shared),
                None => Err(Away::nonsense()),
            };
            if let Some(place) = survey.said().get_mut(index) {
                *place = Some(said);
            }
            survey.changed.notify_one();
        })?;
    }
    survey.outcome(shared.engine.master.is_some())
}

impl Survey {
    fn said(&self) -> MutexGuard<'_, Vec<Option<Finding>>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until enough have answered.
    fn outcome(&self, are_sentinels: bool) -> Result<Place, Away> {
        let begun = Instant::now();
        let mut said = self.said();
        loop {
            let (decided, limit) = if are_sentinels {
                (by_most(&said, begun.elapsed()), PATIENCE)
            } else {
                (by_era(&said, begun.elapsed()), HEAD_START)
            };
            if let Some(outcome) = decided {
                return outcome.map(|named| named.place);
            }
            // Behind that an answer decides, and nothing else does.
            let left = limit.checked_sub(begun.elapsed()).unwrap_or(Duration::MAX);
            let waited = self.changed.wait_timeout(said, left);
            said = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The master whose room has the greatest era, of two the first one, once the others have answered
/// or had their time: who was replaced may not know.
fn by_era(said: &[Option<Finding>], elapsed: Duration) -> Option<Finding> {
    let masters = said.iter().flatten().flatten();
    let is_last = elapsed >= HEAD_START || said.iter().all(Option::is_some);
    match masters.rev().max_by_key(|named| named.era) {
        Some(latest) => is_last.then(|| Ok(latest.clone())),
        None => failure(said),
    }
}

/// The place that most sentinels name, once the others cannot outvote them or had their time. One
/// that has stood still, or is cut off, names one that is the master no more.
fn by_most(said: &[Option<Finding>], elapsed: Duration) -> Option<Finding> {
    let named: Vec<&Named> = said.iter().flatten().flatten().collect();
    let is_last = elapsed >= PATIENCE || said.iter().all(Option::is_some);
    match most_named(&named) {
        Some((named, votes)) if is_last || votes > said.len() / 2 => Some(Ok(named.clone())),
        Some(_) => None,
        None => failure(said),
    }
}

/// The place that is named most often, of two the one that is named first, and how often that is.
fn most_named<'a>(named: &[&'a Named]) -> Option<(&'a Named, usize)> {
    let votes = |one: &Named| named.iter().filter(|other| other.place == one.place).count();
    named.iter().map(|one| (*one, votes(one))).rev().max_by_key(|(_, votes)| *votes)
}

/// Why there is no answer, once all have said so.
fn failure(said: &[Option<Finding>]) -> Option<Finding> {
    let mut failed = Away::new("no place is named");
    for said in said {
        failed = said.as_ref()?.as_ref().err()?.clone();
    }
    Some(Err(failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host, which may have an era behind it.
    fn named(text: &str) -> Named {
        let (host, era) = text.split_at(1);
        let place = Place { host: host.to_owned(), port: 6379 };
        Named { place, era: era.parse().unwrap_or_default() }
    }

    /// What is decided by answers: a host, `!` for a failure, `?` for none yet.
    fn decided(
        decide: fn(&[Option<Finding>], Duration) -> Option<Finding>,
        said: &str,
        elapsed: Duration,
    ) -> String {
        let said = said.split(' ').map(|said| match said {
            "?" => None,
            "!" => Some(Err(Away::nonsense())),
            host => Some(Ok(named(host))),
        });
        match decide(&said.collect::<Vec<_>>(), elapsed) {
            None => "?".to_owned(),
            Some(Err(_)) => "!".to_owned(),
            Some(Ok(named)) => named.place.host,
        }
    }

    #[test]
    fn the_latest_of_two_masters_is_taken() {
        for (said, early, late) in [
            ("? ?", "?", "?"),
            ("! ?", "?", "?"),
            ("! !", "!", "!"),
            ("a ?", "?", "a"),
            ("a b", "a", "a"),
            ("! b ?", "?", "b"),
            ("! b !", "b", "b"),
            ("? b", "?", "b"),
            ("? ! c", "?", "c"),
            ("a1 b2", "b", "b"),
            ("a2 b1 c", "a", "a"),
            ("a1 b2 c2", "b", "b"),
            ("a1 ? c2", "?", "c"),
        ] {
            assert_eq!(decided(by_era, said, Duration::ZERO), early, "{said}");
            assert_eq!(decided(by_era, said, HEAD_START), late, "{said}");
        }
    }

    #[test]
    fn most_sentinels_are_right() {
        for (said, early, late) in [
            ("?", "?", "?"),
            ("a", "a", "a"),
            ("a ? ?", "?", "a"),
            ("a b ?", "?", "a"),
            ("a ? a", "a", "a"),
            ("a b b", "b", "b"),
            ("a b c", "a", "a"),
            ("! ! c", "c", "c"),
            ("! ! ?", "?", "?"),
            ("? b ! b c", "?", "b"),
            ("! !", "!", "!"),
        ] {
            assert_eq!(decided(by_most, said, Duration::ZERO), early, "{said}");
            assert_eq!(decided(by_most, said, PATIENCE), late, "{said}");
        }
    }
}
