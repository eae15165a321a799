//! Sizes of what operators give that move values, and how sizes combine.

use super::{
    model::Node,
    refusal::{Refusal, refuse},
    tensor::Constant,
};

/// Most dimensions of a tensor.
pub(super) const MAX_RANK: usize = 16;

/// What a node reads, input by input: sizes where they are known, values where they are constant.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    pub sizes: Vec<Option<Vec<u64>>>,
    pub constants: Vec<Option<&'a Constant>>,
}

impl Seen<'_> {
    /// The sizes of an input.
    pub(super) fn sizes(&self, input: usize) -> Result<&[u64], Refusal> {
        let found = self.sizes.get(input).and_then(Option::as_deref);
        found.ok_or_else(|| format!("its input {input} is absent").into())
    }

    /// The integers of an input that has to be constant; `None` where it is absent.
    pub(super) fn integers(&self, input: usize) -> Result<Option<Vec<i64>>, Refusal> {
        if let Some(Some(constant)) = self.constants.get(input) {
            return Ok(Some(constant.integers()));
        }
        match self.sizes.get(input) {
            Some(Some(_)) => refuse(
                format!("the sizes it gives depend on the values of its input {input}"),
                "export the model with fixed sizes, or fold its constants: `python -m onnxsim`",
            ),
            _ => Ok(None),
        }
    }

    /// An attribute of older operator sets, or else an input of newer ones.
    fn either(&self, node: &Node, key: &str, input: usize) -> Result<Option<Vec<i64>>, Refusal> {
        match node.list(key) {
            Some(list) => Ok(Some(list.to_vec())),
            None => self.integers(input),
        }
    }
}

/// A product of sizes that stays countable.
pub(super) fn product(sizes: &[u64]) -> Result<u64, Refusal> {
    sizes
        .iter()
        .try_fold(1_u64, |product, size| product.checked_mul(*size))
        .filter(|product| *product <= 1 << 48)
        .ok_or_else(|| format!("the sizes {sizes:?} are too large").into())
}

/// An axis counted from either end.
pub(super) fn axis(value: i64, rank: usize) -> Result<usize, Refusal> {
    let from_end = if value < 0 { value.saturating_add(rank as i64) } else { value };
    usize::try_from(from_end)
        .ok()
        .filter(|axis| *axis < rank)
        .ok_or_else(|| format!("there is no axis {value} among {rank}").into())
}

fn axes(values: &[i64], rank: usize) -> Result<Vec<usize>, Refusal> {
    let found: Vec<usize> =
        values.iter().map(|value| axis(*value, rank)).collect::<Result<_, _>>()?;
    for (at, axis) in found.iter().enumerate() {
        if found[..at].contains(axis) {
            return Err(format!("its axes {values:?} name one twice").into());
        }
    }
    Ok(found)
}

/// Two shapes combined element by element: aligned at the end, equal or 1.
pub(super) fn broadcast(first: &[u64], second: &[u64]) -> Result<Vec<u64>, Refusal> {
    let rank = first.len().max(second.len());
    let size =
        |sizes: &[u64], at: usize| (at + sizes.len()).checked_sub(rank).map_or(1, |at| sizes[at]);
    (0..rank)
        .map(|at| match (size(first, at), size(second, at)) {
            (one, other) if one == other || other == 1 => Ok(one),
            (1, other) => Ok(other),
            _ => Err(format!("the sizes {first:?} and {second:?} do not combine").into()),
        })
        .collect()
}

/// Sizes of all outputs of an operator that moves values; `None` for other operators.
pub(super) fn moved(node: &Node, seen: &Seen<'_>) -> Result<Option<Vec<Vec<u64>>>, Refusal> {
    let one = |sizes: Vec<u64>| Ok(Some(vec![sizes]));
    let sizes = || seen.sizes(0);
    match node.op.as_str() {
        "Reshape" => one(reshape(node, seen, sizes()?)?),
        "Flatten" => {
            let (sizes, at) = (sizes()?, node.int("axis", 1));
            let at = if at == sizes.len() as i64 { sizes.len() } else { axis(at, sizes.len())? };
            one(vec![product(&sizes[..at])?, product(&sizes[at..])?])
        }
        "Squeeze" => one(squeeze(sizes()?, seen.either(node, "axes", 1)?)?),
        "Unsqueeze" => {
            let sizes = sizes()?;
            let Some(new) = seen.either(node, "axes", 1)? else {
                return Err("it has no axes".into());
            };
            let rank = (sizes.len() + new.len()).min(2 * MAX_RANK);
            let new = axes(&new, rank)?;
            let mut rest = sizes.iter();
            one((0..rank)
                .map(|at| if new.contains(&at) { 1 } else { rest.next().copied().unwrap_or(1) })
                .collect())
        }
        "Transpose" => one(permutation(node, sizes()?.len())?
            .iter()
            .map(|at| seen.sizes(0).map(|sizes| sizes[*at]))
            .collect::<Result<_, _>>()?),
        "Concat" => concat(node, seen).and_then(one),
        "Split" => split(node, seen).map(Some),
        "Slice" => one(slice(node, seen)?.into_iter().map(|cut| cut.count).collect()),
        "Pad" => pad(node, seen).and_then(one),
        "Resize" | "Upsample" => resize(node, seen).and_then(one),
        "Expand" => match seen.integers(1)? {
            Some(target) => one(broadcast(sizes()?, &unsigned(&target)?)?),
            None => Err("it has no shape".into()),
        },
        "Tile" => match seen.integers(1)? {
            Some(repeats) if repeats.len() == sizes()?.len() => {
                let factors = unsigned(&repeats)?;
                one(sizes()?
                    .iter()
                    .zip(factors)
                    .map(|(size, by)| size.saturating_mul(by))
                    .collect())
            }
            _ => Err("its repeats do not fit its input".into()),
        },
        "Gather" => {
            let (sizes, indices) = (sizes()?, seen.sizes(1)?);
            let at = axis(node.int("axis", 0), sizes.len())?;
            one([&sizes[..at], indices, &sizes[at + 1..]].concat())
        }
        "GatherElements" => one(seen.sizes(1)?.to_vec()),
        "DepthToSpace" | "SpaceToDepth" => blocks(node, sizes()?).and_then(one),
        "ArgMax" | "ArgMin" => one(reduced(
            sizes()?,
            Some(vec![node.int("axis", 0)]),
            node.int("keepdims", 1) != 0,
            false,
        )?),
        op if op.starts_with("Reduce") => one(reduce(node, seen)?),
        _ => Ok(None),
    }
}

fn unsigned(values: &[i64]) -> Result<Vec<u64>, Refusal> {
    values
        .iter()
        .map(|value| u64::try_from(*value).map_err(|_| format!("a size is {value}").into()))
        .collect()
}

fn reshape(node: &Node, seen: &Seen<'_>, sizes: &[u64]) -> Result<Vec<u64>, Refusal> {
    let Some(target) = seen.either(node, "shape", 1)? else {
        return Err("it has no shape".into());
    };
    let total = product(sizes)?;
    let (mut result, mut open) = (Vec::with_capacity(target.len()), None);
    for (at, value) in target.iter().enumerate() {
        result.push(match *value {
            -1 if open.is_none() => {
                open = Some(at);
                1
            }
            0 if !node.flag("allowzero") => *sizes.get(at).ok_or_else(|| {
                format!("its shape {target:?} keeps an axis {at} that is not there")
            })?,
            value => u64::try_from(value).map_err(|_| format!("its shape is {target:?}"))?,
        });
    }
    let known = product(&result)?;
    if let Some(at) = open
        && known > 0
    {
        result[at] = total / known;
    }
    if product(&result)? != total {
        return Err(format!("{sizes:?} cannot be reshaped to {target:?}").into());
    }
    Ok(result)
}

fn squeeze(sizes: &[u64], gone: Option<Vec<i64>>) -> Result<Vec<u64>, Refusal> {
    let gone = match gone {
        Some(gone) => axes(&gone, sizes.len())?,
        None => (0..sizes.len()).filter(|at| sizes[*at] == 1).collect(),
    };
    if gone.iter().any(|at| sizes[*at] != 1) {
        return Err(
            format!("it squeezes the axes {gone:?} of {sizes:?}, which are not all 1").into()
        );
    }
    Ok((0..sizes.len()).filter(|at| !gone.contains(at)).map(|at| sizes[at]).collect())
}

/// The order of axes that a `Transpose` gives.
pub(super) fn permutation(node: &Node, rank: usize) -> Result<Vec<usize>, Refusal> {
    let Some(order) = node.list("perm") else { return Ok((0..rank).rev().collect()) };
    let found = axes(order, rank)?;
    if found.len() != rank {
        return Err(format!("it permutes {rank} axes by {order:?}").into());
    }
    Ok(found)
}

fn concat(node: &Node, seen: &Seen<'_>) -> Result<Vec<u64>, Refusal> {
    let mut result = seen.sizes(0)?.to_vec();
    let at = axis(node.int("axis", 1), result.len())?;
    for input in 1..node.inputs.len() {
        let sizes = seen.sizes(input)?;
        let fits = sizes.len() == result.len()
            && (0..sizes.len()).all(|axis| axis == at || sizes[axis] == result[axis]);
        if !fits {
            return Err(format!("it joins {result:?} and {sizes:?} along axis {at}").into());
        }
        result[at] = result[at].saturating_add(sizes[at]);
    }
    Ok(result)
}

/// Sizes of the parts along the axis of a `Split`.
pub(super) fn split(node: &Node, seen: &Seen<'_>) -> Result<Vec<Vec<u64>>, Refusal> {
    let sizes = seen.sizes(0)?;
    let at = axis(node.int("axis", 0), sizes.len())?;
    let parts = match seen.either(node, "split", 1)? {
        Some(parts) => unsigned(&parts)?,
        None => {
            let count = node.outputs.len() as u64;
            if node.int("num_outputs", count as i64) != count as i64 {
                return Err(format!("it has {count} outputs, not `num_outputs`").into());
            }
            let part = sizes[at].div_ceil(count.max(1));
            (0..count).map(|index| part.min(sizes[at].saturating_sub(index * part))).collect()
        }
    };
    if parts.len() != node.outputs.len() || product_sum(&parts) != Some(sizes[at]) {
        return Err(format!("it splits {} into {parts:?}", sizes[at]).into());
    }
    Ok(parts
        .into_iter()
        .map(|part| {
            let mut sizes = sizes.to_vec();
            sizes[at] = part;
            sizes
        })
        .collect())
}

fn product_sum(parts: &[u64]) -> Option<u64> {
    parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part))
}

/// What a `Slice` keeps of one axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub start: i64,
    pub step: i64,
    pub count: u64,
}

/// What a `Slice` keeps of each axis.
pub(super) fn slice(node: &Node, seen: &Seen<'_>) -> Result<Vec<Cut>, Refusal> {
    let sizes = seen.sizes(0)?;
    let mut cuts: Vec<Cut> =
        sizes.iter().map(|size| Cut { start: 0, step: 1, count: *size }).collect();
    let (Some(starts), Some(ends)) =
        (seen.either(node, "starts", 1)?, seen.either(node, "ends", 2)?)
    else {
        return Err("it has no starts or no ends".into());
    };
    let along = match seen.either(node, "axes", 3)? {
        Some(values) => axes(&values, sizes.len())?,
        None => (0..starts.len()).collect(),
    };
    let steps = seen.integers(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), along.len(), steps.len()] != [starts.len(); 3] || starts.len() > sizes.len() {
        return Err(
            format!("its starts are {starts:?}, its ends {ends:?}, its steps {steps:?}").into()
        );
    }
    for (at, axis) in along.into_iter().enumerate() {
        let (size, step) = (sizes[axis] as i64, steps[at]);
        let from_end = |value: i64| if value < 0 { value.saturating_add(size) } else { value };
        let (start, end) = (from_end(starts[at]), from_end(ends[at]));
        let (start, reach) = match step {
            0 => return Err("a step is 0".into()),
            1.. => {
                let start = start.clamp(0, size);
                (start, end.clamp(0, size) - start)
            }
            _ => {
                let start = start.clamp(0, (size - 1).max(0));
                (start, start - end.clamp(-1, (size - 1).max(-1)))
            }
        };
        let count = (reach.max(0) as u64).div_ceil(step.unsigned_abs());
        cuts[axis] = Cut { start, step, count };
    }
    Ok(cuts)
}

/// What a `Pad` adds before and after each axis; negative where it cuts.
pub(super) fn pads(node: &Node, seen: &Seen<'_>) -> Result<Vec<(i64, i64)>, Refusal> {
    let rank = seen.sizes(0)?.len();
    let Some(pads) = seen.either(node, "pads", 1)? else { return Err("it has no pads".into()) };
    let along = match seen.integers(3)? {
        Some(values) => axes(&values, rank)?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * along.len() {
        return Err(format!("its pads are {pads:?} for {} axes", along.len()).into());
    }
    let mut found = vec![(0, 0); rank];
    for (at, axis) in along.iter().enumerate() {
        found[*axis] = (pads[at], pads[at + along.len()]);
    }
    Ok(found)
}

fn pad(node: &Node, seen: &Seen<'_>) -> Result<Vec<u64>, Refusal> {
    let pads = pads(node, seen)?;
    let padded = seen.sizes(0)?.iter().zip(&pads).map(|(size, (before, after))| {
        let size = (*size as i64).checked_add(*before).and_then(|size| size.checked_add(*after));
        size.and_then(|size| u64::try_from(size).ok())
    });
    padded.collect::<Option<_>>().ok_or_else(|| format!("its pads are {pads:?}").into())
}

fn resize(node: &Node, seen: &Seen<'_>) -> Result<Vec<u64>, Refusal> {
    let sizes = seen.sizes(0)?;
    let along = match node.list("axes") {
        Some(values) => axes(values, sizes.len())?,
        None => (0..sizes.len()).collect(),
    };
    if node.texts.get("keep_aspect_ratio_policy").is_some_and(|policy| policy != "stretch") {
        return refuse(
            "`keep_aspect_ratio_policy` is not read",
            "export it with the sizes stated and the policy `stretch`",
        );
    }
    // Scales are the second input of two, the third of more, or an attribute.
    let (scales_at, sizes_at) = if node.inputs.len() == 2 { (1, 2) } else { (2, 3) };
    let target = seen.integers(sizes_at)?.filter(|target| !target.is_empty());
    let mut result = sizes.to_vec();
    if let Some(target) = target {
        if target.len() != along.len() {
            return Err(format!("its sizes are {target:?} for {} axes", along.len()).into());
        }
        for (axis, size) in along.into_iter().zip(unsigned(&target)?) {
            result[axis] = size;
        }
        return Ok(result);
    }
    seen.integers(scales_at)?;
    let scales = match (node.floats.get("scales"), seen.constants.get(scales_at)) {
        (Some(scales), _) => scales.clone(),
        (None, Some(Some(constant))) => constant.floats().into_owned(),
        _ => return Err("it has neither scales nor sizes".into()),
    };
    if scales.len() != along.len() || scales.iter().any(|scale| !(*scale > 0.0 && *scale < 1e6)) {
        return Err(format!("its scales are {scales:?} for {} axes", along.len()).into());
    }
    for (axis, scale) in along.into_iter().zip(scales) {
        // In the precision of each operator's definition: 10 × 0.7 is 7 in one and 6 in the other.
        result[axis] = match node.op.as_str() {
            "Upsample" => (sizes[axis] as f64 * f64::from(scale)).floor() as u64,
            _ => (sizes[axis] as f32 * scale).floor() as u64,
        };
    }
    Ok(result)
}

fn blocks(node: &Node, sizes: &[u64]) -> Result<Vec<u64>, Refusal> {
    let block = node.int("blocksize", 0);
    let (&[n, c, h, w], Some(by)) =
        (sizes, u64::try_from(block).ok().filter(|by| (1..1 << 16).contains(by)))
    else {
        return Err(format!("its blocks are {block} wide, its input is {sizes:?}").into());
    };
    let fits = |size: u64, by: u64| match size % by {
        0 => Ok(size / by),
        _ => Err(Refusal::from(format!("blocks of {block} do not divide {sizes:?}"))),
    };
    if node.op == "DepthToSpace" {
        return Ok(vec![n, fits(c, by * by)?, h.saturating_mul(by), w.saturating_mul(by)]);
    }
    Ok(vec![n, c.saturating_mul(by * by), fits(h, by)?, fits(w, by)?])
}

/// The axes that a reduction names: an attribute or an input.
pub(super) fn reduced_axes(node: &Node, seen: &Seen<'_>) -> Result<Option<Vec<usize>>, Refusal> {
    let named = seen.either(node, "axes", 1)?.filter(|axes| !axes.is_empty());
    named.map(|named| axes(&named, seen.sizes(0)?.len())).transpose()
}

/// Sizes after a reduction.
pub(super) fn reduce(node: &Node, seen: &Seen<'_>) -> Result<Vec<u64>, Refusal> {
    let named = seen.either(node, "axes", 1)?.filter(|axes| !axes.is_empty());
    let keep = node.int("keepdims", 1) != 0;
    reduced(seen.sizes(0)?, named, keep, node.flag("noop_with_empty_axes"))
}

fn reduced(
    sizes: &[u64],
    named: Option<Vec<i64>>,
    keep: bool,
    none_if_unnamed: bool,
) -> Result<Vec<u64>, Refusal> {
    let gone = match named {
        Some(named) => axes(&named, sizes.len())?,
        None if none_if_unnamed => Vec::new(),
        None => (0..sizes.len()).collect(),
    };
    let kept = (0..sizes.len()).filter(|at| keep || !gone.contains(at));
    Ok(kept.map(|at| if gone.contains(&at) { 1 } else { sizes[at] }).collect())
}

/// `Shape` and `Size`.
pub(super) fn sizes_of(node: &Node, sizes: &[u64]) -> Result<Constant, Refusal> {
    if node.op == "Size" {
        let count = product(sizes)? as i64;
        return Ok(Constant { shape: Vec::new(), ..Constant::list(vec![count]) });
    }
    let rank = sizes.len() as i64;
    let bound = |key, default| {
        let value = node.int(key, default);
        (if value < 0 { value.saturating_add(rank) } else { value }).clamp(0, rank) as usize
    };
    let (start, end) = (bound("start", 0), bound("end", rank));
    let kept = sizes.get(start..end).unwrap_or_default();
    Ok(Constant::list(kept.iter().map(|size| *size as i64).collect()))
}
