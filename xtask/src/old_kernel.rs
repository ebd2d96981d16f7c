//! `cargo xtask old-kernel`: running a program as on Linux 4.15, the kernel of Ubuntu 18.04.

use std::os::unix::process::CommandExt;
use std::process::Command;

use argh::FromArgs;
use rustix::io::Errno;
use rustix::process::{PidfdFlags, getpid, pidfd_open};
use seccompiler::{apply_filter, sock_filter};

use crate::shell::{Outcome, Tried};

/// Run a program and its children without the system calls that Linux 4.15 lacks: they fail with
/// ENOSYS, as they do there.
#[derive(FromArgs)]
#[argh(subcommand, name = "old-kernel", example = "cargo xtask old-kernel -- chat --version")]
pub(crate) struct OldKernel {
    /// the program and its arguments, after `--`
    #[argh(positional, greedy)]
    command: Vec<String>,
}

impl OldKernel {
    pub(crate) fn run(&self) -> Outcome<()> {
        let (program, args) = self.command.split_first().ok_or("no program is named")?;
        apply_filter(&FILTER).tried("seccomp")?;
        if !matches!(pidfd_open(getpid(), PidfdFlags::empty()), Err(Errno::NOSYS)) {
            return Err("a system call of a later kernel does not fail".into());
        }
        Err(Command::new(program).args(args).exec()).tried(program)
    }
}

/// The last system calls of Linux 4.15 in the kernel's tables `syscall_64.tbl` and
/// `syscall_32.tbl`: `statx` and `arch_prctl`.
const LAST_X86_64: u32 = 332;
const LAST_I386: u32 = 384;

// `linux/audit.h`, `linux/seccomp.h` and `linux/bpf_common.h`.
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
const AUDIT_ARCH_I386: u32 = 0x4000_0003;
const SECCOMP_RET_ALLOW: u32 = 0x7fff_0000;
const SECCOMP_RET_ERRNO: u32 = 0x0005_0000;
const ENOSYS: u32 = 38;
/// Offsets in `seccomp_data` of the number of the call and of the architecture.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

const FILTER: [sock_filter; 9] = [
    load(ARCHITECTURE),
    jump_if_equal(AUDIT_ARCH_X86_64, 1, 0),
    jump_if_equal(AUDIT_ARCH_I386, 2, 4),
    load(NUMBER),
    jump_if_greater(LAST_X86_64, 2, 3),
    load(NUMBER),
    jump_if_greater(LAST_I386, 0, 1),
    // Calls of any other architecture end here too.
    answer(SECCOMP_RET_ERRNO | ENOSYS),
    answer(SECCOMP_RET_ALLOW),
];

const fn load(offset: u32) -> sock_filter {
    sock_filter { code: 0x20, jt: 0, jf: 0, k: offset }
}

/// Skips the next `yes` or `no` instructions.
const fn jump_if_equal(value: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code: 0x15, jt: yes, jf: no, k: value }
}

const fn jump_if_greater(value: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code: 0x25, jt: yes, jf: no, k: value }
}

const fn answer(value: u32) -> sock_filter {
    sock_filter { code: 0x06, jt: 0, jf: 0, k: value }
}
