//! Building with cargo, and finding what it has built.
//!
//! Cargo is asked each time: `CARGO_TARGET_DIR`, the user's configuration and a default target all
//! change the place.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use cargo_metadata::{Message, MetadataCommand, TargetKind};

use crate::shell::{Outcome, Tried, cargo, output, quiet_output};

/// Returns cargo's target directory: `target` unless the user says otherwise.
pub(crate) fn target_directory() -> Outcome<PathBuf> {
    let metadata = quiet_output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata = MetadataCommand::parse(metadata).tried("cargo metadata")?;
    Ok(metadata.target_directory.into())
}

/// Returns the path of the optimized executable. The first call builds it.
pub(crate) fn chat() -> Outcome<PathBuf> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = BUILT.get() {
        return Ok(path.clone());
    }
    let path =
        executable(cargo().args(["build", "--release", "--package", "chat"]), &TargetKind::Bin)?;
    Ok(BUILT.get_or_init(|| path).clone())
}

/// Runs a build and returns the path of the executable of kind `kind` that it produces.
pub(crate) fn executable(build: &mut Command, kind: &TargetKind) -> Outcome<PathBuf> {
    build.args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let messages = output(build)?;
    let messages = Message::parse_stream(messages.as_bytes()).map_while(Result::ok);
    let mut executables = messages.filter_map(|message| match message {
        Message::CompilerArtifact(artifact) if artifact.target.is_kind(kind.clone()) => {
            artifact.executable
        }
        _ => None,
    });
    Ok(executables.next().ok_or("cargo build names no executable")?.into())
}
