//! The terminal itself: its mode and its size.

use std::env;
use std::io;

use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Raw mode: every key comes at once and as it is, and nothing is echoed. The mode before is
/// restored when this is dropped.
pub(crate) struct RawMode {
    before: Termios,
}

impl RawMode {
    pub(crate) fn enter() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mode = Self { before };
        mode.resume()?;
        Ok(mode)
    }

    /// Enters it again, after another program had the terminal.
    pub(crate) fn resume(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        Ok(tcsetattr(stdin(), OptionalActions::Now, &raw)?)
    }

    /// Restores the mode before.
    pub(crate) fn suspend(&self) {
        // A terminal that is gone has no mode.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        self.suspend();
    }
}

/// The size of a terminal, and what it does when that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Whether it wraps rows anew that have become too wide, instead of cutting them off.
    pub(crate) reflows: bool,
}

impl Size {
    /// That of standard output; 80 × 24 if it does not know.
    pub(crate) fn now() -> Self {
        let size = tcgetwinsize(stdout()).ok();
        let known = |size: u16, usual: usize| if size == 0 { usual } else { size.into() };
        Self {
            columns: size.map_or(80, |size| known(size.ws_col, 80)),
            rows: size.map_or(24, |size| known(size.ws_row, 24)),
            reflows: reflows(),
        }
    }
}

/// No terminal tells, but most of today's reflow: these are the well-known ones that do not. Taking
/// one for the other only matters for a draft of several rows when the terminal becomes narrower.
fn reflows() -> bool {
    let term = env::var("TERM").unwrap_or_default();
    let cuts_off = ["linux", "screen", "st", "vt"].iter().any(|&name| {
        term.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| !c.is_alphabetic()))
    });
    let in_tmux = env::var_os("TMUX").is_some();
    let in_xterm = env::var_os("XTERM_VERSION").is_some();
    in_tmux || !(cuts_off || in_xterm)
}
