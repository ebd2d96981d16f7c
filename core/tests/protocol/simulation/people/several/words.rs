//! What people enter, and hosts.

use super::super::super::choices::Choices;
use super::super::caller::Stage;
use super::super::public::tag_of;
use super::Several;

impl<C: Choices> Several<C> {
    /// Somebody enters something.
    pub(super) fn enter(&mut self) {
        if self.callers.is_empty() {
            return;
        }
        let number = self.choices.below(self.callers.len());
        for _ in 0..self.choices.one(&[1, 1, 2, 5]) {
            let text = self.text(number);
            self.type_in(number, &text);
        }
    }

    pub(super) fn type_in(&mut self, number: usize, text: &str) {
        if let Some(conn) = self.callers[number].enter(text) {
            self.conns[conn].up.extend(text.bytes());
        }
    }

    fn text(&mut self, number: usize) -> String {
        let caller = &mut self.callers[number];
        caller.tags += 1;
        let (tags, tag) = (caller.tags, format!("t{number}.{};", caller.tags));
        let kind = self.choices.below(if self.is_busy { 22 } else { 10 });
        let words =
            self.choices.one(&["", "네", "안녕하세요 여러분", "> /heard 3", "[a -> you] b"]);
        let caller = &mut self.callers[number];
        match kind {
            0..6 => {
                caller.public.push(tags);
                format!("{tag} {words}\n")
            }
            6 => {
                caller.public.push(tags);
                format!("//who {tag}\n")
            }
            7 => {
                // Longer than a line: it is said in pieces, and no two of them are the same.
                caller.public.push(tags);
                let begin = self.choices.one(&["", "//who ", "/x "]);
                let mut text = format!("{begin}{tag}");
                let most = self.limits.max_line * self.choices.one(&[1, 2, 4]) + 5;
                for count in 0.. {
                    if text.len() > most {
                        break;
                    }
                    text += &format!(" 말{count}");
                }
                let said = text.strip_prefix("//").map_or(text.clone(), |rest| format!("/{rest}"));
                self.long.insert((number, tags), said);
                text + "\n"
            }
            8 if self.is_busy => {
                format!("/name {}\n", self.choices.one(&["지민", "ann", "Ann", "민수", "a b"]))
            }
            8 | 9 => self.choices.one(&["\n", "/got x\n", " \n"]).into(),
            10..13 => {
                caller.questions.push(tags);
                format!("/who {tag}\n")
            }
            13 => {
                caller.questions.push(tags);
                format!("/msg {tag} {words}\n")
            }
            14..18 => {
                let known = self.public.known();
                if known.is_empty() {
                    return "\n".into();
                }
                let to = &known[self.choices.below(known.len())];
                format!("/msg {to} {tag} {words}\n")
            }
            18 => format!("/r {tag}\n"),
            19 => format!("/history {}\n", self.choices.one(&["", "1", "5", "x"])),
            20 => "/help\n".into(),
            _ => format!("/msg {tag} {}\n", "길".repeat(self.limits.max_line.min(400) / 2)),
        }
    }

    pub(super) fn acknowledge(&mut self) {
        if self.callers.is_empty() {
            return;
        }
        let number = self.choices.below(self.callers.len());
        if let Some(text) = self.callers[number].acknowledgement(&mut self.choices) {
            self.type_in(number, &text);
        }
    }

    pub(super) fn act_as_host(&mut self, at: usize) {
        let known = self.public.known();
        let who = if known.is_empty() { "x" } else { &known[self.choices.below(known.len())] };
        let line = match self.choices.below(if self.is_busy { 12 } else { 1 }) {
            0 if !self.is_busy => "hello".into(),
            0 => format!("/mute {who}"),
            1 => format!("/unmute {who}"),
            2 if self.choices.once_in(3) => format!("/kick {who} (because)"),
            3 => format!("/topic {who}"),
            4 if self.is_busy => format!("/msg {who} hello"),
            _ => "hello".into(),
        };
        let node = &mut self.nodes[at];
        if !node.is_ended {
            node.server.seat_host(node.host);
            node.server.host_line(self.now, &line);
            self.look();
        }
    }

    /// The pieces of what is longer than a line are all of it, once.
    pub(super) fn assert_long_are_whole(&self) {
        for caller in &self.callers {
            let is_silenced = self.public.silenced.contains(&caller.address);
            if caller.stage != Stage::Has || caller.lies || caller.is_disturbed || is_silenced {
                continue;
            }
            let of = self.public.lines.iter().filter(|said| {
                said.line.starts_with('[') && said.subject.as_ref() == Some(&caller.address)
            });
            let mut said: Vec<String> = Vec::new();
            for line in of.map(|said| said.line.split_once("] ").unwrap().1) {
                match said.last_mut().filter(|_| tag_of(line).is_none()) {
                    Some(last) => *last += line,
                    None => said.push(line.to_owned()),
                }
            }
            for text in said {
                let tag = tag_of(&text).filter(|tag| tag.0 == caller.number);
                if let Some(long) = tag.and_then(|tag| self.long.get(&tag)) {
                    assert_eq!(&text, long, "in all its pieces");
                }
            }
        }
    }
}
