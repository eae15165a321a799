//! The descriptions that come with the tool, embedded so that their names work anywhere.

use std::path::Path;

use signloop_base::{Result, config::Document, diagnostics::Problem};

/// Name and text of every shipped description, processors first.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[
        ("xeon-gold-6226", include_str!("../arch/xeon-gold-6226.toml")),
        ("sapphire-rapids", include_str!("../arch/sapphire-rapids.toml")),
        ("epyc-7452", include_str!("../arch/epyc-7452.toml")),
        ("raspberry-pi-4", include_str!("../arch/raspberry-pi-4.toml")),
        ("raspberry-pi-5", include_str!("../arch/raspberry-pi-5.toml")),
        ("neoverse-n1", include_str!("../arch/neoverse-n1.toml")),
        ("apple-m1", include_str!("../arch/apple-m1.toml")),
    ]
}

/// A file, or, where there is no such file, the shipped description of that name. Only those of the
/// first list, which are `what` they are called, are offered for a name that is in neither.
pub(super) fn file_or_shipped(
    path: &Path,
    what: &str,
    offered: &[(&str, &str)],
    more: &[(&str, &str)],
) -> Result<Document> {
    let name = path.to_str().unwrap_or_default();
    if path.exists() || name.is_empty() || name.contains(['/', '\\', '.']) {
        return Document::read(path);
    }
    if let Some((_, text)) = offered.iter().chain(more).find(|(shipped, _)| *shipped == name) {
        return Document::parse(&format!("arch/{name}.toml"), (*text).to_owned());
    }
    let names: Vec<&str> = offered.iter().map(|(shipped, _)| *shipped).collect();
    let problem = Problem::new(format!("no file and no shipped {what} named `{name}`"))
        .hint(format!("shipped {what}s: `{}`", names.join("`, `")));
    Err(problem.did_you_mean(name, names).into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::shipped;
    use crate::load;

    #[test]
    fn every_shipped_description_reads_and_has_its_name() {
        for (name, _) in shipped() {
            let arch = load(Path::new(name)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(arch.name, *name);
            for cache in &arch.caches {
                assert_eq!(
                    cache.sets() * cache.ways.value * cache.line_bytes.value,
                    cache.size_bytes()
                );
            }
        }
    }
}
