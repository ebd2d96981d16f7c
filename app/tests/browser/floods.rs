//! More is said than anybody reads.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::chromium::{Profile, Tab};
use crate::harness::{LIMIT, Peer, SetAtEnd, wait_until};
use crate::room::Room;

/// Lines of a flood.
const LINES: usize = 300_000;

/// How long a tab stands still.
const FROZEN: Duration = Duration::from_secs(8);

/// Counts, from what comes over the wire, the messages that a tab gets and those that it is told it
/// did not get.
const COUNTING: &str = "\
    window.got = window.skipped = 0; \
    window.WebSocket = class extends WebSocket { \
      constructor(url) { \
        super(url); \
        this.addEventListener('message', ({ data }) => { \
          for (const line of data.split('\\n')) { \
            const skip = /^> (\\d+) messages? skipped/.exec(line); \
            if (skip) skipped += Number(skip[1]); else if (line[0] === '[') got++; \
          } \
        }); \
      } \
    };";

/// A tab that counts, and two others in its room.
fn counting_tab<'a>(room: &Room, profile: &'a Profile) -> (Tab<'a>, Peer, Peer) {
    let (speaker, mut reader) = (room.member(), room.member());
    let tab = profile.blank(true);
    tab.before_load(COUNTING);
    tab.go(&room.url);
    tab.is_in();
    reader.line_where(|line| line.ends_with("(3 users online)"));
    (tab, speaker, reader)
}

fn flood(speaker: &mut Peer, count: usize) {
    let mut lines = Vec::new();
    for number in 0..count {
        writeln!(lines, "line {number} of many, each of which is as long as people write").unwrap();
        if lines.len() > 60_000 || number + 1 == count {
            speaker.send(&lines);
            lines.clear();
        }
    }
    speaker.send("end\n");
}

#[test]
fn a_tab_that_stands_still() {
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let (tab, mut speaker, mut reader) = counting_tab(&room, &profile);
    let heard = reader.read_at_once("people write");
    tab.call("Debugger.enable", json!({}));
    let frozen = Instant::now();
    tab.call("Debugger.pause", json!({}));
    tab.leave("setTimeout(() => 0)");
    wait_until("it stands still", || (!tab.events("Debugger.paused").is_empty()).then_some(()));
    flood(&mut speaker, LINES);
    // Nobody waits for it.
    let end = heard.recv_timeout(LIMIT).unwrap();
    assert!(end.ends_with("] end"), "{end}");
    wait_until("it has stood still", || (frozen.elapsed() >= FROZEN).then_some(()));
    tab.call("Debugger.resume", json!({}));
    tab.shows("] end");
    let counts = ["got", "skipped", "got + skipped"].map(|count| tab.eval(count));
    assert_eq!(counts[2], Value::from(LINES + 1), "{counts:?}");
    assert!(counts[1].as_u64().unwrap() > 0, "{counts:?}");
    assert_eq!(tab.rows().len(), 5000);
    tab.assert_is_well();
}

/// A burst is drawn in frames of which none holds much, and the page keeps up.
#[test]
fn a_burst() {
    let Some(room) = Room::open(&["--backlog", "64M"]) else { return };
    let profile = Profile::new();
    let (tab, mut speaker, _reader) = counting_tab(&room, &profile);
    tab.eval(
        "window.batches = []; \
         const count = changes => changes.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0); \
         new MutationObserver(changes => batches.push(count(changes))) \
           .observe(document.getElementById('log'), { childList: true })",
    );
    flood(&mut speaker, 100_000);
    tab.shows("] end");
    assert_eq!(tab.eval("[got, skipped]"), json!([100_001, 0]));
    let rows = tab.rows();
    let last: Vec<String> = (95_001..100_000)
        .map(|number| {
            let addr = speaker.addr();
            format!("[{addr}] line {number} of many, each of which is as long as people write")
        })
        .chain([format!("[{}] end", speaker.addr())])
        .collect();
    assert!(rows == last, "{:?} to {:?}", rows.first(), rows.last());
    let batches = tab.eval("Math.max(...batches)");
    assert!(batches.as_u64().unwrap() <= 200, "{batches} rows in a frame");
    assert!(tab.eval("batches.length").as_u64().unwrap() > 25);
    tab.assert_is_well();
}

/// A page that nobody sees draws nothing, and says in its title how much it has got.
#[test]
fn a_hidden_tab() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    nc.send("보인다\n");
    tab.shows("] 보인다");
    assert_eq!(tab.eval("document.title"), "chat");
    let other = profile.blank(false);
    other.to_front();
    tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": false }));
    tab.wait("document.hidden");
    let before = tab.rows().len();
    flood(&mut nc, 1000);
    tab.wait("document.title === '(1001) chat'");
    assert_eq!(tab.rows().len(), before);
    tab.to_front();
    tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
    tab.shows("] end");
    tab.wait("document.title === 'chat'");
    let marked = tab.rows_of("#log > .mark");
    assert_eq!(marked.len(), 1);
    assert!(marked[0].contains("] line 0 of many"), "{marked:?}");
    tab.assert_is_well();
}

/// Who wants to read back can, whatever is said meanwhile.
#[test]
fn scrolling_up_in_a_flood() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    flood(&mut nc, 200);
    tab.shows("] end");
    tab.eval("document.getElementById('scroll').focus()");
    // What a key begins goes on for some frames.
    let rests = "(scroll => new Promise(done => { \
        const look = last => requestAnimationFrame(() => requestAnimationFrame(() => \
          scroll.scrollTop === last ? done() : look(scroll.scrollTop))); \
        look(); \
        }))(document.getElementById('scroll'))";
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _guard = SetAtEnd(&is_over);
        scope.spawn(|| {
            for number in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                nc.send(format!("{number}\n"));
                // Some in each two frames.
                thread::park_timeout(Duration::from_millis(5));
            }
        });
        for key in [("PageUp", 33), ("ArrowUp", 38), ("Home", 36)] {
            tab.wait("!document.getElementById('jump').checkVisibility()");
            tab.press(key.0, key.1, 0);
            tab.wait("document.getElementById('jump').checkVisibility()");
            tab.eval(rests);
            tab.eval("document.getElementById('jump').click()");
        }
    });
    tab.assert_is_well();
}

/// Whoever reads what was said earlier stays there, and is told how much is new.
#[test]
fn scrolled_up() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    flood(&mut nc, 200);
    tab.shows("] end");
    let scroll = "document.getElementById('scroll')";
    tab.wait(&format!("{scroll}.scrollHeight - {scroll}.scrollTop - {scroll}.clientHeight < 4"));
    let jump = "document.getElementById('jump')";
    assert_eq!(tab.eval(&format!("{jump}.checkVisibility()")), false);
    tab.eval(&format!("{scroll}.scrollTop = 50"));
    tab.wait(&format!("{jump}.textContent === '↓' && {jump}.checkVisibility()"));
    nc.send("하나\n둘\n");
    tab.wait(&format!("{jump}.textContent === '2 new ↓'"));
    tab.wait("document.title === '(2) chat'");
    assert_eq!(tab.eval(&format!("{scroll}.scrollTop")), 50);
    tab.eval(&format!("{jump}.click()"));
    tab.wait("document.title === 'chat'");
    tab.wait(&format!("!{jump}.checkVisibility()"));
    // Something else takes more space at the same moment.
    tab.eval(&format!(
        "{scroll}.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Home' }})); \
         {scroll}.scrollTop = 0; \
         document.getElementById('doubt').textContent = 'x'"
    ));
    tab.wait(&format!("{jump}.checkVisibility()"));
    assert_eq!(tab.eval(&format!("{scroll}.scrollTop")), 0);
    tab.assert_is_well();
}
