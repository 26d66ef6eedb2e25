//! The report as one self-contained HTML page and as Markdown, from templates.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::chart::Chart;
use super::chart::style::WIDE;
use super::report::Report;
use super::sheet::Sheet;

const FONT_REGULAR: &[u8] = include_bytes!("fonts/Roboto-Regular.woff2");
const FONT_BOLD: &[u8] = include_bytes!("fonts/Roboto-Bold.woff2");

/// What all pages look like.
const STYLE: &str = include_str!("templates/style.html");

/// A picture, and what to look at in it.
#[derive(Serialize)]
pub struct Looked<'a> {
    /// The sentence.
    pub look: &'a str,
    /// The picture.
    pub svg: &'a str,
}

/// A chart as templates see it.
#[derive(Serialize)]
struct Picture<'a> {
    name: &'a str,
    title: &'a str,
    description: &'a str,
    svg: &'a str,
}

/// One HTML page without any reference to the outside: styles, fonts and pictures are in it.
///
/// # Errors
/// When a template and the report disagree, a defect of ours.
pub fn html(report: &Report) -> anyhow::Result<String> {
    let mut environment = environment()?;
    environment.add_template("style.html", STYLE)?;
    environment.add_template("report.html", include_str!("templates/report.html"))?;
    let [regular, bold] = [FONT_REGULAR, FONT_BOLD].map(base64);
    let (overview, fans) = pictures(report);
    let page = environment.get_template("report.html")?;
    Ok(page.render(context! {
        report => minijinja::value::Serde(report),
        overview => minijinja::value::Serde(&overview),
        fans => minijinja::value::Serde(&fans),
        font_regular => regular,
        font_bold => bold,
    })?)
}

/// One HTML page of a sheet and pictures, without any reference to the outside.
///
/// # Errors
/// When a template and the sheet disagree, a defect of ours.
pub fn looked_html(
    title: &str,
    sheet: &Sheet,
    pictures: &[Looked<'_>],
    provenance: &str,
) -> anyhow::Result<String> {
    let mut environment = environment()?;
    environment.add_template("style.html", STYLE)?;
    environment.add_template("looked.html", include_str!("templates/looked.html"))?;
    let [regular, bold] = [FONT_REGULAR, FONT_BOLD].map(base64);
    let is_wide = |picture: &&Looked<'_>| picture.svg.contains(&format!("width=\"{WIDE:.0}\""));
    let (wide, half): (Vec<&Looked<'_>>, Vec<&Looked<'_>>) = pictures.iter().partition(is_wide);
    let page = environment.get_template("looked.html")?;
    Ok(page.render(context! {
        title,
        sheet_title => &sheet.title,
        head => &sheet.head,
        rows => &sheet.rows,
        notes => &sheet.notes,
        wide => minijinja::value::Serde(&wide),
        half => minijinja::value::Serde(&half),
        provenance,
        font_regular => regular,
        font_bold => bold,
    })?)
}

/// The report as Markdown; pictures are links to the SVG files beside it.
///
/// # Errors
/// When a template and the report disagree, a defect of ours.
pub fn markdown(report: &Report) -> anyhow::Result<String> {
    let mut environment = environment()?;
    environment.add_template("report.md", include_str!("templates/report.md"))?;
    let (overview, fans) = pictures(report);
    let page = environment.get_template("report.md")?;
    Ok(page.render(context! {
        report => minijinja::value::Serde(report),
        overview => minijinja::value::Serde(&overview),
        fans => minijinja::value::Serde(&fans),
    })?)
}

fn environment() -> anyhow::Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    // A pipe ends a cell of a Markdown table, and markup in a name must stay text.
    environment.add_filter("cell", |text: String| {
        text.replace('\\', "\\\\")
            .replace('|', "\\|")
            .replace('<', "&lt;")
            .replace('[', "\\[")
            .replace(['\n', '\r'], " ")
    });
    Ok(environment)
}

/// The charts of all routes together, and the fans of single routes.
fn pictures(report: &Report) -> (Vec<Picture<'_>>, Vec<Picture<'_>>) {
    let (fans, overview): (Vec<&Chart>, Vec<&Chart>) =
        report.charts.iter().partition(|chart| chart.name.starts_with("fan-"));
    (overview.into_iter().map(as_picture).collect(), fans.into_iter().map(as_picture).collect())
}

fn as_picture(chart: &Chart) -> Picture<'_> {
    Picture { name: &chart.name, title: &chart.title, description: &chart.description, svg: &chart.svg }
}

/// Standard base64 with padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { DIGITS[value as usize] as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{FONT_REGULAR, base64, looked_html};
    use crate::render::Sheet;

    #[test]
    fn base64_answers_the_vectors_of_its_standard() {
        let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    /// Inside of a style nothing is unescaped: a font that was escaped is no font.
    #[test]
    fn fonts_stand_in_pages_as_they_are() {
        let page = looked_html("t", &Sheet::default(), &[], "p").unwrap();
        let fonts: Vec<&str> =
            page.split("font/woff2;base64,").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
        assert_eq!(fonts.len(), 2);
        assert_eq!(fonts[0], base64(FONT_REGULAR));
    }
}
