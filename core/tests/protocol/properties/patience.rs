//! Whom the room waits for, and for how long: nobody in time misses anything.

use chat_core::{Instant, Limits, ReaderId};
use proptest::collection::vec;
use proptest::prelude::*;

use super::config;
use crate::world::World;

/// What a flood of members does that read and write at their own speeds.
#[derive(Clone, Debug)]
enum Step {
    /// A member says lines of this length until its budget or this number of bytes is used up.
    Flood { member: usize, length: usize, bytes: usize },
    /// A reader takes so many bytes.
    Read { reader: usize, bytes: usize },
    /// Milliseconds pass.
    Pass(u64),
}

const CROWD: usize = 4;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..CROWD, 0_usize..30, 1_usize..20_000)
            .prop_map(|(member, length, bytes)| Step::Flood { member, length, bytes }),
        6 => (0..=CROWD, prop_oneof![1_usize..100, 1_usize..20_000])
            .prop_map(|(reader, bytes)| Step::Read { reader, bytes }),
        2 => (1_u64..400).prop_map(Step::Pass),
    ];
    vec(step, 1..200)
}

/// A reader and what is known of it from outside.
struct Watched {
    id: ReaderId,
    /// Bytes of the log that it may still have to get, at the most.
    behind: u64,
    /// Since when it has been far behind without catching up.
    far_behind_since: Option<Instant>,
}

impl Watched {
    /// Takes up to `limit` bytes of what it is lent.
    fn read(&mut self, world: &mut World, limit: usize) -> String {
        let (taken, _) = world.take(self.id, limit);
        self.behind -= self.behind.min(taken.len() as u64);
        String::from_utf8_lossy(&taken).into_owned()
    }
}

proptest! {
    #![proptest_config(config())]

    /// While budgets are heeded, a message is missed only by one that the room has waited for as
    /// long as it does; and the room does not wait longer than it says.
    #[test]
    fn only_one_that_was_given_up_misses_anything(steps in steps()) {
        let limits = Limits { max_line: 64, backlog: 8 * 1024, ..Limits::default() };
        let mut world = World::with(limits.clone());
        let ids: Vec<_> =
            (0..CROWD).map(|port| world.join(&format!("127.0.0.1:{}", 40_000 + port))).collect();
        ids.iter().for_each(|&id| world.catch_up(id));
        world.console();
        let mut readers: Vec<Watched> = ids.iter().map(|&id| id.into()).chain([world.console])
            .map(|id| Watched { id, behind: 0, far_behind_since: None })
            .collect();
        let mut waiting_since = None;

        for step in steps {
            match step {
                Step::Pass(millis) => world.pass_millis(millis),
                Step::Flood { member, length, bytes } => {
                    let line = format!("{}\n", "x".repeat(length));
                    let flood = line.repeat(bytes / line.len() + 1);
                    let budget = world.budget(ids[member]);
                    let before = world.server.said();
                    world.receive(ids[member], &flood[..budget.min(bytes)]);
                    for reader in &mut readers {
                        reader.behind += world.server.said() - before;
                        // While the room waits for another, five eighths are far.
                        if reader.behind >= limits.backlog as u64 * 5 / 8 {
                            reader.far_behind_since.get_or_insert(world.now);
                        }
                    }
                }
                Step::Read { reader, bytes } => {
                    let reader = &mut readers[reader];
                    if reader.read(&mut world, bytes).contains("skipped") {
                        let since = reader.far_behind_since;
                        prop_assert!(since.is_some_and(|since| since + limits.grace <= world.now));
                    }
                    if !world.server.has_pending(reader.id) {
                        reader.behind = 0;
                        reader.far_behind_since = None;
                    }
                }
            }
            if world.server.is_waiting() {
                let since = *waiting_since.get_or_insert(world.now);
                prop_assert!(since + limits.grace > world.now);
            } else {
                waiting_since = None;
                prop_assert!(ids.iter().all(|&id| world.budget(id) > 0));
            }
        }
    }
}
