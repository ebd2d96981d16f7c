//! An executable runs in an empty file system: no library, no `/etc`, no `/dev`, no `/proc`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Command;

use fs_err as fs;
use rustix::process::geteuid;

use crate::program::{LIMIT, Program, Server, connect};
use crate::shell::{Outcome, Tried, say};

pub(super) fn check(executable: &Path, scratch: &Path) -> Outcome<()> {
    let root = scratch.join("root");
    fs::create_dir(&root)?;
    fs::copy(executable, root.join("chat"))?;
    say("In a root folder of its own:");
    session(&root)?;
    unknown_name(&root)
}

/// Checks serving, joining, a message each way, and Ctrl+C.
fn session(root: &Path) -> Outcome<()> {
    let Server { program: server, port } = Server::start(&mut chat(root))?;
    let mut ann = Program::start(chat(root).args(["join", "127.0.0.1", &port.to_string()]))?;
    expect("ann", &ann.line()?, "> Connected to the chat server (1 user online)")?;
    let mut ben = connect(port)?;
    ben.set_read_timeout(Some(LIMIT))?;
    let address = ben.local_addr()?;
    let mut to_ben = BufReader::new(ben.try_clone()?).lines();
    let mut ben_reads =
        || to_ben.next().ok_or("the connection ends")?.map_err(|error| error.to_string());
    expect("ben", &ben_reads()?, "> Connected to the chat server (2 users online)")?;
    expect("ann", &ann.line()?, &format!("> New user {address} entered (2 users online)"))?;
    ben.write_all("안녕하세요?\n".as_bytes()).tried("writing as ben")?;
    expect("ann", &ann.line()?, &format!("[{address}] 안녕하세요?"))?;
    ann.type_in("네 안녕하세요ㅋㅋ\n")?;
    expect("ann", &ann.line()?, "[You] 네 안녕하세요ㅋㅋ")?;
    let said = ben_reads()?;
    let Some((_, "네 안녕하세요ㅋㅋ")) = said.split_once("] ") else {
        return Err(format!("ben received {said:?}").into());
    };
    for (who, program) in [("ann", ann), ("the server", server)] {
        program.interrupt()?;
        let (status, rest, errors) = program.end()?;
        expect(who, &format!("{status} {errors:?}"), "exit status: 0 []")?;
        expect(who, rest.last().map_or("", String::as_str), "exit")?;
    }
    Ok(())
}

/// Checks the error for a name that cannot be resolved. Without a configuration the program asks
/// this machine, where a server may answer that there is no such name.
fn unknown_name(root: &Path) -> Outcome<()> {
    let name = "no-such-name.invalid";
    let program = Program::start(chat(root).args(["join", name, "3333"]))?;
    let (status, _, errors) = program.end()?;
    say(&format!("  {status}: {errors:?}"));
    let is_clear = ["Temporary failure in name resolution", "Name or service not known"]
        .map(|reason| vec![format!("chat: cannot connect to {name}:3333: {reason}")])
        .contains(&errors);
    if status.code() == Some(1) && is_clear {
        Ok(())
    } else {
        Err("the error does not say what failed".into())
    }
}

/// Returns a command that runs the executable with the folder `root` as its file system. It takes
/// root, or a user namespace.
fn chat(root: &Path) -> Command {
    let mut command = if geteuid().is_root() {
        Command::new("chroot")
    } else {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "chroot"]);
        unshare
    };
    // Debian's users have no `/usr/sbin` on their path, where chroot is.
    command.arg(root).arg("/chat").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

fn expect(who: &str, found: &str, expected: &str) -> Outcome<()> {
    if found == expected {
        say(&format!("  {who}: {found}"));
        return Ok(());
    }
    Err(format!("{who}: {found:?} instead of {expected:?}").into())
}
