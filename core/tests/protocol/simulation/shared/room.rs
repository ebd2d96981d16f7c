//! A naive room that several servers share: what its entries say, by hand.

use std::collections::{BTreeMap, BTreeSet};

use chat_core::Committed;

/// An entry as it is encoded.
pub(super) struct Entry {
    node: u64,
    number: u64,
    pub(super) what: What,
}

pub(super) enum What {
    Joined(u64, String),
    Said(u64, String),
    Left(u64, String),
    Lost(u64),
}

/// A member of a server: that server's node, and the number by which it calls the member.
pub(super) type Member = (u64, u64);

/// What comes of an entry at its place in the order, on every server.
#[derive(Clone)]
pub(super) struct Effect {
    pub(super) committed: Committed,
    /// What is said, with its newline; or nothing.
    pub(super) line: String,
    /// Who does not get that.
    pub(super) author: Option<Member>,
    pub(super) joined: Option<Member>,
    pub(super) left: Option<Member>,
    /// Users online from then on.
    pub(super) users: usize,
}

/// What all servers know.
#[derive(Default)]
pub(super) struct Room {
    last: BTreeMap<u64, u64>,
    lost: BTreeSet<u64>,
    users: BTreeMap<u64, usize>,
}

/// Takes a number of seven bits a byte.
fn number(bytes: &mut &[u8]) -> u64 {
    let end = bytes.iter().position(|byte| *byte < 0x80).unwrap();
    let (number, rest) = bytes.split_at(end + 1);
    *bytes = rest;
    number.iter().rev().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
}

fn text(bytes: &mut &[u8]) -> String {
    let length = number(bytes) as usize;
    let (text, rest) = bytes.split_at(length);
    *bytes = rest;
    String::from_utf8(text.to_vec()).unwrap()
}

impl Entry {
    /// The number of an entry among all that its server proposed.
    pub(super) fn number_of(mut bytes: &[u8]) -> u64 {
        let _node = number(&mut bytes);
        number(&mut bytes)
    }

    pub(super) fn of(mut bytes: &[u8]) -> Self {
        let rest = &mut bytes;
        let (node, of_node, kind) = (number(rest), number(rest), number(rest));
        let of = number(rest);
        let what = match kind {
            1 => What::Joined(of, text(rest)),
            2 => What::Said(of, format!("{}{}", text(rest), text(rest))),
            3 => What::Left(of, text(rest)),
            4 => What::Lost(of),
            _ => unreachable!("a kind that no server proposes"),
        };
        assert!(rest.is_empty());
        Self { node, number: of_node, what }
    }
}

pub(super) fn online(users: usize) -> String {
    if users < 2 { format!("({users} user online)") } else { format!("({users} users online)") }
}

impl Room {
    /// The next entry of the order.
    pub(super) fn apply(&mut self, entry: &Entry) -> Effect {
        let (node, last) = (entry.node, self.last.entry(entry.node).or_default());
        let committed = match entry.number {
            _ if self.lost.contains(&node) => Committed::Fenced,
            number if number <= *last => Committed::Again,
            number if number == *last + 1 => Committed::New,
            _ => Committed::TooSoon,
        };
        let mut effect = Effect {
            committed,
            line: String::new(),
            author: None,
            joined: None,
            left: None,
            users: 0,
        };
        if committed == Committed::New {
            *last += 1;
            self.change(entry, &mut effect);
        }
        effect.users = self.users.values().sum();
        effect
    }

    fn change(&mut self, entry: &Entry, effect: &mut Effect) {
        let node = entry.node;
        match &entry.what {
            What::Joined(member, name) => {
                *self.users.entry(node).or_default() += 1;
                effect.joined = Some((node, *member));
                effect.line = format!("> New user {name} entered {}\n", self.online());
            }
            What::Said(member, text) => {
                effect.author = Some((node, *member));
                effect.line = format!("{text}\n");
            }
            What::Left(member, name) => {
                *self.users.get_mut(&node).unwrap() -= 1;
                effect.left = Some((node, *member));
                effect.line = format!("< The user {name} left {}\n", self.online());
            }
            What::Lost(gone) => {
                let is_new = self.lost.insert(*gone);
                let members = self.users.remove(gone).filter(|members| is_new && *members > 0);
                if let Some(members) = members {
                    let s = if members == 1 { "" } else { "s" };
                    let online = self.online();
                    effect.line =
                        format!("< {members} user{s} left: their server is gone {online}\n");
                }
            }
        }
    }

    fn online(&self) -> String {
        online(self.users.values().sum())
    }

    pub(super) fn has_lost(&self, node: u64) -> bool {
        self.lost.contains(&node)
    }
}
