//! The way from place to place: which one is tried next, and when.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use super::backoff::{Backoff, LONGEST};
use crate::failure::Failure;
use crate::net::{Place, Reached, connect};

/// How long a greeting is waited for while there are others to turn to. A server that takes longer
/// is stopped, or away from the room that it shares with them.
const GREETING: Duration = Duration::from_secs(5);

/// The longest that it is waited for: each round in which nobody has greeted doubles it, as all of
/// them may be slow.
const LONGEST_GREETING: Duration = Duration::from_secs(40);

/// A connection that is being made.
pub(super) type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Reached, Failure>> + 'a>>;

/// The places where a room is, tried in order, round and round.
///
/// A place is a name of one or more addresses, each of which may be a server of its own. What ends
/// or fails is followed by the next address, and then by the next place, at once; behind the last
/// one of a round stands a wait. A connection that was good for a while begins a round.
pub(super) struct Route<'a> {
    /// One at least.
    places: &'a [Place],
    /// Which of them the present attempt is about, or the present connection.
    at: usize,
    /// Its addresses, and those of them that were tried in this round.
    addresses: Vec<SocketAddr>,
    tried: Vec<SocketAddr>,
    /// The places of this round that are left, the present one among them.
    left: usize,
    backoff: Backoff,
    greeting: Duration,
    /// What was last said of each place since a room last let us in; empty if nothing was.
    said: Vec<String>,
}

/// What comes after what has ended or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) next: Next,
    /// Whether why it has is to be said: not if it is the same as before, nor that other addresses
    /// fail as well of a place about which something was said in this round.
    pub(super) is_news: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another address of the same place.
    Address,
    /// Another place.
    Place,
    /// The next round, after a wait.
    Round,
}

impl<'a> Route<'a> {
    pub(super) fn new(places: &'a [Place]) -> Self {
        Self {
            places,
            at: 0,
            addresses: Vec::new(),
            tried: Vec::new(),
            left: places.len(),
            backoff: Backoff::new(),
            greeting: GREETING,
            said: vec![String::new(); places.len()],
        }
    }

    /// The place that the present attempt is about, or the present connection.
    pub(super) fn place(&self) -> &'a Place {
        &self.places[self.at]
    }

    /// Begins to connect to the present place.
    pub(super) fn attempt(&self) -> Attempt<'a> {
        Box::pin(connect(self.place(), self.tried.clone()))
    }

    /// The attempt has led to a connection. `addresses` are all of its place; those that were
    /// `tried` of them end with that of the connection. Returns how long its greeting is to be
    /// waited for; `None` where there is nobody else to turn to.
    pub(super) fn reached(
        &mut self,
        addresses: &[SocketAddr],
        tried: &[SocketAddr],
    ) -> Option<Duration> {
        self.addresses = addresses.to_vec();
        self.tried = tried.to_vec();
        (self.places.len() > 1 || self.addresses.len() > 1).then_some(self.greeting)
    }

    /// A room has let us in.
    pub(super) fn let_in(&mut self) {
        self.greeting = GREETING;
        self.said.iter_mut().for_each(String::clear);
    }

    /// The attempt has failed, at all addresses of its place that were left.
    pub(super) fn failed(&mut self, failure: &Failure) -> Step {
        let is_rest = !self.tried.is_empty();
        self.addresses.clear();
        let is_news = !is_rest && self.is_news(failure);
        Step { next: self.go_on(), is_news }
    }

    /// The connection has ended, which has lasted for `time`.
    pub(super) fn ended(&mut self, failure: &Failure, time: Duration) -> Step {
        self.backoff.lasted(time);
        if time >= LONGEST {
            self.left = self.places.len();
            // All but the last one, which is that of the connection.
            self.tried.drain(..self.tried.len().saturating_sub(1));
        }
        let is_news = self.is_news(failure);
        Step { next: self.go_on(), is_news }
    }

    /// Whether nothing has let us in since something was said.
    pub(super) fn is_lost(&self) -> bool {
        self.said.iter().any(|said| !said.is_empty())
    }

    /// What comes of a failure, in words.
    pub(super) fn consequence(&self, next: Next) -> String {
        match next {
            Next::Address | Next::Round => "connecting again".to_owned(),
            Next::Place => format!("trying {}", self.place()),
        }
    }

    /// What to try for one who has waited for none of the places.
    pub(super) fn advice(&self) -> String {
        match self.places {
            [Place { host, port }] => format!("chat join --wait {host} {port}"),
            places => {
                let places: Vec<String> = places.iter().map(Place::to_string).collect();
                format!("chat join --wait {}", places.join(","))
            }
        }
    }

    /// Returns how long the next round is to be waited for.
    pub(super) fn wait(&mut self) -> Duration {
        self.backoff.wait()
    }

    fn is_news(&mut self, failure: &Failure) -> bool {
        let (said, text) = (&mut self.said[self.at], failure.to_string());
        let is_news = *said != text;
        *said = text;
        is_news
    }

    fn go_on(&mut self) -> Next {
        if self.addresses.iter().any(|addr| !self.tried.contains(addr)) {
            return Next::Address;
        }
        self.addresses.clear();
        self.tried.clear();
        self.at = (self.at + 1) % self.places.len();
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return Next::Place;
        }
        self.left = self.places.len();
        self.greeting = (2 * self.greeting).min(LONGEST_GREETING);
        Next::Round
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn place(host: &str) -> Place {
        Place { host: host.to_owned(), port: 3333 }
    }

    fn failure(text: &str) -> Failure {
        Failure::new("tried", &io::Error::other(text))
    }

    fn step(next: Next, is_news: bool) -> Step {
        Step { next, is_news }
    }

    /// A connection to the `index`th of so many addresses of the present place.
    fn reach(route: &mut Route<'_>, count: u16, index: usize) -> Option<Duration> {
        let addresses = (1..=count).map(|port| SocketAddr::from(([192, 0, 2, 1], port)));
        let addresses: Vec<SocketAddr> = addresses.collect();
        let mut tried = route.tried.clone();
        let untried: Vec<_> = addresses.iter().filter(|addr| !tried.contains(addr)).collect();
        tried.extend(untried.into_iter().take(index + 1));
        route.reached(&addresses, &tried)
    }

    #[test]
    fn a_single_place_is_tried_after_each_wait() {
        let places = [place("a")];
        let mut route = Route::new(&places);
        for is_news in [true, false, false] {
            assert_eq!(route.failed(&failure("refused")), step(Next::Round, is_news));
        }
        assert_eq!(reach(&mut route, 1, 0), None);
        assert!(route.is_lost());
        route.let_in();
        assert!(!route.is_lost());
        assert_eq!(route.ended(&failure("refused"), LONGEST), step(Next::Round, true));
    }

    #[test]
    fn a_round_is_all_places() {
        let places = ["a", "b", "c"].map(place);
        let mut route = Route::new(&places);
        for is_news in [true, false] {
            for (at, next) in [Next::Place, Next::Place, Next::Round].into_iter().enumerate() {
                assert_eq!(route.place().host, places[at].host);
                assert_eq!(route.failed(&failure("refused")), step(next, is_news));
            }
        }
        route.failed(&failure("refused"));
        // What was good for a while begins a round.
        reach(&mut route, 1, 0);
        route.let_in();
        assert_eq!(route.ended(&failure("closed"), LONGEST), step(Next::Place, true));
        assert_eq!(route.place().host, "c");
        assert_eq!(route.failed(&failure("refused")), step(Next::Place, true));
        assert_eq!(route.failed(&failure("refused")), step(Next::Round, true));
        assert_eq!(route.place().host, "b");
    }

    /// Servers that let in and end at once are not tried more often than those that refuse.
    #[test]
    fn what_ends_at_once_ends_a_round() {
        let places = ["a", "b"].map(place);
        let mut route = Route::new(&places);
        for next in [Next::Place, Next::Round, Next::Place, Next::Round] {
            reach(&mut route, 1, 0);
            route.let_in();
            assert_eq!(route.ended(&failure("closed"), Duration::ZERO), step(next, true));
        }
    }

    #[test]
    fn a_place_is_all_of_its_addresses() {
        let places = [place("a")];
        let mut route = Route::new(&places);
        // The first of three refuses.
        assert_eq!(reach(&mut route, 3, 1), Some(GREETING));
        assert_eq!(route.ended(&failure("mute"), Duration::ZERO), step(Next::Address, true));
        reach(&mut route, 3, 0);
        route.let_in();
        // What was good for a while begins a round, in which it was tried itself.
        assert_eq!(route.ended(&failure("closed"), LONGEST), step(Next::Address, true));
        reach(&mut route, 3, 0);
        assert_eq!(route.tried.len(), 2);
        assert_eq!(route.ended(&failure("mute"), Duration::ZERO), step(Next::Address, true));
        // Something was said of this place.
        assert_eq!(route.failed(&failure("refused")), step(Next::Round, false));
        assert_eq!(route.failed(&failure("refused")), step(Next::Round, true));
    }

    /// They may all be slow.
    #[test]
    fn each_round_without_a_greeting_has_more_patience() {
        let places = ["a", "b"].map(place);
        let mut route = Route::new(&places);
        for seconds in [5, 10, 20, 40, 40] {
            for next in [Next::Place, Next::Round] {
                assert_eq!(reach(&mut route, 1, 0), Some(Duration::from_secs(seconds)));
                assert_eq!(route.ended(&failure("mute"), Duration::ZERO).next, next);
            }
        }
        reach(&mut route, 1, 0);
        route.let_in();
        route.ended(&failure("closed"), Duration::ZERO);
        assert_eq!(reach(&mut route, 1, 0), Some(GREETING));
    }

    #[test]
    fn what_comes_of_it() {
        let places = [place("a"), place("::1")];
        let mut route = Route::new(&places);
        let next = route.failed(&failure("refused")).next;
        assert_eq!(route.consequence(next), "trying [::1]:3333");
        let next = route.failed(&failure("refused")).next;
        assert_eq!(route.consequence(next), "connecting again");
        assert_eq!(route.advice(), "chat join --wait a:3333,[::1]:3333");
        assert_eq!(Route::new(&places[1..]).advice(), "chat join --wait ::1 3333");
    }
}
