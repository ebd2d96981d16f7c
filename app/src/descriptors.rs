//! The descriptors that are to be had.

use std::io;

use crate::failure::Failure;
use crate::system;

/// Descriptors that the program needs for itself: the standard streams, two reactors', the signals',
/// a few listeners, a member.
const LEAST: u64 = 20;

/// Descriptors for which there is room from the beginning.
const AT_ONCE: u32 = 16 * 1024;

/// Raises the soft limit to the hard one: each member takes a descriptor, and the usual soft limit
/// of 1,024 is meant for programs that use `select(2)`. If that is refused the room is only smaller.
///
/// # Errors
///
/// There are too few of them for the program itself.
pub(crate) fn raise_limit() -> Result<(), Failure> {
    if system::raise_descriptor_limit().is_some_and(|limit| limit < LEAST) {
        let error = io::Error::from(rustix::io::Errno::MFILE);
        return Err(Failure::new(format!("cannot run with less than {LEAST} descriptors"), &error));
    }
    Ok(())
}

/// Has room made for as many descriptors as a large room takes, as far as they are allowed.
pub(crate) fn make_room() {
    system::make_room_for_descriptors(AT_ONCE);
}
