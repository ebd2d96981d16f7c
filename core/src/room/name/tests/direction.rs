//! What becomes of a line where text is put in its order.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use unicode_bidi::{BidiInfo, Level};

use super::*;

/// A line as a terminal shows it that puts text in its order.
fn shown(line: &str) -> String {
    let bidi = BidiInfo::new(line, Some(Level::ltr()));
    bidi.reorder_line(&bidi.paragraphs[0], 0..line.len()).into_owned()
}

/// Where text is put in its order, the brackets stay around a name, and no two names come out
/// alike.
#[test]
fn names_from_right_to_left_keep_their_place() {
    for alphabet in ["אב12-_", "حد12-_", "حد٢٠-_"] {
        let letters: Vec<char> = alphabet.chars().collect();
        let mut texts = Vec::from([String::new()]);
        let mut seen = BTreeSet::new();
        for _ in 0..if cfg!(miri) { 2 } else { 4 } {
            let longer = |text: &String| letters.iter().map(|c| format!("{text}{c}")).collect();
            texts = texts.iter().flat_map::<Vec<String>, _>(longer).collect();
            for name in texts.iter().filter_map(|text| Name::new(text).ok()) {
                for said in ["hello", "שלום", "سلام", "1"] {
                    let line = shown(&format!("[{name}] {said}"));
                    let (before, _) = line.split_once("] ").expect("a label");
                    assert!(before.starts_with('['), "{line}");
                    assert_eq!(before.chars().count(), 1 + name.as_str().chars().count());
                    if said == "hello" {
                        assert!(seen.insert(line.clone()), "{line}");
                    }
                }
            }
        }
        assert!(seen.len() > 30 || cfg!(miri));
    }
}
