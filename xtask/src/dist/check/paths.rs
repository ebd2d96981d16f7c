//! No executable contains a path of the build.

use std::path::Path;

use memchr::memmem::find;

use super::super::build::{CARGO_HOME, Place};
use crate::shell::Outcome;

pub(super) fn check(place: &Place, executable: &[u8]) -> Outcome<()> {
    let tells_of =
        |folder: &Path| find(executable, folder.as_os_str().as_encoded_bytes()).is_some();
    // Check the search itself: source files are there under another name.
    if !tells_of(&Path::new(CARGO_HOME).join("registry")) {
        return Err("the executable names no source file at all".into());
    }
    let mut folders = place.folders();
    folders.retain(|folder| !folder.starts_with(CARGO_HOME));
    match folders.iter().find(|folder| tells_of(folder)) {
        Some(folder) => {
            Err(format!("the executable contains the path {}", folder.display()).into())
        }
        None => Ok(()),
    }
}
