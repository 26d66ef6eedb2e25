//! How wide words will be: an advance table of the embedded fonts, and what follows from it (wrapping,
//! shortening). Layout needs widths before anything is drawn, and must not depend on the machine's fonts.

use super::style::Face;

/// Advance of U+0020 to U+007E in Roboto Regular, in thousandths of the em (from the font's `hmtx` table).
const REGULAR: [u16; 95] = [
    248, 258, 320, 616, 562, 732, 622, 175, 342, 348, 431, 567, 197, 276, 264, 413, 562, 562, 562, 562, 562,
    562, 562, 562, 562, 562, 242, 211, 508, 549, 523, 473, 898, 652, 623, 651, 656, 568, 553, 681, 713, 272,
    552, 627, 539, 873, 713, 688, 631, 688, 616, 594, 597, 648, 637, 887, 627, 601, 599, 265, 411, 265, 418,
    451, 309, 544, 562, 523, 564, 530, 348, 562, 551, 243, 239, 507, 243, 877, 552, 570, 562, 568, 339, 516,
    327, 551, 484, 751, 496, 473, 496, 338, 244, 338, 680,
];

/// The same for Roboto Bold.
const BOLD: [u16; 95] = [
    249, 272, 321, 596, 574, 738, 656, 162, 351, 353, 454, 546, 245, 388, 291, 374, 574, 574, 574, 574, 574,
    574, 574, 574, 574, 574, 282, 262, 509, 572, 517, 498, 895, 673, 638, 655, 650, 562, 548, 681, 707, 292,
    559, 635, 542, 876, 707, 690, 646, 690, 638, 615, 619, 658, 654, 875, 636, 619, 606, 278, 422, 278, 438,
    447, 331, 536, 563, 522, 564, 541, 358, 571, 560, 265, 260, 534, 265, 866, 560, 565, 563, 565, 365, 515,
    338, 560, 506, 735, 509, 502, 509, 331, 253, 331, 649,
];

/// Width of a line of words in nominal pixels.
pub fn width(words: &str, face: Face) -> f64 {
    let table = if face.bold { &BOLD } else { &REGULAR };
    let thousandths: u32 = words.chars().map(|letter| advance(letter, table)).sum();
    f64::from(thousandths) * face.size / 1000.0
}

/// Advance of one letter. Letters outside the table get a generous guess, so that layout errs towards space.
fn advance(letter: char, table: &[u16; 95]) -> u32 {
    let place = (letter as usize).checked_sub(0x20);
    match place.and_then(|at| table.get(at)) {
        Some(&thousandths) => u32::from(thousandths),
        None => match letter {
            '\u{A0}' => 249,
            '\u{B7}' => 301,
            '\u{2019}' => 229,
            '\u{2022}' => 359,
            '\u{2212}' | '\u{D7}' => 572,
            '\u{2013}' => 656,
            '\u{2026}' => 740,
            '\u{A1}'..='\u{17F}' => 720,
            _ => 1000,
        },
    }
}

/// Breaks words into lines no wider than `limit`; a single longer word is shortened in its middle.
/// Numbers keep their percent sign: the space before `%` does not break.
pub fn wrap(words: &str, face: Face, limit: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.replace(" %", "\u{A0}%").split(' ').filter(|word| !word.is_empty()) {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(line)) if width(&longer, face) <= limit => *line = longer,
            _ => lines.push(shorten(word, face, limit)),
        }
    }
    lines
}

/// The words, or their beginning and end around an ellipsis when they are wider than `limit`.
/// Both ends stay because route names differ there: provider and model, tier and region.
pub fn shorten(words: &str, face: Face, limit: f64) -> String {
    if width(words, face) <= limit {
        return words.to_owned();
    }
    let letters: Vec<char> = words.chars().collect();
    (1..letters.len())
        .map(|dropped| without_middle(&letters, dropped))
        .find(|shorter| width(shorter, face) <= limit)
        .unwrap_or_else(|| "\u{2026}".to_owned())
}

/// The letters without `dropped` of them from the middle, an ellipsis in their place.
fn without_middle(letters: &[char], dropped: usize) -> String {
    let kept = letters.len().saturating_sub(dropped);
    let head = kept.div_ceil(2);
    let tail = letters.len() - (kept - head);
    letters[..head].iter().chain(&['\u{2026}']).chain(&letters[tail..]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::style::{LABEL, TITLE};
    use super::*;

    #[test]
    fn digits_are_all_one_width() {
        for digit in '0'..='9' {
            assert!((width(&digit.to_string(), LABEL) - width("0", LABEL)).abs() < 1e-9);
        }
    }

    #[test]
    fn wrapping_keeps_every_word_and_the_limit() {
        let words =
            "openai/gpt-5.4 costs least at the median: $1.2M, and exceeds its budget in 12 % of trials";
        let lines = wrap(words, TITLE, 300.0);
        assert_eq!(lines.join(" ").replace('\u{A0}', " "), words);
        assert!(lines.iter().all(|line| width(line, TITLE) <= 300.0));
        assert!(wrap("  ", TITLE, 300.0).is_empty());
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        let name = "openrouter/openai/gpt-5.4-pro:batch@datazone-apac";
        let short = shorten(name, LABEL, 200.0);
        assert!(short.starts_with("openrouter/") && short.ends_with("-apac") && short.contains('\u{2026}'));
        assert!(width(&short, LABEL) <= 200.0);
    }
}
