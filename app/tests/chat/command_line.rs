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
        (&["join", "--help"], "Usage: chat join [--stay]"),
        (&["join", "127.0.0.1", "-h"], "Usage: chat join [--stay]"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(text(&output.stdout).starts_with(usage), "{}", text(&output.stdout));
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn wrong_usage_says_so_in_one_or_two_lines() {
    for (args, said) in [
        (&[][..], "chat: "),
        (&["sing"], "chat: "),
        (
            &["serve"],
            "chat: Required positional arguments not provided: host, port\n\
             Try: chat serve --help\n",
        ),
        (&["serve", "127.0.0.1", "none"], "chat: "),
        (
            &["serve", "127.0.0.1", "65536"],
            "chat: Error parsing positional argument 'port' with value '65536': \
             not a port from 0 to 65535\nTry: chat serve --help\n",
        ),
        (
            &["serve", "127.0.0.1", "0", "--loud"],
            "chat: Unrecognized argument: --loud\nTry: chat serve --help\n",
        ),
        (&["serve", "127.0.0.1", "0", "--max-users", "0"], "chat: "),
        (
            &["serve", "127.0.0.1", "0", "--max-line", "15"],
            "chat: --max-line: 15 is not between 16 and 65536 bytes\n",
        ),
        (
            &["serve", "127.0.0.1", "0", "--max-line", "1M"],
            "chat: --max-line: 1048576 is not between 16 and 65536 bytes\n",
        ),
        (
            &["serve", "127.0.0.1", "0", "--backlog", "1K"],
            "chat: --backlog: 1024 is not between 49764 and 1073741824 bytes\n",
        ),
        (&["serve", "127.0.0.1", "0", "--backlog", "many"], "chat: "),
        (
            &["serve", "127.0.0.1", "0", "--max-line=15"],
            "chat: --max-line: 15 is not between 16 and 65536 bytes\n",
        ),
        (
            &["join", "--time=127.0.0.1", "3333"],
            "chat: Unrecognized argument: --time=127.0.0.1\nTry: chat join --help\n",
        ),
        (
            &["join", "127.0.0.1", "1", "--color=often"],
            "chat: Error parsing option '--color' with value 'often': \
             not auto, always or never\nTry: chat join --help\n",
        ),
        (
            &["join", "127.0.0.1"],
            "chat: Required positional arguments not provided: port\nTry: chat join --help\n",
        ),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with(said), "{args:?}: {stderr}");
        assert!((1..=2).contains(&stderr.lines().count()), "{args:?}: {stderr}");
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn an_argument_that_is_not_unicode() {
    let output = run([OsStr::new("join"), OsStr::from_bytes(b"h\xffst"), OsStr::new("1")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "chat: argument 2 is not valid UTF-8: \"h\\xFFst\"\n");
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
