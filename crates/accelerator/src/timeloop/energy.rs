//! The section `ERT`: energies by component and action.

use super::dialect::{unsupported, version};
use signloop_base::{
    config::{Bounds, TableReader},
    diagnostics::{Problem as Fault, nearest},
};
use signloop_machine::accelerator::{Accelerator, ActionEnergy, StorageEnergy};
use std::ops::Range;

/// Sets the energies of all levels and of the compute units.
pub(super) fn read(root: &TableReader<'_>, accelerator: &mut Accelerator) -> Option<()> {
    let section = root.opt_nested("ERT")?;
    version(&section)?;
    let mut tables = Vec::new();
    let mut good = true;
    for table in section.tables("tables") {
        match read_table(&table) {
            Some(read) => tables.push(read),
            None => good = false,
        }
    }
    unsupported(&section);
    good.then_some(())?;
    for level in &mut accelerator.levels {
        let actions = find(&section, &tables, &level.name)?;
        good &= actions.well_spelt(&section, STORAGE.as_flattened());
        level.energy = storage(actions);
    }
    let compute = &mut accelerator.compute;
    let actions = find(&section, &tables, &compute.name)?;
    good &= actions.well_spelt(&section, COMPUTE);
    good.then_some(())?;
    let actual = actions.first(OPERATION);
    let Some(actual) = actual else {
        section.problem(
            format!("the ERT has no energy of an operation of `{}`", compute.name),
            section.span(),
            format!("expected one of {}", OPERATION.join(", ")),
        );
        return None;
    };
    // Timeloop charges a gated operation in full where the table has no gated energy.
    let gated = actions.first(GATED).unwrap_or(actual);
    let skipped = actions.first(SKIPPED);
    compute.energy = ActionEnergy { actual, gated, skipped: skipped.unwrap_or(gated) };
    compute.leak_pj_per_cycle = actions.first(LEAK).unwrap_or(0.0);
    Some(())
}

/// Names of an operation's energy in Timeloop's order of preference, and what else may stand beside
/// them: Accelergy writes actions that Timeloop reads nowhere.
const OPERATION: &[&str] = &["mac_random", "mult_random", "mac", "mult", "compute"];
const GATED: &[&str] = &["mac_gated", "mult_gated", "compute_gated"];
const SKIPPED: &[&str] = &["mac_skipped", "mult_skipped", "compute_skipped"];
const COMPUTE: &[&[&str]] =
    &[OPERATION, GATED, SKIPPED, LEAK, IDLE, &["mac_reused", "mac_reuse", "mult_reused"]];

/// The same of a storage level: read, written from outside, written from inside.
const READ: [&[&str]; 3] = [&["random_read", "read"], &["gated_read"], &["skipped_read"]];
const FILL: [&[&str]; 3] = [
    &["random_fill", "random_write", "fill", "write"],
    &["gated_fill", "gated_write"],
    &["skipped_fill", "skipped_write"],
];
const UPDATE: [&[&str]; 3] = [
    &["random_update", "random_write", "update", "write"],
    &["gated_update", "gated_write"],
    &["skipped_update", "skipped_write"],
];
const METADATA_READ: [&[&str]; 3] = [
    &["random_metadata_read", "metadata_read"],
    &["gated_metadata_read"],
    &["skipped_metadata_read"],
];
const METADATA_FILL: [&[&str]; 3] = [
    &["random_metadata_fill", "random_metadata_write", "metadata_fill", "metadata_write"],
    &["gated_metadata_fill", "gated_metadata_write"],
    &["skipped_metadata_fill", "skipped_metadata_write"],
];
const METADATA_UPDATE: [&[&str]; 3] = [
    &["random_metadata_update", "random_metadata_write", "metadata_update", "metadata_write"],
    &["gated_metadata_update", "gated_metadata_write"],
    &["skipped_metadata_update", "skipped_metadata_write"],
];
/// Some tables have one energy for all accesses of words.
const ACCESS: &[&str] = &["access"];
const DECOMPRESS: &[&str] = &["decompression_count"];
const COMPRESS: &[&str] = &["compression_count"];
const LEAK: &[&str] = &["leak"];
const IDLE: &[&str] = &["idle"];
const STORAGE: &[[&[&str]; 3]] = &[
    READ,
    FILL,
    UPDATE,
    METADATA_READ,
    METADATA_FILL,
    METADATA_UPDATE,
    [DECOMPRESS, COMPRESS, LEAK],
    [IDLE, ACCESS, &[]],
];

/// Letters that may be wrong in a name for it to be a misspelt one.
const SLIPS: usize = 2;

/// One component's energies, in file order.
struct Actions {
    component: String,
    list: Vec<(String, Range<usize>, f64)>,
}

impl Actions {
    /// Refuses names that are a slip away from one that is read: their energy would be 0.
    fn well_spelt(&self, section: &TableReader<'_>, known: &[&[&str]]) -> bool {
        let known = || known.iter().copied().flatten().copied();
        let mut good = true;
        for (name, span, _) in self.list.iter().filter(|(name, ..)| !known().any(|own| own == name))
        {
            let near = nearest(name, known())
                .filter(|near| strsim::damerau_levenshtein(name, near) <= SLIPS);
            if let Some(near) = near {
                section.push(
                    Fault::new(format!("the ERT has an action `{name}` of `{}`", self.component))
                        .at(section.file(), span.clone(), "no energy of that name is read")
                        .did_you_mean(name, [near]),
                );
                good = false;
            }
        }
        good
    }

    /// The dearest entry of the first of some names that the table holds.
    fn first(&self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| {
            let own = self.list.iter().filter(|(other, ..)| other == name);
            own.map(|(.., energy)| *energy).reduce(f64::max)
        })
    }

    /// The first of some names, or nothing spent.
    fn or_zero(&self, names: &[&str]) -> f64 {
        self.first(names).unwrap_or(0.0)
    }
}

fn read_table(table: &TableReader<'_>) -> Option<Actions> {
    let name = table.text("name");
    let mut list = Vec::new();
    let mut good = true;
    for action in table.tables("actions") {
        let name = action.text("name");
        let energy = action.number("energy", Bounds::<f64>::NATURAL);
        // Of the entries of one action the dearest counts, as in Timeloop.
        action.node("arguments");
        unsupported(&action);
        match (name, energy) {
            (Some(name), Some(energy)) => list.push((name.value, name.span, energy.value)),
            _ => good = false,
        }
    }
    unsupported(table);
    good.then_some(Actions { component: component(&name?.value), list })
}

/// `system.chip.PE[0..15].RF[0..1]` is about the component `RF`.
fn component(path: &str) -> String {
    let mut depth = 0_usize;
    let mut start = 0;
    for (index, letter) in path.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => start = index + 1,
            _ => {}
        }
    }
    path[start..].split('[').next().unwrap_or_default().to_owned()
}

fn find<'t>(section: &TableReader<'_>, tables: &'t [Actions], name: &str) -> Option<&'t Actions> {
    let found = tables.iter().find(|actions| actions.component == name);
    if found.is_none() {
        section.push(
            Fault::new(format!("the ERT has no table of `{name}`"))
                .at(section.file(), section.span(), "in this section")
                .hint("Timeloop would take its built-in 2020 estimates here; state the energies"),
        );
    }
    found
}

/// The first of the names that the table holds; what has none of them costs nothing, but that words
/// cost an `access` where there is one.
fn storage(actions: &Actions) -> StorageEnergy {
    let action = |[actual, gated, skipped]: [&[&str]; 3]| ActionEnergy {
        actual: actions.or_zero(actual),
        gated: actions.or_zero(gated),
        skipped: actions.first(skipped).unwrap_or_else(|| actions.or_zero(gated)),
    };
    let words = |names: [&[&str]; 3]| ActionEnergy {
        actual: actions.first(names[0]).unwrap_or_else(|| actions.or_zero(ACCESS)),
        ..action(names)
    };
    StorageEnergy {
        read: words(READ),
        fill: words(FILL),
        update: words(UPDATE),
        metadata_read: action(METADATA_READ),
        metadata_fill: action(METADATA_FILL),
        metadata_update: action(METADATA_UPDATE),
        decompress: actions.or_zero(DECOMPRESS),
        compress: actions.or_zero(COMPRESS),
        leak_per_cycle: actions.or_zero(LEAK),
        interpolated: None,
    }
}
