//! Bar figures of reports.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{Field, list, missing, number, report, text},
};
use crate::{
    Result,
    diagnostics::Problem,
    plot::data::{BarFigure, Content, Figure, Layout, Series},
};

/// A report and what tells it from the others in a legend (empty if it is alone).
struct Source<'a> {
    input: &'a Input,
    report: Value,
    prefix: String,
}

/// What a bar figure is called.
struct Title<'a> {
    id: &'static str,
    about: &'a str,
    axis: &'static str,
    unit: &'static str,
}

fn sources(inputs: &[Input]) -> Result<Vec<Source<'_>>> {
    let mut sources = Vec::with_capacity(inputs.len());
    for input in inputs {
        sources.push(Source { input, report: report(input)?, prefix: String::new() });
    }
    if sources.is_empty() {
        return Err(Problem::new("a figure needs a report")
            .hint("give --from FILE, made by `signloop simulate --format json --out FILE`")
            .into());
    }
    // The first fact that differs names the reports apart.
    for key in ["arch", "workload", "seed"] {
        let names: Vec<String> = sources
            .iter()
            .map(|source| {
                source.report[key]
                    .as_str()
                    .map_or_else(|| format!("{key} {}", source.report[key]), str::to_owned)
            })
            .collect();
        let mut distinct = names.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() == sources.len() && sources.len() > 1 {
            for (source, name) in sources.iter_mut().zip(names) {
                source.prefix = format!("{name}: ");
            }
            return Ok(sources);
        }
    }
    if sources.len() > 1 {
        return Err(Problem::new(
            "the reports cannot be told apart: machine, network and seed agree",
        )
        .hint("give reports that differ in exactly what the figure compares")
        .into());
    }
    Ok(sources)
}

fn caption(about: &str, sources: &[Source<'_>]) -> String {
    let names: Vec<String> = sources
        .iter()
        .map(|source| {
            let of = |key: &str| source.report[key].as_str().unwrap_or("?").to_owned();
            format!("{} on {}", of("workload"), of("arch"))
        })
        .collect();
    format!(
        "{about}; {}. Quantised layers, one core; counts are exact, energy and time are modelled.",
        names.join("; ")
    )
}

fn wanted(choice: &Choice, result: &Value) -> bool {
    let in_list = |names: &[String], key: &str| {
        names.is_empty() || names.iter().any(|name| result[key] == name.as_str())
    };
    result["scheme"] != "fp32"
        && in_list(&choice.schemes, "scheme")
        && in_list(&choice.methods, "method")
}

fn pair(result: &Value) -> Field<String> {
    Ok(format!("{} {}", text(result, "scheme")?, text(result, "method")?))
}

/// Sets the value of the series of a name at a category.
fn put(series: &mut Vec<Series>, name: &str, category: usize, categories: usize, value: f64) {
    let index = series.iter().position(|own| own.name == name).unwrap_or_else(|| {
        series.push(Series { name: name.to_owned(), values: vec![0.0; categories] });
        series.len() - 1
    });
    series[index].values[category] = value;
}

fn bars(
    title: &Title<'_>,
    layout: Layout,
    sources: &[Source<'_>],
    categories: Vec<String>,
    series: Vec<Series>,
) -> Figure {
    Figure {
        id: title.id.to_owned(),
        caption: caption(title.about, sources),
        content: Content::Bars(BarFigure {
            axis: title.axis.to_owned(),
            unit: title.unit.to_owned(),
            layout,
            categories,
            series,
        }),
    }
}

/// A stack for every scheme and method of the totals.
fn stacked(
    inputs: &[Input],
    choice: &Choice,
    title: &Title<'_>,
    parts: impl Fn(&Value) -> Field<Vec<(String, f64)>>,
) -> Result<Figure> {
    let sources = sources(inputs)?;
    let mut stacks = Vec::new();
    for source in &sources {
        let missing = |key: String| missing(source.input, &key);
        for total in list(&source.report, "totals").map_err(missing)? {
            if wanted(choice, total) {
                let name = format!("{}{}", source.prefix, pair(total).map_err(missing)?);
                stacks.push((name, parts(total).map_err(missing)?));
            }
        }
    }
    let mut series = Vec::new();
    for (index, (_, parts)) in stacks.iter().enumerate() {
        for (name, value) in parts {
            put(&mut series, name, index, stacks.len(), *value);
        }
    }
    // A part that is zero everywhere is only a line in the legend.
    series.retain(|series| series.values.iter().any(|value| *value > 0.0));
    let categories = stacks.into_iter().map(|(name, _)| name).collect();
    Ok(bars(title, Layout::Stacked, &sources, categories, series))
}

pub(super) fn energy(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "energy",
        about: "Modelled energy of one inference by scheme and method, split into its levels",
        axis: "modelled energy (mJ)",
        unit: "mj",
    };
    stacked(inputs, choice, &title, |total| {
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

fn cycle_parts(result: &Value) -> Field<Vec<(String, f64)>> {
    let cycles = result.get("cycles").ok_or("cycles")?;
    list(cycles, "parts")?
        .iter()
        .map(|part| Ok((text(part, "name")?, number(part, "cycles")? / 1e6)))
        .collect()
}

pub(super) fn cycles(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "cycles",
        about: "ECM contributions by scheme and method, stacked as if nothing overlapped",
        axis: "cycles without overlap (millions)",
        unit: "mcycles",
    };
    stacked(inputs, choice, &title, cycle_parts)
}

pub(super) fn traffic(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "traffic",
        about: "Bytes read and written between each level and the next, by scheme and method",
        axis: "bytes moved (MB)",
        unit: "mb",
    };
    stacked(inputs, choice, &title, |total| {
        let mut levels: Vec<(String, f64)> = Vec::new();
        for row in list(total, "traffic")? {
            let megabytes = (number(row, "read_bytes")? + number(row, "write_bytes")?) / 1e6;
            let level = text(row, "level")?;
            // A level has a row for each tensor.
            match levels.iter_mut().find(|(own, _)| *own == level) {
                Some((_, sum)) => *sum += megabytes,
                None => levels.push((level, megabytes)),
            }
        }
        Ok(levels)
    })
}

/// The quantised layers of a report, by name.
fn layers<'a>(source: &'a Source<'_>, choice: &Choice) -> Field<Vec<(String, &'a Value)>> {
    list(&source.report, "layers")?
        .iter()
        .filter(|layer| layer["quantized"] == true)
        .map(|layer| Ok((text(layer, "name")?, layer)))
        .filter(|found: &Field<_>| {
            let named = |(name, _): &(String, &Value)| choice.layers.contains(name);
            choice.layers.is_empty() || found.as_ref().map_or(true, named)
        })
        .collect()
}

/// One bar a layer, scheme and method; all reports must hold the same layers.
fn by_layer(
    inputs: &[Input],
    choice: &Choice,
    title: &Title<'_>,
    value: impl Fn(&Value) -> Field<Option<(String, f64)>>,
) -> Result<Figure> {
    let sources = sources(inputs)?;
    let mut categories: Vec<String> = Vec::new();
    let mut series = Vec::new();
    for source in &sources {
        let missing = |key: String| missing(source.input, &key);
        let layers = layers(source, choice).map_err(missing)?;
        let names: Vec<String> = layers.iter().map(|(name, _)| name.clone()).collect();
        if categories.is_empty() {
            categories = names;
        } else if categories != names {
            return Err(Problem::new("the reports have different layers")
                .in_file(&source.input.name())
                .hint("a figure by layer compares reports of one network")
                .into());
        }
        for (index, (_, layer)) in layers.iter().enumerate() {
            for result in list(layer, "results").map_err(missing)? {
                if wanted(choice, result)
                    && let Some((name, value)) = value(result).map_err(missing)?
                {
                    let name = format!("{}{name}", source.prefix);
                    put(&mut series, &name, index, categories.len(), value);
                }
            }
        }
    }
    Ok(bars(title, Layout::Grouped, &sources, categories, series))
}

pub(super) fn ops(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "ops",
        about: "Two-input adds and subtracts of each layer by scheme and method",
        axis: "adds (millions)",
        unit: "madds",
    };
    by_layer(inputs, choice, &title, |result| {
        // Without multiplies `dense` has the same adds under every scheme; popcounts are no adds.
        if result["method"] == "bit-packed" {
            return Ok(None);
        }
        Ok(Some((pair(result)?, number(result, "ops.adds_total")? / 1e6)))
    })
}

pub(super) fn reduction(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "reduction",
        about: "Arithmetic reduction (dense MACs / adds) of each layer by scheme and method",
        axis: "dense MACs / adds",
        unit: "ratio",
    };
    by_layer(inputs, choice, &title, |result| {
        // `dense` is 1 by definition, and popcounts are no adds of activations.
        let skip = result["method"] == "dense" || result["method"] == "bit-packed";
        if skip {
            return Ok(None);
        }
        Ok(Some((pair(result)?, number(result, "ops.arithmetic_reduction")?)))
    })
}

pub(super) fn density(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "density",
        about: "Effectual (non-zero) weights over all weights of each layer by scheme",
        axis: "density",
        unit: "fraction",
    };
    // Every method of a scheme has the same weights: the last one's value stands for all.
    by_layer(inputs, choice, &title, |result| {
        Ok(Some((text(result, "scheme")?, number(result, "weights.density")?)))
    })
}

pub(super) fn ecm(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = super::single(inputs, "ecm")?;
    let sources = sources(std::slice::from_ref(input))?;
    let source = &sources[0];
    let missing = |key: String| missing(input, &key);
    // The pair to show: the fastest of those left by the choice.
    let mut best: Option<(f64, String)> = None;
    for total in list(&source.report, "totals").map_err(missing)? {
        let cycles = number(total, "cycles.total").map_err(missing)?;
        if wanted(choice, total) && best.as_ref().is_none_or(|(least, _)| cycles < *least) {
            best = Some((cycles, pair(total).map_err(missing)?));
        }
    }
    let Some((_, best)) = best else {
        return Err(Problem::new("the report has no such scheme and method")
            .in_file(&input.name())
            .into());
    };
    let layers = layers(source, choice).map_err(missing)?;
    let mut series = Vec::new();
    for (index, (_, layer)) in layers.iter().enumerate() {
        for result in list(layer, "results").map_err(missing)? {
            if pair(result).map_err(missing)? == best {
                for (name, value) in cycle_parts(result).map_err(missing)? {
                    put(&mut series, &name, index, layers.len(), value);
                }
            }
        }
    }
    series.retain(|series| series.values.iter().any(|value| *value > 0.0));
    let categories = layers.iter().map(|(name, _)| name.clone()).collect();
    let title = Title {
        id: "ecm",
        about: &format!(
            "ECM contributions of each layer, stacked as if nothing overlapped: {best}"
        ),
        axis: "cycles without overlap (millions)",
        unit: "mcycles",
    };
    Ok(bars(&title, Layout::Stacked, &sources, categories, series))
}
