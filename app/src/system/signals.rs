//! The signals that ask the program to end: SIGINT (Ctrl+C) and SIGTERM, and the others that would
//! end a program whose terminal has to be restored.

use std::io;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::{or, pending};

use super::kind::{REQUESTS_TO_END, WOULD_END, WOULD_END_NEEDLESSLY};
use super::linux::ignored_signals;
use crate::clock::{PATIENCE, within};

/// The requests to end, from the moment this is made.
///
/// A signal that the program was started with as ignored stays ignored: whoever started it wants it
/// to go on, as `nohup` does with SIGHUP, and a shell without job control with SIGINT and SIGQUIT
/// for what it runs in the background (POSIX, "Signals and Error Handling" of the shell).
pub(crate) struct Interrupts {
    signals: Signals,
}

impl Interrupts {
    /// SIGINT and SIGTERM.
    pub(crate) fn new() -> io::Result<Self> {
        Self::of(REQUESTS_TO_END)
    }

    /// All that would end the program and leave its terminal in raw mode.
    pub(crate) fn all() -> io::Result<Self> {
        Self::of(WOULD_END)
    }

    fn of(signals: &[Signal]) -> io::Result<Self> {
        let ignored = ignored_signals();
        let caught = signals.iter().chain(WOULD_END_NEEDLESSLY);
        let caught = caught.filter(|&&signal| ignored & (1 << (signal as i32 - 1)) == 0);
        Ok(Self { signals: Signals::new(caught)? })
    }

    /// Runs the last `work`; `None` if the user's patience ends before that, or the user hurries.
    pub(crate) async fn finish_within_patience<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        or(within(PATIENCE, work), self.hurried()).await
    }

    /// Waits for the next request, and returns `None`: the other outcome of a race with work that
    /// returns `Some`.
    pub(crate) async fn interrupted<T>(&mut self) -> Option<T> {
        self.next().await;
        None
    }

    /// As [`Interrupts::interrupted`], but for a request by which a person hurries an end that has
    /// begun: Ctrl+C. Other programs may send theirs more than once, as `timeout` of the GNU
    /// coreutils does, and a terminal that hangs up.
    async fn hurried<T>(&mut self) -> Option<T> {
        while self.next().await != Signal::Int {}
        None
    }

    /// Waits for the next request.
    pub(crate) async fn next(&mut self) -> Signal {
        loop {
            match self.signals.next().await {
                Some(Ok(signal)) if !WOULD_END_NEEDLESSLY.contains(&signal) => return signal,
                // An error concerns one read only; the signal is still there to be read.
                Some(_) => {}
                None => pending().await,
            }
        }
    }
}
