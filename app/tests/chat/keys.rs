//! Keys as terminals send them that other programs have left in another mode, and over links that
//! tear them apart.

use std::thread;
use std::time::Duration;

use crate::harness::Peer;
use crate::interactive::room;
use crate::terminal::{Kind, Terminal};

/// Returns what the next message says.
fn said(peer: &mut Peer) -> String {
    peer.line().split_once("] ").unwrap().1.to_owned()
}

/// A program that crashed has left the kitty keyboard protocol on, or xterm's modifyOtherKeys.
#[test]
fn leaving_by_any_form_of_ctrl_c() {
    for ctrl_c in [
        "\x1b[99;5u",
        "\x1b[99;133u",
        "\x1b[99;5:1u",
        "\x1b[27;5;99~",
        "\x1b[1089::99;5u",
        // Of a Korean keyboard.
        "\x1b[12618;5u",
    ] {
        let (_server, mut peer, mut terminal) = room(Kind::WIDE);
        terminal.types(ctrl_c);
        assert_eq!(terminal.status(), 0, "{ctrl_c:?}");
        assert!(peer.line().starts_with("< The user "));
    }
}

#[test]
fn writing_with_code_points() {
    let (_server, mut peer, mut terminal) = room(Kind::WIDE);
    // The release of Ctrl+C, of a program that has just been left; Shift+Enter, and its release.
    terminal.types("\x1b[99;5:3u안녕\x1b[13;2u\x1b[13;2:3u\x1b[104u\x1b[105;129u\x1b[105;1:3u");
    terminal.ends_with(&["[You] 안녕", "[You] hi"]);
    // Backspace, text, Enter.
    terminal.types("\x1b[127u\x1b[0;;54616:51060u");
    terminal.ends_with(&["[You] 안녕", "[You] h하이"]);
    terminal.types("\x1b[13u");
    assert_eq!([said(&mut peer), said(&mut peer)], ["안녕", "h하이"]);
    // Ctrl+D.
    terminal.types("\x1b[100;5u");
    assert_eq!(terminal.status(), 0);
}

const PASTE: &str = "\x1b[200~rm -rf x\rsecond\r\x1b[201~";

/// Types what comes apart on the way.
fn type_apart(terminal: &Terminal, pieces: &[&str], pause: Duration) {
    for piece in pieces {
        terminal.types(piece);
        thread::sleep(pause);
    }
}

/// However slow the link: what is pasted is not sent by itself.
#[test]
fn a_paste_that_comes_apart() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    for (cuts, pause) in [
        (&[1][..], 120),
        (&[2], 120),
        (&[4], 120),
        (&[1, 2, 3], 120),
        (&[6, 14, 15, 22], 120),
        (&[23, 26], 120),
        (&[1, 14, 24], 1_000),
        (&[2], 1_000),
    ] {
        let mut pieces = Vec::new();
        let mut rest = PASTE;
        for (before, cut) in [0].iter().chain(cuts).zip(cuts) {
            let (piece, after) = rest.split_at(cut - before);
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        terminal.types("가");
        type_apart(&terminal, &pieces, Duration::from_millis(pause));
        terminal.types("나");
        terminal.ends_with(&["[You] 가rm -rf x", "[You] second", "[You] 나"]);
        terminal.types("\r");
        let all = [said(&mut peer), said(&mut peer), said(&mut peer)];
        assert_eq!(all, ["가rm -rf x", "second", "나"], "{cuts:?}");
    }
}

/// It is seen that a silence has decided that ESC was pressed: it ends a search.
#[test]
fn the_rest_of_a_sequence_after_escape() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    for (rest, draft) in [
        (PASTE, &["[You] 가rm -rf x", "[You] second", "[You]"][..]),
        ("\x5bD나", &["[You] 나가"]),
        ("OH나", &["[You] 나가"]),
        ("[M !!나", &["[You] 가나"]),
        ("[3;5~나", &["[You] 가나"]),
        ("]11;rgb:0000/0000/0000\x07나", &["[You] 가나"]),
        ("[나", &["[You] 가[나"]),
        ("Oh나", &["[You] 가Oh나"]),
        ("P2P", &["[You] 가P2P"]),
    ] {
        terminal.types("가\x12");
        terminal.ends_with(&["(reverse-i-search)`': 가"]);
        terminal.types("\x1b");
        terminal.ends_with(&["[You] 가"]);
        terminal.types(rest.strip_prefix('\x1b').unwrap_or(rest));
        terminal.ends_with(draft);
        terminal.types("\r");
        for line in draft {
            let text = line.strip_prefix("[You] ").unwrap_or_default();
            assert!(text.is_empty() || said(&mut peer) == text);
        }
    }
}

/// Keys without a meaning, a mouse, a focus, answers: none of it is text, and nothing beside it is
/// lost.
#[test]
fn what_terminals_send_beside_keys() {
    let (_server, mut peer, terminal) = room(Kind::WIDE);
    let sent = [
        "\x1b[M !!",
        "\x1b[M가",
        "\x1b[M#\u{a1}\u{7ff}",
        "\x1b[23$",
        "\x1b[2@",
        "\x1b\x1b[6^",
        "\x1b[[A",
        "\x1bOP",
        "\x1bO5P",
        "\x1bOp",
        "\x1b[I",
        "\x1b[<35;12;7M",
        "\x1b[<0;12;7m",
        "\x1b[32;12;7M",
        "\x1b[?62;22c",
        "\x1b[12;34R",
        "\x1b[?2026;2$y",
        "\x1b]11;rgb:0000/0000/0000\x1b\\",
        "\x1bP1+r544e=787465726d\x1b\\",
        "\u{9b}15~",
        "\u{9d}10;rgb:ffff/ffff/ffff\u{9c}",
        "\0",
    ];
    for apart in [false, true] {
        for sequence in sent {
            terminal.types("안");
            if apart {
                let pieces = sequence.split_inclusive(|_| true).collect::<Vec<_>>();
                type_apart(&terminal, &pieces, Duration::from_millis(5));
            } else {
                terminal.types(sequence);
            }
            terminal.types("녕x\r");
            assert_eq!(said(&mut peer), "안녕x", "{sequence:?}");
        }
    }
}
