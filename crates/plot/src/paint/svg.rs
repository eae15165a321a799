//! A drawing as SVG: text stays text, and the typeface travels with it.

use std::fmt::Write as _;

use super::{
    font::Font,
    provenance_lines,
    scene::{Align, Item, Scene, Stroke},
};
use crate::{data::Provenance, style::Colour};

/// The drawing as an SVG file of its final size.
#[must_use]
pub fn svg(scene: &Scene, caption: &str, provenance: &Provenance) -> String {
    let font = Font::of(scene.face);
    let (width, height) = (number(scene.width), number(scene.height));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" \
         viewBox=\"0 0 {width} {height}\">\n<desc>{}</desc>\n<metadata>\n{}\n</metadata>\n",
        escape(caption),
        escape(&provenance_lines(provenance).join("\n")),
    );
    let _ = writeln!(
        text,
        "<style>@font-face{{font-family:'{family}';src:url(data:font/ttf;base64,{})}}\n\
         text{{font-family:'{family}',{};white-space:pre}}</style>",
        base64(font.bytes),
        font.fallback,
        family = font.family,
    );
    let _ = writeln!(text, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
    for item in &scene.items {
        write_item(&mut text, item);
    }
    text.push_str("</svg>\n");
    text
}

fn write_item(text: &mut String, item: &Item) {
    match item {
        Item::Shape { points, closed, fill, stroke } => {
            let corners: Vec<String> =
                points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
            let element = if *closed { "polygon" } else { "polyline" };
            let fill = fill.map_or_else(|| "none".to_owned(), hex);
            let _ = writeln!(
                text,
                "<{element} points=\"{}\" fill=\"{fill}\"{}/>",
                corners.join(" "),
                stroke.map_or_else(String::new, outline),
            );
        }
        Item::Text { at: (x, y), text: words, align, angle, size, colour } => {
            let anchor = match align {
                Align::Start => "",
                Align::Middle => " text-anchor=\"middle\"",
                Align::End => " text-anchor=\"end\"",
            };
            let (x, y) = (number(*x), number(*y));
            let turn = if *angle == 0.0 {
                String::new()
            } else {
                format!(" transform=\"rotate({} {x} {y})\"", number(-angle))
            };
            let fill = if *colour == Colour::BLACK {
                String::new()
            } else {
                format!(" fill=\"{}\"", hex(*colour))
            };
            let _ = writeln!(
                text,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"{anchor}{turn}{fill}>{}</text>",
                number(*size),
                escape(words),
            );
        }
    }
}

fn outline(stroke: Stroke) -> String {
    let mut text = format!(
        " stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"",
        hex(stroke.colour),
        number(stroke.width)
    );
    if !stroke.dashes.is_empty() {
        let dashes: Vec<String> = stroke.dashes.iter().map(|dash| number(*dash)).collect();
        let _ = write!(text, " stroke-dasharray=\"{}\"", dashes.join(" "));
    }
    text
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A hundredth of a point is finer than any press.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let value = chunk.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (value >> (18 - 6 * place) & 63) as usize;
            text.push(if place <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standard() {
        // RFC 4648, section 10.
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn numbers_are_short_and_have_no_negative_zero() {
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(12.50), "12.5");
        assert_eq!(number(3.0), "3");
    }
}
