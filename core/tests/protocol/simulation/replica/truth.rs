//! What must hold in the end: everybody has seen what the log says, and all that was said is in it.

use std::collections::BTreeMap;

use chat_core::{Committed, Instant, NodeId, Position, Server, Stamped, Start, State};

use super::node::Node;
use super::people::{Member, Reader};
use super::{NEVER, Replicas};

const REFUSAL: &str = "> The room's log cannot be reached: try again later";

/// The log as lines.
struct Truth {
    lines: Vec<String>,
    /// How many there are behind each batch, from index 0 on.
    behind: Vec<usize>,
    users: usize,
}

/// The entries of a payload, each with its length before it.
fn entries(mut payload: &[u8]) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    while !payload.is_empty() {
        let end = payload.iter().position(|byte| *byte < 0x80).unwrap() + 1;
        let length =
            payload[..end].iter().rev().fold(0, |all, byte| all << 7 | (byte & 0x7f) as usize);
        entries.push(&payload[end..end + length]);
        payload = &payload[end + length..];
    }
    entries
}

impl Truth {
    fn of<C>(run: &Replicas<C>, position: Position) -> Self {
        let mut server = Server::shared(run.limits.clone(), NodeId(u64::MAX));
        let mut console = Reader::new(server.observe(Start::Now));
        let (mut behind, mut lines, mut seen) = (vec![0], 0, 0);
        for batch in run.cluster.chain(position) {
            for entry in entries(&batch.payload) {
                let stamped = Stamped::decode(entry).unwrap();
                let committed = server.commit(Instant::default(), &stamped);
                assert_eq!(committed, Committed::New, "what the engine takes counts");
            }
            console.read(&mut server);
            lines += console.got[seen..].iter().filter(|byte| **byte == b'\n').count();
            seen = console.got.len();
            behind.push(lines);
        }
        let lines = console.lines().map(str::to_owned).collect();
        Self { lines, behind, users: server.users() }
    }
}

/// What a line is beside the log's.
enum Aside {
    /// The log cannot be reached, or it can again.
    Away(bool),
    /// So many lines are not shown.
    Skipped(usize),
}

impl Aside {
    fn of(line: &str) -> Option<Self> {
        let skipped = || {
            let number = line.strip_prefix("> ")?.split(" message").next()?;
            number
                .parse()
                .ok()
                .filter(|_| line.ends_with(" skipped: this connection reads too slowly"))
        };
        match line {
            "> The room goes on" => Some(Self::Away(false)),
            _ if line.starts_with("> The room's log cannot be reached (") => Some(Self::Away(true)),
            _ => skipped().map(Self::Skipped),
        }
    }
}

pub(super) fn check<C>(run: &Replicas<C>) {
    let mut truths = BTreeMap::new();
    let truth_of = |position: Position| Truth::of(run, position);
    let last = truth_of(run.cluster.tail());
    for node in &run.nodes {
        let position = node.replica.position();
        let truth = truths.entry(position.link.0).or_insert_with(|| truth_of(position));
        let is_away =
            check_reader(&node.console, &truth.lines[truth.behind[node.begins_at as usize]..]);
        assert!(!is_away || !node.runs(), "nobody says that the room goes on");
        for member in &node.members {
            check_member(member, node, truth);
        }
    }
    check_messages(run, &last);
    let living: Vec<&Node> = run.nodes.iter().filter(|node| node.runs()).collect();
    for node in &living {
        assert!(node.server.users() == last.users, "users");
        assert!(node.replica.has_begun(), "it has read what was there when it began");
    }
    if !living.is_empty() {
        let here = |node: &&Node| node.members.iter().filter(|member| !member.is_closed).count();
        assert_eq!(living.iter().map(here).sum::<usize>(), last.users, "members");
    }
}

/// A reader has got these lines, and beside them nothing but what is only for it. Returns whether
/// it was told last that the log cannot be reached.
fn check_reader(reader: &Reader, expected: &[String]) -> bool {
    let (mut rest, mut is_away) = (expected, false);
    for line in reader.lines() {
        match Aside::of(line) {
            Some(Aside::Away(begins)) => {
                assert_ne!(begins, is_away, "{line:?} twice");
                is_away = begins;
            }
            Some(Aside::Skipped(count)) => rest = &rest[count..],
            None => {
                assert_eq!(Some(line), rest.first().map(String::as_str));
                rest = &rest[1..];
            }
        }
    }
    assert!(rest.is_empty(), "{rest:?} was not shown");
    is_away
}

/// A member has got what was said since it came, but for its own; and each private line once.
fn check_member(member: &Member, node: &Node, truth: &Truth) {
    let entered = format!("> New user {} entered (", member.addr);
    let place = truth.lines.iter().position(|line| line.starts_with(&entered));
    let mut rest = place.map_or(&[][..], |place| &truth.lines[place + 1..]);
    let is_own = |line: &String| {
        first_word(line).is_some_and(|word| {
            member.messages().any(|(_, message)| message.split(' ').next() == Some(word))
        })
    };
    let mut lines = member.reader.lines().filter(|line| Aside::of(line).is_none());
    if let Some(first) = lines.next() {
        let greetings = ["> Connected to the chat server (", REFUSAL];
        assert!(greetings.iter().any(|begin| first.starts_with(begin)), "{first:?} comes first");
    }
    for line in lines.filter(|line| !is_answer(line)) {
        let next = rest.iter().position(|of_log| of_log == line);
        let Some(next) = next else { panic!("{line:?} was not said, or so early") };
        assert!(node.has_skipped || rest[..next].iter().all(is_own), "something before {line:?}");
        rest = &rest[next + 1..];
    }
    let has_all = node.has_skipped || member.is_closed || rest.iter().all(is_own);
    assert!(has_all, "{rest:?} was not shown");
}

/// Whether a line is what one member alone gets.
fn is_answer(line: &str) -> bool {
    let label = line.split("] ").next().unwrap_or_default();
    let begins =
        ["> The name ", "> A name is ", "> There is no", "> You are ", "> Commands", ">   /"];
    label.starts_with("[you -> ")
        || label.ends_with(" -> you")
        || begins.iter().any(|begin| line.starts_with(begin))
        || line.ends_with(" has left too much unread, and did not get that")
}

/// What was said is in the log once, and in its sequence.
fn check_messages<C>(run: &Replicas<C>, truth: &Truth) {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, line) in truth.lines.iter().enumerate() {
        if let Some(word) = first_word(line) {
            places.entry(word).or_default().push(place);
        }
    }
    for node in &run.nodes {
        let is_sure = match node.replica.state() {
            State::Running => !node.is_dead,
            // Others may have known no more of it.
            State::Over => node.ended_at > run.cluster.lost_at,
            State::Apart(_) => run.interval == NEVER && node.ended_at > run.cluster.lost_at,
            State::Fenced => false,
        };
        for member in &node.members {
            check_author(member, node, is_sure, &places);
        }
    }
}

/// What one has said is in the log once, and in its sequence; all of it if that is sure.
fn check_author(member: &Member, node: &Node, is_sure: bool, places: &BTreeMap<&str, Vec<usize>>) {
    // One that could not join for long was turned away, and told so.
    let was_refused = member.reader.lines().any(|line| line == REFUSAL);
    let (mut before, mut is_sure) = (None, is_sure && !was_refused);
    for (end, message) in member.messages() {
        is_sure &= end <= member.said_in_time;
        if message.starts_with('/') {
            // What is behind a command waits for that, and a server that ends does not.
            is_sure &= node.runs();
            continue;
        }
        let word = message.split(' ').next().unwrap();
        let Some(places) = places.get(word) else {
            let state = node.replica.state();
            assert!(!is_sure, "{word:?} of {} is not said: {state:?}", node.number);
            continue;
        };
        assert_eq!(places.len(), 1, "{word:?} is said so often");
        assert!(before.is_none_or(|before| before < places[0]), "{word:?} is too early");
        before = Some(places[0]);
    }
}

/// The first word of a message, by which it is known.
fn first_word(line: &str) -> Option<&str> {
    line.split("] ").nth(1).and_then(|text| text.split(' ').next())
}
