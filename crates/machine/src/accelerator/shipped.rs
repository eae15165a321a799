//! The accelerators that come with the tool, embedded so that their names work anywhere.

use std::path::Path;

use crate::shipped::file_or_shipped;
use signloop_base::{Result, config::Document};

/// Name and text of every shipped accelerator.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[
        ("eyeriss", include_str!("../../arch/eyeriss.toml")),
        ("eyeriss-v2-pe", include_str!("../../arch/eyeriss-v2-pe.toml")),
        ("stc", include_str!("../../arch/stc.toml")),
        ("dstc", include_str!("../../arch/dstc.toml")),
        ("sigma-like", include_str!("../../arch/sigma-like.toml")),
    ]
}

/// The document of an accelerator: a file, or a shipped one when no such file exists.
///
/// # Errors
/// The file cannot be read or is no TOML, or there is no such name.
pub fn document(path: &Path) -> Result<Document> {
    file_or_shipped(path, "accelerator", shipped(), &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accelerator::parse;

    #[test]
    fn every_shipped_accelerator_reads_and_has_its_name() {
        for (name, _) in shipped() {
            let read = document(Path::new(name)).and_then(|document| parse(&document));
            let accelerator = read.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(accelerator.name, *name);
        }
    }
}
