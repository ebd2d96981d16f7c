//! From bytes to text: however they are cut, and whatever they are.

use chat_core::{Client, Instant, Limits, Lines, MIN_LINE};
use proptest::collection::vec;
use proptest::prelude::*;

use super::config;
use crate::world::{ANN, World};

/// Bytes as an unfriendly peer would choose them: pieces of everything that is treated specially.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z ]{1,20}".prop_map(String::into_bytes),
        3 => "[가-힣ㄱ-ㅎ]{1,9}".prop_map(String::into_bytes),
        1 => "(\u{1112}\u{1161}\u{11ab}|e\u{301}{1,12}|👩\u{200d}🚀|🇰🇷){1,4}".prop_map(String::into_bytes),
        3 => prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("\r\r\n"), Just("\n\n")]
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => "[\u{0}-\u{9f}\u{200e}\u{202e}\u{2028}]{1,3}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 1..5),
        1 => prop_oneof![Just(b"\xed\x95".to_vec()), Just(b"\xf0\x9f\x98".to_vec()), Just(b"\xe2".to_vec())],
    ];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// The bytes in chunks of these sizes, over and over.
fn chunks<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while let Some(&size) = sizes.next().filter(|_| !rest.is_empty()) {
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// What a room makes of a member's bytes that come in chunks of these sizes.
fn said(bytes: &[u8], sizes: &[usize], ends_with_silence: bool) -> String {
    let mut world = World::with(Limits { max_line: MIN_LINE, ..Limits::default() });
    let ann = world.join_quietly(ANN);
    world.console();
    for chunk in chunks(bytes, sizes) {
        world.receive(ann, chunk);
    }
    if ends_with_silence {
        world.pass_millis(100);
    } else {
        world.end_of_input(ann);
    }
    world.console()
}

/// What a client shows of a server's bytes that come in such chunks, and what it sends if its user
/// types them.
fn shown_and_sent(bytes: &[u8], sizes: &[usize]) -> (String, String) {
    let now = Instant::default();
    let (mut from_server, mut from_user) = (Client::new(now), Client::new(now));
    from_user.receive(now, b"> Connected\n", false);
    for chunk in chunks(bytes, sizes) {
        from_server.receive(now, chunk, false);
        from_user.type_in(chunk);
    }
    from_server.end_of_stream();
    from_user.end_of_input();
    let mut sent = Vec::new();
    while !from_user.is_all_sent(now) {
        let lent = from_user.transmit(now).to_vec();
        from_user.sent(now, lent.len());
        sent.extend(lent);
    }
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(from_server.take_lines(Lines::default()).into_bytes()), text(sent))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_chunks_give_the_same_output(
        bytes in hostile_bytes(),
        sizes in vec(1_usize..40, 1..10),
        ends_with_silence: bool,
    ) {
        let whole = said(&bytes, &[usize::MAX], ends_with_silence);
        prop_assert_eq!(&said(&bytes, &sizes, ends_with_silence), &whole);
        prop_assert_eq!(&said(&bytes, &[1], ends_with_silence), &whole);
    }

    #[test]
    fn any_chunks_are_the_same_to_a_client(
        bytes in prop_oneof![
            hostile_bytes(),
            "([a-z가-힣]{0,3}\n){0,20}".prop_map(String::into_bytes),
        ],
        sizes in vec(1_usize..40, 1..10),
    ) {
        let whole = shown_and_sent(&bytes, &[usize::MAX]);
        prop_assert_eq!(&shown_and_sent(&bytes, &sizes), &whole);
        prop_assert_eq!(&shown_and_sent(&bytes, &[1]), &whole);
        prop_assert!(!whole.0.starts_with('\n') && !whole.0.contains("\n\n"), "{:?}", whole.0);
    }

    #[test]
    fn nothing_but_clean_short_lines_comes_out(bytes in hostile_bytes(), silence: bool) {
        let label = format!("[{ANN}] ");
        for line in said(&bytes, &[usize::MAX], silence).lines() {
            if let Some(text) = line.strip_prefix(&label) {
                prop_assert!((1..=MIN_LINE).contains(&text.len()), "{:?}", text);
            } else {
                prop_assert_eq!(line, format!("< The user {ANN} left (0 user online)"));
            }
            let is_hostile = |c: char| {
                (c.is_control() && c != '\t')
                    || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
            };
            prop_assert!(!line.contains(is_hostile), "{:?}", line);
        }
    }

    #[test]
    fn text_is_relayed_whole(text in "[a-z가-힣ㄱ-ㅎ👩\u{200d}🚀\u{301} ]{1,200}") {
        let relayed = said(format!("{text}\n").as_bytes(), &[7], true);
        let label = format!("[{ANN}] ");
        let texts: String = relayed.lines().filter_map(|line| line.strip_prefix(&label)).collect();
        // A piece of nothing else would be a message with nothing to see.
        let visible = |text: &str| text.replace([' ', '\u{200d}'], "");
        prop_assert_eq!(visible(&texts), visible(&text));
    }
}
