//! Constants of one table, each with its source.

use std::{cell::RefCell, ops::Range, sync::Arc};

use super::Sourced;
use signloop_base::{
    config::{Bounds, Located, Node, TableReader, Value},
    diagnostics::Problem,
};

/// Reads the constants of one table, each with the source of its own or of the table.
pub(super) struct Constants<'r, 'a> {
    pub(super) reader: &'r TableReader<'a>,
    source: Option<Arc<str>>,
    /// Constants without a source, told together at the end of the table.
    unsourced: RefCell<Vec<(&'static str, Range<usize>)>>,
}

impl<'r, 'a> Constants<'r, 'a> {
    pub(super) fn of(reader: &'r TableReader<'a>) -> Self {
        let source = reader.opt_text("source").and_then(|text| checked_source(reader, &text));
        Self { reader, source, unsourced: RefCell::default() }
    }

    /// As [`Constants::of`], with the source of the table around where this one states none.
    pub(super) fn inside(reader: &'r TableReader<'a>, source: Option<Arc<str>>) -> Self {
        let own = Self::of(reader);
        Self { source: own.source.clone().or(source), ..own }
    }

    /// Reads a key with `read`, from its plain value or from `{ value = …, source = "…" }`.
    pub(super) fn sourced<T>(
        &self,
        key: &'static str,
        plain: impl FnOnce(&TableReader<'a>, &'static str) -> Option<Located<T>>,
    ) -> Option<(Sourced<T>, Range<usize>)> {
        let inline = match self.reader.table().get(key) {
            Some(Node { value: Value::Table(table), .. }) => Some(table),
            _ => None,
        };
        let (found, source) = match inline {
            Some(table) => {
                self.reader.node(key);
                let inner = self.reader.nested(table, key);
                let source =
                    inner.opt_text("source").and_then(|text| checked_source(&inner, &text));
                let value = plain(&inner, "value");
                inner.finish();
                (value?, source.or_else(|| self.source.clone()))
            }
            None => (plain(self.reader, key)?, self.source.clone()),
        };
        let Some(source) = source else {
            self.unsourced.borrow_mut().push((key, found.span));
            return None;
        };
        Some((Sourced { value: found.value, source }, found.span))
    }

    /// Ends the table: unknown keys, and constants without a source.
    pub(super) fn finish(&self) {
        self.reader.finish();
        // An empty source has been told already.
        let unsourced = self.unsourced.borrow();
        let Some((key, span)) = unsourced.first().filter(|_| !self.reader.has("source")) else {
            return;
        };
        let name = self.reader.full(key);
        let message = match unsourced.len() {
            1 => format!("`{name}` has no source"),
            count => format!("`{name}` and {} more of its table have no source", count - 1),
        };
        self.reader.push(
            Problem::new(message)
                .at(self.reader.file(), span.clone(), "where does this number come from?")
                .hint(
                    "add `source = \"…\"` to the table, or write `{ value = …, source = \"…\" }`",
                ),
        );
    }

    pub(super) fn integer(&self, key: &'static str) -> Option<Sourced<u64>> {
        self.located_integer(key).map(|(value, _)| value)
    }

    pub(super) fn located_integer(
        &self,
        key: &'static str,
    ) -> Option<(Sourced<u64>, Range<usize>)> {
        self.sourced(key, |reader, key| reader.integer(key, SIZE))
    }

    pub(super) fn positive(&self, key: &'static str) -> Option<Sourced<f64>> {
        self.sourced(key, |reader, key| reader.number(key, RATE)).map(|(value, _)| value)
    }

    pub(super) fn natural(&self, key: &'static str) -> Option<Sourced<f64>> {
        self.sourced(key, |reader, key| reader.number(key, Bounds::<f64>::NATURAL))
            .map(|(value, _)| value)
    }

    pub(super) fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<Sourced<T>> {
        self.sourced(key, |reader, key| {
            if reader.has(key) {
                reader.opt_choice(key, choices)
            } else {
                reader.text(key).and(None)
            }
        })
        .map(|(value, _)| value)
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<Sourced<bool>> {
        self.sourced(key, |reader, key| {
            let node = reader.require(key)?;
            if let Value::Boolean(value) = node.value {
                return Some(Located { value, span: node.span.clone() });
            }
            reader.flag(key, false);
            None
        })
        .map(|(value, _)| value)
    }
}

/// Sizes are bounded so that products of a few of them fit in 64 bits.
const SIZE: Bounds<u64> = Bounds { least: 1, greatest: 1 << 24, expected: "a positive integer" };
/// Rates are bounded below so that no quotient leaves the range of a float.
pub(super) const RATE: Bounds<f64> =
    Bounds { least: 1e-6, greatest: 1e9, expected: "a positive number" };

fn checked_source(reader: &TableReader<'_>, text: &Located<String>) -> Option<Arc<str>> {
    if text.value.trim().is_empty() {
        reader.push(
            Problem::new(format!("`{}` is empty", reader.full("source")))
                .at(reader.file(), text.span.clone(), "expected where the numbers come from")
                .hint("name a file of a repository, a URL, or `unverified: …`"),
        );
        return None;
    }
    Some(text.value.as_str().into())
}
