//! The engine's master: found among the places that were named, or by asking sentinels.

use std::sync::Arc;

use chat_core::Answer;

use super::away::Away;
use super::link::Link;
use super::scripts::LastRun;
use super::sentinel::named_by;
use super::survey::{Finding, Named, survey};
use crate::net::Place;
use crate::settings::{Engine, Shared};

/// Two links to one instance of an engine, which is a master.
pub(super) struct Master {
    pub(super) instance: Instance,
    pub(super) asking: Link,
    pub(super) reading: Link,
}

/// An instance of an engine as it is for as long as it is the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    /// Another one after each start, and each time that it becomes the master.
    pub(super) run: String,
    /// Whether it has not been the master for long, or was not the first one: so it may lack what
    /// servers know.
    pub(super) is_young: bool,
    /// By which rule it throws away what is a room's, when its memory is full; `None` if it never
    /// does.
    pub(super) evicts_by: Option<String>,
}

/// What is said of an instance that evicts by that rule.
pub(super) fn danger(policy: &str) -> String {
    format!("its maxmemory-policy is {policy}, by which it may throw the room away")
}

/// How many seconds an instance is young.
const YOUTH: u64 = 60;

impl Master {
    /// Finds it, wherever it is now: not in the place of one that has served in an earlier era of
    /// the room than one that is known.
    pub(super) fn find(shared: &Arc<Shared>, era: u64) -> Result<Self, Away> {
        let place = if shared.engine.master.is_some() {
            survey(shared, |place, shared| named_by(place, &shared.engine))
        } else {
            survey(shared, move |place, shared| here(place, shared, era))
        };
        Self::at(&place?, &shared.engine)
    }

    fn at(place: &Place, engine: &Engine) -> Result<Self, Away> {
        let mut asking = Link::open(place, engine)?;
        let mut reading = Link::open_at(asking.address()?, place, engine)?;
        asking.log_in(engine)?;
        reading.log_in(engine)?;
        let instance = Instance::of(&mut asking)?;
        if Instance::of(&mut reading)?.process() != instance.process() {
            return Err(Away::new("it has just been started"));
        }
        Ok(Self { instance, asking, reading })
    }
}

/// That place, if there is a master.
fn here(place: &Place, shared: &Shared, known: u64) -> Finding {
    let mut link = Link::open(place, &shared.engine)?;
    link.log_in(&shared.engine)?;
    let instance = Instance::of(&mut link)?;
    let LastRun { run, era } = LastRun::of(&shared.room, &mut link)?;
    // It would say so itself, but then it would be found again.
    if run.as_deref() == Some(instance.run.as_bytes()) && era < known {
        return Err(Away::new(Answer::STALE));
    }
    Ok(Named { place: place.clone(), era })
}

impl Instance {
    /// What stays the same from its start to its end. The rest of `run` may change at any time, as
    /// when its first replica comes.
    fn process(&self) -> Option<&str> {
        self.run.split('-').next()
    }

    /// What is at the other end, if that is a master.
    pub(super) fn of(link: &mut Link) -> Result<Self, Away> {
        let info = link.ask(&[b"INFO", b"server", b"memory", b"replication"])?.bytes();
        let info = info.ok_or_else(Away::nonsense)?;
        Self::read(&String::from_utf8_lossy(&info))
    }

    fn read(info: &str) -> Result<Self, Away> {
        let find = |name: &str| {
            let mut fields = info.lines().filter_map(|line| line.split_once(':'));
            fields.find(|(field, _)| *field == name).map(|(_, value)| value.trim())
        };
        let field = |name: &str| find(name).ok_or_else(Away::nonsense);
        if field("role")? != "master" {
            return Err(Away::replica());
        }
        let is_young =
            field("uptime_in_seconds")?.parse().map_or(true, |uptime: u64| uptime < YOUTH);
        // What it was a replica of is known by its identifier of then.
        let was_promoted = field("second_repl_offset")? != "-1";
        // Others throw away what is to be forgotten at a given time, which nothing of a room is.
        let is_bounded = find("maxmemory").is_some_and(|bytes| bytes != "0");
        let policy = find("maxmemory_policy").filter(|policy| policy.starts_with("allkeys"));
        Ok(Self {
            run: format!("{}-{}", field("run_id")?, field("master_replid")?),
            is_young: is_young || was_promoted,
            evicts_by: policy.filter(|_| is_bounded).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::order::shared::link::Plugs;
    use crate::serve::order::shared::sentinel::{Ended, Watch};
    use crate::serve::order::shared::testing::{TestEngine, at};

    fn find(engine: Engine) -> Result<Master, Away> {
        find_in(engine, 0)
    }

    fn find_in(engine: Engine, era: u64) -> Result<Master, Away> {
        Master::find(&Arc::new(Shared { engine, room: "lobby".to_owned() }), era)
    }

    /// Why it is not found.
    fn why(engine: &Engine) -> String {
        match find(engine.clone()) {
            Ok(_) => panic!("it is found"),
            Err(away) => away.to_string(),
        }
    }

    /// Where it is found.
    fn found(engine: &Engine) -> u16 {
        let found = find(engine.clone()).unwrap_or_else(|away| panic!("{away}"));
        let addresses = [&found.asking, &found.reading].map(|link| link.address().unwrap());
        assert_eq!(addresses[0], addresses[1]);
        assert_eq!(found.instance.run.len(), "-".len() + 2 * 40);
        addresses[0].port()
    }

    #[test]
    fn the_master_is_found_among_all_places() {
        let Some(master) = TestEngine::start(&[]) else { return };
        let of = ["--replicaof", "127.0.0.1", &master.place().port.to_string()].map(str::to_owned);
        let of = of.each_ref().map(String::as_str);
        let Some(replica) = TestEngine::start(&of) else { return };
        let mut engine = at(&[&replica, &master]);
        let nobody = Place { host: "127.0.0.1".to_owned(), port: 1 };
        engine.places.insert(0, nobody);
        assert_eq!(found(&engine), master.place().port);
        engine.places.pop();
        assert_eq!(why(&engine), "it is a replica");
        engine.places.pop();
        assert_eq!(why(&engine), "Connection refused");
    }

    /// As after a failover by hand, when the old one is there again.
    #[test]
    fn of_two_masters_the_one_is_found_that_came_later() {
        let Some(old) = TestEngine::start(&[]) else { return };
        let Some(new) = TestEngine::start(&[]) else { return };
        let state = |engine: &TestEngine, field: &str, value: &str| {
            let parts = ["HSET", "chat:{lobby}:state", field, value];
            engine.link().ask(&parts.map(str::as_bytes)).unwrap();
        };
        let both = at(&[&old, &new]);
        assert_eq!(found(&both), old.place().port, "both have nothing");
        state(&old, "era", "7");
        state(&new, "era", "8");
        assert_eq!(found(&both), new.place().port);
        state(&old, "era", "8");
        assert_eq!(found(&both), old.place().port);
        // Whoever knows of a later time does without it.
        let port = |era| find_in(both.clone(), era).unwrap().asking.address().unwrap().port();
        state(&old, "run", &Instance::of(&mut old.link()).unwrap().run);
        assert_eq!(port(8), old.place().port);
        assert_eq!(port(9), new.place().port, "that one may have begun anew");
        let away = find_in(at(&[&old]), 9).err();
        assert_eq!(away.map(|away| away.to_string()).as_deref(), Some(Answer::STALE));
    }

    #[test]
    fn who_is_no_user_is_told() {
        let acl = ["--user", "chat", "on", ">비밀", "allkeys", "+@all", "--requirepass", "p@ss"];
        let Some(test_engine) = TestEngine::start(&acl) else { return };
        let with = |user: Option<&str>, password: Option<&str>| {
            let (user, password) = (user.map(str::to_owned), password.map(str::to_owned));
            Engine { user, password, ..at(&[&test_engine]) }
        };
        assert_eq!(found(&with(None, Some("p@ss"))), test_engine.place().port);
        assert_eq!(found(&with(Some("chat"), Some("비밀"))), test_engine.place().port);
        assert_eq!(why(&with(None, None)), "it wants a password");
        assert_eq!(why(&with(None, Some("wrong"))), "wrong user or password");
        assert_eq!(why(&with(Some("nobody"), Some("비밀"))), "wrong user or password");
    }

    /// An engine repeats what it is told if it does not know the command.
    #[test]
    fn a_password_that_is_not_taken_is_not_shown() {
        for options in [&[][..], &["--rename-command", "AUTH", ""]] {
            let Some(test_engine) = TestEngine::start(options) else { return };
            let engine = Engine { password: Some("비밀".to_owned()), ..at(&[&test_engine]) };
            assert_eq!(why(&engine), "it takes no password");
        }
    }

    #[test]
    fn sentinels_say_where_the_master_is() {
        let Some(master) = TestEngine::start(&[]) else { return };
        let Some(sentinel) = master.start_sentinel("lobby-1", "") else { return };
        let named = |name: &str| Engine { master: Some(name.to_owned()), ..at(&[&sentinel]) };
        assert_eq!(found(&named("lobby-1")), master.place().port);
        assert_eq!(why(&named("lobby-2")), "its sentinel knows no master of that name");
        // One that knows nothing yet is no reason not to ask the next one.
        let Some(other) = master.start_sentinel("lobby-2", "") else { return };
        let mut both = named("lobby-1");
        both.places.insert(0, other.place());
        assert_eq!(found(&both), master.place().port);
        // It may be mistaken.
        master.link().ask(&[b"REPLICAOF", b"127.0.0.1", b"1"]).unwrap();
        assert_eq!(why(&named("lobby-1")), "it is a replica");
    }

    /// Many have a password where their engines have none, or the other way round.
    #[test]
    fn a_sentinel_gets_a_password_if_it_wants_one() {
        let Some(master) = TestEngine::start(&["--requirepass", "비밀"]) else { return };
        for options in ["", "requirepass 비밀"] {
            let options = format!("sentinel auth-pass lobby 비밀\n{options}");
            let Some(sentinel) = master.start_sentinel("lobby", &options) else { return };
            let (name, password) = (Some("lobby".to_owned()), Some("비밀".to_owned()));
            let engine = Engine { master: name, password, ..at(&[&sentinel]) };
            assert_eq!(found(&engine), master.place().port);
            let engine = Engine { password: None, ..engine };
            assert_eq!(why(&engine), "it wants a password");
        }
    }

    #[test]
    fn an_instance_says_what_may_become_of_a_room() {
        let old = "run_id:a\r\nuptime_in_seconds:60\r\nmaxmemory:0\r\n\
                   maxmemory_policy:allkeys-lru\r\nrole:master\r\nmaster_replid:b\r\n\
                   second_repl_offset:-1\r\n";
        let read = |from: &str, to: &str| Instance::read(&old.replace(from, to));
        let instance = Instance { run: "a-b".to_owned(), is_young: false, evicts_by: None };
        assert_eq!(read("", ""), Ok(instance.clone()));
        let young = Instance { is_young: true, ..instance.clone() };
        assert_eq!(read("seconds:60", "seconds:59"), Ok(young.clone()));
        assert_eq!(read("offset:-1", "offset:7"), Ok(young));
        let evicts_by = Some("allkeys-lru".to_owned());
        let evicting = Instance { evicts_by, ..instance.clone() };
        assert_eq!(read("maxmemory:0", "maxmemory:1"), Ok(evicting));
        let again = read("replid:b", "replid:c").unwrap();
        assert!(again.run != instance.run && again.process() == instance.process());
        assert_eq!(read("role:master", "role:slave"), Err(Away::replica()));
        assert_eq!(read("run_id", "id"), Err(Away::nonsense()));
        // A real one says all of it.
        let options = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random"];
        let Some(engine) = TestEngine::start(&options) else { return };
        let instance = Instance::of(&mut engine.link()).unwrap();
        assert_eq!(
            (instance.is_young, instance.evicts_by.as_deref()),
            (true, Some("allkeys-random"))
        );
    }

    /// The master that most sentinels name is found, though the first one names another; and a
    /// connection to that one does not last.
    #[test]
    fn a_master_that_was_replaced_is_left() {
        let Some(old) = TestEngine::start(&[]) else { return };
        let Some(new) = TestEngine::start(&[]) else { return };
        let sentinels = [&old, &old, &new].map(|engine| engine.start_sentinel("lobby", ""));
        let [Some(one), Some(two), Some(three)] = sentinels else { return };
        let engine = Engine { master: Some("lobby".to_owned()), ..at(&[&one, &two, &three]) };
        assert_eq!(found(&engine), old.place().port);
        let shared = Arc::new(Shared { engine, room: "lobby".to_owned() });
        let Ok(mut master) = Master::find(&shared, 0) else { panic!("it is not found") };
        let plugs = Arc::new(Plugs::of([&master.asking, &master.reading]).unwrap());
        let address = master.asking.address().unwrap();
        let ended = Arc::new(Ended::default());
        let watch = Watch { shared: shared.clone(), address, plugs, ended };
        let watching = std::thread::spawn(move || watch.run());
        // The second one is told otherwise.
        let port = new.place().port.to_string();
        let mut link = two.link();
        link.ask(&[b"SENTINEL", b"REMOVE", b"lobby"]).unwrap();
        let monitor: [&[u8]; 6] =
            [b"SENTINEL", b"MONITOR", b"lobby", b"127.0.0.1", port.as_bytes(), b"1"];
        link.ask(&monitor).unwrap();
        watching.join().unwrap();
        assert!(master.asking.ask(&[b"PING"]).is_err());
        assert_eq!(found(&shared.engine), new.place().port);
    }
}
