//! Threads, and what they start, for which the system refuses a call.

use std::net::TcpListener;
use std::thread;

use seccompiler::{apply_filter, sock_filter};

/// Runs `work` on a thread of its own for which, and for the programs that it starts, every socket
/// option is refused with `errno`.
pub(crate) fn without_socket_options<T: Send + 'static>(
    errno: u32,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    // 64 bits have one call for it, 32 bits two.
    let filter = vec![
        load(ARCHITECTURE),
        jump_if(X86_64, 0, 2),
        load(NUMBER),
        jump_if(54, 6, 5), // setsockopt
        load(NUMBER),
        jump_if(366, 4, 0), // setsockopt
        jump_if(102, 0, 2), // socketcall
        load(FIRST_ARGUMENT),
        jump_if(14, 1, 0), // SYS_SETSOCKOPT
        answer(ALLOW),
        answer(REFUSE | errno),
    ];
    filtered(filter, move || {
        // std sets SO_REUSEADDR.
        let refused = TcpListener::bind("127.0.0.1:0").unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(errno.cast_signed()));
        work()
    })
}

/// The same where no file's content can be synced to the disk.
pub(crate) fn without_syncing<T: Send + 'static>(
    errno: u32,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let filter = vec![
        load(ARCHITECTURE),
        jump_if(X86_64, 0, 2),
        load(NUMBER),
        jump_if(75, 3, 2), // fdatasync
        load(NUMBER),
        jump_if(148, 1, 0), // fdatasync
        answer(ALLOW),
        answer(REFUSE | errno),
    ];
    filtered(filter, move || {
        let refused = tempfile::tempfile().unwrap().sync_data().unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(errno.cast_signed()));
        work()
    })
}

fn filtered<T: Send + 'static>(
    filter: Vec<sock_filter>,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let thread = thread::spawn(move || {
        apply_filter(&filter).unwrap();
        work()
    });
    thread.join().unwrap()
}

// `linux/seccomp.h`, `linux/bpf_common.h`, `linux/audit.h`, `syscall_64.tbl`, `syscall_32.tbl` and
// `linux/net.h`.
const ALLOW: u32 = 0x7fff_0000;
const REFUSE: u32 = 0x0005_0000;
/// `AUDIT_ARCH_X86_64`
const X86_64: u32 = 0xc000_003e;
// Where a call has them.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

fn load(offset: u32) -> sock_filter {
    sock_filter { code: 0x20, jt: 0, jf: 0, k: offset }
}

fn jump_if(k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: 0x15, jt, jf, k }
}

fn answer(k: u32) -> sock_filter {
    sock_filter { code: 0x06, jt: 0, jf: 0, k }
}
