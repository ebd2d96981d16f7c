//! The limit on open descriptors.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::Failure;

/// Descriptors that the program needs for itself: the standard streams, the reactor's, the
/// signals', a socket.
const LEAST: u64 = 16;

/// Raises the soft limit to the hard one: each member takes a descriptor, and the usual soft limit
/// of 1,024 is meant for programs that use `select(2)`.
///
/// # Errors
///
/// There are too few of them for the program itself.
pub(crate) fn raise_limit() -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // If that is refused the room is only smaller.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    if getrlimit(Resource::Nofile).current.is_some_and(|current| current < LEAST) {
        let error = io::Error::from(rustix::io::Errno::MFILE);
        return Err(Failure::new(format!("cannot run with less than {LEAST} descriptors"), &error));
    }
    Ok(())
}
