use std::ffi::OsString;

use chat_core::{Limits, Wishes};

use super::serve::Record;
use super::*;
use crate::args::{self, Parsed};
use crate::net::Place;

fn command(words: &[&str]) -> Command {
    let words = ["chat"].iter().chain(words).map(OsString::from);
    let Ok(Parsed::Command(command)) = args::parse(words) else { panic!("no command") };
    command
}

fn surroundings<'a>(
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    is_terminal: bool,
) -> Surroundings<'a> {
    Surroundings { variable, is_terminal, shows_output: is_terminal, shows_failures: is_terminal }
}

fn join(
    options: &[&str],
    is_terminal: bool,
    variables: &'static [(&'static str, &'static str)],
) -> Join {
    let variable = variable(variables);
    let words = [&["join", "127.0.0.1", "3333"], options].concat();
    let Command::Join(args) = command(&words) else { panic!("not join") };
    Join::resolve(args, &surroundings(&variable, is_terminal)).unwrap()
}

fn seat(
    options: &[&str],
    is_terminal: bool,
    variables: &'static [(&'static str, &'static str)],
) -> Option<Seat> {
    serve(options, is_terminal, variables).unwrap().seat
}

fn serve(
    options: &[&str],
    is_terminal: bool,
    variables: &'static [(&'static str, &'static str)],
) -> Result<Serve, Failure> {
    let words = [&["serve", "127.0.0.1", "3333"], options].concat();
    let Command::Serve(args) = command(&words) else { panic!("not serve") };
    let variable = variable(variables);
    Serve::resolve(args, &surroundings(&variable, is_terminal))
}

fn variable(
    variables: &'static [(&'static str, &'static str)],
) -> impl Fn(&str) -> Option<OsString> {
    move |name: &str| {
        let found = variables.iter().find(|(set, _)| *set == name);
        found.map(|(_, value)| OsString::from(value))
    }
}

#[test]
fn places() {
    let places = |words: &[&str]| {
        let variable = variable(XTERM);
        let words = [&["join"], words].concat();
        let Command::Join(args) = command(&words) else { panic!("not join") };
        let join = Join::resolve(args, &surroundings(&variable, true));
        join.map(|join| join.places.iter().map(Place::to_string).collect::<Vec<_>>().join(","))
    };
    for (words, expected) in [
        (&["lab7", "3333"][..], "lab7:3333"),
        (&["lab7:3333"], "lab7:3333"),
        (&["::1", "3333"], "[::1]:3333"),
        (&["[::1]", "3333"], "[::1]:3333"),
        (&["[::1]:3333"], "[::1]:3333"),
        (&["fe80::1%eth0", "1"], "[fe80::1%eth0]:1"),
        (&["a.example:1,[fe80::1%eth0]:2,192.0.2.7:3"], "a.example:1,[fe80::1%eth0]:2,192.0.2.7:3"),
    ] {
        assert_eq!(places(words).unwrap(), expected);
    }
    for wrong in [&["lab7"][..], &["::1"], &["lab7:1", "1"], &["a:1,b:2", "3"]] {
        assert!(places(wrong).is_err(), "{wrong:?}");
    }
}

const XTERM: &[(&str, &str)] = &[("TERM", "xterm")];

#[test]
fn the_editor_needs_a_capable_terminal_at_both_ends() {
    let patience = Patience { waits: false, reconnects: true };
    let interactive = Manner::Interactive { patience, reflows: false };
    let patience = Patience { waits: false, reconnects: false };
    let plain = Manner::Plain { stays: false, patience, is_json: false };
    assert_eq!(join(&[], true, XTERM).manner, interactive);
    assert_eq!(join(&[], false, XTERM).manner, plain);
    assert_eq!(join(&["--plain"], true, XTERM).manner, plain);
    let stays = Manner::Plain { stays: true, patience, is_json: false };
    let json = Manner::Plain { stays: false, patience, is_json: true };
    assert_eq!(join(&["--json"], true, XTERM).manner, json);
    assert_eq!(join(&["--stay"], false, XTERM).manner, stays);
    for variables in [&[][..], &[("TERM", "")], &[("TERM", "dumb")]] {
        assert_eq!(join(&[], true, variables).manner, plain, "{variables:?}");
    }
}

#[test]
fn a_host_needs_a_capable_terminal_at_both_ends() {
    let at_an_xterm = Seat { in_colour: true, reflows: false, sees_failures: true };
    assert_eq!(seat(&[], true, XTERM), Some(at_an_xterm));
    let without_colour = Seat { in_colour: false, ..at_an_xterm };
    let variables = &[("TERM", "xterm"), ("NO_COLOR", "1")];
    assert_eq!(seat(&[], true, variables), Some(without_colour));
    assert!(seat(&[], true, &[("TERM", "foot")]).unwrap().reflows);
    assert_eq!(seat(&[], false, XTERM), None);
    assert_eq!(seat(&["--quiet"], true, XTERM), None);
    for variables in [&[][..], &[("TERM", "")], &[("TERM", "dumb")]] {
        assert_eq!(seat(&[], true, variables), None, "{variables:?}");
    }
}

#[test]
fn colours_are_for_terminals_unless_they_are_unwanted() {
    assert!(join(&[], true, XTERM).look.in_colour);
    assert!(join(&[], true, &[("TERM", "xterm"), ("NO_COLOR", "")]).look.in_colour);
    assert!(!join(&[], true, &[("TERM", "xterm"), ("NO_COLOR", "1")]).look.in_colour);
    assert!(!join(&["--color", "never"], true, XTERM).look.in_colour);
    assert!(!join(&[], false, XTERM).look.in_colour);
    assert!(join(&["--color", "always"], false, &[("NO_COLOR", "1")]).look.in_colour);
}

/// Who is not at a terminal, and wants nothing, is as ever.
#[test]
fn wishes() {
    let wishes = |name: Option<&str>, history| {
        Some(Wishes { name: name.map(str::to_owned), history, own_when_heard: false })
    };
    assert_eq!(join(&[], false, XTERM).wishes, None);
    assert_eq!(join(&["--history", "0"], false, XTERM).wishes, None);
    assert_eq!(join(&[], true, XTERM).wishes, wishes(None, 20));
    assert_eq!(join(&["--plain"], true, XTERM).wishes, wishes(None, 20));
    assert_eq!(join(&["--history=0"], true, XTERM).wishes, wishes(None, 0));
    assert_eq!(join(&["--history", "5"], false, XTERM).wishes, wishes(None, 5));
    let heard = Wishes { own_when_heard: true, ..Wishes::default() };
    assert_eq!(join(&["--json"], false, XTERM).wishes, Some(heard));
    assert_eq!(join(&["--reconnect"], false, XTERM).wishes, wishes(None, 0));
    assert_eq!(join(&["--name", "지민"], false, XTERM).wishes, wishes(Some("지민"), 0));
    const NAMED: &[(&str, &str)] = &[("CHAT_NAME", "민수")];
    assert_eq!(join(&[], false, NAMED).wishes, wishes(Some("민수"), 0));
    assert_eq!(join(&["--name=지민"], false, NAMED).wishes, wishes(Some("지민"), 0));
    assert_eq!(join(&[], false, &[("CHAT_NAME", "")]).wishes, None);
}

#[test]
fn the_bell_rings_for_somebody_at_a_terminal() {
    let bell = |options: &[&str], is_terminal| join(options, is_terminal, XTERM).look.bell;
    assert_eq!(bell(&[], true), BellFor::Mention);
    assert_eq!(bell(&["--plain"], true), BellFor::Mention);
    assert_eq!(bell(&["--bell", "never"], true), BellFor::Nothing);
    assert_eq!(bell(&["--bell=all"], true), BellFor::All);
    assert_eq!(bell(&[], false), BellFor::Nothing);
    assert_eq!(bell(&["--bell", "mention"], false), BellFor::Mention);
    assert_eq!(bell(&["--bell", "all", "--json"], true), BellFor::Nothing);
}

#[test]
fn the_time_is_that_of_the_users_zone() {
    assert!(join(&[], false, &[("TZ", "KST-9")]).look.zone.is_none());
    let zone = join(&["--time"], false, &[("TZ", "KST-9")]).look.zone.unwrap();
    assert_eq!(zone.as_ref().find_local_time_type(0).unwrap().ut_offset(), 9 * 60 * 60);
    let zone = join(&["--time"], false, &[("TZ", "no/such zone")]).look.zone.unwrap();
    assert_eq!(zone.as_ref().find_local_time_type(0).unwrap().ut_offset(), 0);
}

/// As everywhere else, by `TZ` first of all.
#[test]
fn the_time_of_a_room_is_that_of_the_users_zone_too() {
    let offset = |serve: &Serve| {
        serve.zone.as_ref().find_local_time_type(0).map(|zone| zone.ut_offset()).unwrap()
    };
    let seoul = serve(&[], false, &[("TZ", "KST-9")]).unwrap();
    assert_eq!((offset(&seoul), seoul.complaint.is_some()), (9 * 60 * 60, false));
    let nowhere = &[("TZ", "no/such zone")];
    let quiet = serve(&[], false, nowhere).unwrap();
    assert_eq!((offset(&quiet), quiet.complaint.is_some()), (0, false));
    let recording = serve(&["--log", "f"], false, nowhere).unwrap();
    assert_eq!((offset(&recording), recording.complaint.is_some()), (0, true));
}

#[test]
fn records() {
    let record = |options: &[&str]| serve(options, false, &[]).map(|serve| serve.record);
    let at = |sync| Some(Record { path: "대화.log".to_owned(), sync });
    assert_eq!(record(&[]).unwrap(), None);
    assert_eq!(record(&["--log", "대화.log"]).unwrap(), at(LogSync::Second));
    let always = record(&["--log=대화.log", "--log-sync=always"]).unwrap();
    assert_eq!(always, at(LogSync::Always));
    assert!(record(&["--log-sync", "second"]).is_err());
}

#[test]
fn limits_have_bounds() {
    let resolve = |options: &[&str]| {
        let words = [&["serve", "127.0.0.1", "3333"], options].concat();
        Settings::resolve(command(&words)).map(|settings| match settings {
            Settings::Serve(serve) => serve.limits,
            Settings::Join(_) => panic!("not serve"),
        })
    };
    assert_eq!(resolve(&[]).unwrap(), Limits::default());
    assert_eq!(resolve(&["--max-users", "3"]).unwrap().max_users, 3);
    assert!(resolve(&["--max-line", "1"]).is_err());
    assert!(resolve(&["--backlog", "1K"]).is_err());
    #[cfg(feature = "shared")]
    {
        let shared = ["--shared", "redis://h/r", "--backlog"];
        assert!(resolve(&[shared[0], shared[1], shared[2], "64M"]).is_ok());
        assert!(resolve(&[shared[0], shared[1], shared[2], "65M"]).is_err());
        assert!(resolve(&[shared[2], "65M"]).is_ok());
    }
    // A longer line needs a larger backlog, which it gets where none is asked for.
    let limits = resolve(&["--max-line", "64K"]).unwrap();
    assert!(limits.backlog >= limits.least_backlog());
}

#[cfg(all(unix, feature = "shared"))]
#[test]
fn what_is_set_for_an_engine_is_heeded_or_refused() {
    use std::os::unix::ffi::OsStringExt;

    let resolve = |url: &str, set: &str, value: &[u8]| {
        let variable = |name: &str| (name == set).then(|| OsString::from_vec(value.to_vec()));
        let Command::Serve(args) = command(&["serve", "127.0.0.1", "3333", "--shared", url]) else {
            panic!("not serve")
        };
        let settings = Serve::resolve(args, &surroundings(&variable, false));
        settings.map(|settings| settings.shared.unwrap()).map_err(|failure| failure.to_string())
    };
    let password = |value| resolve("redis://h/r", "REDISCLI_AUTH", value);
    assert_eq!(password("비밀".as_bytes()).unwrap().engine.password.as_deref(), Some("비밀"));
    assert_eq!(password(b"").unwrap().engine.password, None);
    let wrong = |name| format!("chat: {name} is not valid UTF-8\nTry: chat serve --help");
    assert_eq!(password(b"\xff"), Err(wrong("REDISCLI_AUTH")));

    #[cfg(feature = "tls")]
    {
        let trusted = |url, value| {
            let shared = resolve(url, "SSL_CERT_FILE", value);
            shared.map(|shared| shared.engine.encryption.clone().and_then(|with| with.trusted))
        };
        assert_eq!(trusted("rediss://h/r", b"/a.pem"), Ok(Some("/a.pem".to_owned())));
        assert_eq!(trusted("rediss://h/r?ca=b.pem", b"\xff"), Ok(Some("b.pem".to_owned())));
        assert_eq!(trusted("redis://h/r", b"\xff"), Ok(None));
        assert_eq!(trusted("rediss://h/r", b"\xff"), Err(wrong("SSL_CERT_FILE")));
    }
}
