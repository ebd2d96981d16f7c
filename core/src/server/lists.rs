//! Lists of who is here.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Server;
use crate::id::MemberId;
use crate::notice;
use crate::room::{Label, People, Profile, Who};
use crate::time::{Instant, Wall};

/// The lines of an answer that lists members, and the columns of each.
const ROWS: usize = 4;
const COLUMNS: usize = 72;

/// The members that a host's list names.
const GUESTS: usize = 40;

/// Somebody who is here.
struct Guest<'a> {
    who: Who,
    name: &'a str,
    is_named: bool,
}

impl Server {
    /// Who is here, those with a name first, in order.
    pub(super) fn who(&self, start: &str) -> String {
        let mut here: Vec<(bool, &str)> = Vec::new();
        let mut matching = 0;
        for guest in self.here().filter(|guest| starts(guest.name, start)) {
            matching += 1;
            here.push((!guest.is_named, guest.name));
        }
        // No more are listed than that.
        let most = here.len().min(ROWS * COLUMNS / 2);
        if most < here.len() {
            here.select_nth_unstable(most);
        }
        here.truncate(most);
        here.sort_unstable();
        let users = self.users();
        let begin = match start {
            "" => notice::online(users),
            _ => notice::online_with(start, matching, users),
        };
        let all = if start.is_empty() { users } else { matching };
        list(begin, here.iter().map(|&(_, name)| name), all)
    }

    /// Who is here, for the host. When somebody came is known of the members of this server.
    pub(super) fn guests(&self, start: &str) -> String {
        let mut guests: Vec<_> = self.here().filter(|guest| starts(guest.name, start)).collect();
        guests.sort_unstable_by_key(|guest| (!guest.is_named, guest.name, guest.who));
        let mut text = notice::online(self.users()).trim_end_matches([':', ' ']).to_string() + "\n";
        for &Guest { who, name, .. } in guests.iter().take(GUESTS) {
            let came = self.own(who).and_then(|id| self.front.came(id));
            let since = came.and_then(|came| self.wall_at(came));
            text += &notice::guest(name, self.address_of(who).unwrap_or(name), since);
        }
        if guests.len() > GUESTS {
            text += &format!("> {}\n", notice::more(guests.len() - GUESTS));
        }
        text
    }

    /// Everybody who is here, on all servers.
    fn here(&self) -> impl Iterator<Item = Guest<'_>> {
        let (own, people) = (self.ordered.node(), self.ordered.room.people());
        let alone = people.is_none().then(|| self.front.here()).into_iter().flatten();
        let alone = alone.map(move |(id, name, is_named)| {
            let who = (own, id.number());
            Guest { who, name, is_named }
        });
        let all = people.into_iter().flat_map(People::here).map(|(who, profile)| {
            let (name, is_named) = (profile.name(), profile.is_named());
            Guest { who, name, is_named }
        });
        alone.chain(all)
    }

    /// Who is here, by what it is called without a name.
    pub(super) fn find_address(&self, address: &str) -> Option<(Who, String)> {
        let mut here = self.here().filter(|guest| self.address_of(guest.who) == Some(address));
        here.next().map(|guest| (guest.who, guest.name.to_string()))
    }

    /// What somebody is called without a name.
    fn address_of(&self, who: Who) -> Option<&str> {
        match self.ordered.room.people() {
            Some(people) => people.get(who).map(Profile::address),
            None => self.front.address(self.own(who)?).map(Label::name),
        }
    }

    /// Somebody's handle, if it is a member of this server.
    fn own(&self, (node, member): Who) -> Option<MemberId> {
        self.ordered.is_own(node).then(|| MemberId::from_number(member))
    }

    /// What the clock on the wall said at a moment.
    fn wall_at(&self, at: Instant) -> Option<Wall> {
        let (known, wall) = self.wall?;
        let micros = i128::from(at.as_micros()) - i128::from(known.as_micros());
        let seconds = i64::try_from(micros.div_euclid(1_000_000)).ok()?;
        Some(Wall { unix_seconds: wall.unix_seconds.saturating_add(seconds), ..wall })
    }
}

/// Whether a name starts so, whatever the case of its letters.
fn starts(name: &str, start: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    start.chars().flat_map(char::to_lowercase).all(|letter| letters.next() == Some(letter))
}

/// The beginning of an answer, and names in a few lines of it.
fn list<'a>(begin: String, names: impl ExactSizeIterator<Item = &'a str>, all: usize) -> String {
    let (mut text, mut columns, mut rows) = (begin, 0, 1);
    columns += text.chars().count();
    let mut listed = 0;
    for name in names {
        // Hangul takes up two columns a letter.
        let width = name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>() + 2;
        let reserve = if rows == ROWS { notice::more(all - listed).chars().count() } else { 0 };
        if listed > 0 && columns + width + reserve > COLUMNS {
            if rows == ROWS {
                break;
            }
            text.push_str(",\n> ");
            columns = 2;
            rows += 1;
        } else if listed > 0 {
            text.push_str(", ");
        }
        text.push_str(name);
        columns += width;
        listed += 1;
    }
    if listed < all {
        text.push(' ');
        text += &notice::more(all - listed);
    }
    text.push('\n');
    text
}
