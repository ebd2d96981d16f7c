//! `chat join` for programs: JSON, and connections that are made again.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::Program;
use crate::scripted::{CONNECTED, KEY, Member, Room};

/// Returns the objects but for `seq` and `time`, which are checked here.
fn objects(text: &str) -> Vec<Value> {
    let objects = text.lines().zip(1..).map(|(line, seq)| {
        let mut object: Value = serde_json::from_str(line).unwrap();
        let fields = object.as_object_mut().unwrap();
        assert_eq!(fields.remove("seq"), Some(json!(seq)), "{line}");
        assert!(fields.remove("time").unwrap().is_string(), "{line}");
        object
    });
    objects.collect()
}

fn greeting(member: &Member) -> Value {
    json!({"kind": "greeting", "name": member.address, "count": 2})
}

#[test]
fn what_happens_is_an_object() {
    let room = Room::open();
    let mut filter = Program::join(room.port, &["--json", "--history", "2"]);
    let mut member = room.greet();
    assert_eq!(member.line(), "/history 2");
    member.says("> 1 earlier message, 14:02 to 14:02:");
    member.says("[지민] \"옛날\"");
    member.says("> That was earlier");
    member.says("[지민 -> you] 비밀");
    filter.type_in("안녕\n/who\n");
    assert_eq!(member.line(), "안녕");
    assert_eq!(member.line(), "/who");
    member.says("[지민] 그 사이");
    filter.out.wait_for("그 사이");
    member.confirm();
    filter.out.wait_for("\"own\"");
    member.says("> 1 user online: 지민");
    filter.out.wait_for("1 user online: 지민");
    filter.close_input();
    let greeting = greeting(&member);
    assert_eq!(member.rest(), ["/bye"]);
    drop(member);
    assert_eq!(filter.status(), 0);
    let text = filter.out.all();
    assert_eq!(
        objects(&text),
        [
            json!({"kind": "connected", "text": format!("127.0.0.1:{}", room.port)}),
            greeting,
            json!({"kind": "notice", "text": "> 1 earlier message, 14:02 to 14:02:"}),
            json!({"kind": "message", "from": "지민", "text": "\"옛날\"", "earlier": true}),
            json!({"kind": "notice", "text": "> That was earlier"}),
            json!({"kind": "private", "from": "지민", "text": "비밀"}),
            json!({"kind": "message", "from": "지민", "text": "그 사이"}),
            json!({"kind": "own", "text": "안녕"}),
            json!({"kind": "notice", "text": "> 1 user online: 지민"}),
        ]
    );
    assert_eq!(filter.err.all(), "");
    let own = "select(.kind == \"message\") | .from + \": \" + .text";
    if let Some(said) = jq(own, &text) {
        assert_eq!(said, "지민: \"옛날\"\n지민: 그 사이\n");
    }
}

/// Returns what jq prints of `text`; `None` where it is not installed.
fn jq(program: &str, text: &str) -> Option<String> {
    let mut command = Command::new("jq");
    command.args(["-r", program]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut jq) = command.spawn() else {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "jq is not installed");
        eprintln!("A part of a test is left out: jq is not installed");
        return None;
    };
    jq.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = jq.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_connection_that_ends() {
    let room = Room::open();
    let mut filter = Program::join(room.port, &["--json"]);
    let member = room.greet();
    let greeting = greeting(&member);
    filter.out.wait_for("greeting");
    drop(member);
    assert_eq!(filter.status(), 1);
    let place = format!("127.0.0.1:{}", room.port);
    let why = format!("chat: the connection to {place} ended: the server closed it");
    assert_eq!(
        objects(&filter.out.all()),
        [
            json!({"kind": "connected", "text": place}),
            greeting,
            json!({"kind": "disconnected", "text": why}),
        ]
    );
    assert_eq!(filter.err.all(), format!("{why}\n"));
}

/// A filter misses nothing, and sends nothing twice; also a line of which it has read half.
#[test]
fn a_filter_comes_back() {
    let room = Room::open();
    let mut filter = Program::join(room.port, &["--reconnect"]);
    let mut member = room.greet();
    filter.type_in("하나\n둘\n셋 그");
    assert_eq!(member.line(), "하나");
    let heard = member.confirm();
    assert_eq!(member.line(), "둘");
    member.says("[지민] 안녕");
    filter.out.wait_for("안녕\n");
    drop(member);
    filter.err.wait_for("connecting again\n");
    filter.type_in("리고\n넷\n");
    let (mut member, lines) = room.take_back(heard);
    assert_eq!(lines, 1);
    for line in ["둘", "셋 그리고", "넷"] {
        assert_eq!(member.line(), line);
    }
    member.says("[지민] 네");
    filter.out.wait_for("네\n");
    member.confirm();
    filter.close_input();
    assert_eq!(member.rest(), ["/bye"]);
    drop(member);
    assert_eq!(filter.status(), 0);
    let (own, from): (Vec<String>, Vec<String>) =
        filter.out.all().lines().map(str::to_owned).partition(|line| line.starts_with("[You]"));
    assert_eq!(from, [CONNECTED, "[지민] 안녕", "[지민] 네"]);
    assert_eq!(own, ["[You] 하나", "[You] 둘", "[You] 셋 그리고", "[You] 넷"]);
}

/// What a new room was not sent is said, and the status tells.
#[test]
fn a_filter_in_a_new_room() {
    for is_json in [false, true] {
        let room = Room::open();
        let options: &[&str] = if is_json { &["--reconnect", "--json"] } else { &["--reconnect"] };
        let mut filter = Program::join(room.port, options);
        let mut member = room.greet();
        filter.type_in("하나\n둘\n");
        assert_eq!(member.line(), "하나");
        member.confirm();
        assert_eq!(member.line(), "둘");
        drop(member);
        let mut member = room.accept();
        assert!(member.line().starts_with("/resume "));
        member.says(CONNECTED);
        let address = member.address.clone();
        member.says(&format!("> /session {} {address}", KEY.replace('0', "f")));
        filter.err.wait_for("chat: the room is a new one; 1 line was not sent\n");
        filter.type_in("셋\n");
        assert_eq!(member.line(), "셋");
        member.confirm();
        filter.close_input();
        assert_eq!(member.rest(), ["/bye"]);
        drop(member);
        assert_eq!(filter.status(), 1);
        let text = filter.out.all();
        if is_json {
            let all = objects(&text);
            assert!(all.contains(&json!({"kind": "unsent", "text": "둘"})), "{text}");
        }
    }
}

/// Its output is closed, and it ends, although there is no connection.
#[test]
fn nobody_reads_while_it_waits() {
    let room = Room::open();
    let mut command = Command::new(crate::harness::executable());
    command.args(["join", "127.0.0.1", &room.port.to_string(), "--json", "--reconnect"]);
    let (mut filter, out) = Program::run_unread(&mut command);
    let member = room.greet();
    drop(member);
    filter.err.wait_for("connecting again\n");
    drop(out);
    assert_eq!(filter.status(), 0);
}
