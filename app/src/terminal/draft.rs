//! The draft: what is being written, the lines written before, and the search through them.
//!
//! The keys are those of a shell in its usual mode (readline's emacs mode).

use std::borrow::Cow;
use std::mem;

use chat_core::{YOU, shown};
use rustyline::history::{History, MemHistory, SearchDirection, SearchResult};
use rustyline::line_buffer::{ChangeListener, DeleteListener, Direction, LineBuffer};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::MAX_DRAFT;
use super::keys::Key;

/// Drafts that are remembered, for as long as the program runs, and bytes of each: enough to say
/// it again, little enough to be nothing.
const REMEMBERED: usize = 1000;
const LONGEST_REMEMBERED: usize = 16 * 1024;

/// Bytes of what is searched for.
const LONGEST_TERM: usize = 1024;

/// What a key leaves to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Paint it again, if that.
    Painted,
    /// Nothing could be done: the terminal's bell.
    Refused,
    /// [`Draft::take`] it, if it can be sent.
    Entered,
    /// Clear the screen.
    Cleared,
    /// Stop the program until its shell continues it.
    Suspended,
    /// End the program.
    Left,
}

/// What is to be seen of a draft: the cursor is before the byte of `text` that it names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View<'a> {
    /// What stands before the first line; [`YOU`] stands before each further one.
    pub(crate) prompt: Cow<'a, str>,
    pub(crate) text: &'a str,
    pub(crate) cursor: usize,
}

/// Text that is being written.
pub(crate) struct Draft {
    line: LineBuffer,
    history: MemHistory,
    /// The entry of the history that `line` was taken from; its length for none.
    place: usize,
    /// What was being written before the history was looked through.
    unfinished: Unfinished,
    search: Option<Search>,
    /// What was searched for last.
    term: String,
    killed: Killed,
}

/// A text and where the cursor is in it.
#[derive(Default)]
struct Unfinished {
    text: String,
    cursor: usize,
}

/// A search through the history, newest first.
struct Search {
    term: String,
    found: Found,
    /// What it began with.
    before: Unfinished,
}

enum Found {
    NotYet,
    Entry(usize),
    /// Nothing before or after this entry.
    NoneBeyond(Option<usize>),
}

impl Draft {
    pub(crate) fn new() -> Self {
        let mut history = MemHistory::new();
        // These settings of a history in memory do not fail.
        let _ = history.set_max_len(REMEMBERED);
        let _ = history.ignore_dups(true);
        Self {
            line: LineBuffer::with_capacity(MAX_DRAFT),
            history,
            place: 0,
            unfinished: Unfinished::default(),
            search: None,
            term: String::new(),
            killed: Killed::default(),
        }
    }

    /// What is to be seen.
    pub(crate) fn view(&self) -> View<'_> {
        let prompt = match &self.search {
            None => Cow::Borrowed(YOU),
            Some(search) => Cow::Owned(search.prompt()),
        };
        View { prompt, text: self.line.as_str(), cursor: self.line.pos() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Takes the text, which becomes the newest of the history, and begins a new one.
    pub(crate) fn take(&mut self) -> String {
        let text = self.line.as_str().to_owned();
        if text.len() <= LONGEST_REMEMBERED {
            let _ = self.history.add(&text);
        }
        self.set(Unfinished::default());
        self.place = self.history.len();
        text
    }

    pub(crate) fn press(&mut self, key: Key) -> Effect {
        let key = match &self.search {
            None => key,
            Some(_) => match self.press_in_search(key) {
                Ok(effect) => return effect,
                // It ends the search and then does what it always does.
                Err(key) => key,
            },
        };
        let effect = self.press_in_text(key);
        self.leave_graphemes_whole();
        effect
    }

    fn press_in_text(&mut self, key: Key) -> Effect {
        self.killed.begin_key();
        let line = &mut self.line;
        let done = match key {
            Key::Char(c) => return self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Paste(text) => return self.insert(&text),
            Key::AltEnter => return self.insert("\n"),
            Key::Enter => return Effect::Entered,
            Key::Ctrl('c') => return Effect::Left,
            Key::Ctrl('d') if line.is_empty() => return Effect::Left,
            Key::Ctrl('l') => return Effect::Cleared,
            Key::Ctrl('z') => return Effect::Suspended,
            Key::Ctrl('r') => return self.begin_search(),

            Key::Left | Key::Ctrl('b') => line.move_backward(1),
            Key::Right | Key::Ctrl('f') => line.move_forward(1),
            Key::WordLeft | Key::Alt('b') => self.move_to(self.start_of_word()),
            Key::WordRight | Key::Alt('f') => self.move_to(self.end_of_word()),
            Key::Home | Key::Ctrl('a') => {
                line.move_home();
                true
            }
            Key::End | Key::Ctrl('e') => {
                line.move_end();
                true
            }
            Key::Up | Key::Ctrl('p') => self.line_up() || self.older(),
            Key::Down | Key::Ctrl('n') => self.line_down() || self.newer(),

            Key::Backspace => line.backspace(1, &mut Forget),
            Key::Delete | Key::Ctrl('d') => line.delete(1, &mut Forget).is_some(),
            Key::Ctrl('k') => line.kill_line(&mut self.killed),
            Key::Ctrl('u') => line.discard_line(&mut self.killed),
            Key::Ctrl('w') => self.kill_back_to(self.start_of_blank_word()),
            Key::WordBackspace => self.kill_back_to(self.start_of_word()),
            Key::WordDelete | Key::Alt('d') => self.kill_on_to(self.end_of_word()),
            Key::Ctrl('y') => line.yank(&self.killed.text, 1, &mut Forget).is_some(),
            Key::Ctrl('t') => line.transpose_chars(&mut Forget),
            Key::Escape => true,
            Key::Ctrl(_) | Key::Alt(_) | Key::Other => false,
        };
        if done { Effect::Painted } else { Effect::Refused }
    }

    /// Inserts `text` as it may be shown, as much of it as there is room for.
    fn insert(&mut self, text: &str) -> Effect {
        let clean: String = text.chars().map(|c| if c == '\n' { c } else { shown(c) }).collect();
        let room = MAX_DRAFT.saturating_sub(self.line.len());
        let fits = &clean[..clean.floor_char_boundary(room)];
        self.line.yank(fits, 1, &mut Forget);
        if fits.len() == clean.len() { Effect::Painted } else { Effect::Refused }
    }

    fn set(&mut self, to: Unfinished) {
        self.line.update(&to.text, to.cursor.min(to.text.len()), &mut Forget);
    }

    fn current(&self) -> Unfinished {
        Unfinished { text: self.line.as_str().to_owned(), cursor: self.line.pos() }
    }

    /// The cursor stands between characters as a person sees them, also if some have just become
    /// one.
    fn leave_graphemes_whole(&mut self) {
        let text = self.line.as_str();
        let mut cursor = GraphemeCursor::new(self.line.pos(), text.len(), true);
        if let (Ok(false), Ok(Some(next))) =
            (cursor.is_boundary(text, 0), cursor.next_boundary(text, 0))
        {
            self.line.set_pos(next);
        }
    }

    /// Moves to the line above in a draft of several.
    fn line_up(&mut self) -> bool {
        let (above, _) = self.line.as_str().split_at(self.start_of_line());
        let Some(above) = above.strip_suffix('\n') else { return false };
        let start = above.rfind('\n').map_or(0, |newline| newline + 1);
        self.line.set_pos(start + nth_boundary(&above[start..], self.column()));
        true
    }

    /// Moves to the line below in a draft of several.
    fn line_down(&mut self) -> bool {
        let text = self.line.as_str();
        let Some(newline) = text[self.line.pos()..].find('\n') else { return false };
        let start = self.line.pos() + newline + 1;
        let below = text[start..].split('\n').next().unwrap_or_default();
        self.line.set_pos(start + nth_boundary(below, self.column()));
        true
    }

    fn start_of_line(&self) -> usize {
        self.before().rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Characters, as a person sees them, between the line's start and the cursor.
    fn column(&self) -> usize {
        self.before()[self.start_of_line()..].graphemes(true).count()
    }

    /// Where the word begins that the cursor is behind or in (UAX #29).
    fn start_of_word(&self) -> usize {
        let mut words = self.before().unicode_word_indices();
        words.next_back().map_or(0, |(start, _)| start)
    }

    /// Where the word ends that the cursor is before or in.
    fn end_of_word(&self) -> usize {
        let after = self.after();
        let word = after.unicode_word_indices().next();
        self.line.pos() + word.map_or(after.len(), |(start, word)| start + word.len())
    }

    /// Where what stands between blanks begins.
    fn start_of_blank_word(&self) -> usize {
        let before = self.before().trim_end();
        before
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }

    fn before(&self) -> &str {
        self.line.as_str().get(..self.line.pos()).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.line.as_str().get(self.line.pos()..).unwrap_or_default()
    }

    fn move_to(&mut self, to: usize) -> bool {
        let moves = to != self.line.pos();
        self.line.set_pos(to);
        moves
    }

    fn kill_back_to(&mut self, start: usize) -> bool {
        let killed = self.before().get(start..).unwrap_or_default().to_owned();
        self.line.delete_range(start..start + killed.len(), &mut Forget);
        self.killed.delete(start, &killed, Direction::Backward);
        !killed.is_empty()
    }

    fn kill_on_to(&mut self, end: usize) -> bool {
        let start = self.line.pos();
        self.line.delete_range(start..end, &mut self.killed);
        start < end
    }

    fn older(&mut self) -> bool {
        self.place > 0 && self.go_to(self.place - 1)
    }

    fn newer(&mut self) -> bool {
        self.place < self.history.len() && self.go_to(self.place + 1)
    }

    fn go_to(&mut self, place: usize) -> bool {
        if self.place == self.history.len() {
            self.unfinished = self.current();
        }
        self.place = place;
        let entry = self.entry(place);
        let to = entry.unwrap_or_else(|| mem::take(&mut self.unfinished));
        self.set(to);
        true
    }

    fn entry(&self, place: usize) -> Option<Unfinished> {
        let entry = self.history.get(place, SearchDirection::Reverse).ok().flatten()?;
        Some(Unfinished { cursor: entry.entry.len(), text: entry.entry.into_owned() })
    }

    fn begin_search(&mut self) -> Effect {
        let before = self.current();
        self.search = Some(Search { term: String::new(), found: Found::NotYet, before });
        Effect::Painted
    }

    /// Takes what was found; what was being written is below it, as if it had been looked for with
    /// the arrow keys.
    fn end_search(&mut self) {
        let Some(search) = self.search.take() else { return };
        if let Some(entry) = search.entry() {
            if self.place == self.history.len() {
                self.unfinished = search.before;
            }
            self.place = entry;
        }
    }

    /// Gives the key back if it ends the search.
    fn press_in_search(&mut self, key: Key) -> Result<Effect, Key> {
        let Some(search) = &mut self.search else { return Err(key) };
        let newest = self.history.len().checked_sub(1);
        let (from, direction) = match key {
            Key::Char(_) if search.term.len() >= LONGEST_TERM => return Ok(Effect::Refused),
            Key::Char(c) => {
                search.term.push(shown(c));
                (search.entry().or(newest), SearchDirection::Reverse)
            }
            Key::Backspace => {
                let last = search.term.grapheme_indices(true).next_back();
                let Some((start, _)) = last else { return Ok(Effect::Refused) };
                search.term.truncate(start);
                (newest, SearchDirection::Reverse)
            }
            Key::Ctrl('r') if search.term.is_empty() => {
                search.term.clone_from(&self.term);
                (newest, SearchDirection::Reverse)
            }
            Key::Ctrl('r') => match search.entry() {
                Some(entry) => (entry.checked_sub(1), SearchDirection::Reverse),
                None => (newest, SearchDirection::Reverse),
            },
            Key::Ctrl('s') => (search.entry().map(|entry| entry + 1), SearchDirection::Forward),
            Key::Ctrl('g') | Key::Escape => {
                let before = mem::take(&mut search.before);
                self.search = None;
                self.set(before);
                return Ok(Effect::Painted);
            }
            key => {
                self.end_search();
                return Err(key);
            }
        };
        self.term.clone_from(&search.term);
        if search.term.is_empty() {
            search.found = Found::NotYet;
            let Unfinished { text, cursor } = &search.before;
            self.line.update(text, (*cursor).min(text.len()), &mut Forget);
            return Ok(Effect::Painted);
        }
        let found =
            from.and_then(|from| self.history.search(&search.term, from, direction).ok().flatten());
        match found {
            Some(SearchResult { entry, idx, pos }) => {
                search.found = Found::Entry(idx);
                self.line.update(&entry, pos.min(entry.len()), &mut Forget);
                self.leave_graphemes_whole();
                Ok(Effect::Painted)
            }
            None => {
                search.found = Found::NoneBeyond(search.entry());
                Ok(Effect::Refused)
            }
        }
    }
}

impl Search {
    /// As the shells say it.
    fn prompt(&self) -> String {
        let failed = if let Found::NoneBeyond(_) = self.found { "failed " } else { "" };
        format!("({failed}reverse-i-search)`{}': ", self.term)
    }

    /// The entry that was found last.
    fn entry(&self) -> Option<usize> {
        match self.found {
            Found::NotYet => None,
            Found::Entry(entry) => Some(entry),
            Found::NoneBeyond(entry) => entry,
        }
    }
}

/// Where the character after the first `count` begins, as a person counts them, or the end.
fn nth_boundary(text: &str, count: usize) -> usize {
    text.grapheme_indices(true).nth(count).map_or(text.len(), |(at, _)| at)
}

/// What is deleted is gone.
struct Forget;

impl DeleteListener for Forget {
    fn delete(&mut self, _: usize, _: &str, _: Direction) {}
}

impl ChangeListener for Forget {
    fn insert_char(&mut self, _: usize, _: char) {}
    fn insert_str(&mut self, _: usize, _: &str) {}
    fn replace(&mut self, _: usize, _: &str, _: &str) {}
}

/// What was deleted and can be had again: by one key, or by several in a row.
#[derive(Default)]
struct Killed {
    text: String,
    /// Whether the key before has added to it, and whether this one has.
    is_continued: bool,
    has_grown: bool,
}

impl Killed {
    fn begin_key(&mut self) {
        self.is_continued = mem::take(&mut self.has_grown);
    }
}

impl DeleteListener for Killed {
    fn delete(&mut self, _: usize, text: &str, direction: Direction) {
        if text.is_empty() {
            return;
        }
        if !mem::replace(&mut self.is_continued, true) {
            self.text.clear();
        }
        self.has_grown = true;
        match direction {
            Direction::Forward => self.text.push_str(text),
            Direction::Backward => self.text.insert_str(0, text),
        }
    }
}
