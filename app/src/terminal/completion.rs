//! Completion: what the word before the cursor may become.

use super::hangul::{are_initials, is_hangul, keys_of};

/// What can be completed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary<'a> {
    pub(crate) commands: Vec<CommandWord>,
    /// Names, the most likely one first.
    pub(crate) names: Vec<&'a str>,
}

/// A command's word, without its slash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandWord {
    pub(crate) word: &'static str,
    pub(crate) takes: Takes,
}

/// What stands behind a command's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing has to.
    Nothing,
    /// A text.
    Text,
    /// A name first.
    Name,
}

/// What stands in place of some text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidates {
    /// Where that text begins. It ends at the cursor.
    pub(super) start: usize,
    pub(super) texts: Vec<String>,
}

impl Vocabulary<'_> {
    /// Returns what may stand in place of the end of `before`, which is what a draft has before the
    /// cursor; `None` if there is no word to complete.
    ///
    /// - At the start of a line: a command, with a space behind it if anything can follow; a name,
    ///   with `: ` behind it, unless a Korean particle is to follow.
    /// - Behind a command that takes a name, a name with a space behind it, also where nothing is
    ///   typed of it yet.
    /// - Anywhere else a name.
    pub(super) fn complete(&self, before: &str) -> Option<Candidates> {
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.get(line_start..)?;
        let blank = line.char_indices().rfind(|(_, c)| c.is_whitespace());
        let word_start = blank.map_or(0, |(at, c)| at + c.len_utf8());
        let (head, word) = line.split_at(word_start);
        let start = line_start + word_start;
        if head.is_empty()
            && let Some(typed) = word.strip_prefix('/')
        {
            return Some(Candidates { start, texts: self.commands(typed) });
        }
        if self.takes_a_name(head) {
            return Some(Candidates { start, texts: self.names(word, |_| " ") });
        }
        if word.is_empty() {
            return None;
        }
        let behind = |name: &str| {
            let is_address = !name.ends_with(is_hangul);
            if head.is_empty() && is_address { ": " } else { "" }
        };
        let texts = self.names(word, behind);
        // `@지`, `(지`.
        let bare = word.trim_start_matches(|c: char| c.is_ascii_punctuation());
        if texts.is_empty() && !bare.is_empty() {
            let start = start + word.len() - bare.len();
            return Some(Candidates { start, texts: self.names(bare, |_| "") });
        }
        Some(Candidates { start, texts })
    }

    fn commands(&self, typed: &str) -> Vec<String> {
        let fitting = self.commands.iter().filter(|command| command.word.starts_with(typed));
        let text = |command: &CommandWord| {
            let space = if command.takes == Takes::Nothing { "" } else { " " };
            format!("/{}{space}", command.word)
        };
        fitting.map(text).collect()
    }

    /// Whether `head` is a command which a name has to follow.
    fn takes_a_name(&self, head: &str) -> bool {
        let word = head.strip_prefix('/').map(str::trim_end);
        let takes = |command: &CommandWord| command.takes == Takes::Name;
        self.commands.iter().any(|command| takes(command) && Some(command.word) == word)
    }

    fn names(&self, typed: &str, behind: impl Fn(&str) -> &'static str) -> Vec<String> {
        let keys = keys_of(typed);
        let fits = |name: &&&str| keys_of(name).starts_with(&keys) || are_initials(typed, name);
        let fitting = self.names.iter().filter(fits);
        fitting.map(|name| format!("{name}{}", behind(name))).collect()
    }
}

/// Which of several candidates stands in the draft.
#[derive(Debug)]
pub(super) struct Cycle {
    candidates: Candidates,
    index: usize,
}

impl Cycle {
    /// Begins with the first, or with the last.
    pub(super) fn new(candidates: Candidates, goes_back: bool) -> Self {
        let last = candidates.texts.len().saturating_sub(1);
        Self { candidates, index: if goes_back { last } else { 0 } }
    }

    /// Goes to the next, or back.
    pub(super) fn turn(&mut self, goes_back: bool) {
        let count = self.candidates.texts.len().max(1);
        let step = if goes_back { count - 1 } else { 1 };
        self.index = (self.index + step) % count;
    }

    /// Where the text begins that it stands in place of.
    pub(super) fn start(&self) -> usize {
        self.candidates.start
    }

    /// The candidate whose turn it is.
    pub(super) fn text(&self) -> Option<&str> {
        self.candidates.texts.get(self.index).map(String::as_str)
    }

    /// Whether there are others.
    pub(super) fn has_others(&self) -> bool {
        self.candidates.texts.len() > 1
    }
}
