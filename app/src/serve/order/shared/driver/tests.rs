use chat_core::{Limits, MemberId, Wire};
use smol::LocalExecutor;
use tz::TimeZone;

use super::*;
use crate::clock::{WallClock, within};
use crate::serve::order::shared::begin;
use crate::serve::order::shared::link::Link;
use crate::serve::order::shared::testing::{LIMIT, TestEngine, at};
use crate::serve::order::with_unsaid;

/// A server's part in a room of an engine, driven by hand, and a member there.
struct Part {
    driver: Driver,
    member: MemberId,
    /// To the same engine.
    link: Link,
    /// How it has ended.
    state: Option<State>,
}

/// `None` where there is no engine to test with.
async fn part() -> Option<(Part, TestEngine)> {
    let engine = TestEngine::start(&[])?;
    let shared = Arc::new(Shared { engine: at(&[&engine]), room: "lobby".to_owned() });
    let (server, sharing) =
        begin(&shared, Limits::default()).await.unwrap_or_else(|failure| panic!("{failure}"));
    let executor = Rc::new(LocalExecutor::new());
    let hub = Hub::new(server, WallClock::new(TimeZone::utc()), executor).with_order_elsewhere();
    let hub = Rc::new(hub);
    let (driver, _) = Driver::new(hub.clone(), sharing);
    let member = hub.connect(([192, 0, 2, 1], 1).into(), Wire::Lines).unwrap();
    let mut part = Part { driver, member, link: engine.link(), state: None };
    part.drive("all is committed", |part| part.proposes(0)).await;
    Some((part, engine))
}

impl Part {
    /// Drives it until that holds.
    async fn drive(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let driven = poll_fn(|cx| {
            if self.state.is_none()
                && let Poll::Ready(state) = self.driver.poll(cx)
            {
                self.state = Some(state);
            }
            if holds(self) { Poll::Ready(()) } else { Poll::Pending }
        });
        within(LIMIT, driven).await.unwrap_or_else(|| panic!("not in time: {what}"));
    }

    /// Whether so much waits to be committed.
    fn proposes(&self, count: usize) -> bool {
        self.driver.hub.server().proposals().count() == count
    }

    fn says(&self, line: &str) {
        let said = format!("{line}\n");
        self.driver.hub.tell(|server, now| server.receive(now, self.member, said.as_bytes()));
    }

    fn command(&mut self, words: &[&str]) {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.link.ask(&words).unwrap();
    }

    fn outage_is_told(&self) -> bool {
        self.driver.outage.lasts() && self.driver.outage.next_tick().is_none()
    }
}

/// Whoever runs the server is told that an engine takes nothing, though its connection is good, and
/// when it does again.
#[test]
fn an_engine_that_takes_nothing_is_an_outage() {
    smol::block_on(async {
        let Some((mut part, _engine)) = part().await else { return };
        for (refuses, takes) in [
            (["maxmemory", "1"], ["maxmemory", "0"]),
            (["min-replicas-to-write", "1"], ["min-replicas-to-write", "0"]),
        ] {
            part.command(&[&["CONFIG", "SET"], &refuses[..]].concat());
            part.says("안녕");
            part.drive("it is told", Part::outage_is_told).await;
            assert!(part.proposes(1) && matches!(part.driver.line, Line::Up(_)));
            part.command(&[&["CONFIG", "SET"], &takes[..]].concat());
            part.drive("it is over", |part| !part.driver.outage.lasts()).await;
            part.drive("it is said", |part| part.proposes(0)).await;
        }
    });
}

/// So it is if it does not answer, even if nobody says anything that would show it.
#[test]
fn an_engine_that_does_not_answer_is_an_outage() {
    smol::block_on(async {
        let Some((mut part, _engine)) = part().await else { return };
        // That is noticed within two seconds, and told within three.
        part.command(&["CLIENT", "PAUSE", "6000"]);
        part.drive("it is told", Part::outage_is_told).await;
        part.drive("it is over", |part| !part.driver.outage.lasts()).await;
    });
}

/// A server does not begin with one; another one may take over.
#[test]
fn an_engine_that_throws_rooms_away_is_noticed() {
    smol::block_on(async {
        let Some((mut part, _engine)) = part().await else { return };
        for (policy, evicts_by) in
            [("allkeys-lru", Some("allkeys-lru")), ("noeviction", None), ("volatile-lru", None)]
        {
            part.command(&["CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", policy]);
            part.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            part.drive("it is down", |part| part.driver.outage.lasts()).await;
            part.drive("it is noticed", |part| part.driver.evicts_by.as_deref() == evicts_by).await;
            part.drive("it is up again", |part| !part.driver.outage.lasts()).await;
        }
    });
}

/// A server that is no part of the room any more says how much its members have said in vain.
#[test]
fn what_a_lost_server_has_not_said_is_counted() {
    smol::block_on(async {
        let Some((mut part, _engine)) = part().await else { return };
        let counted = |part: &Part, ended| {
            with_unsaid(ended, &part.driver.hub).map_err(|failure| failure.to_string())
        };
        let lost = || Err(Failure::ended("lost"));
        assert_eq!(counted(&part, Ok(())), Ok(()));
        assert_eq!(counted(&part, lost()), Err("chat: lost".to_owned()));

        let node = part.driver.replica.node().0.to_string();
        part.command(&["HSET", "chat:{lobby}:lost", &node, "1"]);
        part.says("하나");
        let one = "chat: the room may lack 1 message said here";
        assert_eq!(counted(&part, Ok(())), Err(one.to_owned()));
        // What is said in the room, and what is no message.
        part.says("둘\n/name 지민");
        part.drive("it has ended", |part| part.state == Some(State::Fenced)).await;
        let both = "chat: lost; the room may lack 2 messages said here";
        assert_eq!(counted(&part, lost()), Err(both.to_owned()));
    });
}
