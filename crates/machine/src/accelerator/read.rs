//! Reads and checks an accelerator description.

use std::{path::Path, sync::Arc};

use super::{
    Accelerator, ActionEnergy, Compute, MetadataStore, Storage,
    energy::{Array, read_energy, table_energy},
    format::read_format,
    limits::MAX_LEVELS,
    sparse::read_saf,
};
use crate::{
    constants::Constants,
    energy::{SCALINGS, Scaling},
};
use signloop_base::{
    Result,
    config::{Bounds, Document, TableReader},
    diagnostics::Problem,
};

const SIZE: Bounds<u64> = Bounds { least: 1, greatest: 1 << 40, expected: "a positive integer" };
const COUNT: Bounds<u64> = Bounds { least: 1, greatest: 1 << 20, expected: "a positive integer" };
const BITS: Bounds<u64> = Bounds { least: 1, greatest: 4096, expected: "a width of 1 to 4096" };
const NODE: Bounds<f64> =
    Bounds { least: 1.0, greatest: 1000.0, expected: "a technology node in nm" };
const BUFFERING: Bounds<f64> =
    Bounds { least: 1.0, greatest: 64.0, expected: "a number from 1 to 64" };

/// Loads an accelerator description from a file.
///
/// # Errors
/// The file cannot be read, or every problem in it, each with its span.
pub fn load(path: &Path) -> Result<Accelerator> {
    parse(&Document::read(path)?)
}

/// Reads a parsed description; tables `problem`, `mapping` and `constraint` of the same file are
/// left alone.
///
/// # Errors
/// Every problem of the file.
pub fn parse(document: &Document) -> Result<Accelerator> {
    let root = TableReader::root(document);
    for section in ["problem", "mapping", "constraint"] {
        root.node(section);
    }
    let accelerator = read(&root);
    root.finish();
    let problems = root.take_problems();
    match accelerator {
        Some(accelerator) if problems.is_empty() => Ok(accelerator),
        _ => Err(problems.into()),
    }
}

/// Reads the description's own keys of a file's root.
pub fn read(root: &TableReader<'_>) -> Option<Accelerator> {
    let kind = root.text("kind");
    if let Some(kind) = kind.filter(|kind| kind.value != "accelerator") {
        root.problem(
            format!("`kind` is `{}`, not `accelerator`", kind.value),
            kind.span,
            "expected \"accelerator\"",
        );
    }
    let name = root.text("name");
    let description = root.opt_text("description").map(|text| text.value).unwrap_or_default();
    let tables = root.tables("storage");
    if tables.is_empty() && !root.has("storage") {
        root.push(
            Problem::new("missing key `storage`")
                .at(root.file(), 0..0, "in this file")
                .hint("add one `[[storage]]` table a level, the innermost first"),
        );
    }
    if tables.len() > MAX_LEVELS {
        root.problem(
            "too many storage levels",
            tables[MAX_LEVELS].span(),
            format!("at most {MAX_LEVELS} are read"),
        );
        return None;
    }
    let node = read_node(root);
    let levels: Vec<Option<Storage>> =
        tables.iter().map(|table| read_storage(table, node.unwrap_or(DEFAULT_NODE))).collect();
    let compute = root.require_nested("compute").and_then(|table| read_compute(&table));
    let levels: Vec<Storage> = levels.into_iter().collect::<Option<_>>()?;
    let compute = compute?;
    node?;
    if levels.is_empty() {
        return None;
    }
    check(root, &tables, &levels, &compute)?;
    Some(Accelerator { name: name?.value, description, levels, compute })
}

/// Rules between levels: unique names, and arrays that divide evenly over the level outside.
fn check(
    root: &TableReader<'_>,
    tables: &[TableReader<'_>],
    levels: &[Storage],
    compute: &Compute,
) -> Option<()> {
    let mut good = true;
    let mut inside = (compute.instances_x, compute.instances_y, compute.name.as_str());
    for (index, (level, table)) in levels.iter().zip(tables).enumerate() {
        if levels[..index].iter().any(|other| other.name == level.name) {
            root.problem(
                format!("two storage levels are named `{}`", level.name),
                table.span(),
                "the second one",
            );
            good = false;
        }
        let (x, y, name) = inside;
        if !x.is_multiple_of(level.instances_x) || !y.is_multiple_of(level.instances_y) {
            root.push(
                Problem::new(format!(
                    "{} x {} instances of `{}` do not divide the {x} x {y} of `{name}`",
                    level.instances_x, level.instances_y, level.name
                ))
                .at(root.file(), table.span(), "in this level")
                .hint("levels are written innermost first, and their arrays shrink outwards"),
            );
            good = false;
        }
        inside = (level.instances_x, level.instances_y, level.name.as_str());
    }
    good.then_some(())
}

fn source_of(table: &TableReader<'_>) -> Option<Arc<str>> {
    let text = table.text("source")?;
    if text.value.trim().is_empty() {
        table.push(
            Problem::new(format!("`{}` is empty", table.full("source")))
                .at(table.file(), text.span, "expected where the numbers come from")
                .hint("name a file of a repository, a URL, or `unverified: …`"),
        );
        return None;
    }
    Some(text.value.as_str().into())
}

/// The node of the table of SRAM energies that was swept most closely.
const DEFAULT_NODE: (f64, Scaling) = (45.0, Scaling::Endpoints);

/// Node and scaling of energies that levels do not state.
fn read_node(root: &TableReader<'_>) -> Option<(f64, Scaling)> {
    let (mut node, mut good) = (DEFAULT_NODE, true);
    if root.has("node_nm") {
        match root.opt_number("node_nm", NODE) {
            Some(stated) => node.0 = stated.value,
            None => good = false,
        }
    } else {
        root.node("node_nm");
    }
    if let Some(stated) = root.opt_text("scaling") {
        match SCALINGS.iter().find(|(name, _)| *name == stated.value) {
            Some((_, scaling)) => node.1 = *scaling,
            None => {
                let names: Vec<&str> = SCALINGS.iter().map(|(name, _)| *name).collect();
                root.problem(
                    format!("unknown scaling `{}`", stated.value),
                    stated.span,
                    format!("expected `{}`", names.join("`, `")),
                );
                good = false;
            }
        }
    }
    good.then_some(node)
}

fn read_storage(table: &TableReader<'_>, node: (f64, Scaling)) -> Option<Storage> {
    let name = table.text("name");
    let source = source_of(table);
    let bounded = |key, bounds| {
        let stated = table.opt_integer(key, bounds).map(|value| value.value);
        (stated.is_some() || !table.has(key)).then_some(stated)
    };
    let rate = |key| {
        let stated = table.opt_number(key, crate::constants::RATE).map(|rate| rate.value);
        (stated.is_some() || !table.has(key)).then_some(stated)
    };
    let capacity_words = bounded("capacity_words", SIZE);
    let word_bits = table.integer("word_bits", BITS);
    let block_words = bounded("block_words", COUNT);
    let instances_x = bounded("instances_x", COUNT);
    let instances_y = bounded("instances_y", COUNT);
    let read_words_per_cycle = rate("read_words_per_cycle");
    let write_words_per_cycle = rate("write_words_per_cycle");
    let shared_words_per_cycle = rate("shared_words_per_cycle");
    let buffering = table.opt_number("buffering", BUFFERING).map_or(1.0, |value| value.value);
    let multicast = table.flag("multicast", true);
    let decompresses = table.flag("decompresses", false);
    let compresses = table.flag("compresses", false);
    let metadata = table.opt_nested("metadata").map(|table| read_metadata(&table));
    let energy = match table.opt_nested("energy") {
        Some(energy) => read_energy(&energy, source.clone()),
        None if table.has("energy") => None,
        None => {
            match (capacity_words, word_bits.as_ref(), block_words, metadata.unwrap_or(Some(None)))
            {
                (Some(words), Some(word), Some(block), Some(store)) => {
                    let sizes = (words, word.value, block.unwrap_or(1));
                    table_energy(table, &array_of(sizes, store, node))
                }
                // Sizes that do not read were told already.
                _ => None,
            }
        }
    };
    let formats: Vec<Option<_>> = table.tables("format").iter().map(read_format).collect();
    let safs: Vec<Option<_>> = table.tables("saf").iter().map(read_saf).collect();
    table.finish();
    let formats: Vec<_> = formats.into_iter().collect::<Option<_>>()?;
    if !formats.is_empty() && metadata.is_none() {
        table.push(
            Problem::new(format!("`{}` has formats but no metadata store", table.full("metadata")))
                .at(table.file(), table.span(), "in this level")
                .hint("add `metadata = { word_bits = 4, width_bits = 64 }`"),
        );
        return None;
    }
    Some(Storage {
        name: name?.value,
        source: source?,
        capacity_words: capacity_words?,
        word_bits: word_bits?.value,
        block_words: block_words?.unwrap_or(1),
        instances_x: instances_x?.unwrap_or(1),
        instances_y: instances_y?.unwrap_or(1),
        read_words_per_cycle: read_words_per_cycle?,
        write_words_per_cycle: write_words_per_cycle?,
        shared_words_per_cycle: shared_words_per_cycle?,
        buffering,
        multicast,
        metadata: metadata.unwrap_or(Some(None))?,
        energy: energy?,
        decompresses,
        compresses,
        formats,
        safs: safs.into_iter().collect::<Option<_>>()?,
    })
}

/// The array that a level's words and metadata make up, for the table of energies.
fn array_of(
    (words, word_bits, block_words): (Option<u64>, u64, u64),
    metadata: Option<MetadataStore>,
    node: (f64, Scaling),
) -> Array {
    Array {
        bits: words.map(|words| words.saturating_mul(word_bits)),
        width_bits: word_bits * block_words,
        metadata: metadata.map(|store| {
            let bits = store.depth.map(|depth| depth.saturating_mul(store.width_bits));
            (bits, store.width_bits)
        }),
        node,
    }
}

fn read_metadata(table: &TableReader<'_>) -> Option<Option<MetadataStore>> {
    let expected = "a width of 0 to 4096";
    let word_bits = table.integer("word_bits", Bounds { least: 0, expected, ..BITS });
    let width_bits = table.integer("width_bits", BITS);
    let depth = table.opt_integer("depth", SIZE);
    let good = depth.is_some() || !table.has("depth");
    table.finish();
    good.then_some(())?;
    Some(Some(MetadataStore {
        word_bits: word_bits?.value,
        width_bits: width_bits?.value,
        depth: depth.map(|depth| depth.value),
    }))
}

fn read_compute(table: &TableReader<'_>) -> Option<Compute> {
    let name = table.text("name");
    let source = source_of(table);
    let count = |key| {
        let stated = table.opt_integer(key, COUNT).map(|value| value.value);
        (stated.is_some() || !table.has(key)).then_some(stated.unwrap_or(1))
    };
    let instances_x = count("instances_x");
    let instances_y = count("instances_y");
    let word_bits = table.integer("word_bits", BITS);
    let gates = table.flag("gates", false);
    let skips = table.flag("skips", false);
    let energy = table
        .require_nested("energy")
        .and_then(|energy| read_compute_energy(&energy, source.clone()));
    table.finish();
    let (energy, leak_pj_per_cycle) = energy?;
    Some(Compute {
        name: name?.value,
        source: source?,
        instances_x: instances_x?,
        instances_y: instances_y?,
        word_bits: word_bits?.value,
        energy,
        leak_pj_per_cycle,
        gates,
        skips,
    })
}

fn read_compute_energy(
    table: &TableReader<'_>,
    source: Option<Arc<str>>,
) -> Option<(ActionEnergy, f64)> {
    let constants = Constants::inside(table, source);
    let optional = |key: &'static str| {
        if !table.has(key) {
            table.node(key);
            return Some(None);
        }
        constants.natural(key).map(|value| Some(value.value))
    };
    let actual = constants.natural("compute_pj");
    let gated = optional("gated_pj");
    let skipped = optional("skipped_pj");
    let leak = optional("leak_pj_per_cycle");
    constants.finish();
    let actual = actual?.value;
    // A unit that is not known to gate spends the whole operation.
    let gated = gated?.unwrap_or(actual);
    let skipped = skipped?.unwrap_or(gated);
    Some((ActionEnergy { actual, gated, skipped }, leak?.unwrap_or(0.0)))
}
