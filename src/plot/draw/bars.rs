//! Stacked and grouped bars over categories.

use super::{
    axis::{Frame, Scale, axis_lines, left_room, value_axis},
    legend::Legend,
};
use crate::plot::{
    data::{Axis, BarFigure, Layout},
    paint::{Align, CAP_HEIGHT, Font, Point, Scene, Stroke},
    style::{Colour, Column, Style, colour, hatches},
};

/// Distance of hatch lines in points.
const HATCH_STEP: f64 = 4.0;
/// Width of hatch lines in points.
const HATCH_LINE: f64 = 0.6;

/// Draws the bars; names of categories lie level if they fit and lean otherwise.
pub(super) fn draw(figure: &BarFigure, style: Style, column: Column) -> Scene {
    let (width, size) = (style.width(column), style.type_size());
    let axis = Axis::from_zero(figure.axis.as_str(), figure.unit.as_str());
    let scale = Scale::over(sums(figure), &axis, 5);
    let left = left_room(&scale, style);
    let right = width - 3.0;
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    let legend = Legend::of(&names, (left, right), style);
    let step = (right - left) / figure.categories.len().max(1) as f64;
    let font = Font::of(style.face());
    let longest = figure.categories.iter().map(|name| font.width(name, size)).fold(0.0, f64::max);
    let level = longest + 4.0 <= step;
    let lean = std::f64::consts::FRAC_1_SQRT_2;
    let labels = if level { size * 1.5 } else { longest * lean + size };
    let frame = Frame {
        left,
        right,
        top: legend.height(),
        bottom: legend.height() + (width * 0.3).max(95.0),
    };
    let mut scene = Scene::new(width, frame.bottom + labels + 3.0, style.face());
    value_axis(&mut scene, frame, &scale, &figure.axis, style);
    bars(&mut scene, figure, frame, &scale);
    axis_lines(&mut scene, frame);
    for (index, name) in figure.categories.iter().enumerate() {
        let x = left + step * (index as f64 + 0.5);
        if level {
            scene.text((x, frame.bottom + size * 1.15), name, Align::Middle, size);
        } else {
            let half = size * CAP_HEIGHT / 2.0 * lean;
            let at = (x + half, frame.bottom + 4.0 + half);
            scene.turned_text(at, name, Align::End, size, 45.0);
        }
    }
    let count = figure.series.len();
    legend.draw(&mut scene, &names, style, |scene, index, from, to| {
        bar(scene, from, to, index, count);
    });
    scene
}

fn sums(figure: &BarFigure) -> impl Iterator<Item = f64> {
    (0..figure.categories.len()).map(|category| {
        let values = figure.series.iter().map(|series| series.values[category]);
        match figure.layout {
            Layout::Stacked => values.sum(),
            Layout::Grouped => values.fold(0.0, f64::max),
        }
    })
}

fn bars(scene: &mut Scene, figure: &BarFigure, frame: Frame, scale: &Scale) {
    let step = (frame.right - frame.left) / figure.categories.len().max(1) as f64;
    let count = figure.series.len();
    for category in 0..figure.categories.len() {
        let start = frame.left + step * category as f64;
        let mut below = 0.0;
        for (index, series) in figure.series.iter().enumerate() {
            let value = series.values[category];
            let (from, to, base) = match figure.layout {
                Layout::Stacked => (0.18, 0.82, below),
                Layout::Grouped => {
                    let bar = 0.84 / count as f64;
                    (0.08 + bar * index as f64, 0.08 + bar * (index + 1) as f64, 0.0)
                }
            };
            if value <= 0.0 {
                continue;
            }
            below += value;
            let top = (start + step * from, frame.y(scale, base + value));
            bar(scene, top, (start + step * to, frame.y(scale, base)), index, count);
        }
    }
}

/// A filled and hatched bar between two corners.
fn bar(scene: &mut Scene, from: Point, to: Point, series: usize, of: usize) {
    scene.rectangle(from, to, Some(colour(series, of)), None);
    for direction in hatches(series) {
        for (a, b) in hatch_lines(from, to, *direction) {
            scene.line(a, b, Stroke::solid(Colour::WHITE, HATCH_LINE));
        }
    }
}

/// Parallel lines clipped to a rectangle.
fn hatch_lines(
    (left, top): Point,
    (right, bottom): Point,
    direction: (i32, i32),
) -> Vec<(Point, Point)> {
    let (width, height) = (right - left, bottom - top);
    let mut lines = Vec::new();
    let mut place = HATCH_STEP / 2.0;
    match direction {
        (1, 0) => {
            while place < height {
                lines.push(((left, top + place), (right, top + place)));
                place += HATCH_STEP;
            }
        }
        (0, 1) => {
            while place < width {
                lines.push(((left + place, top), (left + place, bottom)));
                place += HATCH_STEP;
            }
        }
        (_, dy) => {
            // x + y = place inside the rectangle, mirrored for falling lines.
            while place < width + height {
                let from = ((place - height).max(0.0), place.min(height));
                let to = (place.min(width), (place - width).max(0.0));
                let corner = |(x, y): Point| (left + x, if dy < 0 { top + y } else { bottom - y });
                lines.push((corner(from), corner(to)));
                place += HATCH_STEP * std::f64::consts::SQRT_2;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hatch_lines_stay_inside_their_bar() {
        for direction in [(1, -1), (1, 1), (1, 0), (0, 1)] {
            let lines = hatch_lines((10.0, 5.0), (31.0, 48.0), direction);
            assert!(!lines.is_empty());
            for (x, y) in lines.into_iter().flat_map(|(a, b)| [a, b]) {
                let inside = (10.0..=31.0).contains(&x) && (5.0..=48.0).contains(&y);
                assert!(inside, "{direction:?} {x} {y}");
            }
        }
    }
}
