//! The terminal's mode.

use std::io;
use std::mem;
use std::panic;

use super::kind::{TerminalMode, is_foreground};
use super::stdio;

/// Raw mode: every key arrives at once and unchanged, and nothing is echoed. The mode before is
/// restored when this is dropped.
pub(crate) struct RawMode {
    /// The mode when this program first had the terminal. In the background it may be that of the
    /// shell's own line editor, which is nobody's to restore.
    before: Option<TerminalMode>,
    is_ours: bool,
    goodbye: &'static str,
}

impl RawMode {
    /// Does not enter it yet. If the program panics while it is entered, `goodbye` is written and
    /// the mode before restored.
    pub(crate) fn new(goodbye: &'static str) -> Self {
        Self { before: None, is_ours: false, goodbye }
    }

    /// Enters it, also again after another program had the terminal. Call only in the foreground.
    pub(crate) fn enter(&mut self) -> io::Result<()> {
        let before = match &self.before {
            Some(before) => before,
            None => {
                let before = TerminalMode::now()?;
                restore_on_panic(before.clone(), self.goodbye);
                self.before.insert(before)
            }
        };
        before.to_raw().set()?;
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
        if let Some(before) = self.before.as_ref().filter(|_| mem::take(&mut self.is_ours)) {
            restore(before);
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
        // What was typed for this program is not left to the shell. Not by tcsetattr itself, which
        // would first wait until all output is taken. A terminal that is gone has no mode.
        let _ = TerminalMode::discard_typed();
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
