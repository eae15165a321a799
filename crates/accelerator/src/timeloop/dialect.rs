//! The dialects that are read: their versions, and the refusal of keys beyond it.

use signloop_base::{
    config::{Bounds, TableReader},
    diagnostics::Problem as Fault,
};

/// Trees of these versions are read alike.
const VERSIONS: [f64; 3] = [0.2, 0.3, 0.4];

/// Refuses other dialects: their keys mean other things.
pub(super) fn version(section: &TableReader<'_>) -> Option<()> {
    let version =
        section.opt_number("version", Bounds { least: 0.0, greatest: 9.0, expected: "a version" });
    match version {
        Some(version) if VERSIONS.contains(&version.value) => Some(()),
        Some(version) => {
            section.push(
                Fault::new(format!("the Timeloop version {} is not supported", version.value))
                    .at(section.file(), version.span, "expected 0.2, 0.3 or 0.4")
                    .hint("convert the files with Timeloop's front end first"),
            );
            None
        }
        None => {
            section.problem("missing Timeloop version", section.span(), "expected `version: 0.4`");
            None
        }
    }
}

/// Tells every key of a table that was never asked for: silently ignoring one would change the
/// numbers.
pub(super) fn unsupported(table: &TableReader<'_>) {
    for (name, span) in table.unknown() {
        table.push(
            Fault::new(format!("the Timeloop key `{}` is not supported", table.full(&name)))
                .at(table.file(), span, "not read by the importer")
                .hint("remove it if the numbers may not depend on it; see docs/timeloop-compat.md"),
        );
    }
}
