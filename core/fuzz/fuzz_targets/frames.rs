//! Whatever a client sends over a WebSocket, and however it is cut on its way: a server reads the
//! same. However little a socket takes of what a server lends: a client reads the same.

#![no_main]

#[allow(dead_code, reason = "nothing is sent here as a client sends it")]
#[path = "../../tests/protocol/frames/page.rs"]
mod page;

use std::convert::Infallible;

use chat_core::FrameWriter;
use libfuzzer_sys::fuzz_target;
use page::{Ear, Page, Said};

/// Has `bytes` come in chunks of these lengths.
fn hear(bytes: &[u8], lengths: &mut dyn Iterator<Item = usize>) -> Ear {
    let (mut ear, mut rest) = (Ear::default(), bytes);
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (chunk, after) = rest.split_at(length);
        ear.hear(chunk);
        rest = after;
    }
    ear
}

fn read(bytes: &[u8], script: &[u8]) {
    let whole = hear(bytes, &mut std::iter::empty());
    for said in &whole.said {
        if let Said::Text { bytes, lacks_newline } = said {
            assert!(std::str::from_utf8(bytes).is_ok());
            assert_eq!(*lacks_newline, !bytes.ends_with(b"\n"));
        }
    }
    let is_over = |said: &Said| matches!(said, Said::Failed(_) | Said::Close(_));
    let end = whole.said.iter().position(is_over);
    assert!(end.is_none_or(|end| end + 1 == whole.said.len()), "something comes behind the end");
    let mut lengths = script.iter().map(|length| usize::from(*length));
    let cut = hear(bytes, &mut lengths);
    let byte_by_byte = hear(bytes, &mut std::iter::repeat(1));
    for other in [cut, byte_by_byte] {
        assert_eq!(other.said, whole.said);
        assert_eq!(other.unended(), whole.unended());
    }
}

/// Lends lines bit by bit, in slices, to a socket that takes as much as the script says.
fn write(bytes: &[u8], script: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // Long lines too.
    let lines = [&text, "\n", &text.repeat(usize::from(script.len() as u8)), "\n"].concat();
    let (mut writer, mut page) = (FrameWriter::default(), Page::default());
    let (mut taken, mut pongs) = (0, 0);
    let mut acts = script.chunks_exact(3);
    while taken < lines.len() || !writer.is_clean() {
        let act = acts.next();
        match act {
            Some([200..=227, ..]) => {
                writer.pong(b"?");
                pongs += 1;
            }
            Some([228..=255, ..]) => writer.heartbeat(),
            _ => {}
        }
        let pending = &lines.as_bytes()[taken..];
        let (first, most) = match act {
            Some([a, b, c]) => (usize::from(*a) << 6, usize::from(*b) << (c % 9)),
            _ => (pending.len(), usize::MAX),
        };
        let (first, second) = pending.split_at(first.min(pending.len()));
        let Ok(more) = writer.write(&[first, second], |parts| {
            let mut sent = parts.concat();
            sent.truncate(most);
            page.take(&sent);
            Ok::<_, Infallible>(sent.len())
        });
        taken += more;
    }
    assert!(page.is_between_frames());
    assert!(page.messages.concat() == lines);
    assert!(page.messages.iter().all(|message| message.is_empty() || message.ends_with('\n')));
    assert!(page.pongs.len() <= pongs && (pongs == 0 || !page.pongs.is_empty()));
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&length, rest)) = bytes.split_first() else { return };
    let (script, rest) = rest.split_at(usize::from(length).min(rest.len()));
    read(rest, script);
    write(rest, script);
});
