//! One who speaks: from what it sends to what it says.

use std::mem;
use std::time::Duration;

use chat_core::{Instant, Limits};

use super::telnet::{Negotiation, Token, token};
use super::text;

/// How long a message becomes at the most, from its first byte on.
const LONGEST: Duration = Duration::from_secs(1);

/// How long a client that was interrupted may say something more.
const INTERRUPT: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ends {
    #[default]
    Unknown,
    Newlines,
    Silences,
}

#[derive(Default)]
pub(crate) struct Speaker {
    /// Whether it is known to send lines alone.
    sends_messages: bool,
    /// Its first bytes, two at the most.
    opening: Vec<u8>,
    /// What came and is no whole token of telnet's.
    raw: Vec<u8>,
    negotiation: Negotiation,
    /// Whether a line that ended as telnet's do was not UTF-8.
    may_be_telnet: bool,
    ends: Ends,
    /// What it has said of a message that has not ended, as it came.
    unended: Vec<u8>,
    /// Bytes of its text that are said, as pieces of what is too long.
    said: usize,
    began: Instant,
    heard: Instant,
    interrupted: Option<Instant>,
    has_spoken: bool,
    /// Whether anybody asked to read from it and was told not to, since it was heard.
    pub(crate) was_refused: bool,
    /// Whether it is to be listened to.
    pub(crate) is_asked: bool,
}

/// What comes of what was sent.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) texts: Vec<String>,
    pub(crate) answers: Vec<u8>,
    pub(crate) is_framed_now: bool,
    pub(crate) departs: bool,
}

impl Outcome {
    fn say(&mut self, text: &str, has_spoken: &mut bool, limit: usize) {
        if self.departs || !text::is_visible(text) {
            return;
        }
        if !mem::replace(has_spoken, true) && text::is_foreign(text, limit) {
            self.departs = true;
        } else {
            self.texts.push(text.to_owned());
        }
    }
}

impl Speaker {
    pub(crate) fn of_messages() -> Self {
        // Nothing that it may say is looked at for what it is not.
        Self { sends_messages: true, ends: Ends::Newlines, has_spoken: true, ..Self::default() }
    }

    pub(crate) fn is_unframed(&self) -> bool {
        self.ends == Ends::Silences
    }

    pub(crate) fn receive(&mut self, now: Instant, bytes: &[u8], limits: &Limits) -> Outcome {
        let mut outcome = Outcome::default();
        self.is_asked = false;
        if mem::take(&mut self.was_refused) {
            self.begin_anew(now);
        }
        if self.sends_messages {
            bytes.iter().for_each(|byte| self.hear(now, *byte, limits, &mut outcome));
            self.say_pieces(now, limits, &mut outcome);
            return outcome;
        }
        if self.opening.len() < 2 {
            self.opening.extend(bytes.iter().take(2 - self.opening.len()));
            outcome.departs = self.opening == [22, 3];
            if outcome.departs {
                return outcome;
            }
        }
        let was_unframed = self.is_unframed();
        let mut raw = mem::take(&mut self.raw);
        raw.extend_from_slice(bytes);
        let mut rest = &raw[..];
        while let Some((token, length)) = token(rest) {
            rest = &rest[length..];
            self.take(now, token, limits, &mut outcome);
        }
        self.raw = rest.to_vec();
        self.say_pieces(now, limits, &mut outcome);
        if mem::take(&mut self.may_be_telnet) {
            outcome.answers.extend(self.negotiation.greeting());
        }
        outcome.is_framed_now = was_unframed && !self.is_unframed();
        outcome
    }

    fn take(&mut self, now: Instant, token: Token, limits: &Limits, outcome: &mut Outcome) {
        match token {
            Token::Nothing => {}
            Token::Verb(verb, option) => {
                outcome.answers.extend(self.negotiation.answer(verb, option));
            }
            Token::Byte(byte) => self.hear(now, byte, limits, outcome),
            Token::Command(command) => {
                outcome.answers.extend(self.negotiation.greeting());
                let of_character = match command {
                    238 | 244 => Some(0x83),
                    245 => Some(0x8f),
                    237 => Some(0x9a),
                    243 => Some(0x9c),
                    _ => None,
                };
                if text::character_begun(&self.unended) > 0 {
                    of_character.into_iter().for_each(|b| self.hear(now, b, limits, outcome));
                    return;
                }
                match command {
                    238 | 244 => self.interrupted = Some(now),
                    236 => {
                        self.end_message(now, limits, outcome);
                        outcome.departs = true;
                    }
                    _ => {}
                }
            }
        }
    }

    fn hear(&mut self, now: Instant, byte: u8, limits: &Limits, outcome: &mut Outcome) {
        self.interrupted = None;
        if byte == b'\n' {
            self.ends = Ends::Newlines;
            let is_damaged = std::str::from_utf8(&self.unended).is_err();
            self.may_be_telnet |= is_damaged && self.unended.ends_with(b"\r");
            self.end_message(now, limits, outcome);
            return;
        }
        if self.unended.is_empty() {
            self.began = now;
        }
        self.unended.push(byte);
        self.heard = now;
    }

    /// Says the pieces that are ready of a text that has not ended.
    fn say_pieces(&mut self, now: Instant, limits: &Limits, outcome: &mut Outcome) {
        let text = text::clean(text::decided(&self.unended));
        self.say_pieces_of(now, &text, limits, outcome);
    }

    fn say_pieces_of(&mut self, now: Instant, text: &str, limits: &Limits, to: &mut Outcome) {
        while text.len() - self.said > limits.max_line {
            let rest = &text[self.said..];
            let piece = &rest[..text::cut(rest, limits.max_line)];
            self.said += piece.len();
            self.began = now;
            to.say(piece, &mut self.has_spoken, limits.max_line);
        }
    }

    fn end_message(&mut self, now: Instant, limits: &Limits, outcome: &mut Outcome) {
        let text = text::clean(text::without_return(&mem::take(&mut self.unended)));
        self.say_pieces_of(now, &text, limits, outcome);
        let said = mem::take(&mut self.said);
        outcome.say(&text[said..], &mut self.has_spoken, limits.max_line);
    }

    /// When it is to be listened to.
    pub(crate) fn due(&self, limits: &Limits) -> Option<Instant> {
        let interrupt = self.interrupted.map(|at| at + INTERRUPT);
        [self.silent_at(limits), interrupt].into_iter().flatten().min()
    }

    fn silent_at(&self, limits: &Limits) -> Option<Instant> {
        let is_inside_character = text::character_begun(&self.unended) > 0;
        if self.ends == Ends::Newlines || self.unended.is_empty() || is_inside_character {
            return None;
        }
        let is_doubtful = !self.has_spoken && {
            let text = text::clean(text::decided(&self.unended));
            text::may_become_foreign(&text[self.said..])
        };
        let silence = if is_doubtful { LONGEST } else { limits.silence };
        let (paused, too_long) = (self.heard + silence, self.began + LONGEST);
        let is_return = self.unended.ends_with(b"\r");
        Some(if is_return { paused.max(too_long) } else { paused.min(too_long) })
    }

    fn begin_anew(&mut self, now: Instant) {
        (self.began, self.heard) = (now, now);
        self.interrupted = self.interrupted.map(|_| now);
    }

    /// It was listened to, and there was nothing.
    pub(crate) fn quiet(&mut self, now: Instant, limits: &Limits) -> Outcome {
        let mut outcome = Outcome::default();
        if !mem::take(&mut self.is_asked) {
            return outcome;
        }
        if mem::take(&mut self.was_refused) {
            self.begin_anew(now);
        } else if self.interrupted.is_some_and(|at| at + INTERRUPT <= now) {
            outcome.departs = true;
        } else if self.silent_at(limits).is_some_and(|at| at <= now) {
            self.ends = Ends::Silences;
            self.end_message(now, limits, &mut outcome);
        }
        outcome
    }

    pub(crate) fn end_of_input(&mut self, now: Instant, limits: &Limits) -> Outcome {
        let mut outcome = Outcome::default();
        self.end_message(now, limits, &mut outcome);
        outcome
    }
}
