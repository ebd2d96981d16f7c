//! The people of a room, as far as its lines tell: what can be completed, who has which colour,
//! whom the user ignores.

use std::cmp::Reverse;
use std::collections::HashMap;

use chat_core::{Line, Shown};

use super::palette::{COLOURS, first_choice};

/// Names that are remembered at most: a whole school, in some hundred kilobytes.
const MOST_KNOWN: usize = 4096;

/// Names that a user can ignore at most.
const MOST_IGNORED: usize = 1000;

/// Who is in a room, and who was.
#[derive(Default)]
pub(crate) struct People {
    known: HashMap<Box<str>, Person>,
    /// Counts what is heard of anybody.
    clock: u64,
    /// How many of those who are here have each colour.
    users: [usize; COLOURS],
    ignored: Vec<String>,
    /// Whether an answer to `/who` may go on with the next line.
    is_in_roster: bool,
}

struct Person {
    /// When something was heard of them last.
    heard: u64,
    is_here: bool,
    colour: Option<usize>,
}

/// How an answer to `/who` begins, behind the number.
const ROSTER: [&str; 2] = [" user online: ", " users online: "];

impl People {
    /// Takes note of what a line tells about people.
    pub(super) fn hear(&mut self, shown: Shown<'_>) {
        let was_in_roster = std::mem::take(&mut self.is_in_roster);
        match shown.line {
            Line::Message { from, .. } | Line::Private { from, .. } if shown.is_earlier => {
                self.person(from);
            }
            // What they did then is no news.
            _ if shown.is_earlier => {}
            Line::Message { from, .. } | Line::Private { from, .. } => {
                self.clock += 1;
                let clock = self.clock;
                self.arrive(from).heard = clock;
            }
            Line::Greeting { .. } => self.forget_presence(),
            Line::Joined { from, .. } => {
                self.arrive(from);
            }
            Line::Left { from, .. } => self.leave(from),
            Line::Named { from, name, .. } => self.rename(from, name),
            Line::Notice(text) => self.read_roster(text, was_in_roster),
            _ => {}
        }
    }

    /// Returns the names that are known, but for `own`: those who are here first, and of these who
    /// spoke last.
    pub(crate) fn names(&self, own: Option<&str>) -> Vec<&str> {
        let others = self.known.iter().filter(|(name, _)| Some(&***name) != own);
        let mut names: Vec<_> = others.collect();
        names.sort_by_key(|(name, person)| (Reverse(person.is_here), Reverse(person.heard), *name));
        names.into_iter().map(|(name, _)| &**name).collect()
    }

    /// Returns the index of a name's colour: always the same, and another than those of the others
    /// who are here and have spoken, as far as there are enough.
    pub(super) fn colour_of(&mut self, name: &str) -> usize {
        if let Some(colour) = self.known.get(name).and_then(|person| person.colour) {
            return colour;
        }
        let first = first_choice(name);
        let choices = (0..COLOURS).map(|step| (first + step * STRIDE) % COLOURS);
        let colour = choices.min_by_key(|&colour| self.users[colour]).unwrap_or(first);
        let person = self.person(name);
        person.colour = Some(colour);
        if person.is_here {
            self.users[colour] += 1;
        }
        colour
    }

    /// From now on nothing is shown that `name` says. Returns whether there is room for that.
    pub(crate) fn ignore(&mut self, name: &str) -> bool {
        let name = self.spelled(name);
        let has_room = self.ignored.len() < MOST_IGNORED;
        if has_room && !self.ignores(&name) {
            self.ignored.push(name);
        }
        has_room
    }

    /// Takes that back. Returns whether there was anything to take back.
    pub(crate) fn unignore(&mut self, name: &str) -> bool {
        let name = self.spelled(name);
        let before = self.ignored.len();
        self.ignored.retain(|ignored| *ignored != name);
        self.ignored.len() < before
    }

    pub(crate) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    pub(super) fn ignores(&self, name: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored == name)
    }

    /// Returns `name` as its owner spells it: no two names differ by case alone.
    fn spelled(&self, name: &str) -> String {
        let lower = name.to_lowercase();
        let is_it = |known: &&str| known.to_lowercase() == lower;
        let ignored = self.ignored.iter().map(String::as_str);
        let mut all = ignored.chain(self.known.keys().map(|known| &**known));
        if self.known.contains_key(name) { name } else { all.find(is_it).unwrap_or(name) }
            .to_owned()
    }

    fn arrive(&mut self, name: &str) -> &mut Person {
        let person = self.person(name);
        if !std::mem::replace(&mut person.is_here, true)
            && let Some(colour) = person.colour
        {
            self.users[colour] += 1;
        }
        self.person(name)
    }

    fn leave(&mut self, name: &str) {
        let person = self.person(name);
        if std::mem::take(&mut person.is_here)
            && let Some(colour) = person.colour
        {
            self.users[colour] = self.users[colour].saturating_sub(1);
        }
    }

    /// Somebody is called something else from now on, and is still the one who spoke, or who is
    /// ignored.
    fn rename(&mut self, from: &str, to: &str) {
        self.leave(from);
        let heard = self.known.remove(from).map_or(0, |person| person.heard);
        self.arrive(to).heard = heard;
        self.ignored.iter_mut().filter(|name| *name == from).for_each(|name| to.clone_into(name));
    }

    /// Another room, or the same without what happened since: nobody is known to be here.
    fn forget_presence(&mut self) {
        self.known.values_mut().for_each(|person| person.is_here = false);
        self.users = [0; COLOURS];
    }

    /// Reads `> 3 users online: 민수, 지민, 192.0.2.7:45392`, and lines of names that go on from it.
    fn read_roster(&mut self, line: &str, goes_on: bool) {
        let Some(text) = line.strip_prefix("> ") else { return };
        let count = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
        let first = ROSTER.iter().find_map(|words| count.strip_prefix(words));
        let Some(names) = first.or(goes_on.then_some(text)) else { return };
        let names = names.split(',').map(str::trim);
        for name in names.filter(|name| !name.is_empty() && !name.contains(' ')) {
            self.arrive(name);
        }
        self.is_in_roster = true;
    }

    fn person(&mut self, name: &str) -> &mut Person {
        if !self.known.contains_key(name) {
            if self.known.len() >= MOST_KNOWN {
                self.forget_half();
            }
            let person = Person { heard: 0, is_here: false, colour: None };
            self.known.insert(name.into(), person);
        }
        self.known.get_mut(name).unwrap_or_else(|| unreachable!("it has just been added"))
    }

    /// Forgets those of whom nothing has been heard for the longest time: amortized O(1) for each
    /// name.
    fn forget_half(&mut self) {
        let order = |person: &Person| (person.is_here, person.heard);
        let mut all: Vec<_> = self.known.values().map(order).collect();
        all.sort_unstable();
        let median = all.get(all.len() / 2).copied();
        let mut left = all.len() / 2;
        self.known.retain(|_, person| {
            let goes = left > 0 && Some(order(person)) <= median;
            if goes {
                left -= 1;
                if let Some(colour) = person.colour.filter(|_| person.is_here) {
                    self.users[colour] = self.users[colour].saturating_sub(1);
                }
            }
            !goes
        });
    }
}

/// From one choice of a colour to the next: far apart, as neighbours in the palette look alike, and
/// through all of them.
const STRIDE: usize = 5;
const _: () = assert!(!COLOURS.is_multiple_of(STRIDE)); // It is a prime.

#[cfg(test)]
mod tests {
    use super::*;
    use chat_core::Lines;
    use std::collections::BTreeSet;

    /// Hears lines of a room.
    fn hear(people: &mut People, lines: &[&str]) {
        let mut said = Lines::default();
        lines.iter().for_each(|line| said.push_notice(line));
        said.iter().for_each(|line| people.hear(line));
    }

    const GREETING: &str = "> Connected to the chat server (1 user online)";

    #[test]
    fn who_is_here_stands_first() {
        let mut people = People::default();
        hear(
            &mut people,
            &[
                GREETING,
                "> New user 192.0.2.1:1 entered (2 users online)",
                "> The user 192.0.2.1:1 is now 지민",
                "> New user 192.0.2.2:2 entered (3 users online)",
                "[민수] 안녕",
                "[지민] 안녕",
                "[Ann] 안녕",
                "< The user Ann left (3 users online)",
                "[Host -> you] 비밀",
                "> The topic, and more: 하나, 둘",
            ],
        );
        let names = ["Host", "지민", "민수", "192.0.2.2:2", "Ann"];
        assert_eq!(people.names(None), names);
        assert_eq!(people.names(Some("지민")), ["Host", "민수", "192.0.2.2:2", "Ann"]);
        hear(
            &mut people,
            &[
                GREETING,
                "> 5 users online: 하나, 지민, 셋,",
                "> 192.0.2.2:2, … and 1,204 more",
                "> You are 지민 (192.0.2.1:1)",
            ],
        );
        assert_eq!(people.names(None)[..4], ["지민", "192.0.2.2:2", "셋", "하나"]);
        assert_eq!(people.names(None).len(), 7);
    }

    #[test]
    fn those_who_speak_together_have_different_colours() {
        for first in 0..50 {
            let mut people = People::default();
            let names: Vec<String> = (0..COLOURS).map(|n| format!("이름{}", first + n)).collect();
            for name in &names {
                hear(&mut people, &[GREETING, &format!("[{name}] 안녕")]);
            }
            // The greetings have made them forgotten; here they all are again.
            let said: Vec<String> = names.iter().map(|name| format!("[{name}] 안녕")).collect();
            hear(&mut people, &said.iter().map(String::as_str).collect::<Vec<_>>());
            let colours: BTreeSet<usize> =
                names.iter().map(|name| people.colour_of(name)).collect();
            assert_eq!(colours.len(), COLOURS);
            assert_eq!(people.colour_of(&names[0]), first_choice(&names[0]));
            let kept = people.colour_of(&names[7]);
            hear(&mut people, &[&format!("< The user {} left (1 user online)", names[7])]);
            hear(&mut people, &["[다른 이] 안녕"]);
            people.colour_of("다른이");
            assert_eq!(people.colour_of(&names[7]), kept, "a name keeps its colour");
        }
    }

    /// There are more of them than colours, and each colour is used as often as any other.
    #[test]
    fn a_crowd() {
        let mut people = People::default();
        for number in 0..4 * COLOURS {
            let name = format!("192.0.2.7:{number}");
            hear(&mut people, &[&format!("[{name}] 안녕")]);
            people.colour_of(&name);
        }
        assert_eq!(people.users, [4; COLOURS]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut people = People::default();
        hear(&mut people, &[GREETING]);
        for number in 0..3 * MOST_KNOWN {
            let name = format!("이름{number}");
            people.arrive(&name);
            people.colour_of(&name);
            hear(&mut people, &["[늘] 있다"]);
            assert!(people.known.len() <= MOST_KNOWN);
        }
        assert_eq!(people.names(None)[0], "늘");
        assert_eq!(people.users.iter().sum::<usize>(), people.known.len() - 1);
        for number in 0..2 * MOST_IGNORED {
            people.ignore(&format!("이름{number}"));
        }
        assert_eq!(people.ignored().len(), MOST_IGNORED);
    }

    #[test]
    fn ignoring_follows_a_name() {
        let mut people = People::default();
        hear(&mut people, &[GREETING, "[Ann] 안녕", "[지민] 안녕"]);
        assert!(people.ignore("ann"));
        assert!(people.ignore("Ann"));
        assert_eq!(people.ignored(), ["Ann"]);
        hear(&mut people, &["> The user Ann is now Anna"]);
        assert!(people.ignores("Anna") && !people.ignores("Ann") && !people.ignores("지민"));
        assert!(!people.unignore("Ann"));
        assert!(people.unignore("ANNA"));
        assert!(people.ignored().is_empty());
    }

    #[test]
    fn what_is_earlier_says_nothing_about_now() {
        let mut people = People::default();
        let earlier = |line| Shown { line, is_earlier: true };
        people.hear(earlier(Line::Message { from: "옛날", text: "" }));
        people.hear(earlier(Line::Left { from: "지금", count: 1, text: "" }));
        hear(&mut people, &["[지금] 안녕"]);
        assert_eq!(people.names(None), ["지금", "옛날"]);
        assert!(!people.known["옛날"].is_here);
    }
}
