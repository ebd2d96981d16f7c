//! `cargo xtask`: the project's tasks, a file each.

mod bench;
mod ci;
mod dist;
mod old_kernel;
mod picture;
mod program;
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
    BareLoop(bench::BareLoop),
    Bench(bench::Bench),
    Ci(ci::Ci),
    Dist(dist::Dist),
    OldKernel(old_kernel::OldKernel),
    Picture(picture::Picture),
}

fn main() -> ExitCode {
    let Xtask { task } = argh::from_env();
    let result = match task {
        Task::BareLoop(bare_loop) => bare_loop.run(),
        Task::Bench(bench) => bench.run(),
        Task::Ci(ci) => ci.run(),
        Task::Dist(dist) => dist.run(),
        Task::OldKernel(old_kernel) => old_kernel.run(),
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
