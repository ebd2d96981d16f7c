//! A room that keeps one member's session, written from the protocol's description and nothing else.

use super::link::Room;

const NAMES: [&str; 2] = ["지민", "지민2"];

/// A room, and its connection to the one member that counts.
#[derive(Default)]
pub(crate) struct Pretend {
    member: Option<Member>,
    connection: Connection,
    /// How many sessions it has given.
    given: u32,
    /// What it has heard: messages and commands, whole lines as they were meant.
    pub(crate) heard: Vec<String>,
    /// The last number of lines that the member said that it has got.
    pub(crate) got: usize,
    /// Whether it greets everybody at once, and may find out later that one has come back.
    is_hasty: bool,
}

struct Member {
    key: String,
    name: String,
    /// The lines that it is to get, since its session began.
    lines: Vec<String>,
    /// Bytes of it that are taken for good.
    taken: usize,
    /// The message that it has begun.
    half: Vec<u8>,
}

#[derive(Default)]
struct Connection {
    /// What came before it was known who is there.
    opening: Vec<u8>,
    is_greeted: bool,
    is_member: bool,
    is_closed: bool,
    out: Vec<u8>,
}

impl Pretend {
    pub(crate) fn new(is_hasty: bool) -> Self {
        Self { is_hasty, ..Self::default() }
    }

    /// The room forgets everybody.
    pub(crate) fn restart(&mut self) {
        self.member = None;
    }

    pub(crate) fn has_member(&self) -> bool {
        self.member.is_some()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.connection.is_closed
    }

    /// The room says a line to everybody.
    pub(crate) fn say(&mut self, line: &str) {
        if let Some(member) = &mut self.member {
            member.lines.push(line.to_owned());
        }
        if self.connection.is_member || self.connection.is_greeted {
            self.put(&format!("{line}\n"));
        }
    }

    /// What the member's connection begins with is whole: returns what follows.
    fn open(&mut self) -> Option<Vec<u8>> {
        let opening = std::mem::take(&mut self.connection.opening);
        if let Some(rest) = opening.strip_prefix(b"\n\r\n") {
            self.begin();
            return Some(rest.to_vec());
        }
        let Some(end) = opening.iter().position(|&byte| byte == b'\n').filter(|&end| end > 0)
        else {
            self.connection.opening = opening;
            return None;
        };
        let line = std::str::from_utf8(&opening[..end]).unwrap();
        let (key, got) = line.strip_prefix("/resume ").unwrap().split_once(' ').unwrap();
        match &self.member {
            Some(member) if member.key == key => {
                let answer = format!("> /resumed {}\n", member.taken);
                let got: usize = got.parse().unwrap();
                let lines: String =
                    member.lines[got..].iter().flat_map(|line| [line, "\n"]).collect();
                self.got = got;
                self.put(&answer);
                self.put(&lines);
                self.connection.is_member = true;
            }
            _ => {
                self.wait();
                self.begin();
            }
        }
        Some(opening[end + 1..].to_vec())
    }

    /// Gives a session.
    fn begin(&mut self) {
        self.given += 1;
        let key = format!("{:032x}", 0xfeed_0000_u128 + u128::from(self.given));
        let name = "192.0.2.1:45390".to_owned();
        self.put(&format!("> /session {key} {name}\n"));
        self.connection.is_member = true;
        self.got = 0;
        self.member = Some(Member { key, name, lines: Vec::new(), taken: 0, half: Vec::new() });
    }

    fn take_in(&mut self, bytes: &[u8]) {
        let Some(member) = &mut self.member else { return };
        member.taken += bytes.len();
        member.half.extend_from_slice(bytes);
        while let Some(member) = &mut self.member
            && let Some(end) = member.half.iter().position(|&byte| byte == b'\n')
        {
            let line: Vec<u8> = member.half.drain(..=end).collect();
            self.obey(std::str::from_utf8(&line[..end]).unwrap());
        }
        if let Some(member) = &self.member {
            let taken = member.taken;
            self.put(&format!("> /heard {taken}\n"));
        }
    }

    fn obey(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "/got" => {
                let got: usize = rest.parse().unwrap();
                let member = self.member.as_ref().unwrap();
                assert!((self.got..=member.lines.len()).contains(&got), "{line}");
                return self.got = got;
            }
            "/bye" => {
                self.member = None;
                return self.connection.is_closed = true;
            }
            "/name" if rest == NAMES[0] => {
                self.say(&format!("> The name {rest} is taken; {} is free", NAMES[1]));
            }
            "/name" => {
                let member = self.member.as_mut().unwrap();
                let old = std::mem::replace(&mut member.name, rest.to_owned());
                self.say(&format!("> The user {old} is now {rest}"));
            }
            "/history" => {
                self.say("> 2 earlier messages, 14:02 to 14:05:");
                self.say("[192.0.2.7:1] 옛날");
                self.say("[192.0.2.7:1] > That was earlier");
                self.say("> That was earlier");
            }
            "/help" => (0..3).for_each(|line| self.say(&format!("> {line}"))),
            _ if line.is_empty() => return,
            _ => {}
        }
        self.heard.push(line.to_owned());
    }

    fn put(&mut self, text: &str) {
        self.connection.out.extend_from_slice(text.as_bytes());
    }
}

impl Room for Pretend {
    fn accept(&mut self) {
        self.connection = Connection::default();
        if self.is_hasty {
            self.wait();
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let mut input = bytes.to_vec();
        if !self.connection.is_member {
            self.connection.opening.append(&mut input);
            let Some(rest) = self.open() else { return };
            input = rest;
        }
        if !input.is_empty() {
            self.take_in(&input);
        }
    }

    fn wait(&mut self) {
        if !self.connection.is_greeted && !self.connection.is_member {
            self.connection.is_greeted = true;
            self.put("> Connected to the chat server (2 users online)\n");
        }
    }

    fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.connection.out)
    }
}
