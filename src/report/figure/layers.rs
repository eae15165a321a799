//! One bar a layer, scheme and method: adds, arithmetic reduction, density.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{Field, list, missing, number, text},
    ladder::Ladder,
    report::{Title, bars, layers, pair, put, sources, wanted},
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_plot::{Figure, Layout};

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
        axis: "adds",
        units: Ladder::ADDS,
    };
    by_layer(inputs, choice, &title, |result| {
        // Without multiplies `dense` has the same adds under every scheme; popcounts are no adds.
        if result["method"] == "bit-packed" {
            return Ok(None);
        }
        Ok(Some((pair(result)?, number(result, "ops.adds_total")?)))
    })
}

pub(super) fn reduction(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "reduction",
        about: "Arithmetic reduction (dense MACs / adds) of each layer by scheme and method",
        axis: "dense MACs / adds",
        units: Ladder::RATIO,
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
        units: Ladder::FRACTION,
    };
    // Every method of a scheme has the same weights: the last one's value stands for all.
    by_layer(inputs, choice, &title, |result| {
        Ok(Some((text(result, "scheme")?, number(result, "weights.density")?)))
    })
}
