//! The terminal itself: its mode and its size.

use std::env;
use std::io;
use std::mem;
use std::panic;

use super::painter::PASTE_PLAIN;
use crate::stdio;
use crate::system::{TerminalMode, is_foreground, terminal_size};

/// Raw mode: every key comes at once and as it is, and nothing is echoed. The mode before is
/// restored when this is dropped.
pub(crate) struct RawMode {
    before: TerminalMode,
    is_ours: bool,
}

impl RawMode {
    pub(crate) fn enter() -> io::Result<Self> {
        let before = TerminalMode::now()?;
        restore_on_panic(before.clone());
        let mut mode = Self { before, is_ours: false };
        mode.resume()?;
        Ok(mode)
    }

    /// Enters it again, after another program had the terminal.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.before.to_raw().set()?;
        self.is_ours = true;
        Ok(())
    }

    /// Whether the terminal is in it still, as this program has left it.
    pub(crate) fn is_entered(&self) -> bool {
        self.is_ours && TerminalMode::now().is_ok_and(|mode| mode.is_raw())
    }

    /// Restores the mode before, unless the terminal is another program's: its mode too is then.
    pub(crate) fn suspend(&mut self) {
        if mem::take(&mut self.is_ours) {
            restore(&self.before);
        }
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        self.suspend();
    }
}

fn restore(before: &TerminalMode) {
    if is_foreground() {
        // A terminal that is gone has no mode.
        let _ = before.set();
    }
}

/// A panic drops nothing where it ends the program at once, as in the executables that are handed
/// out. The terminal is the user's all the same, and the message is to be read.
fn restore_on_panic(before: TerminalMode) {
    let say = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        restore(&before);
        // Below the draft. Where nobody takes it there is nothing more to do.
        let _ = stdio::write(format!("{PASTE_PLAIN}\n").as_bytes());
        say(info);
    }));
}

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Size {
    /// That of standard output; 80 × 24 if it does not know.
    pub(crate) fn now() -> Self {
        let (columns, rows) = terminal_size().unwrap_or_default();
        let known = |size: u16, usual: usize| if size == 0 { usual } else { size.into() };
        Self { columns: known(columns, 80), rows: known(rows, 24) }
    }
}

/// Whether the terminal wraps rows anew that have become too wide, instead of cutting them off.
///
/// No terminal tells, so only those count that are known to: where one is wrongly taken to, what was
/// said is cleared away when it becomes narrower; where one is wrongly not, a row of the draft stays
/// too many. It only matters for a draft that is wider than a terminal which becomes narrower.
pub(crate) fn reflows() -> bool {
    let any_set = |names: &[&str]| names.iter().any(|name| env::var_os(name).is_some());
    if any_set(&["TMUX"]) {
        return true;
    }
    // These leave the variables of the terminal that they were started from as they are.
    if any_set(&["STY", "XTERM_VERSION"]) {
        return false;
    }
    let term = env::var("TERM").unwrap_or_default();
    let program = env::var("TERM_PROGRAM").unwrap_or_default();
    REFLOWING_TERMS.iter().any(|name| term.starts_with(name))
        || REFLOWING_PROGRAMS.contains(&program.as_str())
        || any_set(&SET_BY_REFLOWING)
}

/// Terminals that reflow, by how `TERM` begins, by `TERM_PROGRAM`, and by what they set.
const REFLOWING_TERMS: [&str; 8] =
    ["alacritty", "contour", "foot", "konsole", "rio", "tmux", "wezterm", "xterm-kitty"];
const REFLOWING_PROGRAMS: [&str; 5] =
    ["Apple_Terminal", "WezTerm", "ghostty", "iTerm.app", "vscode"];
const SET_BY_REFLOWING: [&str; 6] = [
    "ALACRITTY_WINDOW_ID",
    "KITTY_WINDOW_ID",
    "KONSOLE_VERSION",
    "VTE_VERSION",
    "WEZTERM_PANE",
    "WT_SESSION",
];
