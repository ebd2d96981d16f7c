//! Three engines, of which one is the master, and the three sentinels that make another one that.

use std::fs;

use tempfile::TempDir;

use crate::asking::ask;
use crate::engine::{Engine, free_port, run};
use crate::harness::{Program, wait_until};

/// What the sentinels call the engines.
const MASTER: &str = "rooms";

/// An engine that keeps all on its disk, and takes orders from whoever is on this machine.
const KEPT: &str = "appendonly yes\nappendfsync everysec\nsave \"\"\nrepl-diskless-sync-delay 0\n";

/// Dropping this ends all of them.
pub(crate) struct Sentinels {
    pub(crate) engines: Vec<Engine>,
    sentinels: Vec<Sentinel>,
}

struct Sentinel {
    port: u16,
    _folder: TempDir,
    _program: Program,
}

impl Sentinels {
    /// Starts them; `None` where they are not installed.
    pub(crate) fn start() -> Option<Self> {
        let master = Engine::start_with(KEPT)?;
        let settings = format!("{KEPT}replicaof 127.0.0.1 {}\n", master.port);
        let replicas = [Engine::start_with(&settings)?, Engine::start_with(&settings)?];
        let engines: Vec<_> = [master].into_iter().chain(replicas).collect();
        wait_until("there are two replicas", || {
            let replication = engines[0].ask(&["INFO", "replication"]);
            (replication.matches("state=online").count() == 2).then_some(())
        });
        let sentinels = (0..3).map(|_| Sentinel::start(engines[0].port)).collect();
        let all = Self { engines, sentinels };
        wait_until("each sentinel knows of all", || {
            let knows_all = |sentinel: &Sentinel| {
                let said = sentinel.ask(&["SENTINEL", "MASTER", MASTER])?;
                let is = |field: &str| said.contains(&format!("\n{field}\n2\n"));
                (is("num-slaves") && is("num-other-sentinels")).then_some(())
            };
            all.sentinels.iter().all(|sentinel| knows_all(sentinel).is_some()).then_some(())
        });
        Some(all)
    }

    /// The place of a room on them, which the master knows.
    pub(crate) fn known(&self, room: &str) -> String {
        self.engines[0].known(room);
        let places = self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port));
        format!("redis+sentinel://{}/{MASTER}/{room}", places.collect::<Vec<_>>().join(","))
    }

    /// Returns which engine the master is, by what all sentinels say.
    pub(crate) fn master(&self) -> usize {
        wait_until("all sentinels agree", || {
            let say = |sentinel: &Sentinel| {
                let said = sentinel.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER])?;
                let port: u16 = said.lines().nth(1)?.parse().ok()?;
                self.engines.iter().position(|engine| engine.port == port)
            };
            let first = say(&self.sentinels[0])?;
            self.sentinels.iter().all(|sentinel| say(sentinel) == Some(first)).then_some(first)
        })
    }

    /// Has another one be the master, while the one that is lives on.
    pub(crate) fn fail_over(&self) {
        let asked = self.sentinels[0].ask(&["SENTINEL", "FAILOVER", MASTER]);
        assert_eq!(asked.as_deref(), Some("OK\n"));
    }

    /// Waits until another one is the master, and takes what it is given.
    pub(crate) fn wait_for_another(&self, than: usize) -> usize {
        let master = wait_until("there is another master", || {
            Some(self.master()).filter(|&master| master != than)
        });
        self.is(master, "role:master");
        master
    }

    /// Waits until it knows that another one is the master.
    pub(crate) fn is_replica(&self, engine: usize) {
        self.is(engine, "role:slave");
    }

    fn is(&self, engine: usize, role: &str) {
        wait_until(role, || {
            self.engines[engine].ask(&["INFO", "replication"]).contains(role).then_some(())
        });
    }
}

impl Sentinel {
    /// One that takes an engine for gone after 2 s: less would be a reason to do so on a busy machine.
    fn start(master: u16) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER} 2000\n\
             sentinel failover-timeout {MASTER} 3000\nsentinel parallel-syncs {MASTER} 2\n"
        );
        fs::write(folder.path().join("sentinel.conf"), settings).unwrap();
        let program = run(&folder, &["sentinel.conf", "--sentinel"]);
        Self { port, _folder: folder, _program: program }
    }

    fn ask(&self, words: &[&str]) -> Option<String> {
        ask(("127.0.0.1", self.port), "", words)
    }
}

#[test]
fn another_one_takes_over() {
    let Some(mut sentinels) = Sentinels::start() else { return };
    assert_eq!(sentinels.master(), 0);
    sentinels.fail_over();
    let second = sentinels.wait_for_another(0);
    sentinels.engines[second].ask(&["SET", "key", "1"]);
    let has_it = |engine: &Engine| engine.ask(&["GET", "key"]) == "1\n";
    // The first one is told some seconds later.
    wait_until("another one has it", || {
        let others = sentinels.engines[1..].iter().filter(|engine| has_it(engine));
        (others.count() == 2).then_some(())
    });
    sentinels.engines[second].kill();
    let third = sentinels.wait_for_another(second);
    assert!(has_it(&sentinels.engines[third]));
}
