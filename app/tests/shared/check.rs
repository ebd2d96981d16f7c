//! What must be true of all that was said and heard in a room.

/// What everybody in a room is told, line by line, as the consoles of its servers show it.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Vec<String>,
}

/// What is wrong.
pub(crate) type Wrong = String;

impl Log {
    /// Returns what these consoles show together, of which each begins somewhere in those before it, and from
    /// there on shows the same, line for line.
    pub(crate) fn of(consoles: &[Vec<String>]) -> Result<Self, Wrong> {
        let mut log = Self { lines: Vec::new() };
        for (console, number) in consoles.iter().zip(0..) {
            log.add(console).map_err(|wrong| format!("console {number}: {wrong}"))?;
        }
        Ok(log)
    }

    fn add(&mut self, console: &[String]) -> Result<(), Wrong> {
        let Some(first) = console.first().filter(|_| !self.lines.is_empty()) else {
            self.lines.extend_from_slice(console);
            return Ok(());
        };
        let starts = (0..self.lines.len()).filter(|&at| self.lines[at] == *first);
        // The same line may stand there several times: it begins where most of the rest is the same.
        let same = |at: usize| self.lines[at..].iter().zip(console).take_while(|(a, b)| a == b);
        let start = starts.max_by_key(|&at| same(at).count());
        let start = start.ok_or_else(|| format!("no other one shows {first:?}"))?;
        let both = console.len().min(self.lines.len() - start);
        equal(&console[..both], &self.lines[start..start + both])?;
        self.lines.extend_from_slice(&console[both..]);
        Ok(())
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The numbers of users follow from who has come and gone.
    pub(crate) fn check_counts(&self) -> Result<(), Wrong> {
        let mut online = None;
        for line in &self.lines {
            if !["> New user ", "< "].iter().any(|it| line.starts_with(it)) {
                continue;
            }
            let change = change(line).ok_or_else(|| format!("neither comes nor goes: {line:?}"))?;
            let is = count(line).ok_or_else(|| format!("no number: {line:?}"))?;
            let expected =
                online.map_or(Some(is), |before: usize| before.checked_add_signed(change));
            if expected != Some(is) {
                return Err(format!("{online:?} were online, then: {line:?}"));
            }
            online = expected;
        }
        Ok(())
    }

    /// A member has said so many lines of its own: each once, in their order, and nothing else.
    pub(crate) fn check_said(&self, name: &str, count: usize) -> Result<(), Wrong> {
        let label = label(name);
        let said = self.lines.iter().filter(|line| line.starts_with(&label)).cloned();
        let expected = (0..count).map(|number| label.clone() + &line(name, number));
        equal(&said.collect::<Vec<_>>(), &expected.collect::<Vec<_>>())
            .map_err(|wrong| format!("what {name} has said: {wrong}"))
    }

    /// A member, which came from an address, has got all that others have said since then, each line once, in the
    /// order of the room, and nothing of its own.
    pub(crate) fn check_got(&self, name: &str, address: &str, got: &[String]) -> Result<(), Wrong> {
        let wrong = |wrong| format!("what {name} has got: {wrong}");
        // Somebody else may have come from the same one, to another server.
        let named = format!("> The user {address} is now {name}");
        let entered = format!("> New user {address} entered (");
        let start =
            self.lines.iter().position(|line| *line == named).and_then(|end| {
                self.lines[..end].iter().rposition(|line| line.starts_with(&entered))
            });
        let start = start.ok_or_else(|| wrong(format!("nobody has seen {address} enter")))?;
        // While it is away it may be told that it has left, and then that it is back.
        let is_own_notice = |line: &str| is_of(name, line);
        let own = label(name);
        let expected = self.lines[start + 1..]
            .iter()
            .filter(|line| !is_own_notice(line) && !line.starts_with(&own));
        let mut expected: Vec<String> = expected.cloned().collect();
        let got = got.iter().filter(|line| !is_own_notice(line));
        let got: Vec<String> = got.cloned().collect();
        // It leaves behind the last message.
        let last = expected.iter().rposition(|line| line.starts_with('[')).map_or(0, |at| at + 1);
        expected.truncate(got.len().max(last));
        equal(&got, &expected).map_err(wrong)
    }

    /// As [`Log::check_got`], of messages alone, from the first that it has got on: consoles of a room that
    /// was away do not show all that happened there.
    pub(crate) fn check_messages(&self, name: &str, got: &[String]) -> Result<(), Wrong> {
        let label = label(name);
        let messages = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(|line| line.starts_with('[')).cloned().collect()
        };
        let got = messages(got);
        let expected = messages(&self.lines).into_iter().filter(|line| !line.starts_with(&label));
        let first = got.first().cloned().unwrap_or_default();
        let expected: Vec<String> = expected.skip_while(|line| *line != first).collect();
        equal(&got, &expected).map_err(|wrong| format!("what {name} has got: {wrong}"))
    }
}

/// What a member says: it tells who says it, and how much was said before.
pub(crate) fn line(name: &str, number: usize) -> String {
    format!("{name}의 말 {number}")
}

fn label(name: &str) -> String {
    format!("[{name}] ")
}

/// Returns the lines of a text that everybody in the room is told; those that are not whole are none.
pub(crate) fn of_room(text: &str) -> Vec<String> {
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    whole.filter(|line| is_of_room(line)).map(str::to_owned).collect()
}

/// Returns whether a line is for everybody; also one that tells that others are missing, which must not be.
fn is_of_room(line: &str) -> bool {
    if let Some((label, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        return !label.contains(" -> ");
    }
    ["> New user ", "> The user ", "> Host removed "].iter().any(|it| line.starts_with(it))
        || line.starts_with("< ")
        || line.contains(" skipped: ")
}

/// Returns whether a line says that somebody has entered or left, by its name.
fn is_of(name: &str, line: &str) -> bool {
    let about = ["> New user ", "< The user "].iter().find_map(|it| line.strip_prefix(it));
    about.and_then(|rest| rest.split(' ').next()) == Some(name)
}

/// Returns by how much a line says that the room has grown.
fn change(line: &str) -> Option<isize> {
    if line.starts_with("> New user ") {
        return Some(1);
    }
    if line.starts_with("< The user ") {
        return Some(-1);
    }
    let (left, rest) = line.strip_prefix("< ")?.split_once(' ')?;
    let left: isize = left.parse().ok()?;
    let who = if left == 1 { "user" } else { "users" };
    rest.starts_with(&format!("{who} left: their server is gone (")).then_some(-left)
}

/// Returns how many are online, as a line says at its end.
fn count(line: &str) -> Option<usize> {
    let (_, said) = line.rsplit_once(" (")?;
    let count = said.split(' ').next()?.parse().ok()?;
    let who = if count < 2 { "user" } else { "users" };
    (said == format!("{count} {who} online)")).then_some(count)
}

/// Both are the same; if not, where they begin to differ.
fn equal(got: &[String], expected: &[String]) -> Result<(), Wrong> {
    let same = got.iter().zip(expected).take_while(|(got, expected)| got == expected).count();
    if same == got.len() && same == expected.len() {
        return Ok(());
    }
    let around = |lines: &[String]| {
        let lines = &lines[same.saturating_sub(3)..(same + 4).min(lines.len())];
        lines.join("\n    ")
    };
    let lengths = (got.len(), expected.len());
    let (got, expected) = (around(got), around(expected));
    Err(format!(
        "lines {lengths:?}, the first other one is {same}; there is\n    {got}\n  instead of\n    {expected}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two members that came from one address, to two servers: 지민 when 민수 was there.
    const LOG: [&str; 9] = [
        "> New user 127.0.0.1:2 entered (1 user online)",
        "> The user 127.0.0.1:2 is now 민수",
        "[민수] 민수의 말 0",
        "> New user 127.0.0.1:2 entered (2 users online)",
        "> The user 127.0.0.1:2 is now 지민",
        "[민수] 민수의 말 1",
        "[지민] 지민의 말 0",
        "[민수] 민수의 말 2",
        "< 1 user left: their server is gone (1 user online)",
    ];

    /// What 지민 got of that.
    const GOT: [&str; 4] = [LOG[4], "[민수] 민수의 말 1", "[민수] 민수의 말 2", LOG[8]];

    fn owned(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    fn log() -> Log {
        Log::of(&[owned(&LOG)]).unwrap()
    }

    /// All ways in which one line more or less stands somewhere, or two of them are swapped.
    fn wrong(lines: &[&str]) -> Vec<Vec<String>> {
        let changed = (0..lines.len()).flat_map(|at| {
            let (mut missing, mut doubled, mut swapped) =
                (owned(lines), owned(lines), owned(lines));
            missing.remove(at);
            doubled.insert(at, lines[at].to_owned());
            swapped.swap(at, at.saturating_sub(1));
            [missing, doubled, swapped]
        });
        changed.filter(|changed| changed != lines).collect()
    }

    #[test]
    fn consoles_show_the_same() {
        assert_eq!(log().lines(), LOG);
        for start in 0..LOG.len() {
            for end in start..LOG.len() {
                let part = owned(&LOG[start..end]);
                let both = Log::of(&[owned(&LOG), part.clone()]).unwrap();
                assert_eq!(both.lines(), LOG);
                if start == 0 && end > 0 {
                    assert_eq!(Log::of(&[part, owned(&LOG)]).unwrap().lines(), LOG);
                }
            }
        }
        // It may begin and end elsewhere.
        let log = owned(&LOG);
        let is_part =
            |it: &[String]| log.ends_with(it) || log.starts_with(it) || it.starts_with(&log);
        for wrong in wrong(&LOG).iter().filter(|it| !is_part(it)) {
            assert!(Log::of(&[owned(&LOG), wrong.clone()]).is_err(), "{wrong:#?}");
        }
    }

    #[test]
    fn the_same_line_may_begin_several() {
        let twice = owned(&["[a] 1", "[a] 2", "[a] 1", "[a] 3"]);
        for start in 0..4 {
            let log = Log::of(&[twice.clone(), twice[start..].to_vec()]).unwrap();
            assert_eq!(log.lines(), twice);
        }
    }

    #[test]
    fn a_member_gets_all_that_others_say() {
        let check = |got: &[String]| log().check_got("지민", "127.0.0.1:2", got);
        assert_eq!(check(&owned(&GOT)), Ok(()));
        // What comes behind the last message it may not have waited for.
        assert_eq!(check(&owned(&GOT[..3])), Ok(()));
        for wrong in wrong(&GOT).iter().filter(|it| it[..] != GOT[..3]) {
            assert!(check(wrong).is_err(), "{wrong:#?}");
        }
        let own = [&GOT[..2], &[LOG[6]], &GOT[2..]].concat();
        let skipped =
            [&GOT[..2], &["> 1 message skipped: this connection reads too slowly"], &GOT[2..]]
                .concat();
        for wrong in [own, skipped] {
            assert!(check(&of_room(&(wrong.join("\n") + "\n"))).is_err(), "{wrong:#?}");
        }
        // That it was away.
        let left =
            ["< The user 지민 left (1 user online)", "> New user 지민 entered (2 users online)"];
        assert_eq!(check(&owned(&[&GOT[..2], &left, &GOT[2..]].concat())), Ok(()));
    }

    #[test]
    fn messages_alone() {
        let messages = owned(&["[민수] 민수의 말 1", "[민수] 민수의 말 2"]);
        assert_eq!(log().check_messages("지민", &messages), Ok(()));
        assert_eq!(log().check_messages("지민", &messages[1..]), Ok(()));
        assert!(log().check_messages("지민", &messages[..1]).is_err());
        let doubled = [&messages[..], &messages[1..]].concat();
        assert!(log().check_messages("지민", &doubled).is_err());
        assert!(log().check_messages("지민", &owned(&["[서연] 다른 말"])).is_err());
    }

    #[test]
    fn each_line_is_said_once() {
        assert_eq!(log().check_said("민수", 3), Ok(()));
        assert_eq!(log().check_said("지민", 1), Ok(()));
        assert!(log().check_said("민수", 2).is_err());
        assert!(log().check_said("민수", 4).is_err());
        for (wrong, is_the_same) in
            [([2, 2, 5, 7], false), ([2, 7, 5, 0], false), ([0, 2, 5, 7], true)]
        {
            let lines = wrong.map(|at| LOG[at]);
            let log = Log::of(&[owned(&lines)]).unwrap();
            assert_eq!(log.check_said("민수", 3).is_ok(), is_the_same, "{lines:?}");
        }
    }

    #[test]
    fn counts_follow() {
        let check = |lines: &[&str]| Log::of(&[owned(lines)]).unwrap().check_counts();
        assert_eq!(check(&LOG), Ok(()));
        for wrong in [
            "< 1 user left: their server is gone (2 users online)",
            "< 2 users left: their server is gone (1 user online)",
            "< 1 users left: their server is gone (1 user online)",
            "< The user 지민 left (0 user online)",
            "< The user 지민 left (1 users online)",
            "> New user 127.0.0.1:3 entered (2 users online)",
        ] {
            assert!(check(&[&LOG[..8], &[wrong]].concat()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_of_the_room() {
        let text = "Chat Server started on port 3.\n> The room goes on\n[a -> you] 1\n[you -> b] 2\n\
                    > 2 users online: a, b\n[a] 3\n> 7 messages skipped: why\n[a] torn";
        assert_eq!(of_room(text), ["[a] 3", "> 7 messages skipped: why"]);
    }
}
