//! The signals that ask the program to end: SIGINT (Ctrl+C) and SIGTERM, and the others that would
//! end a program whose terminal has to be restored; and SIGHUP, which may ask for something else.

use std::io;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::{or, pending};

use super::kind::{
    REQUESTS_TO_END, REQUESTS_TO_REOPEN, WOULD_END, WOULD_END_NEEDLESSLY, is_terminal_gone,
};
use super::linux::ignored_signals;
use crate::clock::{PATIENCE, within};

/// The requests to end, from the moment this is made.
///
/// A signal that the program was started with as ignored stays ignored: whoever started it wants it
/// to go on, as `nohup` does with SIGHUP, and a shell without job control with SIGINT and SIGQUIT
/// for what it runs in the background (POSIX, "Signals and Error Handling" of the shell).
pub(crate) struct Interrupts {
    signals: Signals,
    /// Whether there is a file that SIGHUP asks to open anew.
    reopens: bool,
    /// Whether SIGHUP asks to end nevertheless if the terminal has hung up.
    ends_with_terminal: bool,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    End(Signal),
    /// To open a file anew, which has been renamed.
    Reopen,
}

impl Interrupts {
    /// SIGINT and SIGTERM.
    pub(crate) fn new() -> io::Result<Self> {
        Self::of(REQUESTS_TO_END, false)
    }

    /// All that would end the program and leave its terminal in raw mode.
    pub(crate) fn all() -> io::Result<Self> {
        Self::of(WOULD_END, false)
    }

    /// As one of the others, by whether the program has a terminal, but that SIGHUP is a request to
    /// open a file anew, and ends the program only if its terminal has hung up.
    ///
    /// It does not stay ignored: with a file to open anew it has two meanings, and whoever started
    /// the program means the other one by that.
    pub(crate) fn with_reopening(has_terminal: bool) -> io::Result<Self> {
        Self::of(if has_terminal { WOULD_END } else { REQUESTS_TO_END }, true)
    }

    fn of(signals: &[Signal], reopens: bool) -> io::Result<Self> {
        let ignored = ignored_signals();
        let is_heeded = |signal: &&Signal| ignored & (1 << (**signal as i32 - 1)) == 0;
        let ending = signals.iter().filter(is_heeded);
        let is_hangup = |signal: &&Signal| REQUESTS_TO_REOPEN.contains(*signal);
        let ends_with_terminal = ending.clone().any(|signal| is_hangup(&signal));
        let needless = WOULD_END_NEEDLESSLY.iter().filter(is_heeded);
        let reopening = REQUESTS_TO_REOPEN.iter().filter(|_| reopens);
        let ending = ending.filter(|signal| !(reopens && is_hangup(signal)));
        let signals = Signals::new(ending.chain(needless).chain(reopening))?;
        Ok(Self { signals, reopens, ends_with_terminal })
    }

    /// Runs the last `work`; `None` if the user's patience ends before that, or the user hurries.
    pub(crate) async fn finish_within_patience<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        or(within(PATIENCE, work), self.hurried()).await
    }

    /// Waits for the next request to end, and returns `None`: the other outcome of a race with work that
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

    /// Waits for the next request to end.
    async fn next(&mut self) -> Signal {
        loop {
            if let Request::End(signal) = self.next_request().await {
                return signal;
            }
        }
    }

    /// Waits for the next request.
    pub(crate) async fn next_request(&mut self) -> Request {
        loop {
            match self.signals.next().await {
                Some(Ok(signal)) if WOULD_END_NEEDLESSLY.contains(&signal) => {}
                Some(Ok(signal)) if self.reopens && REQUESTS_TO_REOPEN.contains(&signal) => {
                    let ends = self.ends_with_terminal && is_terminal_gone();
                    return if ends { Request::End(signal) } else { Request::Reopen };
                }
                Some(Ok(signal)) => return Request::End(signal),
                // An error concerns one read only; the signal is still there to be read.
                Some(Err(_)) => {}
                None => pending().await,
            }
        }
    }
}
