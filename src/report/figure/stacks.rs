//! Stacks of parts: energy, cycles and traffic by scheme and method, cycles by layer.

use serde_json::Value;

use super::{
    Choice, Input,
    json::{Field, list, missing, number, text},
    ladder::Ladder,
    report::{Title, bars, layers, pair, put, sources, wanted},
};
use signloop_base::{Result, diagnostics::Problem};
use signloop_plot::{Figure, Layout};

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
    let categories = stacks.into_iter().map(|(name, _)| name).collect();
    Ok(bars(title, Layout::Stacked, &sources, categories, series))
}

pub(super) fn energy(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "energy",
        about: "Modelled energy of one inference by scheme and method, split into its levels",
        axis: "modelled energy",
        units: Ladder::ENERGY_PJ,
    };
    stacked(inputs, choice, &title, |total| {
        let energy = total.get("energy_pj").ok_or("energy_pj")?;
        let levels = energy.get("levels").and_then(Value::as_object).ok_or("levels")?;
        let mut parts = vec![("compute".to_owned(), number(energy, "compute")?)];
        for (level, value) in levels {
            parts.push((level.clone(), value.as_f64().ok_or("levels")?));
        }
        for (key, name) in
            [("dram", "DRAM"), ("instruction_overhead", "instructions"), ("static", "static")]
        {
            parts.push((name.to_owned(), number(energy, key)?));
        }
        Ok(parts)
    })
}

fn cycle_parts(result: &Value) -> Field<Vec<(String, f64)>> {
    let cycles = result.get("cycles").ok_or("cycles")?;
    list(cycles, "parts")?
        .iter()
        .map(|part| Ok((text(part, "name")?, number(part, "cycles")?)))
        .collect()
}

pub(super) fn cycles(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "cycles",
        about: "ECM contributions by scheme and method, stacked as if nothing overlapped",
        axis: "cycles without overlap",
        units: Ladder::CYCLES,
    };
    stacked(inputs, choice, &title, cycle_parts)
}

pub(super) fn traffic(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let title = Title {
        id: "traffic",
        about: "Bytes read and written between each level and the next, by scheme and method",
        axis: "bytes moved",
        units: Ladder::BYTES,
    };
    stacked(inputs, choice, &title, |total| {
        let mut levels: Vec<(String, f64)> = Vec::new();
        for row in list(total, "traffic")? {
            let bytes = number(row, "read_bytes")? + number(row, "write_bytes")?;
            let level = text(row, "level")?;
            // A level has a row for each tensor.
            match levels.iter_mut().find(|(own, _)| *own == level) {
                Some((_, sum)) => *sum += bytes,
                None => levels.push((level, bytes)),
            }
        }
        Ok(levels)
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
    let categories = layers.iter().map(|(name, _)| name.clone()).collect();
    let title = Title {
        id: "ecm",
        about: &format!(
            "ECM contributions of each layer, stacked as if nothing overlapped: {best}"
        ),
        axis: "cycles without overlap",
        units: Ladder::CYCLES,
    };
    Ok(bars(&title, Layout::Stacked, &sources, categories, series))
}
