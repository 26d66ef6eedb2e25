//! The drawing surface: nominal pixels in, SVG text out. Plotters draws; this file scales and finishes.

use anyhow::Result;
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};

use super::style::{FONT, Face, PAPER, SCALE};

/// A place in nominal pixels from the upper left corner.
pub type Point = (f64, f64);

/// Which part of a line of words stands at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The words begin at the point.
    Start,
    /// The words are centred on the point.
    Middle,
    /// The words end at the point.
    End,
}

/// Plotters divides font sizes by this before it writes them.
const PLOTTERS_FONT_RATIO: f64 = 1.24;
/// Plotters lowers words that hang from their point by this share of the em: their baseline.
const PLOTTERS_TOP_SHIFT: f64 = 0.76;

/// A sheet of paper to draw on.
pub struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// Lets `draw` fill a sheet of the given size and returns it as an SVG document with a title and a description.
pub fn paint(
    size: Point,
    title: &str,
    description: &str,
    draw: impl FnOnce(&mut Canvas) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    let units = (px(size.0).unsigned_abs(), px(size.1).unsigned_abs());
    let mut canvas = Canvas { backend: SVGBackend::with_string(&mut svg, units) };
    canvas.rect((0.0, 0.0), size, PAPER)?;
    draw(&mut canvas)?;
    canvas.backend.present()?;
    drop(canvas);
    Ok(finished(&svg, size, title, description))
}

impl Canvas<'_> {
    /// A filled rectangle between two opposite corners.
    pub fn rect(&mut self, a: Point, b: Point, color: RGBColor) -> Result<()> {
        let (left, right) = ordered(px(a.0), px(b.0));
        let (top, bottom) = ordered(px(a.1), px(b.1));
        Ok(self.backend.draw_rect((left, top), (right, bottom), &color.filled(), true)?)
    }

    /// A filled area.
    pub fn polygon(&mut self, corners: &[Point], color: RGBColor) -> Result<()> {
        Ok(self.backend.fill_polygon(corners.iter().copied().map(units), &color.filled())?)
    }

    /// A line through all points, `stroke` pixels wide.
    pub fn path(&mut self, points: &[Point], stroke: f64, color: RGBColor) -> Result<()> {
        let style: ShapeStyle = color.stroke_width(px(stroke).unsigned_abs());
        Ok(self.backend.draw_path(points.iter().copied().map(units), &style)?)
    }

    /// A straight line.
    pub fn line(&mut self, a: Point, b: Point, stroke: f64, color: RGBColor) -> Result<()> {
        self.path(&[a, b], stroke, color)
    }

    /// A line through all points in dashes of `dash.0` pixels with gaps of `dash.1`.
    pub fn dashed(&mut self, points: &[Point], dash: Point, stroke: f64, color: RGBColor) -> Result<()> {
        for piece in dashes(points, dash) {
            self.path(&piece, stroke, color)?;
        }
        Ok(())
    }

    /// A filled disc.
    pub fn dot(&mut self, centre: Point, radius: f64, color: RGBColor) -> Result<()> {
        Ok(self.backend.draw_circle(units(centre), px(radius).unsigned_abs(), &color.filled(), true)?)
    }

    /// One line of words, their baseline at the point.
    pub fn words(&mut self, at: Point, anchor: Anchor, face: Face, words: &str) -> Result<()> {
        self.lettering(at, anchor, face, words, FontTransform::None)
    }

    /// One line of words that reads upwards, centred on the point.
    pub fn words_upwards(&mut self, at: Point, face: Face, words: &str) -> Result<()> {
        self.lettering(at, Anchor::Middle, face, words, FontTransform::Rotate270)
    }

    fn lettering(
        &mut self,
        at: Point,
        anchor: Anchor,
        face: Face,
        words: &str,
        turn: FontTransform,
    ) -> Result<()> {
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = TextStyle::from((FontFamily::Name(FONT), face.size * SCALE * PLOTTERS_FONT_RATIO))
            .color(&face.color)
            .pos(Pos::new(horizontal, VPos::Top))
            .transform(turn.clone());
        let weight = if face.bold { FontStyle::Bold } else { FontStyle::Normal };
        let style = TextStyle { font: style.font.style(weight).transform(turn.clone()), ..style };
        // Plotters turns words around their point but lowers them afterwards, so the way to the baseline
        // leads left for words that read upwards.
        let shift = PLOTTERS_TOP_SHIFT * face.size;
        let point =
            if matches!(turn, FontTransform::None) { (at.0, at.1 - shift) } else { (at.0 - shift, at.1) };
        Ok(self.backend.draw_text(words, &style, units(point))?)
    }
}

/// Nominal pixels as whole units of the enlarged canvas.
fn px(length: f64) -> i32 {
    (length * SCALE).round() as i32
}

fn units(point: Point) -> (i32, i32) {
    (px(point.0), px(point.1))
}

fn ordered(a: i32, b: i32) -> (i32, i32) {
    (a.min(b), a.max(b))
}

/// Cuts a line through all points into dashes; a dash follows the bends it meets.
fn dashes(points: &[Point], dash: Point) -> Vec<Vec<Point>> {
    let (mut pieces, mut piece) = (Vec::new(), Vec::new());
    let (mut drawing, mut left) = (true, dash.0);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut distance = (to.0 - from.0).hypot(to.1 - from.1);
        while distance > 1e-9 {
            let step = left.min(distance);
            let next =
                (from.0 + (to.0 - from.0) * step / distance, from.1 + (to.1 - from.1) * step / distance);
            if drawing {
                piece.extend(if piece.is_empty() { vec![from, next] } else { vec![next] });
            }
            (from, distance, left) = (next, distance - step, left - step);
            if left <= 1e-9 {
                pieces.extend((!piece.is_empty()).then(|| std::mem::take(&mut piece)));
                drawing = !drawing;
                left = if drawing { dash.0 } else { dash.1 };
            }
        }
    }
    pieces.extend((!piece.is_empty()).then_some(piece));
    pieces
}

/// The document that plotters wrote, with a root for people: nominal size, role, title and description.
/// No ids, so that several charts can share one page.
fn finished(svg: &str, size: Point, title: &str, description: &str) -> String {
    let body = svg.split_once('\n').map_or("", |(_, body)| body);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{:.0}\" viewBox=\"0 0 {} {}\" \
         role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n",
        size.0,
        size.1,
        px(size.0),
        px(size.1),
        escaped(title),
        escaped(description),
    );
    let mut inside_words = false;
    for line in body.lines() {
        // Plotters sets words on lines of their own; browsers would keep the breaks as spaces.
        inside_words = (inside_words || line.starts_with("<text")) && !line.starts_with("</text");
        out.push_str(&line.replace(" opacity=\"1\"", ""));
        if !inside_words || line.is_empty() {
            out.push('\n');
        }
    }
    out
}

/// The words with the five characters that XML reserves written as entities, and no control characters.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::style::{INK, LABEL};
    use super::*;

    #[test]
    fn dashes_cover_the_line_in_turn() {
        let pieces = dashes(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], (4.0, 2.0));
        let wanted = [
            vec![(0.0, 0.0), (4.0, 0.0)],
            vec![(6.0, 0.0), (10.0, 0.0)],
            vec![(10.0, 2.0), (10.0, 6.0)],
            vec![(10.0, 8.0), (10.0, 10.0)],
        ];
        assert_eq!(pieces, wanted);
    }

    #[test]
    fn names_are_escaped_everywhere() -> Result<()> {
        let name = "a<b>&\"c'\u{7}";
        let svg = paint((100.0, 50.0), name, name, |canvas| {
            canvas.line((0.0, 0.0), (9.0, 9.0), 1.0, INK)?;
            canvas.words((5.0, 20.0), Anchor::Start, LABEL, name)
        })?;
        assert_eq!(svg.matches("a&lt;b&gt;&amp;&quot;c&apos;").count(), 3);
        assert!(svg.contains("viewBox=\"0 0 1000 500\" role=\"img\"") && !svg.contains(" id="));
        Ok(())
    }
}
