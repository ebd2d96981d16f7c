//! The least of a shell, and what must hold whatever happens.

use std::convert::Infallible;
use std::time::Duration;

use chat_core::{Delivered, Event};

use super::super::choices::Choices;
use super::People;
use super::caller::{Begun, Stage};
use super::wire::Conn;

impl<C: Choices> People<C> {
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.tick_at.filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.tick_at = None;
            self.server.tick(self.now);
            self.look();
            if self.choices.below(8) != 1 {
                self.listen();
            }
        }
        self.now = end;
    }

    /// Reads from those that are to be listened to.
    pub(super) fn listen(&mut self) {
        for _ in 0..self.asked.len() {
            let Some(id) = self.asked.pop_front() else { return };
            let open = |conn: &Conn| conn.is_open && conn.id == id;
            let Some(at) = self.conns.iter().position(open) else { continue };
            if self.conns[at].has_ended {
                continue;
            }
            if self.budget(at) == 0 {
                self.asked.push_back(id);
            } else if self.conns[at].up.is_empty() && !self.conns[at].ends {
                self.server.quiet(self.now, id);
                self.look();
            } else {
                let most = self.choices.one(&[1, 10, 1_000]);
                self.send(at, most);
            }
        }
    }

    pub(super) fn give_keys(&mut self) {
        while let Some(id) = self.keyless.pop_front() {
            self.keys += 1;
            let key = self.keys << 64 | 0x1234_5678_9abc_def0;
            self.server.give_key(self.now, id, key);
            let conn = self.conns.iter().rfind(|conn| conn.id == id).unwrap();
            if self.callers[conn.caller].stage != Stage::Over {
                self.public.sessions.insert(self.addresses[&id].clone());
            }
            let begun =
                Begun { lines: self.public.lines.len(), address: self.addresses[&id].clone() };
            self.begun.insert(format!("{key:032x}"), begun);
            self.look();
        }
    }

    /// Takes what is to be done, and looks at what must hold.
    pub(super) fn look(&mut self) {
        loop {
            self.read_all();
            let Some(event) = self.server.poll() else { break };
            match event {
                Event::Grown => self.conns.iter_mut().for_each(|conn| conn.is_awake = true),
                Event::Resumed => self.conns.iter_mut().for_each(|conn| conn.was_refused = false),
                Event::TickAt(at) => self.tick_at = Some(at),
                Event::Addressed(reader) => {
                    let of = |conn: &&mut Conn| reader == conn.id.into();
                    self.conns.iter_mut().filter(of).for_each(|conn| conn.is_awake = true);
                }
                Event::Listen(id) => self.asked.push_back(id),
                Event::Admitted(_) => unreachable!("nobody waits for an order"),
                Event::KeyWanted(id) => {
                    self.keyless.push_back(id);
                    if self.choices.below(4) != 1 {
                        self.give_keys();
                    }
                }
                Event::Replaced { connection, member } => {
                    let open = |id| move |conn: &&mut Conn| conn.is_open && conn.id == id;
                    if let Some(dead) = self.conns.iter_mut().find(open(member)) {
                        dead.is_open = false;
                    }
                    let conn = self.conns.iter_mut().find(open(connection)).unwrap();
                    conn.id = member;
                    conn.was_refused = false;
                }
                Event::Closed(id) => {
                    if let Some(conn) =
                        self.conns.iter_mut().find(|conn| conn.is_open && conn.id == id)
                    {
                        conn.closes = true;
                        conn.is_awake = true;
                    }
                }
            }
        }
        assert_eq!(self.server.users(), self.public.users());
        for at in 0..self.conns.len() {
            let conn = &self.conns[at];
            if !conn.is_open {
                continue;
            }
            let is_known = conn.is_awake || !self.server.has_pending(conn.id);
            assert!(is_known, "nobody was told that something is pending");
            if conn.closes || conn.has_ended {
                continue;
            }
            let was_refused = conn.was_refused;
            let is_told = self.budget(at) == 0 || !was_refused || self.server.is_waiting();
            assert!(is_told, "nobody was told that somebody is wanted again");
        }
        let next = self.conns.iter().any(|conn| conn.is_open && conn.was_refused);
        assert!(!next || self.tick_at.is_some() || !self.server.is_waiting());
    }

    /// The one that is never late reads.
    pub(super) fn read_all(&mut self) {
        loop {
            let unended = &mut self.unended;
            let Ok(delivered) = self.server.deliver(self.reader, |slices| {
                slices.iter().for_each(|slice| unended.extend_from_slice(slice));
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            });
            if delivered != Delivered::Partial {
                break;
            }
        }
        while let Some(end) = self.unended.iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8(self.unended.drain(..=end).collect()).unwrap();
            assert!(!line.contains(" skipped: "), "more was said at once than there is space for");
            self.public.add(line.trim_end_matches('\n'), self.now);
        }
    }

    /// What was read is safe.
    pub(super) fn confirm(&mut self) {
        self.server.confirm(self.now, self.reader);
        self.look();
    }

    /// Everybody with a session comes back, all is sent and taken.
    pub(super) fn heal(&mut self) {
        for line in ["/open", "/unlock"] {
            self.server.host_line(self.now, line);
            self.look();
        }
        for at in 0..self.conns.len() {
            let caller = &self.callers[self.conns[at].caller];
            let stays = matches!(caller.stage, Stage::Has | Stage::Returns);
            if self.conns[at].is_held && !stays {
                let number = self.conns[at].caller;
                self.callers[number].lose();
                self.conns[at].is_held = false;
                self.callers[number].stage = Stage::Over;
            }
            if !self.conns[at].is_held {
                self.conns[at].up.clear();
                self.notice_end(at);
            }
        }
        let mut rounds = 0;
        loop {
            let mut is_quiet = true;
            self.confirm();
            for number in 0..self.callers.len() {
                let caller = &self.callers[number];
                let ends = caller.conn.is_some_and(|at| self.conns[at].ends);
                if matches!(caller.stage, Stage::Has | Stage::Returns)
                    && (caller.conn.is_none() || ends)
                {
                    is_quiet = false;
                    if rounds > 50 && self.server.users() >= self.limits.max_users {
                        // There is no place for it.
                        self.callers[number].stage = Stage::Over;
                    } else {
                        self.bring_back(number);
                    }
                }
            }
            self.give_keys();
            self.hear_host();
            for at in 0..self.conns.len() {
                if self.conns[at].is_open {
                    (0..20).for_each(|_| self.send(at, 65_536));
                    while self.conns[at].is_open && self.get(at, usize::MAX) {
                        is_quiet = false;
                        self.take(at, usize::MAX);
                    }
                }
                is_quiet &= !self.conns[at].is_open || self.conns[at].up.is_empty();
                if self.conns[at].is_held {
                    is_quiet &= !self.take(at, usize::MAX);
                }
            }
            is_quiet &= !self.callers.iter().any(|caller| caller.stage == Stage::Returns);
            is_quiet &= !self.server.holds_back();
            is_quiet &= self.conns.iter().all(|conn| {
                !conn.is_open || conn.has_ended || self.server.budget(self.now, conn.id) > 0
            });
            if is_quiet {
                return;
            }
            self.pass(Duration::from_millis(20));
            self.listen();
            rounds += 1;
            assert!(rounds < 5_000, "somebody is stuck");
        }
    }
}
