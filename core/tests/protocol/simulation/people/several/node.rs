//! A server with the least of a shell, and connections to it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use chat_core::{Delivered, Event, Instant, MemberId, NodeId, ReaderId, Server, Stamped, Start};

use super::super::super::choices::Choices;
use super::super::caller::Stage;
use super::Several;

pub(super) struct Node {
    pub(super) number: NodeId,
    pub(super) server: Server,
    console: ReaderId,
    unended: Vec<u8>,
    /// What its console has got, and how many lines were said before it began.
    pub(super) log: Vec<String>,
    pub(super) begins: usize,
    pub(super) host: ReaderId,
    /// How many entries it was given, and the number of the last one that was decided.
    pub(super) given: usize,
    sent: u64,
    tick_at: Option<Instant>,
    asked: VecDeque<MemberId>,
    pub(super) keyless: VecDeque<MemberId>,
    /// Whether it is taken for gone, and whether it is.
    pub(super) is_lost: bool,
    pub(super) is_ended: bool,
    /// Whether it does not know all that was said, and whether it cannot reach the order.
    pub(super) has_skipped: bool,
    pub(super) is_away: bool,
    /// If it has parted from all others: how many entries they had in common, and those of its own log since
    /// then.
    pub(super) apart: Option<(usize, Vec<Vec<u8>>)>,
}

/// A connection: what is on its way on it, both ways.
pub(super) struct Conn {
    pub(super) node: usize,
    id: MemberId,
    pub(super) caller: usize,
    pub(super) up: VecDeque<u8>,
    pub(super) down: VecDeque<u8>,
    /// Whether its caller is there, and whether the server has it open, and is to close it.
    pub(super) is_held: bool,
    pub(super) is_open: bool,
    closes: bool,
    is_awake: bool,
}

impl Conn {
    pub(super) fn new(node: usize, id: MemberId, caller: usize) -> Self {
        Self {
            node,
            id,
            caller,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_held: true,
            is_open: true,
            closes: false,
            is_awake: false,
        }
    }
}

impl Node {
    pub(super) fn new(number: NodeId, mut server: Server) -> Self {
        let console = server.observe(Start::Now);
        let host = server.observe(Start::Now);
        Self {
            number,
            server,
            console,
            unended: Vec::new(),
            log: Vec::new(),
            begins: 0,
            host,
            given: 0,
            sent: 0,
            tick_at: None,
            asked: VecDeque::new(),
            keyless: VecDeque::new(),
            is_lost: false,
            is_ended: false,
            has_skipped: false,
            is_away: false,
            apart: None,
        }
    }

    pub(super) fn is_well(&self) -> bool {
        !self.is_lost && !self.is_ended && self.apart.is_none()
    }

    /// It goes on without all others, behind its entry of that number.
    pub(super) fn part(&mut self, own: u64) {
        self.apart = Some((self.given, Vec::new()));
        self.sent = own;
    }

    /// Its oldest proposals that were not decided.
    pub(super) fn unsent(&mut self, most: usize) -> Vec<Vec<u8>> {
        let number = |entry: &[u8]| Stamped::decode(entry).unwrap().stamp().number;
        let sent = self.sent;
        let unsent = self.server.proposals().filter(|entry| number(entry) > sent);
        let unsent: Vec<Vec<u8>> = unsent.take(most).map(<[u8]>::to_vec).collect();
        self.sent = unsent.last().map_or(sent, |last| number(last));
        unsent
    }

    /// The lines that its console has got since.
    pub(super) fn read(&mut self) -> Vec<String> {
        let unended = &mut self.unended;
        while self.server.has_pending(self.console) {
            let Ok(_) = self.server.deliver(self.console, |slices| {
                slices.iter().for_each(|slice| unended.extend_from_slice(slice));
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            });
        }
        let mut lines = Vec::new();
        while let Some(end) = self.unended.iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8(self.unended.drain(..=end).collect()).unwrap();
            // What a server says of its own order is no line of the room.
            if !line.starts_with("> The room's log ") && line != "> The room goes on\n" {
                lines.push(line.trim_end_matches('\n').to_owned());
            }
        }
        lines
    }

    fn hear_host(&mut self) {
        while self.server.has_pending(self.host) {
            let Ok(_) = self.server.deliver(self.host, |slices| {
                Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
            });
        }
    }
}

impl<C: Choices> Several<C> {
    /// Takes what is to be done.
    pub(super) fn look(&mut self) {
        for at in 0..self.nodes.len() {
            self.look_at(at);
        }
    }

    fn look_at(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.is_ended {
            return;
        }
        let lines = node.read();
        node.log.extend(lines);
        node.hear_host();
        let open = |conn: &&mut Conn| conn.is_open && conn.node == at;
        while let Some(event) = node.server.poll() {
            let conns = self.conns.iter_mut().filter(open);
            match event {
                Event::Grown => conns.for_each(|conn| conn.is_awake = true),
                Event::Resumed => {}
                Event::TickAt(tick) => node.tick_at = Some(tick),
                Event::Addressed(reader) => {
                    let of = |conn: &&mut Conn| reader == conn.id.into();
                    conns.filter(of).for_each(|conn| conn.is_awake = true);
                }
                Event::Admitted(id) => {
                    conns.filter(|conn| conn.id == id).for_each(|conn| conn.is_awake = true);
                }
                Event::Listen(id) => node.asked.push_back(id),
                Event::KeyWanted(id) => node.keyless.push_back(id),
                Event::Replaced { .. } => unreachable!("it is somebody else then"),
                Event::Closed(id) => {
                    conns.filter(|conn| conn.id == id).for_each(|conn| {
                        conn.closes = true;
                        conn.is_awake = true;
                    });
                }
            }
        }
        for conn in self.conns.iter().filter(|conn| conn.is_open && conn.node == at) {
            let is_known = conn.is_awake || !self.nodes[at].server.has_pending(conn.id);
            assert!(is_known, "nobody was told that something is pending");
        }
    }

    pub(super) fn give_keys(&mut self, at: usize) {
        while let Some(id) = self.nodes[at].keyless.pop_front() {
            self.keys += 1;
            let key = self.keys << 64 | 0x1234_5678_9abc_def0;
            self.nodes[at].server.give_key(self.now, id, key);
            self.look();
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let ticks = self.nodes.iter().enumerate().filter(|(_, node)| !node.is_ended);
            let ticks = ticks.filter_map(|(at, node)| Some((node.tick_at?, at)));
            let Some((tick, at)) = ticks.min().filter(|&(tick, _)| tick <= end) else { break };
            self.now = self.now.max(tick);
            self.nodes[at].tick_at = None;
            self.nodes[at].server.tick(self.now);
            self.look();
            if self.choices.below(8) != 1 {
                self.listen(at);
            }
        }
        self.now = end;
    }

    /// Reads from those that are to be listened to.
    pub(super) fn listen(&mut self, at: usize) {
        for _ in 0..self.nodes[at].asked.len() {
            let Some(id) = self.nodes[at].asked.pop_front() else { return };
            let open = |conn: &Conn| conn.is_open && conn.node == at && conn.id == id;
            let Some(index) = self.conns.iter().position(open) else { continue };
            if self.nodes[at].server.budget(self.now, id) == 0 {
                self.nodes[at].asked.push_back(id);
            } else if self.conns[index].up.is_empty() {
                self.nodes[at].server.quiet(self.now, id);
                self.look();
            } else {
                self.send(index, 1_000);
            }
        }
    }

    pub(super) fn some_send(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_open) else { return };
        let most = self.choices.one(&[1, 3, 20, 500, 65_536]);
        self.send(at, most);
    }

    /// The server reads from somebody.
    pub(super) fn send(&mut self, at: usize, most: usize) {
        let conn = &mut self.conns[at];
        if conn.closes || !conn.is_open {
            return;
        }
        let server = &mut self.nodes[conn.node].server;
        let count = conn.up.len().min(server.budget(self.now, conn.id)).min(most);
        let bytes: Vec<u8> = conn.up.drain(..count).collect();
        if !bytes.is_empty() {
            server.receive(self.now, conn.id, &bytes);
            self.look();
        }
    }

    pub(super) fn some_get(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_open && conn.is_awake) else { return };
        let most = self.choices.one(&[1, 7, 100, 100_000]);
        self.get(at, most);
    }

    /// The server writes to somebody. Gives whether that was anything.
    pub(super) fn get(&mut self, at: usize, most: usize) -> bool {
        let conn = &mut self.conns[at];
        if !conn.is_open {
            return false;
        }
        let (mut sent, down) = (0, &mut conn.down);
        let Ok(delivered) = self.nodes[conn.node].server.deliver(conn.id, |slices| {
            sent = slices.iter().map(|slice| slice.len()).sum::<usize>().min(most);
            down.extend(slices.iter().copied().flatten().take(sent));
            Ok::<_, Infallible>(sent)
        });
        conn.is_awake = delivered == Delivered::Partial;
        if !conn.is_held {
            conn.down.clear();
        }
        if delivered == Delivered::Finished {
            conn.is_open = false;
            self.nodes[conn.node].server.disconnect(self.now, conn.id);
        }
        self.look();
        sent > 0
    }

    pub(super) fn some_take(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_held) else { return };
        let most = self.choices.one(&[1, 5, 60, 100_000]);
        self.take(at, most);
    }

    /// Somebody reads.
    pub(super) fn take(&mut self, at: usize, most: usize) -> bool {
        let conn = &mut self.conns[at];
        if !conn.is_held {
            return false;
        }
        let count = conn.down.len().min(most);
        let bytes: Vec<u8> = conn.down.drain(..count).collect();
        let caller = &mut self.callers[conn.caller];
        caller.is_apart = self.nodes[conn.node].apart.is_some();
        if caller.stage == Stage::Returns && self.half_at.get(&conn.caller) != Some(&conn.node) {
            caller.pass_half(&self.public);
        }
        if let Some(from) = caller.take(&bytes, &self.begun, &self.public) {
            conn.up.extend(&caller.input[from..]);
        }
        if caller.has_half() {
            self.half_at.insert(conn.caller, conn.node);
        }
        if !conn.is_open && conn.down.is_empty() {
            self.let_go(at);
        }
        count > 0
    }

    pub(super) fn notice_end(&mut self, at: usize) {
        let conn = &mut self.conns[at];
        if std::mem::take(&mut conn.is_open) {
            self.nodes[conn.node].server.disconnect(self.now, conn.id);
            self.look();
        }
    }

    pub(super) fn conn(&mut self, is: impl Fn(&Conn) -> bool) -> Option<usize> {
        let found: Vec<usize> = (0..self.conns.len()).filter(|at| is(&self.conns[*at])).collect();
        (!found.is_empty()).then(|| self.choices.one(&found))
    }

    /// Everybody with a session comes back, all is decided, sent and taken.
    pub(super) fn heal(&mut self) {
        (0..self.nodes.len()).for_each(|at| self.rejoin(at));
        for at in 0..self.nodes.len() {
            if self.nodes[at].is_lost && !self.nodes[at].is_ended {
                self.end_server(at);
            }
        }
        let well: Vec<usize> =
            (0..self.nodes.len()).filter(|at| self.nodes[*at].is_well()).collect();
        for line in ["/open", "/unlock"] {
            let node = &mut self.nodes[well[0]];
            node.server.seat_host(node.host);
            node.server.host_line(self.now, line);
            self.look();
        }
        for at in 0..self.conns.len() {
            let number = self.conns[at].caller;
            let stays = matches!(self.callers[number].stage, Stage::Has | Stage::Returns);
            if self.conns[at].is_held && !stays {
                self.let_go(at);
                self.callers[number].stage = Stage::Over;
            }
            if !self.conns[at].is_held {
                self.conns[at].up.clear();
                self.notice_end(at);
            }
        }
        for &at in &well {
            if self.nodes[at].is_away {
                self.set_away(at);
            }
        }
        let mut rounds = 0;
        loop {
            let mut is_quiet = true;
            for number in 0..self.callers.len() {
                let caller = &self.callers[number];
                let stays = matches!(caller.stage, Stage::Has | Stage::Returns);
                if stays && caller.conn.is_none() {
                    is_quiet = false;
                    let at = self.choices.one(&well);
                    self.bring_back(number, at);
                }
            }
            for &at in &well {
                self.give_keys(at);
                self.propose(at, usize::MAX);
                self.commit(at, usize::MAX);
            }
            for at in 0..self.conns.len() {
                if self.conns[at].is_open {
                    (0..20).for_each(|_| self.send(at, 65_536));
                    while self.conns[at].is_open && self.get(at, usize::MAX) {
                        is_quiet = false;
                        self.take(at, usize::MAX);
                    }
                }
                is_quiet &= !self.conns[at].is_open || self.conns[at].up.is_empty();
                is_quiet &= !self.take(at, usize::MAX);
            }
            is_quiet &= !self.callers.iter().any(|caller| caller.stage == Stage::Returns);
            is_quiet &= self.conns.iter().all(|conn| {
                !conn.is_open || self.nodes[conn.node].server.budget(self.now, conn.id) > 0
            });
            let decided = self.order.len();
            is_quiet &= well.iter().all(|&at| {
                let node = &self.nodes[at];
                node.server.proposals().next().is_none() && node.given == decided
            });
            if is_quiet {
                return;
            }
            self.pass(Duration::from_millis(20));
            well.iter().for_each(|&at| self.listen(at));
            rounds += 1;
            assert!(rounds < 2_000, "somebody is stuck");
        }
    }
}
