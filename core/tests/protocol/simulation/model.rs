//! A naive room: a list of lines for each reader, everything copied. Slow, simple, and what the
//! real one is compared with. Its messages are made of characters that are graphemes.

use std::collections::{BTreeMap, VecDeque};

/// A line that was said, by its number.
#[derive(Clone)]
struct Line {
    number: usize,
    text: String,
}

/// What one reader is still to get.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) addr: String,
    /// Bytes that only it gets.
    private: Vec<u8>,
    is_greeting: bool,
    /// The number that `private` tells as skipped, if nothing of it is sent.
    unsent_skips: Option<usize>,
    lines: VecDeque<Line>,
    /// Bytes of the first line that it has got.
    got: usize,
    /// What ends the line of which it will not get the rest.
    end: Vec<u8>,
    pub(crate) has_left: bool,
    pub(crate) is_unframed: bool,
    is_framed: bool,
    /// What it has said of a message that has not ended.
    unended: String,
    /// Its place in the order in which readers were last heard.
    heard: usize,
}

pub(crate) struct Model {
    max_line: usize,
    backlog: usize,
    kept: VecDeque<usize>,
    first_kept: usize,
    heard: usize,
    pub(crate) users: usize,
    pub(crate) readers: BTreeMap<usize, Reader>,
}

/// The console's place among the readers.
pub(crate) const CONSOLE: usize = usize::MAX;

fn users_online(users: usize) -> String {
    if users < 2 { format!("({users} user online)") } else { format!("({users} users online)") }
}

impl Model {
    pub(crate) fn new(max_line: usize, backlog: usize) -> Self {
        let readers = BTreeMap::from([(CONSOLE, Reader::default())]);
        Self {
            max_line,
            backlog,
            kept: VecDeque::new(),
            first_kept: 0,
            heard: 0,
            users: 0,
            readers,
        }
    }

    fn say(&mut self, author: usize, line: &str) {
        let number = self.first_kept + self.kept.len();
        let text = format!("{line}\n");
        self.kept.push_back(text.len());
        while self.kept.iter().sum::<usize>() > self.backlog {
            self.kept.pop_front();
            self.first_kept += 1;
        }
        for (&place, reader) in &mut self.readers {
            if place != author && !reader.has_left {
                reader.lines.push_back(Line { number, text: text.clone() });
            }
        }
    }

    pub(crate) fn join(&mut self, place: usize, addr: &str) {
        self.users += 1;
        let online = users_online(self.users);
        self.say(place, &format!("> New user {addr} entered {online}"));
        let private = format!("> Connected to the chat server {online}\n").into();
        let reader = Reader { addr: addr.into(), private, is_greeting: true, ..Reader::default() };
        self.readers.insert(place, reader);
    }

    pub(crate) fn receive(&mut self, place: usize, text: &str) {
        self.heard += 1;
        self.readers.get_mut(&place).unwrap().heard = self.heard;
        for piece in text.split_inclusive('\n') {
            let reader = self.readers.get_mut(&place).unwrap();
            reader.unended += piece.trim_end_matches('\n');
            while self.readers[&place].unended.len() > self.max_line {
                let text = &self.readers[&place].unended;
                let (text, rest) = text.split_at(text.floor_char_boundary(self.max_line));
                let (text, rest) = (text.to_owned(), rest.to_owned());
                self.say_text(place, &text);
                self.readers.get_mut(&place).unwrap().unended = rest;
            }
            let reader = self.readers.get_mut(&place).unwrap();
            if piece.ends_with('\n') {
                reader.is_framed |= !reader.is_unframed;
                self.end_message(place);
            }
        }
    }

    fn end_message(&mut self, place: usize) {
        let reader = self.readers.get_mut(&place).unwrap();
        let text = std::mem::take(&mut reader.unended);
        if !text.is_empty() {
            self.say_text(place, &text);
        }
    }

    fn say_text(&mut self, place: usize, text: &str) {
        let line = format!("[{}] {text}", self.readers[&place].addr);
        self.say(place, &line);
    }

    /// A silence of everybody: first of the one who was heard first.
    pub(crate) fn silence(&mut self) {
        let mut places: Vec<usize> = self.readers.keys().copied().collect();
        places.sort_by_key(|place| self.readers[place].heard);
        for place in places {
            let reader = self.readers.get_mut(&place).unwrap();
            if !reader.is_framed && !reader.unended.is_empty() {
                reader.is_unframed = true;
                self.end_message(place);
            }
        }
    }

    pub(crate) fn end_of_input(&mut self, place: usize) {
        if !self.readers[&place].has_left {
            self.end_message(place);
            self.depart(place);
        }
    }

    fn depart(&mut self, place: usize) {
        self.users -= 1;
        let reader = self.readers.get_mut(&place).unwrap();
        reader.has_left = true;
        let line = format!("< The user {} left {}", reader.addr, users_online(self.users));
        self.say(place, &line);
    }

    pub(crate) fn leave(&mut self, place: usize) {
        if !self.readers[&place].has_left {
            self.depart(place);
        }
        self.readers.remove(&place);
    }

    /// What a reader has pending, all of it unless something must be told it first.
    pub(crate) fn pending(&mut self, place: usize) -> Vec<u8> {
        let first_kept = self.first_kept;
        let reader = self.readers.get_mut(&place).unwrap();
        let is_behind = reader.lines.front().is_some_and(|line| line.number < first_kept);
        if is_behind && !reader.private.is_empty() && reader.unsent_skips.is_none() {
            return reader.private.clone();
        }
        if is_behind {
            let gone = reader.lines.iter().take_while(|line| line.number < first_kept).count();
            let mut missed = gone;
            if reader.got > 0 {
                let text = &reader.lines[0].text;
                let end = text.ceil_char_boundary(reader.got);
                reader.end = [&text.as_bytes()[reader.got..end], b"\n"].concat();
                missed -= usize::from(&text[end..] == "\n");
            }
            let skips = missed + reader.unsent_skips.unwrap_or(0);
            reader.lines.drain(..gone);
            reader.got = 0;
            let s = if skips == 1 { "" } else { "s" };
            let notice =
                format!("> {skips} message{s} skipped: this connection reads too slowly\n");
            let notice = if skips > 0 { notice.as_bytes() } else { b"" };
            reader.private = [&reader.end, notice].concat();
            reader.is_greeting = false;
            reader.unsent_skips = Some(skips);
        }
        let lines: String = reader.lines.iter().map(|line| line.text.as_str()).collect();
        [&reader.private, &lines.as_bytes()[reader.got..]].concat()
    }

    /// Whether a newline at the end of a write that ends in what is private may be withheld.
    pub(crate) fn is_greeting_only(&self, place: usize, length: usize) -> bool {
        let reader = &self.readers[&place];
        reader.is_greeting && length <= reader.private.len()
    }

    /// The first `count` bytes of what was pending are sent.
    pub(crate) fn sent(&mut self, place: usize, count: usize) {
        let reader = self.readers.get_mut(&place).unwrap();
        let private = count.min(reader.private.len());
        reader.private.drain(..private);
        if private > 0 {
            reader.unsent_skips = None;
            reader.end.clear();
        }
        let mut left = count - private;
        while left > 0 {
            let rest = reader.lines[0].text.len() - reader.got;
            let step = rest.min(left);
            reader.got += step;
            left -= step;
            if step == rest {
                reader.lines.pop_front();
                reader.got = 0;
            }
        }
    }

    pub(crate) fn is_finished(&self, place: usize) -> bool {
        let reader = &self.readers[&place];
        reader.has_left && reader.private.is_empty() && reader.lines.is_empty()
    }
}
