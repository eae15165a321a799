//! Point figures of small tables.

use super::{Choice, Input, single, table::Table};
use crate::{
    Result,
    plot::data::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries},
};

/// Groups points by series, in order of first appearance.
fn grouped(names: &[&str], points: Vec<DataPoint>, marks: Marks) -> Vec<PointSeries> {
    let mut series: Vec<PointSeries> = Vec::new();
    for (name, point) in names.iter().zip(points) {
        let name = if name.is_empty() { "points" } else { name };
        match series.iter_mut().find(|series| series.name == name) {
            Some(series) => series.points.push(point),
            None => series.push(PointSeries { name: name.to_owned(), points: vec![point], marks }),
        }
    }
    series
}

fn points(table: &Table, x: &str, y: &str, above_zero: bool) -> Result<Vec<DataPoint>> {
    let (xs, ys) = (table.numbers(x, above_zero)?, table.numbers(y, above_zero)?);
    let labels = table.optional_words("label");
    Ok(xs
        .into_iter()
        .zip(ys)
        .zip(labels)
        .map(|((x, y), label)| DataPoint { label: label.to_owned(), ..DataPoint::at(x, y) })
        .collect())
}

/// Adds left of the dense MACs against density. Zero is a real answer: an all-zero layer.
pub(super) fn tradeoff(inputs: &[Input], _: &Choice) -> Result<Figure> {
    let input = single(inputs, "tradeoff")?;
    let table = Table::read(input)?;
    let points = points(&table, "density", "adds_per_dense_mac", false)?;
    let series = grouped(&table.words("series")?, points, Marks::LineAndMarkers);
    Ok(tradeoff_figures(series, &input.name()).swap_remove(0))
}

/// The trade-off in two figures: adds left (with the all-zero corner), and its reciprocal.
#[must_use]
pub fn tradeoff_figures(series: Vec<PointSeries>, what: &str) -> Vec<Figure> {
    let reciprocal: Vec<PointSeries> = series
        .iter()
        .map(|series| PointSeries {
            points: series
                .points
                .iter()
                .filter(|point| point.y > 0.0)
                .map(|point| DataPoint { y: 1.0 / point.y, ..point.clone() })
                .collect(),
            ..series.clone()
        })
        .collect();
    let figure = |id: &str, about: &str, y: Axis, series: Vec<PointSeries>| Figure {
        id: id.to_owned(),
        caption: format!(
            "{about} against density (non-zero weights / all weights); {what}. Density 0 is the \
             all-zero layer, density 1 of {{0,1}} the all-equal one."
        ),
        content: Content::Points(PointFigure {
            x: Axis::from_zero("density", "density"),
            y,
            series,
        }),
    };
    vec![
        figure(
            "tradeoff",
            "Adds left of the dense MACs",
            Axis::from_zero("adds / dense MACs", "adds_per_dense_mac"),
            series,
        ),
        figure(
            "tradeoff-reduction",
            "Arithmetic reduction (dense MACs / adds)",
            Axis::log("dense MACs / adds", "arithmetic_reduction"),
            reciprocal,
        ),
    ]
}

/// Accuracy against effectual parameters, every dot named.
pub(super) fn accuracy(inputs: &[Input], _: &Choice) -> Result<Figure> {
    let input = single(inputs, "accuracy")?;
    let table = Table::read(input)?;
    let mut points = points(&table, "effectual_params", "top1_percent", true)?;
    // Seeds of one setting may give a spread.
    if let (Ok(low), Ok(high)) =
        (table.numbers("top1_percent_low", true), table.numbers("top1_percent_high", true))
    {
        for (point, (low, high)) in points.iter_mut().zip(low.into_iter().zip(high)) {
            point.spread = (low < high).then_some((low, high));
        }
    }
    Ok(Figure {
        id: "accuracy".to_owned(),
        caption: format!(
            "Top-1 accuracy against effectual (non-zero quantised) parameters; {}. Error bars span \
             the least and greatest of several seeds.",
            input.name()
        ),
        content: Content::Points(PointFigure {
            x: Axis::log("effectual parameters", "effectual_params"),
            y: Axis::linear("top-1 accuracy (%)", "top1_percent"),
            series: grouped(&table.words("series")?, points, Marks::Markers),
        }),
    })
}

/// Predicted against measured time, with the diagonal and its ±10 % band.
pub(super) fn crosscheck(inputs: &[Input], _: &Choice) -> Result<Figure> {
    let input = single(inputs, "crosscheck")?;
    let table = Table::read(input)?;
    let points = points(&table, "measured_us", "predicted_us", true)?;
    let values = || points.iter().flat_map(|point| [point.x, point.y]);
    let (low, high) =
        (values().fold(f64::INFINITY, f64::min) / 1.2, values().fold(0.0, f64::max) * 1.2);
    let line = |name: &str, factor: f64| PointSeries {
        name: name.to_owned(),
        points: vec![DataPoint::at(low, low * factor), DataPoint::at(high, high * factor)],
        marks: Marks::Reference,
    };
    let (mut ratios, count) = (0.0, points.len());
    for point in &points {
        ratios += (point.y / point.x).ln().abs();
    }
    let mean = ((ratios / count.max(1) as f64).exp() - 1.0) * 100.0;
    let mut series = grouped(&table.words("series")?, points, Marks::Markers);
    series.extend([line("equal", 1.0), line("+10 %", 1.1), line("−10 %", 1.0 / 1.1)]);
    Ok(Figure {
        id: "crosscheck".to_owned(),
        caption: format!(
            "Predicted against measured time of {count} runs; {}. Geometric mean of the error {mean:.1} %.",
            input.name()
        ),
        content: Content::Points(PointFigure {
            x: Axis::log("measured time (µs)", "measured_us"),
            y: Axis::log("predicted time (µs)", "predicted_us"),
            series,
        }),
    })
}

/// Energy against cycles of mappings, and those that no other beats in both.
pub(super) fn pareto(inputs: &[Input], _: &Choice) -> Result<Figure> {
    let input = single(inputs, "pareto")?;
    let table = Table::read(input)?;
    let points = points(&table, "cycles", "energy_pj", true)?;
    let mut sorted = points.clone();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let mut front: Vec<DataPoint> = Vec::new();
    for point in sorted {
        if front.last().is_none_or(|last| point.y < last.y) {
            // A step: no mapping lies between two of the front.
            if let Some(last) = front.last() {
                let corner = DataPoint::at(point.x, last.y);
                front.push(corner);
            }
            front.push(DataPoint { label: String::new(), ..point });
        }
    }
    let mut series = grouped(&table.optional_words("series"), points, Marks::Markers);
    series.push(PointSeries { name: "front".to_owned(), points: front, marks: Marks::Reference });
    Ok(Figure {
        id: "pareto".to_owned(),
        caption: format!(
            "Energy against cycles of mappings; {}. The line is the front: no mapping is better in both.",
            input.name()
        ),
        content: Content::Points(PointFigure {
            x: Axis::log("cycles", "cycles"),
            y: Axis::log("energy (pJ)", "energy_pj"),
            series,
        }),
    })
}
