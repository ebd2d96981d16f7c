//! What the program asks of the system beyond std: all that differs between systems, and all that
//! blocks.
//!
//! | module | noun |
//! |---|---|
//! | `unix`, `windows`, `linux` | the calls that differ: nothing else is conditional |
//! | `standard`, `stdio` | the standard streams: which they are, and how they are used |
//! | `keyboard` | standard input in chunks |
//! | `append` | a file that lines are appended to |
//! | `worker` | a thread for calls that block |
//! | `signals` | the signals that ask the program to end, or to open a file anew |
//! | `descriptors` | the limit on open descriptors |
//! | `tty` | the terminal's mode and size |
//!
//! | | Linux | other Unix | Windows |
//! |---|---|---|---|
//! | the shell's streams, waited for where they are non-blocking | yes | yes | std's |
//! | the same without a thread where no wait is needed | pipes, sockets, some files | no | no |
//! | notice of an output that nobody reads any more | yes | as `poll(2)` has it | no |
//! | a larger pipe at standard output | yes | no | no |
//! | the editor's terminal: raw mode, size, jobs | yes | yes | no, the client is the plain one |
//! | signals that ask to end | yes | yes | Ctrl+C |
//! | signals that were ignored at the start stay so | yes | no | no |
//! | a limit on descriptors that can be raised | yes | yes | no |
//! | the machine's own addresses where no route leads out of it | yes | no | no |
//! | keepalive | yes | yes | yes |
//! | keys for those who come back | yes | yes | no |
//! | a record's file noticed to be removed or renamed | yes | yes | cannot happen |
//! | who has locked a record's file | yes | no | no |
//! | a deadline for acknowledgements | yes | the system's own | the system's own |
//! | a bound on unsent bytes that the kernel holds | yes | its send buffer | its send buffer |
//!
//! Linux is the system that the program is made for and tested on; for the others it is known to
//! compile.

mod append;
mod descriptors;
mod keyboard;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "windows.rs")]
mod kind;
mod linux;
mod signals;
mod standard;
mod stdio;
mod tty;
mod worker;

pub(crate) use append::{AppendFile, line_start, sync};
pub(crate) use descriptors::{
    LEAST_DESCRIPTORS, descriptor_limit, raise_descriptor_limit, reserve_descriptors,
};
pub(crate) use keyboard::Keyboard;
pub(crate) use kind::{
    HAS_EDITOR, TERMINAL_CHANGES, is_foreground, is_of_one_connection, outlook, reuse_address,
    stop_job, terminal_size,
};
pub(crate) use linux::{bound_sending, draw_key, own_addresses, widen_output};
pub(crate) use signals::{Interrupts, Request};
pub(crate) use standard::Outlook;
pub(crate) use stdio::{Audience, Printer, write, write_error};
pub(crate) use tty::RawMode;
pub(crate) use worker::{Done, Worker, spawn};

/// Whether an accepted connection inherits the options of its listener. On Linux it does
/// (`tcp(7)`); elsewhere that differs from option to option.
pub(crate) const OPTIONS_ARE_INHERITED: bool = cfg!(target_os = "linux");

/// Whether a socket that took only part of a write is full, and reports when it takes more.
/// Elsewhere it reports only after a call that would have blocked.
pub(crate) const A_SHORT_WRITE_IS_ALL: bool = cfg!(unix);
