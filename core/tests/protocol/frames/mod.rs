//! The frames of a WebSocket: RFC 6455's own examples, and what it demands.

use chat_core::{CloseCode, Frame, FrameReader, FrameWriter};

/// The examples of RFC 6455, section 5.7, that a client sends.
#[test]
fn the_examples_of_the_rfc_are_read() {
    let mut hello = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    let mut reader = FrameReader::default();
    let frame = Frame::Text { bytes: b"Hello", is_end: true, lacks_newline: true };
    assert_eq!(reader.read(&mut hello), Ok(Some((11, frame))));
    assert_eq!(reader.read(&mut []), Ok(None));
    let mut pong = *b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(reader.read(&mut pong), Ok(Some((11, Frame::Pong))));
    let mut unmasked = *b"\x81\x05Hello";
    assert_eq!(reader.read(&mut unmasked), Err(CloseCode::PROTOCOL_ERROR));
}

/// The examples of RFC 6455, section 5.7, that a server sends.
#[test]
fn the_examples_of_the_rfc_are_written() {
    let mut writer = FrameWriter::default();
    let mut sent = Vec::new();
    writer.pong(b"Hello");
    let taken = writer.write(&[b"Hel", b"lo\n"], |parts| {
        sent = parts.concat();
        Ok::<_, ()>(sent.len())
    });
    assert_eq!(taken, Ok(6));
    assert_eq!(sent, b"\x8a\x05Hello\x81\x06Hello\n");
    assert!(writer.is_clean());
}
