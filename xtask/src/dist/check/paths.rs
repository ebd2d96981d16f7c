//! No executable tells where it was built.

use memchr::memmem::find;

use super::super::build::Place;
use crate::shell::Outcome;

pub(super) fn check(place: &Place, executable: &[u8]) -> Outcome<()> {
    for path in place.paths() {
        if find(executable, path.as_os_str().as_encoded_bytes()).is_some() {
            return Err(format!("the executable tells of {}", path.display()).into());
        }
    }
    // What is there is found.
    match find(executable, b"/rustc/") {
        Some(_) => Ok(()),
        None => Err("the executable names no source at all".into()),
    }
}
