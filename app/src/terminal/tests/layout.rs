//! Rows, compared with those of a terminal that wraps text itself.

use std::borrow::Cow;

use super::emulator::Emulator;
use crate::terminal::draft::View;
use crate::terminal::layout::{Rows, lay_out, least_height};

const VIEW: View<'_> =
    View { prompt: Cow::Borrowed("[You] "), label: "[You] ", text: "", cursor: 0, hint: "" };

fn rows_of(text: &str, cursor: usize, columns: usize) -> Rows {
    lay_out("", &View { text, cursor, ..VIEW }, columns)
}

fn texts(rows: &Rows) -> Vec<&str> {
    rows.rows.iter().map(|row| row.text.as_str()).collect()
}

/// Texts on whose widths terminals agree.
const TEXTS: [&str; 6] = [
    "안녕하세요 반갑습니다 네네 ㅋㅋㅋㅋ",
    "abc def ghi jkl mno pqr stu vwx yz 0123456789",
    "a가b나c다d라e마f바g사h아i자j차k카l타m파n하",
    "漢字とかなカナ",
    "😀😀😀a😀😀",
    "",
];

/// Rows are broken where a terminal would wrap, and before a wide character that does not fit.
#[test]
fn rows_are_those_of_a_terminal() {
    for text in TEXTS {
        for columns in 7..60 {
            let rows = rows_of(text, text.len(), columns);
            let mut terminal = Emulator::new(columns, 20, false);
            terminal.feed(format!("[You] {text}").as_bytes());
            let mut ours: Vec<&str> = rows.rows.iter().map(|row| row.text.trim_end()).collect();
            // A terminal keeps the cursor in a full row; the next character is on the next one.
            let (row, column) = terminal.cursor();
            let is_full = column == terminal.columns();
            assert_eq!(rows.cursor_row, row + usize::from(is_full), "{text:?} in {columns}");
            ours.truncate(ours.len() - usize::from(is_full));
            assert_eq!(ours, terminal.screen(), "{columns} columns");
        }
    }
}

#[test]
fn the_cursor_is_where_the_next_character_goes() {
    let rows = rows_of("가나다", 0, 8);
    assert_eq!(texts(&rows), ["[You] 가", "나다"]);
    assert_eq!((rows.cursor_row, rows.cursor_byte), (0, 6));
    let rows = rows_of("가나다", 3, 8);
    assert_eq!((rows.cursor_row, rows.cursor_byte), (1, 0));
    let rows = rows_of("가나다", 9, 8);
    assert_eq!((rows.cursor_row, rows.cursor_byte), (1, 6));
    // Behind a full row.
    let rows = rows_of("가", 3, 8);
    assert_eq!(texts(&rows), ["[You] 가", ""]);
    assert_eq!((rows.cursor_row, rows.cursor_byte), (1, 0));
    // Before a wide character that does not fit.
    let rows = rows_of("a가", 1, 8);
    assert_eq!(texts(&rows), ["[You] a", "가"]);
    assert_eq!((rows.cursor_row, rows.cursor_byte), (1, 0));
}

#[test]
fn each_line_has_its_prompt() {
    let rows = rows_of("하나\n\n셋", 4 + 3, 80);
    assert_eq!(texts(&rows), ["[You] 하나", "[You] ", "[You] 셋"]);
    assert_eq!((rows.cursor_row, rows.cursor_byte), (1, 6));
    let view =
        View { prompt: "(reverse-i-search)`나': ".into(), text: "하나", cursor: 3, ..VIEW };
    let rows = lay_out("", &view, 80);
    assert_eq!(texts(&rows), ["(reverse-i-search)`나': 하나"]);
}

#[test]
fn what_is_not_sent_stands_above() {
    let view = View { text: "셋", cursor: 3, ..VIEW };
    let rows = lay_out("하나\n둘\n", &view, 80);
    assert_eq!(texts(&rows), ["[You] 하나", "[You] 둘", "[You] 셋"]);
    let pending: Vec<bool> = rows.rows.iter().map(|row| row.dim_from.is_some()).collect();
    assert_eq!(pending, [true, true, false]);
    assert_eq!(rows.cursor_row, 2);
}

#[test]
fn a_hint_stands_where_nothing_is_written() {
    let host = View { prompt: "[Host] ".into(), label: "[Host] ", hint: "chat join …", ..VIEW };
    for columns in [20, 80] {
        let rows = lay_out("하나\n", &host, columns);
        assert_eq!(texts(&rows), ["[Host] 하나", "[Host] chat join …"]);
        assert_eq!(rows.rows[1].dim_from, Some(7));
        assert_eq!((rows.cursor_row, rows.cursor_byte), (1, 7));
    }
    // As a whole, or not at all: some terminals give `…` two columns.
    assert_eq!(texts(&lay_out("", &host, 18)), ["[Host] "]);
    let rows = lay_out("", &View { text: "둘\n", cursor: 4, ..host }, 80);
    assert_eq!(texts(&rows), ["[Host] 둘", "[Host] "]);
    assert_eq!(rows.rows[1].dim_from, None);
}

#[test]
fn tabs_are_as_wide_as_to_the_next_stop() {
    let rows = rows_of("a\tb\t", 4, 20);
    assert_eq!(texts(&rows), ["[You] a b       ", ""][..1]);
    let rows = rows_of("a\tb\tc", 4, 20);
    assert_eq!(texts(&rows), ["[You] a b       c"]);
    let rows = rows_of("123456789\t!", 0, 18);
    assert_eq!(texts(&rows), ["[You] 123456789 !"]);
}

#[test]
fn no_width_is_too_small() {
    for columns in 0..8 {
        for text in TEXTS.into_iter().chain(["\t가\t나", "\u{1112}\u{1161}\u{11ab}\u{301}"]) {
            let rows = rows_of(text, text.len(), columns);
            assert!(rows.cursor_row < rows.rows.len());
            assert!(rows.cursor_byte <= rows.rows[rows.cursor_row].text.len());
        }
    }
}

#[test]
fn heights() {
    assert_eq!(least_height("", 0, 10), 1);
    assert_eq!(least_height("0123456789", 0, 10), 1);
    assert_eq!(least_height("0123456789", 1, 10), 2);
    assert_eq!(least_height("0123456789a", 0, 10), 2);
    assert_eq!(least_height("가나다라마", 0, 9), 2);
}

/// Terminals differ in how wide these are. Rows are broken for the widest, and counted for the
/// narrowest.
#[test]
fn characters_of_no_certain_width() {
    for (character, most, least) in [
        ("👩\u{200d}🚀", 5, 2),
        ("👨\u{200d}👩\u{200d}👧\u{200d}👦", 11, 2),
        ("❤\u{fe0f}", 4, 1),
        ("কা", 2, 1),
        ("\u{3164}", 2, 0),
        ("\u{ad}", 2, 0),
        ("→", 2, 1),
        ("…", 2, 1),
    ] {
        let text = character.repeat(3);
        let rows = rows_of(&text, 0, "[You] ".len() + 2 * most);
        assert_eq!(texts(&rows), [&format!("[You] {character}{character}"), character]);
        assert_eq!(least_height(&text, 0, (3 * least).max(1)), 1, "{character}");
        assert_eq!(least_height(&text, least, 3 * least), 1 + least.min(1), "{character}");
    }
}
