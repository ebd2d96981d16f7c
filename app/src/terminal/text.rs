//! A text and a cursor in it, as rustyline's line buffer edits it.

use std::mem;

use chat_core::shown;
use rustyline::line_buffer::{ChangeListener, DeleteListener, Direction, LineBuffer};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Most bytes of a draft: more than a person writes, and few enough that laying it out for every
/// key is not noticed.
pub(super) const MAX_DRAFT: usize = 256 * 1024;

/// Text of one line or several that may be shown, and a cursor between two of its graphemes. An
/// edit returns whether it did anything.
pub(crate) struct Text {
    line: LineBuffer,
    killed: Killed,
}

impl Text {
    pub(crate) fn new() -> Self {
        Self { line: LineBuffer::with_capacity(MAX_DRAFT), killed: Killed::default() }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.line.as_str()
    }

    /// Returns how many bytes are before the cursor.
    pub(crate) fn cursor(&self) -> usize {
        self.line.pos()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Replaces everything by `text`, with the cursor at a place in it.
    pub(crate) fn set(&mut self, text: &str, cursor: usize) {
        self.line.update(text, text.floor_char_boundary(cursor), &mut Forget);
        self.leave_graphemes_whole();
    }

    /// Begins another key: what it kills is added to what the key before killed, if that killed
    /// anything.
    pub(crate) fn begin_key(&mut self) {
        self.killed.is_continued = mem::take(&mut self.killed.has_grown);
    }

    /// Inserts as much of `text` as fits, as it may be shown. Returns whether that was all.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        let clean: String = text.chars().map(|c| if c == '\n' { c } else { shown(c) }).collect();
        let space = MAX_DRAFT.saturating_sub(self.line.len());
        let fits = &clean[..clean.floor_char_boundary(space)];
        self.line.yank(fits, 1, &mut Forget);
        self.leave_graphemes_whole();
        fits.len() == clean.len()
    }

    /// Puts `text` in place of what stands from `start` up to the cursor. Returns whether it fits.
    pub(crate) fn replace_from(&mut self, start: usize, text: &str) -> bool {
        let cursor = self.cursor();
        let Some(replaced) = self.as_str().get(start..cursor) else { return false };
        if self.line.len() - replaced.len() + text.len() > MAX_DRAFT {
            return false;
        }
        self.line.replace(start..cursor, text, &mut Forget);
        self.leave_graphemes_whole();
        true
    }

    pub(crate) fn set_cursor_to_end(&mut self) {
        self.line.move_buffer_end();
    }

    pub(crate) fn left(&mut self) -> bool {
        self.line.move_backward(1)
    }

    pub(crate) fn right(&mut self) -> bool {
        self.line.move_forward(1)
    }

    pub(crate) fn word_left(&mut self) -> bool {
        self.move_to(self.start_of_word())
    }

    pub(crate) fn word_right(&mut self) -> bool {
        self.move_to(self.end_of_word())
    }

    pub(crate) fn line_start(&mut self) -> bool {
        self.line.move_home()
    }

    pub(crate) fn line_end(&mut self) -> bool {
        self.line.move_end()
    }

    pub(crate) fn backspace(&mut self) -> bool {
        self.edit(|line, _| line.backspace(1, &mut Forget))
    }

    pub(crate) fn delete(&mut self) -> bool {
        self.edit(|line, _| line.delete(1, &mut Forget).is_some())
    }

    pub(crate) fn kill_line_start(&mut self) -> bool {
        self.edit(LineBuffer::discard_line)
    }

    pub(crate) fn kill_line_end(&mut self) -> bool {
        self.edit(LineBuffer::kill_line)
    }

    /// Kills the word between blanks before the cursor.
    pub(crate) fn kill_blank_word(&mut self) -> bool {
        self.kill_back_to(self.start_of_blank_word())
    }

    pub(crate) fn kill_word_start(&mut self) -> bool {
        self.kill_back_to(self.start_of_word())
    }

    pub(crate) fn kill_word_end(&mut self) -> bool {
        let (start, end) = (self.cursor(), self.end_of_word());
        self.edit(|line, killed| {
            line.delete_range(start..end, killed);
            start < end
        })
    }

    /// Inserts what was killed last.
    pub(crate) fn yank(&mut self) -> bool {
        self.edit(|line, killed| line.yank(&killed.text, 1, &mut Forget).is_some())
    }

    pub(crate) fn transpose(&mut self) -> bool {
        self.edit(|line, _| line.transpose_chars(&mut Forget))
    }

    /// Moves to the line above, if there is one.
    pub(crate) fn line_up(&mut self) -> bool {
        let (above, _) = self.line.as_str().split_at(self.start_of_line());
        let Some(above) = above.strip_suffix('\n') else { return false };
        let start = above.rfind('\n').map_or(0, |newline| newline + 1);
        self.line.set_pos(start + nth_boundary(&above[start..], self.column()));
        true
    }

    /// Moves to the line below, if there is one.
    pub(crate) fn line_down(&mut self) -> bool {
        let text = self.line.as_str();
        let Some(newline) = text[self.line.pos()..].find('\n') else { return false };
        let start = self.line.pos() + newline + 1;
        let below = text[start..].split('\n').next().unwrap_or_default();
        self.line.set_pos(start + nth_boundary(below, self.column()));
        true
    }

    /// Whether the cursor is where a line begins.
    pub(crate) fn is_at_line_start(&self) -> bool {
        self.start_of_line() == self.cursor()
    }

    fn start_of_line(&self) -> usize {
        self.before().rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Returns how many graphemes are between the line's start and the cursor.
    fn column(&self) -> usize {
        self.before()[self.start_of_line()..].graphemes(true).count()
    }

    /// Returns where the word before or under the cursor begins (UAX #29), or the grapheme if the
    /// word begins inside one.
    fn start_of_word(&self) -> usize {
        let start = self.before().unicode_word_indices().next_back().map_or(0, |(start, _)| start);
        let boundary = |at| self.boundary(at).prev_boundary(self.as_str(), 0);
        if self.is_boundary(start) { start } else { boundary(start).ok().flatten().unwrap_or(0) }
    }

    /// Returns where the word under or after the cursor ends.
    fn end_of_word(&self) -> usize {
        let after = self.after();
        let word = after.unicode_word_indices().next();
        self.next_boundary(
            self.cursor() + word.map_or(after.len(), |(start, word)| start + word.len()),
        )
    }

    /// Returns where the word between blanks before the cursor begins.
    fn start_of_blank_word(&self) -> usize {
        let before = self.before().trim_end();
        before
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }

    /// What stands before the cursor.
    pub(crate) fn before(&self) -> &str {
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
        let end = self.cursor();
        self.edit(|line, killed| {
            killed.delete(
                start,
                line.as_str().get(start..end).unwrap_or_default(),
                Direction::Backward,
            );
            line.delete_range(start..end, &mut Forget);
            start < end
        })
    }

    fn edit(&mut self, edit: impl FnOnce(&mut LineBuffer, &mut Killed) -> bool) -> bool {
        let is_edited = edit(&mut self.line, &mut self.killed);
        self.leave_graphemes_whole();
        is_edited
    }

    /// Moves the cursor out of a grapheme, as several may just have become one.
    fn leave_graphemes_whole(&mut self) {
        self.line.set_pos(self.next_boundary(self.cursor()));
    }

    /// Returns the first place between two graphemes from here on.
    fn next_boundary(&self, at: usize) -> usize {
        if self.is_boundary(at) {
            return at;
        }
        let next = self.boundary(at).next_boundary(self.as_str(), 0);
        next.ok().flatten().unwrap_or(self.as_str().len())
    }

    fn is_boundary(&self, at: usize) -> bool {
        self.boundary(at).is_boundary(self.as_str(), 0).unwrap_or(true)
    }

    fn boundary(&self, at: usize) -> GraphemeCursor {
        GraphemeCursor::new(at, self.as_str().len(), true)
    }
}

/// Returns where the grapheme after the first `count` begins, or the end.
fn nth_boundary(text: &str, count: usize) -> usize {
    text.grapheme_indices(true).nth(count).map_or(text.len(), |(at, _)| at)
}

/// Forgets what is deleted.
struct Forget;

impl DeleteListener for Forget {
    fn delete(&mut self, _: usize, _: &str, _: Direction) {}
}

impl ChangeListener for Forget {
    fn insert_char(&mut self, _: usize, _: char) {}
    fn insert_str(&mut self, _: usize, _: &str) {}
    fn replace(&mut self, _: usize, _: &str, _: &str) {}
}

/// What was killed and can be yanked: by one key, or by several in succession.
#[derive(Default)]
struct Killed {
    text: String,
    /// Whether the key before has added to it.
    is_continued: bool,
    /// Whether this key has.
    has_grown: bool,
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
