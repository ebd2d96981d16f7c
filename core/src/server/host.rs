//! What the host of a room does.

use alloc::string::String;

use super::Server;
use crate::command::{Command, Meaning};
use crate::entry::{Entry, HOST, Person, Rule};
use crate::id::{MemberId, ReaderId};
use crate::limits::{MAX_NOTICE, MAX_REMARK};
use crate::notice;
use crate::room::Who;
use crate::time::Instant;
use crate::wire::{Framer, Piece, is_visible};

/// What stands before what the host says.
const LABEL: &str = "[Host] ";

impl Server {
    /// The room has a host, who looks at what `observer` is delivered.
    pub fn seat_host(&mut self, observer: ReaderId) {
        self.ordered.room.host = Some(observer);
        self.tell_of_host(true);
    }

    /// It has none any more.
    pub fn unseat_host(&mut self) {
        self.ordered.room.host = None;
        self.tell_of_host(false);
    }

    /// Has other servers know whether there is a host here to write to.
    fn tell_of_host(&mut self, is_hosted: bool) {
        if self.ordered.is_shared() {
            self.propose(&Entry::Hosted { is_hosted }, 0);
        }
    }

    /// The host has entered a line: a message, or a command. Answers go to its observer.
    pub fn host_line(&mut self, now: Instant, line: &str) {
        self.pass_time(now);
        let mut framer = Framer::framed();
        let mut is_command = false;
        let max_line = self.limits.max_line;
        let mut take = |text: &str, piece: Piece| match (piece, Command::meaning(text)) {
            (Piece::Whole, Meaning::Command(command, rest)) => self.obey_host(command, rest),
            (Piece::First, Meaning::Command(command, _)) => {
                is_command = true;
                self.answer_host(notice::too_long(command));
            }
            (Piece::Whole | Piece::First, Meaning::Said(text)) => self.say_as_host(text),
            _ if is_command => {}
            _ => self.say_as_host(text),
        };
        framer.receive(now, line.as_bytes(), max_line, &mut take);
        framer.end_of_stream(max_line, &mut take);
    }

    fn say_as_host(&mut self, text: &str) {
        if is_visible(text) {
            let growth = LABEL.len() + text.len() + 1;
            self.propose(&Entry::Said { member: HOST, label: LABEL, text }, growth);
        }
    }

    fn answer_host(&mut self, text: String) {
        if let Some(host) = self.ordered.room.host {
            self.ordered.room.tell(host, text);
            self.heed_effects();
        }
    }

    fn obey_host(&mut self, command: Command, rest: &str) {
        let rest = rest.trim();
        match command {
            Command::Who => {
                let text = self.guests(rest);
                self.answer_host(text);
            }
            Command::Message | Command::Reply if rest.is_empty() => {
                self.answer_host(notice::usage(command));
            }
            Command::Message => self.write_as_host(rest),
            Command::Reply => self.reply_as_host(rest),
            Command::Help => self.answer_host(notice::help(true)),
            Command::Kick => {
                let (name, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                let reason = cut(reason.trim());
                if let Some((who, name)) = self.find_member(command, name) {
                    self.kick(who, &name, reason);
                }
            }
            Command::Mute | Command::Unmute => {
                let is_muted = command == Command::Mute;
                if let Some(((node, member), name)) = self.find_member(command, rest) {
                    let who = Person { node, member, name: &name };
                    self.propose(&Entry::Muted { who, is_muted }, MAX_NOTICE);
                }
            }
            Command::Hush | Command::Open => self.rule(Rule::Hush, command == Command::Hush),
            Command::Lock | Command::Unlock => self.rule(Rule::Lock, command == Command::Lock),
            Command::Private => match rest {
                "on" => self.rule(Rule::Private, true),
                "off" => self.rule(Rule::Private, false),
                _ => self.answer_host(notice::usage(command)),
            },
            Command::Topic => self.propose(&Entry::Topic { text: cut(rest) }, MAX_NOTICE),
            Command::Name => {
                self.answer_host(notice::you_are(notice::HOST_NAME, notice::HOST_NAME));
            }
            Command::History => self.give_history_to_host(rest),
            Command::Session | Command::Resume | Command::Got | Command::Bye => {}
        }
    }

    /// Removes a member. It says nothing more from now on, not even that it has left.
    fn kick(&mut self, (node, member): Who, name: &str, reason: &str) {
        if self.ordered.is_own(node) {
            let id = MemberId::from_number(member);
            self.drop_session(id);
            self.front.depart(id);
        }
        let who = Person { node, member, name };
        self.propose(&Entry::Removed { who, reason }, 2 * MAX_NOTICE);
    }

    fn give_history_to_host(&mut self, rest: &str) {
        let Some(host) = self.ordered.room.host else { return };
        match self.messages_wanted(rest) {
            Ok(most) => self.insert_earlier(host, None, most),
            Err(why) => self.answer_host(why.into()),
        }
    }

    fn rule(&mut self, rule: Rule, is_on: bool) {
        self.propose(&Entry::Ruled { rule, is_on }, MAX_NOTICE);
    }

    /// The member that a command is about; the host is told if there is none.
    fn find_member(&mut self, command: Command, name: &str) -> Option<(Who, String)> {
        let found = self.find(name).filter(|&((_, member), _)| member != HOST);
        match found {
            _ if name.is_empty() => self.answer_host(notice::usage(command)),
            None => self.answer_host(notice::nobody(name)),
            Some(_) => return found,
        }
        None
    }

    fn write_as_host(&mut self, rest: &str) {
        let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let found = self.find(name);
        self.whisper_as_host(found, text, || notice::nobody(name));
    }

    fn reply_as_host(&mut self, text: &str) {
        let found = self.host_written_by.and_then(|who| Some((who, self.name_of(who)?)));
        self.whisper_as_host(found, text, || notice::NOBODY_WROTE.into());
    }

    /// Writes to whom was found, or has the host told that there is nobody.
    fn whisper_as_host(
        &mut self,
        found: Option<(Who, String)>,
        text: &str,
        nobody: impl FnOnce() -> String,
    ) {
        match found {
            _ if !is_visible(text) => self.answer_host(notice::NO_TEXT.into()),
            Some(((node, member), name)) => {
                let (from, to) = (notice::HOST_NAME, Person { node, member, name: &name });
                self.propose(&Entry::Whispered { member: HOST, from, to, text }, 0);
            }
            None => self.answer_host(nobody()),
        }
    }
}

/// As much of a remark as there is space for.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_REMARK)]
}
