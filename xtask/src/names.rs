//! `cargo xtask names`: writes what the core knows of the characters that names are made of.
//!
//! The packages that have Unicode's tables are large: UTS 39's confusables alone would be 330 KiB
//! of the executable. Of all that the core needs only what concerns a few ranges of characters, as
//! narrow as can be. The core's tests compare what is written with those packages again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::iter;
use std::ops::RangeInclusive;

use argh::FromArgs;
use fs_err as fs;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, ScriptExtension};
use unicode_security::GeneralSecurityProfile as _;
use unicode_security::general_security_profile::IdentifierType::{
    Inclusion, Limited_Use, Recommended, Uncommon_Use,
};
use unicode_security::mixed_script::AugmentedScriptSet;

use crate::shell::{Outcome, root, run, say};

/// Write core/src/room/name/tables.rs anew, from the tables of the packages unicode-normalization,
/// unicode-script and unicode-security as they are in Cargo.lock.
#[derive(FromArgs)]
#[argh(subcommand, name = "names")]
pub(crate) struct Names {}

const FILE: &str = "core/src/room/name/tables.rs";

impl Names {
    pub(crate) fn run(&self) -> Outcome<()> {
        let file = root().join(FILE);
        fs::write(&file, written())?;
        run(std::process::Command::new("rustfmt").args(["--edition", "2024"]).arg(&file))?;
        say(&format!("{FILE} is written."));
        Ok(())
    }
}

/// Returns the whole file.
fn written() -> String {
    let mut scripts = Scripts::default();
    let ranges = ranges(&mut scripts);
    let looks = looks();
    let (major, minor, update) = unicode_security::UNICODE_VERSION;
    let mut file = format!(
        "//! Written by `cargo xtask names` from the data of Unicode {major}.{minor}.{update}, \
         which is under\n//! the Unicode License V3.\n\n\
         use super::characters::{{Kind, Look, Run}};\n"
    );
    let _ = write!(file, "{}{}{}", scripts.written(), written_runs(&ranges), looks.written());
    file
}

/// What a character is in a name, as `Kind` in the core has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Letter,
    Mark,
    Digit,
    Line,
}

/// Letters that are on keyboards, and that UTS 39 leaves out because normalizing by compatibility
/// would change them: Armenian's and, Thai's and Lao's am, Lao's two digraphs, and the letters of
/// Korean where they are not made into syllables (ㅋㅋ).
const TYPED: [RangeInclusive<char>; 5] = [
    '\u{587}'..='\u{587}',
    '\u{e33}'..='\u{e33}',
    '\u{eb3}'..='\u{eb3}',
    '\u{edc}'..='\u{edd}',
    '\u{3131}'..='\u{3163}',
];

/// Returns what a character is in a name, if it may be in one.
fn kind(c: char) -> Option<Kind> {
    let is_typed = TYPED.iter().any(|typed| typed.contains(&c));
    // Lisu has letters like the `.` and the `:` of an address, and its digits are ASCII's.
    let is_sign = !c.identifier_allowed()
        && unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).any(|c| c.is_ascii_punctuation());
    match c {
        '-' | '_' => Some(Kind::Line),
        _ if !(is_in_use(c) || is_typed) || is_sign || c.nfc().ne(iter::once(c)) => None,
        _ if is_combining_mark(c) => Some(Kind::Mark),
        _ if c.is_alphabetic() => Some(Kind::Letter),
        _ if is_in_decimal_run(c) => Some(Kind::Digit),
        _ => None,
    }
}

fn is_in_use(c: char) -> bool {
    match c.identifier_type() {
        Some(Inclusion | Limited_Use | Recommended) => true,
        // Rare Hanja are in names above all. Rare marks would be in them to be overlooked.
        Some(Uncommon_Use) => c.is_alphanumeric(),
        _ => false,
    }
}

/// Returns whether a character is one of ten that follow each other and are numeric, as decimal
/// digits are. (The standard library knows no values but those of ASCII's.)
fn is_in_decimal_run(c: char) -> bool {
    let is_number = |c: char| c.is_numeric() && !c.is_alphabetic() && is_in_use(c);
    let run = |towards: fn(u32, u32) -> Option<u32>| {
        let neighbour = move |n| towards(c.into(), n).and_then(char::from_u32);
        (1..).map_while(move |n| neighbour(n).filter(|c| is_number(*c)))
    };
    let length = 1 + run(u32::checked_sub).count() + run(u32::checked_add).count();
    is_number(c) && length == 10
}

/// Numbers the scripts, and the sets of them that characters belong to.
#[derive(Default)]
struct Scripts {
    bits: BTreeMap<&'static str, u32>,
    sets: Vec<u128>,
}

/// The writing systems of several scripts, which UTS 39 takes for one.
const KOREAN: &str = "Korean";
const JAPANESE: &str = "Japanese";
const BOPOMOFO: &str = "Han with Bopomofo";

/// Scripts that run from right to left and that a name can be in.
const RIGHT_TO_LEFT: [Script; 8] = [
    Script::Adlam,
    Script::Arabic,
    Script::Hanifi_Rohingya,
    Script::Hebrew,
    Script::Mandaic,
    Script::Nko,
    Script::Syriac,
    Script::Thaana,
];

/// What marks that Unicode gives to every script are written on.
const EUROPEAN: [Script; 3] = [Script::Latin, Script::Greek, Script::Cyrillic];

impl Scripts {
    fn bit(&mut self, name: &'static str) -> u128 {
        let next = self.bits.len() as u32;
        1 << *self.bits.entry(name).or_insert(next)
    }

    /// Returns the number of the set that a character belongs to.
    fn set(&mut self, c: char, kind: Kind) -> usize {
        let mut set = AugmentedScriptSet::for_char(c);
        if set.is_all() && matches!(kind, Kind::Letter | Kind::Mark) {
            let european = EUROPEAN.map(ScriptExtension::from);
            set = european.into_iter().fold(european[0], ScriptExtension::union).into();
        }
        let mut bits = 0;
        if set.is_all() {
            bits = u128::MAX;
        } else {
            let systems = [(set.kore, KOREAN), (set.jpan, JAPANESE), (set.hanb, BOPOMOFO)];
            for (_, name) in systems.into_iter().filter(|(is_in, _)| *is_in) {
                bits |= self.bit(name);
            }
            for script in set.base.iter() {
                bits |= self.bit(script.full_name());
            }
        }
        let known = self.sets.iter().position(|set| *set == bits);
        known.unwrap_or_else(|| {
            self.sets.push(bits);
            self.sets.len() - 1
        })
    }

    fn union(&self, names: impl IntoIterator<Item = &'static str>) -> u128 {
        names.into_iter().filter_map(|name| self.bits.get(name)).fold(0, |all, bit| all | 1 << bit)
    }

    fn written(&self) -> String {
        let latin = self.union([Script::Latin.full_name()]);
        let with_latin = self.union([KOREAN, JAPANESE, BOPOMOFO]);
        let right_to_left = self.union(RIGHT_TO_LEFT.map(Script::full_name));
        let mut text = format!(
            "\n/// The set of the Latin script.\npub(super) const LATIN: u128 = {latin:#x};\n\
             \n/// The writing systems that Latin may be mixed with: Korean, Japanese, Chinese with\n\
             /// Bopomofo.\npub(super) const WITH_LATIN: u128 = {with_latin:#x};\n\
             \n/// The scripts that run from right to left.\n\
             pub(super) const RIGHT_TO_LEFT: u128 = {right_to_left:#x};\n\
             \n/// Sets of scripts and writing systems, a bit for each.\n\
             pub(super) static SCRIPTS: [u128; {}] = [\n",
            self.sets.len()
        );
        self.sets.iter().for_each(|set| {
            let _ = writeln!(text, "{set:#x},");
        });
        text + "];\n"
    }
}

/// Characters that follow each other and are of one kind and of one set of scripts.
struct Range {
    first: char,
    last: char,
    kind: Kind,
    scripts: usize,
}

/// Returns all that names can be made of.
fn ranges(scripts: &mut Scripts) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for c in '\0'..=char::MAX {
        let Some(kind) = kind(c) else { continue };
        let set = scripts.set(c, kind);
        match ranges.last_mut() {
            Some(range)
                if u32::from(range.last) + 1 == u32::from(c)
                    && range.kind == kind
                    && range.scripts == set =>
            {
                range.last = c;
            }
            _ => ranges.push(Range { first: c, last: c, kind, scripts: set }),
        }
    }
    ranges
}

fn written_runs(ranges: &[Range]) -> String {
    let mut text = format!(
        "\n/// All that names can be made of, in order: the first character of a run, how many follow \
         it,\n/// what they are, and the number of their set of scripts.\n#[rustfmt::skip]\n\
         pub(super) static RUNS: [Run; {}] = [\n",
        ranges.len()
    );
    let runs = ranges.iter().map(|range| {
        let more = u32::from(range.last) - u32::from(range.first);
        let first = u32::from(range.first);
        format!("('\\u{{{first:x}}}', {more}, Kind::{:?}, {}),", range.kind, range.scripts)
    });
    filled(&mut text, runs);
    text + "];\n"
}

/// What each character of a decomposed name looks like, where it is not itself.
struct Looks {
    /// For a character, its look, and that of its small letter.
    of: BTreeMap<char, (String, String)>,
}

fn looks() -> Looks {
    let names = ('\0'..=char::MAX).filter(|c| kind(*c).is_some());
    let decomposed: BTreeSet<char> = names.flat_map(|c| iter::once(c).nfd()).collect();
    let of = decomposed.into_iter().filter_map(|c| {
        let itself = c.to_string();
        let looks = (look(&itself), look(&folded(&itself)));
        (looks != (itself.clone(), itself)).then_some((c, looks))
    });
    Looks { of: of.collect() }
}

impl Looks {
    fn written(&self) -> String {
        let mut pool = String::new();
        let mut place = |text: &str| {
            let start = pool.find(text).unwrap_or_else(|| {
                pool.push_str(text);
                pool.len() - text.len()
            });
            (start, text.len())
        };
        let looks: Vec<String> = self
            .of
            .iter()
            .map(|(c, (look, small))| {
                let ((look, length), (small, small_length)) = (place(look), place(small));
                let c = u32::from(*c);
                format!("('\\u{{{c:x}}}', {look}, {length}, {small_length}, {small}),")
            })
            .collect();
        let mut text = format!(
            "\n/// What characters look like where it is not what they are, and what their small \
             letters look\n/// like: places in [`POOL`] and lengths. In order.\n#[rustfmt::skip]\n\
             pub(super) static LOOKS: [Look; {}] = [\n",
            looks.len()
        );
        filled(&mut text, looks.into_iter());
        text += "];\n\n/// The texts of [`LOOKS`].\npub(super) static POOL: &str = concat!(\n";
        let characters: Vec<char> = pool.chars().collect();
        for piece in characters.chunks(9) {
            let escaped: String = piece.iter().flat_map(|c| c.escape_unicode()).collect();
            let _ = writeln!(text, "    \"{escaped}\",");
        }
        text + ");\n"
    }
}

/// Returns the prototype that all have in common that look like `text` in any case: UTS 39's
/// skeleton in small letters, its skeleton again, and two things that it leaves apart.
fn look(text: &str) -> String {
    let skeleton = |text: &str| unicode_security::skeleton(text).collect::<String>();
    let compatible: String = text.nfkc().collect();
    let small = folded(&skeleton(&compatible)).chars().map(full_size).collect::<String>();
    // I looks like l, and is i's capital.
    skeleton(&small).replace('i', "l")
}

/// Small capitals, which Cyrillic's small letters look like, become the letters of which they are
/// the capitals.
fn full_size(c: char) -> char {
    match c {
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ᴇ' => 'e',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' | 'ĸ' => 'k',
        'ʟ' => 'l',
        'ᴍ' | 'ʍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' => 'o',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ʏ' => 'y',
        c => c,
    }
}

/// Folds the case of a text: by way of the capitals, so that all that share one become the same.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Appends items, as many in a line as fit.
fn filled(text: &mut String, items: impl Iterator<Item = String>) {
    let mut line = String::new();
    for item in items {
        if line.len() + 1 + item.len() > 96 {
            let _ = writeln!(text, "   {line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(&item);
    }
    let _ = writeln!(text, "   {line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file is what the packages in Cargo.lock make of it.
    #[test]
    fn the_file_is_up_to_date() {
        let file = fs::read_to_string(root().join(FILE)).unwrap();
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert!(words(&file) == words(&written()), "`cargo xtask names` writes another {FILE}");
    }
}
