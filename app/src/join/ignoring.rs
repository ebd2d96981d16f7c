//! `/ignore` and `/unignore`: what they do, and what is said of it.

use crate::editor::Words;
use crate::style::People;
use crate::terminal::{CommandWord, Takes};

const IGNORE: &str = "ignore";
const UNIGNORE: &str = "unignore";

/// Returns the words of a room that knows commands or does not, and these.
pub(super) fn words(knows_commands: bool) -> Words {
    const OWN: &[CommandWord] = &[
        CommandWord { word: IGNORE, takes: Takes::Name },
        CommandWord { word: UNIGNORE, takes: Takes::Name },
    ];
    Words::of_member(OWN, knows_commands)
}

/// Does what one of these words asks for with the names behind it. Returns what to tell the user.
pub(super) fn obey(people: &mut People, word: &str, rest: &str) -> Vec<String> {
    let names: Vec<&str> = rest.split_whitespace().collect();
    match word {
        UNIGNORE if !names.is_empty() => unignore(people, &names),
        _ => ignore(people, &names),
    }
}

/// Shows nothing more of what `names` say; without any, says who is ignored.
fn ignore(people: &mut People, names: &[&str]) -> Vec<String> {
    if names.is_empty() {
        return vec![match people.ignored() {
            [] => "chat: nobody is ignored".to_owned(),
            ignored => format!("chat: ignored: {}", ignored.join(", ")),
        }];
    }
    let lines = names.iter().map(|name| match people.ignore(name) {
        true => format!("chat: nothing that {name} says is shown from now on"),
        false => "chat: that is one name more than can be ignored".to_owned(),
    });
    lines.collect()
}

/// Takes that back.
fn unignore(people: &mut People, names: &[&str]) -> Vec<String> {
    let lines = names.iter().map(|name| match people.unignore(name) {
        true => format!("chat: what {name} says is shown again"),
        false => format!("chat: {name} is not ignored"),
    });
    lines.collect()
}
