//! The colours of names.

/// Foreground colours for names, from the 256-colour palette (xterm's 6 × 6 × 6 cube).
///
/// Each has a contrast of at least 4 : 1 on both black and white (WCAG 2, relative luminance; no
/// colour has more than 4.6 on both), so that it is legible on dark and on light terminals.
pub(super) const PALETTE: [u8; 14] = [131, 130, 64, 28, 29, 30, 31, 27, 63, 98, 129, 133, 163, 161];

/// How many there are.
pub(super) const COLOURS: usize = PALETTE.len();

/// Returns the index of the colour that a name has if nobody else has it: the same everywhere and
/// always. FNV-1a spreads short texts well.
pub(super) fn first_choice(name: &str) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in name.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    usize::try_from(hash).unwrap_or_default() % COLOURS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// WCAG 2.2, "relative luminance" and "contrast ratio".
    #[test]
    fn every_colour_is_legible_on_black_and_on_white() {
        for colour in PALETTE {
            let cube = colour - 16;
            let luminance: f64 = [(cube / 36, 0.2126), (cube / 6 % 6, 0.7152), (cube % 6, 0.0722)]
                .iter()
                .map(|&(level, weight)| {
                    let value = f64::from(if level == 0 { 0 } else { 55 + 40 * level }) / 255.0;
                    let linear = if value <= 0.03928 {
                        value / 12.92
                    } else {
                        ((value + 0.055) / 1.055).powf(2.4)
                    };
                    weight * linear
                })
                .sum();
            assert!((luminance + 0.05) / 0.05 >= 4.0, "{colour} on black");
            assert!(1.05 / (luminance + 0.05) >= 4.0, "{colour} on white");
        }
    }

    #[test]
    fn first_choices_are_spread() {
        for prefix in ["192.0.2.7:4539", "지민", "user"] {
            let choices: BTreeSet<usize> =
                (0..10).map(|number| first_choice(&format!("{prefix}{number}"))).collect();
            assert!(choices.len() >= 6, "{choices:?}");
        }
        assert_eq!(first_choice("지민"), first_choice("지민"));
    }
}
