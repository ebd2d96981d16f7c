//! What Autobahn's suite (wstest, Apache-2.0) checks of a server, case by case under its numbers,
//! but with the frames alone: <https://crossbar.io/autobahn/>. Each comes in all the ways in which
//! a network may cut it.
//!
//! Its cases 9.* send messages of up to 16 MiB, to measure them; here 1 MiB is enough for all forms of
//! a length. 12.* and 13.* are about compression, which is not offered.

use super::page::{
    BINARY, CLOSE, CONTINUATION, PING, PONG, Said, TEXT, closing, heard_in_chunks, last, more, raw,
};

const PROTOCOL_ERROR: u16 = 1002;
const INVALID_TEXT: u16 = 1007;

/// Bytes that are not UTF-8.
const BINARY_BYTES: &[u8] = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";

const HELLO: &str = "Hello, world!";

/// Letters of two bytes and of three.
const KOSME: &str = "κ\u{1f79}σμε";

/// Has all the frames come at once, byte by byte, and in pieces between; each gives the same.
fn check(case: &str, frames: &[Vec<u8>], expected: &[Said]) {
    let bytes = frames.concat();
    // An interpreter has no time for more.
    let few = if cfg!(miri) { 3 } else { 0 };
    for size in [1, 2, 3, 7, 1024, bytes.len().max(1)].into_iter().skip(few) {
        assert_eq!(heard_in_chunks(&bytes, size), expected, "case {case}, {size} bytes at once");
    }
}

/// The connection fails at once, and what comes then is not looked at.
fn check_failure(case: &str, before: &[Said], frames: &[Vec<u8>], code: u16) {
    check(case, frames, &[before, &[Said::Failed(code)]].concat());
}

#[test]
fn framing() {
    for (number, length) in [0, 125, 126, 127, 128, 65_535, 65_536, 65_536].into_iter().enumerate()
    {
        let text = vec![b'*'; length];
        let case = format!("1.1.{}", number + 1);
        check(&case, &[last(TEXT, &text)], &[Said::text(&text)]);
        let bytes = vec![0xfe; length];
        let case = format!("1.2.{}", number + 1);
        check(&case, &[last(BINARY, &bytes)], &[Said::Binary(bytes)]);
    }
}

#[test]
fn pings_and_pongs() {
    check("2.1", &[last(PING, "")], &[Said::ping("")]);
    check("2.2", &[last(PING, HELLO)], &[Said::ping(HELLO)]);
    check("2.3", &[last(PING, BINARY_BYTES)], &[Said::ping(BINARY_BYTES)]);
    check("2.4, 2.6", &[last(PING, [0xfe; 125])], &[Said::ping([0xfe; 125])]);
    check_failure("2.5", &[], &[last(PING, [0xfe; 126])], PROTOCOL_ERROR);
    check("2.7", &[last(PONG, ""), closing(1000, "")], &[Said::Pong, Said::Close(1000)]);
    check("2.8", &[last(PONG, "unasked"), closing(1000, "")], &[Said::Pong, Said::Close(1000)]);
    check("2.9", &[last(PONG, "no"), last(PING, "yes")], &[Said::Pong, Said::ping("yes")]);
    let payloads: Vec<String> = (0..10).map(|number| format!("payload-{number}")).collect();
    let pings: Vec<Vec<u8>> = payloads.iter().map(|payload| last(PING, payload)).collect();
    let said: Vec<Said> = payloads.iter().map(Said::ping).collect();
    check("2.10, 2.11", &pings, &said);
}

#[test]
fn reserved_bits() {
    for reserved in 1..=7 {
        for (opcode, payload) in
            [(TEXT, HELLO.as_bytes()), (BINARY, BINARY_BYTES), (PING, b"a"), (CLOSE, b"")]
        {
            let frames = [
                last(TEXT, HELLO),
                raw(0x80 | reserved << 4 | opcode, payload, [1, 2, 3, 4]),
                last(PING, ""),
            ];
            check_failure(&format!("3.{reserved}"), &[Said::text(HELLO)], &frames, PROTOCOL_ERROR);
        }
    }
}

#[test]
fn opcodes() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in ["", "reserved opcode payload"] {
            let frames = [last(TEXT, HELLO), last(opcode, payload), last(PING, "")];
            check_failure(&format!("4.* {opcode}"), &[Said::text(HELLO)], &frames, PROTOCOL_ERROR);
        }
    }
}

#[test]
fn fragments() {
    let whole = [Said::text("fragment1fragment2")];
    let first = || more(TEXT, "fragment1");
    let second = || last(CONTINUATION, "fragment2");
    check_failure("5.1", &[], &[more(PING, "fragment1"), second()], PROTOCOL_ERROR);
    check_failure("5.2", &[], &[more(PONG, "fragment1"), second()], PROTOCOL_ERROR);
    check("5.3 to 5.5", &[first(), second()], &whole);
    let frames = [first(), last(PING, "ping payload"), second()];
    check("5.6 to 5.8", &frames, &[&[Said::ping("ping payload")], &whole[..]].concat());
    for continuation in [last(CONTINUATION, "nothing before"), more(CONTINUATION, "nothing before")]
    {
        let frames = [continuation.clone(), last(TEXT, HELLO)];
        check_failure("5.9 to 5.14", &[], &frames, PROTOCOL_ERROR);
        let frames = [first(), second(), continuation.clone(), last(TEXT, "fragment4")];
        check_failure("5.15", &whole, &frames, PROTOCOL_ERROR);
        let frames = [continuation, first(), second()];
        check_failure("5.16, 5.17", &[], &frames, PROTOCOL_ERROR);
    }
    let frames = [first(), last(TEXT, "fragment2")];
    check_failure("5.18", &[], &frames, PROTOCOL_ERROR);
    let frames = [
        more(TEXT, "1"),
        more(CONTINUATION, "2"),
        last(PING, "pongme 1!"),
        more(CONTINUATION, "3"),
        more(CONTINUATION, "4"),
        last(PING, "pongme 2!"),
        last(CONTINUATION, "5"),
    ];
    let said = [Said::ping("pongme 1!"), Said::ping("pongme 2!"), Said::text("12345")];
    check("5.19, 5.20", &frames, &said);
}

#[test]
fn empty_messages() {
    check("6.1.1", &[last(TEXT, "")], &[Said::text("")]);
    let frames = [more(TEXT, ""), more(CONTINUATION, ""), last(CONTINUATION, "")];
    check("6.1.2", &frames, &[Said::text("")]);
    let frames = [more(TEXT, ""), more(CONTINUATION, "middle"), last(CONTINUATION, "")];
    check("6.1.3", &frames, &[Said::text("middle")]);
}

/// A text message of a frame for each byte.
fn frame_by_frame(text: &[u8]) -> Vec<Vec<u8>> {
    let (end, begin) = text.split_last().unwrap();
    let opcodes = [TEXT].into_iter().chain([CONTINUATION; 64]);
    let mut opcodes = opcodes.take(text.len());
    let mut frames: Vec<_> =
        begin.iter().map(|byte| more(opcodes.next().unwrap(), [*byte])).collect();
    frames.push(last(opcodes.next().unwrap(), [*end]));
    frames
}

#[test]
fn valid_text() {
    let text = "Hello-µ@ßöäüàá-UTF-8!!";
    check("6.2.1", &[last(TEXT, text)], &[Said::text(text)]);
    let (first, second) = text.split_at(15);
    check("6.2.2", &[more(TEXT, first), last(CONTINUATION, second)], &[Said::text(text)]);
    check("6.2.3", &frame_by_frame(text.as_bytes()), &[Said::text(text)]);
    check("6.2.4", &frame_by_frame(KOSME.as_bytes()), &[Said::text(KOSME)]);
    for text in ["안녕하세요?", "👩‍👩‍👧‍👦", "\u{0}", "\u{ffff}\u{10ffff}"] {
        check("6.5 to 6.24", &[last(TEXT, text)], &[Said::text(text)]);
        check("6.5 to 6.24", &frame_by_frame(text.as_bytes()), &[Said::text(text)]);
    }
}

/// It fails with the very byte that makes it invalid (6.4.*), and not before.
#[test]
fn text_that_is_not_valid() {
    for bad in [&b"\xed\xa0\x80"[..], b"\xf4\x90\x80\x80"] {
        let text = [KOSME.as_bytes(), bad, b"edited"].concat();
        check_failure("6.3.1", &[], &[last(TEXT, &text)], INVALID_TEXT);
        check_failure("6.3.2", &[], &frame_by_frame(&text), INVALID_TEXT);
        // Behind eleven bytes that are valid, the second one of the sequence.
        let head = 6;
        for (wire, first) in
            [(last(TEXT, &text), head + 12), (frame_by_frame(&text).concat(), (head + 1) * 13 - 1)]
        {
            let fails = [Said::Failed(INVALID_TEXT)];
            assert_eq!(heard_in_chunks(&wire[..first], 1), [], "6.4.*");
            assert_eq!(heard_in_chunks(&wire[..=first], 1), fails, "6.4.*");
            assert_eq!(heard_in_chunks(&wire[..=first], first), fails, "6.4.*");
        }
    }
    // A message that ends inside a character, however it does.
    for begun in ["\u{7ff}", "\u{ffff}", "\u{10ffff}"].map(str::as_bytes) {
        let begun = &begun[..begun.len() - 1];
        check_failure("6.6, 6.14", &[], &[last(TEXT, begun)], INVALID_TEXT);
        let frames = [more(TEXT, begun), last(CONTINUATION, "")];
        check_failure("6.6, 6.14", &[], &frames, INVALID_TEXT);
    }
    // What is not said is the next message.
    check("-", &[last(TEXT, "a"), last(TEXT, "\u{80}")], &[Said::text("a"), Said::text("\u{80}")]);
}

#[test]
fn closing_handshakes() {
    let closed = [Said::Close(1000)];
    check("7.1.2", &[closing(1000, ""), last(CLOSE, "")], &closed);
    check("7.1.3", &[closing(1000, ""), last(PING, "")], &closed);
    check("7.1.4", &[closing(1000, ""), last(TEXT, HELLO)], &closed);
    let frames = [more(TEXT, "fragment1"), closing(1000, ""), last(CONTINUATION, "fragment2")];
    check("7.1.5", &frames, &closed);
    let long = "BAsd7&jh23".repeat(26_000);
    let frames = [last(TEXT, &long), last(TEXT, HELLO), closing(1000, ""), last(PING, "")];
    check("7.1.6", &frames, &[Said::text(long), Said::text(HELLO), Said::Close(1000)]);
    check("7.3.1", &[last(CLOSE, "")], &closed);
    check_failure("7.3.2", &[], &[last(CLOSE, "a")], PROTOCOL_ERROR);
    check("7.3.3", &[closing(1000, "")], &closed);
    check("7.3.4", &[closing(1000, HELLO)], &closed);
    check("7.3.5", &[closing(1000, [b'*'; 123])], &closed);
    check_failure("7.3.6", &[], &[closing(1000, [b'*'; 124])], PROTOCOL_ERROR);
    let reason = [KOSME.as_bytes(), b"\xed\xa0\x80edited"].concat();
    check_failure("7.5.1", &[], &[closing(1000, reason)], INVALID_TEXT);
}

/// The registry of close codes: <https://www.iana.org/assignments/websocket>.
#[test]
fn close_codes() {
    for code in (0..=u16::MAX).step_by(if cfg!(miri) { 7 } else { 1 }) {
        let is_registered = matches!(code, 1000..=1003 | 1007..=1014);
        let is_free = matches!(code, 3000..=4999);
        let said =
            if is_registered || is_free { Said::Close(code) } else { Said::Failed(PROTOCOL_ERROR) };
        assert_eq!(heard_in_chunks(&closing(code, ""), 2), [said], "7.7.*, 7.9.*, 7.13.*");
    }
}

#[test]
fn long_messages() {
    let long = vec![b'*'; if cfg!(miri) { 70_000 } else { 1 << 20 }];
    let messages = [last(TEXT, &long), last(BINARY, &long)];
    for (frame, said) in messages.into_iter().zip([Said::text(&long), Said::Binary(long.clone())]) {
        for size in [1, 997, 64 * 1024, frame.len()] {
            let heard = heard_in_chunks(&frame, size);
            assert_eq!(heard, std::slice::from_ref(&said), "9.1.*, 9.2.*, 9.5.*, 9.6.*");
        }
    }
    for size in [64, 1300, 256 * 1024] {
        let mut frames: Vec<_> = long.chunks(size).map(|part| more(CONTINUATION, part)).collect();
        frames[0] = more(TEXT, &long[..size.min(long.len())]);
        frames.push(last(CONTINUATION, ""));
        let said = heard_in_chunks(&frames.concat(), 64 * 1024);
        assert_eq!(said, [Said::text(&long)], "9.3.*, 9.4.*, 10.1.1");
    }
}

/// What the RFC demands and Autobahn does not ask for.
#[test]
fn heads_that_no_client_may_send() {
    let mut unmasked = last(TEXT, "a");
    unmasked[1] &= 0x7f;
    check_failure("5.1 of the RFC", &[], &[unmasked], PROTOCOL_ERROR);
    // Lengths in a longer form than they need, and one that is negative in another language.
    for head in [
        b"\x81\xfe\x00\x7d".to_vec(),
        b"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff".to_vec(),
        b"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00".to_vec(),
    ] {
        let frame = [&head[..], b"\x01\x02\x03\x04"].concat();
        check_failure("5.2 of the RFC", &[], &[frame], PROTOCOL_ERROR);
    }
    // The shortest that need them.
    for length in [126, 0x1_0000] {
        let text = vec![b'x'; length];
        check("5.2 of the RFC", &[last(TEXT, &text)], &[Said::text(&text)]);
    }
}
