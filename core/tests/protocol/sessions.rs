//! Members that come back: nothing is lost, nothing comes twice.

use chat_core::{Delivered, Event, MemberId, Wire};

use crate::world::{ANN, BEN, CAT, World};

/// What asks for a session.
const ASKS: &str = "\n\r\n";

/// A member at the other end of connections that end anywhere: it keeps what a client keeps.
pub(crate) struct Caller {
    /// Its present connection.
    id: MemberId,
    key: String,
    /// Whole lines that count.
    pub(crate) got: Vec<String>,
    /// What came behind the last newline.
    rest: Vec<u8>,
    /// What it says to the room, from its session's beginning, and how much of it is sent.
    pub(crate) input: Vec<u8>,
    sent: usize,
    pub(crate) heard: usize,
    port: u16,
}

impl Caller {
    /// Comes, and gets a session.
    pub(crate) fn new(world: &mut World, port: u16) -> Self {
        let id = world.join(&format!("198.51.100.1:{port}"));
        world.pass_millis(60);
        world.receive(id, ASKS);
        let mut caller = Self {
            id,
            key: String::new(),
            got: Vec::new(),
            rest: Vec::new(),
            input: Vec::new(),
            sent: 0,
            heard: 0,
            port,
        };
        caller.read(world, usize::MAX);
        assert_eq!(caller.key.len(), 32);
        caller
    }

    pub(crate) fn id(&self) -> MemberId {
        self.id
    }

    /// Reads so many bytes of what is pending.
    pub(crate) fn read(&mut self, world: &mut World, most: usize) {
        let mut left = most;
        loop {
            let (bytes, _) = world.take(self.id, left);
            if bytes.is_empty() {
                return;
            }
            left -= bytes.len().min(left);
            self.rest.extend(bytes);
            while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let line = String::from_utf8(self.rest.drain(..=end).collect()).unwrap();
                self.take_line(line.trim_end_matches('\n'));
            }
        }
    }

    fn take_line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("> /session ") {
            self.key = rest.split(' ').next().unwrap().to_owned();
            self.got.clear();
        } else if let Some(bytes) = line.strip_prefix("> /heard ") {
            self.heard = bytes.parse().unwrap();
        } else if let Some(bytes) = line.strip_prefix("> /resumed ") {
            self.heard = bytes.parse().unwrap();
            self.sent = self.heard;
        } else {
            assert!(!line.starts_with("> /"), "{line}");
            self.got.push(line.to_owned());
        }
    }

    /// Says something, of which so many bytes arrive.
    pub(crate) fn send(&mut self, world: &mut World, text: &str, most: usize) {
        self.input.extend(text.bytes());
        self.flush(world, most);
    }

    pub(crate) fn flush(&mut self, world: &mut World, most: usize) {
        let end = self.input.len().min(self.sent.saturating_add(most));
        let bytes = self.input[self.sent..end].to_vec();
        self.sent = end;
        if !bytes.is_empty() {
            world.receive(self.id, bytes);
        }
    }

    /// The connection ends; what was not read of it is lost.
    pub(crate) fn lose(&mut self, world: &mut World, is_noticed: bool) {
        self.rest.clear();
        if is_noticed {
            world.leave(self.id);
        }
    }

    /// Comes back with another connection.
    pub(crate) fn come_back(&mut self, world: &mut World) {
        self.port += 1;
        let connection = world.join(&format!("198.51.100.1:{}", self.port));
        world.events.clear();
        world.receive(connection, format!("/resume {} {}\n", self.key, self.got.len()));
        let replaced = Event::Replaced { connection, member: self.id };
        assert!(world.events.contains(&replaced), "{:?}", world.events);
        let (first, _) = world.take(self.id, "> /resumed ".len());
        assert_eq!(first, b"> /resumed ");
        self.rest = first;
        self.read(world, usize::MAX);
        self.flush(world, usize::MAX);
    }
}

#[test]
fn who_comes_back_goes_on() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let mut ann = Caller::new(&mut world, 1000);
    ann.send(&mut world, "/name 지민\n안녕\n", usize::MAX);
    ann.read(&mut world, usize::MAX);
    world.hear(ben);
    // Nobody is told of a connection that is replaced before its end is noticed.
    ann.lose(&mut world, false);
    world.receive(ben, "하나\n");
    ann.come_back(&mut world);
    assert_eq!(world.hear(ben), "");
    assert_eq!(ann.got.last().unwrap(), &format!("[{BEN}] 하나"));
    // Of one that was noticed they are.
    ann.lose(&mut world, true);
    assert_eq!(world.hear(ben), "< The user 지민 left (1 user online)\n");
    world.receive(ben, "둘\n/name 지민\n");
    assert_eq!(world.hear(ben), "> The name 지민 is taken; 지민2 is free\n");
    ann.come_back(&mut world);
    assert_eq!(world.hear(ben), "> New user 지민 entered (2 users online)\n");
    let named = "> The user 198.51.100.1:1000 is now 지민".to_owned();
    assert_eq!(ann.got, [named, format!("[{BEN}] 하나"), format!("[{BEN}] 둘")]);
    ann.send(&mut world, "다시\n", usize::MAX);
    assert_eq!(world.hear(ben), "[지민] 다시\n");
}

/// Nothing but its own leaving and entering lies between: it has nothing pending.
#[test]
fn who_comes_back_to_its_own_lines_has_got_all() {
    for said in ["", "나\n"] {
        let mut world = World::new();
        let mut ann = Caller::new(&mut world, 1000);
        ann.send(&mut world, said, usize::MAX);
        ann.lose(&mut world, true);
        ann.come_back(&mut world);
        let (bytes, delivered) = world.take(ann.id(), usize::MAX);
        assert_eq!((bytes, delivered), (Vec::new(), Delivered::Nothing));
        assert!(!world.server.has_pending(ann.id()));
    }
}

#[test]
fn a_key_that_is_not_known_is_a_newcomers() {
    let mut world = World::new();
    let _session = Caller::new(&mut world, 1000);
    let ben = world.join(BEN);
    world.receive(ben, format!("/resume {} 3\n", "0".repeat(32)));
    let told = world.hear(ben);
    let greeting = "> Connected to the chat server (2 users online)\n> /session ";
    assert!(told.starts_with(greeting), "{told}");
    // Without sessions nobody waits for a first word.
    let mut world = World::new();
    let ann = world.join(ANN);
    assert_eq!(world.hear(ann), "> Connected to the chat server (1 user online)\n");
}

#[test]
fn a_newcomer_is_greeted_soon() {
    let mut world = World::new();
    let _session = Caller::new(&mut world, 1000);
    let ben = world.join(BEN);
    assert_eq!(world.hear(ben), "");
    world.pass_millis(60);
    assert_eq!(world.hear(ben), "> Connected to the chat server (2 users online)\n");
    // At once if it says anything.
    let cat = world.join(CAT);
    world.receive(cat, "/res");
    assert_eq!(world.hear(cat), "");
    world.receive(cat, "t\n");
    assert_eq!(world.hear(cat), "> Connected to the chat server (3 users online)\n");
    assert!(world.hear(ben).ends_with(&format!("[{CAT}] /rest\n")));
}

/// One that closes its sending side without a word may come back: what is pending is for then.
#[test]
fn who_closes_its_side_may_come_back() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let mut ann = Caller::new(&mut world, 1000);
    world.receive(ben, "하나\n");
    world.end_of_input(ann.id());
    assert!(world.is_finished(ann.id()));
    assert_eq!(world.hear(ann.id()), "");
    world.receive(ben, "둘\n");
    ann.come_back(&mut world);
    assert_eq!(ann.got, ["하나", "둘"].map(|text| format!("[{BEN}] {text}")));
}

#[test]
fn a_session_ends() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let mut ann = Caller::new(&mut world, 1000);
    ann.send(&mut world, "/name 지민\n", usize::MAX);
    ann.lose(&mut world, true);
    world.hear(ben);
    world.pass_millis(10 * 60 * 1000 + 1);
    world.receive(ben, "/name 지민\n");
    assert_eq!(world.hear(ben), format!("> The user {BEN} is now 지민\n"));
    let mut cat = Caller::new(&mut world, 2000);
    cat.send(&mut world, "/name 민수\n/bye\n", usize::MAX);
    world.end_of_input(cat.id());
    world.hear(ben);
    world.receive(ben, "/name 민수\n");
    assert_eq!(world.hear(ben), "> The user 지민 is now 민수\n");
    world.hear(cat.id());
    assert!(world.is_finished(cat.id()));
}

/// A conversation in which the connection ends after each byte in either direction, noticed or not: what
/// is got and said is the same.
#[test]
fn a_connection_may_end_at_every_byte() {
    let play = |cut: Option<(usize, usize, bool)>| {
        let mut world = World::new();
        let ben = world.join_quietly(BEN);
        let mut ann = Caller::new(&mut world, 1000);
        let mut heard = world.hear(ben);
        ann.send(&mut world, "/name 지민\n", usize::MAX);
        world.receive(ben, "/name 민수\n하나\n");
        world.receive(ben, "/msg 지민 비밀 하나\n");
        let (sent, read, is_noticed) = cut.unwrap_or((usize::MAX, usize::MAX, false));
        ann.send(&mut world, "나도 하나\n/msg 민수 나의 비밀\n/who\n나도 둘\n", sent);
        world.receive(ben, "둘\n/msg 지민 비밀 둘\n");
        ann.read(&mut world, read);
        if cut.is_some() {
            ann.lose(&mut world, is_noticed);
            world.receive(ben, "셋\n");
            ann.come_back(&mut world);
        } else {
            world.receive(ben, "셋\n");
        }
        ann.send(&mut world, "나도 셋\n", usize::MAX);
        world.receive(ben, "넷\n");
        ann.read(&mut world, usize::MAX);
        heard += &world.hear(ben);
        assert_eq!(ann.heard, ann.input.len());
        let heard: Vec<String> = heard
            .lines()
            .filter(|line| !line.starts_with("< ") && !line.starts_with("> New user"))
            .map(str::to_owned)
            .collect();
        (ann.got, heard)
    };
    let (got, heard) = play(None);
    let bytes = got.iter().map(|line| line.len() + 1).sum::<usize>() + 100;
    let sorted = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.sort();
        lines
    };
    for is_noticed in [false, true] {
        for sent in 0..90 {
            for read in (0..bytes).step_by(if sent % 7 == 0 { 1 } else { 13 }) {
                let cut = (sent, read, is_noticed);
                let (got_now, heard_now) = play(Some(cut));
                // What it says later comes later; nothing is missing, and nothing is there twice.
                assert_eq!(sorted(&got_now), sorted(&got), "{cut:?}");
                assert_eq!(sorted(&heard_now), sorted(&heard), "{cut:?}");
                // The order of one peer's words is its own.
                let own = |lines: &[String], label: &str| -> Vec<String> {
                    lines.iter().filter(|line| line.starts_with(label)).cloned().collect()
                };
                assert_eq!(own(&got_now, "[민수] "), own(&got, "[민수] "), "{cut:?}");
                assert_eq!(own(&heard_now, "[지민] "), own(&heard, "[지민] "), "{cut:?}");
            }
        }
    }
}

/// The backlog has gone over what it missed: it is told how much, exactly.
#[test]
fn what_is_gone_is_counted() {
    for unread in 0..4 {
        let mut world =
            World::with(chat_core::Limits { backlog: 64 * 1024, ..chat_core::Limits::default() });
        let ben = world.join_quietly(BEN);
        world.close_console();
        let mut ann = Caller::new(&mut world, 1000);
        world.catch_up(ben);
        let line = "말".repeat(30);
        for _ in 0..3 {
            world.receive(ben, format!("{line}\n"));
        }
        ann.read(&mut world, unread * (line.len() + 20));
        let got = ann.got.len();
        ann.lose(&mut world, true);
        let mut said = 3;
        for _ in 0..2000 {
            while world.budget(ben) < 2 * line.len() {
                world.pass_millis(100);
                world.catch_up(ben);
            }
            world.receive(ben, format!("{line}\n"));
            world.catch_up(ben);
            said += 1;
        }
        ann.come_back(&mut world);
        let skips: Vec<&String> =
            ann.got.iter().filter(|line| line.contains(" skipped: ")).collect();
        let [skip] = skips[..] else { panic!("{skips:?}") };
        let skipped: usize = skip.split(' ').nth(1).unwrap().parse().unwrap();
        let texts = ann.got.iter().filter(|got| got.ends_with(&line)).count();
        assert_eq!(texts + skipped, said, "{got} were got");
        // And once more, from there.
        let got = ann.got.len();
        ann.lose(&mut world, false);
        ann.come_back(&mut world);
        assert_eq!(ann.got.len(), got);
    }
}

/// A character that one connection got in part is not ended on the next one.
#[test]
fn what_was_got_in_part_is_gone_with_its_connection() {
    let mut world =
        World::with(chat_core::Limits { backlog: 64 * 1024, ..chat_core::Limits::default() });
    let ben = world.join_quietly(BEN);
    world.close_console();
    let mut ann = Caller::new(&mut world, 1000);
    world.catch_up(ben);
    let line = "말".repeat(30);
    for count in 0..2000 {
        while world.budget(ben) < 2 * line.len() {
            world.pass_millis(100);
            world.catch_up(ben);
        }
        world.receive(ben, format!("{line}\n"));
        world.catch_up(ben);
        if count == 0 {
            ann.read(&mut world, format!("[{BEN}] ").len() + 1);
        }
    }
    // What it misses is found out, and nothing of that is sent.
    world.take(ann.id(), 0);
    ann.lose(&mut world, false);
    ann.come_back(&mut world);
    assert!(ann.got.iter().any(|line| line.contains(" skipped: ")));
    let got = ann.got.len();
    ann.lose(&mut world, false);
    ann.come_back(&mut world);
    assert_eq!(ann.got.len(), got, "{:?}", &ann.got[got..]);
}

/// It says what it has got when the backlog has gone over what comes next, and it was not told so yet.
#[test]
fn who_has_missed_something_says_what_it_has_got() {
    let mut world =
        World::with(chat_core::Limits { backlog: 64 * 1024, ..chat_core::Limits::default() });
    let ben = world.join_quietly(BEN);
    world.close_console();
    let mut ann = Caller::new(&mut world, 1000);
    world.catch_up(ben);
    let line = "말".repeat(30);
    let mut said = 0;
    for _ in 0..2000 {
        while world.budget(ben) < 2 * line.len() {
            world.pass_millis(100);
            world.catch_up(ben);
        }
        world.receive(ben, format!("{line}\n"));
        world.catch_up(ben);
        said += 1;
    }
    let got = format!("/got {}\n", ann.got.len());
    ann.send(&mut world, &got, usize::MAX);
    ann.read(&mut world, usize::MAX);
    let skips = ann.got.iter().find(|line| line.contains(" skipped: ")).unwrap();
    let skipped: usize = skips.split(' ').nth(1).unwrap().parse().unwrap();
    let texts = |ann: &Caller| ann.got.iter().filter(|got| got.ends_with(&line)).count();
    assert_eq!(texts(&ann) + skipped, said);
    world.receive(ben, "다음\n");
    ann.lose(&mut world, true);
    ann.come_back(&mut world);
    assert_eq!(texts(&ann) + skipped, said, "no line comes twice");
    assert!(ann.got.last().unwrap().ends_with(" 다음"), "{:?}", ann.got.last());
}

/// What is for a program is not replaced by what it is told next.
#[test]
fn a_key_is_told_however_late_it_is_read() {
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    world.receive(ann, ASKS);
    world.receive(ann, "하나\n");
    world.receive(ann, "둘\n");
    let told = world.hear(ann);
    let key = told.strip_prefix("> /session ").unwrap().split(' ').next().unwrap();
    assert!(told.ends_with(&format!(" {ANN}\n> /heard 11\n")), "{told}");
    // Nor is it when one comes back and goes on at once.
    let back = world.join(BEN);
    world.receive(back, format!("/resume {key} 0\n셋\n"));
    assert_eq!(world.hear(ann), "> /resumed 11\n> /heard 15\n");
}

/// All that it sends may come together with its question.
#[test]
fn what_comes_with_the_question_is_heard() {
    let mut world = World::new();
    for (asks, after) in
        [("\n\r\n", "안녕\n"), ("/session\n", "안녕\n/name\n"), ("/name x\n/session\r\n", "a\n")]
    {
        let ann = world.join_quietly(ANN);
        world.receive(ann, format!("{asks}{after}"));
        world.pass_millis(10);
        let told = world.hear(ann);
        assert!(told.contains(&format!("\n> /heard {}\n", after.len())), "{told}");
        world.receive(ann, "/bye\n");
        world.leave(ann);
    }
}

/// However it is cut; also if a silence ends it.
#[test]
fn bytes_count_from_behind_the_question() {
    let question = "/name 지민\n/session\n";
    for at in 0..question.len() {
        let mut world = World::new();
        let ann = world.join_quietly(ANN);
        world.receive(ann, &question.as_bytes()[..at]);
        world.receive(ann, &question.as_bytes()[at..]);
        world.receive(ann, "안녕\n");
        let told = world.hear(ann);
        assert!(told.ends_with("> /heard 7\n"), "{at}: {told}");
    }
    let mut world = World::new();
    let ann = world.join_quietly(ANN);
    for text in ["/name 지민", "/session"] {
        world.receive(ann, text);
        world.pass_millis(200);
    }
    world.receive(ann, "안녕\n");
    assert!(world.hear(ann).ends_with("> /heard 7\n"));
    // An unknown key asks for a new one.
    let _session = Caller::new(&mut world, 1000);
    for is_late in [false, true] {
        let ben = world.join(BEN);
        world.pass_millis(if is_late { 100 } else { 0 });
        world.receive(ben, format!("/resume {} 3\n", "0".repeat(32)));
        world.receive(ben, "안녕\n");
        let told = world.hear(ben);
        assert!(told.ends_with("> /heard 7\n"), "{told}");
        world.receive(ben, "/bye\n");
        world.leave(ben);
    }
}

/// There is an end of what it gets also if the last was its own.
#[test]
fn own_lines_behind_all_others_do_not_keep_it_busy() {
    let mut world = World::new();
    let mut ann = Caller::new(&mut world, 1000);
    ann.send(&mut world, "하나\n", usize::MAX);
    ann.read(&mut world, usize::MAX);
    ann.lose(&mut world, false);
    let back = world.join(BEN);
    world.receive(back, format!("/resume {} 0\n", ann.key));
    let delivered = (0..3).map(|_| world.take(ann.id(), usize::MAX).1);
    let expected = [Delivered::CaughtUp, Delivered::Nothing, Delivered::Nothing];
    assert_eq!(delivered.collect::<Vec<_>>(), expected);
    let ben = world.join(CAT);
    world.pass_millis(60);
    world.receive(ben, "둘\n");
    assert!(world.hear(ann.id()).ends_with(&format!("[{CAT}] 둘\n")));
}

/// It was behind when it asked for a session, with words of its own among what it had to get.
#[test]
fn own_lines_do_not_come_back_to_one_that_was_behind() {
    let mut world = World::new();
    let [ann, ben] = [ANN, BEN].map(|addr| world.join_quietly(addr));
    world.hear(ann);
    let mut others = String::new();
    for number in 0..6 {
        world.receive(ann, format!("own {number}\n"));
        if number == 2 {
            world.receive(ann, "/session\n");
        }
        world.receive(ann, format!("own again {number}\n"));
        if number != 2 {
            world.receive(ben, format!("{number}\n"));
            others += &format!("[{BEN}] {number}\n");
        }
    }
    let told = world.hear(ann);
    let got: String = told.split_inclusive('\n').filter(|line| !line.starts_with("> /")).collect();
    assert_eq!(got, others);
}

/// It acknowledges all whole lines while it has a part of the next one.
#[test]
fn a_line_that_has_begun_is_not_acknowledged() {
    let line = format!("[{BEN}] 안녕하세요\n");
    for part in 1..line.len() {
        let mut world = World::new();
        let ben = world.join_quietly(BEN);
        let mut ann = Caller::new(&mut world, 1000);
        world.receive(ben, "안녕하세요\n안녕하세요\n안녕하세요\n");
        ann.read(&mut world, line.len() + part);
        ann.send(&mut world, "/got 1\n", usize::MAX);
        ann.lose(&mut world, true);
        ann.come_back(&mut world);
        assert_eq!(ann.got, [line.trim_end(); 3], "{part}");
    }
}

/// What it asked is not answered any more, but it has gone for good.
#[test]
fn who_says_bye_leaves_its_name_however_much_it_has_said_before() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    for (number, ends) in [(1, true), (2, false)] {
        let mut ann = Caller::new(&mut world, 1000 * number);
        ann.send(&mut world, "/name 지민\n", usize::MAX);
        world.receive(ann.id(), format!("{}/bye\n", "/help\n".repeat(100)));
        if ends {
            world.end_of_input(ann.id());
            while !world.is_finished(ann.id()) {
                world.hear(ann.id());
                world.pass_millis(2);
            }
        }
        world.leave(ann.id());
        world.pass_millis(100);
        world.hear(ben);
        world.receive(ben, "/name 지민\n/name x\n");
        let told = world.hear(ben);
        assert!(told.contains(" is now 지민\n"), "{told}");
    }
}

/// A session is kept in mind no longer than it can be of use.
#[test]
fn who_comes_back_gives_its_other_session_up() {
    let mut world = World::new();
    let mut ann = Caller::new(&mut world, 1000);
    let other = Caller::new(&mut world, 2000);
    world.receive(other.id(), format!("/resume {} {}\n", ann.key, ann.got.len()));
    world.hear(ann.id());
    ann.send(&mut world, "/bye\n", usize::MAX);
    // Nobody may come back: a newcomer is greeted at once.
    let ben = world.join(BEN);
    assert!(world.hear(ben).starts_with("> Connected"));
}

/// One that begins to say that it has come back just when it is to be greeted, and no more.
#[test]
fn a_newcomer_that_breaks_off_is_closed() {
    let mut world = World::new();
    let _session = Caller::new(&mut world, 1000);
    let ben = world.join(BEN);
    world.now = world.tick_at.unwrap();
    world.server.tick(world.now);
    assert!(std::iter::from_fn(|| world.server.poll()).any(|event| event == Event::Listen(ben)));
    world.receive(ben, "/res");
    assert_eq!(world.hear(ben), "");
    world.pass_millis(2_000);
    assert_eq!(world.hear(ben), "");
    assert!(world.is_finished(ben));
}

/// Those that have not been greeted are as many as newcomers that a room takes.
#[test]
fn newcomers_wait_while_there_is_no_space_for_them() {
    let (mut world, reader, _) = World::held_back();
    let asker = world.join(CAT);
    world.receive(asker, ASKS);
    let mut waiting = Vec::new();
    let before = world.server.said();
    for port in 1..4_000 {
        // A storm, which the shell has let in before it was one.
        let origin = ([192, 0, 2, 1], port).into();
        waiting.push(world.server.connect(world.now, origin, Wire::Lines).unwrap());
    }
    world.settle();
    world.pass_millis(60);
    assert!(!world.server.takes_newcomers());
    let grown = world.server.said() - before;
    // The other half of an eighth is for members that say a little.
    assert!(grown <= 1024 * 1024 / 16, "{grown} bytes are said at once");
    world.catch_up(reader);
    world.pass_millis(2_000);
    world.catch_up(reader);
    world.pass_millis(100);
    assert!(waiting.iter().all(|id| world.server.has_pending(*id)), "all are greeted");
}

/// The newline that its last line lacked comes before all else, and characters are whole.
#[test]
fn what_a_connection_has_got_in_part_is_ended_before_it_goes_on() {
    for read in 40..90 {
        let mut world = World::new();
        let mut ann = Caller::new(&mut world, 1000);
        ann.lose(&mut world, true);
        let ben = world.join(BEN);
        world.pass_millis(400);
        let cat = world.join(CAT);
        world.pass_millis(400);
        world.receive(ben, "half");
        world.pass_millis(200);
        world.receive(cat, "안녕하세요 여러분\n");
        let mut got = world.hear_bytes(ben, read);
        world.receive(ben, format!("/resume {} 0\n", ann.key));
        got.extend(world.hear_bytes(ann.id(), 1_000));
        let got = String::from_utf8(got).unwrap();
        assert!(got.contains("\n> /resumed 0\n"), "{read}: {got}");
    }
}

/// A connection that was given up says late that it has come back: who has come since goes on.
#[test]
fn a_connection_that_was_given_up_does_not_take_over() {
    for is_greeted in [false, true] {
        let mut world = World::new();
        let ben = world.join_quietly(BEN);
        let mut ann = Caller::new(&mut world, 1000);
        let stale = world.join(CAT);
        let resume = format!("/resume {} 0\n", ann.key);
        world.pass_millis(if is_greeted { 60 } else { 0 });
        world.receive(stale, &resume[..7]);
        world.receive(ben, "하나\n둘\n");
        ann.read(&mut world, usize::MAX);
        ann.lose(&mut world, false);
        ann.come_back(&mut world);
        world.events.clear();
        world.receive(stale, &resume[7..]);
        assert!(world.events.contains(&Event::Closed(stale)));
        world.hear(stale);
        assert!(world.is_finished(stale));
        world.receive(ben, "셋\n");
        ann.read(&mut world, usize::MAX);
        let got: Vec<_> = ann.got.iter().filter(|line| line.starts_with('[')).collect();
        assert_eq!(got, ["하나", "둘", "셋"].map(|text| format!("[{BEN}] {text}")).each_ref());
    }
}

/// A program asks for what was earlier as soon as it can; meanwhile it has got what was said.
#[test]
fn the_first_history_ends_where_one_entered() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    world.receive(ben, "하나\n");
    let mut ann = Caller::new(&mut world, 1000);
    world.receive(ben, "둘\n");
    ann.send(&mut world, "/history 20\n", usize::MAX);
    world.receive(ben, "셋\n");
    ann.read(&mut world, usize::MAX);
    let said = |text: &str| format!("[{BEN}] {text}");
    let earlier =
        |count| format!("> {count} earlier message{}:", if count == 1 { "" } else { "s" });
    let end = || "> That was earlier".to_owned();
    assert_eq!(ann.got, [said("둘"), earlier(1), said("하나"), end(), said("셋")]);
    // By then it asks because its user wants to.
    ann.got.clear();
    ann.send(&mut world, "/history 2\n", usize::MAX);
    ann.read(&mut world, usize::MAX);
    assert_eq!(ann.got, [earlier(2), said("둘"), said("셋"), end()]);
}

/// A link that is cut inside the first line of one that comes back says nothing of it to anybody.
#[test]
fn who_is_cut_off_while_coming_back_says_nothing() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let ann = Caller::new(&mut world, 1000);
    world.hear(ben);
    let line = format!("/resume {} 0\n", ann.key);
    for end in 1..line.len() {
        for how in ["closed", "lost", "silent"] {
            let connection = world.join(CAT);
            world.receive(connection, &line[..end]);
            match how {
                "closed" => world.end_of_input(connection),
                "silent" => world.pass_millis(1_001),
                _ => {}
            }
            assert_eq!(world.is_finished(connection), how != "lost");
            world.leave(connection);
            assert_eq!(world.hear(ben), "", "{end}");
        }
    }
}

/// Its line counts only whole: of the number there may be more.
#[test]
fn who_breaks_off_inside_the_number_of_lines_has_not_come_back() {
    for ends in [false, true] {
        let mut world = World::new();
        let mut ann = Caller::new(&mut world, 1000);
        let ben = world.join(BEN);
        world.pass_millis(60);
        for number in 0..12 {
            world.receive(ben, format!("{number}\n"));
        }
        ann.read(&mut world, usize::MAX);
        assert_eq!(ann.got.len(), 13);
        ann.send(&mut world, "/got 13\n", usize::MAX);
        ann.lose(&mut world, true);
        let cut = world.join(CAT);
        world.pass_millis(400);
        world.receive(cut, format!("/resume {} 1", ann.key));
        if ends {
            world.end_of_input(cut);
        }
        world.pass_millis(3_000);
        world.leave(cut);
        world.receive(ben, "12\n");
        ann.come_back(&mut world);
        assert!(!ann.got.iter().any(|line| line.contains("skipped")), "{:?}", ann.got);
        assert_eq!(ann.got.iter().filter(|line| line.ends_with("] 12")).count(), 1);
    }
}
