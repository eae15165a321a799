//! The numbers of a figure for other tools: CSV, and a PGFPlots file that reads it.

mod csv;
mod tex;

pub use csv::csv;
pub use tex::tex;

/// A name as a column: letters, digits and underscores.
fn column(name: &str) -> String {
    name.chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '_' })
        .collect()
}

/// Column of one series of bars: its name and the unit.
fn bar_column(name: &str, unit: &str) -> String {
    format!("{}_{unit}", column(name))
}
