//! Distinct R×S kernels of each layer against what the pigeonhole principle allows.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{missing, number, parse, text},
    single,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_plot::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries};

/// Kernels of one layer under one scheme.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternRow {
    /// Scheme.
    pub scheme: String,
    /// Layer.
    pub layer: String,
    /// Kernels in the layer.
    pub total: f64,
    /// Distinct kernels.
    pub distinct: f64,
    /// Kernels that the scheme allows, if bounded.
    pub possible: Option<f64>,
}

/// From the output of `signloop stats --format json`.
pub(super) fn patterns(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "patterns")?;
    let document = parse(input)?;
    let Some(rows) = document.as_array() else {
        return Err(Problem::new("expected a list of layers")
            .in_file(&input.name())
            .hint("make one with `signloop stats --format json --out FILE`")
            .into());
    };
    let read = |row: &Value| {
        Ok(PatternRow {
            scheme: text(row, "scheme")?,
            layer: text(row, "layer")?,
            total: number(row, "stats.kernels.total")?,
            distinct: number(row, "stats.kernels.distinct")?,
            possible: number(row, "stats.kernels.possible").ok(),
        })
    };
    let rows: Vec<PatternRow> =
        rows.iter().map(read).collect::<Result<_, String>>().map_err(|key| missing(input, &key))?;
    let rows: Vec<PatternRow> = rows
        .into_iter()
        .filter(|row| choice.schemes.is_empty() || choice.schemes.contains(&row.scheme))
        .filter(|row| choice.layers.is_empty() || choice.layers.contains(&row.layer))
        .collect();
    Ok(pattern_figure(&rows, &input.name()))
}

/// A point a layer; for each scheme the bound min(total, possible), and what uniform random
/// kernels would give: possible·(1 − (1 − 1/possible)^total).
#[must_use]
pub fn pattern_figure(rows: &[PatternRow], what: &str) -> Figure {
    let mut series: Vec<PointSeries> = Vec::new();
    let mut lines: Vec<PointSeries> = Vec::new();
    let most = rows.iter().map(|row| row.total).fold(1.0, f64::max);
    let least = rows.iter().map(|row| row.total).fold(most, f64::min);
    for row in rows {
        let point = DataPoint { label: String::new(), ..DataPoint::at(row.total, row.distinct) };
        match series.iter_mut().find(|series| series.name == row.scheme) {
            Some(series) => series.points.push(point),
            None => {
                series.push(PointSeries {
                    name: row.scheme.clone(),
                    points: vec![point],
                    marks: Marks::Markers,
                });
                let possible = row.possible.unwrap_or(most);
                lines.push(reference(&format!("{} bound", row.scheme), (least, most), |total| {
                    total.min(possible)
                }));
            }
        }
    }
    // The uniform expectation of the first scheme with a bound: the others' lie close to theirs.
    if let Some((scheme, possible)) =
        rows.iter().find_map(|row| Some((row.scheme.clone(), row.possible?)))
    {
        lines.push(reference(&format!("{scheme}, uniform"), (least, most), |total| {
            possible * (1.0 - (1.0 - 1.0 / possible).powf(total))
        }));
    }
    series.extend(lines);
    Figure {
        id: "patterns".to_owned(),
        caption: format!(
            "Distinct R×S kernels of each layer of {what} against the kernels in the layer. The \
             bounds are min(kernels, kernels that the scheme allows); `uniform` is the expectation \
             of kernels drawn uniformly."
        ),
        content: Content::Points(PointFigure {
            x: Axis::log("kernels in the layer", "kernels"),
            y: Axis::log("distinct kernels", "distinct_kernels"),
            series,
        }),
    }
}

/// A line through 33 places, evenly spaced in the logarithm.
fn reference(name: &str, (least, most): (f64, f64), value: impl Fn(f64) -> f64) -> PointSeries {
    let points = (0..=32)
        .map(|step| {
            let x = least * (most / least).powf(f64::from(step) / 32.0);
            DataPoint::at(x, value(x))
        })
        .collect();
    PointSeries { name: name.to_owned(), points, marks: Marks::Reference }
}
