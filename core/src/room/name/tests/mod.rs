//! Names as people have them, and what is none.
//!
//! | module | shows |
//! |---|---|
//! | `unicode` | that the tables are those of other packages |
//! | `direction` | what becomes of a line where text is put in its order |
//! | `free` | which name is offered |
//! | `properties` | what holds for any text |

mod direction;
mod free;
mod properties;
mod unicode;

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use super::*;
use crate::limits::MAX_NOTICE;

fn name(text: &str) -> Name {
    Name::new(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn skeletons_of(name: &Name) -> Vec<Skeleton> {
    name.skeletons().iter().cloned().collect()
}

/// Whether two names are the same to a reader.
fn are_same(one: &Name, other: &Name) -> bool {
    let (one, other) = (one.skeletons(), other.skeletons());
    one.iter().any(|one| other.iter().any(|other| one == other))
}

/// All characters, or some of them under Miri, where there is no time for all.
fn all_characters() -> impl Iterator<Item = char> {
    ('\0'..=char::MAX).step_by(if cfg!(miri) { 1_009 } else { 1 })
}

#[test]
fn names_of_the_world() {
    for text in [
        "지민",
        "김민수2",
        "ㅋㅋ",
        "ㅇㅇ",
        "ㅡㅡ",
        "佐々木",
        "〇〇",
        "龍ヶ崎",
        "İbrahim",
        "Kaʻiulani",
        "민수_kim",
        "金지민",
        "洪吉童",
        "𠮷田",
        "たろう",
        "タロー",
        "東京タロウabc",
        "小明",
        "ㄅㄆㄇ明",
        "Ann",
        "ann-marie_2",
        "7",
        "127-0-0-1",
        "José",
        "Nguyễn",
        "Łukasz",
        "Ωμέγα",
        "Александра",
        "Ґалина",
        "محمد",
        "مُحَمَّد",
        "محمد٢",
        "فاطمه۲",
        "דוד",
        "שָׁלוֹם",
        "राम",
        "प्रिया",
        "শুভ",
        "தமிழ்",
        "สมชาย",
        "น้ำ",
        "ໜູ",
        "Սևակ",
        "กั้ง",
        "ကြွှော်",
        "ស្រី",
        "བསྒྲུབས",
        "ሰላም",
        "Հայկ",
        "გიორგი",
        "ᏣᎳᎩ",
        "ߒߞߏ",
        "ⵣⴰⵎ",
    ] {
        assert_eq!(name(text).as_str(), text);
    }
}

#[test]
fn what_is_no_name() {
    let long = "가".repeat(11);
    let thai = "กั้".repeat(9);
    let marks = format!("Ann{}", "\u{e48}".repeat(40));
    let file = "x".repeat(1 << 20);
    for (text, why) in [
        ("", NotAName::Empty),
        (&long, NotAName::TooLong),
        ("abcdefghijklmnopqrstu", NotAName::TooLong),
        (&thai, NotAName::TooLong),
        (&file, NotAName::TooLong),
        ("a b", NotAName::Character(' ')),
        ("a]", NotAName::Character(']')),
        ("> a", NotAName::Character('>')),
        ("127.0.0.1", NotAName::Character('.')),
        ("[::1]:3333", NotAName::Character('[')),
        ("a:1", NotAName::Character(':')),
        ("a/b", NotAName::Character('/')),
        ("a\u{202e}b", NotAName::Character('\u{202e}')),
        // Nothing to see: fillers of Hangul, joiners, selectors.
        ("\u{3164}", NotAName::Character('\u{3164}')),
        ("지민\u{3164}", NotAName::Character('\u{3164}')),
        ("\u{115f}\u{1160}", NotAName::Character('\u{115f}')),
        ("\u{ffa0}", NotAName::Character('\u{ffa0}')),
        ("지\u{200d}민", NotAName::Character('\u{200d}')),
        ("지\u{200b}민", NotAName::Character('\u{200b}')),
        ("漢\u{fe00}", NotAName::Character('\u{fe00}')),
        ("漢\u{e0100}", NotAName::Character('\u{e0100}')),
        ("a\u{34f}b", NotAName::Character('\u{34f}')),
        ("a\u{ad}b", NotAName::Character('\u{ad}')),
        // Jamo that make up no syllable.
        ("\u{1100}", NotAName::Character('\u{1100}')),
        ("가\u{1161}", NotAName::Character('\u{1161}')),
        ("\u{1112}\u{119e}\u{11ab}", NotAName::Character('\u{1112}')),
        // Variants of others.
        ("Ｈｏｓｔ", NotAName::Character('Ｈ')),
        ("１２", NotAName::Character('１')),
        ("ｶﾅ", NotAName::Character('ｶ')),
        ("ﾡ", NotAName::Character('ﾡ')),
        ("𝓙im", NotAName::Character('𝓙')),
        ("ﬁ", NotAName::Character('ﬁ')),
        ("①", NotAName::Character('①')),
        ("x²", NotAName::Character('²')),
        ("ʜᴏsᴛ", NotAName::Character('ʜ')),
        ("aـb", NotAName::Character('ـ')),
        ("👍", NotAName::Character('👍')),
        ("𓀀", NotAName::Character('𓀀')),
        // Lisu's letters like the signs of an address.
        ("127ꓸ0ꓸ0ꓸ1ꓽ4539", NotAName::Character('ꓸ')),
        ("-a", NotAName::Beginning),
        ("__", NotAName::Beginning),
        ("\u{301}a", NotAName::Beginning),
        ("\u{93f}क", NotAName::Beginning),
        (&marks[..18], NotAName::Marks),
        ("지\u{308}민", NotAName::Marks),
        ("2\u{301}", NotAName::Marks),
        ("กั\u{e48}\u{e48}", NotAName::Marks),
        ("x\u{300}\u{301}\u{302}\u{303}\u{304}", NotAName::Marks),
        // Attaches to the bracket.
        ("ำก", NotAName::Marks),
        ("pаypal", NotAName::Scripts),
        ("Ηost", NotAName::Scripts),
        ("지민ж", NotAName::Scripts),
        ("지민カ", NotAName::Scripts),
        ("محمدAnn", NotAName::Scripts),
        ("राम1२", NotAName::Digits),
        ("محمد٢2", NotAName::Digits),
        ("2محمد", NotAName::Direction),
        ("دוד", NotAName::Scripts),
        ("דוד_", NotAName::Direction),
        ("٢٣", NotAName::Direction),
        ("You", NotAName::Reserved),
        ("you", NotAName::Reserved),
        ("Y0U", NotAName::Reserved),
        ("HOST", NotAName::Reserved),
        ("Hóst", NotAName::Reserved),
        ("host_", NotAName::Reserved),
        ("S-erver-", NotAName::Reserved),
        ("НОЅТ", NotAName::Reserved),
        ("ноѕт", NotAName::Reserved),
        ("ꓧꓳꓢꓔ", NotAName::Reserved),
    ] {
        assert_eq!(Name::new(text), Err(why), "{}", &text[..text.len().min(100)]);
    }
}

/// What is answered fits a notice, and begins as the document of the protocol says.
#[test]
fn answers() {
    for (text, answer) in [
        ("", "> A name is 1 to 20 letters, digits, - or _"),
        ("[a", "> A name is 1 to 20 letters, digits, - or _, without ["),
        ("지민\u{200b}", "> A name is 1 to 20 letters, digits, - or _, without U+200B"),
        (
            "지민ж",
            "> A name is 1 to 20 letters, digits, - or _ of one script \
             (한, 漢 and Latin go together)",
        ),
        (
            "Host",
            "> A name is 1 to 20 letters, digits, - or _; nobody can be called You, Host or Server",
        ),
    ] {
        assert_eq!(Name::new(text).unwrap_err().to_string(), answer);
    }
    for why in [
        NotAName::Empty,
        NotAName::TooLong,
        NotAName::Character(' '),
        NotAName::Character(char::MAX),
        NotAName::Beginning,
        NotAName::Marks,
        NotAName::Scripts,
        NotAName::Digits,
        NotAName::Direction,
        NotAName::Reserved,
    ] {
        let answer = why.to_string();
        assert!(answer.starts_with("> A name is 1 to 20 letters, digits, - or _"), "{answer}");
        assert!(answer.len() < MAX_NOTICE, "{answer}");
        assert!(columns(&answer) <= 120 && !answer.contains(char::is_control), "{answer}");
    }
}

#[test]
fn the_same_to_a_reader() {
    for (one, other) in [
        ("지민", "\u{110c}\u{1175}\u{1106}\u{1175}\u{11ab}"),
        ("Ann", "aNN"),
        ("KIM", "kim"),
        ("Kim", "Kirn"),
        ("Ian", "lan"),
        ("Ian", "ian"),
        ("Will", "WIII"),
        ("bob0", "bobO"),
        ("ann1", "annl"),
        ("a__b", "a_b"),
        ("a--b", "a-b"),
        ("José", "JOSE\u{301}"),
        ("straße", "STRASSE"),
        ("Νίκος", "ΝΊΚΟΣ"),
        ("ΝΙΝΑ", "NINA"),
        ("νινα", "viva"),
        ("ΝΙΝΑ", "νινα"),
        ("Никита", "НИКИТА"),
        // The examples of UTS 39, section 4, and others of whole scripts.
        ("scope", "ѕсоре"),
        ("paypaI", "paypal"),
        ("COCOA", "СОСОА"),
        ("НОВОТ", "HOBOT"),
        ("ᎪᎳᎠ", "ꭺꮃꭰ"),
        // What is typed in two ways.
        ("Սևակ", "Սեւակ"),
        ("คำ", "คํา"),
        ("ໜູ", "ຫນູ"),
        // Han and kana.
        ("口", "ロ"),
        ("力", "カ"),
        ("へ", "ヘ"),
        ("一", "ー"),
        ("ㅡ", "一"),
    ] {
        assert!(are_same(&name(one), &name(other)), "{one} {other}");
    }
}

#[test]
fn not_the_same() {
    for (one, other) in [
        ("지민", "지만"),
        ("지민", "지민2"),
        ("지민2", "지민3"),
        ("지민11", "지민12"),
        ("되", "돼"),
        ("ㅋㅋ", "ㅋㅋㅋ"),
        ("ㅋ", "ㅎ"),
        ("Ann", "Anna"),
        ("a-b", "a_b"),
        ("ab", "a-b"),
        ("Jose", "José"),
        ("人", "入"),
        ("は", "ほ"),
        ("Nina", "Viva"),
        ("Иван", "Игорь"),
        ("محمد", "محمود"),
    ] {
        assert!(!are_same(&name(one), &name(other)), "{one} {other}");
    }
}

/// The skeletons that nobody's name may have are those of the words.
#[test]
fn reserved_words() {
    for (word, reserved) in ["You", "Host", "Server"].into_iter().zip(RESERVED) {
        let skeletons = Skeletons::of(word);
        let texts: Vec<&str> = skeletons.iter().map(Skeleton::as_str).collect();
        assert_eq!(texts, [reserved]);
    }
}
