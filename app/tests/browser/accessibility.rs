//! The page for those who use a keyboard alone, a screen reader, or other colours.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::chromium::{Profile, Tab};
use crate::harness::{Peer, Signal};
use crate::room::Room;
use crate::surroundings::leave_out;

/// The rules of axe-core for accessible pages, which `ci/install` brings.
const AXE: &str = "axe-core-4.14.1/axe.min.js";

fn axe() -> Option<String> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    fs::read_to_string(cache.join(AXE)).ok()
}

/// A page on which there is one of everything.
fn page_with_everything<'a>(room: &Room, profile: &'a Profile) -> (Tab<'a>, Peer) {
    let mut nc = room.member();
    nc.send("하나\n둘\n");
    let tab = profile.open(&room.url);
    tab.is_in();
    nc.line();
    tab.shows("> That was earlier");
    tab.says("/name 지민");
    nc.line();
    nc.send("/name 민수\n지민아 http://example.org/\n/msg 지민 비밀\n");
    tab.shows("[민수 -> you] 비밀");
    tab.says("안녕");
    tab.shows("[You] 안녕");
    for number in 0..60 {
        nc.send(format!("{number}\n"));
    }
    tab.shows("[민수] 59");
    (tab, nc)
}

#[test]
fn rules_for_accessible_pages() {
    let Some(axe) = axe() else { return leave_out("axe-core is not installed: see ci/install") };
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let (tab, mut nc) = page_with_everything(&room, &profile);
    tab.eval(&format!("{axe}; 1"));
    let check = |scene: &str| {
        for scheme in ["light", "dark"] {
            tab.has_scheme(scheme);
            // Of contrast it is not sure where one thing lies over another.
            let found = tab.eval(
                "axe.run().then(({ violations, incomplete, passes }) => ({ \
                 count: passes.length, \
                 violations: violations \
                   .concat(incomplete.filter(rule => rule.id !== 'color-contrast')) \
                   .map(({ id, nodes }) => [id, nodes.map(node => [node.html, \
                     node.any.concat(node.all, node.none).map(check => check.message)])]) \
                 }))",
            );
            assert_eq!(found["violations"], json!([]), "{scene}, {scheme}: {found:#}");
            assert!(found["count"].as_u64().unwrap() > 15, "{found}");
        }
    };
    check("all that was said");
    tab.eval("document.getElementById('scroll').scrollTop = 0");
    tab.wait("document.getElementById('jump').checkVisibility()");
    nc.send("새 것\n");
    tab.wait("document.getElementById('jump').textContent === '1 new ↓'");
    check("scrolled up");
    tab.insert("/");
    tab.wait("document.querySelectorAll('#hints button').length > 3");
    check("suggestions");
    tab.insert("없는명령");
    tab.enter();
    tab.wait("document.getElementById('doubt').textContent !== ''");
    check("a doubt");
    room.server.program.signal(Signal::KILL);
    tab.wait("document.getElementById('state').className === 'away'");
    tab.enter();
    tab.wait("document.querySelectorAll('#waiting > div').length === 1");
    check("away");
}

/// Whatever somebody is called: each name has enough contrast (WCAG 2.2, 1.4.3, with its "relative
/// luminance" and "contrast ratio").
#[test]
fn every_name_is_legible() {
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let (tab, _nc) = page_with_everything(&room, &profile);
    for scheme in ["light", "dark"] {
        tab.has_scheme(scheme);
        for row in ["#log > div:not(.private)", "#log > .private"] {
            let worst = tab.eval(&format!(
                "(row => {{ \
                   const luminance = colour => {{ \
                     const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255); \
                     const [r, g, b] = parts.map(part => \
                       part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4); \
                     return 0.2126 * r + 0.7152 * g + 0.0722 * b; \
                   }}; \
                   const own = getComputedStyle(row).backgroundColor; \
                   const page = getComputedStyle(document.body).backgroundColor; \
                   const back = luminance(own === 'rgba(0, 0, 0, 0)' ? page : own); \
                   const name = row.querySelector('b'); \
                   return Math.min(...Array.from({{ length: 360 }}, (_, hue) => {{ \
                     name.style.setProperty('--hue', hue); \
                     const front = luminance(getComputedStyle(name).color); \
                     return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05); \
                   }})); \
                 }})([...document.querySelectorAll('{row}')].find(row => row.querySelector('b')))"
            ));
            assert!(worst.as_f64().unwrap() >= 4.5, "{scheme}, {row}: {worst}");
        }
    }
}

/// What a screen reader is told of the page, by the names that are for it.
#[test]
fn the_accessibility_tree() {
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let (tab, _nc) = page_with_everything(&room, &profile);
    tab.eval("document.getElementById('draft').focus()");
    let tree = tab.call("Accessibility.getFullAXTree", json!({}));
    let nodes: Vec<&Value> = tree["nodes"].as_array().unwrap().iter().collect();
    let find = |role: &str, name: &str| {
        let is_it = |node: &&&Value| node["role"]["value"] == role && node["name"]["value"] == name;
        nodes.iter().find(is_it).unwrap_or_else(|| panic!("no {role} {name:?}"))
    };
    let property = |node: &Value, name: &str| {
        let properties = node["properties"].as_array().unwrap();
        properties.iter().find(|one| one["name"] == name).map(|one| one["value"]["value"].clone())
    };
    // What is said is read out as it comes, when the reader has nothing else to say.
    let log = find("log", "What is said");
    assert_eq!(property(log, "live"), Some("polite".into()));
    assert_eq!(property(log, "relevant"), Some("additions text".into()));
    let state = nodes.iter().find(|node| {
        node["role"]["value"] == "status" && property(node, "live") == Some("polite".into())
    });
    assert!(state.is_some());
    let draft = find("textbox", "Message");
    assert_eq!(property(draft, "focused"), Some(true.into()));
    assert_eq!(property(draft, "multiline"), Some(true.into()));
    for name in ["지민", "Save", "Send"] {
        find("button", name);
    }
    find("heading", "chat");
    find("link", "http://example.org/");
    tab.assert_is_well();
}

/// What has the focus.
fn focus(tab: &Tab<'_>) -> Value {
    tab.eval("document.activeElement.id || document.activeElement.textContent")
}

#[test]
fn without_a_mouse() {
    const SHIFT: u32 = 8;
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let (tab, mut nc) = page_with_everything(&room, &profile);
    // Whoever opens the page can write at once.
    assert_eq!(focus(&tab), "draft");
    let tabs = |shift: u32| {
        tab.press("Tab", 9, shift);
        focus(&tab)
    };
    assert_eq!(tabs(0), "send");
    assert_eq!(tabs(SHIFT), "draft");
    // A link in what was said, what was said, and the buttons above it.
    assert_eq!(
        ["http://example.org/", "scroll", "save", "name"].map(|_| tabs(SHIFT)),
        ["http://example.org/", "scroll", "save", "name"]
    );
    tab.enter();
    assert_eq!(focus(&tab), "draft");
    assert_eq!(tab.draft(), "/name ");
    tab.says("서연");
    nc.line_where(|line| line.ends_with(" is now 서연"));
    tab.shows(" is now 서연");
    // Reading back, and on.
    tab.eval("document.getElementById('scroll').focus()");
    tab.press("Home", 36, 0);
    tab.wait("document.getElementById('scroll').scrollTop === 0");
    tab.wait("document.getElementById('jump').checkVisibility()");
    assert_eq!(tabs(0), "http://example.org/");
    assert_eq!(tabs(0), "jump");
    tab.enter();
    tab.wait("!document.getElementById('jump').checkVisibility()");
    // Suggestions: the first by the key that completes, or any of them.
    tab.eval("document.getElementById('draft').focus()");
    tab.insert("/w");
    tab.wait("document.querySelectorAll('#hints button').length === 1");
    assert_eq!(tabs(0), "draft");
    assert_eq!(tab.draft(), "/who");
    assert_eq!(tabs(0), "send", "nobody is trapped");
    tab.press(" ", 32, 0);
    tab.shows("> 2 users online: ");
    assert_eq!(tab.draft(), "");
    tab.eval("document.getElementById('draft').focus()");
    tab.insert("/");
    tab.wait("document.querySelectorAll('#hints button').length > 3");
    assert_eq!(tabs(SHIFT), "/help");
    assert_eq!(tabs(SHIFT), "/history");
    tab.enter();
    assert_eq!(tab.draft(), "/history");
    assert_eq!(focus(&tab), "draft");
    tab.press("Escape", 27, 0);
    assert_eq!(tabs(0), "send");
    tab.assert_is_well();
}
