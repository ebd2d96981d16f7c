//! Connections that end, and pages that are loaded again: nobody misses anything, and nothing comes
//! twice.

use serde_json::json;

use crate::chromium::{Profile, Tab};
use crate::harness::{Peer, Signal, wait_until};
use crate::proxy::Proxy;
use crate::room::{Host, Room};

/// Where connections are lost: after so many bytes of frames from the page, or to it. A page that
/// comes back sends some 50 bytes, and then what was not heard, each byte of a character of which is
/// cut off; it gets some 20, and then what it missed.
const CUTS: [[usize; 2]; 14] = [
    [3, NEVER],
    [20, NEVER],
    [64, NEVER],
    [67, NEVER],
    [68, NEVER],
    [69, NEVER],
    [70, NEVER],
    [74, NEVER],
    [77, NEVER],
    [NEVER, 1],
    [NEVER, 15],
    [NEVER, 30],
    [NEVER, 41],
    [NEVER, 54],
];

const NEVER: usize = usize::MAX;

#[test]
fn through_a_link_that_loses_connections() {
    let Some(room) = Room::open(&[]) else { return };
    let proxy = Proxy::to(room.web);
    let mut nc = room.member();
    nc.send("/name 민수\n");
    nc.line();
    let profile = Profile::new();
    let tab = profile.open(&format!("http://127.0.0.1:{}/", proxy.port));
    tab.is_in();
    tab.says("/name 지민");
    nc.line_where(|line| line.ends_with(" is now 지민"));
    for (number, [from_page, to_page]) in CUTS.into_iter().enumerate() {
        proxy.lose_next_after(from_page, to_page);
        proxy.lose();
        tab.says(&format!("하나 둘 셋 {number}"));
        nc.send(format!("넷 다섯 {number}\n"));
        tab.insert("쓰다 만");
        types_until(&tab, "a connection is lost", || proxy.lost() > number);
        types_until(&tab, "all is heard", || {
            tab.rows_of("#waiting > div").is_empty() && tab.has(&format!("넷 다섯 {number}"))
        });
        assert_eq!(tab.draft(), "쓰다 만");
        tab.eval("document.getElementById('draft').value = ''");
    }
    is_said_once(&tab, &mut nc, CUTS.len());
    tab.assert_is_well();
}

/// Types, and takes that away again, until something has happened: then the page tries to connect
/// at once.
fn types_until(tab: &Tab<'_>, what: &str, has_happened: impl Fn() -> bool) {
    wait_until(what, || {
        tab.insert("x");
        tab.press("Backspace", 8, 0);
        has_happened().then_some(())
    });
}

fn is_said_once(tab: &Tab<'_>, nc: &mut Peer, count: usize) {
    let rows = tab.rows();
    let of = |label: &str| -> Vec<String> {
        let rows = rows.iter().filter_map(|row| row.strip_prefix(label));
        rows.map(str::to_owned).collect()
    };
    let numbered = |text: &str| -> Vec<String> {
        (0..count).map(|number| format!("{text} {number}")).collect()
    };
    assert_eq!(of("[You] "), numbered("하나 둘 셋"));
    assert_eq!(of("[민수] "), numbered("넷 다섯"));
    nc.send("/msg 지민 끝\n");
    let mut heard = Vec::new();
    loop {
        let line = nc.line();
        match line.strip_prefix("[지민] ") {
            Some(text) => heard.push(text.to_owned()),
            None if line.ends_with("] 끝") => break,
            None => {}
        }
    }
    assert_eq!(heard, numbered("하나 둘 셋"));
}

/// A room that has greeted somebody before it hears who that is says all of it again.
#[test]
fn greeted_before_it_is_known() {
    let Some(room) = Room::open(&[]) else { return };
    let proxy = Proxy::to(room.web);
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&format!("http://127.0.0.1:{}/", proxy.port));
    tab.is_in();
    nc.line();
    tab.says("/name 지민");
    nc.line();
    nc.send("하나\n");
    tab.shows("] 하나");
    proxy.delay_next();
    proxy.lose();
    nc.line_where(|line| line.starts_with("< The user 지민 left"));
    nc.send("둘\n");
    tab.says("셋");
    nc.line_where(|line| line == "[지민] 셋");
    tab.shows("[You] 셋");
    let rows = tab.rows();
    let count = |what: &str| rows.iter().filter(|row| row.contains(what)).count();
    assert_eq!(["> Connected", "] 하나", "] 둘", "[You] 셋"].map(count), [1; 4], "{rows:#?}");
    tab.assert_is_well();
}

/// What the page has told the room of what has arrived.
fn told(tab: &Tab<'_>) -> Vec<String> {
    let sent = tab.events("Network.webSocketFrameSent");
    let texts = sent.iter().map(|frame| frame["response"]["payloadData"].as_str().unwrap());
    texts.filter(|text| text.starts_with("/got ")).map(str::to_owned).collect()
}

/// Waits until it has told all that it has got.
fn tells_all(tab: &Tab<'_>) {
    let all = tab.eval("import('./session.js').then(({ me }) => `/got ${me.lines}\\n`)");
    wait_until("it is told", || {
        told(tab).last().is_some_and(|last| Some(last.as_str()) == all.as_str()).then_some(())
    });
}

/// The room is told what has arrived every few seconds, so that it need not keep that.
#[test]
fn what_has_arrived() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    tab.call("Network.enable", json!({}));
    for text in ["하나", "둘"] {
        nc.send(format!("{text}\n"));
        tab.shows(&format!("] {text}"));
        tells_all(&tab);
    }
    let told = told(&tab);
    assert!((1..=3).contains(&told.len()) && told.is_sorted(), "{told:?}");
    tab.assert_is_well();
}

/// Of what the room keeps for one alone it is told at once, each 4 KiB.
#[test]
fn much_that_has_arrived() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.blank(true);
    // No time passes.
    tab.before_load("window.setInterval = () => 0");
    tab.go(&room.url);
    tab.is_in();
    tab.says("/name 지민");
    nc.line_where(|line| line.ends_with(" is now 지민"));
    tab.call("Network.enable", json!({}));
    for number in 1..=2 {
        nc.send(format!("하나\n/msg 지민 {number}{}\n", "x".repeat(1400)));
        tab.shows(&format!("{number}xxx"));
        tells_all(&tab);
        assert_eq!(told(&tab).len(), number);
        nc.send("둘\n/msg 지민 셋\n");
        tab.wait(&format!(
            "document.querySelectorAll('#log > .private').length === {}",
            2 * number
        ));
    }
    assert_eq!(told(&tab).len(), 2);
    tab.assert_is_well();
}

/// A page that is loaded again goes on as the same member, with its draft, and with what was not
/// heard.
#[test]
fn a_page_that_is_loaded_again() {
    let Some(room) = Room::open(&[]) else { return };
    let proxy = Proxy::to(room.web);
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&format!("http://127.0.0.1:{}/", proxy.port));
    tab.is_in();
    nc.line();
    tab.says("/name 지민");
    nc.line();
    nc.send("하나\n");
    tab.shows("] 하나");
    proxy.lose_next_after(0, 0);
    proxy.lose();
    tab.wait("document.getElementById('state').className === 'away'");
    tab.says("둘");
    tab.insert("쓰다 만");
    nc.send("셋\n");
    tab.eval("window.isOld = true");
    tab.call("Page.reload", json!({}));
    tab.wait("!window.isOld");
    tab.is_in();
    tab.is_heard();
    tab.shows("[You] 둘");
    tab.shows("] 셋");
    assert_eq!(tab.draft(), "쓰다 만");
    assert_eq!(tab.eval("document.getElementById('name').textContent"), "지민");
    let said = |what: &str| tab.rows().iter().filter(|row| row.ends_with(what)).count();
    assert_eq!(["] 하나", "[You] 둘", "] 셋"].map(said), [1, 1, 1], "{:?}", tab.rows());
    assert_eq!(nc.line_where(|line| !line.contains(" user")), "[지민] 둘");
    tab.assert_is_well();
}

/// A tab that is made a double of is another member: the first one keeps its place.
#[test]
fn a_double_is_somebody_else() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    nc.line();
    tab.insert("x");
    let memory = tab.eval("sessionStorage.chat");
    let double = profile.blank(true);
    double.before_load(&format!("sessionStorage.chat ||= {memory}"));
    double.go(&room.url);
    double.is_in();
    assert!(nc.line().contains("New user"));
    assert_eq!(double.draft(), "x");
    double.says("나는 둘째");
    tab.shows("] x나는 둘째");
    tab.enter();
    double.shows("] x");
    for tab in [tab, double] {
        tab.assert_is_well();
    }
}

/// A room that is another one does not hear what was meant for the one before.
#[test]
fn a_new_room() {
    let Some(room) = Room::open(&[]) else { return };
    let (port, web) = (room.server.port, room.web);
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    tab.says("/name 지민");
    tab.shows("is now 지민");
    drop(room);
    tab.wait("document.getElementById('state').className === 'away'");
    tab.says("아무도 없나");
    tab.insert("다음");
    let room = Room::on_ports(&port.to_string(), &web.to_string(), &[]);
    let mut nc = room.member();
    tab.press("Shift", 16, 0);
    tab.is_in();
    nc.line_where(|line| line.ends_with(" is now 지민"));
    tab.shows("> The room is a new one");
    assert_eq!(tab.draft(), "아무도 없나\n다음");
    assert_eq!(tab.rows_of("#waiting > div").len(), 0);
    tab.enter();
    assert_eq!(nc.line(), "[지민] 아무도 없나");
    assert_eq!(nc.line(), "[지민] 다음");
    tab.assert_is_well();
}

/// Whom the host has removed does not come back by itself.
#[test]
fn removed() {
    let Some(mut host) = Host::start() else { return };
    let profile = Profile::new();
    let tab = profile.open(&host.url);
    tab.is_in();
    tab.says("/name 지민");
    host.sees(" is now 지민");
    host.types("/kick 지민 도배\r");
    tab.shows("> Host removed you (도배)");
    let state = "document.getElementById('state').textContent";
    tab.wait(&format!("{state} === 'Host removed you (도배)'"));
    // Also if it would be tried at once.
    tab.eval("dispatchEvent(new Event('online'))");
    tab.insert("왜");
    host.sees("(0 user online)");
    host.types("/lock\r");
    host.sees("> Host locked the room");
    host.types("/unlock\r");
    host.sees("> Host unlocked the room");
    assert_eq!(host.seen.matches("> New user").count(), 1, "{}", host.seen);
    assert_eq!(tab.eval(state), "Host removed you (도배)");
    tab.assert_is_well();
}

/// Nobody else is let into a room that is locked, but who comes back is.
#[test]
fn a_locked_room() {
    let Some(mut host) = Host::start() else { return };
    let profile = Profile::new();
    let tab = profile.open(&host.url);
    tab.is_in();
    tab.says("/name 지민");
    host.sees(" is now 지민");
    host.types("/lock\r");
    tab.shows("> Host locked the room");
    let other = profile.open(&host.url);
    other.wait(
        "document.getElementById('state').textContent === 'The room is locked; trying again'",
    );
    tab.go(&host.url);
    tab.is_in();
    host.types("/unlock\r");
    other.insert("이제");
    other.is_in();
    for tab in [tab, other] {
        tab.assert_is_well();
    }
}

/// Whoever is not let in is told why.
#[test]
fn a_full_room() {
    let Some(room) = Room::open(&["--max-users", "1"]) else { return };
    let nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    let state = |text: &str| {
        tab.wait(&format!("document.getElementById('state').textContent.startsWith('{text}')"));
    };
    state("The chat server is full (1 user online); trying again");
    drop(nc);
    tab.says("이제");
    tab.shows("[You] 이제");
    room.server.program.signal(Signal::INT);
    state("The room is closed; trying again");
    tab.assert_is_well();
}

/// A line of the room's may count as many, or as none.
#[test]
fn a_line_counts_as_many_as_it_is_said() {
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    for (received, lines) in [
        ("> /counts 0\\n> a\\n", 0),
        ("> /counts 12\\n> /heard 0\\n> a\\n[b] c\\n", 13),
        ("> /counts x\\n> /counts -1\\n> /counts\\n> a\\n", 1),
    ] {
        let more = tab.eval(&format!(
            "import('./session.js').then(({{ me, receive }}) => {{
                const before = me.lines;
                receive('{received}');
                return me.lines - before;
            }})"
        ));
        assert_eq!(more, lines, "{received}");
    }
    tab.assert_is_well();
}

/// What a room has lost of a member is told its user, and both go on from what there is.
#[test]
fn a_room_that_has_lost_something() {
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    let all = tab.eval(
        "import('./session.js').then(({ me, open, receive }) => {
            const unheard = [{ text: '셋', said: '셋', size: 4 }];
            Object.assign(me, { lines: 9, heard: 14, ends: [7, 11, 14], unheard });
            const all = [], note = text => all.push(text);
            open({ send: note, show: note, change() { } });
            receive('> /resumed 7 4\\n[a] b\\n> /heard 12\\n');
            return JSON.stringify([...all.slice(1), me.lines, me.heard, me.unheard, me.ends]);
        })",
    );
    let expected =
        [r#"["> Lost with a server: 2 of your lines","\n셋\n","[a] b","셋","#, "5,12,[],[7,12]]"];
    assert_eq!(all, expected.concat());
}
