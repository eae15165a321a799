//! Sparse acceleration features: which accesses are gated or skipped, and on what condition.

use signloop_base::{
    config::{TableReader, Value},
    diagnostics::Problem,
};

/// What happens to an access that the leader makes useless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SafKind {
    /// The array rests, the cycle passes.
    Gate,
    /// The cycle is saved as well.
    Skip,
    /// Instances of the array inside are saved.
    SpatialSkip,
}

impl SafKind {
    /// All kinds with the words for them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("gate", Self::Gate), ("skip", Self::Skip), ("spatial-skip", Self::SpatialSkip)];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// One choice of follower and leaders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafOption {
    /// The tensor whose accesses are saved.
    pub follower: String,
    /// The tensors of which one empty tile is enough.
    pub leaders: Vec<String>,
}

/// A unit that saves accesses: it does the one of its options that saves most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saf {
    /// What it does.
    pub kind: SafKind,
    /// Its choices.
    pub options: Vec<SafOption>,
}

/// Reads one `[[storage.saf]]`.
pub(super) fn read_saf(table: &TableReader<'_>) -> Option<Saf> {
    let kind = if table.has("kind") {
        table.opt_choice("kind", SafKind::WORDS)
    } else {
        table.text("kind");
        None
    };
    let options: Vec<Option<SafOption>> = if table.has("options") {
        table
            .tables("options")
            .iter()
            .map(|option| {
                let read = read_option(option);
                option.finish();
                read
            })
            .collect()
    } else {
        vec![read_option(table)]
    };
    table.finish();
    let options: Vec<SafOption> = options.into_iter().collect::<Option<_>>()?;
    let kind = kind?;
    if kind.value == SafKind::SpatialSkip && options.len() > 1 {
        table.push(
            Problem::new("spatial skipping takes one option")
                .at(table.file(), table.span(), "several options")
                .hint("write one `[[storage.saf]]` an option"),
        );
        return None;
    }
    (!options.is_empty()).then_some(Saf { kind: kind.value, options })
}

fn read_option(table: &TableReader<'_>) -> Option<SafOption> {
    let follower = table.text("follower");
    let mut leaders = Vec::new();
    let items = match table.require("leaders") {
        Some(_) => table.items("leaders"),
        None => &[],
    };
    for item in items {
        match &item.value {
            Value::Text(name) => leaders.push(name.clone()),
            other => table.problem(
                "wrong type in `leaders`",
                item.span.clone(),
                format!("expected a tensor's name, found {}", other.kind()),
            ),
        }
    }
    if items.is_empty() || leaders.len() != items.len() {
        return None;
    }
    Some(SafOption { follower: follower?.value, leaders })
}
