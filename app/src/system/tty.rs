//! The terminal's mode.

use std::io;
use std::mem;
use std::panic;

use super::kind::{TerminalMode, is_foreground};
use super::stdio;

/// Raw mode: every key arrives at once and unchanged, and nothing is echoed. The mode before is
/// restored when this is dropped.
pub(crate) struct RawMode {
    before: TerminalMode,
    is_ours: bool,
}

impl RawMode {
    /// Enters raw mode. If the program panics, `goodbye` is written and the mode before restored.
    pub(crate) fn enter(goodbye: &'static str) -> io::Result<Self> {
        let before = TerminalMode::now()?;
        restore_on_panic(before.clone(), goodbye);
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

    /// Returns whether the terminal is still in raw mode, as this program left it.
    pub(crate) fn is_entered(&self) -> bool {
        self.is_ours && TerminalMode::now().is_ok_and(|mode| mode.is_raw())
    }

    /// Restores the mode before, unless another program has the terminal: then the mode is that
    /// program's too.
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

/// A panic drops nothing where it aborts the program, as it does in the released executables. The
/// terminal must still be given back, and the message be readable.
fn restore_on_panic(before: TerminalMode, goodbye: &'static str) {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        restore(&before);
        // Below the draft. If nobody takes it there is nothing more to do.
        let _ = stdio::write(format!("{goodbye}\n").as_bytes());
        report(info);
    }));
}
