//! One at the other end of connections that end anywhere: it keeps what a program keeps that comes
//! back, and looks at each line that it gets.

use std::collections::{BTreeMap, BTreeSet};

use super::super::screen::Screen;
use super::public::{Public, tag_of};

/// What begins a session, of which the key is known: the lines that were said before, and who it is.
pub(super) struct Begun {
    pub(super) lines: usize,
    pub(super) address: String,
}

/// Where its session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It wants none.
    Plain,
    /// It has asked for one, from that byte of its input on.
    Asks(usize),
    /// It has one.
    Has,
    /// It has said that it has come back.
    Returns,
    /// It has given it back, or lies.
    Over,
}

pub(super) struct Caller {
    pub(super) number: usize,
    pub(super) stage: Stage,
    /// Its connection, if it has one.
    pub(super) conn: Option<usize>,
    pub(super) key: String,
    pub(super) address: String,
    /// All that it enters, from its session's beginning on.
    pub(super) input: Vec<u8>,
    pub(super) heard: usize,
    pub(super) lines: usize,
    /// As how many of them the next one counts.
    next_counts: usize,
    /// The line that has not ended.
    rest: Vec<u8>,
    pub(super) screen: Screen,
    pub(super) tags: usize,
    /// Messages that are to be said, and questions that are to be answered, once.
    pub(super) public: Vec<usize>,
    pub(super) questions: Vec<usize>,
    /// Whether something that it enters, or is for it, may be lost with a session.
    pub(super) is_disturbed: bool,
    /// Whether it tells untrue numbers.
    pub(super) lies: bool,
    /// Whether it is a page in a browser: it comes by WebSockets.
    pub(super) is_page: bool,
    /// The next line of all that it has to get.
    next: usize,
    /// Lines that it was told are skipped, since the last that it got of those that all get.
    skipped: usize,
    pub(super) has_skipped: bool,
    /// Whether it was or may be sent anything that others are not.
    pub(super) has_private: bool,
    /// What ended inside a line.
    half: Option<String>,
    is_in_history: bool,
    is_confused: bool,
    private: Private,
    /// Whether its server has parted from all others: what it gets there nobody else knows.
    pub(super) is_apart: bool,
    /// Whether it was there since it last knew what it has got.
    has_strayed: bool,
    /// What it knew behind each line that it has got.
    known: BTreeMap<usize, Known>,
    /// How many messages it is to be told that may come again.
    come_again: usize,
}

/// What only one gets, so far.
#[derive(Clone, Default)]
struct Private {
    answers: BTreeMap<usize, usize>,
    messages: BTreeSet<(usize, usize)>,
    last_of: BTreeMap<usize, usize>,
}

/// What one knows of what it has got.
#[derive(Clone)]
struct Known {
    next: usize,
    skipped: usize,
    half: Option<String>,
    is_in_history: bool,
    is_confused: bool,
    private: Private,
}

impl Caller {
    pub(super) fn new(number: usize, stage: Stage) -> Self {
        Self {
            number,
            stage,
            conn: None,
            key: String::new(),
            address: String::new(),
            input: Vec::new(),
            heard: 0,
            lines: 0,
            next_counts: 1,
            rest: Vec::new(),
            screen: Screen::default(),
            tags: 0,
            public: Vec::new(),
            questions: Vec::new(),
            is_disturbed: false,
            lies: false,
            is_page: false,
            next: 0,
            skipped: 0,
            has_skipped: false,
            has_private: false,
            half: None,
            is_in_history: false,
            is_confused: false,
            private: Private::default(),
            is_apart: false,
            has_strayed: false,
            known: BTreeMap::new(),
            come_again: 0,
        }
    }

    /// Its connection has ended.
    pub(super) fn lose(&mut self) {
        self.conn = None;
        self.next_counts = 1;
        self.come_again = 0;
        self.rest.clear();
        self.screen = Screen::default();
    }

    /// Whether it may go on elsewhere.
    pub(super) fn is_held_apart(&self) -> bool {
        self.has_strayed
    }

    /// It knows what it has got so far.
    fn note_lines(&mut self) {
        let known = Known {
            next: self.next,
            skipped: self.skipped,
            half: self.half.clone(),
            is_in_history: self.is_in_history,
            is_confused: self.is_confused,
            private: self.private.clone(),
        };
        self.known.insert(self.lines, known);
    }

    /// It has got so many lines, and no others.
    fn go_back(&mut self, lines: usize, public: &Public) {
        self.has_strayed = false;
        let before = std::mem::replace(&mut self.lines, lines);
        if self.lies {
            return;
        }
        self.come_again = before - lines;
        let known = self.known[&lines].clone();
        (self.next, self.skipped, self.half) = (known.next, known.skipped, known.half);
        (self.is_in_history, self.is_confused) = (known.is_in_history, known.is_confused);
        self.private = known.private;
        self.known.retain(|&of, _| of <= lines);
        self.pass_half(public);
        // What it has said of other lines is said no more.
        let rest = String::from_utf8(self.input.split_off(self.heard)).unwrap();
        let lines = rest.split_inclusive('\n').filter(|line| !line.starts_with("/got "));
        self.input.extend(lines.flat_map(str::bytes));
    }

    /// Whether it got a line in part that was ended there, and nothing behind it.
    pub(super) fn has_half(&self) -> bool {
        self.half.is_some()
    }

    /// It goes on elsewhere behind a line that was ended where it was: nobody there knows of that.
    pub(super) fn pass_half(&mut self, public: &Public) {
        if self.half.take().is_some() {
            let is_mine = |at: &usize| public.lines[*at].subject.as_ref() == Some(&self.address);
            let mut due = (self.next..public.lines.len()).filter(|at| !is_mine(at));
            self.next = due.nth(self.skipped).map_or(self.next, |at| at + 1);
            self.skipped = 0;
        }
    }

    /// Takes bytes. Gives what of its input is to be sent now on this connection, from where on.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        begun: &BTreeMap<String, Begun>,
        public: &Public,
    ) -> Option<usize> {
        let mut sends = None;
        self.has_strayed |= self.is_apart && !bytes.is_empty();
        self.screen.show(bytes);
        for &byte in bytes {
            if byte != b'\n' {
                self.rest.push(byte);
                continue;
            }
            let line = String::from_utf8(std::mem::take(&mut self.rest)).unwrap();
            if self.stage == Stage::Over {
                continue;
            }
            if line.starts_with("> /") {
                sends = self.heed(&line, begun, public).or(sends);
            } else if matches!(self.stage, Stage::Asks(_)) {
                self.is_private(&line);
            } else if self.stage == Stage::Has {
                self.lines += std::mem::replace(&mut self.next_counts, 1);
                if self.has_strayed {
                    continue;
                }
                if !self.lies && !self.is_confused {
                    self.look_at(&line, public);
                }
                self.note_lines();
            }
        }
        sends
    }

    /// A line that is for programs.
    fn heed(
        &mut self,
        line: &str,
        begun: &BTreeMap<String, Begun>,
        public: &Public,
    ) -> Option<usize> {
        let mut words = line.split(' ').skip(1);
        let word = words.next().unwrap();
        let argument = words.next().unwrap_or_default();
        match (word, self.stage) {
            ("/session", Stage::Asks(from)) => {
                self.input.drain(..from);
                self.begin(argument, begun)
            }
            ("/session", Stage::Returns) => {
                // The room has forgotten it: what was not heard is not sent.
                self.is_disturbed = true;
                self.input.clear();
                self.begin(argument, begun)
            }
            ("/counts", Stage::Has) => {
                self.next_counts = argument.parse().unwrap();
                None
            }
            ("/heard", Stage::Has) => {
                self.heard = argument.parse().unwrap();
                assert!(self.heard <= self.input.len() || self.lies, "{line}");
                None
            }
            ("/resumed", Stage::Returns) => {
                let heard = argument.parse().unwrap();
                self.stage = Stage::Has;
                assert!(self.heard <= heard || self.lies, "{line}: {} were", self.heard);
                self.heard = heard;
                assert!(heard <= self.input.len() || self.lies, "{line}");
                let lines = words.next().map_or(self.lines, |lines| lines.parse().unwrap());
                if !self.is_apart && (self.has_strayed || lines < self.lines) {
                    assert!(lines <= self.lines || self.lies, "{line}");
                    self.go_back(lines, public);
                }
                Some(heard.min(self.input.len()))
            }
            (_, Stage::Plain | Stage::Over) => None,
            _ => panic!("{line} for {:?}", self.stage),
        }
    }

    fn begin(&mut self, key: &str, begun: &BTreeMap<String, Begun>) -> Option<usize> {
        self.stage = Stage::Has;
        key.clone_into(&mut self.key);
        self.has_strayed = self.is_apart;
        let Some(Begun { lines, address }) = begun.get(key) else {
            assert!(self.is_apart, "nobody knows of that");
            self.stage = Stage::Over;
            return None;
        };
        (self.next, self.lines, self.heard, self.skipped) = (*lines, 0, 0, 0);
        (self.half, self.is_in_history) = (None, false);
        address.clone_into(&mut self.address);
        self.known.clear();
        self.note_lines();
        None
    }

    /// A line that counts.
    fn look_at(&mut self, line: &str, public: &Public) {
        if line.starts_with("> The room's log cannot be reached") || line == "> The room goes on" {
            return;
        }
        if let Some(rest) = line.strip_prefix("> The room's log was cut back: ") {
            let told: usize = rest.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(std::mem::take(&mut self.come_again), told, "{line}");
            return;
        }
        assert_eq!(self.come_again, 0, "come again untold: {line}");
        if let Some(count) = line.strip_prefix("> ").and_then(|rest| {
            rest.strip_suffix(" skipped: this connection reads too slowly")?.split(' ').next()
        }) {
            let count: usize = count.parse().unwrap();
            assert!(count > 0, "{line}");
            self.has_skipped = true;
            self.half = None;
            if self.is_in_history {
                self.is_confused = true;
            }
            self.skipped += count;
            return;
        }
        assert_eq!(self.half, None, "no line of those that all get, {line:?} came then");
        if self.is_in_history {
            self.is_in_history = line != "> That was earlier";
            return;
        }
        if line.starts_with("> ") && line.contains(" earlier message") {
            self.is_in_history = true;
            return;
        }
        if line.starts_with("> Host removed you") {
            self.stage = Stage::Over;
            return;
        }
        if self.is_private(line) {
            return;
        }
        if self.has_private && self.skipped > 0 && tag_of(line).is_none() {
            // It may have been said more than once: the next that was not will tell.
            self.skipped += 1;
            return;
        }
        let is_mine = |at: usize| public.lines[at].subject.as_ref() == Some(&self.address);
        let mut at = self.next;
        let mut missing = 0;
        loop {
            while at < public.lines.len() && is_mine(at) {
                at += 1;
            }
            let Some(said) = public.lines.get(at) else {
                // What it has a part of, and gets no more of.
                let mut due = (self.next..public.lines.len()).filter(|at| !is_mine(*at));
                let is_half = |at: usize| public.lines[at].line.starts_with(line);
                let is_due = if self.has_private {
                    due.take(self.skipped + 1).any(is_half)
                } else {
                    due.nth(self.skipped).is_some_and(is_half)
                };
                assert!(is_due, "{line:?} behind {}", self.skipped);
                self.half = Some(line.to_owned());
                return;
            };
            let is_there = self.has_private || missing == self.skipped;
            if said.line == line && is_there {
                break;
            }
            missing += 1;
            at += 1;
        }
        if missing > 0 && self.skipped == 0 {
            let due = (self.next..).find(|at| !is_mine(*at)).unwrap();
            let due = &*public.lines[due].line;
            assert!(due.starts_with(line), "{line:?} of {due:?}");
            self.half = Some(line.to_owned());
            return;
        }
        self.assert_missing(missing);
        (self.next, self.skipped) = (at + 1, 0);
    }

    /// So many lines that all get did not come.
    fn assert_missing(&mut self, missing: usize) {
        if self.has_private {
            assert!(missing <= self.skipped, "{missing} are missing, told were {}", self.skipped);
        } else {
            assert_eq!(missing, self.skipped, "are missing and were told");
        }
    }

    /// Whether a line is one that nobody else gets.
    fn is_private(&mut self, line: &str) -> bool {
        const PUBLIC: [&str; 7] = [
            "> New user ",
            "> The user ",
            "> Host ",
            "> Only Host speaks now",
            "> Everybody may speak again",
            "> Topic: ",
            "> There is no topic now",
        ];
        // It may be the half of one.
        let is_public = |begin: &&str| line.starts_with(*begin) || begin.starts_with(line);
        let is_answer = line.starts_with("> ")
            && (!PUBLIC.iter().any(is_public)
                || line.ends_with(" was not said")
                || line.ends_with(" not get that"));
        if let Some((caller, number)) = tag_of(line).filter(|_| is_answer) {
            assert_eq!(caller, self.number, "{line}: another one's answer");
            *self.private.answers.entry(number).or_default() += 1;
        }
        let label = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
        let Some((label, text)) = label.filter(|(label, _)| label.contains(" -> ")) else {
            return is_answer;
        };
        if let Some(tag) = tag_of(text) {
            let is_to_itself = tag.0 == self.number && label.starts_with("you -> ");
            let is_new =
                self.private.messages.insert((tag.0 * 2 + usize::from(is_to_itself), tag.1));
            assert!(is_new, "{line}: twice");
            if label.ends_with(" -> you") {
                let last = self.private.last_of.insert(tag.0, tag.1);
                assert!(last.is_none_or(|last| last < tag.1), "{line}: after {last:?}");
            }
        }
        true
    }

    /// It has got all that there is.
    pub(super) fn finish(&mut self, public: &Public) {
        assert_eq!(self.stage, Stage::Has);
        assert_eq!(self.heard, self.input.len(), "bytes of its input are heard");
        if self.is_confused {
            return;
        }
        assert_eq!(self.half, None);
        let rest = public.lines[self.next..].iter();
        let missing = rest.filter(|said| said.subject.as_ref() != Some(&self.address)).count();
        self.assert_missing(missing);
        for number in self.questions.iter().filter(|_| !self.is_disturbed) {
            let count = self.private.answers.get(number).copied().unwrap_or(0);
            assert!(count == 1 || (count == 0 && self.has_skipped), "{number}: {count} answers");
        }
    }
}
