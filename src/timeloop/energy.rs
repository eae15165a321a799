//! The section `ERT`: energies by component and action.

use super::{architecture::version, import::unsupported};
use crate::{
    arch::accelerator::{Accelerator, ActionEnergy, StorageEnergy},
    config::{Bounds, TableReader},
    diagnostics::Problem as Fault,
};

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
        level.energy = storage(actions);
    }
    let compute = &mut accelerator.compute;
    let actions = find(&section, &tables, &compute.name)?;
    let actual = actions.first(&["mac_random", "mult_random", "mac", "mult", "compute"]);
    let Some(actual) = actual else {
        section.problem(
            format!("the ERT has no energy of an operation of `{}`", compute.name),
            section.span(),
            "expected one of mac_random, mult_random, mac, mult, compute",
        );
        return None;
    };
    const GATED: &[&str] = &["mac_gated", "mult_gated", "compute_gated"];
    // Timeloop charges a gated operation in full where the table has no gated energy.
    let gated = actions.first(GATED).unwrap_or(actual);
    let skipped = actions.first(&["mac_skipped", "mult_skipped", "compute_skipped"]);
    compute.energy = ActionEnergy { actual, gated, skipped: skipped.unwrap_or(gated) };
    compute.leak_pj_per_cycle = actions.first(&["leak"]).unwrap_or(0.0);
    Some(())
}

/// One component's energies, in file order.
struct Actions {
    component: String,
    list: Vec<(String, f64)>,
}

impl Actions {
    /// The first of some names that the table holds.
    fn first(&self, names: &[&str]) -> Option<f64> {
        names.iter().find_map(|name| {
            self.list.iter().find(|(other, _)| other == name).map(|(_, energy)| *energy)
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
        if let Some(arguments) = action.opt_nested("arguments")
            && let Some((key, _)) = arguments.table().entries.first()
        {
            action.problem(
                "energies that depend on arguments are not supported",
                key.span.clone(),
                "expected `arguments: {}`",
            );
            good = false;
        }
        unsupported(&action);
        match (name, energy) {
            (Some(name), Some(energy)) => list.push((name.value, energy.value)),
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

/// The names in Timeloop's order of preference; what has none of them costs nothing.
fn storage(actions: &Actions) -> StorageEnergy {
    let action = |actual: &[&str], gated: &[&str], skipped: &[&str]| ActionEnergy {
        actual: actions.or_zero(actual),
        gated: actions.or_zero(gated),
        skipped: actions.first(skipped).unwrap_or_else(|| actions.or_zero(gated)),
    };
    StorageEnergy {
        read: action(&["random_read", "read"], &["gated_read"], &["skipped_read"]),
        fill: action(
            &["random_fill", "random_write", "fill", "write"],
            &["gated_fill", "gated_write"],
            &["skipped_fill", "skipped_write"],
        ),
        update: action(
            &["random_update", "random_write", "update", "write"],
            &["gated_update", "gated_write"],
            &["skipped_update", "skipped_write"],
        ),
        metadata_read: action(
            &["random_metadata_read", "metadata_read"],
            &["gated_metadata_read"],
            &["skipped_metadata_read"],
        ),
        metadata_fill: action(
            &["random_metadata_fill", "random_metadata_write", "metadata_fill", "metadata_write"],
            &["gated_metadata_fill", "gated_metadata_write"],
            &["skipped_metadata_fill", "skipped_metadata_write"],
        ),
        metadata_update: action(
            &[
                "random_metadata_update",
                "random_metadata_write",
                "metadata_update",
                "metadata_write",
            ],
            &["gated_metadata_update", "gated_metadata_write"],
            &["skipped_metadata_update", "skipped_metadata_write"],
        ),
        decompress: actions.or_zero(&["decompression_count"]),
        compress: actions.or_zero(&["compression_count"]),
        leak_per_cycle: actions.or_zero(&["leak"]),
        interpolated: None,
    }
}
