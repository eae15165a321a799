//! Points and lines over two axes.

use plotters::{drawing::IntoDrawingArea as _, element::ErrorBar};

use super::{
    chart::{Chart, Drawn, Frame, axes, chart, left_room, pen},
    element::{Look, Shape},
    label::write_labels,
    legend::Legend,
    scale::Scale,
};
use crate::{
    data::{Marks, PointFigure, PointSeries},
    paint::{Font, Scene, SceneBackend, Stroke, units, words_width},
    style::{Colour, Column, Marker, Style, colour, dashes},
};

/// Width of data lines in points.
const DATA_LINE: f64 = 1.0;
/// Width of reference lines in points.
const REFERENCE_LINE: f64 = 0.8;
/// Width of an error bar's ends, and of its lines, in points.
const ERROR_BAR: (f64, f64) = (3.0, 0.7);

/// Draws the series; references lie below, labels above.
pub(super) fn draw(figure: &PointFigure, style: Style, column: Column) -> Drawn<Scene> {
    let (width, size) = (style.width(column), style.type_size());
    let (wide, high, share) = match column {
        Column::Single => (5, 5, 0.62),
        Column::Double => (9, 6, 0.38),
    };
    let points = || figure.series.iter().flat_map(|series| &series.points);
    let mut x_scale = Scale::over(points().map(|point| point.x), &figure.x, wide);
    let spreads = points().filter_map(|point| point.spread);
    let y_values = points().map(|point| point.y).chain(spreads.flat_map(|(low, high)| [low, high]));
    let y_scale = Scale::over(y_values, &figure.y, high);
    let left = left_room(y_scale.labels(), style);
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    let legend = Legend::of(&names, (left, width - 3.0), style);
    let frame = Frame {
        top: legend.height().max(size * 0.6),
        // Half of the last number stands right of the frame.
        right: 12.0,
        below: size * 2.45 + 4.0,
        left,
        x_title: &figure.x.label,
        y_title: &figure.y.label,
        rules: true,
    };
    let font = Font::of(style.face());
    x_scale.thin(width - left - frame.right, 4.0, |label| words_width(label, font, size));
    let mut scene = Scene::new(width, frame.top + width * share + frame.below, style.face());
    let page = SceneBackend::new(&mut scene).into_drawing_area();
    let mut chart = chart(&page, &frame, x_scale, y_scale, style)?;
    let looks = looks(figure);
    for (series, look) in figure.series.iter().zip(&looks) {
        if let Some(stroke) = look.stroke {
            chart.draw_series(lines(figure, series, stroke))?;
        }
    }
    for (series, look) in figure.series.iter().zip(&looks) {
        if let Some((marker, colour)) = look.marker {
            draw_markers(&mut chart, figure, series, marker, colour)?;
        }
    }
    axes(&mut chart, true)?;
    write_labels(&page, &chart, figure, style)?;
    legend.draw(&page, &names, style, |index, [from, to]| {
        let middle = (from.1 + to.1) / 2;
        let line = |stroke| Shape::new(vec![(from.0, middle), (to.0, middle)], Look::Line(stroke));
        let marker = |(marker, colour)| {
            Shape::new(vec![((from.0 + to.0) / 2, middle)], Look::Mark(marker, colour))
        };
        let look = &looks[index];
        look.stroke.map(line).into_iter().chain(look.marker.map(marker)).collect()
    })?;
    drop((chart, page));
    Ok(scene)
}

/// How a series looks.
struct SeriesLook {
    stroke: Option<Stroke>,
    marker: Option<(Marker, Colour)>,
}

/// References are grey and dashed; the others take colours, dashes and markers in turn.
fn looks(figure: &PointFigure) -> Vec<SeriesLook> {
    let is_data = |series: &&PointSeries| series.marks != Marks::Reference;
    let count = figure.series.iter().filter(is_data).count();
    let (mut next, mut references) = (0, 0);
    figure
        .series
        .iter()
        .map(|series| {
            if series.marks == Marks::Reference {
                references += 1;
                let dashes = dashes(references);
                let stroke = Stroke { colour: Colour::REFERENCE, width: REFERENCE_LINE, dashes };
                return SeriesLook { stroke: Some(stroke), marker: None };
            }
            let own = colour(next, count);
            let line = Stroke { colour: own, width: DATA_LINE, dashes: dashes(next) };
            let marker = (Marker::of(next), own);
            next += 1;
            SeriesLook {
                stroke: (series.marks != Marks::Markers).then_some(line),
                marker: (series.marks != Marks::Line).then_some(marker),
            }
        })
        .collect()
}

/// The line of a series, broken where a point has no place.
pub(super) fn lines(
    figure: &PointFigure,
    series: &PointSeries,
    stroke: Stroke,
) -> Vec<Shape<(f64, f64)>> {
    series
        .points
        .split(|point| !figure.has_place(point))
        .filter(|piece| piece.len() > 1)
        .map(|piece| {
            let places = piece.iter().map(|point| (point.x, point.y)).collect();
            Shape::new(places, Look::Line(stroke))
        })
        .collect()
}

fn draw_markers(
    chart: &mut Chart<'_, Scale, Scale>,
    figure: &PointFigure,
    series: &PointSeries,
    marker: Marker,
    colour: Colour,
) -> Drawn {
    let (ends, line) = ERROR_BAR;
    let pen = pen(colour, line);
    let ends = u32::try_from(units(ends)).unwrap_or(1);
    for point in series.points.iter().filter(|point| figure.has_place(point)) {
        if let Some((low, high)) = point.spread {
            chart.draw_series([ErrorBar::new_vertical(point.x, low, point.y, high, pen, ends)])?;
        }
        chart.draw_series([Shape::new(vec![(point.x, point.y)], Look::Mark(marker, colour))])?;
    }
    Ok(())
}
