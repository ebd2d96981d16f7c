//! What only Linux has; elsewhere the program does without.

#[cfg(target_os = "linux")]
use std::fs;
use std::fs::Metadata;
use std::io;
#[cfg(all(unix, not(target_os = "linux")))]
use std::io::Read;
use std::net::Ipv4Addr;
#[cfg(target_os = "linux")]
use std::os::linux::fs::MetadataExt;
use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::fs::{major, minor};
#[cfg(target_os = "linux")]
use rustix::io::{ReadWriteFlags, preadv2, pwritev2};
#[cfg(target_os = "linux")]
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
#[cfg(target_os = "linux")]
use rustix::rand::{GetRandomFlags, getrandom};
#[cfg(target_os = "linux")]
use rustix::stdio::{stdin, stdout};
use socket2::SockRef;

/// Bounds how long sent bytes may stay unacknowledged, and how many unsent bytes the kernel
/// accepts. An option that is refused is done without.
#[cfg(target_os = "linux")]
pub(crate) fn bound_sending(socket: &SockRef<'_>, acknowledged_within: Duration, unsent: u32) {
    let _ = socket.set_tcp_user_timeout(Some(acknowledged_within));
    let _ = socket.set_tcp_notsent_lowat(unsent);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn bound_sending(_: &SockRef<'_>, _: Duration, _: u32) {}

/// Draws bits that nobody can guess; `None` where the system has none to give.
#[cfg(target_os = "linux")]
pub(crate) fn draw_key() -> Option<u128> {
    let mut key = [0; 16];
    // So few are given all at once (`getrandom(2)`).
    let drawn = getrandom(&mut key, GetRandomFlags::empty()).ok()?;
    (drawn == key.len()).then_some(u128::from_ne_bytes(key))
}

#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn draw_key() -> Option<u128> {
    let mut key = [0; 16];
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut key)).ok()?;
    Some(u128::from_ne_bytes(key))
}

/// Where that is not known nobody can come back.
#[cfg(not(unix))]
pub(crate) fn draw_key() -> Option<u128> {
    None
}

/// The offset that stands for a file's own position (`preadv2(2)`).
#[cfg(target_os = "linux")]
const OWN_POSITION: u64 = u64::MAX;

/// Reads from standard input without waiting.
///
/// # Errors
///
/// [`io::ErrorKind::Unsupported`], or another kind on older kernels, where the stream cannot be
/// read that way: a terminal, some files, any stream on other systems.
#[cfg(target_os = "linux")]
pub(super) fn read_now(buffer: &mut [u8]) -> io::Result<usize> {
    let mut buffers = [io::IoSliceMut::new(buffer)];
    Ok(preadv2(stdin(), &mut buffers, OWN_POSITION, ReadWriteFlags::NOWAIT)?)
}

/// Writes to standard output without waiting. Fails as [`read_now`] does.
#[cfg(target_os = "linux")]
pub(super) fn write_now(bytes: &[u8]) -> io::Result<usize> {
    Ok(pwritev2(stdout(), &[io::IoSlice::new(bytes)], OWN_POSITION, ReadWriteFlags::NOWAIT)?)
}

/// Returns the signals that are ignored, the first as the lowest bit (`proc_pid_status(5)`,
/// "SigIgn"); none where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn ignored_signals() -> u64 {
    0
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read_now(_: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn write_now(_: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the IPv4 addresses of this machine, as far as the system tells.
#[cfg(target_os = "linux")]
pub(crate) fn own_addresses() -> Vec<Ipv4Addr> {
    local_in(&fs::read_to_string("/proc/net/fib_trie").unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn own_addresses() -> Vec<Ipv4Addr> {
    Vec::new()
}

/// Returns the addresses in a routing table that are this machine's own, each once: those of which
/// the next line says that they are (`/32 host LOCAL`).
#[cfg(target_os = "linux")]
fn local_in(table: &str) -> Vec<Ipv4Addr> {
    let mut found = Vec::new();
    let mut last = None;
    for line in table.lines().map(str::trim_start) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line.starts_with("/32 host LOCAL") {
            found.extend(last.take().filter(|ip| !found.contains(ip)));
        }
    }
    found
}

/// Returns the process that has locked a file by `flock(2)`, if the system tells. It does not of one
/// in another namespace, nor by this number on a file system that has several devices in one.
#[cfg(target_os = "linux")]
pub(super) fn lock_holder(metadata: &Metadata) -> Option<u32> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let device = metadata.st_dev();
    holder_in(&locks, (major(device), minor(device)), metadata.st_ino())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn lock_holder(_: &Metadata) -> Option<u32> {
    None
}

/// Finds the process that has locked a file, by its device and inode, in a table of locks
/// (`proc_locks(5)`).
#[cfg(target_os = "linux")]
fn holder_in(locks: &str, device: (u32, u32), inode: u64) -> Option<u32> {
    let file = format!("{:02x}:{:02x}:{inode}", device.0, device.1);
    locks.lines().find_map(|lock| {
        let mut words = lock.split_ascii_whitespace().skip(1);
        // One that waits for a lock has an arrow before that.
        let is_whole = words.next() == Some("FLOCK");
        let pid = words.nth(2)?;
        (is_whole && words.next() == Some(&file)).then(|| pid.parse().ok()).flatten()
    })
}

/// Enlarges a pipe at standard output to what any program may ask for (`pipe(7)`), so that its
/// writer and its reader wait for each other less often. If that fails it keeps its size.
#[cfg(target_os = "linux")]
pub(crate) fn widen_output() {
    const SIZE: usize = 1024 * 1024;
    if fcntl_getpipe_size(stdout()).is_ok_and(|size| size < SIZE) {
        let _ = fcntl_setpipe_size(stdout(), SIZE);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn widen_output() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The example of proc_locks(5), and who waits.
    #[test]
    fn the_holder_of_a_lock() {
        let locks = "1: POSIX  ADVISORY  READ  5433 08:01:7864448 128 128
2: FLOCK  ADVISORY  WRITE 2001 08:01:7864554 0 EOF
2: -> FLOCK  ADVISORY  WRITE 2002 08:01:7864554 0 EOF
3: FLOCK  ADVISORY  WRITE 1568 00:2f:32388 0 EOF
4: POSIX  ADVISORY  WRITE 699 00:16:28457 0 EOF
";
        assert_eq!(holder_in(locks, (8, 1), 7_864_554), Some(2001));
        assert_eq!(holder_in(locks, (0, 0x2f), 32_388), Some(1568));
        assert_eq!(holder_in(locks, (0, 0x16), 28_457), None);
        assert_eq!(holder_in(locks, (8, 1), 7_864_448), None);
        assert_eq!(holder_in("", (8, 1), 1), None);
    }

    /// What Linux says on a machine with one address beside the loopback's (proc(5) does not
    /// describe it; taken from a kernel of version 6.1, shortened).
    #[test]
    fn own_addresses_in_a_routing_table() {
        let table = "Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.168.0.0/24 2 0 2
        +-- 192.168.0.0/28 2 0 2
           |-- 192.168.0.0
              /24 link UNICAST
           |-- 192.168.0.5
              /32 host LOCAL
        |-- 192.168.0.255
           /32 link BROADCAST
Local:
  +-- 127.0.0.0/8 2 0 2
     +-- 127.0.0.0/31 1 0 0
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 127.255.255.255
        /32 link BROADCAST
  |-- 192.168.0.5
     /32 host LOCAL
";
        assert_eq!(local_in(table), [Ipv4Addr::new(192, 168, 0, 5), Ipv4Addr::LOCALHOST]);
        assert!(local_in("|-- 1.2.3\n/32 host LOCAL\n").is_empty());
    }
}
