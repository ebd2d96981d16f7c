//! Commands: the words that make one of a message (protocol.md, "Commands").

/// A word behind a `/` that makes a message a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `/name`, `/nick`: to be called so.
    Name,
    /// `/who`, `/names`: who is here.
    Who,
    /// `/msg`: a word to one member.
    Message,
    /// `/reply`, `/r`: a word to whoever wrote to one last.
    Reply,
    /// `/history`: what was said earlier.
    History,
    /// `/help`: the commands.
    Help,
    /// `/kick`: a member is removed.
    Kick,
    /// `/mute`: what a member says is not said.
    Mute,
    /// `/unmute`: it is again.
    Unmute,
    /// `/hush`: only the host speaks.
    Hush,
    /// `/open`: everybody does.
    Open,
    /// `/lock`: nobody else is let in.
    Lock,
    /// `/unlock`: they are again.
    Unlock,
    /// `/topic`: what newcomers are told.
    Topic,
    /// `/private`: whether members may write to each other.
    Private,
    /// `/session`: a key by which one is known when one comes back.
    Session,
    /// `/resume`: one has come back.
    Resume,
    /// `/got`: so many lines have arrived.
    Got,
    /// `/bye`: one does not come back.
    Bye,
}

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody.
    All,
    /// The host of the room.
    Host,
    /// Programs: their users need not know it.
    Programs,
}

struct Row {
    word: &'static str,
    command: Command,
    audience: Audience,
    /// What `/help` says of it: its arguments, and what it does. Nothing for another word of the same.
    help: Option<(&'static str, &'static str)>,
}

const fn row(
    word: &'static str,
    command: Command,
    audience: Audience,
    help: Option<(&'static str, &'static str)>,
) -> Row {
    Row { word, command, audience, help }
}

/// All words there are, in the order in which `/help` lists them.
const WORDS: [Row; 22] = {
    use Audience::{All, Host, Programs};
    use Command as C;
    [
        row("name", C::Name, All, Some((" NAME", "be called NAME from now on (/nick)"))),
        row("nick", C::Name, All, None),
        row(
            "who",
            C::Who,
            All,
            Some((" [START]", "who is here, all or by how a name starts (/names)")),
        ),
        row("names", C::Who, All, None),
        row("msg", C::Message, All, Some((" NAME TEXT", "say TEXT to NAME alone"))),
        row("reply", C::Reply, All, Some((" TEXT", "say TEXT to whoever wrote to you last (/r)"))),
        row("r", C::Reply, All, None),
        row(
            "history",
            C::History,
            All,
            Some((" [N]", "what was said earlier, the last N messages")),
        ),
        row("help", C::Help, All, Some(("", "this list; //help says /help"))),
        row("kick", C::Kick, Host, Some((" NAME [REASON]", "remove a member"))),
        row("mute", C::Mute, Host, Some((" NAME", "what a member says is not said"))),
        row("unmute", C::Unmute, Host, Some((" NAME", "it is again"))),
        row("hush", C::Hush, Host, Some(("", "only you speak"))),
        row("open", C::Open, Host, Some(("", "everybody does again"))),
        row("lock", C::Lock, Host, Some(("", "nobody else is let in, but who comes back"))),
        row("unlock", C::Unlock, Host, Some(("", "newcomers are again"))),
        row("topic", C::Topic, Host, Some((" [TEXT]", "what newcomers are told"))),
        row(
            "private",
            C::Private,
            Host,
            Some((" on|off", "whether members may write to each other")),
        ),
        row("session", C::Session, Programs, None),
        row("resume", C::Resume, Programs, None),
        row("got", C::Got, Programs, None),
        row("bye", C::Bye, Programs, None),
    ]
};

/// What a whole message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// It is said so.
    Said(&'a str),
    /// A command, and what stands behind its word.
    Command(Command, &'a str),
}

impl Command {
    /// What the message `text` means.
    ///
    /// It is a command if one of the words stands behind a `/`, and then a space or its end. With more
    /// slashes before such a word it is said with one of them less.
    #[must_use]
    pub fn meaning(text: &str) -> Meaning<'_> {
        match Self::behind_slashes(text) {
            Some((1, command, rest)) => Meaning::Command(command, rest),
            Some(_) => Meaning::Said(&text[1..]),
            None => Meaning::Said(text),
        }
    }

    /// Whether `text`, which is to be said as it is, needs one slash more before it: it would be taken
    /// for a command otherwise, or be said with one slash less.
    #[must_use]
    pub fn needs_escape(text: &str) -> bool {
        Self::behind_slashes(text).is_some()
    }

    /// Whether `text`, which would be said as it is, looks as if its writer meant a command: also with
    /// a blank before it, or typed with full-width keys. A mistyped `/msg` should not be public.
    #[must_use]
    pub fn is_mistyped(text: &str) -> bool {
        let behind = text.trim_start().strip_prefix(['/', '／']);
        let word = behind.and_then(|rest| rest.split(char::is_whitespace).next());
        word.is_some_and(|word| word.starts_with(char::is_alphabetic) && !word.contains('/'))
            && !Self::needs_escape(text)
    }

    /// How many slashes `text` begins with, the word behind them, and what stands behind the space
    /// that ends it; `None` without a slash.
    #[must_use]
    pub fn split(text: &str) -> Option<(usize, &str, &str)> {
        let behind = text.trim_start_matches('/');
        let slashes = text.len() - behind.len();
        let (word, rest) = behind.split_once(' ').unwrap_or((behind, ""));
        (slashes > 0).then_some((slashes, word, rest))
    }

    /// All words with whom they are for, without the slash.
    pub fn words() -> impl Iterator<Item = (&'static str, Audience)> {
        WORDS.iter().map(|row| (row.word, row.audience))
    }

    /// Whom it is for.
    #[must_use]
    pub fn audience(self) -> Audience {
        WORDS.iter().find(|row| row.command == self).map_or(Audience::All, |row| row.audience)
    }

    /// Its first word, without the slash.
    pub(crate) fn word(self) -> &'static str {
        WORDS.iter().find(|row| row.command == self).map_or("", |row| row.word)
    }

    /// The command that `word` is the first one of.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|row| row.word == word).map(|row| row.command)
    }

    /// What there is to say of the commands for `audience`: word, arguments, effect.
    pub(crate) fn help(
        audience: Audience,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        let rows = WORDS.iter().filter(move |row| row.audience == audience);
        rows.filter_map(|row| row.help.map(|(arguments, effect)| (row.word, arguments, effect)))
    }

    /// The slashes that `text` begins with, the command whose word stands behind them, and the rest.
    fn behind_slashes(text: &str) -> Option<(usize, Self, &str)> {
        let (slashes, word, rest) = Self::split(text)?;
        let row = WORDS.iter().find(|row| row.word == word)?;
        Some((slashes, row.command, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn what_is_a_command() {
        for (text, meaning) in [
            ("/who", Meaning::Command(Command::Who, "")),
            ("/who ", Meaning::Command(Command::Who, "")),
            ("/msg 지민 안녕  하세요", Meaning::Command(Command::Message, "지민 안녕  하세요")),
            ("/r 네", Meaning::Command(Command::Reply, "네")),
            ("//who", Meaning::Said("/who")),
            ("///who am i", Meaning::Said("//who am i")),
            ("/etc/passwd", Meaning::Said("/etc/passwd")),
            ("//comment", Meaning::Said("//comment")),
            ("/who?", Meaning::Said("/who?")),
            ("/Who", Meaning::Said("/Who")),
            ("/", Meaning::Said("/")),
            (" /who", Meaning::Said(" /who")),
            ("/who\tis", Meaning::Said("/who\tis")),
        ] {
            assert_eq!(Command::meaning(text), meaning, "{text}");
        }
    }

    #[test]
    fn what_may_be_mistyped() {
        for text in [
            "/mgs 지민 비밀",
            "/Msg 지민 비밀",
            "/msg\u{3000}지민 비밀",
            "/ㅡㄴㅎ 지민 비밀",
            " /msg 지민 비밀",
            "\t/msg 지민",
            "／msg 지민",
            "/msgs",
            "/msg: 지민",
            "/kick\u{a0}지민",
        ] {
            assert!(Command::is_mistyped(text), "{text}");
            assert_eq!(Command::meaning(text), Meaning::Said(text), "{text}");
        }
        for text in [
            "",
            "/",
            "/ 하나",
            "안녕",
            "/who",
            "/msg 지민 비밀",
            "/bye",
            "//who",
            "//whom",
            "/etc/passwd",
            "//comment",
            "/* 주석 */",
            "/2 = 3",
            "s/하나/둘/",
            "http://example.com",
        ] {
            assert!(!Command::is_mistyped(text), "{text}");
        }
    }

    /// Whatever is escaped is said as it was.
    #[test]
    fn what_is_escaped_is_said() {
        for text in ["/who", "//who", "///msg a b", "/etc", "//x", "안녕", "", "/r", "/ r"] {
            let sent = if Command::needs_escape(text) { format!("/{text}") } else { text.into() };
            assert_eq!(Command::meaning(&sent), Meaning::Said(text));
        }
    }
}
