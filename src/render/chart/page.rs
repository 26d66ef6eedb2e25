//! What every chart has around its plot: the finding above, how to read it below that, provenance in the foot.

use anyhow::Result;

use super::Chart;
use super::canvas::{Anchor, Canvas, paint};
use super::style::{FOOT, Face, HALF, MARGIN, SUBTITLE, TITLE, TITLE_HALF, WIDE};
use super::text::wrap;

/// Distance between baselines as a multiple of the type size.
const LEADING: f64 = 1.3;
/// Extra space between title and subtitle.
const UNDER_TITLE: f64 = 4.0;

/// The words around a plot, broken into lines.
pub struct Page {
    /// Width of the whole chart.
    pub width: f64,
    title: String,
    head: Vec<(Face, String)>,
    foot: Vec<String>,
}

impl Page {
    /// A page across the full width.
    pub fn wide(title: &str, subtitle: &str, provenance: &str) -> Page {
        Page::new(WIDE, TITLE, title, subtitle, provenance)
    }

    /// A page of which two share a row.
    pub fn half(title: &str, subtitle: &str, provenance: &str) -> Page {
        Page::new(HALF, TITLE_HALF, title, subtitle, provenance)
    }

    fn new(width: f64, face: Face, title: &str, subtitle: &str, provenance: &str) -> Page {
        let room = width - 2.0 * MARGIN;
        let lines =
            |words: &str, face: Face| wrap(words, face, room).into_iter().map(move |line| (face, line));
        let head = lines(title, face).chain(lines(subtitle, SUBTITLE)).collect();
        Page { width, title: title.to_owned(), head, foot: wrap(provenance, FOOT, room) }
    }

    /// Where the plot may begin, measured from the top.
    pub fn top(&self) -> f64 {
        let leading: f64 = self.head.iter().map(|(face, _)| face.size * LEADING).sum();
        MARGIN - 4.0 + leading + UNDER_TITLE + 14.0
    }

    /// How much the foot needs below the plot, the lower margin included.
    pub fn foot_height(&self) -> f64 {
        12.0 + self.foot.len() as f64 * FOOT.size * LEADING + MARGIN - 8.0
    }

    /// The finished chart, its plot filled by `draw`, the plot's lower end at `bottom`.
    pub fn chart(
        &self,
        name: &str,
        description: &str,
        bottom: f64,
        draw: impl FnOnce(&mut Canvas) -> Result<()>,
    ) -> Result<Chart> {
        let height = (bottom + self.foot_height()).ceil();
        let svg = paint((self.width, height), &self.title, description, |canvas| {
            draw(canvas)?;
            self.draw_words(canvas, height)
        })?;
        Ok(Chart {
            name: name.to_owned(),
            title: self.title.clone(),
            description: description.to_owned(),
            svg,
        })
    }

    fn draw_words(&self, canvas: &mut Canvas, height: f64) -> Result<()> {
        let mut baseline = MARGIN - 4.0;
        for (at, (face, line)) in self.head.iter().enumerate() {
            let subtitle_begins = at > 0 && !face.bold && self.head[at - 1].0.bold;
            baseline += face.size * LEADING + if subtitle_begins { UNDER_TITLE } else { 0.0 };
            canvas.words((MARGIN, baseline - face.size * 0.25), Anchor::Start, *face, line)?;
        }
        let mut baseline = height - MARGIN + 8.0;
        for line in self.foot.iter().rev() {
            canvas.words((MARGIN, baseline - FOOT.size * 0.3), Anchor::Start, FOOT, line)?;
            baseline -= FOOT.size * LEADING;
        }
        Ok(())
    }
}
