//! Terminal emulators, and what they show.

use std::num::NonZero;

/// An emulator of one of two kinds.
pub(crate) enum Emulator {
    /// Rewraps rows when it becomes narrower, and joins them when it becomes wider.
    Reflowing(Box<avt::Terminal>),
    /// Cuts them off.
    Cutting(Box<vt100::Parser>),
}

/// Rows that scroll away and are kept.
const SCROLLBACK: usize = 100_000;

impl Emulator {
    pub(crate) fn new(columns: usize, rows: usize, reflows: bool) -> Self {
        if reflows {
            let terminal = avt::Terminal::with_scrollback(columns, rows, Some(SCROLLBACK));
            return Self::Reflowing(Box::new(terminal.unwrap()));
        }
        Self::Cutting(Box::new(vt100::Parser::new(length(rows), length(columns), SCROLLBACK)))
    }

    /// Takes what is written to it, in pieces that end between characters.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Reflowing(terminal) => terminal.feed(str::from_utf8(bytes).unwrap()),
            Self::Cutting(terminal) => terminal.process(bytes),
        }
    }

    pub(crate) fn resize(&mut self, columns: usize, rows: usize) {
        match self {
            Self::Reflowing(terminal) => terminal.resize(columns, rows),
            Self::Cutting(terminal) => terminal.set_size(length(rows), length(columns)),
        }
    }

    pub(crate) fn columns(&self) -> usize {
        match self {
            Self::Reflowing(terminal) => terminal.size().0,
            Self::Cutting(terminal) => terminal.screen().size().1.get().into(),
        }
    }

    /// Returns row and column, from 0.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        match self {
            Self::Reflowing(terminal) => (terminal.cursor().row, terminal.cursor().col),
            Self::Cutting(terminal) => {
                let (row, column) = terminal.screen().cursor_position();
                (row.into(), column.into())
            }
        }
    }

    /// Returns the rows of the screen, without trailing blanks and empty rows.
    pub(crate) fn screen(&self) -> Vec<String> {
        let rows: Vec<String> = match self {
            Self::Reflowing(terminal) => {
                terminal.screen().visible_lines().map(avt::Line::text).collect()
            }
            Self::Cutting(terminal) => rows(terminal.screen()).collect(),
        };
        trimmed(rows)
    }

    /// Returns all lines, including those that have scrolled away; rows that the terminal wrapped
    /// are one line.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        let lines = match self {
            Self::Reflowing(terminal) => terminal.screen().text(),
            Self::Cutting(terminal) => all_lines(terminal.screen_mut()),
        };
        trimmed(lines)
    }
}

fn all_lines(screen: &mut vt100::Screen) -> Vec<String> {
    let mut all: Vec<(String, bool)> = Vec::new();
    screen.set_scrollback(usize::MAX);
    for offset in (1..=screen.scrollback()).rev() {
        screen.set_scrollback(offset);
        all.push((rows(screen).next().unwrap(), screen.row_wrapped(0)));
    }
    screen.set_scrollback(0);
    for (row, index) in rows(screen).zip(0..) {
        all.push((row, screen.row_wrapped(index)));
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for (row, is_wrapped) in all {
        line.push_str(&row);
        if !is_wrapped {
            lines.push(std::mem::take(&mut line));
        }
    }
    lines
}

fn rows(screen: &vt100::Screen) -> impl Iterator<Item = String> {
    screen.rows(0, screen.size().1.get())
}

fn trimmed(mut rows: Vec<String>) -> Vec<String> {
    for row in &mut rows {
        row.truncate(row.trim_end().len());
    }
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

fn length(length: usize) -> NonZero<u16> {
    u16::try_from(length).ok().and_then(NonZero::new).unwrap()
}
