//! Standard output, for which a reader that has gone is no error.

use std::io::{self, Write};

/// Writes all of `bytes`. What nobody reads any more is written with success.
pub(crate) fn print(bytes: &[u8]) -> io::Result<()> {
    match write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes all of `bytes`; fails with [`io::ErrorKind::BrokenPipe`] if nobody reads any more.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}
