//! Rooms of people: members with names and sessions, whose connections end anywhere, and a host.
//!
//! The model is what everybody gets: a reader that is never late. What each member gets is that, less
//! its own, with what nobody else gets between it.

mod caller;
mod public;
pub(crate) mod several;
mod watch;
mod wire;
mod words;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chat_core::{Instant, Limits, MemberId, ReaderId, Server, Start, Wire};

use super::choices::Choices;
use caller::{Begun, Caller, Stage};
use public::Public;
use wire::{Conn, Web};

/// Members at once, at the most.
const CROWD: usize = 6;

/// What a socket holds, in bytes.
const SOCKETS: [usize; 4] = [50, 300, 2_000, 100_000];

pub(crate) struct People<C> {
    choices: C,
    limits: Limits,
    server: Server,
    now: Instant,
    tick_at: Option<Instant>,
    /// One that is never late, and the line that has not ended.
    reader: ReaderId,
    unended: Vec<u8>,
    host: ReaderId,
    public: Public,
    callers: Vec<Caller>,
    conns: Vec<Conn>,
    asked: VecDeque<MemberId>,
    /// Those that are to have keys.
    keyless: VecDeque<MemberId>,
    keys: u128,
    begun: BTreeMap<String, Begun>,
    addresses: BTreeMap<MemberId, String>,
    is_busy: bool,
    is_hushed: bool,
    /// Whether nobody gets a line before the one that is never late confirms it.
    is_gated: bool,
}

impl<C: Choices> People<C> {
    pub(crate) fn new(mut choices: C) -> Self {
        let limits = Limits {
            max_users: choices.one(&[usize::MAX, usize::MAX, 3]),
            max_line: choices.one(&[64, 100, 300, 65_536]),
            history: choices.one(&[usize::MAX, usize::MAX, 3, 0]),
            grace: Duration::from_millis(choices.one(&[0, 55, 1_005])),
            ..Limits::default()
        };
        let backlog = limits.least_backlog() * choices.one(&[1, 1, 2, 16]);
        let limits = Limits { backlog, ..limits };
        let mut server = Server::new(limits.clone());
        let (reader, host) = (server.observe(Start::Now), server.observe(Start::Now));
        server.seat_host(host);
        let is_gated = choices.once_in(2);
        server.set_gate(is_gated.then_some(reader));
        Self {
            is_busy: choices.once_in(2),
            is_hushed: false,
            is_gated,
            choices,
            limits,
            server,
            now: Instant::default(),
            tick_at: None,
            reader,
            unended: Vec::new(),
            host,
            public: Public::default(),
            callers: Vec::new(),
            conns: Vec::new(),
            asked: VecDeque::new(),
            keyless: VecDeque::new(),
            keys: 0,
            begun: BTreeMap::new(),
            addresses: BTreeMap::new(),
        }
    }

    /// So many things happen; then everybody comes back, and gets the rest.
    pub(crate) fn run(mut self, steps: usize) {
        for _ in 0..steps {
            if self.choices.is_exhausted() {
                break;
            }
            self.step();
        }
        self.heal();
        for caller in &mut self.callers {
            if matches!(caller.stage, Stage::Has) && !caller.lies {
                caller.finish(&self.public);
            }
            let is_silenced = self.public.silenced.contains(&caller.address);
            for number in &caller.public {
                let count = self.public.tags.get(&(caller.number, *number)).copied().unwrap_or(0);
                let may_be_lost = caller.is_disturbed || is_silenced || caller.stage != Stage::Has;
                let number = (caller.number, *number);
                assert!(
                    count == 1 || (count == 0 && may_be_lost),
                    "{number:?}: said {count} times"
                );
            }
        }
    }

    fn step(&mut self) {
        if self.is_gated && self.choices.once_in(4) {
            self.confirm();
        }
        match self.choices.below(64) {
            0..2 => self.come(),
            2..14 => self.enter(),
            14..26 => self.some_send(),
            26..38 => self.some_get(),
            38..50 => self.some_take(),
            50 => self.acknowledge(),
            51 => self.cut(),
            52 => self.notice(),
            53 => self.come_back(),
            54 => self.half_close(),
            55..58 => {
                let millis = self.choices.one(&[0, 1, 1, 3, 20, 60, 300, 1_500]);
                self.pass(Duration::from_millis(millis));
            }
            58 if self.choices.once_in(20) => self.pass(Duration::from_secs(601)),
            58 => self.flood(),
            59..61 => self.give_keys(),
            61 => self.act_as_host(),
            62 => self.listen(),
            _ if self.choices.once_in(6) => self.leave(),
            _ => self.acknowledge(),
        }
    }

    /// Somebody comes.
    fn come(&mut self) {
        if self.callers.iter().filter(|caller| caller.conn.is_some()).count() >= CROWD {
            return;
        }
        let stage = self.choices.one(&[Stage::Plain, Stage::Asks(0), Stage::Asks(0)]);
        let mut caller = Caller::new(self.callers.len(), stage);
        caller.lies = self.choices.once_in(8);
        caller.is_page = self.choices.once_in(3);
        caller.is_disturbed = self.is_hushed;
        caller.has_private = self.is_busy;
        self.callers.push(caller);
        let number = self.callers.len() - 1;
        if self.connect(number) && stage != Stage::Plain {
            let asks = self.choices.one(&["\n\r\n", "\n\r\n", "/session\n"]);
            let conn = self.callers[number].conn.unwrap();
            self.conns[conn].say(asks.as_bytes());
        }
    }

    fn connect(&mut self, number: usize) -> bool {
        if !self.server.takes_newcomers() {
            return false;
        }
        let address = format!("198.51.100.1:{}", 1000 + self.conns.len());
        let web = self.callers[number].is_page.then(Web::default);
        let wire = if web.is_some() { Wire::Messages } else { Wire::Lines };
        let Ok(id) = self.server.connect(self.now, address.parse().unwrap(), wire) else {
            return false;
        };
        self.addresses.insert(id, address.clone());
        if self.callers[number].address.is_empty() {
            self.callers[number].address = address;
        }
        self.callers[number].conn = Some(self.conns.len());
        self.conns.push(Conn {
            web,
            id,
            caller: number,
            up: VecDeque::new(),
            down: VecDeque::new(),
            socket: self.choices.one(&SOCKETS),
            is_held: true,
            ends: false,
            is_open: true,
            has_ended: false,
            closes: false,
            is_awake: false,
            was_refused: false,
        });
        self.look();
        true
    }

    fn caller(&mut self) -> Option<usize> {
        (!self.callers.is_empty()).then(|| self.choices.below(self.callers.len()))
    }

    /// Somebody leaves for good.
    fn leave(&mut self) {
        let Some(at) = self.conn(|conn| conn.is_held && !conn.ends) else { return };
        let number = self.conns[at].caller;
        self.callers[number].is_disturbed = true;
        self.type_in(number, "/bye\n");
        self.public.free.insert(self.callers[number].address.clone());
        self.conns[at].ends = true;
        self.callers[number].stage = Stage::Over;
    }

    /// Somebody comes back, whose connection has ended, or seems to have.
    fn come_back(&mut self) {
        let Some(number) = self.caller() else { return };
        self.bring_back(number);
    }

    fn bring_back(&mut self, number: usize) -> bool {
        let caller = &mut self.callers[number];
        if !matches!(caller.stage, Stage::Has | Stage::Returns) {
            return false;
        }
        if let Some(at) = caller.conn {
            caller.lose();
            let conn = &mut self.conns[at];
            conn.is_held = false;
            conn.down.clear();
        }
        if !self.connect(number) {
            return false;
        }
        let caller = &mut self.callers[number];
        caller.stage = Stage::Returns;
        let mut key = caller.key.clone();
        let lines = match self.choices.one(&[caller.lines, 0, 99_999, usize::MAX]) {
            lines if caller.lies => lines,
            _ => caller.lines,
        };
        // Not if nothing is left to decide by.
        if self.choices.below(30) == 1 {
            self.public.doubled.insert(number);
            key.replace_range(..1, if key.starts_with('0') { "1" } else { "0" });
        }
        let is_late = self.choices.below(3) == 1;
        let at = caller.conn.unwrap();
        let text = format!("/resume {key} {lines}\n");
        if is_late {
            // It was slow.
            self.pass(Duration::from_millis(400));
            self.listen();
            let most = self.choices.one(&[1, 10, 60, 500]);
            if self.conns[at].is_open {
                self.get(at, most);
            }
        }
        self.conns[at].say(text.as_bytes());
        true
    }
}
