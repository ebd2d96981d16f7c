//! The limit on open descriptors.

use std::io;

use super::kind;

/// Descriptors that the program itself needs: the standard streams, two reactors, the signals (one
/// for each that would leave a terminal in raw mode), a few listeners, a record and what is opened in
/// its place, a member.
pub(crate) const LEAST_DESCRIPTORS: u64 = 32;

/// Descriptors that are provided for at the start.
const RESERVED: u32 = 16 * 1024;

/// Raises the soft limit to the hard one: each member takes a descriptor, and the usual soft limit
/// of 1,024 is meant for programs that use `select(2)`. If that is refused, fewer can join.
///
/// # Errors
///
/// The limit is below [`LEAST_DESCRIPTORS`].
pub(crate) fn raise_descriptor_limit() -> io::Result<()> {
    if kind::raise_descriptor_limit().is_some_and(|limit| limit < LEAST_DESCRIPTORS) {
        return Err(rustix::io::Errno::MFILE.into());
    }
    Ok(())
}

/// Returns how many descriptors there may be; `None` if there is no limit, or none is known.
pub(crate) fn descriptor_limit() -> Option<u64> {
    kind::descriptor_limit()
}

/// Has the system prepare for as many descriptors as a large room takes, within the limit.
pub(crate) fn reserve_descriptors() {
    kind::reserve_descriptors(RESERVED);
}
