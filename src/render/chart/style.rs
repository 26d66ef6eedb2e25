//! Sizes, colours and faces, once for all charts. Lengths are CSS pixels at the nominal size of a chart.

use plotters::style::RGBColor;

/// Plotters rounds to whole units, so everything is drawn on a canvas this many times larger.
pub const SCALE: f64 = 10.0;
/// Width of a chart that has a row of the page to itself.
pub const WIDE: f64 = 1000.0;
/// Width of a chart of which two share a row.
pub const HALF: f64 = 620.0;
/// Height of a chart of which two share a row.
pub const HALF_HEIGHT: f64 = 380.0;
/// White space around everything.
pub const MARGIN: f64 = 24.0;
/// Space between neighbours in a line: columns, labels, name and plot.
pub const GAP: f64 = 18.0;
/// Length of the marks that join an axis to its labels.
pub const TICK: f64 = 5.0;
/// Fonts by preference. Reports embed the first; a bare SVG falls back to the system's.
pub const FONT: &str = "Roboto, system-ui, sans-serif";

/// Ink for what must be read first.
pub const INK: RGBColor = RGBColor(0x1F, 0x29, 0x37);
/// Ink for what explains: 5.9 to 1 on white.
pub const SOFT: RGBColor = RGBColor(0x5B, 0x64, 0x72);
/// The line along an axis.
pub const AXIS: RGBColor = RGBColor(0x8A, 0x93, 0xA0);
/// Grid lines, light enough to vanish behind data.
pub const GRID: RGBColor = RGBColor(0xE5, 0xE7, 0xEB);
/// The paper.
pub const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

/// Okabe-Ito blue: the estimate.
pub const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
/// Solid tint of blue for the inner band. Not transparency, which would darken the grid below.
pub const BLUE_MID: RGBColor = RGBColor(0x80, 0xB9, 0xD9);
/// Solid tint of blue for the outer band.
pub const BLUE_LIGHT: RGBColor = RGBColor(0xCC, 0xE3, 0xF0);
/// Okabe-Ito vermilion: the budget, and nothing else wherever a budget is drawn.
pub const VERMILION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
/// Vermilion dark enough for words.
pub const VERMILION_WORD: RGBColor = RGBColor(0xA8, 0x47, 0x00);
/// Solid tint of vermilion for the part of an inner band beyond the budget.
pub const VERMILION_MID: RGBColor = RGBColor(0xEE, 0xB0, 0x85);
/// Solid tint of vermilion for the part of an outer band beyond the budget.
pub const VERMILION_LIGHT: RGBColor = RGBColor(0xF9, 0xDF, 0xCC);

/// One colour of a series: for marks, and darkened where marks are too pale to be words.
#[derive(Debug, Clone, Copy)]
pub struct Hue {
    /// For lines, dots and areas.
    pub mark: RGBColor,
    /// A solid tint for areas under a mark of the same colour.
    pub tint: RGBColor,
    /// For words: at least 4.5 to 1 on white.
    pub word: RGBColor,
}

/// Okabe-Ito without vermilion (the budget's) and yellow (lost on white), the safest pairs first.
pub const HUES: [Hue; 6] = [
    Hue { mark: BLUE, tint: BLUE_MID, word: BLUE },
    Hue {
        mark: RGBColor(0xE6, 0x9F, 0x00),
        tint: RGBColor(0xF3, 0xD0, 0x80),
        word: RGBColor(0x87, 0x5C, 0x00),
    },
    Hue {
        mark: RGBColor(0x00, 0x9E, 0x73),
        tint: RGBColor(0x80, 0xCF, 0xB9),
        word: RGBColor(0x00, 0x73, 0x54),
    },
    Hue {
        mark: RGBColor(0xCC, 0x79, 0xA7),
        tint: RGBColor(0xE6, 0xBC, 0xD3),
        word: RGBColor(0x9A, 0x3F, 0x70),
    },
    Hue {
        mark: RGBColor(0x56, 0xB4, 0xE9),
        tint: RGBColor(0xAB, 0xDA, 0xF4),
        word: RGBColor(0x1B, 0x6C, 0x9A),
    },
    Hue { mark: RGBColor(0x4B, 0x55, 0x63), tint: RGBColor(0xB0, 0xB6, 0xC0), word: INK },
];

/// The colour of series number `index`; they repeat after six, so lines are dashed from then on.
pub fn hue(index: usize) -> Hue {
    HUES[index % HUES.len()]
}

/// Size, weight and colour of words.
#[derive(Debug, Clone, Copy)]
pub struct Face {
    /// Height of the em.
    pub size: f64,
    /// Roboto Bold instead of Roboto Regular.
    pub bold: bool,
    /// The ink.
    pub color: RGBColor,
}

impl Face {
    /// The same words in another ink.
    pub const fn ink(self, color: RGBColor) -> Face {
        Face { color, ..self }
    }

    /// The same words in bold.
    pub const fn strong(self) -> Face {
        Face { bold: true, ..self }
    }
}

/// The finding.
pub const TITLE: Face = Face { size: 19.0, bold: true, color: INK };
/// The finding on a chart of half width.
pub const TITLE_HALF: Face = Face { size: 16.0, bold: true, color: INK };
/// How to read the chart.
pub const SUBTITLE: Face = Face { size: 13.0, bold: false, color: SOFT };
/// Names of rows and curves, and their figures.
pub const LABEL: Face = Face { size: 13.0, bold: false, color: INK };
/// Numbers along an axis, heads of columns, names of axes.
pub const SMALL: Face = Face { size: 12.0, bold: false, color: SOFT };
/// Where the chart comes from.
pub const FOOT: Face = Face { size: 11.0, bold: false, color: SOFT };

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: RGBColor) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
    }

    #[test]
    fn words_have_enough_contrast_on_paper() {
        let words = [INK, SOFT, VERMILION_WORD].into_iter().chain(HUES.map(|hue| hue.word));
        for color in words {
            let contrast = 1.05 / (luminance(color) + 0.05);
            assert!(contrast >= 4.5, "{color:?} has a contrast of {contrast:.1} on white");
        }
    }
}
