//! The command line.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::harness::executable;

fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    Command::new(executable()).args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn version() {
    // The commit is there where the source is a clone, and not in an archive of it.
    assert!(env!("CHAT_VERSION").starts_with(env!("CARGO_PKG_VERSION")));
    let expected = concat!("chat ", env!("CHAT_VERSION"), "\n");
    for args in [&["--version"][..], &["-V"]] {
        let output = run(args);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), expected));
    }
}

#[test]
fn help() {
    for (args, usage) in [
        (&["--help"][..], "Usage: chat <command>"),
        (&["-h"], "Usage: chat <command>"),
        (&["serve", "--help"], "Usage: chat serve [--max-users <N>]"),
        (&["serve", "-h"], "Usage: chat serve [--max-users <N>]"),
        (&["join", "--help"], "Usage: chat join [--name <NAME>]"),
        (&["join", "127.0.0.1", "-h"], "Usage: chat join [--name <NAME>]"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(text(&output.stdout).starts_with(usage), "{}", text(&output.stdout));
        assert_eq!(text(&output.stderr), "");
    }
}

/// Words on the command line, and what is said of them, behind `Error parsing ` if it begins so.
const WRONG: [(&[&str], &str); 50] = [
    (&[], "One of the following subcommands must be present: help, serve, join"),
    (&["sing"], "Unrecognized argument: sing"),
    (&["--loud", "serve"], "Unrecognized argument: --loud"),
    (&["serve"], "Required positional arguments not provided: host, port"),
    (&["serve", "::1", "none"], "'port' with value 'none': not a port from 0 to 65535"),
    (&["serve", "::1", "65536"], "'port' with value '65536': not a port from 0 to 65535"),
    (&["serve", "::1", "0", "--loud"], "Unrecognized argument: --loud"),
    (&["serve", "::1", "0", "more"], "Unrecognized argument: more"),
    (&["serve", "::1", "0", "--backlog"], "No value provided for option '--backlog'."),
    (
        &["serve", "::1", "0", "--max-users", "0"],
        "'--max-users' with value '0': not a whole number above 0",
    ),
    (
        &["serve", "::1", "0", "--backlog", "many"],
        "'--backlog' with value 'many': not a size such as 4096, 64K or 4M",
    ),
    (
        &["serve", "::1", "0", "--max-line", "15"],
        "--max-line: 15 is not between 16 and 65536 bytes",
    ),
    (&["serve", "::1", "0", "--max-line=15"], "--max-line: 15 is not between 16 and 65536 bytes"),
    (
        &["serve", "::1", "0", "--max-line", "1M"],
        "--max-line: 1048576 is not between 16 and 65536 bytes",
    ),
    (
        &["serve", "::1", "0", "--backlog", "1K"],
        "--backlog: 1024 is not between 50160 and 1073741824 bytes",
    ),
    (
        &["serve", "::1", "0", "--backlog", "2G"],
        "--backlog: 2147483648 is not between 50160 and 1073741824 bytes",
    ),
    (
        &["serve", "127.0.0.1:3333", "0"],
        "'host' with value '127.0.0.1:3333': \
         not an address or a name (PORT is an argument of its own)",
    ),
    (&["serve", "a\nb", "0"], "'host' with value 'a, b': not an address or a name"),
    (&["serve", "::1", "0", "--web=x"], "'--web' with value 'x': not a port from 0 to 65535"),
    (&["serve", "::1", "3333", "--web", "3333"], "--web: that is the port of the room"),
    (&["serve", "::1", "0", "--web-name", "a.example"], "--web-name says nothing without --web"),
    (
        &["serve", "::1", "0", "--web=0", "--web-name=http://a/"],
        "'--web-name' with value 'http://a/': \
         not a name such as chat.example.org, in ASCII, without a port",
    ),
    (&["join"], "Required positional arguments not provided: host"),
    (&["join", "127.0.0.1"], "127.0.0.1 has no port: HOST PORT, or HOST:PORT"),
    (&["join", "::1"], "::1 has no port: HOST PORT, or HOST:PORT"),
    (&["join", "a:1", "3333"], "PORT 3333 is one port too many: HOST PORT, or HOST:PORT"),
    (&["join", "a:1,b"], "'host' with value 'a:1,b': \"b\" is without its port"),
    (&["join", "a,b", "1"], "'host' with value 'a,b': \"a\" is without its port"),
    (&["join", "a:1,"], "'host' with value 'a:1,': \"\" is without its port"),
    (&["join", "a:0"], "'host' with value 'a:0': \"a:0\" is without a port from 1 to 65535"),
    (&["join", ":1"], "'host' with value ':1': \":1\" is not HOST:PORT"),
    (&["join", "[a]:1"], "'host' with value '[a]:1': \"[a]:1\" is not HOST:PORT"),
    (
        &["join", "a:1,fe80::x:1"],
        "'host' with value 'a:1,fe80::x:1': \"fe80::x:1\" is not HOST:PORT (IPv6 is in brackets)",
    ),
    (
        &["serve", "::1", "0", "--shared", "redis://127.0.0.1"],
        "--shared: not redis://HOST:PORT/ROOM, rediss://HOST:PORT/ROOM \
         or redis+sentinel://HOST:PORT/MASTER/ROOM",
    ),
    (&["join", "::1", "0"], "'port' with value '0': not a port from 1 to 65535"),
    (&["join", "::1", "-1"], "Unrecognized argument: -1"),
    (&["join", "", "3333"], "'host' with value '': not an address or a name"),
    (&["join", " ", "3333"], "'host' with value ' ': not an address or a name"),
    (&["join", "lab 7", "3333"], "'host' with value 'lab 7': not an address or a name"),
    (&["join", "[]", "3333"], "'host' with value '[]': not an IPv6 address in brackets"),
    (&["join", "[lab7]", "3333"], "'host' with value '[lab7]': not an IPv6 address in brackets"),
    (&["join", "1:2", "3333"], "PORT 3333 is one port too many: HOST PORT, or HOST:PORT"),
    (&["join", "--time=::1", "3333"], "Unrecognized argument: --time=::1"),
    (
        &["join", "::1", "1", "--color=often"],
        "'--color' with value 'often': not auto, always or never",
    ),
    (&["join", "::1", "1", "--name", ""], "'--name' with value '': not a name of one word"),
    (&["join", "::1", "1", "--name=a b"], "'--name' with value 'a b': not a name of one word"),
    (&["join", "::1", "1", "--history=-1"], "'--history' with value '-1': not a whole number"),
    (
        &["join", "::1", "1", "--bell", "often"],
        "'--bell' with value 'often': not never, mention or all",
    ),
    (&["join", "::1", "1", "--json=1"], "Unrecognized argument: --json=1"),
    (
        &["join", "::1", "1", "--reconnect", "--no-reconnect"],
        "--reconnect and --no-reconnect contradict each other",
    ),
];

/// One line names what is wrong, and a second one says where to read on.
#[test]
fn wrong_usage_always_ends_the_same_way() {
    for (args, said) in WRONG {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let what = match said {
            _ if said.starts_with("'--") => "Error parsing option ",
            _ if said.starts_with('\'') => "Error parsing positional argument ",
            _ => "",
        };
        let command = args.first().filter(|first| ["serve", "join"].contains(first));
        let command = command.map(|command| format!(" {command}")).unwrap_or_default();
        let expected = format!("chat: {what}{said}\nTry: chat{command} --help\n");
        assert_eq!(text(&output.stderr), expected, "{args:?}");
        assert_eq!(text(&output.stdout), "");
    }
}

/// The same of the environment.
#[test]
fn a_variable_that_is_no_name() {
    let mut join = Command::new(executable());
    let output = join.args(["join", "::1", "1"]).env("CHAT_NAME", "a b").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = "chat: CHAT_NAME: not a name of one word\nTry: chat join --help\n";
    assert_eq!(text(&output.stderr), said);
}

#[test]
fn an_argument_that_is_not_unicode() {
    for (args, said) in [
        (
            &[&b"join"[..], b"h\xffst", b"1"][..],
            "argument 2 is not valid UTF-8: \"h\\xFFst\"\nTry: chat join",
        ),
        (&[b"\xffoin"], "argument 1 is not valid UTF-8: \"\\xFFoin\"\nTry: chat"),
    ] {
        let output = run(args.iter().map(|arg| OsStr::from_bytes(arg)));
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr), format!("chat: {said} --help\n"));
    }
}

/// What the help says that a number may be is so, at either end.
#[test]
fn the_help_has_the_limits() {
    let help = run(["serve", "--help"]).stdout;
    let help = text(&help).split_whitespace().collect::<Vec<_>>().join(" ");
    for (option, limits, right, wrong) in [
        ("--max-users", "1 or more", ["1", "4294967295"], ["0", "-1"]),
        ("--max-line", "16 to 64K", ["16", "64K"], ["15", "65K"]),
        ("--backlog", "12 of the longest lines to 1G", ["50160", "1G"], ["50159", "2G"]),
    ] {
        let described = help.rsplit(&format!("{option} ")).next().unwrap();
        let described = described.split(" --").next().unwrap();
        assert!(described.contains(limits), "{option} {described}");
        // This machine does not have the address, so that right usage fails too.
        for (values, status) in [(right, 1), (wrong, 2)] {
            for value in values {
                let output = run(["serve", "192.0.2.1", "0", option, value]);
                assert_eq!(output.status.code(), Some(status), "{option} {value}");
            }
        }
    }
}

#[test]
fn nobody_reads_what_it_says() {
    for (args, status) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["serve", "--help"], 0),
        (&["sing"], 2),
        (&["join", "no.such.name.invalid", "1"], 1),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(executable());
        command.args(args).stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
        // A panic would end it with status 101.
        assert_eq!(command.status().unwrap().code(), Some(status), "{args:?}");
    }
}

/// The executable under other names, in a folder that is removed with this.
struct Links {
    folder: PathBuf,
}

impl Links {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("chat-links-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn run(&self, name: &str, args: &[&str]) -> Output {
        let link = self.folder.join(name);
        symlink(std::fs::canonicalize(executable()).unwrap(), &link).unwrap();
        Command::new(link).args(args).stdin(Stdio::null()).output().unwrap()
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn links() {
    let links = Links::new();
    let output = links.run("chat-join", &["127.0.0.1", "--help"]);
    assert!(text(&output.stdout).starts_with("Usage: chat join"));
    let output = links.run("chat-serve", &["127.0.0.1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).ends_with("Try: chat serve --help\n"));
    std::fs::remove_file(links.folder.join("chat-serve")).unwrap();
    let output = links.run("chat-serve", &["--version"]);
    assert!(text(&output.stdout).starts_with("chat "));
    let output = links.run("chat-other", &["join", "--help"]);
    assert!(text(&output.stdout).starts_with("Usage: chat join"), "any other name is chat");
}

/// Returns the options that each help shows, apart from `--help` itself.
fn options() -> BTreeSet<String> {
    let mut options = BTreeSet::new();
    for applet in ["serve", "join"] {
        let help = run([applet, "--help"]).stdout;
        options.extend(words_after("\n  --", text(&help)).map(|option| format!("--{option}")));
    }
    options.remove("--help");
    assert!(options.len() > 5, "{options:?}");
    options
}

/// Returns the words right after each `mark`.
fn words_after<'a>(mark: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
    let end = |rest: &str| rest.find(|c: char| c != '-' && !c.is_ascii_lowercase());
    let words = text.split(mark).skip(1).map(move |rest| &rest[..end(rest).unwrap_or(rest.len())]);
    words.filter(|word| !word.is_empty())
}

/// What is packaged with the executable names the options that its help shows.
#[test]
fn every_text_names_the_options() {
    let expected = options();
    for (path, mark, also) in [
        ("../README.md", "\n| `--", &[][..]),
        ("packaging/chat.1", "Fl -", &["--help", "--version"]),
        ("packaging/completions/chat.bash", "--", &["--help", "--version"]),
        ("packaging/completions/_chat", "--", &["--help", "--version"]),
        ("packaging/completions/chat.fish", "--long-option ", &["--help", "--version"]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text = fs::read_to_string(&path).unwrap().replace("\\-", "-");
        let words: BTreeSet<String> = words_after(mark, &text).map(|w| format!("--{w}")).collect();
        let also = also.iter().map(|option| (*option).to_owned());
        let expected: BTreeSet<String> = expected.iter().cloned().chain(also).collect();
        assert_eq!(words, expected, "{}", path.display());
    }
}
