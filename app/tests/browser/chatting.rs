//! People in browsers and at terminals, in one room.

use serde_json::json;

use crate::chromium::Profile;
use crate::harness::Signal;
use crate::room::Room;

#[test]
fn two_tabs_and_netcat() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let (one, two) = (Profile::new(), Profile::new());
    let one = one.open(&room.url);
    one.is_in();
    assert!(nc.line().ends_with(" entered (2 users online)"));
    let two = two.open(&room.url);
    two.is_in();
    assert!(nc.line().ends_with(" entered (3 users online)"));
    one.shows("entered (3 users online)");

    nc.send("안녕하세요?\n");
    one.shows(&format!("[{}] 안녕하세요?", nc.addr()));
    one.says("네 안녕하세요ㅋㅋ");
    assert!(nc.line().ends_with("] 네 안녕하세요ㅋㅋ"));
    one.shows("[You] 네 안녕하세요ㅋㅋ");
    two.shows("] 네 안녕하세요ㅋㅋ");
    // Each line of a draft is a message.
    two.insert("여러 줄");
    two.press("Enter", 13, SHIFT);
    two.insert("한 번에\n\n");
    two.enter();
    assert!(nc.line().ends_with("] 여러 줄"));
    assert!(nc.line().ends_with("] 한 번에"));
    one.shows("] 한 번에");
    two.shows("[You] 한 번에");
    let said = two.rows();
    assert_eq!(said[said.len() - 2..], ["[You] 여러 줄", "[You] 한 번에"]);
    // Whoever closes a page has left.
    two.assert_is_well();
    two.close();
    assert!(nc.line().ends_with(" left (2 users online)"));
    one.assert_is_well();
}

const SHIFT: u32 = 8;

#[test]
fn names() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    nc.send("/name 민수\n");
    nc.line();
    let (one, two) = (Profile::new(), Profile::new());
    let one = one.open(&room.url);
    one.is_in();
    nc.line();
    one.eval("document.getElementById('name').click()");
    one.says("지민");
    assert!(nc.line().ends_with(" is now 지민"));
    one.wait("document.getElementById('name').textContent === '지민'");
    let two = two.open(&room.url);
    two.is_in();
    nc.line();
    two.says("/name 지민");
    two.shows("> The name 지민 is taken; 지민2 is free");
    two.says("/name 서연");
    assert!(nc.line().ends_with(" is now 서연"));
    nc.send("하나\n");
    two.says("둘");
    assert_eq!(nc.line(), "[서연] 둘");
    one.shows("[서연] 둘");
    one.says("셋");
    two.shows("[지민] 셋");
    // A name has the same colour everywhere, and another one than others.
    let colour = |of: &str| {
        format!(
            "getComputedStyle([...document.querySelectorAll('#log b')]
                .find(name => name.textContent === '[{of}]')).color"
        )
    };
    assert_eq!(one.eval(&colour("민수")), two.eval(&colour("민수")));
    assert_ne!(one.eval(&colour("민수")), one.eval(&colour("서연")));
    for tab in [one, two] {
        tab.assert_is_well();
    }
}

#[test]
fn private_messages_by_suggestions() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    nc.send("/name 민수\n");
    nc.line();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    tab.says("/name 지민");
    nc.line();
    nc.line();
    nc.send("/msg 지민 <비밀>\n안녕\n");
    tab.shows("[민수 -> you] <비밀>");
    tab.shows("[민수] 안녕");
    assert_eq!(tab.rows_of("#log > .private"), ["[민수 -> you] <비밀>"]);
    assert_eq!(nc.line(), "[you -> 지민] <비밀>");
    tab.insert("/");
    let suggested = |expected: &str| {
        tab.wait(&format!(
            "[...document.querySelectorAll('#hints button')].map(hint => hint.textContent).join()
                === '{expected}'"
        ));
    };
    suggested("/msg ,/reply ,/who,/name ,/history,/help");
    tab.insert("m");
    suggested("/msg ");
    tab.press("Tab", 9, 0);
    suggested("/msg 민수 ");
    tab.press("Tab", 9, 0);
    suggested("");
    tab.says("나도");
    assert_eq!(nc.line(), "[지민 -> you] 나도");
    tab.shows("[you -> 민수] 나도");
    assert_eq!(tab.rows_of("#log > .private").len(), 2);
    tab.assert_is_well();
}

/// What somebody mistypes must not be public.
#[test]
fn commands_that_are_none() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    nc.line();
    let says = |text: &str| {
        tab.says(text);
        tab.wait("document.getElementById('doubt').textContent.startsWith('There is no such')");
        assert_eq!(tab.draft(), text);
    };
    says("/mgs 민수 비밀");
    tab.insert("!");
    tab.wait("document.getElementById('doubt').textContent === ''");
    tab.enter();
    tab.enter();
    assert!(nc.line().ends_with("] /mgs 민수 비밀!"));
    says("/bye");
    tab.enter();
    assert!(nc.line().ends_with("] /bye"));
    for (text, said) in [("//who", "/who"), ("/etc/passwd", "/etc/passwd"), ("//x", "//x")] {
        tab.says(text);
        assert!(nc.line().ends_with(&format!("] {said}")));
        tab.shows(&format!("[You] {said}"));
    }
    tab.assert_is_well();
}

/// What is pasted is said, though it may read like a command.
#[test]
fn a_paste_is_no_command() {
    let Some(room) = Room::open(&[]) else { return };
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    for (before, pasted, draft) in [
        ("", "/who\n/etc\n//r\n/whoever\n", "//who\n/etc\n///r\n/whoever\n"),
        ("see ", "/who\n/who", "see /who\n//who"),
        ("", "안녕\n하세요", "안녕\n하세요"),
    ] {
        tab.insert(before);
        tab.paste(pasted);
        tab.wait(&format!("document.getElementById('draft').value === {}", json!(draft)));
        tab.eval("document.getElementById('draft').select()");
        tab.press("Backspace", 8, 0);
        assert_eq!(tab.draft(), "");
    }
    tab.assert_is_well();
}

/// A newcomer sees what was said earlier; the time of that is not the time when it came.
#[test]
fn what_was_said_earlier() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let first = profile.open(&room.url);
    first.is_in();
    nc.line();
    // Nobody has asked whether anything was.
    nc.send("하나\n둘\n");
    first.shows("] 둘");
    let anonymous = |rows: Vec<String>| -> Vec<String> {
        rows.iter().map(|row| row.replace(&nc.addr(), "NC")).collect()
    };
    assert_eq!(
        anonymous(first.rows()),
        ["> Connected to the chat server (2 users online)", "[NC] 하나", "[NC] 둘"]
    );
    let second = profile.open(&room.url);
    second.is_in();
    second.shows("> That was earlier");
    let rows = anonymous(second.rows());
    assert!(rows[1].starts_with("> 2 earlier messages, "), "{rows:?}");
    assert_eq!(rows[2..], ["[NC] 하나", "[NC] 둘", "> That was earlier"]);
    let times = "document.querySelectorAll('#log > .earlier time').length";
    assert_eq!(second.eval(times), 0);
    assert_eq!(second.rows_of("#log > .earlier").len(), 2);
    // Whoever asks is answered, also if it is nothing.
    second.says("/history 0");
    second.wait("document.querySelectorAll('#log > .notice').length > 3");
    for tab in [first, second] {
        tab.assert_is_well();
    }
}

/// What the room has not heard is dim, and stands behind what it has.
#[test]
fn own_lines_are_dim_until_they_are_heard() {
    let Some(room) = Room::open(&[]) else { return };
    let mut nc = room.member();
    let profile = Profile::new();
    let tab = profile.open(&room.url);
    tab.is_in();
    nc.line();
    room.server.program.signal(Signal::STOP);
    tab.says("하나");
    tab.wait("document.querySelector('#waiting .waits')?.textContent === '[You] 하나'");
    tab.says("/who");
    tab.wait("document.querySelectorAll('#waiting .waits').length === 2");
    assert!(!tab.rows().contains(&"[You] 하나".to_owned()));
    room.server.program.signal(Signal::CONT);
    tab.is_heard();
    tab.shows("> 2 users online: ");
    assert!(tab.rows().contains(&"[You] 하나".to_owned()));
    tab.assert_is_well();
}
