//! `/ignore` and `/unignore`: what they do, and what is said of it.

use crate::style::People;

/// Shows nothing more of what `names` say. Returns what to tell the user.
pub(super) fn ignore(people: &mut People, names: &[&str]) -> Vec<String> {
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

/// Takes that back. Returns what to tell the user.
pub(super) fn unignore(people: &mut People, names: &[&str]) -> Vec<String> {
    if names.is_empty() {
        return ignore(people, names);
    }
    let lines = names.iter().map(|name| match people.unignore(name) {
        true => format!("chat: what {name} says is shown again"),
        false => format!("chat: {name} is not ignored"),
    });
    lines.collect()
}
