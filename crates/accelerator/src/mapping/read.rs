//! Reads the tables `[[mapping]]`.

use super::{Fault, LevelMapping, Loop, Mapping, check};
use crate::problem::Problem;
use signloop_base::{
    Result,
    config::{Document, Located, TableReader, Value},
    diagnostics::Problem as Note,
};

/// Adds where a level is mapped to a problem; the problem as it is where that table is not found.
#[must_use]
pub fn at_level(note: Note, document: &Document, level: &str) -> Note {
    let root = TableReader::root(document);
    let tables = root.tables("mapping");
    let own = |table: &&TableReader<'_>| table.text("level").is_some_and(|own| own.value == level);
    match tables.iter().find(own) {
        Some(table) => note.at(root.file(), table.span(), "in the mapping of this level"),
        None => note,
    }
}

/// Reads a file that holds tables `[[mapping]]`.
///
/// # Errors
/// Every problem of the file.
pub fn parse(document: &Document, problem: &Problem, levels: &[&str]) -> Result<Mapping> {
    let root = TableReader::root(document);
    let mapping = read(&root, problem, levels);
    let problems = root.take_problems();
    match mapping {
        Some(mapping) if problems.is_empty() => Ok(mapping),
        _ => Err(problems.into()),
    }
}

/// Reads the tables below a root; `levels` names the storage levels, innermost first.
pub fn read(root: &TableReader<'_>, problem: &Problem, levels: &[&str]) -> Option<Mapping> {
    let tables = root.tables("mapping");
    let all: u8 = (1 << problem.tensors.len()) - 1;
    let mut mapping = Mapping {
        levels: vec![LevelMapping { keep: all, ..LevelMapping::default() }; levels.len()],
    };
    if tables.is_empty() && !root.has("mapping") {
        root.push(
            Note::new("missing key `mapping`")
                .at(root.file(), 0..0, "in this file")
                .hint("add one `[[mapping]]` table a storage level"),
        );
        return None;
    }
    let mut seen = vec![false; levels.len()];
    let mut good = true;
    let mut places = Vec::new();
    for table in &tables {
        let Some((level, entry)) = read_level(table, problem, levels, &mut places) else {
            good = false;
            continue;
        };
        if std::mem::replace(&mut seen[level], true) {
            table.problem(
                format!("the level `{}` is mapped twice", levels[level]),
                table.span(),
                "the second table",
            );
            good = false;
        }
        mapping.levels[level] = entry;
    }
    if !good {
        return None;
    }
    let span = tables.first().map_or(0..0, TableReader::span);
    match check(problem, levels.len(), &mapping) {
        Ok(()) => Some(mapping),
        Err(faults) => {
            for fault in faults {
                let note = tell(&fault, problem);
                let Fault::Cover { dimension, .. } = fault else {
                    root.push(note.at(root.file(), span.clone(), "in this mapping"));
                    continue;
                };
                let size = problem.dimensions[dimension].size;
                root.push(match factor(dimension, size, &places) {
                    Some((own, at)) if !size.is_multiple_of(own.bound) => {
                        let label = "does not divide the size";
                        note.at(root.file(), at.clone(), label).hint(imperfect(size, own.bound))
                    }
                    Some((_, at)) => note.at(root.file(), at.clone(), "the first factor"),
                    None => note.at(root.file(), span.clone(), "in this mapping"),
                });
            }
            None
        }
    }
}

/// A factor as written: the loop, and where it stands.
type Place = (Loop, std::ops::Range<usize>);

/// Where to point for a dimension whose factors do not multiply to its size: at the first factor
/// that does not divide it, or else at the first factor.
fn factor(dimension: usize, size: u64, places: &[Place]) -> Option<&Place> {
    let own = || places.iter().filter(|(own, _)| usize::from(own.dimension) == dimension);
    own().find(|(own, _)| !size.is_multiple_of(own.bound)).or_else(|| own().next())
}

/// Names the divisors of a size next to a factor. A last tile that is cut short would need counts of
/// its own at every level.
fn imperfect(size: u64, factor: u64) -> String {
    let divides = |own: &u64| size.is_multiple_of(*own);
    // Bounded, as sizes may be large: a divisor that is further away is no help.
    let below = (1..factor).rev().take(1 << 16).find(divides);
    let above = (factor + 1..=size).take(1 << 16).find(divides);
    let near: Vec<String> = below.iter().chain(&above).map(u64::to_string).collect();
    let verb = if near.len() == 1 { "does" } else { "do" };
    format!("imperfect factors are not supported; {} {verb} divide {size}", near.join(" and "))
}

/// A fault in words.
pub(crate) fn tell(fault: &Fault, problem: &Problem) -> Note {
    match fault {
        Fault::Levels { mapped, levels } => {
            Note::new(format!("the mapping has {mapped} levels, the accelerator {levels}"))
        }
        Fault::Cover { dimension, product } => {
            let dimension = &problem.dimensions[*dimension];
            let (name, size) = (&dimension.name, dimension.size);
            let note = Note::new(format!(
                "the mapping does not cover `{name}`: its factors multiply to {product}, not {size}"
            ));
            if *product == 0 || u128::from(size) % product != 0 {
                note.hint(format!("the factors of `{name}` must divide {size}"))
            } else {
                let rest = u128::from(size) / product;
                note.hint(format!("add a factor `{name}={rest}` at some level"))
            }
        }
        Fault::Homeless { tensor } => {
            Note::new(format!("no level keeps the tensor `{}`", problem.tensors[*tensor].name))
                .hint("the outermost level usually keeps every tensor")
        }
    }
}

fn read_level(
    table: &TableReader<'_>,
    problem: &Problem,
    levels: &[&str],
    places: &mut Vec<Place>,
) -> Option<(usize, LevelMapping)> {
    let name = table.text("level");
    let level = name.as_ref().and_then(|name| {
        let found = levels.iter().position(|level| *level == name.value);
        if found.is_none() {
            let note = Note::new(format!("the accelerator has no storage level `{}`", name.value))
                .at(
                    table.file(),
                    name.span.clone(),
                    format!("the levels are `{}`", levels.join("`, `")),
                );
            table.push(note.did_you_mean(&name.value, levels.iter().copied()));
        }
        found
    });
    let mut loops = |key| {
        let read = read_loops(table, key, problem)?;
        places.extend(read.iter().rev().cloned());
        Some(read.into_iter().map(|(own, _)| own).collect())
    };
    let temporal = loops("temporal");
    let spatial_x = loops("spatial_x");
    let spatial_y = loops("spatial_y");
    let keep = read_keep(table, problem);
    table.finish();
    let entry = LevelMapping {
        temporal: temporal?,
        spatial_x: spatial_x?,
        spatial_y: spatial_y?,
        keep: keep?,
    };
    Some((level?, entry))
}

/// Reads `"M=4 N=2"`, written outermost first as a loop nest reads, to innermost first.
fn read_loops(table: &TableReader<'_>, key: &'static str, problem: &Problem) -> Option<Vec<Place>> {
    let Some(text) = table.opt_text(key) else {
        return (!table.has(key)).then(Vec::new);
    };
    let mut loops = Vec::new();
    for word in text.value.split_whitespace() {
        loops.push(read_loop(table, word, &text, problem)?);
    }
    loops.reverse();
    Some(loops)
}

fn read_loop(
    table: &TableReader<'_>,
    word: &str,
    text: &Located<String>,
    problem: &Problem,
) -> Option<Place> {
    let span = word_span(table, word, text);
    let parsed = word
        .split_once('=')
        .and_then(|(name, bound)| Some((name, bound.parse::<u64>().ok()?)))
        .filter(|(_, bound)| (1..=1 << 32).contains(bound));
    let Some((name, bound)) = parsed else {
        table.problem(
            format!("`{word}` is no loop"),
            span.clone(),
            "expected a dimension and a positive factor, as `K=16`",
        );
        return None;
    };
    let Some(dimension) = problem.dimension(name) else {
        let names: Vec<&str> =
            problem.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
        let note = Note::new(format!("the problem has no dimension `{name}`")).at(
            table.file(),
            span.clone(),
            format!("the dimensions are `{}`", names.join("`, `")),
        );
        table.push(note.did_you_mean(name, names));
        return None;
    };
    Some((Loop { dimension: u8::try_from(dimension).ok()?, bound }, span))
}

/// The bytes of one word of a string value, where the text was written plainly.
fn word_span(
    table: &TableReader<'_>,
    word: &str,
    text: &Located<String>,
) -> std::ops::Range<usize> {
    let written = table.file().text().get(text.span.clone()).unwrap_or_default();
    match written.find(word) {
        Some(offset) => text.span.start + offset..text.span.start + offset + word.len(),
        None => text.span.clone(),
    }
}

fn read_keep(table: &TableReader<'_>, problem: &Problem) -> Option<u8> {
    let all: u8 = (1 << problem.tensors.len()) - 1;
    let set = |key: &'static str| {
        let mut bits = 0_u8;
        let mut good = true;
        for item in table.items(key) {
            let found = match &item.value {
                Value::Text(name) => problem.tensor(name),
                _ => None,
            };
            match found {
                Some(tensor) => bits |= 1 << tensor,
                None => {
                    let names: Vec<&str> =
                        problem.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
                    table.problem(
                        format!("`{key}` names no tensor of the problem"),
                        item.span.clone(),
                        format!("the tensors are `{}`", names.join("`, `")),
                    );
                    good = false;
                }
            }
        }
        good.then_some(bits)
    };
    let (keep, bypass) = (set("keep"), set("bypass"));
    let (keep, bypass) = (keep?, bypass?);
    match (table.has("keep"), table.has("bypass")) {
        (true, true) if keep & bypass != 0 => {
            table.problem("a tensor is kept and passed by", table.span(), "in this table");
            None
        }
        (true, _) => Some(keep),
        (false, _) => Some(all & !bypass),
    }
}
