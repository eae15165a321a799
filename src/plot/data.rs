//! From a report's JSON to the numbers of a figure.

use serde_json::Value;

use crate::diagnostics::{Problem, nearest};

/// How the bars of one category stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On top of each other: parts of a sum.
    Stacked,
    /// Side by side: things to compare.
    Grouped,
}

/// One colour of bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// One value a category.
    pub values: Vec<f64>,
}

/// A bar figure as data.
#[derive(Debug, Clone, PartialEq)]
pub struct BarFigure {
    /// File name without extension.
    pub id: &'static str,
    /// What the value axis shows, with its unit.
    pub axis: &'static str,
    /// Column suffix of the CSV: the unit.
    pub unit: &'static str,
    /// How bars stand.
    pub layout: Layout,
    /// Names along the other axis.
    pub categories: Vec<String>,
    /// Colours.
    pub series: Vec<Series>,
}

/// Where a figure comes from; written into every file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Tool and version.
    pub tool: String,
    /// File name and content hash of every input.
    pub inputs: Vec<(String, String)>,
    /// The command.
    pub command: String,
}

type Build = fn(&Value) -> Result<BarFigure, String>;

/// Every figure: its name, what it shows, and how it is made.
pub const FIGURES: &[(&str, &str, Build)] = &[
    ("energy", "modelled energy by scheme and method, split into its parts", energy),
    ("cycles", "ECM cycles by scheme and method, split into their parts", cycles),
    ("ops", "adds of each layer by scheme and method", ops),
    ("reduction", "arithmetic reduction of each layer by scheme and method", reduction),
    ("traffic", "bytes between each level and the next, by scheme and method", traffic),
    ("density", "density of each layer by scheme", density),
];

/// Makes the figure of a name.
///
/// # Errors
/// No figure has the name, the report is of another format, or it has nothing to show.
pub fn figure(name: &str, report: &Value, file: &str) -> Result<BarFigure, Problem> {
    let Some((_, _, build)) = FIGURES.iter().find(|(own, _, _)| *own == name) else {
        let names: Vec<&str> = FIGURES.iter().map(|(name, _, _)| *name).collect();
        let problem = Problem::new(format!("unknown figure `{name}`"))
            .hint(format!("expected one of `{}`", names.join("`, `")));
        return Err(match nearest(name, names) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem,
        });
    };
    let schema = report.get("schema").and_then(Value::as_str).unwrap_or_default();
    if schema != crate::report::SCHEMA {
        return Err(Problem::new(format!(
            "expected a report of format `{}`, found `{schema}`",
            crate::report::SCHEMA
        ))
        .in_file(file)
        .hint("make one with `signloop simulate --format json --out FILE`"));
    }
    let figure = build(report)
        .map_err(|key| Problem::new(format!("the report has no `{key}`")).in_file(file))?;
    let empty = figure.series.iter().all(|series| series.values.iter().all(|v| *v == 0.0));
    if figure.categories.is_empty() || empty {
        return Err(
            Problem::new(format!("the report has nothing to show as `{name}`")).in_file(file)
        );
    }
    Ok(figure)
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| key.to_owned())
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| key.to_owned())
}

/// A number at a dotted path; it must be finite.
fn number(value: &Value, path: &str) -> Result<f64, String> {
    path.split('.')
        .try_fold(value, |value, key| value.get(key))
        .and_then(Value::as_f64)
        .filter(|number| number.is_finite())
        .ok_or_else(|| path.to_owned())
}

/// Adds a value to the series of a name, at a category.
fn put(series: &mut Vec<Series>, name: &str, category: usize, categories: usize, value: f64) {
    let index = series.iter().position(|own| own.name == name).unwrap_or_else(|| {
        series.push(Series { name: name.to_owned(), values: vec![0.0; categories] });
        series.len() - 1
    });
    series[index].values[category] += value;
}

/// Totals of the quantised layers: `scheme method` and the object.
fn totals(report: &Value) -> Result<Vec<(String, &Value)>, String> {
    list(report, "totals")?
        .iter()
        .filter(|total| total["scheme"] != "fp32")
        .map(|total| Ok((format!("{} {}", text(total, "scheme")?, text(total, "method")?), total)))
        .collect()
}

fn stacked(
    report: &Value,
    (id, axis, unit): (&'static str, &'static str, &'static str),
    parts: impl Fn(&Value) -> Result<Vec<(String, f64)>, String>,
) -> Result<BarFigure, String> {
    let totals = totals(report)?;
    let mut series = Vec::new();
    for (index, (_, total)) in totals.iter().enumerate() {
        for (name, value) in parts(total)? {
            put(&mut series, &name, index, totals.len(), value);
        }
    }
    let categories = totals.into_iter().map(|(name, _)| name).collect();
    Ok(BarFigure { id, axis, unit, layout: Layout::Stacked, categories, series })
}

fn energy(report: &Value) -> Result<BarFigure, String> {
    stacked(report, ("energy", "modelled energy (mJ)", "mj"), |total| {
        let energy = total.get("energy_pj").ok_or("energy_pj")?;
        let levels = energy.get("levels").and_then(Value::as_object).ok_or("levels")?;
        let mut parts = vec![("compute".to_owned(), number(energy, "compute")? / 1e9)];
        for (level, value) in levels {
            parts.push((level.clone(), value.as_f64().ok_or("levels")? / 1e9));
        }
        for (key, name) in
            [("dram", "DRAM"), ("instruction_overhead", "instructions"), ("static", "static")]
        {
            parts.push((name.to_owned(), number(energy, key)? / 1e9));
        }
        Ok(parts)
    })
}

fn cycles(report: &Value) -> Result<BarFigure, String> {
    stacked(report, ("cycles", "cycles if nothing overlapped (millions)", "mcycles"), |total| {
        let cycles = total.get("cycles").ok_or("cycles")?;
        list(cycles, "parts")?
            .iter()
            .map(|part| Ok((text(part, "name")?, number(part, "cycles")? / 1e6)))
            .collect()
    })
}

fn traffic(report: &Value) -> Result<BarFigure, String> {
    stacked(report, ("traffic", "bytes moved (MB)", "mb"), |total| {
        list(total, "traffic")?
            .iter()
            .map(|row| {
                let bytes = number(row, "read_bytes")? + number(row, "write_bytes")?;
                Ok((text(row, "level")?, bytes / 1e6))
            })
            .collect()
    })
}

/// One bar a layer and pair of scheme and method.
fn by_layer(
    report: &Value,
    (id, axis, unit): (&'static str, &'static str, &'static str),
    value: impl Fn(&Value) -> Result<Option<(String, f64)>, String>,
) -> Result<BarFigure, String> {
    let layers: Vec<&Value> =
        list(report, "layers")?.iter().filter(|layer| layer["quantized"] == true).collect();
    let mut series = Vec::new();
    let mut categories = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate() {
        categories.push(text(layer, "name")?);
        for result in list(layer, "results")? {
            if let Some((name, value)) = value(result)? {
                put(&mut series, &name, index, layers.len(), value);
            }
        }
    }
    Ok(BarFigure { id, axis, unit, layout: Layout::Grouped, categories, series })
}

fn pair(result: &Value) -> Result<String, String> {
    Ok(format!("{} {}", text(result, "scheme")?, text(result, "method")?))
}

fn ops(report: &Value) -> Result<BarFigure, String> {
    by_layer(report, ("ops", "adds (millions)", "madds"), |result| {
        Ok(Some((pair(result)?, number(result, "ops.adds_total")? / 1e6)))
    })
}

fn reduction(report: &Value) -> Result<BarFigure, String> {
    by_layer(report, ("reduction", "dense MACs / adds", "ratio"), |result| {
        // `dense` is 1 by definition, and popcounts are no adds of activations.
        let skip = result["method"] == "dense" || result["method"] == "bit-packed";
        if skip {
            return Ok(None);
        }
        Ok(Some((pair(result)?, number(result, "ops.arithmetic_reduction")?)))
    })
}

fn density(report: &Value) -> Result<BarFigure, String> {
    by_layer(report, ("density", "density", "fraction"), |result| {
        let scheme = text(result, "scheme")?;
        // Every method of a scheme has the same weights: one bar, from `dense`.
        if result["method"] != "dense" {
            return Ok(None);
        }
        Ok(Some((scheme, number(result, "weights.density")?)))
    })
}
