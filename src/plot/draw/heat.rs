//! A coloured grid with a colour bar; the value stands in each cell where it fits.

use super::axis::{AXIS_LINE, Scale};
use crate::plot::{
    data::{Axis, HeatFigure},
    paint::{Align, CAP_HEIGHT, Font, Item, Scene, Stroke},
    style::{Colour, Column, Style, heat_colour},
};

/// Steps of the colour bar.
const BAR_STEPS: usize = 64;
/// Width of the colour bar in points.
const BAR: f64 = 9.0;

/// Draws the grid. Dark is more; a missing value is a crossed cell.
pub(super) fn draw(figure: &HeatFigure, style: Style, column: Column) -> Scene {
    let (width, size) = (style.width(column), style.type_size());
    let font = Font::of(style.face());
    let axis = Axis::linear(figure.value.as_str(), "");
    let scale = Scale::over(figure.values.iter().copied().flatten(), &axis, 5);
    let widest =
        |names: &[String]| names.iter().map(|name| font.width(name, size)).fold(0.0, f64::max);
    let ticks: Vec<String> = scale.ticks.iter().map(|tick| tick.label.clone()).collect();
    let left = size * 1.35 + widest(&figure.rows) + 5.0;
    let right = width - (10.0 + BAR + 4.0 + widest(&ticks) + size * 1.5);
    let step = (right - left) / figure.columns.len().max(1) as f64;
    let high = (step * 0.6).clamp(size * 1.7, 40.0);
    let (top, bottom) = (size * 0.6, size * 0.6 + high * figure.rows.len() as f64);
    let level = widest(&figure.columns) + 3.0 <= step;
    let lean = std::f64::consts::FRAC_1_SQRT_2;
    let names = if level { size * 1.2 } else { widest(&figure.columns) * lean + size * 0.5 };
    let mut scene = Scene::new(width, bottom + names + size * 1.5 + 3.0, style.face());
    for (index, value) in figure.values.iter().enumerate() {
        let x = left + step * (index % figure.columns.len()) as f64;
        let y = top + high * (index / figure.columns.len()) as f64;
        cell(&mut scene, (x, y), (step, high), *value, &scale, style);
    }
    for (index, name) in figure.rows.iter().enumerate() {
        let y = top + high * (index as f64 + 0.5) + size * CAP_HEIGHT / 2.0;
        scene.text((left - 3.5, y), name, Align::End, size);
    }
    for (index, name) in figure.columns.iter().enumerate() {
        let x = left + step * (index as f64 + 0.5);
        if level {
            scene.text((x, bottom + size * 1.15), name, Align::Middle, size);
        } else {
            let half = size * CAP_HEIGHT / 2.0 * lean;
            scene.turned_text((x + half, bottom + 3.0 + half), name, Align::End, size, 45.0);
        }
    }
    let middle = (left + right) / 2.0;
    scene.text((middle, bottom + names + size * 1.2), figure.x.as_str(), Align::Middle, size);
    let centre = (top + bottom) / 2.0;
    scene.turned_text((size, centre), figure.y.as_str(), Align::Middle, size, 90.0);
    colour_bar(&mut scene, (right + 10.0, top, bottom), &scale, &figure.value, style);
    scene
}

fn cell(
    scene: &mut Scene,
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    value: Option<f64>,
    scale: &Scale,
    style: Style,
) {
    let edge = Some(Stroke::solid(Colour::WHITE, AXIS_LINE));
    let Some(value) = value else {
        let grey = Stroke::solid(Colour::REFERENCE, AXIS_LINE);
        scene.rectangle((x, y), (x + width, y + height), Some(Colour::WHITE), Some(grey));
        scene.line((x, y), (x + width, y + height), grey);
        scene.line((x, y + height), (x + width, y), grey);
        return;
    };
    let share = scale.share(value);
    scene.rectangle((x, y), (x + width, y + height), Some(heat_colour(share)), edge);
    let size = style.type_size();
    let label = short(value);
    if Font::of(style.face()).width(&label, size) + 3.0 <= width {
        let colour = if share > 0.45 { Colour::WHITE } else { Colour::BLACK };
        scene.items.push(Item::Text {
            at: (x + width / 2.0, y + height / 2.0 + size * CAP_HEIGHT / 2.0),
            text: label,
            align: Align::Middle,
            angle: 0.0,
            size,
            colour,
        });
    }
}

/// About three significant digits.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}").replace('-', "−")
}

fn colour_bar(
    scene: &mut Scene,
    (left, top, bottom): (f64, f64, f64),
    scale: &Scale,
    title: &str,
    style: Style,
) {
    let size = style.type_size();
    let step = (bottom - top) / BAR_STEPS as f64;
    for index in 0..BAR_STEPS {
        let share = (index as f64 + 0.5) / BAR_STEPS as f64;
        let low = bottom - step * index as f64;
        // A hair of overlap, so that no viewer shows seams.
        let high = (low - step * 1.3).max(top);
        scene.rectangle((left, high), (left + BAR, low), Some(heat_colour(share)), None);
    }
    let line = Stroke::solid(Colour::BLACK, AXIS_LINE);
    scene.rectangle((left, top), (left + BAR, bottom), None, Some(line));
    let mut widest = 0.0_f64;
    let mut last = f64::INFINITY;
    for tick in &scale.ticks {
        let y = bottom - scale.share(tick.value) * (bottom - top);
        scene.line((left + BAR - 2.0, y), (left + BAR, y), line);
        // A short bar has no room for every number.
        if last - y < size {
            continue;
        }
        last = y;
        let at = (left + BAR + 3.0, y + size * CAP_HEIGHT / 2.0);
        scene.text(at, tick.label.as_str(), Align::Start, size);
        widest = widest.max(Font::of(style.face()).width(&tick.label, size));
    }
    let place = (left + BAR + 4.0 + widest + size * 1.1, (top + bottom) / 2.0);
    scene.turned_text(place, title, Align::Middle, size, 90.0);
}
