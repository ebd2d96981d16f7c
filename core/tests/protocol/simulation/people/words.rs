//! What people enter, and the host.

use std::convert::Infallible;

use chat_core::Delivered;

use super::super::choices::Choices;
use super::People;
use super::caller::{Caller, Stage};

impl Caller {
    /// It enters something. Returns the connection that this is said to at once, if it may be.
    pub(super) fn enter(&mut self, text: &str) -> Option<usize> {
        if self.stage == Stage::Over || (self.stage == Stage::Plain && self.conn.is_none()) {
            return None;
        }
        self.input.extend(text.bytes());
        let may_send = matches!(self.stage, Stage::Has | Stage::Plain | Stage::Asks(_));
        self.conn.filter(|_| may_send)
    }

    /// What it says that it has got, or claims, if it can say so.
    pub(super) fn acknowledgement(&self, choices: &mut impl Choices) -> Option<String> {
        if self.stage != Stage::Has || self.conn.is_none() {
            return None;
        }
        let lie = choices.one(&["0", "3", "99999", "18446744073709551615"]);
        let lines = self.lines.to_string();
        Some(format!("/got {}\n", if self.lies { lie } else { &lines }))
    }
}

impl<C: Choices> People<C> {
    /// Somebody enters something.
    pub(super) fn enter(&mut self) {
        let Some(number) = self.caller() else { return };
        for _ in 0..self.choices.one(&[1, 1, 2, 5]) {
            let text = self.text(number);
            self.type_in(number, &text);
        }
    }

    pub(super) fn type_in(&mut self, number: usize, text: &str) {
        if let Some(conn) = self.callers[number].enter(text)
            && !self.conns[conn].ends
        {
            self.conns[conn].say(text.as_bytes());
        }
    }

    pub(super) fn name(&mut self) -> String {
        self.choices.one(&["지민", "ann", "Ann", "민수", "x1", "a b", "You", "Jose"]).to_owned()
    }

    pub(super) fn text(&mut self, number: usize) -> String {
        let caller = &mut self.callers[number];
        caller.tags += 1;
        let (tags, tag) = (caller.tags, format!("t{number}.{};", caller.tags));
        let kind = self.choices.below(if self.is_busy { 24 } else { 10 });
        let words =
            self.choices.one(&["", "네", "안녕하세요 여러분", "> /heard 3", "[a -> you] b"]);
        let caller = &mut self.callers[number];
        match kind {
            0..8 => {
                caller.public.push(tags);
                format!("{tag} {words}\n")
            }
            8 => {
                caller.public.push(tags);
                format!("//who {tag}\n")
            }
            9 => format!("/name {}\n", self.name()),
            10..12 => {
                caller.questions.push(tags);
                format!("/who {tag}\n")
            }
            12 => {
                caller.questions.push(tags);
                format!("/msg {tag} {words}\n")
            }
            13..17 => {
                let known = self.public.known();
                if known.is_empty() {
                    return "\n".into();
                }
                let to = &known[self.choices.below(known.len())];
                format!("/msg {to} {tag} {words}\n")
            }
            17 => format!("/r {tag}\n"),
            18 => format!("/history {}\n", self.choices.one(&["", "1", "5", "x"])),
            19 => "/help\n".into(),
            20 => "/name\n".into(),
            21 => format!("/msg Host {tag}\n"),
            22 => format!("/msg {} {}\n", tag, "길".repeat(self.limits.max_line.min(400) / 2)),
            _ => self.choices.one(&["/who\n", "/kick x\n", "/names 지\n", "/got x\n", "\n"]).into(),
        }
    }

    /// Somebody enters much.
    pub(super) fn flood(&mut self) {
        let Some(number) = self.caller() else { return };
        let lines = self.choices.one(&[20, 100]);
        let length = (self.limits.max_line - 20).min(2_000);
        for _ in 0..lines {
            let caller = &mut self.callers[number];
            caller.tags += 1;
            let tag = format!("t{number}.{};", caller.tags);
            let (tags, is_busy) = (caller.tags, self.is_busy);
            let text = match self.choices.below(if is_busy { 4 } else { 2 }) {
                0 | 1 => {
                    self.callers[number].public.push(tags);
                    format!("{tag} {}\n", "x".repeat(self.choices.below(length)))
                }
                2 => "/help\n".into(),
                _ => "/who\n".into(),
            };
            self.type_in(number, &text);
        }
    }

    pub(super) fn acknowledge(&mut self) {
        let Some(number) = self.caller() else { return };
        if let Some(text) = self.callers[number].acknowledgement(&mut self.choices) {
            self.type_in(number, &text);
        }
    }

    pub(super) fn act_as_host(&mut self) {
        let known = self.public.known();
        let who = if known.is_empty() { "x" } else { &known[self.choices.below(known.len())] };
        let line = match self.choices.below(24) {
            0 => format!("/mute {who}"),
            1 => format!("/unmute {who}"),
            2 if self.choices.once_in(3) => format!("/kick {who} (because)"),
            3 => format!("/topic {who}"),
            4 => "/hush".into(),
            5..8 => "/open".into(),
            8 => "/lock".into(),
            9..12 => "/unlock".into(),
            12 => "/private off".into(),
            13..15 => "/private on".into(),
            15 => format!("/msg {who} hello"),
            16 => "/who".into(),
            17 => "/history".into(),
            18 => "/help".into(),
            19 => "/r hello".into(),
            _ => "hello".into(),
        };
        self.is_hushed = (self.is_hushed || line == "/hush") && line != "/open";
        if self.is_hushed {
            // What is entered may be refused.
            self.callers.iter_mut().for_each(|caller| caller.is_disturbed = true);
        }
        self.server.host_line(self.now, &line);
        self.look();
        if self.choices.once_in(2) {
            self.hear_host();
        }
    }

    pub(super) fn hear_host(&mut self) {
        while self.server.deliver(self.host, |slices| {
            Ok::<_, Infallible>(slices.iter().map(|slice| slice.len()).sum())
        }) == Ok(Delivered::Partial)
        {}
    }
}
