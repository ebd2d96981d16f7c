//! A client that comes back, and the wire between it and a room, which is cut where a test wants.

use std::time::Duration;

use chat_core::{Client, Instant, Line, Lines, Wishes};

/// A room, and the connection that it has to the one member that counts.
pub(crate) trait Room {
    /// A new connection. What went over the one before it and has not arrived is lost.
    fn accept(&mut self);

    /// What came over the wire.
    fn receive(&mut self, bytes: &[u8]);

    /// Nothing came for a moment.
    fn wait(&mut self);

    /// Takes what is to go over the wire.
    fn take_out(&mut self) -> Vec<u8>;
}

/// How many bytes pass before a connection is cut, down to the client and up to the room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) down: usize,
    pub(crate) up: usize,
}

/// None.
pub(crate) const UNCUT: Cut = Cut { down: usize::MAX, up: usize::MAX };

pub(crate) struct Link<R> {
    pub(crate) room: R,
    pub(crate) client: Client,
    now: Instant,
    /// What happens to this connection and to those that follow it.
    cut: Cut,
    cuts: Vec<Cut>,
    /// How many bytes are moved at once.
    chunk: usize,
    /// What was shown: lines of the room, and the user's own.
    pub(crate) shown: Vec<String>,
    pub(crate) own: Vec<String>,
    /// Those that were earlier.
    pub(crate) earlier: Vec<String>,
    /// What a new room had not heard.
    pub(crate) unheard: Vec<String>,
    /// How often the client has come back.
    pub(crate) reconnections: usize,
    /// How many bytes went each way.
    pub(crate) moved: Cut,
}

impl<R: Room> Link<R> {
    pub(crate) fn new(room: R, wishes: Wishes, chunk: usize, cuts: &[Cut]) -> Self {
        let now = Instant::default();
        let mut cuts = cuts.to_vec();
        cuts.reverse();
        let mut link = Self {
            room,
            client: Client::with_session(now, wishes),
            now,
            cut: cuts.pop().unwrap_or(UNCUT),
            cuts,
            chunk,
            shown: Vec::new(),
            own: Vec::new(),
            earlier: Vec::new(),
            unheard: Vec::new(),
            reconnections: 0,
            moved: Cut { down: 0, up: 0 },
        };
        link.pump();
        link
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.client.type_in(text.as_bytes());
        self.pump();
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.client.say(text);
        self.pump();
    }

    pub(crate) fn end_of_input(&mut self) {
        self.client.end_of_input();
        self.pump();
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.client.next_tick().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.client.tick(self.now);
            self.pump();
        }
        self.now = end;
    }

    /// Whether the user's sending side is to be closed now.
    pub(crate) fn is_all_sent(&self) -> bool {
        self.client.is_all_sent(self.now)
    }

    /// Moves all that can be moved, over as many connections as that takes.
    pub(crate) fn pump(&mut self) {
        loop {
            let up = self.move_up();
            if up == 0 {
                self.room.wait();
            }
            let down = self.move_down();
            if self.cut.up == 0 || self.cut.down == 0 {
                if self.is_all_sent() {
                    // The user has left, and the goodbye may be lost.
                    return self.show();
                }
                self.reconnect();
            } else if up + down == 0 {
                return self.show();
            }
        }
    }

    /// Moves what the client sends, at most a chunk.
    fn move_up(&mut self) -> usize {
        let lent = self.client.transmit(self.now);
        // What goes over the wire is only a part of what the socket takes.
        let taken = lent.len().min(self.chunk);
        let count = taken.min(self.cut.up);
        self.room.receive(&lent[..count]);
        self.client.sent(self.now, taken);
        self.cut.up -= if self.cut.up == usize::MAX { 0 } else { count };
        self.moved.up += count;
        taken
    }

    /// Moves all that the room sends, in chunks.
    fn move_down(&mut self) -> usize {
        let out = self.room.take_out();
        let count = out.len().min(self.cut.down);
        out[..count].chunks(self.chunk).for_each(|chunk| {
            self.client.receive(self.now, chunk, false);
        });
        self.cut.down -= if self.cut.down == usize::MAX { 0 } else { count };
        self.moved.down += count;
        count
    }

    /// The connection has ended, and another one is made.
    pub(crate) fn reconnect(&mut self) {
        self.client.end_of_stream();
        self.show();
        let session = self.client.take_session().unwrap();
        assert!(self.client.take_session().is_none(), "it is taken once");
        self.now = Instant::default();
        self.client = Client::resume(self.now, session);
        self.room.accept();
        self.cut = self.cuts.pop().unwrap_or(UNCUT);
        self.reconnections += 1;
    }

    fn show(&mut self) {
        let lines = self.client.take_lines(Lines::default());
        for shown in lines.iter() {
            match shown.line {
                Line::Own(text) => self.own.push(text.to_owned()),
                line if shown.is_earlier => self.earlier.push(line.to_string()),
                line => self.shown.push(line.to_string()),
            }
        }
        if self.client.is_new_room() {
            self.unheard.extend(self.client.take_unheard());
        }
    }
}
