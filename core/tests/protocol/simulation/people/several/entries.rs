//! What entries do to who is here, by hand.

use std::collections::{BTreeMap, BTreeSet};

/// A member of a server: that server's node, and the number by which it calls the member.
type Member = (u64, u64);

#[derive(Clone, Default)]
struct Known {
    address: String,
    key: Option<u128>,
    is_away: bool,
}

/// Who is here, and who may come back.
#[derive(Default)]
pub(super) struct Model {
    last: BTreeMap<u64, u64>,
    lost: BTreeSet<u64>,
    people: BTreeMap<Member, Known>,
    moved: BTreeMap<Member, Member>,
    /// The session that the last entry has begun, and whose it is.
    pub(super) begun: Option<(u128, String)>,
    /// Those that do not come back since it.
    pub(super) ended: Vec<String>,
}

/// An entry's bytes, as its documentation says what they are.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap();
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u64 {
        let end = self.0.iter().position(|byte| *byte < 0x80).unwrap();
        let (number, rest) = self.0.split_at(end + 1);
        self.0 = rest;
        number.iter().rev().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
    }

    fn text(&mut self) -> String {
        let length = self.number() as usize;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8(text.to_vec()).unwrap()
    }
}

/// An entry as its server says it again in another log, where nobody has got lines by the numbers that they had.
pub(super) fn in_another_log(entry: &[u8]) -> Vec<u8> {
    let mut fields = Fields(entry);
    (0..2).for_each(|_| {
        fields.number();
    });
    let kind = fields.byte();
    if kind & 0x80 != 0 {
        fields.number();
    }
    let numbers = match kind & 0x7f {
        15 => 3,
        18 => 1,
        _ => return entry.to_vec(),
    };
    (0..numbers).for_each(|_| {
        fields.number();
    });
    [&entry[..entry.len() - fields.0.len()], b"\0"].concat()
}

/// The last two of a server that has read another log, behind its entry of that number.
pub(super) fn farewells(node: u64, last: u64) -> [Vec<u8>; 2] {
    let number = |mut number: u64| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let stamped = |last, rest: &[u8]| [&number(node), &number(last), rest].concat();
    [stamped(last + 1, &[22]), stamped(last + 2, &[&[4], &*number(node)].concat())]
}

impl Model {
    /// The number of a server's last entry.
    pub(super) fn last(&self, node: u64) -> u64 {
        self.last.get(&node).copied().unwrap_or(0)
    }

    /// The next entry. Returns those that leave with their server, and whether each may come back.
    pub(super) fn apply(&mut self, entry: &[u8]) -> Vec<(String, bool)> {
        let mut fields = Fields(entry);
        let (node, number) = (fields.number(), fields.number());
        let kind = fields.byte();
        if kind & 0x80 != 0 {
            fields.number();
        }
        let last = self.last.entry(node).or_default();
        if self.lost.contains(&node) || number != *last + 1 {
            return Vec::new();
        }
        *last = number;
        self.change(node, kind & 0x7f, &mut fields)
    }

    fn change(&mut self, node: u64, kind: u8, fields: &mut Fields<'_>) -> Vec<(String, bool)> {
        let mut leaving = Vec::new();
        if kind == 22 {
            return leaving;
        }
        let first = fields.number();
        let author = (node, first);
        let is_here = self.people.get(&author).is_some_and(|known| !known.is_away);
        match kind {
            1 if !self.people.contains_key(&author) => {
                let known = Known { address: fields.text(), ..Known::default() };
                self.people.insert(author, known);
            }
            3 if is_here => self.end(author),
            4 if !self.lost.contains(&first) => {
                self.lost.insert(first);
                let of_node = |member: &Member| member.0 == first;
                let members: Vec<Member> = self.people.keys().copied().filter(of_node).collect();
                for member in members {
                    let known = self.people.get_mut(&member).unwrap();
                    if !std::mem::replace(&mut known.is_away, true) {
                        leaving.push((known.address.clone(), known.key.is_some()));
                    }
                    if known.key.is_none() {
                        self.people.remove(&member);
                    }
                }
            }
            7 if is_here => self.people.get_mut(&author).unwrap().is_away = true,
            8 => {
                let who = (first, fields.number());
                let is_away = self.people.get(&who).is_some_and(|known| known.is_away);
                if is_away && (first == node || self.lost.contains(&first)) {
                    self.end(who);
                }
            }
            9 => {
                let who = (first, fields.number());
                self.end(self.now(who));
            }
            14 if is_here => {
                let key = u128::from(fields.number()) << 64 | u128::from(fields.number());
                let known = self.people.get_mut(&author).unwrap();
                known.key = (key != 0).then_some(key);
                if key != 0 {
                    self.begun = Some((key, known.address.clone()));
                } else {
                    self.ended.push(known.address.clone());
                }
            }
            15 => {
                let key = u128::from(fields.number()) << 64 | u128::from(fields.number());
                self.go_on(key, author);
            }
            _ => {}
        }
        leaving
    }

    fn go_on(&mut self, key: u128, to: Member) {
        let Some((&from, _)) = self.people.iter().find(|(_, known)| known.key == Some(key)) else {
            return;
        };
        // Its member has gone on elsewhere, and is another one.
        if from == to || ![from, to].contains(&self.now(to)) {
            return;
        }
        self.end(to);
        let mut known = self.people.remove(&from).unwrap();
        known.is_away = false;
        self.people.insert(to, known);
        self.moved.values_mut().filter(|now| **now == from).for_each(|now| *now = to);
        self.moved.insert(from, to);
    }

    fn end(&mut self, member: Member) {
        if let Some(known) = self.people.remove(&member) {
            self.ended.push(known.address);
        }
    }

    fn now(&self, member: Member) -> Member {
        self.moved.get(&member).copied().unwrap_or(member)
    }
}
