//! The accelerators that come with the tool, embedded so that their names work anywhere.

use std::path::Path;

use crate::{
    Result,
    config::Document,
    diagnostics::{Problem, nearest},
};

/// Name and text of every shipped accelerator.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[
        ("eyeriss", include_str!("../../../arch/eyeriss.toml")),
        ("eyeriss-v2-pe", include_str!("../../../arch/eyeriss-v2-pe.toml")),
        ("stc", include_str!("../../../arch/stc.toml")),
        ("dstc", include_str!("../../../arch/dstc.toml")),
        ("sigma-like", include_str!("../../../arch/sigma-like.toml")),
    ]
}

/// The document of an accelerator: a file, or a shipped one when no such file exists.
///
/// # Errors
/// The file cannot be read or is no TOML, or there is no such name.
pub fn document(path: &Path) -> Result<Document> {
    let name = path.to_str().unwrap_or_default();
    if path.exists() || name.is_empty() || name.contains(['/', '\\', '.']) {
        return Document::read(path);
    }
    if let Some((_, text)) = shipped().iter().find(|(shipped, _)| *shipped == name) {
        return Document::parse(&format!("arch/{name}.toml"), (*text).to_owned());
    }
    let names: Vec<&str> = shipped().iter().map(|(shipped, _)| *shipped).collect();
    let problem = Problem::new(format!("no file and no shipped accelerator named `{name}`"))
        .hint(format!("shipped accelerators: `{}`", names.join("`, `")));
    Err(match nearest(name, names) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::accelerator::parse;

    #[test]
    fn every_shipped_accelerator_reads_and_has_its_name() {
        for (name, _) in shipped() {
            let read = document(Path::new(name)).and_then(|document| parse(&document));
            let accelerator = read.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(accelerator.name, *name);
        }
    }
}
