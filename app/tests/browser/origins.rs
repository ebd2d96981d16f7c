//! Other pages, on which the user of a browser may be, do not get into the room.

use serde_json::json;

use crate::chromium::{Profile, Tab};
use crate::room::Room;

/// What comes of opening a WebSocket: `open`, `refused`, or why a page may not try.
fn connects(tab: &Tab<'_>, url: &str) -> String {
    let opened = tab.eval(&format!(
        "new Promise(tell => {{ \
         const socket = new WebSocket('{url}'); \
         socket.onopen = () => tell('open'); \
         socket.onerror = () => tell('refused'); \
         }})"
    ));
    opened.as_str().unwrap().to_owned()
}

#[test]
fn another_origin() {
    let (Some(room), Some(other)) = (Room::open(&[]), Room::open(&[])) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.blank(true);
    // The page of the other room would not let its own script try.
    tab.call("Page.setBypassCSP", json!({ "enabled": true }));
    tab.go(&other.url);
    tab.is_in();
    let socket = |room: &Room| format!("ws://127.0.0.1:{}/ws", room.web);
    assert_eq!(connects(&tab, &socket(&other)), "open");
    assert_eq!(connects(&tab, &socket(&room)), "refused");
    assert_eq!(connects(&tab, &format!("ws://localhost:{}/ws", room.web)), "refused");
    // What pages may send anywhere, and never read: the room hears nothing of it, on neither port.
    for port in [room.web, room.server.port] {
        let sent = format!(
            "fetch('http://127.0.0.1:{port}/', {{ \
             method: 'POST', mode: 'no-cors', body: '아무 말\\n' }}).then(() => 'sent', () => 'closed')"
        );
        tab.eval(&sent);
    }
    // Nor can it be shown as a part of another page.
    tab.eval(&format!(
        "new Promise(done => {{ const frame = document.createElement('iframe'); \
         frame.src = '{}'; frame.onload = done; document.body.append(frame); }})",
        room.url
    ));
    let mut own = room.member();
    own.send("끝\n");
    let heard = nc.line_where(|line| line.starts_with('['));
    assert!(heard.ends_with("] 끝"), "{heard}");
}

/// A name that somebody on the internet lets mean this machine.
#[test]
fn rebinding() {
    let Some(room) = Room::open(&["--web-name", "chat.example.org"]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    for (host, is_own) in [
        ("evil.example.com", false),
        ("192.168.0.5.evil.example.com", false),
        ("local.evil.example.com", false),
        ("classroom", true),
        ("teacher.local", true),
        ("192.168.0.5", true),
        ("chat.example.org", true),
    ] {
        let tab = profile.blank(true);
        tab.go(&format!("http://{host}:{}/", room.web));
        if is_own {
            tab.is_in();
            nc.line_where(|line| line.starts_with("> New user"));
            tab.assert_is_well();
        } else {
            let text = tab.eval("document.body.innerText");
            assert!(
                text.as_str().unwrap().starts_with("Ask for this page by an address"),
                "{text}"
            );
            tab.call("Page.setBypassCSP", json!({ "enabled": true }));
            tab.go(&format!("http://{host}:{}/", room.web));
            assert_eq!(connects(&tab, &format!("ws://{host}:{}/ws", room.web)), "refused");
        }
        tab.close();
    }
}
