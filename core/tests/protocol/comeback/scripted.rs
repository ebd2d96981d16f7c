//! A client that may come back, and a server that says what a test says.

use std::time::Duration;

use chat_core::{Client, Instant, Lines, Session, Wishes};

pub(crate) const GREETING: &str = "> Connected to the chat server (1 user online)\n";
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A client with a clock, and a server that says what the test says.
pub(crate) struct Scripted {
    pub(crate) client: Client,
    pub(crate) now: Instant,
}

impl Scripted {
    pub(crate) fn with(wishes: Wishes) -> Self {
        let now = Instant::default();
        Self { client: Client::with_session(now, wishes), now }
    }

    /// One whose server has greeted it, and given it a session.
    pub(crate) fn begun() -> Self {
        let mut scripted = Self::with(Wishes::default());
        scripted.receive(GREETING);
        assert_eq!(scripted.sends(), "\n\r\n");
        scripted.receive(&format!("> /session {KEY} 지민\n"));
        assert_eq!(scripted.shows(), GREETING);
        assert_eq!(scripted.sends(), "");
        scripted
    }

    pub(crate) fn resume(session: Session) -> Self {
        let now = Instant::default();
        Self { client: Client::resume(now, session), now }
    }

    /// The connection ends, and the next one begins.
    pub(crate) fn reconnect(mut self) -> Self {
        self.client.end_of_stream();
        Self::resume(self.client.take_session().unwrap())
    }

    pub(crate) fn receive(&mut self, text: &str) {
        self.client.receive(self.now, text.as_bytes(), false);
    }

    pub(crate) fn shows(&mut self) -> String {
        String::from_utf8(self.client.take_lines(Lines::default()).into_bytes()).unwrap()
    }

    pub(crate) fn sends(&mut self) -> String {
        let mut sent = String::new();
        loop {
            let lent = std::str::from_utf8(self.client.transmit(self.now)).unwrap();
            if lent.is_empty() {
                return sent;
            }
            sent += lent;
            let count = lent.len();
            self.client.sent(self.now, count);
        }
    }

    pub(crate) fn pass_millis(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(at) = self.client.next_tick().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.client.tick(self.now);
        }
        self.now = end;
    }

    pub(crate) fn unheard(&self) -> Vec<&str> {
        self.client.unheard().collect()
    }
}
