//! The page on small and large screens, on paper, and in files.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::chromium::Profile;
use crate::harness::wait_until;
use crate::room::Room;

/// The page's files.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/serve/door/web/page");

/// It is to be read by whoever wants to know what it does.
#[test]
fn the_page_is_small() {
    let sizes = fs::read_dir(PAGE).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    let size: u64 = sizes.sum();
    assert!((10_000..20_000).contains(&size), "{size} bytes");
}

/// From the smallest phone to a desktop: nothing hangs over the edge, and all that is needed is seen.
/// The pictures are for whoever wants to look at them.
#[test]
fn on_phones_and_desktops() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    tab.says("/name 긴이름을가진사람");
    nc.line_where(|line| line.ends_with(" is now 긴이름을가진사람"));
    nc.send("/name 선생님\n안녕하세요? 오늘 자료를 올렸습니다. https://example.org/2026/11/26/a/very/long/address\n");
    nc.send(format!("{}\n", "ㅋ".repeat(300)));
    nc.send(format!("{}\n", "long".repeat(100)));
    nc.send("مرحبا بالعالم 123\n/msg 긴이름을가진사람 비밀입니다\n漢字も かなも 👩‍👩‍👧‍👦\n");
    tab.shows("👩‍👩‍👧‍👦");
    tab.says("네 안녕하세요ㅋㅋ");
    tab.shows("[You] 네");
    tab.insert("/");
    tab.wait("document.querySelectorAll('#hints button').length > 3");
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&pictures).unwrap();
    for (name, width, height, dots) in
        [("small-phone", 320, 480, 2.0), ("phone", 390, 844, 2.0), ("desktop", 1280, 800, 1.0)]
    {
        tab.has_screen(width, height, dots);
        tab.wait(&format!("innerWidth === {width}"));
        let overflow = "[...document.querySelectorAll('body *')].filter(one => \
            one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.outerHTML)";
        assert_eq!(tab.eval(overflow), json!([]), "{name}");
        let unseen = "['state', 'name', 'save', 'scroll', 'hints', 'draft', 'send'].filter(id => { \
            const box = document.getElementById(id).getBoundingClientRect(); \
            return box.top < 0 || box.bottom > innerHeight || box.width < 20 || box.height < 20; \
            })";
        assert_eq!(tab.eval(unseen), json!([]), "{name}");
        let log = tab.eval("document.getElementById('scroll').clientHeight / innerHeight");
        assert!(log.as_f64().unwrap() > 0.5, "{name}: {log} of the screen is for what is said");
        // The last line is seen.
        tab.wait(
            "(scroll => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 4)\
                  (document.getElementById('scroll'))",
        );
        for scheme in ["light", "dark"] {
            tab.has_scheme(scheme);
            let file = pictures.join(format!("{name}-{scheme}.png"));
            fs::write(file, from_base64(&tab.screenshot())).unwrap();
        }
    }
    // A keyboard that comes up takes half of the screen: what is said last is still seen.
    tab.has_screen(390, 420, 2.0);
    tab.wait(
        "(row => row.getBoundingClientRect().bottom < innerHeight)\
              (document.querySelector('#log').lastElementChild)",
    );
    tab.assert_is_well();
}

/// On paper there is all of what was said, and nothing else.
#[test]
fn on_paper() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    for number in 0..300 {
        nc.send(format!("{number}\n"));
    }
    tab.shows("] 299");
    tab.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    let seen =
        "['save', 'send', 'draft'].filter(id => document.getElementById(id).checkVisibility())";
    assert_eq!(tab.eval(seen), json!([]));
    let is_whole = "(scroll => scroll.clientHeight === scroll.scrollHeight && \
        document.documentElement.scrollHeight >= scroll.scrollHeight) \
        (document.getElementById('scroll'))";
    assert_eq!(tab.eval(is_whole), true);
    tab.assert_is_well();
}

#[test]
fn saved_as_text() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::new();
    profile.save_into(folder.path());
    let tab = profile.open(&room.url);
    tab.is_in();
    tab.says("/name 지민");
    nc.line_where(|line| line.ends_with(" is now 지민"));
    nc.send("/name 민수\n<b>하나</b>\n");
    tab.shows("] <b>하나</b>");
    tab.says("둘");
    tab.shows("[You] 둘");
    tab.eval("document.getElementById('save').click()");
    let text = wait_until("it is saved", || {
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let mut saved = files.filter(|path| path.extension().is_some_and(|end| end == "txt"));
        let text = fs::read_to_string(saved.next()?).unwrap();
        text.ends_with("둘\n").then_some(text)
    });
    let lines: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(lines[lines.len() - 2..], ["[민수] <b>하나</b>", "[You] 둘"], "{text}");
    let is_time = |line: &str| line.len() > 20 && line.as_bytes()[10] == b'T';
    assert!(text.lines().all(is_time), "{text}");
    tab.assert_is_well();
}

/// The bytes of a text in base64 (RFC 4648), which is trusted.
fn from_base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = four
            .iter()
            .enumerate()
            .fold(0, |bits, (at, &c)| bits | u32::from(digit(c)) << (18 - 6 * at));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    bytes
}
