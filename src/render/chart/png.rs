//! From SVG to PNG, with the embedded fonts only, so that every machine makes the same picture.

use std::sync::Arc;

use anyhow::{Context, Result};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

/// Width of every picture: sharp on a projector and on a page of A4 at 200 dots per inch.
const PIXELS_WIDE: u32 = 1800;

const REGULAR: &[u8] = include_bytes!("../fonts/Roboto-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/Roboto-Bold.ttf");

/// The SVG document as a PNG file, 1800 pixels wide, on white. An error when the text is not an SVG document.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let tree = Tree::from_str(svg, &options()).context("the chart is not a valid SVG document")?;
    let zoom = PIXELS_WIDE as f32 / tree.size().width();
    let pixels_high = (tree.size().height() * zoom).round() as u32;
    let mut pixels = Pixmap::new(PIXELS_WIDE, pixels_high).context("the chart has no height")?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(zoom, zoom), &mut pixels.as_mut());
    pixels.encode_png().context("the picture could not be encoded as PNG")
}

fn options() -> Options<'static> {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    // A family that is not embedded falls back to the one that is.
    fonts.set_sans_serif_family("Roboto");
    Options { font_family: "Roboto".to_owned(), fontdb: Arc::new(fonts), ..Options::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"50\"/>";

    #[test]
    fn a_picture_is_1800_pixels_wide() -> Result<()> {
        let file = png(SQUARE)?;
        assert_eq!(&file[1..4], b"PNG");
        assert_eq!((&file[16..20], &file[20..24]), (&1800_u32.to_be_bytes()[..], &900_u32.to_be_bytes()[..]));
        Ok(())
    }

    #[test]
    fn what_is_no_svg_is_an_error() {
        assert!(png("no picture").is_err());
    }

    #[test]
    fn measured_widths_agree_with_the_embedded_fonts() -> Result<()> {
        use super::super::{style::LABEL, text::width};
        use resvg::usvg::Node;
        let words = "openrouter/openai/gpt-5.4-pro:batch@datazone-apac costs $1.2M, \u{2212}12 %";
        for (face, weight) in [(LABEL, "normal"), (LABEL.strong(), "bold")] {
            let style =
                format!("font-family=\"Roboto\" font-size=\"{}\" font-weight=\"{weight}\"", face.size);
            let svg = SQUARE.replace("/>", &format!("><text y=\"30\" {style}>{words}</text></svg>"));
            let tree = Tree::from_str(&svg, &options())?;
            let Some(Node::Text(drawn)) = tree.root().children().first() else { panic!("no words drawn") };
            // Kerning makes words a little narrower than the sum of their letters, never much wider.
            let ratio = f64::from(drawn.bounding_box().width()) / width(words, face);
            assert!((0.97..=1.002).contains(&ratio), "{weight}: drawn at {ratio} of the measured width");
        }
        Ok(())
    }

    #[test]
    fn words_leave_ink() -> Result<()> {
        let words = SQUARE.replace("/>", "><text x=\"5\" y=\"30\" font-family=\"Roboto\">$1.2M</text></svg>");
        assert_ne!(png(&words)?, png(SQUARE)?);
        Ok(())
    }
}
