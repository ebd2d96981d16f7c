//! Lines as JSON, one object a line, for programs.
//!
//! The man page says which kinds and fields there are. More of both may be added, none is taken away.

use std::time::{SystemTime, UNIX_EPOCH};

use chat_core::{Line, Lines, Shown};
use serde::Serialize;
use tz::{DateTime, TimeZone};

/// Makes objects of what happens.
pub(super) struct Events {
    zone: TimeZone,
    /// How many objects there were.
    count: u64,
}

/// An object: what happened, and as much as is known of it.
#[derive(Default, Serialize)]
struct Event<'a> {
    kind: &'static str,
    seq: u64,
    time: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    earlier: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Events {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone, count: 0 }
    }

    /// Returns the objects of `lines`; `name` is what the user is called.
    pub(super) fn show(&mut self, lines: &Lines, name: Option<&str>) -> Vec<u8> {
        let time = self.time();
        let mut bytes = Vec::with_capacity(4 * lines.len());
        for shown in lines.iter() {
            self.push(Event::of(shown, name), &time, &mut bytes);
        }
        bytes
    }

    /// Returns an object that is not about a line of the room's.
    pub(super) fn of(&mut self, kind: &'static str, text: &str) -> Vec<u8> {
        let time = self.time();
        let mut bytes = Vec::new();
        self.push(Event { kind, text: Some(text), ..Event::default() }, &time, &mut bytes);
        bytes
    }

    fn push(&mut self, event: Event<'_>, time: &str, bytes: &mut Vec<u8>) {
        self.count += 1;
        let event = Event { seq: self.count, time, ..event };
        // Neither text nor numbers can fail, nor can memory.
        let _ = serde_json::to_writer(&mut *bytes, &event);
        bytes.push(b'\n');
    }

    /// Returns the time as RFC 3339 has it; empty if the clock is beyond all calendars.
    fn time(&self) -> String {
        let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()),
            Err(before) => i64::try_from(before.duration().as_secs()).map(|seconds| -seconds),
        };
        let time = seconds
            .ok()
            .and_then(|seconds| DateTime::from_timespec(seconds, 0, self.zone.as_ref()).ok());
        // Without the fraction, of which nothing is known here.
        time.map(|time| time.to_string().replace(".000000000", "")).unwrap_or_default()
    }
}

impl<'a> Event<'a> {
    /// What a line says; `own` is what the user is called.
    fn of(shown: Shown<'a>, own: Option<&'a str>) -> Self {
        let event = |kind| Event { kind, earlier: shown.is_earlier, ..Event::default() };
        let said = |kind, text| Event { text: Some(text), ..event(kind) };
        match shown.line {
            Line::Greeting { count, .. } => {
                Event { name: own, count: Some(count), ..event("greeting") }
            }
            Line::Joined { from, count, .. } => {
                Event { from: Some(from), count: Some(count), ..event("joined") }
            }
            Line::Left { from, count, .. } => {
                Event { from: Some(from), count: Some(count), ..event("left") }
            }
            Line::Named { from, name, .. } => {
                Event { from: Some(from), name: Some(name), ..event("named") }
            }
            Line::Message { from, text } => Event { from: Some(from), ..said("message", text) },
            Line::Private { from, text } => Event { from: Some(from), ..said("private", text) },
            Line::PrivateTo { to, text } => Event { to: Some(to), ..said("own", text) },
            Line::Own(text) => said("own", text),
            Line::Skipped { count, .. } => Event { count: Some(count), ..event("skipped") },
            Line::Notice(text) | Line::Full(text) | Line::Other(text) => said("notice", text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_core::{Client, Instant};
    use serde_json::{Value, json};

    fn lines(said: &[&str]) -> Lines {
        let mut client = Client::new(Instant::default());
        let text: String = said.iter().map(|line| format!("{line}\n")).collect();
        client.receive(Instant::default(), text.as_bytes(), false);
        client.take_lines(Lines::default())
    }

    /// Returns the objects but for their times and numbers, which are checked here.
    fn parsed(bytes: &[u8], first: u64) -> Vec<Value> {
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(text.ends_with('\n'));
        let objects = text.lines().zip(first..).map(|(line, seq)| {
            let mut object: Value = serde_json::from_str(line).unwrap();
            let fields = object.as_object_mut().unwrap();
            assert_eq!(fields.remove("seq"), Some(json!(seq)));
            let time = fields.remove("time").unwrap();
            let time = time.as_str().unwrap();
            // RFC 3339, 5.6, as in its example but for the zone.
            let shape = time.replace(|c: char| c.is_ascii_digit(), "0");
            assert_eq!(shape, "0000-00-00T00:00:00+00:00");
            assert!(time.ends_with("+09:00"), "{time}");
            object
        });
        objects.collect()
    }

    #[test]
    fn every_kind() {
        let mut events = Events::new(TimeZone::from_posix_tz("KST-9").unwrap());
        let connected = events.of("connected", "192.0.2.7:3333");
        assert_eq!(parsed(&connected, 1), [json!({"kind": "connected", "text": "192.0.2.7:3333"})]);
        let mut lines = lines(&[
            "> Connected to the chat server (3 users online)",
            "> New user 192.0.2.7:1 entered (4 users online)",
            "> The user 192.0.2.7:1 is now 지민",
            "[지민] 안녕 \"너\"\\ \t\u{2028}",
            "[지민 -> you] 비밀",
            "[you -> 지민] 나도",
            "> 12 messages skipped: this connection reads too slowly",
            "> The room is locked",
            "> Topic: 하나",
            "어떤 서버",
            "< The user 지민 left (3 users online)",
        ]);
        lines.push_own("네");
        let shown = events.show(&lines, Some("민수"));
        assert_eq!(
            parsed(&shown, 2),
            [
                json!({"kind": "greeting", "name": "민수", "count": 3}),
                json!({"kind": "joined", "from": "192.0.2.7:1", "count": 4}),
                json!({"kind": "named", "from": "192.0.2.7:1", "name": "지민"}),
                json!({"kind": "message", "from": "지민", "text": "안녕 \"너\"\\ \t\u{fffd}"}),
                json!({"kind": "private", "from": "지민", "text": "비밀"}),
                json!({"kind": "own", "to": "지민", "text": "나도"}),
                json!({"kind": "skipped", "count": 12}),
                json!({"kind": "notice", "text": "> The room is locked"}),
                json!({"kind": "notice", "text": "> Topic: 하나"}),
                json!({"kind": "notice", "text": "어떤 서버"}),
                json!({"kind": "left", "from": "지민", "count": 3}),
                json!({"kind": "own", "text": "네"}),
            ]
        );
        let text = "chat: the connection ended";
        let ended = events.of("disconnected", text);
        assert_eq!(parsed(&ended, 14), [json!({"kind": "disconnected", "text": text})]);
    }

    #[test]
    fn what_is_earlier_says_so() {
        let line = Line::Message { from: "지민", text: "안녕" };
        let event = |is_earlier| serde_json::to_value(Event::of(Shown { line, is_earlier }, None));
        assert_eq!(event(true).unwrap()["earlier"], json!(true));
        assert_eq!(event(false).unwrap().get("earlier"), None);
    }
}
