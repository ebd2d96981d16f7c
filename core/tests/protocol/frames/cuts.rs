//! Wherever the network cuts what a client sends, a reader says the same.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use regex::bytes::Regex;

use super::page::{
    BINARY, CLOSE, CONTINUATION, Ear, PING, PONG, Said, TEXT, closing, heard_in_chunks, last, more,
    raw,
};
use crate::corpora::utf8_tests;

/// RFC 3629, section 4, rule by rule.
static UTF8: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x-u)\A(?:
        [\x00-\x7f] | [\xc2-\xdf][\x80-\xbf]
        | \xe0[\xa0-\xbf][\x80-\xbf] | [\xe1-\xec][\x80-\xbf]{2}
        | \xed[\x80-\x9f][\x80-\xbf] | [\xee-\xef][\x80-\xbf]{2}
        | \xf0[\x90-\xbf][\x80-\xbf]{2} | [\xf1-\xf3][\x80-\xbf]{3} | \xf4[\x80-\x8f][\x80-\xbf]{2}
        )*\z",
    )
    .unwrap()
});

/// The examples of RFC 6455, section 5.7, that a client sends.
#[test]
fn the_examples_of_the_rfc() {
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(heard_in_chunks(hello, 11), [Said::text("Hello")]);
    let pong = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(heard_in_chunks(pong, 11), [Said::Pong]);
}

#[test]
fn two_cuts_anywhere_change_nothing() {
    let frames = [
        more(TEXT, "안녕"),
        last(PING, "?"),
        last(CONTINUATION, "하세요\n"),
        last(PONG, ""),
        last(BINARY, [0xff; 3]),
        last(TEXT, "ㅋ".repeat(50)),
        closing(4000, "네"),
        last(TEXT, "too late"),
    ];
    let bytes = frames.concat();
    let expected = [
        Said::ping("?"),
        Said::text("안녕하세요\n"),
        Said::Pong,
        Said::Binary(vec![0xff; 3]),
        Said::text("ㅋ".repeat(50)),
        Said::Close(4000),
    ];
    let stride = if cfg!(miri) { 41 } else { 1 };
    for first in (0..=bytes.len()).step_by(stride) {
        for second in (first..=bytes.len()).step_by(stride) {
            let mut ear = Ear::default();
            for chunk in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                ear.hear(chunk);
            }
            assert_eq!(ear.said, expected, "cut at {first} and {second}");
        }
    }
}

/// The payload is what was masked, at each length and with each place of a cut in the mask.
#[test]
fn each_byte_is_unmasked_with_its_own() {
    let text: Vec<u8> = (0..=127).collect();
    for length in 0..text.len() {
        let frame = raw(0x81, &text[..length], [0xa5, 0x0f, 0x80, 0x01]);
        for size in 1..=40 {
            assert_eq!(heard_in_chunks(&frame, size), [Said::text(&text[..length])]);
        }
    }
}

/// What stands before it has been said, if it comes at once too.
#[test]
fn what_is_no_text_takes_nothing_away() {
    let text = "안녕하세요?\n하나";
    for end in [&b"\xff"[..], b"\xed\xa0", b"\xec"] {
        let frames = [more(TEXT, "> "), last(CONTINUATION, [text.as_bytes(), end].concat())];
        let bytes = frames.concat();
        for size in 1..=bytes.len() {
            let mut ear = Ear::default();
            bytes.chunks(size).for_each(|chunk| ear.hear(chunk));
            assert_eq!(ear.said, [Said::Failed(1007)]);
            assert_eq!(ear.unended(), format!("> {text}").as_bytes(), "{size} bytes at once");
        }
    }
}

/// Bytes that are UTF-8 and that are not, from a source that is not ours.
#[test]
fn the_corpus_of_utf8_is_told_apart() {
    let (mut valid, mut invalid) = (0, 0);
    for (_, bytes, decoded) in utf8_tests() {
        let is_valid = bytes == decoded.as_bytes();
        let expected = if is_valid { Said::text(&bytes) } else { Said::Failed(1007) };
        for size in [1, 2, 3, bytes.len() + 14] {
            let said = heard_in_chunks(&last(TEXT, &bytes), size);
            assert_eq!(said, std::slice::from_ref(&expected), "{}", bytes.escape_ascii());
        }
        valid += usize::from(is_valid);
        invalid += usize::from(!is_valid);
    }
    assert!(valid > 20 && invalid > 100, "{valid} and {invalid}");
}

/// Frames that a client may send, and some that it may not.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "[a-z\n가-힣😀]{0,40}".prop_map(String::into_bytes),
        vec(select(&b"\xed\x95\x9c\xf0\x9f\xa0a"[..]), 0..6),
    ];
    let opcode = select(&[TEXT, CONTINUATION, CONTINUATION, BINARY, PING, PONG][..]);
    let data = (opcode, any::<bool>(), text).prop_map(|(opcode, is_final, text)| {
        if is_final || opcode > BINARY { last(opcode, text) } else { more(opcode, text) }
    });
    let raw = (any::<u8>(), vec(any::<u8>(), 0..130), any::<[u8; 4]>())
        .prop_map(|(first, payload, mask)| raw(first, &payload, mask));
    let closing = (990..1020_u16).prop_map(|code| closing(code, "네"));
    prop_oneof![12 => data, 1 => raw, 1 => closing, 1 => vec(any::<u8>(), 1..20),
        1 => Just(last(CLOSE, ""))]
}

/// What section 5 makes of frames, and what has come of the last message if it has not ended: the slow
/// and plain way.
fn model(bytes: &[u8]) -> (Vec<Said>, Vec<u8>) {
    let (mut said, mut message) = (Vec::new(), None);
    let end = read_frames(bytes, &mut said, &mut message);
    said.extend(end.err().map(Said::Failed));
    let unended = match message {
        Some((TEXT, begun)) => {
            // A character that has begun is said once it is whole.
            let is_whole = |end: &usize| UTF8.is_match(&begun[..*end]);
            begun[..(0..=begun.len()).rev().find(is_whole).unwrap()].to_vec()
        }
        Some((_, begun)) => begun,
        None => Vec::new(),
    };
    (said, unended)
}

/// Fails with the code to close with.
fn read_frames(
    bytes: &[u8],
    said: &mut Vec<Said>,
    message: &mut Option<(u8, Vec<u8>)>,
) -> Result<(), u16> {
    let mut rest = bytes;
    loop {
        let Some((&first, after)) = rest.split_first() else { return Ok(()) };
        let (is_final, opcode) = (first & 0x80 != 0, first & 0x0f);
        if first & 0x70 != 0 || !matches!(opcode, 0..=2 | 8..=10) {
            return Err(1002);
        }
        let Some((&second, after)) = after.split_first() else { return Ok(()) };
        let short = usize::from(second & 0x7f);
        if second & 0x80 == 0 || opcode >= 8 && (!is_final || short > 125) {
            return Err(1002);
        }
        let extended = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if after.len() < extended + 4 {
            return Ok(());
        }
        let (number, after) = after.split_at(extended);
        let length = number.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let length = if extended == 0 { short as u64 } else { length };
        let is_shortest = match extended {
            2 => length > 125,
            8 => length > 0xffff && length <= i64::MAX as u64,
            _ => true,
        };
        let goes_on = opcode == CONTINUATION;
        if !is_shortest || opcode < 8 && goes_on != message.is_some() {
            return Err(1002);
        }
        let (mask, after) = after.split_at(4);
        let present = after.len().min(usize::try_from(length).unwrap_or(usize::MAX));
        let is_whole = present as u64 == length;
        let keys = mask.iter().cycle();
        let payload: Vec<u8> =
            after[..present].iter().zip(keys).map(|(byte, key)| byte ^ key).collect();
        rest = &after[present..];
        match opcode {
            8..=10 if !is_whole => {}
            8 => return close(&payload).map(|code| said.push(Said::Close(code))),
            9 => said.push(Said::Ping(payload)),
            10 => said.push(Said::Pong),
            _ => {
                let (kind, begun) = message.get_or_insert((opcode, Vec::new()));
                begun.extend(payload);
                let is_end = is_whole && is_final;
                if *kind == TEXT && !(may_go_on(begun) && (!is_end || UTF8.is_match(begun))) {
                    return Err(1007);
                }
                if is_end {
                    let (kind, text) = message.take().unwrap();
                    said.push(if kind == TEXT { Said::text(text) } else { Said::Binary(text) });
                }
            }
        }
    }
}

/// Whether some bytes behind these make text of them.
fn may_go_on(begun: &[u8]) -> bool {
    let ends: [&[u8]; 7] =
        [b"", b"\x80", b"\xa0", b"\x80\x80", b"\xa0\x80", b"\x90\x80\x80", b"\x80\x80\x80"];
    ends.iter().any(|end| UTF8.is_match(&[begun, end].concat()))
}

/// The code that a close frame gives.
fn close(payload: &[u8]) -> Result<u16, u16> {
    let [high, low, reason @ ..] = payload else {
        return if payload.is_empty() { Ok(1000) } else { Err(1002) };
    };
    match u16::from_be_bytes([*high, *low]) {
        1000..=1003 | 1007..=1014 | 3000..=4999 if !UTF8.is_match(reason) => Err(1007),
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(code),
        _ => Err(1002),
    }
}

proptest! {
    #[test]
    fn any_frames_in_any_chunks(
        frames in vec(frame(), 0..12),
        sizes in vec(1..30_usize, 1..8),
    ) {
        let bytes = frames.concat();
        let (expected, unended) = model(&bytes);
        let mut ear = Ear::default();
        let mut rest = &bytes[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at((*size).min(rest.len()));
            ear.hear(chunk);
            rest = after;
        }
        assert_eq!(&ear.said, &expected);
        assert_eq!(ear.unended(), unended);
    }
}
