//! Point figures of small tables.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{Field, is_json, list, missing, number, parse, text},
    ladder::Ladder,
    runs, single,
    table::Table,
};
use crate::report::ROW_BAND;
use signloop_base::Result;
use signloop_plot::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries};

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

/// Accuracy against effectual parameters, every dot named; from a table, or from the folders of
/// training runs.
pub(super) fn accuracy(inputs: &[Input], _: &Choice) -> Result<Figure> {
    let (series, what) = if runs::are_runs(inputs) {
        runs::series(inputs)?
    } else {
        let input = single(inputs, "accuracy")?;
        (accuracy_table(&Table::read(input)?)?, input.name())
    };
    Ok(Figure {
        id: "accuracy".to_owned(),
        caption: format!(
            "Top-1 accuracy against effectual (non-zero quantised) parameters; {what}. Error bars span \
             the least and greatest of several seeds."
        ),
        content: Content::Points(PointFigure {
            x: Axis::log("effectual parameters", "effectual_params"),
            y: Axis::linear("top-1 accuracy (%)", "top1_percent"),
            series,
        }),
    })
}

fn accuracy_table(table: &Table) -> Result<Vec<PointSeries>> {
    let mut points = points(table, "effectual_params", "top1_percent", true)?;
    // Seeds of one setting may give a spread.
    if let (Ok(low), Ok(high)) =
        (table.numbers("top1_percent_low", true), table.numbers("top1_percent_high", true))
    {
        for (point, (low, high)) in points.iter_mut().zip(low.into_iter().zip(high)) {
            point.spread = (low < high).then_some((low, high));
        }
    }
    Ok(grouped(&table.words("series")?, points, Marks::Markers))
}

/// Predicted against measured time, with the diagonal and the band that a single row must keep;
/// from `crosscheck --format json`, or from a table.
pub(super) fn crosscheck(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "crosscheck")?;
    let data = if is_json(input) {
        crosscheck_json(input, choice)?
    } else {
        let table = Table::read(input)?;
        let points = points(&table, "measured_us", "predicted_us", true)?;
        grouped(&table.words("series")?, points, Marks::Markers)
    };
    let all = || data.iter().flat_map(|series| &series.points);
    let values = || all().flat_map(|point| [point.x, point.y]);
    let (low, high) =
        (values().fold(f64::INFINITY, f64::min) / 1.2, values().fold(0.0, f64::max) * 1.2);
    let count = all().count();
    let ratios: f64 = all().map(|point| (point.y / point.x).ln().abs()).sum();
    let mean = ((ratios / count.max(1) as f64).exp() - 1.0) * 100.0;
    let line = |name: String, factor: f64| PointSeries {
        name,
        points: vec![DataPoint::at(low, low * factor), DataPoint::at(high, high * factor)],
        marks: Marks::Reference,
    };
    let percent = ROW_BAND * 100.0;
    let mut series = data;
    series.extend([
        line("equal".to_owned(), 1.0),
        line(format!("+{percent:.0} %"), 1.0 + ROW_BAND),
        line(format!("−{percent:.0} %"), 1.0 - ROW_BAND),
    ]);
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

fn crosscheck_json(input: &Input, choice: &Choice) -> Result<Vec<PointSeries>> {
    let document = parse(input)?;
    let read = |row: &Value| -> Field<Option<(String, DataPoint)>> {
        let (scheme, method) = (text(row, "scheme")?, text(row, "method")?);
        let keep = |names: &[String], own: &String| names.is_empty() || names.contains(own);
        if !keep(&choice.schemes, &scheme)
            || !keep(&choice.methods, &method)
            || !keep(&choice.layers, &text(row, "layer")?)
        {
            return Ok(None);
        }
        let above_zero = |key: &str| match number(row, key)? {
            time if time > 0.0 => Ok(time),
            _ => Err(key.to_owned()),
        };
        let point = DataPoint::at(above_zero("measured_us")?, above_zero("predicted_us")?);
        Ok(Some((format!("{scheme} {method} {}", text(row, "activations")?), point)))
    };
    let rows: Vec<(String, DataPoint)> = list(&document, "rows")
        .and_then(|rows| rows.iter().filter_map(|row| read(row).transpose()).collect())
        .map_err(|key| {
            missing(input, &key)
                .hint("make one with `signloop crosscheck --format json --out FILE`")
        })?;
    let (names, points): (Vec<String>, Vec<DataPoint>) = rows.into_iter().unzip();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(grouped(&names, points, Marks::Markers))
}

/// Energy against cycles of mappings, and those that no other beats in both; from `map --format
/// json`, or from a table.
pub(super) fn pareto(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "pareto")?;
    let (mut series, what) =
        if is_json(input) { map_fronts(input, choice)? } else { mappings(input)? };
    let points = || series.iter().flat_map(|series| &series.points);
    let (size, word, unit) =
        Ladder::ENERGY_PJ.of(points().map(|point| point.y).fold(f64::INFINITY, f64::min));
    for point in series.iter_mut().flat_map(|series| &mut series.points) {
        point.y /= size;
    }
    Ok(Figure {
        id: "pareto".to_owned(),
        caption: format!("Energy against cycles of mappings; {what}"),
        content: Content::Points(PointFigure {
            x: Axis::log("cycles", "cycles"),
            y: Axis::log(format!("energy{word}"), format!("energy_{unit}")),
            series,
        }),
    })
}

/// The front of every scheme: of the whole network, or of the layers chosen.
fn map_fronts(input: &Input, choice: &Choice) -> Result<(Vec<PointSeries>, String)> {
    let document = parse(input)?;
    let read = || -> Field<(Vec<PointSeries>, String)> {
        let (rows, by_layer) = if choice.layers.is_empty() {
            (list(&document, "totals")?, false)
        } else {
            (list(&document, "layers")?, true)
        };
        let mut series = Vec::new();
        for row in rows {
            let scheme = text(row, "scheme")?;
            if !choice.schemes.is_empty() && !choice.schemes.contains(&scheme) {
                continue;
            }
            let name = match by_layer.then(|| text(row, "layer")).transpose()? {
                Some(layer) if !choice.layers.contains(&layer) => continue,
                Some(layer) => format!("{scheme} {layer}"),
                None => scheme,
            };
            let mut points = list(row, "front")?
                .iter()
                .map(|point| {
                    Ok(DataPoint::at(number(point, "cycles")?, number(point, "energy_pj")?))
                })
                .collect::<Field<Vec<DataPoint>>>()?;
            points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
            let name = name.trim().to_owned();
            series.push(PointSeries { name, points, marks: Marks::LineAndMarkers });
        }
        let what = format!(
            "{} on {}, {} mappings scored a layer at most. Every mapping shown is best in some weighing of the two.",
            text(&document, "workload")?,
            text(&document, "arch")?,
            number(&document, "evaluations_per_layer")?
        );
        Ok((series, what))
    };
    Ok(read().map_err(|key| {
        missing(input, &key).hint("make one with `signloop map --format json --out FILE`")
    })?)
}

/// All mappings of a table and their front.
fn mappings(input: &Input) -> Result<(Vec<PointSeries>, String)> {
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
    let what = format!("{}. The line is the front: no mapping is better in both.", input.name());
    Ok((series, what))
}
