//! Lists of who is here.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Server;
use crate::notice;
use crate::room::Label;
use crate::time::{Instant, Wall};

/// The lines of an answer that lists members, and the columns of each.
const ROWS: usize = 4;
const COLUMNS: usize = 72;

/// The members that a host's list names.
const GUESTS: usize = 40;

impl Server {
    /// Who is here, those with a name first, in order.
    pub(super) fn who(&self, start: &str) -> String {
        let mut here: Vec<(bool, &str)> = Vec::new();
        let mut matching = 0;
        for (_, name, is_named, _) in self.front.here().filter(|(_, name, ..)| starts(name, start))
        {
            matching += 1;
            here.push((!is_named, name));
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

    /// Who is here, for the host.
    pub(super) fn guests(&self, start: &str) -> String {
        let mut guests: Vec<_> =
            self.front.here().filter(|(_, name, ..)| starts(name, start)).collect();
        guests.sort_unstable_by_key(|&(id, name, is_named, _)| (!is_named, name, id));
        let mut text = notice::online(self.users()).trim_end_matches([':', ' ']).to_string() + "\n";
        for &(id, name, _, came) in guests.iter().take(GUESTS) {
            let address = self.front.address(id).map_or(name, Label::name);
            text += &notice::guest(name, address, self.wall_at(came));
        }
        if guests.len() > GUESTS {
            text += &format!("> {}\n", notice::more(guests.len() - GUESTS));
        }
        text
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
