//! `cargo xtask`: the project's tasks, one file each.

mod bench;
mod build;
mod ci;
mod cut_link;
mod deny;
mod dist;
mod fuzz;
mod layers;
mod miri;
mod names;
mod namespaces;
mod old_kernel;
mod partition;
mod picture;
mod program;
mod shell;
mod simulate;
mod soak;
mod tool;

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
    CutLink(cut_link::CutLink),
    Deny(deny::Deny),
    Dist(dist::Dist),
    Fuzz(fuzz::Fuzz),
    Layers(layers::Layers),
    Miri(miri::Miri),
    Names(names::Names),
    OldKernel(old_kernel::OldKernel),
    Partition(partition::Partition),
    Picture(picture::Picture),
    Simulate(simulate::Simulate),
    Soak(soak::Soak),
}

fn main() -> ExitCode {
    let Xtask { task } = argh::from_env();
    let result = match task {
        Task::BareLoop(bare_loop) => bare_loop.run(),
        Task::Bench(bench) => bench.run(),
        Task::Ci(ci) => ci.run(),
        Task::CutLink(cut_link) => cut_link.run(),
        Task::Deny(deny) => deny.run(),
        Task::Dist(dist) => dist.run(),
        Task::Fuzz(fuzz) => fuzz.run(),
        Task::Layers(layers) => layers.run(),
        Task::Miri(miri) => miri.run(),
        Task::Names(names) => names.run(),
        Task::OldKernel(old_kernel) => old_kernel.run(),
        Task::Partition(partition) => partition.run(),
        Task::Picture(picture) => picture.run(),
        Task::Simulate(simulate) => simulate.run(),
        Task::Soak(soak) => soak.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("xtask: {error}"));
            ExitCode::FAILURE
        }
    }
}
