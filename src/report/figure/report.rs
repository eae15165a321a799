//! What the bar figures of reports share: which reports and results, and how bars are named.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{Field, list, report, text},
    ladder::Ladder,
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_plot::{BarFigure, Content, Figure, Layout, Series};

/// A report and what tells it from the others in a legend (empty if it is alone).
pub(super) struct Source<'a> {
    pub(super) input: &'a Input,
    pub(super) report: Value,
    pub(super) prefix: String,
}

/// What a bar figure is called.
pub(super) struct Title<'a> {
    pub(super) id: &'static str,
    pub(super) about: &'a str,
    /// What the value axis shows, without its unit.
    pub(super) axis: &'static str,
    /// In what units it may show it; values are given in the last one.
    pub(super) units: Ladder,
}

pub(super) fn sources(inputs: &[Input]) -> Result<Vec<Source<'_>>> {
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

pub(super) fn wanted(choice: &Choice, result: &Value) -> bool {
    let in_list = |names: &[String], key: &str| {
        names.is_empty() || names.iter().any(|name| result[key] == name.as_str())
    };
    result["scheme"] != "fp32"
        && in_list(&choice.schemes, "scheme")
        && in_list(&choice.methods, "method")
}

pub(super) fn pair(result: &Value) -> Field<String> {
    Ok(format!("{} {}", text(result, "scheme")?, text(result, "method")?))
}

/// Sets the value of the series of a name at a category.
pub(super) fn put(
    series: &mut Vec<Series>,
    name: &str,
    category: usize,
    categories: usize,
    value: f64,
) {
    let index = series.iter().position(|own| own.name == name).unwrap_or_else(|| {
        series.push(Series { name: name.to_owned(), values: vec![0.0; categories] });
        series.len() - 1
    });
    series[index].values[category] = value;
}

pub(super) fn bars(
    title: &Title<'_>,
    layout: Layout,
    sources: &[Source<'_>],
    categories: Vec<String>,
    mut series: Vec<Series>,
) -> Figure {
    if layout == Layout::Stacked {
        // A part that is zero everywhere is only a line in the legend.
        series.retain(|series| series.values.iter().any(|value| *value > 0.0));
    }
    let (unit, word) = title.units.scale(layout, &mut series);
    Figure {
        id: title.id.to_owned(),
        caption: caption(title.about, sources),
        content: Content::Bars(BarFigure {
            axis: format!("{}{word}", title.axis),
            unit: unit.to_owned(),
            layout,
            categories,
            series,
        }),
    }
}

/// The quantised layers of a report, by name.
pub(super) fn layers<'a>(
    source: &'a Source<'_>,
    choice: &Choice,
) -> Field<Vec<(String, &'a Value)>> {
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
