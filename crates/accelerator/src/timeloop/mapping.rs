//! The section `mapping`: factors and permutations by level.

use super::dialect::unsupported;
use crate::{
    mapping::{LevelMapping, Loop, Mapping, check, tell},
    problem::Problem,
};
use signloop_base::{
    config::{Bounds, Located, TableReader, Value},
    diagnostics::Problem as Fault,
};
use signloop_machine::accelerator::Accelerator;

/// Reads the section; loops of bound 1 keep their place in the order, as in Timeloop.
pub(super) fn read(
    root: &TableReader<'_>,
    accelerator: &Accelerator,
    problem: &Problem,
) -> Option<Mapping> {
    let all: u8 = (1 << problem.tensors.len()) - 1;
    let directives = root.tables("mapping");
    let mut parts: Vec<Parts> = vec![Parts::default(); accelerator.levels.len()];
    let mut keep = vec![all; accelerator.levels.len()];
    let mut good = true;
    for directive in &directives {
        if read_directive(directive, accelerator, problem, &mut parts, &mut keep).is_none() {
            good = false;
        }
        unsupported(directive);
    }
    good.then_some(())?;
    fill_rest(&mut parts, problem);
    let levels = parts
        .into_iter()
        .zip(keep)
        .enumerate()
        .map(|(level, (parts, keep))| parts.finish(problem, accelerator.fanout(level), keep))
        .collect();
    let mapping = Mapping { levels };
    if let Err(faults) = check(problem, accelerator.levels.len(), &mapping) {
        let span = root.table().get("mapping").map_or(0..0, |node| node.span.clone());
        for fault in faults {
            root.push(tell(&fault, problem).at(root.file(), span.clone(), "in this mapping"));
        }
        return None;
    }
    Some(mapping)
}

/// The directives of one level.
#[derive(Debug, Clone, Default)]
struct Parts {
    temporal: Option<Nest>,
    spatial: Option<Nest>,
    split: Option<usize>,
}

/// Factors by dimension (0 takes what is left) and an order, innermost first.
#[derive(Debug, Clone, Default)]
struct Nest {
    factors: Vec<(usize, u64)>,
    order: Vec<usize>,
}

impl Nest {
    /// All dimensions in order, those without a factor with bound 1.
    fn loops(&self, dimensions: usize) -> Vec<Loop> {
        let rest = (0..dimensions).filter(|dimension| !self.order.contains(dimension));
        self.order
            .iter()
            .copied()
            .chain(rest)
            .map(|dimension| {
                let factor = self.factors.iter().find(|(other, _)| *other == dimension);
                Loop { dimension: dimension as u8, bound: factor.map_or(1, |(_, factor)| *factor) }
            })
            .collect()
    }
}

impl Parts {
    fn finish(self, problem: &Problem, fanout: (u64, u64), keep: u8) -> LevelMapping {
        let dimensions = problem.dimensions.len();
        let temporal = self.temporal.unwrap_or_default().loops(dimensions);
        let (mut spatial_x, mut spatial_y) = (Vec::new(), Vec::new());
        // Timeloop nests spatial loops only where the hardware fans out.
        if fanout != (1, 1) || self.spatial.is_some() {
            spatial_x = self.spatial.unwrap_or_default().loops(dimensions);
            spatial_y = spatial_x.split_off(self.split.unwrap_or(dimensions).min(dimensions));
        }
        LevelMapping { temporal, spatial_x, spatial_y, keep }
    }
}

fn factors_of(parts: &mut [Parts], dimension: usize) -> impl Iterator<Item = &mut (usize, u64)> {
    parts
        .iter_mut()
        .flat_map(|parts| [&mut parts.temporal, &mut parts.spatial])
        .flatten()
        .flat_map(|nest| nest.factors.iter_mut())
        .filter(move |(other, _)| *other == dimension)
}

/// A factor of 0 takes what the others leave of its dimension.
fn fill_rest(parts: &mut [Parts], problem: &Problem) {
    for (dimension, stated) in problem.dimensions.iter().enumerate() {
        let mut product = 1_u64;
        let mut open = 0;
        for (_, factor) in factors_of(parts, dimension) {
            match *factor {
                0 => open += 1,
                factor => product = product.saturating_mul(factor),
            }
        }
        let rest = if open == 1 && stated.size.is_multiple_of(product) {
            stated.size / product
        } else {
            1
        };
        for (_, factor) in factors_of(parts, dimension) {
            if *factor == 0 {
                *factor = rest;
            }
        }
    }
}

fn read_directive(
    table: &TableReader<'_>,
    accelerator: &Accelerator,
    problem: &Problem,
    parts: &mut [Parts],
    keep: &mut [u8],
) -> Option<()> {
    let target = table.text("target")?;
    let Some(level) = accelerator.levels.iter().position(|level| level.name == target.value) else {
        let names = accelerator.level_names();
        let fault = Fault::new(format!("the architecture has no storage level `{}`", target.value))
            .at(table.file(), target.span, format!("the levels are `{}`", names.join("`, `")));
        table.push(fault.did_you_mean(&target.value, names));
        return None;
    };
    let kind = table.text("type")?;
    match kind.value.as_str() {
        "temporal" | "spatial" => {
            let nest =
                Nest { factors: read_factors(table, problem)?, order: read_order(table, problem)? };
            let spatial = kind.value == "spatial";
            let place =
                if spatial { &mut parts[level].spatial } else { &mut parts[level].temporal };
            if place.replace(nest).is_some() {
                table.problem(
                    format!("two {} directives for `{}`", kind.value, target.value),
                    table.span(),
                    "the second one",
                );
                return None;
            }
            // Of no meaning in time.
            let split = table.opt_integer("split", Bounds::<u64>::NATURAL);
            if spatial {
                parts[level].split = split.map(|split| split.value as usize);
            }
        }
        "bypass" | "datatype" => {
            let kept = tensors(table, "keep", problem)?;
            let bypassed = tensors(table, "bypass", problem)?;
            keep[level] = (keep[level] & !bypassed) | kept;
        }
        _ => {
            table.problem(
                format!("the mapping directive `{}` is not supported", kind.value),
                kind.span,
                "expected temporal, spatial or bypass",
            );
            return None;
        }
    }
    Some(())
}

fn tensors(table: &TableReader<'_>, key: &'static str, problem: &Problem) -> Option<u8> {
    let mut set = 0;
    for item in table.items(key) {
        let found = match &item.value {
            Value::Text(name) => problem.tensor(name),
            _ => None,
        };
        let Some(tensor) = found else {
            table.problem(
                format!("`{key}` names no data space"),
                item.span.clone(),
                "in this list",
            );
            return None;
        };
        set |= 1 << tensor;
    }
    Some(set)
}

/// A key that is one string of words, or a list of words.
fn words(table: &TableReader<'_>, key: &'static str) -> Option<Vec<Located<String>>> {
    let Some(node) = table.node(key) else { return Some(Vec::new()) };
    match &node.value {
        Value::Text(text) => Some(
            text.split([' ', ',', '\t'])
                .filter(|word| !word.is_empty())
                .map(|word| Located { value: word.to_owned(), span: node.span.clone() })
                .collect(),
        ),
        Value::Array(items) => items
            .iter()
            .map(|item| match &item.value {
                Value::Text(text) => Some(Located { value: text.clone(), span: item.span.clone() }),
                _ => {
                    table.problem(
                        format!("wrong type in `{key}`"),
                        item.span.clone(),
                        "expected words",
                    );
                    None
                }
            })
            .collect(),
        _ => {
            table.problem(format!("wrong type for `{key}`"), node.span.clone(), "expected words");
            None
        }
    }
}

fn read_factors(table: &TableReader<'_>, problem: &Problem) -> Option<Vec<(usize, u64)>> {
    let mut factors = Vec::new();
    for word in words(table, "factors")? {
        // `M=4`, or `M4` of older files.
        let split =
            word.value.find(['=']).map(|at| (&word.value[..at], &word.value[at + 1..])).or_else(
                || {
                    let at = word.value.find(|letter: char| letter.is_ascii_digit())?;
                    Some(word.value.split_at(at))
                },
            );
        let parsed = split.and_then(|(name, factor)| {
            Some((problem.dimension(name)?, factor.parse::<u64>().ok().filter(|f| *f <= 1 << 32)?))
        });
        let Some(factor) = parsed else {
            table.problem(
                format!("`{}` is no factor of a dimension", word.value),
                word.span,
                "expected `M=4`; residual factors (`M=4,3`) are not supported",
            );
            return None;
        };
        factors.push(factor);
    }
    Some(factors)
}

fn read_order(table: &TableReader<'_>, problem: &Problem) -> Option<Vec<usize>> {
    let words = words(table, "permutation")?;
    let mut order = Vec::new();
    let mut add = |name: &str, span: &std::ops::Range<usize>| match problem
        .dimension(name)
        .filter(|dimension| !order.contains(dimension))
    {
        Some(dimension) => {
            order.push(dimension);
            Some(())
        }
        None => {
            table.problem(
                format!("`{name}` has no place in this permutation"),
                span.clone(),
                "expected each dimension once",
            );
            None
        }
    };
    for word in &words {
        if problem.dimension(&word.value).is_some() {
            add(&word.value, &word.span)?;
            continue;
        }
        // A word that is no dimension lists dimensions of one letter, as `NKM`.
        for letter in word.value.chars() {
            add(&letter.to_string(), &word.span)?;
        }
    }
    Some(order)
}
