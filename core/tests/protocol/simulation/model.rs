//! A naive room: a list of lines for each reader, everything copied. Slow, simple, and what the
//! real one is compared with.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::time::Duration;

use chat_core::{Instant, Limits};
use unicode_segmentation::UnicodeSegmentation;

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
    /// What it has said of a message that has not ended, as it came.
    unended: Vec<u8>,
    /// Bytes of its text that are said, as pieces of what is too long.
    said: usize,
    heard: Instant,
    /// When to look whether a silence has ended its message.
    look_at: Option<Instant>,
    /// What it may say while the room waits, in microseconds that it takes to be given back, and when
    /// it was that much.
    little: (u64, Instant),
}

pub(crate) struct Model {
    limits: Limits,
    kept: VecDeque<usize>,
    first_kept: usize,
    pub(crate) users: usize,
    pub(crate) readers: BTreeMap<usize, Reader>,
    now: Instant,
}

/// How late a tick may come.
const LATE: Duration = Duration::from_millis(100);

/// What a member may say while the room waits, in bytes of the log, and how much of it a second gives
/// back.
const LITTLE: u64 = 4096;
const LITTLE_A_SECOND: u64 = 500;

/// Microseconds in which a byte of it is given back.
const BYTE: u64 = 1_000_000 / LITTLE_A_SECOND;

/// The console's place among the readers.
pub(crate) const CONSOLE: usize = usize::MAX;

fn users_online(users: usize) -> String {
    if users < 2 { format!("({users} user online)") } else { format!("({users} users online)") }
}

/// The text of a message, as others may see it.
fn clean(bytes: &[u8]) -> String {
    let picture = |c: char| {
        match c {
        '\t' => c,
        '\0'..=' ' if c != ' ' => char::from_u32(0x2400 + u32::from(c)).unwrap(),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}' => '\u{fffd}',
        _ if "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(c) => '\u{fffd}',
        _ => c,
    }
    };
    String::from_utf8_lossy(bytes).chars().map(picture).collect()
}

/// The bytes whose meaning no later byte can change.
fn decided(bytes: &[u8]) -> &[u8] {
    if let Some(before) = bytes.strip_suffix(b"\r") {
        return before;
    }
    // A character has at most four bytes.
    let of_last = (1..=bytes.len().min(3)).map(|count| bytes.split_at(bytes.len() - count)).find(
        |(_, last)| {
            std::str::from_utf8(last)
                .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        },
    );
    of_last.map_or(bytes, |(before, _)| before)
}

/// Where the first piece of a text ends that is longer than `limit`.
fn cut(text: &str, limit: usize) -> usize {
    let graphemes = text.grapheme_indices(true).map(|(at, _)| at);
    graphemes
        .take_while(|&at| at <= limit)
        .last()
        .filter(|&at| at > 0)
        .unwrap_or(text.floor_char_boundary(limit))
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        let readers = BTreeMap::from([(CONSOLE, Reader::default())]);
        Self {
            limits,
            kept: VecDeque::new(),
            first_kept: 0,
            users: 0,
            readers,
            now: Instant::default(),
        }
    }

    fn reader(&mut self, place: usize) -> &mut Reader {
        self.readers.get_mut(&place).unwrap()
    }

    fn say(&mut self, author: usize, line: &str) {
        let number = self.first_kept + self.kept.len();
        let text = format!("{line}\n");
        self.kept.push_back(text.len());
        while self.kept.iter().sum::<usize>() > self.limits.backlog {
            self.kept.pop_front();
            self.first_kept += 1;
        }
        for (&place, reader) in &mut self.readers {
            if place != author && !reader.has_left {
                reader.lines.push_back(Line { number, text: text.clone() });
            }
        }
    }

    /// Those that have missed something and were not told yet.
    pub(crate) fn overrun(&self) -> impl Iterator<Item = usize> {
        let is_overrun = |reader: &Reader| {
            reader.lines.front().is_some_and(|line| line.number < self.first_kept)
        };
        self.readers.iter().filter(move |(_, reader)| is_overrun(reader)).map(|(place, _)| *place)
    }

    /// A newcomer; what it is told if there is no place for it.
    pub(crate) fn join(&mut self, now: Instant, place: usize, addr: &str) -> Result<(), String> {
        self.now = now;
        if self.users >= self.limits.max_users {
            return Err(format!("> The chat server is full {}\n", users_online(self.users)));
        }
        self.users += 1;
        let online = users_online(self.users);
        self.say(place, &format!("> New user {addr} entered {online}"));
        let private = format!("> Connected to the chat server {online}\n").into();
        let reader = Reader {
            addr: addr.into(),
            private,
            is_greeting: true,
            little: (LITTLE_A_SECOND * BYTE, now),
            ..Reader::default()
        };
        self.readers.insert(place, reader);
        Ok(())
    }

    pub(crate) fn receive(&mut self, now: Instant, place: usize, bytes: &[u8]) {
        self.now = now;
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let reader = self.reader(place);
            reader.heard = now;
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    reader.unended.extend_from_slice(end);
                    reader.is_framed |= !reader.is_unframed;
                    if reader.unended.ends_with(b"\r") {
                        reader.unended.pop();
                    }
                    self.end_message(place);
                }
                None => {
                    reader.unended.extend_from_slice(piece);
                    let text = clean(decided(&reader.unended));
                    self.say_pieces(place, &text);
                }
            }
        }
        self.await_silence(place);
    }

    /// Says the pieces that are ready of a text that has not ended.
    fn say_pieces(&mut self, place: usize, text: &str) {
        while text.len() - self.reader(place).said > self.limits.max_line {
            let rest = &text[self.reader(place).said..];
            let piece = &rest[..cut(rest, self.limits.max_line)];
            self.reader(place).said += piece.len();
            self.say_text(place, piece);
        }
    }

    fn end_message(&mut self, place: usize) {
        let text = clean(&mem::take(&mut self.reader(place).unended));
        self.say_pieces(place, &text);
        let said = mem::take(&mut self.reader(place).said);
        self.say_text(place, &text[said..]);
    }

    fn say_text(&mut self, place: usize, text: &str) {
        if !text.is_empty() {
            let line = format!("[{}] {text}", self.readers[&place].addr);
            self.say(place, &line);
            let used = (line.len() + 1) as u64 * BYTE;
            let left = self.little_in_micros(place, self.now).saturating_sub(used);
            self.reader(place).little = (left, self.now);
        }
    }

    /// What a member may say at `now` if the room waits, in bytes of the log.
    pub(crate) fn little(&self, place: usize, now: Instant) -> usize {
        (self.little_in_micros(place, now) / BYTE) as usize
    }

    fn little_in_micros(&self, place: usize, now: Instant) -> u64 {
        let (left, at) = self.readers[&place].little;
        (left + now.as_micros() - at.as_micros()).min(LITTLE * BYTE)
    }

    /// The most bytes by which the log grows for one of a member's: three for what is shown instead of
    /// it, half a label and a newline, as a line needs two.
    pub(crate) fn growth(&self, place: usize) -> usize {
        3 + ("[] ".len() + self.readers[&place].addr.len() + 1).div_ceil(2)
    }

    /// Members whose messages a silence will end.
    pub(crate) fn awaited(&self) -> usize {
        self.readers.values().filter(|reader| reader.look_at.is_some()).count()
    }

    fn await_silence(&mut self, place: usize) {
        let silence = self.limits.silence;
        let reader = self.reader(place);
        if !reader.is_framed && !reader.unended.is_empty() {
            reader.look_at.get_or_insert(reader.heard + silence);
        }
    }

    /// Time has passed: silences have ended messages, but not of those who are not listened to.
    pub(crate) fn tick(&mut self, now: Instant, is_held_back: impl Fn(usize) -> bool) {
        self.now = now;
        let due = |(place, reader): (&usize, &Reader)| {
            Some((reader.look_at.filter(|at| *at <= now)?, *place))
        };
        let mut due: Vec<_> = self.readers.iter().filter_map(due).collect();
        due.sort_unstable();
        for (at, place) in due {
            let silence = self.limits.silence;
            let reader = self.reader(place);
            reader.look_at = None;
            if reader.has_left {
                continue;
            }
            if is_held_back(place) || at + LATE < now {
                reader.heard = now;
            } else if !reader.is_framed
                && !reader.unended.is_empty()
                && reader.heard + silence <= now
            {
                reader.is_unframed = true;
                self.end_message(place);
            }
            self.await_silence(place);
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
        let online = users_online(self.users);
        let reader = self.reader(place);
        reader.has_left = true;
        let line = format!("< The user {} left {online}", reader.addr);
        self.say(place, &line);
    }

    /// A reader is gone.
    pub(crate) fn leave(&mut self, place: usize) {
        if place != CONSOLE && !self.readers[&place].has_left {
            self.depart(place);
        }
        self.readers.remove(&place);
    }

    /// What a reader has pending, all of it unless something must be told it first.
    pub(crate) fn pending(&mut self, place: usize) -> Vec<u8> {
        let first_kept = self.first_kept;
        let reader = self.reader(place);
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

    /// The first `count` bytes of what was pending are sent. Gives how many of them are everybody's.
    pub(crate) fn sent(&mut self, place: usize, count: usize) -> usize {
        let reader = self.reader(place);
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
        count - private
    }

    pub(crate) fn is_finished(&self, place: usize) -> bool {
        let reader = &self.readers[&place];
        reader.has_left && reader.private.is_empty() && reader.lines.is_empty()
    }
}
