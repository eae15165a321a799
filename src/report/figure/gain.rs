//! Ratios of schemes to a baseline on accelerators.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{missing, number, parse, text},
    single,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_plot::{BarFigure, Content, Figure, Layout, Series};

/// One scheme on one accelerator, as ratios to the baseline; below 1 is better.
#[derive(Debug, Clone, PartialEq)]
pub struct GainRow {
    /// Accelerator.
    pub arch: String,
    /// Scheme.
    pub scheme: String,
    /// Scheme it is compared with.
    pub baseline: String,
    /// Energy over the baseline's.
    pub energy: f64,
    /// Cycles over the baseline's: the inverse of throughput.
    pub cycles: f64,
    /// Effectual operations over the baseline's.
    pub density: f64,
}

/// From the output of `signloop gain --format json`.
pub(super) fn gain(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "gain")?;
    let document = parse(input)?;
    let rows = document.as_array().ok_or_else(|| {
        Problem::new("expected a list of accelerators and schemes")
            .in_file(&input.name())
            .hint("make one with `signloop gain --format json --out FILE`")
    })?;
    let read = |row: &Value| {
        let throughput = number(row, "throughput_ratio")?;
        if throughput <= 0.0 {
            return Err("throughput_ratio".to_owned());
        }
        Ok(GainRow {
            arch: text(row, "arch")?,
            scheme: text(row, "scheme")?,
            baseline: text(row, "baseline")?,
            energy: number(row, "energy_ratio")?,
            cycles: 1.0 / throughput,
            density: number(row, "density_ratio")?,
        })
    };
    let rows: Vec<GainRow> =
        rows.iter().map(read).collect::<Result<_, String>>().map_err(|key| missing(input, &key))?;
    let wanted = |row: &GainRow| choice.schemes.is_empty() || choice.schemes.contains(&row.scheme);
    let rows: Vec<GainRow> = rows.into_iter().filter(wanted).collect();
    Ok(gain_figure(&rows, &input.name()))
}

/// Three bars for every accelerator and scheme.
#[must_use]
pub fn gain_figure(rows: &[GainRow], what: &str) -> Figure {
    let one_scheme = rows.iter().all(|row| row.scheme == rows[0].scheme);
    let name = |row: &GainRow| {
        if one_scheme { row.arch.clone() } else { format!("{} {}", row.arch, row.scheme) }
    };
    let baseline = rows.first().map_or("the baseline", |row| row.baseline.as_str());
    let scheme =
        rows.first().filter(|_| one_scheme).map_or("the scheme", |row| row.scheme.as_str());
    let series = |name: &str, value: fn(&GainRow) -> f64| Series {
        name: name.to_owned(),
        values: rows.iter().map(value).collect(),
    };
    Figure {
        id: "gain".to_owned(),
        caption: format!(
            "Energy, cycles and effectual operations of {scheme} over those of {baseline} on the same \
             accelerator, each layer in its own best mapping (energy x cycles); {what}. Below 1 is better; \
             modelled."
        ),
        content: Content::Bars(BarFigure {
            axis: format!("ratio to {baseline}"),
            unit: "ratio".to_owned(),
            layout: Layout::Grouped,
            categories: rows.iter().map(name).collect(),
            series: vec![
                series("energy", |row| row.energy),
                series("cycles", |row| row.cycles),
                series("effectual operations", |row| row.density),
            ],
        }),
    }
}
