//! A room that several servers share, with members at all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::by_hand::ByHand;
use crate::check::{Log, of_room};
use crate::engine::free_port;
use crate::harness::{Peer, Program, Server, Signal, wait_until};
use crate::member::Member;

/// Between two lines of one member.
const PAUSE: Duration = Duration::from_millis(150);

/// How what servers say begins while their engine is away, and what they say when it is back.
pub(crate) const AWAY: &str = "> The room's log cannot be reached (";
pub(crate) const BACK: &str = "> The room goes on";

/// What is said when all else was.
const LAST_WORD: &str = "모두 끝";

/// Dropping this ends its servers and all who talk.
pub(crate) struct Room {
    /// With which all servers are started.
    options: Vec<String>,
    /// All that were started, also those that have ended.
    pub(crate) servers: Vec<Server>,
    pub(crate) members: Vec<Member>,
    /// Who only listens.
    listener: Option<ByHand>,
    pause: Duration,
    /// Whether its engine was.
    pub(crate) was_away: bool,
    is_over: Arc<AtomicBool>,
}

impl Room {
    /// Starts so many servers of a room on an engine.
    pub(crate) fn open(url: &str, servers: usize) -> Self {
        Self::open_with(servers, &["--shared", url])
    }

    pub(crate) fn open_with(servers: usize, options: &[&str]) -> Self {
        let mut room = Self {
            options: options.iter().map(|&option| option.to_owned()).collect(),
            servers: Vec::new(),
            members: Vec::new(),
            listener: None,
            pause: PAUSE,
            was_away: false,
            is_over: Arc::default(),
        };
        for _ in 0..servers {
            room.serve();
        }
        room
    }

    /// Between two lines of one member there is to be this time.
    pub(crate) fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Starts a further server.
    pub(crate) fn serve(&mut self) -> usize {
        self.serve_on(free_port())
    }

    pub(crate) fn serve_on(&mut self, port: u16) -> usize {
        self.servers.push(Server::from(serve(port, &self.options)));
        self.servers.len() - 1
    }

    /// Returns the ports of its servers, from one on.
    fn ports_from(&self, first: usize) -> Vec<u16> {
        let ports = self.servers.iter().map(|server| server.port);
        ports.cycle().skip(first).take(self.servers.len()).collect()
    }

    /// So many members join, at each server in turn, by either way, and talk from then on.
    pub(crate) fn talk(&mut self, members: usize) {
        for number in self.members.len()..self.members.len() + members {
            self.join(number % self.servers.len());
        }
        self.go_on_talking();
    }

    /// Those who are there talk from now on.
    pub(crate) fn go_on_talking(&mut self) {
        self.is_over.store(false, Ordering::Relaxed);
        for member in &mut self.members {
            member.talk(self.pause, &self.is_over);
        }
    }

    /// Another member joins at a server, by the one way or the other.
    pub(crate) fn join(&mut self, server: usize) -> &mut Member {
        match self.members.len() / self.servers.len() % 2 {
            0 => self.join_by(Member::program, server),
            _ => self.join_by(Member::by_hand, server),
        }
    }

    pub(crate) fn join_by_hand(&mut self, server: usize) -> &mut Member {
        self.join_by(Member::by_hand, server)
    }

    fn join_by(&mut self, way: fn(&str, &[u16]) -> Member, server: usize) -> &mut Member {
        let (at, ports) = (self.members.len(), self.ports_from(server));
        self.members.push(way(&format!("학생{at}"), &ports));
        &mut self.members[at]
    }

    /// Somebody joins who says nothing, and hears all that is said from then on.
    pub(crate) fn listen(&mut self) {
        self.listener = Some(ByHand::join(&self.ports_from(0)));
    }

    /// Waits until everybody has said something more that is heard by everybody.
    pub(crate) fn goes_on(&mut self) {
        let before: Vec<usize> = self.members.iter().map(Member::heard).collect();
        for (member, before) in self.members.iter().zip(before) {
            wait_until(&format!("{} is heard again", member.name), || {
                (member.heard() > before + 1).then_some(())
            });
        }
    }

    /// Those who can take another connection do, so many times, each at the next server.
    pub(crate) fn members_move_on(&mut self, times: usize) {
        for _ in 0..times {
            for member in &self.members {
                member.move_on();
            }
            self.goes_on();
        }
    }

    /// A server stands still, until it goes on.
    pub(crate) fn stop(&self, server: usize) {
        self.servers[server].program.signal(Signal::STOP);
    }

    pub(crate) fn go_on(&self, server: usize) {
        self.servers[server].program.signal(Signal::CONT);
    }

    pub(crate) fn kill(&mut self, server: usize) {
        self.servers[server].program.signal(Signal::KILL);
        let program = &mut self.servers[server].program;
        wait_until("the server is gone", || program.exit_status());
    }

    /// Waits until all have stopped talking, and all of what they have said is heard.
    pub(crate) fn quiet(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for member in &mut self.members {
            member.is_heard();
        }
    }

    /// Returns the servers that run.
    pub(crate) fn living(&mut self) -> Vec<usize> {
        let all = self.servers.iter_mut().zip(0..);
        all.filter_map(|(it, at)| it.program.exit_status().is_none().then_some(at)).collect()
    }

    /// Ends the talk, has all members leave and then all servers end, and checks all that was said and
    /// heard. Returns what was.
    pub(crate) fn end(&mut self) -> Log {
        self.quiet();
        self.say_last_word();
        for member in &mut self.members {
            member.leave();
        }
        let living = self.living();
        for &at in &living {
            let server = &self.servers[at];
            wait_until("all have left", || {
                let lines = of_room(&server.program.out.so_far());
                lines.last()?.ends_with(" (0 user online)").then_some(())
            });
        }
        let consoles: Vec<_> =
            self.servers.iter().map(|server| of_room(&server.program.out.so_far())).collect();
        let log = right(Log::of(&consoles));
        for at in living {
            assert_eq!(consoles[at].last(), log.lines().last(), "server {at}");
            let server = &mut self.servers[at].program;
            server.signal(Signal::TERM);
            assert_eq!(server.status(), 0, "server {at}");
            right(check_complaints(&server.err.all(), self.was_away));
        }
        right(log.check_counts());
        for member in &self.members {
            right(log.check_said(&member.name, member.said));
            let got = of_room(&(member.lines().join("\n") + "\n"));
            right(log.check_got(&member.name, &member.address(), &got));
        }
        log
    }

    /// As [`Room::end`], where consoles do not show all that there was, and messages alone: somebody has
    /// listened all the time.
    pub(crate) fn end_as_heard(&mut self) {
        self.quiet();
        self.say_last_word();
        let messages = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(|line| line.starts_with('[')).cloned().collect()
        };
        let heard = of_room(&(self.listener.take().unwrap().lines().join("\n") + "\n"));
        let consoles = self.servers.iter().map(|server| of_room(&server.program.out.so_far()));
        let all: Vec<_> = [heard].into_iter().chain(consoles).map(|it| messages(&it)).collect();
        let log = right(Log::of(&all));
        assert_eq!(log.lines().len(), all[0].len(), "more than was heard");
        for member in &mut self.members {
            right(log.check_said(&member.name, member.said));
            let got = of_room(&(member.lines().join("\n") + "\n"));
            right(log.check_messages(&member.name, &got));
            member.leave();
        }
    }

    /// Somebody who comes when all was heard says that, and waits until everybody has heard it.
    pub(crate) fn say_last_word(&mut self) {
        let living = self.living();
        let mut last = self.peer(living[0]);
        last.send(format!("\n{LAST_WORD}\n"));
        for at in living {
            self.servers[at].says(&format!("] {LAST_WORD}\n"));
        }
        for member in &self.members {
            member.gets(LAST_WORD);
        }
        if let Some(listener) = &self.listener {
            listener.wait_for("all is heard", |line| line.contains(LAST_WORD));
        }
    }

    /// A peer at a server, which has been greeted.
    pub(crate) fn peer(&self, server: usize) -> Peer {
        self.servers[server].member()
    }

    /// Waits until all servers and all members were told that the engine is away.
    pub(crate) fn is_away(&mut self) {
        self.was_away = true;
        self.all_are_told(AWAY);
    }

    /// Waits until all were told that it is back.
    pub(crate) fn is_back(&mut self) {
        self.all_are_told(BACK);
    }

    fn all_are_told(&mut self, what: &str) {
        for at in self.living() {
            self.servers[at].says(what);
        }
        for member in &self.members {
            member.gets(what);
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Starts a server of the room at `url`.
pub(crate) fn start(url: &str, port: u16, options: &[String]) -> Program {
    let shared = ["--shared", url].map(str::to_owned);
    serve(port, &[&shared[..], options].concat())
}

fn serve(port: u16, options: &[String]) -> Program {
    let place = ["serve", "127.0.0.1"].map(str::to_owned).into_iter().chain([port.to_string()]);
    Program::start(place.chain(options.iter().cloned()))
}

/// A server says on stderr that its engine is away, and when it is back, and nothing else.
fn check_complaints(said: &str, was_away: bool) -> Result<(), String> {
    let lines: Vec<&str> = said.lines().collect();
    let is_right = lines.chunks(2).all(|both| match both {
        [away, "chat: the room is shared again"] => {
            away.starts_with("chat: cannot share the room ") && away.contains(" for now: ")
        }
        _ => false,
    });
    match is_right && (was_away || said.is_empty()) {
        true => Ok(()),
        false => Err(format!("on stderr: {said:?}")),
    }
}

/// What a check must not find.
fn right<T>(result: Result<T, String>) -> T {
    result.unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// The same is true of a room that has one server, and no engine.
#[test]
fn a_room_of_its_own() {
    let mut room = Room::open_with(1, &[]);
    room.talk(4);
    room.members_move_on(3);
    room.end();
}
