//! The draft: what is being written, the drafts before it, and the search through them.
//!
//! The keys are those of a shell in its usual mode (readline's emacs mode).

use std::borrow::Cow;
use std::mem;

use chat_core::{YOU, shown};
use rustyline::history::{History, MemHistory, SearchDirection, SearchResult};
use unicode_segmentation::UnicodeSegmentation;

use super::completion::{Cycle, Vocabulary};
use super::keys::Key;
use super::text::Text;

/// How many drafts are remembered while the program runs, and up to how many bytes: enough to say
/// something again, little enough to be negligible.
const REMEMBERED: usize = 1000;
const LONGEST_REMEMBERED: usize = 16 * 1024;

/// Most bytes of a search term.
const LONGEST_TERM: usize = 1024;

/// What remains to be done after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Paint the draft again, if it has changed at all.
    Painted,
    /// Ring the bell: nothing could be done.
    Refused,
    /// [`Draft::take`] the draft, if it can be sent.
    Entered,
    /// Clear the screen.
    Cleared,
    /// Stop the program until its shell continues it.
    Suspended,
    /// The end of the input: Ctrl+D where nothing is written.
    Ended,
    /// End the program.
    Left,
}

/// What is shown of a draft. The cursor is before the byte of `text` at its index.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct View<'a> {
    /// What stands before the first line.
    pub(crate) prompt: Cow<'a, str>,
    /// What stands before each further one, and before those that are entered and not sent.
    pub(crate) label: &'a str,
    pub(crate) text: &'a str,
    pub(crate) cursor: usize,
    /// What stands dim in place of a text, if there is none.
    pub(crate) hint: &'a str,
}

/// Text that is being written.
pub(crate) struct Draft {
    /// What stands before each line.
    label: &'static str,
    hint: String,
    text: Text,
    history: MemHistory,
    /// The entry of the history that `text` was taken from; the history's length if none.
    place: usize,
    /// What was being written before an entry of the history was shown.
    unfinished: Unfinished,
    search: Option<Search>,
    /// What was searched for last.
    term: String,
    /// The completion that stands in the text, if there are others: the next Tab goes to those.
    cycle: Option<Cycle>,
}

/// A text and the cursor's place in it.
#[derive(Default)]
struct Unfinished {
    text: String,
    cursor: usize,
}

/// A search through the history, newest first.
struct Search {
    term: String,
    found: Found,
    /// What stood there when it began.
    before: Unfinished,
}

enum Found {
    NotYet,
    Entry(usize),
    /// Nothing before this entry, or after it.
    NoneBeyond(Option<usize>),
}

impl Draft {
    pub(crate) fn new() -> Self {
        let mut history = MemHistory::new();
        // These settings cannot fail for a history in memory.
        let _ = history.set_max_len(REMEMBERED);
        let _ = history.ignore_dups(true);
        Self {
            label: YOU,
            hint: String::new(),
            text: Text::new(),
            history,
            place: 0,
            unfinished: Unfinished::default(),
            search: None,
            term: String::new(),
            cycle: None,
        }
    }

    /// The same draft with another label than [`YOU`] before each line, and with a hint that stands
    /// there while nothing is typed.
    pub(crate) fn labelled(self, label: &'static str, hint: String) -> Self {
        Self { label, hint, ..self }
    }

    /// Sets what stands there while nothing is typed. Returns whether that is something else now.
    pub(crate) fn set_hint(&mut self, hint: String) -> bool {
        let is_new = hint != self.hint;
        self.hint = hint;
        is_new
    }

    /// Returns what is shown.
    pub(crate) fn view(&self) -> View<'_> {
        let (prompt, hint) = match &self.search {
            None => (Cow::Borrowed(self.label), self.hint.as_str()),
            Some(search) => (Cow::Owned(search.prompt()), ""),
        };
        let (text, cursor) = (self.text.as_str(), self.text.cursor());
        View { prompt, label: self.label, text, cursor, hint }
    }

    /// Takes the text, which becomes the newest entry of the history, and begins a new one.
    pub(crate) fn take(&mut self) -> String {
        let text = self.text.as_str().to_owned();
        if text.len() <= LONGEST_REMEMBERED {
            let _ = self.history.add(&text);
        }
        self.text.set("", 0);
        self.place = self.history.len();
        text
    }

    /// Takes the text that was being written, also in the middle of a search.
    pub(crate) fn give_up(&mut self) -> String {
        if let Some(search) = self.search.take() {
            self.set(&search.before);
        }
        self.take()
    }

    /// Begins another line at the end.
    pub(crate) fn begin_line(&mut self) {
        self.text.set_cursor_to_end();
        self.text.insert("\n");
    }

    /// Completes the word before the cursor, and with each further call puts another candidate in
    /// its place, the one before if it `goes_back`. Without a word it inserts a tab.
    pub(crate) fn complete(&mut self, vocabulary: &Vocabulary<'_>, goes_back: bool) -> Effect {
        self.end_search();
        self.text.begin_key();
        let cycle = match self.cycle.take() {
            Some(mut cycle) => {
                cycle.turn(goes_back);
                cycle
            }
            None => match vocabulary.complete(self.text.before()) {
                Some(candidates) => Cycle::new(candidates, goes_back),
                None if goes_back => return Effect::Refused,
                None => return self.press_in_text(Key::Char('\t')),
            },
        };
        let Some(text) = cycle.text() else { return Effect::Refused };
        if !self.text.replace_from(cycle.start(), text) {
            return Effect::Refused;
        }
        self.cycle = Some(cycle).filter(Cycle::has_others);
        Effect::Painted
    }

    /// Whether the cursor is where a line begins, and what is inserted there becomes its beginning.
    pub(crate) fn is_at_line_start(&self) -> bool {
        self.text.is_at_line_start()
    }

    /// Puts lines before what is being written.
    pub(crate) fn put_before(&mut self, lines: &str) {
        if let Some(search) = self.search.take() {
            self.set(&search.before);
        }
        self.cycle = None;
        let current = self.current();
        let break_ = if lines.is_empty() || current.text.is_empty() { "" } else { "\n" };
        let cursor = lines.len() + break_.len() + current.cursor;
        self.text.set(&format!("{lines}{break_}{}", current.text), cursor);
    }

    pub(crate) fn press(&mut self, key: Key) -> Effect {
        if matches!(key, Key::Other | Key::Report(_)) {
            return Effect::Painted;
        }
        self.cycle = None;
        let key = match &self.search {
            None => key,
            Some(_) => match self.press_in_search(key) {
                Ok(effect) => return effect,
                // It ends the search, and then does what it does outside of one.
                Err(key) => key,
            },
        };
        self.press_in_text(key)
    }

    fn press_in_text(&mut self, key: Key) -> Effect {
        let text = &mut self.text;
        text.begin_key();
        let done = match key {
            Key::Enter => return Effect::Entered,
            Key::Ctrl('c') => return Effect::Left,
            Key::Ctrl('d') if text.is_empty() => return Effect::Ended,
            Key::Ctrl('l') => return Effect::Cleared,
            Key::Ctrl('z') => return Effect::Suspended,
            Key::Ctrl('r') => self.begin_search(),

            Key::Char(c) => text.insert(c.encode_utf8(&mut [0; 4])),
            Key::Paste(pasted) => text.insert(&pasted),
            Key::AltEnter => text.insert("\n"),

            Key::Left | Key::Ctrl('b') => text.left(),
            Key::Right | Key::Ctrl('f') => text.right(),
            Key::WordLeft | Key::Alt('b') => text.word_left(),
            Key::WordRight | Key::Alt('f') => text.word_right(),
            Key::Home | Key::Ctrl('a') => {
                text.line_start();
                true
            }
            Key::End | Key::Ctrl('e') => {
                text.line_end();
                true
            }
            Key::Up | Key::Ctrl('p') => text.line_up() || self.older(),
            Key::Down | Key::Ctrl('n') => text.line_down() || self.newer(),

            Key::Backspace => text.backspace(),
            Key::Delete | Key::Ctrl('d') => text.delete(),
            Key::Ctrl('u') => text.kill_line_start(),
            Key::Ctrl('k') => text.kill_line_end(),
            Key::Ctrl('w') => text.kill_blank_word(),
            Key::WordBackspace => text.kill_word_start(),
            Key::WordDelete | Key::Alt('d') => text.kill_word_end(),
            Key::Ctrl('y') => text.yank(),
            Key::Ctrl('t') => text.transpose(),
            Key::Escape | Key::Other | Key::Report(_) => true,
            Key::BackTab | Key::Ctrl(_) | Key::Alt(_) => false,
        };
        if done { Effect::Painted } else { Effect::Refused }
    }

    fn set(&mut self, to: &Unfinished) {
        self.text.set(&to.text, to.cursor);
    }

    fn current(&self) -> Unfinished {
        Unfinished { text: self.text.as_str().to_owned(), cursor: self.text.cursor() }
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
        self.set(&to);
        true
    }

    fn entry(&self, place: usize) -> Option<Unfinished> {
        let entry = self.history.get(place, SearchDirection::Reverse).ok().flatten()?;
        Some(Unfinished { cursor: entry.entry.len(), text: entry.entry.into_owned() })
    }

    fn begin_search(&mut self) -> bool {
        let before = self.current();
        self.search = Some(Search { term: String::new(), found: Found::NotYet, before });
        true
    }

    /// Keeps what was found. What was being written is below it, as if the arrow keys had been
    /// used.
    fn end_search(&mut self) {
        let Some(search) = self.search.take() else { return };
        if let Some(entry) = search.entry() {
            if self.place == self.history.len() {
                self.unfinished = search.before;
            }
            self.place = entry;
        }
    }

    /// Returns the key as an error if it ends the search.
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
            // Leaving must not leave a mere search result standing as if it had been said.
            Key::Ctrl('g' | 'c') | Key::Escape => {
                let before = mem::take(&mut search.before);
                self.search = None;
                self.set(&before);
                return if key == Key::Ctrl('c') { Err(key) } else { Ok(Effect::Painted) };
            }
            key => {
                self.end_search();
                return Err(key);
            }
        };
        self.term.clone_from(&search.term);
        if search.term.is_empty() {
            search.found = Found::NotYet;
            self.text.set(&search.before.text, search.before.cursor);
            return Ok(Effect::Painted);
        }
        let found =
            from.and_then(|from| self.history.search(&search.term, from, direction).ok().flatten());
        match found {
            Some(SearchResult { entry, idx, pos }) => {
                search.found = Found::Entry(idx);
                self.text.set(&entry, pos);
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
    /// As shells word it.
    fn prompt(&self) -> String {
        let failed = if let Found::NoneBeyond(_) = self.found { "failed " } else { "" };
        format!("({failed}reverse-i-search)`{}': ", self.term)
    }

    /// Returns the entry that was found last.
    fn entry(&self) -> Option<usize> {
        match self.found {
            Found::NotYet => None,
            Found::Entry(entry) => Some(entry),
            Found::NoneBeyond(entry) => entry,
        }
    }
}
