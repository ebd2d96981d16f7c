//! Entries as bytes: see the module above.

use alloc::vec::Vec;

use super::bytes::{Rest, push_number, push_text};
use super::{DecodeError, Entry, HOST, Heard, Person, Rule, Stamp, Stamped};
use crate::id::NodeId;
use crate::limits::{MAX_LABEL, MAX_LINE, MAX_REMARK, MAX_TOLD};

const JOINED: u8 = 1;
const SAID: u8 = 2;
const LEFT: u8 = 3;
const LOST: u8 = 4;
const NAMED: u8 = 5;
const WHISPERED: u8 = 6;
const AWAY: u8 = 7;
const FORGOTTEN: u8 = 8;
const REMOVED: u8 = 9;
const MUTED: u8 = 10;
const UNMUTED: u8 = 11;
const TOPIC: u8 = 12;
const RULED: u8 = 13;
const SESSION: u8 = 14;
const MOVED: u8 = 15;
const TOLD: u8 = 16;
const RECALLED: u8 = 17;
const GOT: u8 = 18;
const HOSTED: u8 = 20;
const HEARD: u8 = 21;
const APART: u8 = 22;
const UNREAD: u8 = 23;

/// Added to the kind if it is said how much of the member's input is heard.
const WITH_HEARD: u8 = 0x80;

impl<'a> Stamped<'a> {
    /// Appends its encoding to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        push_number(self.stamp.node.0, out);
        push_number(self.stamp.number, out);
        let kind = self.entry.kind();
        match self.heard {
            Some(heard) => {
                out.push(kind | WITH_HEARD);
                push_number(heard.number(), out);
            }
            None => out.push(kind),
        }
        self.entry.encode_fields(out);
    }

    /// Decodes what [`Stamped::encode`] wrote, and nothing else.
    ///
    /// # Errors
    ///
    /// The bytes are no entry, or none that this release knows.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut rest = Rest(bytes);
        let node = NodeId(rest.number()?);
        let stamp = Stamp { node, number: rest.number()? };
        let kind = rest.byte()?;
        let heard = match kind & WITH_HEARD {
            0 => None,
            _ => Some(Heard::from_number(rest.number()?)),
        };
        let entry = Entry::decode_fields(kind & !WITH_HEARD, &mut rest)?;
        rest.end()?;
        let may_be_heard = entry.author().is_some_and(|member| member != HOST);
        let says_nothing = matches!(entry, Entry::Heard { .. }) && heard.is_none();
        if says_nothing || (heard.is_some() && !may_be_heard) {
            return Err(DecodeError::Malformed);
        }
        Ok(Self { stamp, entry, heard })
    }
}

impl<'a> Entry<'a> {
    fn kind(&self) -> u8 {
        match self {
            Self::Joined { .. } => JOINED,
            Self::Said { .. } => SAID,
            Self::Left { .. } => LEFT,
            Self::Lost { .. } => LOST,
            Self::Named { .. } => NAMED,
            Self::Whispered { .. } => WHISPERED,
            Self::Away { .. } => AWAY,
            Self::Forgotten { .. } => FORGOTTEN,
            Self::Removed { .. } => REMOVED,
            Self::Muted { is_muted: true, .. } => MUTED,
            Self::Muted { is_muted: false, .. } => UNMUTED,
            Self::Topic { .. } => TOPIC,
            Self::Ruled { .. } => RULED,
            Self::Session { .. } => SESSION,
            Self::Moved { .. } => MOVED,
            Self::Told { .. } => TOLD,
            Self::Recalled { .. } => RECALLED,
            Self::Got { .. } => GOT,
            Self::Hosted { .. } => HOSTED,
            Self::Heard { .. } => HEARD,
            Self::Apart => APART,
            Self::Unread { .. } => UNREAD,
        }
    }

    fn encode_fields(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Joined { member, name }
            | Self::Left { member, name }
            | Self::Away { member, name } => push_fields(&[member], &[name], out),
            Self::Said { member, label, text } => push_fields(&[member], &[label, text], out),
            Self::Lost { node } => push_number(node.0, out),
            Self::Named { member, from, name } => push_fields(&[member], &[from, name], out),
            Self::Whispered { member, from, to, text } => {
                push_fields(&[member], &[from], out);
                push_person(to, out);
                push_text(text, out);
            }
            Self::Forgotten { who } | Self::Muted { who, .. } | Self::Unread { who } => {
                push_person(who, out);
            }
            Self::Removed { who, reason } => {
                push_person(who, out);
                push_text(reason, out);
            }
            Self::Topic { text } => push_text(text, out),
            Self::Ruled { rule, is_on } => out.extend([rule as u8, is_on.into()]),
            Self::Session { member, key: [high, low] } => {
                push_fields(&[member, high, low], &[], out);
            }
            Self::Moved { member, key: [high, low], lines } => {
                push_fields(&[member, high, low, lines], &[], out);
            }
            Self::Told { member, text } => push_fields(&[member], &[text], out),
            Self::Recalled { member, first, count } => {
                push_fields(&[member, first, count], &[], out);
            }
            Self::Got { member, lines } => push_fields(&[member, lines], &[], out),
            Self::Hosted { is_hosted } => out.push(is_hosted.into()),
            Self::Heard { member } => push_number(member, out),
            Self::Apart => {}
        }
    }

    fn decode_fields(kind: u8, rest: &mut Rest<'a>) -> Result<Self, DecodeError> {
        Ok(match kind {
            JOINED => Self::Joined { member: rest.number()?, name: rest.name()? },
            SAID => {
                let (member, label) = (rest.number()?, rest.label()?);
                Self::Said { member, label, text: rest.text(MAX_LINE)? }
            }
            LEFT => Self::Left { member: rest.number()?, name: rest.name()? },
            LOST => Self::Lost { node: NodeId(rest.number()?) },
            NAMED => Self::Named { member: rest.number()?, from: rest.name()?, name: rest.name()? },
            AWAY => Self::Away { member: rest.number()?, name: rest.name()? },
            FORGOTTEN => Self::Forgotten { who: rest.person()? },
            WHISPERED => {
                let (member, from, to) = (rest.number()?, rest.name()?, rest.person()?);
                Self::Whispered { member, from, to, text: rest.text(MAX_LINE)? }
            }
            REMOVED => Self::Removed { who: rest.person()?, reason: rest.text(MAX_REMARK)? },
            MUTED | UNMUTED => Self::Muted { who: rest.person()?, is_muted: kind == MUTED },
            TOPIC => Self::Topic { text: rest.text(MAX_REMARK)? },
            RULED => Self::Ruled { rule: rest.rule()?, is_on: rest.flag()? },
            SESSION => {
                let member = rest.number()?;
                Self::Session { member, key: [rest.number()?, rest.number()?] }
            }
            MOVED => {
                let (member, key) = (rest.number()?, [rest.number()?, rest.number()?]);
                Self::Moved { member, key, lines: rest.number()? }
            }
            TOLD => Self::Told { member: rest.number()?, text: rest.lines(MAX_TOLD)? },
            RECALLED => {
                let (member, first) = (rest.number()?, rest.number()?);
                Self::Recalled { member, first, count: rest.number()? }
            }
            GOT => Self::Got { member: rest.number()?, lines: rest.number()? },
            HOSTED => Self::Hosted { is_hosted: rest.flag()? },
            HEARD => Self::Heard { member: rest.number()? },
            APART => Self::Apart,
            UNREAD => Self::Unread { who: rest.person()? },
            kind => return Err(DecodeError::UnknownKind(kind)),
        })
    }
}

fn push_fields(numbers: &[u64], texts: &[&str], out: &mut Vec<u8>) {
    numbers.iter().for_each(|&number| push_number(number, out));
    texts.iter().for_each(|text| push_text(text, out));
}

fn push_person(person: Person<'_>, out: &mut Vec<u8>) {
    push_fields(&[person.node.0, person.member], &[person.name], out);
}

impl<'a> Rest<'a> {
    fn name(&mut self) -> Result<&'a str, DecodeError> {
        self.text(MAX_LABEL)
    }

    fn person(&mut self) -> Result<Person<'a>, DecodeError> {
        let (node, member) = (NodeId(self.number()?), self.number()?);
        Ok(Person { node, member, name: self.name()? })
    }

    fn rule(&mut self) -> Result<Rule, DecodeError> {
        let byte = self.byte()?;
        let rules = [Rule::Hush, Rule::Lock, Rule::Private];
        rules.into_iter().find(|&rule| rule as u8 == byte).ok_or(DecodeError::Malformed)
    }

    fn label(&mut self) -> Result<&'a str, DecodeError> {
        let label = self.text(MAX_LABEL)?;
        let is_label = label.starts_with('[') && label.ends_with("] ");
        if is_label { Ok(label) } else { Err(DecodeError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(entry: Entry<'_>) -> Stamped<'_> {
        Stamped::new(Stamp { node: NodeId(3), number: 300 }, entry)
    }

    const SOMEBODY: Person<'_> = Person { node: NodeId(1), member: 1 << 32 | 7, name: "민수" };

    const ENTRIES: [Entry<'_>; 21] = [
        Entry::Joined { member: 1 << 32 | 1, name: "192.0.2.1:45390" },
        Entry::Said { member: 0, label: "[192.0.2.1:45390] ", text: "안녕하세요?" },
        Entry::Left { member: u64::MAX, name: "[2001:db8::1]:1" },
        Entry::Lost { node: NodeId(u64::MAX) },
        Entry::Named { member: 7, from: "192.0.2.1:45390", name: "지민" },
        Entry::Whispered { member: HOST, from: "Host", to: SOMEBODY, text: "안녕" },
        Entry::Away { member: 7, name: "지민" },
        Entry::Forgotten { who: SOMEBODY },
        Entry::Removed { who: SOMEBODY, reason: "" },
        Entry::Muted { who: SOMEBODY, is_muted: true },
        Entry::Muted { who: SOMEBODY, is_muted: false },
        Entry::Topic { text: "3과" },
        Entry::Ruled { rule: Rule::Private, is_on: false },
        Entry::Session { member: 7, key: [u64::MAX, 1] },
        Entry::Moved { member: 7, key: [1, u64::MAX], lines: 300 },
        Entry::Told { member: 7, text: "> You are 지민\n> You are 지민\n" },
        Entry::Recalled { member: 7, first: 1_000, count: 20 },
        Entry::Got { member: 7, lines: 300 },
        Entry::Hosted { is_hosted: true },
        Entry::Unread { who: SOMEBODY },
        Entry::Apart,
    ];

    const SOME: Option<Heard> = Some(Heard { bytes: 1_000, is_inside: true });

    fn there_and_back(stamped: Stamped<'_>) {
        let mut bytes = Vec::new();
        stamped.encode(&mut bytes);
        assert_eq!(Stamped::decode(&bytes), Ok(stamped));
        for end in 0..bytes.len() {
            assert_eq!(Stamped::decode(&bytes[..end]), Err(DecodeError::Malformed));
        }
        bytes.push(0);
        assert_eq!(Stamped::decode(&bytes), Err(DecodeError::Malformed));
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for entry in ENTRIES {
            there_and_back(stamped(entry));
            if entry.author().is_some_and(|member| member != HOST) {
                there_and_back(stamped(entry).with_heard(SOME));
            }
        }
        there_and_back(stamped(Entry::Heard { member: 7 }).with_heard(SOME));
    }

    /// What was said is said, and heard; but nobody has got more of its lines.
    #[test]
    fn no_lines_are_got_in_another_log() {
        for entry in ENTRIES {
            let heard = SOME.filter(|_| entry.author().is_some_and(|member| member != HOST));
            let again = stamped(entry).with_heard(heard).in_another_log();
            let expected = match entry {
                Entry::Got { member, .. } => Entry::Got { member, lines: 0 },
                Entry::Moved { member, key, .. } => Entry::Moved { member, key, lines: 0 },
                entry => entry,
            };
            assert_eq!(again, stamped(expected).with_heard(heard));
        }
    }

    #[test]
    fn the_encoding_is_what_it_is() {
        let encoded = |stamped: Stamped<'_>| {
            let mut bytes = Vec::new();
            stamped.encode(&mut bytes);
            bytes
        };
        let said = stamped(Entry::Said { member: 5, label: "[a] ", text: "네" });
        assert_eq!(encoded(said), b"\x03\xac\x02\x02\x05\x04[a] \x03\xeb\x84\xa4");
        let heard = said.with_heard(SOME);
        assert_eq!(encoded(heard), b"\x03\xac\x02\x82\xd1\x0f\x05\x04[a] \x03\xeb\x84\xa4");
    }

    #[test]
    fn what_no_server_says_is_refused() {
        for bytes in [
            &b"\x01\x01\x02\x05\x04[a] \x01\n"[..],
            b"\x01\x01\x02\x05\x04[a] \x01\x1b",
            b"\x01\x01\x02\x05\x04[a] \x01\xff",
            b"\x01\x01\x02\x05\x03abc\x01x",
            b"\x01\x01\x01\x05\x01\r",
            b"\x81\x00\x01\x04\x01",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01\x04\x01",
            b"\x01\x01\x02\x05\x04[a] \xff\xff\xff\xff\x0fx",
            b"\x01\x01\x0d\x00\x01",
            b"\x01\x01\x0d\x01\x02",
            // An answer is of whole lines, and not of none.
            b"\x01\x01\x10\x05\x00",
            b"\x01\x01\x10\x05\x01x",
            b"\x01\x01\x10\x05\x03\x1b[\n",
            b"\x01\x01\x14\x02",
            // It says nothing.
            b"\x01\x01\x15\x05",
            // Nobody is heard by it: a server that is gone, a host.
            b"\x01\x01\x84\x02\x01",
            b"\x01\x01\x82\x02\x00\x04[a] \x01x",
        ] {
            assert_eq!(Stamped::decode(bytes), Err(DecodeError::Malformed), "{bytes:x?}");
        }
        assert_eq!(Stamped::decode(b"\x01\x01\x63"), Err(DecodeError::UnknownKind(0x63)));
        assert_eq!(Stamped::decode(b"\x01\x01\xe3\x01"), Err(DecodeError::UnknownKind(0x63)));
    }
}
