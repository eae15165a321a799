//! Lists of names in a sweep file.

use std::path::{Path, PathBuf};

use signloop_base::{
    config::{Located, Node, TableReader, Value},
    diagnostics::Problem,
};

/// A file or a shipped name, and where it was written.
#[derive(Debug, Clone)]
pub struct Named {
    /// As written; relative paths are relative to the sweep file.
    pub path: PathBuf,
    /// Byte range in the sweep file.
    pub span: std::ops::Range<usize>,
}

/// The texts of a list that must not be empty.
pub(super) fn texts(
    table: &TableReader<'_>,
    key: &'static str,
    needed: bool,
) -> Vec<Located<String>> {
    if !table.has(key) {
        if needed {
            table.require(key);
        } else {
            table.node(key);
        }
        return Vec::new();
    }
    let items = table.items(key);
    if items.is_empty()
        && matches!(table.table().get(key), Some(Node { value: Value::Array(_), .. }))
    {
        let span = table.table().get(key).map_or(table.span(), |node| node.span.clone());
        table.problem(
            format!("`{}` is empty", table.full(key)),
            span,
            "expected at least one name",
        );
    }
    let mut found: Vec<Located<String>> = Vec::new();
    for item in items {
        let Value::Text(text) = &item.value else {
            let label = format!("expected a string, found {}", item.value.kind());
            table.problem(format!("wrong type in `{}`", table.full(key)), item.span.clone(), label);
            continue;
        };
        if found.iter().any(|other| other.value == *text) {
            let message = format!("`{text}` stands twice in `{}`", table.full(key));
            table.problem(message, item.span.clone(), "expected each name once");
        }
        found.push(Located { value: text.clone(), span: item.span.clone() });
    }
    found
}

/// The files of a list; a shipped name is no file.
pub(super) fn files(table: &TableReader<'_>, key: &'static str, folder: &Path) -> Vec<Named> {
    texts(table, key, true)
        .into_iter()
        .map(|text| {
            let beside = folder.join(&text.value);
            // A shipped name is no file; a name beside the sweep file wins.
            let path = if beside.exists() || text.value.contains(['/', '\\', '.']) {
                beside
            } else {
                PathBuf::from(&text.value)
            };
            Named { path, span: text.span }
        })
        .collect()
}

/// The words of a list, each parsed.
pub(super) fn words<T>(
    table: &TableReader<'_>,
    key: &'static str,
    needed: bool,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Vec<Located<T>> {
    let mut found = Vec::new();
    for text in texts(table, key, needed) {
        match parse(&text.value) {
            Ok(value) => found.push(Located { value, span: text.span }),
            Err(problem) => {
                let label = format!("not a {key}");
                table.push(problem.at(table.file(), text.span, label));
            }
        }
    }
    found
}
