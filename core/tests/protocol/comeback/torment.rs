//! A server that says whatever it likes, to a client that may come back.

use std::time::Duration;

use chat_core::{Client, Instant, Line, Lines, Wishes};

use super::choices::Choices;

/// What a server may say. `#` stands for a number.
const SAID: [&str; 17] = [
    "> Connected to the chat server (2 users online)\n",
    "> /session 0123456789abcdef0123456789abcdef 192.0.2.1:1\n",
    "> /session fedcba9876543210fedcba9876543210 지민\n",
    "> /session 0123456789ABCDEF0123456789abcdef 지민\n",
    "> /session \n",
    "> /resumed #\n",
    "> /heard #\n",
    "> /heard 99999999999999999999\n",
    "> /",
    "> ",
    "[a] 안녕\n",
    "[a -> you] > /heard 1\n",
    "> The name a is taken; a# is free\n",
    "> The user 192.0.2.1:1 is now a\n",
    "> 3 earlier messages, 14:02 to 14:05:\n",
    "> That was earlier\n",
    "> Host removed you (#)\n",
];

/// What its first line may be.
const FIRST: [&str; 6] = [
    "> Connected to the chat server (1 user online)\n",
    "> Connected to the chat server (1 user online)",
    "> /resumed #\n",
    "> The room is locked\n",
    "> /session 0123456789abcdef0123456789abcdef 지민\n",
    "\n",
];

/// What a user enters: `#` is the number of the line.
const ENTERED: [&str; 6] = ["안녕#", "/who #", "//who #", "/got #", "///x #", ""];

/// Bytes that wait to be sent at the most: what is wanted, and what was given at once when it was.
const MOST_ENTERED: usize = 64 * 1024 + 256;

/// Those that wait to be shown: what may have been held back until it was known whether it is shown.
const MOST_SHOWN: usize = (1024 + 64) * 1024;

/// A client, its user, and what is known of them.
struct Torment<'a, C> {
    client: Client,
    now: Instant,
    choices: &'a mut C,
    /// Lines entered.
    entered: usize,
    /// The number of the last one that was shown or given back.
    last: usize,
}

/// Runs a client against what a server says as `choices` decide, and `raw` bytes now and then, until
/// there are no more decisions, or `steps` were taken.
pub(crate) fn torment(choices: &mut impl Choices, raw: &[u8], steps: usize) {
    let name = choices.once_in(2).then(|| "a".to_owned());
    let wishes = Wishes { name, history: choices.below(2), own_when_heard: choices.once_in(2) };
    let now = Instant::default();
    let client = Client::with_session(now, wishes);
    let mut torment = Torment { client, now, choices, entered: 0, last: 0 };
    let mut raw = raw.chunks(16).cycle();
    torment.begin();
    for _ in 0..steps {
        if torment.choices.is_exhausted() {
            break;
        }
        torment.step(raw.next().unwrap_or_default());
        torment.show();
        assert!(torment.client.unheard_len() <= MOST_ENTERED);
        assert!(torment.client.lines().len() <= MOST_SHOWN);
    }
}

impl<C: Choices> Torment<'_, C> {
    fn step(&mut self, raw: &[u8]) {
        match self.choices.below(16) {
            0..5 => self.say(&SAID),
            5 => self.receive(raw),
            6..9 if self.client.wants_typed() => self.enter(),
            9..12 => self.transmit(),
            12 => self.now = self.now + Duration::from_millis(self.choices.below(5_000) as u64),
            13 => {
                if let Some(at) = self.client.next_tick() {
                    self.now = self.now.max(at);
                    self.client.tick(self.now);
                }
            }
            14 if self.choices.once_in(8) => self.reconnect(),
            15 if self.choices.once_in(64) => self.client.end_of_input(),
            _ => {}
        }
    }

    /// The first thing that comes, perhaps before anything is sent.
    fn begin(&mut self) {
        if self.choices.once_in(2) {
            self.transmit();
        }
        self.say(&FIRST);
    }

    fn say(&mut self, what: &[&str]) {
        let number = self.choices.below(300).to_string();
        let text = self.choices.one(what).replace('#', &number);
        let times = if self.choices.once_in(32) { 200 } else { 1 };
        self.receive(text.repeat(times).as_bytes());
    }

    fn receive(&mut self, bytes: &[u8]) {
        let at = self.choices.below(bytes.len() + 1);
        for chunk in [&bytes[..at], &bytes[at..]] {
            if self.client.wants_received() {
                self.client.receive(self.now, chunk, false);
            }
        }
    }

    fn enter(&mut self) {
        self.entered += 1;
        let line = self.choices.one(&ENTERED).replace('#', &self.entered.to_string());
        if self.choices.once_in(2) {
            self.client.type_in(format!("{line}\n").as_bytes());
        } else {
            self.client.say(&line);
        }
    }

    fn transmit(&mut self) {
        let lent = self.client.transmit(self.now).len();
        let count = self.choices.below(lent.min(65_535) + 1);
        self.client.sent(self.now, count);
    }

    fn reconnect(&mut self) {
        self.client.end_of_stream();
        if let Some(session) = self.client.take_session() {
            self.now = Instant::default();
            self.client = Client::resume(self.now, session);
        }
        self.begin();
    }

    /// What the user has entered is shown, or given back, once, in order.
    fn show(&mut self) {
        let lines = self.client.take_lines(Lines::default());
        let text: String = lines.iter().map(|shown| format!("{}\n", shown.line)).collect();
        assert_eq!(text.as_bytes(), lines.as_bytes());
        for shown in lines.iter() {
            if let Line::Own(text) = shown.line {
                self.note(text);
            }
        }
        if self.choices.once_in(4) {
            let unheard = self.client.take_unheard();
            // Where own lines are shown once they are sent, they may be among them.
            self.last = unheard.iter().map(|line| number(line)).fold(self.last, usize::max);
        }
    }

    fn note(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let number = number(text);
        assert!(number > self.last && number <= self.entered, "{text:?} after {}", self.last);
        self.last = number;
    }
}

/// The number of a line.
fn number(text: &str) -> usize {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or_else(|_| panic!("{text:?} was never entered"))
}
