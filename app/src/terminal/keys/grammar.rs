//! The grammar of what terminals send after ESC, and the table of its sequences.
//!
//! The syntax is ECMA-48's: control sequences in section 5.4, control strings in 5.6. Terminals add
//! to it what xterm's `ctlseqs` describes (SS3 with parameters; the raw bytes of a mouse), the
//! Linux console's `ESC [ [ A`, and rxvt's `ESC [ 7 $`, which is no whole control sequence.
//!
//! What ECMA-35 allows after ESC and terminals do not send (`ESC ( B`, SS2) is Alt and a key.

use super::meaning::Meaning;

pub(super) const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// The last bytes of the introducers CSI and SS3.
pub(super) const CSI: u8 = b'[';
pub(super) const SS3: u8 = b'O';

/// What stands between an introducer and a final byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::terminal) enum Parameters {
    None,
    Some,
    Optional,
    /// With a private one, which begins with `<`, `=`, `>` or `?`.
    Private,
    /// More than one.
    Several,
}

/// Sequences that terminals send.
#[derive(Debug)]
pub(in crate::terminal) struct Row {
    pub(in crate::terminal) introducer: u8,
    pub(in crate::terminal) parameters: Parameters,
    /// Bytes that may end them.
    pub(in crate::terminal) last: &'static [u8],
    pub(in crate::terminal) meaning: Meaning,
}

const fn row(introducer: u8, parameters: Parameters, last: &'static [u8], meaning: Meaning) -> Row {
    Row { introducer, parameters, last, meaning }
}

/// Every sequence that terminals send. One that is well formed and not here is no key either, but
/// what is left of it after its ESC was decided is text.
pub(in crate::terminal) const TABLE: &[Row] = &[
    // Cursor keys, Home and End; with modifiers, and with `>` before them (xterm's
    // modifyCursorKeys).
    row(CSI, Parameters::Optional, b"ABCDFH", Meaning::Cursor),
    row(SS3, Parameters::Optional, b"ABCDFH", Meaning::Cursor),
    // rxvt: the same with Shift, with Ctrl.
    row(CSI, Parameters::None, b"abcd", Meaning::ShiftCursor),
    row(SS3, Parameters::None, b"abcd", Meaning::CtrlCursor),
    // Keys with a number (VT220); rxvt ends them with `^` for Ctrl, `$` for Shift and `@` for both.
    row(CSI, Parameters::Some, b"~^$@", Meaning::Numbered),
    // Keys with a code point: the kitty keyboard protocol, and xterm's formatOtherKeys.
    row(CSI, Parameters::Some, b"u", Meaning::CodePoint),
    // F1 to F4 and the keypad's 5; a report of the cursor is like a modified F3.
    row(CSI, Parameters::Optional, b"EPQRS", Meaning::Nothing),
    // Back-tab.
    row(CSI, Parameters::Optional, b"Z", Meaning::BackTab),
    // The keypad in application mode.
    row(SS3, Parameters::Optional, b"M", Meaning::Enter),
    row(SS3, Parameters::Optional, b"EPQRSIXjklmnopqrstuvwxyz ", Meaning::Nothing),
    // Linux console: F1 to F5, without their last byte.
    row(CSI, Parameters::None, b"[", Meaning::Nothing),
    // The window gains and loses the focus.
    row(CSI, Parameters::None, b"IO", Meaning::Nothing),
    // The mouse: X10's with 3 raw bytes, highlights with 2 and 6; SGR's; urxvt's, DEC's locator.
    row(CSI, Parameters::None, b"MtT", Meaning::Nothing),
    row(CSI, Parameters::Private, b"Mm", Meaning::Nothing),
    row(CSI, Parameters::Several, b"Mw", Meaning::Nothing),
    // Answers: of attributes, status, modes, parameters, the window. Sun's function keys.
    row(CSI, Parameters::Private, b"cny", Meaning::Report),
    row(CSI, Parameters::Several, b"ytx", Meaning::Nothing),
    row(CSI, Parameters::Some, b"nz", Meaning::Nothing),
];

/// How many values, raw bytes or UTF-8 characters, follow a control sequence without parameters.
const RAW: [(u8, usize); 3] = [(b'M', 3), (b't', 2), (b'T', 6)];

/// Bytes of a string that tell what it is: more than the digits of any number in them.
const MAX_NUMBER: usize = 16;

/// How to tell by its introducer whether a string is an answer.
const STRINGS: [(u8, IsAnswer); 3] = [(b'P', is_dcs), (b']', is_osc), (b'_', is_apc)];

/// Takes the first bytes of a string, and returns `None` as long as they can be either.
type IsAnswer = fn(&[u8]) -> Option<bool>;

/// Device control: `1$r` (DECRQSS), `1+r` (XTGETTCAP), `>|` (XTVERSION), `!|` (DA3), …
fn is_dcs(head: &[u8]) -> Option<bool> {
    let kind = head.iter().find(|byte| !matches!(byte, b'0'..=b'9' | b';'))?;
    Some(b"!$+>".contains(kind))
}

/// Operating system command: a number and `;`, or a title.
fn is_osc(head: &[u8]) -> Option<bool> {
    let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let kind = head.get(digits)?;
    Some(if digits == 0 { b"lLI".contains(kind) } else { *kind == b';' })
}

/// Application program command: of kitty's images.
fn is_apc(head: &[u8]) -> Option<bool> {
    head.first().map(|first| *first == b'G')
}

/// What bytes are that begin with ESC.
#[derive(Debug, PartialEq)]
pub(super) enum Read<'a> {
    Beginning(Beginning),
    /// Alt and a character.
    Alt(char),
    Sequence {
        introducer: u8,
        parameters: &'a [u8],
        last: u8,
    },
    /// The report of a mouse.
    Report,
    /// A control string.
    String,
    /// The last byte belongs to nothing before it.
    Broken,
}

/// What to think of a beginning whose ESC came long before the rest: somebody may have typed that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It tells nothing; it is a key by itself, if nothing follows.
    Key,
    /// It can become a sequence of the table.
    Doubtful,
    /// No terminal sends anything that begins so.
    Unlikely,
    /// Only a terminal sends what begins so.
    Certain,
}

/// Reads bytes of which all but the last are a [`Read::Beginning`].
pub(super) fn read(bytes: &[u8]) -> Read<'_> {
    let [_, rest @ ..] = bytes else { return Read::Broken };
    match rest {
        [] | [ESC] => Read::Beginning(Beginning::Key),
        // rxvt, PuTTY and others: Alt and a key that sends a sequence.
        [ESC, rest @ ..] => match rest {
            [CSI | SS3, ..] => read_sequence(rest),
            _ => Read::Broken,
        },
        [CSI | SS3, ..] => read_sequence(rest),
        // DCS, SOS, OSC, PM, APC.
        [introducer @ (b'P' | b'X' | b']' | b'^' | b'_'), content @ ..] => {
            read_string(*introducer, content)
        }
        [byte @ (0x08 | b'\t' | b'\n' | b'\r' | 0x20..0x80)] => Read::Alt(char::from(*byte)),
        [0x80..=0xff, ..] => match str::from_utf8(rest) {
            // C1 introduces something by itself.
            Ok(text) => text.chars().find(|c| !c.is_control()).map_or(Read::Broken, Read::Alt),
            Err(error) if error.error_len().is_none() => Read::Beginning(Beginning::Unlikely),
            Err(_) => Read::Broken,
        },
        _ => Read::Broken,
    }
}

/// Reads a sequence from the last byte of its introducer on.
fn read_sequence(bytes: &[u8]) -> Read<'_> {
    let [introducer, rest @ ..] = bytes else { return Read::Broken };
    let Some((&last, parameters)) = rest.split_last() else {
        return Read::Beginning(Beginning::Key);
    };
    let whole = Read::Sequence { introducer: *introducer, parameters, last };
    match (*introducer, rest[0], last) {
        (CSI, CSI, CSI) if parameters.is_empty() => Read::Beginning(Beginning::Doubtful),
        (CSI, CSI, b'A'..=b'Z') => Read::Sequence { introducer: CSI, parameters: b"", last: CSI },
        (CSI, CSI, _) => Read::Broken,
        (CSI, first, _) if RAW.iter().any(|(of, _)| *of == first) => read_raw(rest),
        (CSI, _, b'$') if is_number(parameters) => whole,
        (CSI, _, b'0'..=b'?' | b'$' | b'&') => Read::Beginning(Beginning::Doubtful),
        (CSI, _, b' '..=b'/') => Read::Beginning(Beginning::Unlikely),
        (SS3, _, b'0'..=b';') => Read::Beginning(Beginning::Doubtful),
        (CSI, _, b'@'..=b'~') | (SS3, _, b' '..=b'~') => whole,
        _ => Read::Broken,
    }
}

/// Reads a mouse's report from its final byte on. Its values are bytes from 32 on, or 0 where they
/// do not fit; with xterm's mode 1005 they are characters.
fn read_raw(bytes: &[u8]) -> Read<'_> {
    let [first, raw @ ..] = bytes else { return Read::Broken };
    let count = RAW.iter().find(|(of, _)| of == first).map_or(0, |(_, count)| *count);
    if matches!(raw.last(), Some(1..0x20)) {
        return Read::Broken;
    }
    let is_lead = |byte: Option<&u8>| matches!(byte, Some(0xc2..0xe0));
    let is_second =
        |place: usize| matches!(raw[place], 0x80..0xc0) && place > 0 && is_lead(raw.get(place - 1));
    let values = (0..raw.len()).filter(|place| !is_second(*place)).count();
    if values > count {
        // Behind a lead byte that was a value by itself.
        return Read::Broken;
    }
    if values < count || is_lead(raw.last()) {
        return Read::Beginning(Beginning::Doubtful);
    }
    Read::Report
}

/// Reads a string's content. It ends with BEL or ST. What it cannot contain breaks it off: another
/// control character, or ESC with anything else behind it, which begins something new.
fn read_string(introducer: u8, content: &[u8]) -> Read<'_> {
    let Some((last, before)) = content.split_last() else {
        return Read::Beginning(Beginning::Key);
    };
    match (last, before.last()) {
        (&BEL, _) | (b'\\', Some(&ESC)) => Read::String,
        // ST in 8 bits; not a byte of another character.
        (0x9c, None | Some(0..0x80 | 0xc2)) => Read::String,
        (_, Some(&ESC)) => Read::Broken,
        (0..0x20, _) if *last != ESC => Read::Broken,
        _ => Read::Beginning(string_beginning(introducer, content)),
    }
}

fn string_beginning(introducer: u8, content: &[u8]) -> Beginning {
    let Some((_, is_answer)) = STRINGS.iter().find(|(of, _)| *of == introducer) else {
        return Beginning::Unlikely;
    };
    match is_answer(&content[..content.len().min(MAX_NUMBER)]) {
        Some(true) => Beginning::Certain,
        None if content.len() < MAX_NUMBER => Beginning::Doubtful,
        _ => Beginning::Unlikely,
    }
}

fn is_number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// Returns the row of a whole sequence.
pub(super) fn find(introducer: u8, parameters: &[u8], last: u8) -> Option<&'static Row> {
    TABLE.iter().find(|row| {
        row.introducer == introducer
            && row.last.contains(&last)
            && match row.parameters {
                Parameters::None => parameters.is_empty(),
                Parameters::Some => !parameters.is_empty(),
                Parameters::Optional => true,
                Parameters::Private => matches!(parameters, [b'<'..=b'?', ..]),
                Parameters::Several => parameters.contains(&b';'),
            }
    })
}

/// Returns what follows ESC in the 7-bit form of a C1 control that introduces something (ECMA-48,
/// 5.3): SS3, DCS, SOS, CSI, OSC, PM, APC.
pub(super) fn introducer(c1: u8) -> Option<u8> {
    matches!(c1, 0x8f | 0x90 | 0x98 | 0x9b | 0x9d..=0x9f).then(|| c1 - 0x40)
}
