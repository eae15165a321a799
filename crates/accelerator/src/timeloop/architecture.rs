//! The section `architecture`: a tree of nodes with storage and compute in `local` lists.

use std::{ops::Range, sync::Arc};

use super::dialect::{unsupported, version};
use signloop_base::{
    config::{Bounds, Located, TableReader, Value},
    diagnostics::Problem as Fault,
};
use signloop_machine::accelerator::{
    Accelerator, ActionEnergy, Compute, MAX_LEVELS, MetadataStore, Storage, StorageEnergy,
};

const SIZE: Bounds<u64> = Bounds { least: 1, greatest: 1 << 40, expected: "a positive integer" };
const COUNT: Bounds<u64> = Bounds { least: 1, greatest: 1 << 20, expected: "a positive integer" };
const RATE: Bounds<f64> = Bounds { least: 1e-6, greatest: 1e9, expected: "a positive number" };

/// Attributes that name parts or processes: only energy estimators read them.
const DESCRIPTIVE: &[&str] = &["technology", "type", "latency", "global_cycle_seconds"];

/// What a class has in its name, storage first.
const STORAGE: &[&str] =
    &["storage", "DRAM", "SRAM", "regfile", "smartbuffer", "reg_file", "register"];
const COMPUTE: &[&str] = &["mac", "compute", "intmultiplier"];
/// Bits of a word where nothing is stated.
const WORD_BITS: u64 = 16;

fn is_one_of(class: &str, names: &[&str]) -> bool {
    names.iter().any(|name| class.contains(name))
}

/// Reads the section: levels without energies, the innermost first.
pub(super) fn read(root: &TableReader<'_>) -> Option<Accelerator> {
    let section = root.opt_nested("architecture")?;
    version(&section)?;
    let mut found = Found { levels: Vec::new(), compute: None };
    let good = subtree(&section, 1, &mut found, 0);
    unsupported(&section);
    good?;
    let Some(compute) = found.compute else {
        section.problem("the architecture has no compute unit", section.span(), "in this section");
        return None;
    };
    found.levels.reverse();
    if found.levels.is_empty() || found.levels.len() > MAX_LEVELS {
        section.problem(
            format!("the architecture has {} storage levels", found.levels.len()),
            section.span(),
            format!("1 to {MAX_LEVELS} are supported"),
        );
        return None;
    }
    let name = "imported from Timeloop".to_owned();
    Some(Accelerator { name, description: String::new(), levels: found.levels, compute })
}

struct Found {
    /// Outermost first, as the tree is walked.
    levels: Vec<Storage>,
    compute: Option<Compute>,
}

fn subtree(node: &TableReader<'_>, outer: u64, found: &mut Found, depth: usize) -> Option<()> {
    if depth > 32 {
        node.problem("the architecture is nested too deeply", node.span(), "32 nodes are read");
        return None;
    }
    let nodes = node.tables("subtree");
    if nodes.len() > 1 {
        node.problem(
            "an architecture node has several subtrees",
            nodes[1].span(),
            "only one branch is supported",
        );
        return None;
    }
    for inner in &nodes {
        let instances = named(inner, outer)?.1;
        if let Some(attributes) = inner.opt_nested("attributes") {
            descriptive(&attributes);
            unsupported(&attributes);
        }
        for local in inner.tables("local") {
            component(&local, instances, found)?;
        }
        subtree(inner, instances, found, depth + 1)?;
        unsupported(inner);
    }
    Some(())
}

fn descriptive(attributes: &TableReader<'_>) {
    for key in DESCRIPTIVE {
        attributes.node(key);
    }
}

/// `PE[0..15]`: the name and the instances of it, times those of the node around it.
fn named(table: &TableReader<'_>, outer: u64) -> Option<(String, u64)> {
    let text = table.text("name")?;
    let (name, count) = match text.value.split_once('[') {
        None => (text.value.as_str(), Some(1)),
        Some((name, range)) => (name, range_of(range)),
    };
    let total = count.and_then(|count| outer.checked_mul(count)).filter(|total| *total <= 1 << 20);
    let Some(total) = total else {
        table.problem(
            format!("`{}` is no name with a range", text.value),
            text.span,
            "expected a name, or `name[0..15]` of at most 2^20 instances in all",
        );
        return None;
    };
    Some((name.to_owned(), total))
}

fn range_of(text: &str) -> Option<u64> {
    let (low, high) = text.strip_suffix(']')?.split_once("..")?;
    let (low, high) = (low.trim().parse::<u64>().ok()?, high.trim().parse::<u64>().ok()?);
    high.checked_sub(low)?.checked_add(1)
}

fn component(local: &TableReader<'_>, outer: u64, found: &mut Found) -> Option<()> {
    let name = named(local, outer);
    let class = local.text("class");
    let attributes = local.require_nested("attributes");
    unsupported(local);
    let ((name, instances), class, attributes) = (name?, class?, attributes?);
    let source: Arc<str> = format!("Timeloop file {}", local.file().name()).into();
    let mesh = mesh(&attributes, instances);
    descriptive(&attributes);
    let stores = is_one_of(&class.value, STORAGE);
    if !stores && is_one_of(&class.value, COMPUTE) {
        let word_bits = word_bits(&attributes);
        unsupported(&attributes);
        let (instances_x, instances_y) = mesh?;
        if found.compute.is_some() {
            local.problem("the architecture has two compute units", local.span(), "the second one");
            return None;
        }
        found.compute = Some(Compute {
            name,
            source,
            instances_x,
            instances_y,
            word_bits: word_bits?,
            energy: ActionEnergy::default(),
            leak_pj_per_cycle: 0.0,
            gates: false,
            skips: false,
        });
        Some(())
    } else if stores {
        let level = storage(&attributes, &class, (name, source), mesh);
        unsupported(&attributes);
        found.levels.push(level?);
        Some(())
    } else {
        local.push(
            Fault::new(format!("the component class `{}` is not supported", class.value))
                .at(local.file(), class.span, "neither storage nor compute")
                .hint(format!(
                    "classes with one of these in their names: `{}`, `{}`",
                    STORAGE.join("`, `"),
                    COMPUTE.join("`, `")
                )),
        );
        None
    }
}

/// Instances along X and Y: `meshX` columns, or one row.
fn mesh(attributes: &TableReader<'_>, instances: u64) -> Option<(u64, u64)> {
    let x = attributes.opt_integer("meshX", COUNT);
    let y = attributes.opt_integer("meshY", COUNT);
    let columns = match (&x, &y) {
        (Some(x), _) => x.value,
        (None, Some(y)) => instances / y.value.max(1),
        (None, None) => instances,
    };
    let rows = y.as_ref().map_or(instances / columns.max(1), |y| y.value);
    if columns.checked_mul(rows) != Some(instances) {
        let span = x.or(y).map_or(attributes.span(), |mesh| mesh.span);
        attributes.problem(
            format!("the mesh of {columns} x {rows} has not {instances} instances"),
            span,
            "expected meshX times meshY to be the instances of the node",
        );
        return None;
    }
    Some((columns, rows))
}

fn storage(
    attributes: &TableReader<'_>,
    class: &Located<String>,
    (name, source): (String, Arc<str>),
    mesh: Option<(u64, u64)>,
) -> Option<Storage> {
    let word_bits = word_bits(attributes);
    let width = attributes.opt_integer("width", COUNT);
    let block = attributes.opt_integer("block_size", COUNT);
    let depth = attributes.opt_integer("depth", SIZE);
    let entries = attributes.opt_integer("entries", SIZE);
    let size_kib = attributes.opt_integer("sizeKB", SIZE);
    let cluster = attributes.opt_integer("cluster_size", COUNT);
    let rate = |key| attributes.opt_number(key, RATE).map(|rate| rate.value);
    let (read, write, shared) =
        (rate("read_bandwidth"), rate("write_bandwidth"), rate("shared_bandwidth"));
    let buffering = attributes
        .opt_number(
            "multiple_buffering",
            Bounds { least: 1.0, greatest: 64.0, expected: "a number from 1 to 64" },
        )
        .map_or(1.0, |value| value.value);
    let decompresses = attributes.flag("decompression_supported", false);
    let compresses = attributes.flag("compression_supported", false);
    refuse(attributes, "tile_partition_supported", false);
    let metadata = metadata(attributes);
    let word_bits = word_bits?;
    if let Some(cluster) = cluster.filter(|cluster| cluster.value != 1) {
        attributes.problem(
            "clusters of instances are not supported",
            cluster.span,
            "expected a cluster size of 1",
        );
        return None;
    }
    let block_words = block_words(attributes, (block, width), word_bits)?;
    let capacity_words = match (entries, depth, size_kib) {
        (Some(entries), ..) => Some(entries.value),
        (None, Some(depth), _) => depth.value.checked_mul(block_words),
        (None, None, Some(size)) => size.value.checked_mul(1024 * 8).map(|bits| bits / word_bits),
        (None, None, None) => None,
    };
    if capacity_words.is_none() && !class.value.contains("DRAM") {
        attributes.problem(
            format!("the storage `{name}` has no size"),
            attributes.span(),
            "expected `depth`, `entries` or `sizeKB`",
        );
        return None;
    }
    let (instances_x, instances_y) = mesh?;
    Some(Storage {
        name,
        source,
        capacity_words,
        word_bits,
        block_words,
        instances_x,
        instances_y,
        read_words_per_cycle: read,
        write_words_per_cycle: write,
        shared_words_per_cycle: shared,
        buffering,
        multicast: true,
        metadata: metadata?,
        energy: StorageEnergy::default(),
        decompresses,
        compresses,
        formats: Vec::new(),
        safs: Vec::new(),
    })
}

/// Bits of a word, 16 where none are stated.
fn word_bits(attributes: &TableReader<'_>) -> Option<u64> {
    match attributes.has("datawidth") {
        true => attributes.integer("datawidth", COUNT).map(|bits| bits.value),
        false => Some(WORD_BITS),
    }
}

/// Words of a block, stated or as many as the width holds.
fn block_words(
    attributes: &TableReader<'_>,
    (block, width): (Option<Located<u64>>, Option<Located<u64>>),
    word_bits: u64,
) -> Option<u64> {
    Some(match (&block, &width) {
        (Some(block), _) => block.value,
        (None, Some(width)) => {
            if !width.value.is_multiple_of(word_bits) {
                attributes.problem(
                    format!(
                        "the width {} is no multiple of the word's {word_bits} bits",
                        width.value
                    ),
                    width.span.clone(),
                    "expected whole words",
                );
                return None;
            }
            width.value / word_bits
        }
        (None, None) => 1,
    })
}

/// A flag of which only one value is supported.
fn refuse(attributes: &TableReader<'_>, key: &'static str, expected: bool) {
    let span: Option<Range<usize>> = attributes.node(key).and_then(|node| match node.value {
        Value::Boolean(value) if value == expected => None,
        _ => Some(node.span.clone()),
    });
    if let Some(span) = span {
        attributes.problem(
            format!("the Timeloop key `{}` is not supported", attributes.full(key)),
            span,
            format!("expected {expected}"),
        );
    }
}

fn metadata(attributes: &TableReader<'_>) -> Option<Option<MetadataStore>> {
    let word = attributes.opt_integer("metadata_datawidth", COUNT);
    let width = attributes.opt_integer("metadata_storage_width", COUNT);
    let depth = attributes.opt_integer("metadata_storage_depth", SIZE);
    // Ranks that state no width have none then.
    let word = match attributes.has("metadata_datawidth") {
        true => word.map(|word| word.value),
        false => width.as_ref().map(|_| 0),
    };
    match (word, width, depth) {
        (Some(word), Some(width), depth) => Some(Some(MetadataStore {
            word_bits: word,
            width_bits: width.value,
            depth: depth.map(|depth| depth.value),
        })),
        (None, None, None) => Some(None),
        _ => {
            attributes.problem(
                "the metadata store is stated in part",
                attributes.span(),
                "expected metadata_storage_width, and where wanted metadata_datawidth and metadata_storage_depth",
            );
            None
        }
    }
}
