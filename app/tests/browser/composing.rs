//! Enter while something is composed, as the systems of this world tell pages of it.
//!
//! What is played here was seen with the input methods of each system: which events come, in which
//! order, is what differs.

use serde_json::{Value, json};

use crate::chromium::{Profile, Tab};
use crate::harness::Peer;
use crate::room::Room;

/// Somebody who writes by an input method, and somebody who hears it.
struct Writer<'a> {
    tab: Tab<'a>,
    nc: Peer,
}

impl<'a> Writer<'a> {
    fn new(room: &Room, profile: &'a Profile) -> Self {
        let mut nc = room.member();
        let tab = profile.open(&room.url);
        tab.is_in();
        nc.line();
        Self { tab, nc }
    }

    /// Composes syllable by syllable, and leaves the last one unfinished: 안녕.
    fn composes_hangul(&self) {
        for text in ["ㅇ", "아", "안"] {
            self.tab.compose(text);
        }
        self.tab.insert("안");
        for text in ["ㄴ", "녀", "녕"] {
            self.tab.compose(text);
        }
    }

    /// Composes what stands for several words, and picks one of them: 日本.
    fn composes_japanese(&self) {
        for text in ["に", "にほ", "にほん", "日本"] {
            self.tab.compose(text);
        }
    }

    /// Enter, which the input method takes: its code is 229.
    fn presses_composing_enter(&self) {
        self.tab.key_event(json!({
            "type": "rawKeyDown", "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229,
        }));
    }

    /// Enter, which is told of as if nothing were composed.
    fn presses_plain_enter(&self) {
        self.tab.key_event(json!({
            "type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13,
        }));
    }

    /// The input method is done, and puts into the text what was composed.
    fn commits(&self, text: &str) {
        self.tab.insert(text);
    }

    fn releases_enter(&self) {
        self.tab.key_event(json!({
            "type": "keyUp", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13,
        }));
    }

    /// Asserts that the room has heard these lines, and that this is left in the draft.
    fn has_said(mut self, lines: &[&str], draft: &str) {
        // What was to be done after an event is done when this is answered.
        self.tab.eval("new Promise(done => setTimeout(() => setTimeout(done)))");
        assert_eq!(self.tab.draft(), Value::from(draft));
        self.tab.eval("document.getElementById('draft').value = ''");
        self.tab.says("끝");
        for line in lines.iter().chain(&["끝"]) {
            let heard = self.nc.line();
            assert!(heard.ends_with(&format!("] {line}")), "{heard:?}");
        }
        self.tab.assert_is_well();
    }
}

macro_rules! writer {
    ($writer:ident) => {
        let Some(room) = Room::open(&[]) else { return };
        let profile = Profile::new();
        let $writer = Writer::new(&room, &profile);
    };
}

/// One Enter is enough: on Windows it comes only once.
#[test]
fn korean_enter_that_comes_once() {
    writer!(writer);
    writer.composes_hangul();
    writer.presses_composing_enter();
    writer.commits("녕");
    writer.releases_enter();
    writer.has_said(&["안녕"], "");
}

/// The browsers of macOS tell of it once more when the input method is done.
#[test]
fn korean_enter_that_comes_twice() {
    writer!(writer);
    writer.composes_hangul();
    writer.presses_composing_enter();
    writer.commits("녕");
    writer.tab.enter();
    writer.has_said(&["안녕"], "");
}

/// macOS, at times: Enter comes as itself while the syllable is still being composed.
#[test]
fn korean_enter_before_the_end() {
    writer!(writer);
    writer.composes_hangul();
    writer.presses_plain_enter();
    writer.commits("녕");
    writer.releases_enter();
    writer.has_said(&["안녕"], "");
}

/// Safari: the input method is done before the page is told of the key.
#[test]
fn korean_enter_after_the_end() {
    writer!(writer);
    writer.composes_hangul();
    writer.commits("녕");
    writer.presses_composing_enter();
    writer.releases_enter();
    writer.has_said(&["안녕"], "");
}

/// Some put the break of a line into the text after what was composed.
#[test]
fn korean_enter_that_breaks_the_line() {
    writer!(writer);
    writer.composes_hangul();
    writer.presses_composing_enter();
    writer.commits("녕");
    writer.tab.key_event(json!({ "type": "char", "text": "\r", "key": "Enter" }));
    writer.releases_enter();
    writer.has_said(&["안녕"], "");
}

/// What was picked is not sent yet; the next Enter sends it.
#[test]
fn japanese_enter_picks() {
    for after_the_end in [false, true] {
        writer!(writer);
        writer.composes_japanese();
        if after_the_end {
            writer.commits("日本");
            writer.presses_composing_enter();
        } else {
            writer.presses_composing_enter();
            writer.commits("日本");
        }
        writer.releases_enter();
        writer.tab.eval("new Promise(done => setTimeout(() => setTimeout(done)))");
        assert_eq!(writer.tab.draft(), "日本");
        writer.tab.enter();
        writer.has_said(&["日本"], "");
    }
}

/// Enter puts in the letters as they were typed, or the word that was picked.
#[test]
fn chinese_enter_picks() {
    for (typed, picked) in
        [(&["n", "ni", "ni h", "ni hao"], "你好"), (&["a", "ab", "abc", "abcd"], "abcd")]
    {
        writer!(writer);
        for text in typed {
            writer.tab.compose(text);
        }
        writer.presses_composing_enter();
        writer.commits(picked);
        writer.releases_enter();
        writer.has_said(&[], picked);
    }
}

/// A syllable may be exchanged for its hanja, which is picked: that is not sent yet.
#[test]
fn korean_enter_that_picks_hanja() {
    writer!(writer);
    writer.tab.compose("한");
    writer.tab.compose("韓");
    writer.presses_composing_enter();
    writer.commits("韓");
    writer.releases_enter();
    writer.has_said(&[], "韓");
}

/// Another key, such as a space, ends a syllable too.
#[test]
fn another_key_sends_nothing() {
    writer!(writer);
    writer.composes_hangul();
    writer.tab.key_event(json!({
        "type": "rawKeyDown", "key": "Process", "code": "Space", "windowsVirtualKeyCode": 229,
    }));
    writer.commits("녕");
    writer.has_said(&[], "안녕");
}
