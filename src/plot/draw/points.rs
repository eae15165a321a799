//! Points and lines over two axes.

use super::{
    axis::{AXIS_LINE, Frame, Scale, axis_lines, left_room, lower_axis, value_axis},
    legend::Legend,
};
use crate::plot::{
    data::{Marks, PointFigure, PointSeries},
    paint::{Align, CAP_HEIGHT, Font, Point, Scene, Stroke},
    style::{Colour, Column, Marker, Style, colour, dashes},
};

/// Width of data lines in points.
const DATA_LINE: f64 = 1.0;
/// Half the size of a marker in points.
const MARKER: f64 = 2.2;

/// Draws the series; references lie below, labels above.
pub(super) fn draw(figure: &PointFigure, style: Style, column: Column) -> Scene {
    let (width, size) = (style.width(column), style.type_size());
    let (wide, high) = match column {
        Column::Single => (5, 5),
        Column::Double => (9, 6),
    };
    let points = || figure.series.iter().flat_map(|series| &series.points);
    let x_scale = Scale::over(points().map(|point| point.x), &figure.x, wide);
    let spreads = points().filter_map(|point| point.spread);
    let y_values = points().map(|point| point.y).chain(spreads.flat_map(|(low, high)| [low, high]));
    let y_scale = Scale::over(y_values, &figure.y, high);
    let left = left_room(&y_scale, style);
    // Half of the last number stands right of the frame.
    let right = width - 12.0;
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    let legend = Legend::of(&names, (left, width - 3.0), style);
    let share = if column == Column::Single { 0.62 } else { 0.38 };
    let top = legend.height().max(size * 0.6);
    let frame = Frame { left, right, top, bottom: top + width * share };
    let mut scene = Scene::new(width, frame.bottom + size * 2.45 + 4.0, style.face());
    value_axis(&mut scene, frame, &y_scale, &figure.y.label, style);
    lower_axis(&mut scene, frame, &x_scale, &figure.x.label, style);
    let looks = looks(figure);
    let place = |x: f64, y: f64| (frame.x(&x_scale, x), frame.y(&y_scale, y));
    for (series, look) in figure.series.iter().zip(&looks) {
        if let Some(stroke) = look.stroke {
            let path = series.points.iter().map(|point| place(point.x, point.y)).collect();
            polyline_inside(&mut scene, frame, path, stroke);
        }
    }
    for (series, look) in figure.series.iter().zip(&looks) {
        for point in &series.points {
            let (x, y) = place(point.x, point.y);
            if let (Some((low, high)), Some((_, colour))) = (point.spread, look.marker) {
                error_bar(&mut scene, x, (place(0.0, low).1, place(0.0, high).1), colour);
            }
            if let Some((marker, colour)) = look.marker {
                draw_marker(&mut scene, (x, y), marker, colour);
            }
        }
    }
    axis_lines(&mut scene, frame);
    labels(&mut scene, figure, frame, style, &place);
    legend.draw(&mut scene, &names, style, |scene, index, from, to| {
        let middle = (from.1 + to.1) / 2.0;
        if let Some(stroke) = looks[index].stroke {
            scene.line((from.0, middle), (to.0, middle), stroke);
        }
        if let Some((marker, colour)) = looks[index].marker {
            draw_marker(scene, ((from.0 + to.0) / 2.0, middle), marker, colour);
        }
    });
    scene
}

/// How a series looks.
struct Look {
    stroke: Option<Stroke>,
    marker: Option<(Marker, Colour)>,
}

/// References are grey and dashed; the others take colours, dashes and markers in turn.
fn looks(figure: &PointFigure) -> Vec<Look> {
    let is_data = |series: &&PointSeries| series.marks != Marks::Reference;
    let count = figure.series.iter().filter(is_data).count();
    let (mut next, mut references) = (0, 0);
    figure
        .series
        .iter()
        .map(|series| {
            if series.marks == Marks::Reference {
                references += 1;
                let dashes = dashes(references % 3);
                let stroke = Stroke { colour: Colour::REFERENCE, width: 0.8, dashes };
                return Look { stroke: Some(stroke), marker: None };
            }
            let own = colour(next, count);
            let line = Stroke { colour: own, width: DATA_LINE, dashes: dashes(next) };
            let marker = (Marker::of(next), own);
            next += 1;
            Look {
                stroke: (series.marks != Marks::Markers).then_some(line),
                marker: (series.marks != Marks::Line).then_some(marker),
            }
        })
        .collect()
}

/// A polyline cut at the frame, where references may leave it.
fn polyline_inside(scene: &mut Scene, frame: Frame, path: Vec<Point>, stroke: Stroke) {
    let mut piece: Vec<Point> = Vec::new();
    for pair in path.windows(2) {
        let Some((from, to)) = clip(frame, pair[0], pair[1]) else { continue };
        if piece.last() != Some(&from) {
            if piece.len() > 1 {
                scene.polyline(std::mem::take(&mut piece), stroke);
            }
            piece = vec![from];
        }
        piece.push(to);
    }
    if piece.len() > 1 {
        scene.polyline(piece, stroke);
    }
}

/// The part of a segment inside the frame (Liang and Barsky 1984).
fn clip(frame: Frame, from: Point, to: Point) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    if !(dx.is_finite() && dy.is_finite()) {
        return None;
    }
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (delta, room) in [
        (-dx, from.0 - frame.left),
        (dx, frame.right - from.0),
        (-dy, from.1 - frame.top),
        (dy, frame.bottom - from.1),
    ] {
        if delta == 0.0 {
            if room < -1e-9 {
                return None;
            }
        } else if delta < 0.0 {
            enter = enter.max(room / delta);
        } else {
            leave = leave.min(room / delta);
        }
    }
    if enter <= leave {
        // An end that is not cut stays exactly where it was, so that pieces join.
        let at = |share: f64| (from.0 + share * dx, from.1 + share * dy);
        let start = if enter == 0.0 { from } else { at(enter) };
        let end = if leave == 1.0 { to } else { at(leave) };
        Some((start, end))
    } else {
        None
    }
}

fn error_bar(scene: &mut Scene, x: f64, (low, high): (f64, f64), colour: Colour) {
    let stroke = Stroke::solid(colour, 0.7);
    scene.line((x, low), (x, high), stroke);
    for y in [low, high] {
        scene.line((x - 1.5, y), (x + 1.5, y), stroke);
    }
}

fn draw_marker(scene: &mut Scene, (x, y): Point, marker: Marker, colour: Colour) {
    let r = MARKER;
    let corners: Vec<Point> = match marker {
        Marker::Circle => (0..16)
            .map(|corner| {
                let (sin, cos) = (std::f64::consts::FRAC_PI_8 * f64::from(corner)).sin_cos();
                (x + r * cos, y + r * sin)
            })
            .collect(),
        Marker::Square => {
            let r = r * 0.9;
            vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
        }
        Marker::Up => {
            vec![(x, y - r * 1.2), (x + r * 1.1, y + r * 0.8), (x - r * 1.1, y + r * 0.8)]
        }
        Marker::Down => {
            vec![(x, y + r * 1.2), (x + r * 1.1, y - r * 0.8), (x - r * 1.1, y - r * 0.8)]
        }
        Marker::Diamond => {
            let r = r * 1.25;
            vec![(x, y - r), (x + r, y), (x, y + r), (x - r, y)]
        }
        Marker::Cross => {
            let stroke = Stroke::solid(colour, 1.0);
            scene.line((x - r, y - r), (x + r, y + r), stroke);
            scene.line((x - r, y + r), (x + r, y - r), stroke);
            return;
        }
    };
    scene.polygon(corners, Some(colour), Some(Stroke::solid(Colour::WHITE, AXIS_LINE)));
}

/// Writes each point's label at the first of thirteen places around it that covers no marker and no
/// other label (and no line, if there is such a place), and stays on the page; a label without such a place is left out of the drawing
/// (it stays in the CSV).
fn labels(
    scene: &mut Scene,
    figure: &PointFigure,
    frame: Frame,
    style: Style,
    place: &impl Fn(f64, f64) -> Point,
) {
    let size = style.type_size();
    let font = Font::of(style.face());
    let all = || figure.series.iter().filter(|series| series.marks != Marks::Reference);
    let mut taken: Vec<[f64; 4]> = all()
        .flat_map(|series| &series.points)
        .map(|point| {
            let (x, y) = place(point.x, point.y);
            [x - MARKER, y - MARKER, x + MARKER, y + MARKER]
        })
        .collect();
    let drawn = all().filter(|series| series.marks != Marks::Markers);
    let lines: Vec<(Point, Point)> = drawn
        .flat_map(|series| series.points.windows(2))
        .map(|pair| (place(pair[0].x, pair[0].y), place(pair[1].x, pair[1].y)))
        .collect();
    let cap = size * CAP_HEIGHT;
    for point in all().flat_map(|series| &series.points).filter(|point| !point.label.is_empty()) {
        let (x, y) = place(point.x, point.y);
        let width = font.width(&point.label, size);
        let gap = MARKER + 1.8;
        let spots = [
            (x + gap, y + cap / 2.0),
            (x - gap - width, y + cap / 2.0),
            (x - width / 2.0, y - gap),
            (x - width / 2.0, y + gap + cap),
            (x + gap * 0.7, y - gap * 0.7),
            (x + gap * 0.7, y + gap * 0.7 + cap),
            (x - gap * 0.7 - width, y - gap * 0.7),
            (x - gap * 0.7 - width, y + gap * 0.7 + cap),
            (x + gap, y - gap * 2.0),
            (x - gap - width, y - gap * 2.0),
            (x + gap * 4.0, y + cap * 0.2),
            (x - width / 2.0, y - gap * 3.0),
            (x - width / 2.0, y + gap * 3.0 + cap),
        ];
        let find = |clear_of_lines: bool| {
            spots.into_iter().find_map(|(left, baseline)| {
                let area = [left - 0.5, baseline - cap - 0.8, left + width + 0.5, baseline + 1.8];
                let on_page = area[0] > frame.left + 1.0
                    && area[2] < scene.width - 1.0
                    && area[1] > 1.0
                    && area[3] < frame.bottom - 1.0;
                let apart = |other: &[f64; 4]| {
                    area[2] < other[0]
                        || other[2] < area[0]
                        || area[3] < other[1]
                        || other[3] < area[1]
                };
                let around = Frame { left: area[0], top: area[1], right: area[2], bottom: area[3] };
                let crossed = |(from, to): &(Point, Point)| clip(around, *from, *to).is_some();
                let clear = !clear_of_lines || !lines.iter().any(crossed);
                (on_page && clear && taken.iter().all(apart)).then_some((left, baseline, area))
            })
        };
        let free = find(true).or_else(|| find(false));
        if let Some((left, baseline, area)) = free {
            scene.text((left, baseline), point.label.as_str(), Align::Start, size);
            taken.push(area);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_the_frame() {
        let frame = Frame { left: 0.0, right: 10.0, top: 0.0, bottom: 10.0 };
        assert_eq!(clip(frame, (1.0, 1.0), (9.0, 9.0)), Some(((1.0, 1.0), (9.0, 9.0))));
        assert_eq!(clip(frame, (-5.0, 5.0), (15.0, 5.0)), Some(((0.0, 5.0), (10.0, 5.0))));
        assert_eq!(clip(frame, (-5.0, -1.0), (15.0, -1.0)), None);
        assert_eq!(clip(frame, (f64::NAN, 0.0), (1.0, 1.0)), None);
    }
}
