//! The terminal itself: its mode and its size.

use std::env;
use std::io;
use std::mem;

use rustix::process::getpgrp;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr,
};

/// Raw mode: every key comes at once and as it is, and nothing is echoed. The mode before is
/// restored when this is dropped.
pub(crate) struct RawMode {
    before: Termios,
    is_ours: bool,
}

impl RawMode {
    pub(crate) fn enter() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut mode = Self { before, is_ours: false };
        mode.resume()?;
        Ok(mode)
    }

    /// Enters it again, after another program had the terminal.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        self.is_ours = true;
        Ok(())
    }

    /// Whether the terminal is in it still, as this program has left it.
    pub(crate) fn is_entered(&self) -> bool {
        let cooked = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        let is_raw = tcgetattr(stdin()).is_ok_and(|mode| !mode.local_modes.intersects(cooked));
        self.is_ours && is_raw
    }

    /// Restores the mode before, unless the terminal is another program's: its mode too is then.
    pub(crate) fn suspend(&mut self) {
        if !mem::take(&mut self.is_ours) || !is_foreground() {
            return;
        }
        // A terminal that is gone has no mode.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        self.suspend();
    }
}

/// Whether the terminal is this program's to read and to set, and not only to write to: whether its
/// job is in the foreground. Where there are no jobs it is.
pub(crate) fn is_foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |foreground| foreground == getpgrp())
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
        let size = tcgetwinsize(stdout()).ok();
        let known = |size: u16, usual: usize| if size == 0 { usual } else { size.into() };
        Self {
            columns: size.map_or(80, |size| known(size.ws_col, 80)),
            rows: size.map_or(24, |size| known(size.ws_row, 24)),
        }
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
