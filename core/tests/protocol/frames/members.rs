//! Members whose connection is a WebSocket: they are members like any other.

use std::convert::Infallible;

use chat_core::{Delivered, Event, Frame, FrameReader, FrameWriter, Limits, MemberId, Wire};

use super::page::{CONTINUATION, Page, TEXT, last, more};
use crate::world::{ANN, BEN, World};

/// A page in a browser, and the door that it came by.
struct Browser {
    id: MemberId,
    reader: FrameReader,
    writer: FrameWriter,
    page: Page,
    /// Lines that the page has got whole, but for those that are for the page itself.
    lines: Vec<String>,
    /// Messages of which the page has taken the lines.
    seen: usize,
    key: String,
    /// What the page has said since its session began, a newline at each message's end.
    input: Vec<u8>,
    /// How much of that has arrived for good.
    heard: usize,
}

impl Browser {
    fn new(world: &mut World, addr: &str) -> Self {
        let id = world.join_by(Wire::Messages, addr);
        Self {
            id,
            reader: FrameReader::default(),
            writer: FrameWriter::default(),
            page: Page::default(),
            lines: Vec::new(),
            seen: 0,
            key: String::new(),
            input: Vec::new(),
            heard: 0,
        }
    }

    fn with_session(world: &mut World, addr: &str) -> Self {
        let mut browser = Self::new(world, addr);
        browser.receive(world, &last(TEXT, "\n\r\n"));
        browser.read(world, usize::MAX);
        assert_eq!(browser.key.len(), 32);
        browser
    }

    /// The door takes bytes as they come.
    fn receive(&mut self, world: &mut World, bytes: &[u8]) {
        let (mut bytes, mut at) = (bytes.to_vec(), 0);
        while let Ok(Some((count, frame))) = self.reader.read(&mut bytes[at..]) {
            at += count;
            let Frame::Text { bytes, lacks_newline, .. } = frame else { panic!("{frame:?}") };
            if !bytes.is_empty() {
                world.receive(self.id, bytes);
            }
            if lacks_newline {
                world.receive(self.id, "\n");
            }
        }
    }

    /// The door hands out what is pending, and the socket takes so many bytes.
    fn read(&mut self, world: &mut World, most: usize) {
        let mut left = most;
        loop {
            let Self { writer, page, .. } = self;
            let Ok(delivered) = world.server.deliver(self.id, |slices| {
                writer.write(slices, |parts| {
                    let mut sent = parts.concat();
                    sent.truncate(left);
                    left -= sent.len();
                    page.take(&sent);
                    Ok::<_, Infallible>(sent.len())
                })
            });
            world.settle();
            if delivered != Delivered::Partial || left == 0 {
                break;
            }
        }
        for message in self.page.messages.split_off(0) {
            for line in message.split_inclusive('\n') {
                assert!(line.ends_with('\n'), "whole lines: {message:?}");
                self.take_line(line.trim_end_matches('\n'));
            }
            self.seen += 1;
        }
    }

    fn take_line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("> /session ") {
            self.key = rest.split(' ').next().unwrap().to_owned();
            self.lines.clear();
        } else if let Some(count) = line.strip_prefix("> /heard ") {
            self.heard = count.parse().unwrap();
        } else if let Some(count) = line.strip_prefix("> /resumed ") {
            self.heard = count.parse().unwrap();
        } else {
            assert!(!line.starts_with("> /"), "{line}");
            self.lines.push(line.to_owned());
        }
    }

    /// The page says something. Returns the frame of that.
    fn message(&mut self, text: &str) -> Vec<u8> {
        self.input.extend(text.bytes());
        if !text.ends_with('\n') {
            self.input.push(b'\n');
        }
        last(TEXT, text)
    }

    /// The connection is gone: the page comes back by another one, and says again what is missing.
    fn come_back(&mut self, world: &mut World, addr: &str) {
        let connection = world.join_by(Wire::Messages, addr);
        self.reader = FrameReader::default();
        self.writer = FrameWriter::default();
        self.page = Page::default();
        let member = std::mem::replace(&mut self.id, connection);
        let resume = format!("/resume {} {}", self.key, self.lines.len());
        world.events.clear();
        self.receive(world, &last(TEXT, resume));
        assert!(world.events.contains(&Event::Replaced { connection, member }));
        self.id = member;
        self.read(world, usize::MAX);
        let missing = self.input[self.heard..].to_vec();
        if !missing.is_empty() {
            self.receive(world, &last(TEXT, missing));
        }
    }
}

#[test]
fn a_message_ends_with_a_newline_or_with_its_frame() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let mut ann = Browser::new(&mut world, ANN);
    world.hear(ben);
    ann.receive(&mut world, &last(TEXT, "하나"));
    ann.receive(&mut world, &last(TEXT, "둘\n셋\r\n"));
    ann.receive(&mut world, &last(TEXT, "넷\n다섯"));
    ann.receive(&mut world, &[more(TEXT, "여"), more(CONTINUATION, "섯\n")].concat());
    ann.receive(&mut world, &last(CONTINUATION, ""));
    ann.receive(&mut world, &last(TEXT, ""));
    let said: Vec<String> =
        ["하나", "둘", "셋", "넷", "다섯", "여섯"].map(|text| format!("[{ANN}] {text}\n")).to_vec();
    assert_eq!(world.hear(ben), said.concat());
    // No silence ends it.
    ann.receive(&mut world, &more(TEXT, "half "));
    world.pass_millis(60_000);
    assert_eq!(world.hear(ben), "");
    ann.receive(&mut world, &last(CONTINUATION, "and half"));
    assert_eq!(world.hear(ben), format!("[{ANN}] half and half\n"));
}

#[test]
fn a_page_gets_lines_and_its_own_answers() {
    let mut world = World::new();
    let mut ann = Browser::new(&mut world, ANN);
    ann.read(&mut world, usize::MAX);
    let ben = world.join_quietly(BEN);
    world.receive(ben, "안녕하세요?\n");
    ann.receive(&mut world, &last(TEXT, "/name"));
    ann.read(&mut world, usize::MAX);
    assert_eq!(
        ann.lines,
        [
            "> Connected to the chat server (1 user online)".to_owned(),
            format!("> New user {BEN} entered (2 users online)"),
            format!("[{BEN}] 안녕하세요?"),
            format!("> You are {ANN}"),
        ]
    );
    assert_eq!(ann.seen, 2, "what is pending goes out in one frame");
}

/// What is for telnet, for other programs and for other protocols is text.
#[test]
fn a_page_may_say_anything() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let mut ann = Browser::new(&mut world, ANN);
    world.hear(ben);
    ann.receive(&mut world, &last(TEXT, "GET / HTTP/1.1"));
    ann.receive(&mut world, &last(TEXT, "\u{ff}\u{fd}"));
    assert_eq!(world.hear(ben), format!("[{ANN}] GET / HTTP/1.1\n[{ANN}] \u{ff}\u{fd}\n"));
}

/// A message is as long as it likes: it is cut as any other, and holds no more memory.
#[test]
fn a_long_message_becomes_several() {
    let mut world = World::with(Limits { max_line: 100, ..Limits::default() });
    let ben = world.join_quietly(BEN);
    let mut ann = Browser::new(&mut world, ANN);
    world.hear(ben);
    let frame = last(TEXT, "한".repeat(if cfg!(miri) { 1_000 } else { 100_000 }));
    for chunk in frame.chunks(1000) {
        ann.receive(&mut world, chunk);
        world.catch_up(ben);
    }
    ann.receive(&mut world, &last(TEXT, "끝"));
    assert_eq!(world.hear(ben), format!("[{ANN}] 끝\n"));
}

#[test]
fn a_page_has_a_session_as_any_program() {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let mut ann = Browser::with_session(&mut world, ANN);
    let frame = ann.message("/name 지민");
    ann.receive(&mut world, &frame);
    let frame = ann.message("안녕\n");
    ann.receive(&mut world, &frame);
    world.pass_millis(60_000);
    ann.read(&mut world, usize::MAX);
    assert_eq!(ann.heard, ann.input.len());
    world.hear(ben);
    world.receive(ben, "하나\n");
    ann.come_back(&mut world, "127.0.0.1:50000");
    assert_eq!(world.hear(ben), "", "nobody is told");
    world.receive(ben, "둘\n");
    ann.receive(&mut world, &last(TEXT, "네"));
    ann.read(&mut world, usize::MAX);
    let named = format!("> The user {ANN} is now 지민");
    assert_eq!(ann.lines, [named, format!("[{BEN}] 하나"), format!("[{BEN}] 둘")]);
    assert_eq!(world.hear(ben), "[지민] 네\n");
    ann.receive(&mut world, &last(TEXT, "/bye"));
    world.leave(ann.id);
    assert_eq!(world.hear(ben), "< The user 지민 left (1 user online)\n");
}

/// A page was slow to say who it is, and has got a part of a line by then: that ends there.
#[test]
fn a_line_that_has_begun_ends_before_a_page_goes_on() {
    let mut world = World::with(Limits { max_line: 64 * 1024, ..Limits::default() });
    let ben = world.join_quietly(BEN);
    let ann = Browser::with_session(&mut world, ANN);
    let mut late = Browser::new(&mut world, "127.0.0.1:50000");
    world.pass_millis(1_000);
    late.read(&mut world, usize::MAX);
    let long = format!("[{BEN}] {}", "한".repeat(20_000));
    world.receive(ben, "한".repeat(20_000) + "\n");
    late.read(&mut world, 20_000);
    assert_eq!(late.seen, 1, "the greeting");
    world.events.clear();
    late.receive(&mut world, &last(TEXT, format!("/resume {} 0", ann.key)));
    assert!(world.events.contains(&Event::Replaced { connection: late.id, member: ann.id }));
    late.id = ann.id;
    late.lines.clear();
    late.read(&mut world, usize::MAX);
    let (part, lines) = late.lines.split_first().unwrap();
    assert!(part.len() < long.len() && long.starts_with(part), "{} bytes", part.len());
    let said: Vec<&String> = lines.iter().filter(|line| line.starts_with('[')).collect();
    assert!(said == [&long], "{} lines", said.len());
    // The writer is not inside a line any more.
    world.receive(ben, "네\n");
    late.read(&mut world, usize::MAX);
    assert_eq!(late.lines.last().unwrap(), &format!("[{BEN}] 네"));
}

/// What stands behind the question counts, wherever frames and reads end.
#[test]
fn what_comes_with_the_question_is_counted() {
    for question in ["/session\n", "/session\r\n", "말\n/session\n"] {
        let input = "하나\n/name 지민\n둘\n";
        let frame = last(TEXT, [question, input].concat());
        for cut in 0..=frame.len() {
            let mut world = World::new();
            let mut ann = Browser::new(&mut world, ANN);
            ann.receive(&mut world, &frame[..cut]);
            ann.receive(&mut world, &frame[cut..]);
            ann.read(&mut world, usize::MAX);
            ann.input.extend(input.bytes());
            ann.come_back(&mut world, "127.0.0.1:50000");
            assert_eq!(ann.heard, input.len(), "{question:?} is cut at {cut}");
        }
    }
}

/// The connection ends at any byte, either way, noticed or not: nothing is lost, nothing comes
/// twice.
#[test]
fn a_page_comes_back_from_a_cut_anywhere() {
    let stride = if cfg!(miri) { 31 } else { 1 };
    let (mut furthest_in, mut furthest_out) = (false, false);
    for is_noticed in [false, true] {
        for sent in (0..200).step_by(stride) {
            for read in (0..200).step_by(7 * stride) {
                let (all_sent, all_read) = cut(sent, read, is_noticed);
                furthest_in |= all_sent;
                furthest_out |= all_read;
            }
        }
    }
    assert!(furthest_in && furthest_out, "not all places were cut at");
}

/// Returns whether the cuts came behind all that was on its way.
fn cut(sent: usize, read: usize, is_noticed: bool) -> (bool, bool) {
    let mut world = World::new();
    let ben = world.join_quietly(BEN);
    let mut ann = Browser::with_session(&mut world, ANN);
    world.hear(ben);
    let frames =
        [ann.message("하나"), ann.message("/msg 127.0.0.1:45392 속삭임\n둘\n"), ann.message("셋")]
            .concat();
    ann.receive(&mut world, &frames[..sent.min(frames.len())]);
    world.receive(ben, "one\ntwo\n");
    world.receive(ben, "three\n");
    ann.read(&mut world, read);
    let all_read = !world.server.has_pending(ann.id);
    if is_noticed {
        world.leave(ann.id);
    }
    world.receive(ben, "four\n");
    ann.come_back(&mut world, "127.0.0.1:50000");
    ann.read(&mut world, usize::MAX);
    let context = format!("cut at {sent} and {read}, noticed: {is_noticed}");
    let said = |lines: &[String], who: &str| -> Vec<String> {
        lines.iter().filter(|line| line.starts_with(who)).cloned().collect()
    };
    let expected = ["one", "two", "three", "four"].map(|text| format!("[{BEN}] {text}"));
    assert_eq!(said(&ann.lines, &format!("[{BEN}]")), expected, "{context}");
    assert_eq!(said(&ann.lines, "[you ->").len(), 1, "{context}");
    let heard: Vec<String> = world.hear(ben).lines().map(str::to_owned).collect();
    let expected = ["하나", "둘", "셋"].map(|text| format!("[{ANN}] {text}"));
    assert_eq!(said(&heard, &format!("[{ANN}]")), expected, "{context}");
    (sent >= frames.len(), all_read)
}
