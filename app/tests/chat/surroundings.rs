//! What tests ask of the system that they run on, beyond what every system has.

use std::io::{self, Write};
#[cfg(target_arch = "x86_64")]
use std::net::TcpListener;
use std::process::{Command, Stdio};
#[cfg(target_arch = "x86_64")]
use std::thread;

#[cfg(target_arch = "x86_64")]
use seccompiler::{apply_filter, sock_filter};

/// Says that a test, or a part of one, is left out. The gate leaves none out.
pub(crate) fn leave_out(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
    // Not `eprintln!`: what that prints is not shown of a test that passes.
    io::stderr().write_all(format!("A test is left out: {why}\n").as_bytes()).unwrap();
}

/// A command line that a shell runs with mounts of its own, which end with it: `setting_up`, and
/// then the program in its place. `None` where the system does not allow that.
pub(crate) fn with_own_mounts(setting_up: &str, program: &str) -> Option<Command> {
    let line = format!("set -e; {setting_up}; exec {program}");
    // Root may mount; others may where they may be root of a namespace.
    [&["--mount"][..], &["--mount", "--map-root-user"]].into_iter().find_map(|options| {
        let mut unshare = Command::new("unshare");
        unshare.args(options).args(["sh", "-c"]);
        let mut trial = Command::new("unshare");
        trial.args(options).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).stderr(Stdio::null());
        let may_mount = trial.status().is_ok_and(|status| status.success());
        may_mount.then(|| {
            unshare.arg(&line);
            unshare
        })
    })
}

/// Runs `work` on a thread of its own for which, and for the programs that it starts, every socket
/// option is refused with `errno`.
#[cfg(target_arch = "x86_64")]
pub(crate) fn without_socket_options<T: Send + 'static>(
    errno: u32,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    // `linux/seccomp.h`, `linux/bpf_common.h`, `linux/audit.h`, `syscall_64.tbl`, `syscall_32.tbl`
    // and `linux/net.h`: 64 bits have one call for it, 32 bits two.
    const ALLOW: u32 = 0x7fff_0000;
    const REFUSE: u32 = 0x0005_0000;
    let load = |offset| sock_filter { code: 0x20, jt: 0, jf: 0, k: offset };
    let jump_if = |k, jt, jf| sock_filter { code: 0x15, jt, jf, k };
    let answer = |k| sock_filter { code: 0x06, jt: 0, jf: 0, k };
    let (number, architecture, first_argument) = (0, 4, 16);
    let filter = [
        load(architecture),
        jump_if(0xc000_003e, 0, 2), // AUDIT_ARCH_X86_64
        load(number),
        jump_if(54, 6, 5), // setsockopt
        load(number),
        jump_if(366, 4, 0), // setsockopt
        jump_if(102, 0, 2), // socketcall
        load(first_argument),
        jump_if(14, 1, 0), // SYS_SETSOCKOPT
        answer(ALLOW),
        answer(REFUSE | errno),
    ];
    thread::spawn(move || {
        apply_filter(&filter).unwrap();
        // std sets SO_REUSEADDR.
        let refused = TcpListener::bind("127.0.0.1:0").unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(errno.cast_signed()));
        work()
    })
    .join()
    .unwrap()
}
