//! `cargo xtask`: the project's tasks, a file each.

mod ci;
mod picture;
mod shell;

use std::process::ExitCode;

use argh::FromArgs;

/// The project's tasks.
#[derive(FromArgs)]
struct Xtask {
    #[argh(subcommand)]
    task: Task,
}

#[derive(FromArgs)]
#[argh(subcommand)]
enum Task {
    Ci(ci::Ci),
    Picture(picture::Picture),
}

fn main() -> ExitCode {
    let Xtask { task } = argh::from_env();
    let result = match task {
        Task::Ci(ci) => ci.run(),
        Task::Picture(picture) => picture.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("xtask: {error}"));
            ExitCode::FAILURE
        }
    }
}
