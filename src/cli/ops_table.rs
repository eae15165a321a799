//! `signloop ops-table`.

use std::path::PathBuf;

use indicatif::ProgressBar;

use super::common::{Format, emit, parse_names};
use crate::{
    report::{json, table::grid},
    study::{OpsRow, ops_table},
};
use signloop_base::Result;
use signloop_method::find;

/// Arguments of `signloop ops-table`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Methods, comma-separated: the published system's stand-in and our best by default.
    #[arg(long, value_delimiter = ',', default_value = "sum-merge,shared-sum,shift-shared")]
    method: Vec<String>,
    /// Seed of the i.i.d. weights.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// File to write instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Prints the published figures beside ours.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let methods = parse_names(&arguments.method, find)?;
    let progress = ProgressBar::new_spinner();
    let rows = ops_table(&methods, arguments.seed, &|| progress.inc(1))?;
    progress.finish_and_clear();
    let text = match arguments.format {
        Format::Json => json(&rows)?,
        Format::Table => table(&rows, arguments.seed),
    };
    emit(&text, arguments.out.as_deref())
}

fn table(rows: &[OpsRow], seed: u64) -> String {
    let mut grid = grid(&[
        "layer",
        "scheme",
        "density",
        "method",
        "tile",
        "adds/pos",
        "A",
        "B",
        "published",
        "A off",
        "B off",
    ]);
    for row in rows {
        grid.add_row([
            row.layer.clone(),
            row.scheme.to_owned(),
            format!("{:.3}", row.density),
            row.method.to_owned(),
            row.tile.map_or_else(|| "-".to_owned(), |tile| tile.to_string()),
            format!("{:.0}", row.adds_per_position),
            format!("{:.2}x", row.reduction_a),
            format!("{:.2}x", row.reduction_b),
            format!("{:.2}x", row.published),
            format!("{:+.0} %", row.a_off_percent),
            format!("{:+.0} %", row.b_off_percent),
        ]);
    }
    format!(
        "{grid}\n\nA = dense MACs / adds; B = 2 dense MACs / adds; density = effectual / all \
         weights, i.i.d., seed {seed}\npublished: review thread of PLUM, Figure 11 and the answer \
         on {{0,1}}; it names neither density nor definition (docs/ops-table.md)\n"
    )
}
