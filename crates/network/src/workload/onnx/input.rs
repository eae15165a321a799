//! The network's input: its sizes, where the model states them and where the user does.

use std::{collections::BTreeMap, path::Path};

use super::{
    model::{Model, Size, Stated, shown},
    refusal::{Refusal, refuse},
    sizes::MAX_RANK,
};

/// What an import is told beside the model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Name of the workload.
    pub name: &'a str,
    /// The model's name in messages.
    pub file: &'a str,
    /// Folder of the model, where values that lie in other files are looked for.
    pub folder: Option<&'a Path>,
    /// Sizes of the input after the batch, where the model leaves them open.
    pub input: Option<&'a [u64]>,
    /// Sizes of dimensions that the model names and leaves open, the batch among them.
    pub sizes: &'a [(String, u64)],
    /// Layers that stay unquantised, by place: 0 is the first, −1 the last.
    pub fp32: &'a [i64],
}

/// The input's sizes, batch first, and what was taken for granted.
#[derive(Debug)]
pub(super) struct Input {
    pub name: String,
    pub sizes: Vec<u64>,
    /// Sizes of the dimensions that have a name.
    pub named: BTreeMap<String, u64>,
    pub notes: Vec<String>,
}

/// The input of a model.
pub(super) fn input(model: &Model, options: &Options<'_>) -> Result<Input, Refusal> {
    let data: Vec<&Stated> =
        model.inputs.iter().filter(|input| !model.tensors.contains_key(&input.name)).collect();
    let [data] = data[..] else {
        let names: Vec<String> = data.iter().map(|input| format!("`{}`", input.name)).collect();
        return refuse(
            format!("the model has {} inputs, expected one: {}", data.len(), names.join(", ")),
            "make the others constants, or cut the part with one input out with \
             `onnx.utils.extract_model`",
        );
    };
    sizes(data, options)
}

/// The sizes that the model states, all open where it states none; `--input` fits them.
fn stated(data: &Stated, given: Option<&[u64]>) -> Result<Vec<Size>, Refusal> {
    let stated = match (&data.sizes, given) {
        (Some(sizes), _) => sizes.clone(),
        (None, Some(given)) => vec![Size::Open; given.len() + 1],
        (None, None) => {
            return refuse(
                format!("the model does not say how large its input `{}` is", data.name),
                "give its sizes without the batch, as --input 3x224x224",
            );
        }
    };
    if stated.is_empty() || stated.len() > MAX_RANK {
        return refuse(
            format!("the model's input `{}` has {} dimensions", data.name, stated.len()),
            format!("1 to {MAX_RANK} are read, the first of them the batch"),
        );
    }
    match given {
        Some(given) if given.len() + 1 != stated.len() => refuse(
            format!(
                "--input gives {} sizes, the model's input `{}` has {} after the batch: {}",
                given.len(),
                data.name,
                stated.len() - 1,
                shown(&stated)
            ),
            "give one size for each dimension after the batch, as 3x224x224 or 784",
        ),
        _ => Ok(stated),
    }
}

/// The size of one dimension from all who say it; `None` where nobody does.
fn agreed(
    data: &Stated,
    stated: &[Size],
    at: usize,
    options: &Options<'_>,
) -> Result<Option<u64>, Refusal> {
    let own = match &stated[at] {
        Size::Named(name) => {
            options.sizes.iter().find(|(given, _)| given == name).map(|(_, size)| *size)
        }
        Size::Fixed(size) => Some(*size),
        Size::Open => None,
    };
    let asked = at.checked_sub(1).and_then(|at| options.input.map(|given| given[at]));
    match (own, asked) {
        (Some(own), Some(asked)) if own != asked => refuse(
            format!(
                "--input says {asked} where the model's input `{}` has {own}: {}",
                data.name,
                shown(stated)
            ),
            "only sizes that the model leaves open can be given",
        ),
        (own, asked) => Ok(own.or(asked)),
    }
}

fn sizes(data: &Stated, options: &Options<'_>) -> Result<Input, Refusal> {
    let stated = stated(data, options.input)?;
    let (mut named, mut notes) = (BTreeMap::new(), Vec::new());
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for (at, size) in stated.iter().enumerate() {
        let agreed = agreed(data, &stated, at, options)?;
        if agreed.is_none() && at > 0 {
            open.push(size.clone());
        } else if agreed.is_none() {
            let how = match size {
                Size::Named(name) => format!("; --dim {name}=8 gives another"),
                _ => String::new(),
            };
            notes.push(format!("the batch is left open by the model: 1 is taken{how}"));
        }
        let agreed = agreed.unwrap_or(1);
        if let Size::Named(name) = size
            && *named.entry(name.clone()).or_insert(agreed) != agreed
        {
            return refuse(
                format!("the dimension `{name}` of the input is {} and {agreed}", named[name]),
                "give each name one size",
            );
        }
        found.push(agreed);
    }
    if !open.is_empty() {
        return refuse(missing(data, &stated), how_to_give(&open));
    }
    if let Some((name, _)) = options.sizes.iter().find(|(name, _)| !named.contains_key(name)) {
        return refuse(
            format!(
                "--dim names `{name}`, which is no open dimension of the input `{}`: {}",
                data.name,
                shown(&stated)
            ),
            "only dimensions that the model leaves open, by name, can be given",
        );
    }
    if found.contains(&0) {
        return refuse("a size of the input is 0", "sizes are 1 or more");
    }
    if let Some(Size::Fixed(batch)) = stated.first()
        && *batch > 1
        && stated.len() > 1
    {
        notes.push(format!("the batch is fixed by the model: {batch}"));
    }
    Ok(Input { name: data.name.clone(), sizes: found, named, notes })
}

fn missing(data: &Stated, stated: &[Size]) -> String {
    format!("the model's input `{}` leaves sizes open: {}", data.name, shown(stated))
}

fn how_to_give(open: &[Size]) -> String {
    let names: Vec<String> = open
        .iter()
        .filter_map(|size| match size {
            Size::Named(name) => Some(format!("--dim {name}=SIZE")),
            _ => None,
        })
        .collect();
    if names.len() == open.len() {
        return format!(
            "give each with {}, or all after the batch as --input 3x224x224",
            names.join(" ")
        );
    }
    "give all sizes after the batch, as --input 3x224x224".to_owned()
}
