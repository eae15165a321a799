//! Words with raised digits: their width, and their places on a scene.

use super::{
    font::Font,
    scene::{Align, Item, Point, Scene},
};
use crate::style::Colour;

/// How far raised digits stand above the baseline, over the type size.
const RAISE: f64 = 0.42;

/// Size of raised digits: one point less, but still seven points.
fn raised_size(size: f64) -> f64 {
    (size - 1.0).max(7.0)
}

/// The level form of a raised digit or sign.
fn level(character: char) -> Option<char> {
    Some(match character {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from(b'4' + (character as u32 - '⁴' as u32) as u8),
        '⁻' => '−',
        _ => return None,
    })
}

/// Runs of level and of raised characters, the latter in their level form.
fn runs(text: &str) -> Vec<(bool, String)> {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for character in text.chars() {
        let (raised, character) = match level(character) {
            Some(level) => (true, level),
            None => (false, character),
        };
        match runs.last_mut() {
            Some((own, run)) if *own == raised => run.push(character),
            _ => runs.push((raised, character.to_string())),
        }
    }
    runs
}

/// Width of a text in points, its raised digits included.
#[must_use]
pub fn words_width(text: &str, font: &Font, size: f64) -> f64 {
    let width = |(raised, run): (bool, String)| {
        font.width(&run, if raised { raised_size(size) } else { size })
    };
    runs(text).into_iter().map(width).sum()
}

/// Writes a text with its raised digits, turned as a whole around its place.
pub(super) fn place_words(
    scene: &mut Scene,
    text: &str,
    (x, y): Point,
    align: Align,
    angle: f64,
    size: f64,
    colour: Colour,
) {
    let font = Font::of(scene.face);
    let runs = runs(text);
    if let [(false, _)] = runs.as_slice() {
        // One run keeps its anchor, so that a viewer with another font centres it as well.
        let text = text.to_owned();
        scene.items.push(Item::Text { at: (x, y), text, align, angle, size, colour });
        return;
    }
    let (sin, cos) = angle.to_radians().sin_cos();
    let mut along = match align {
        Align::Start => 0.0,
        Align::Middle => -words_width(text, font, size) / 2.0,
        Align::End => -words_width(text, font, size),
    };
    for (raised, run) in runs {
        let (own, up) = if raised { (raised_size(size), size * RAISE) } else { (size, 0.0) };
        let at = (x + along * cos - up * sin, y - along * sin - up * cos);
        along += font.width(&run, own);
        scene.items.push(Item::Text {
            at,
            text: run,
            align: Align::Start,
            angle,
            size: own,
            colour,
        });
    }
}
