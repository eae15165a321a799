//! Reads the keys of one table, notes every problem, and reports what it does not know.

use std::{cell::RefCell, ops::Range, rc::Rc};

use super::tree::{Document, Node, Table, Value};
use crate::diagnostics::{Problem, Problems, SourceFile, nearest};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Byte range in the file.
    pub span: Range<usize>,
}

/// Which numbers a key takes; `expected` completes "expected …".
#[derive(Debug, Clone, Copy)]
pub struct Bounds<T> {
    /// Least value allowed.
    pub least: T,
    /// Greatest value allowed.
    pub greatest: T,
    /// Words for the message.
    pub expected: &'static str,
}

impl Bounds<u64> {
    /// A count or size that must be at least one.
    pub const POSITIVE: Self = Self { least: 1, greatest: 1 << 40, expected: "a positive integer" };
    /// A count that may be zero.
    pub const NATURAL: Self =
        Self { least: 0, greatest: 1 << 40, expected: "a non-negative integer" };
}

impl Bounds<f64> {
    /// A quantity above zero.
    pub const POSITIVE: Self =
        Self { least: f64::MIN_POSITIVE, greatest: 1e18, expected: "a positive number" };
    /// A quantity of zero or more.
    pub const NATURAL: Self =
        Self { least: 0.0, greatest: 1e18, expected: "a number of 0 or more" };
    /// A share.
    pub const FRACTION: Self = Self { least: 0.0, greatest: 1.0, expected: "a number from 0 to 1" };
}

/// Suffixes that carry a unit, used to say which unit a key lacks.
const UNITS: &[&str] = &[
    "_kib",
    "_mib",
    "_bytes",
    "_bits",
    "_ghz",
    "_gb_s",
    "_pj",
    "_nj",
    "_mw",
    "_w",
    "_ns",
    "_cycles",
    "_bytes_per_cycle",
    "_per_cycle",
    "_pj_per_bit",
    "_nm",
    "_mm2",
];

/// Reads one table. Problems go into a list that all readers of a file share.
pub struct TableReader<'a> {
    file: &'a SourceFile,
    table: &'a Table,
    path: String,
    known: RefCell<Vec<&'a str>>,
    problems: Rc<RefCell<Problems>>,
}

impl<'a> TableReader<'a> {
    /// A reader of a document's top-level table.
    #[must_use]
    pub fn root(document: &'a Document) -> Self {
        Self {
            file: &document.file,
            table: &document.root,
            path: String::new(),
            known: RefCell::default(),
            problems: Rc::default(),
        }
    }

    /// A reader of a table inside this one.
    #[must_use]
    pub fn nested(&self, table: &'a Table, path: &str) -> Self {
        Self {
            file: self.file,
            table,
            path: self.full(path),
            known: RefCell::default(),
            problems: Rc::clone(&self.problems),
        }
    }

    /// The file being read.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        self.file
    }

    /// The table being read.
    #[must_use]
    pub fn table(&self) -> &'a Table {
        self.table
    }

    /// Where the table itself was written.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.table.span.clone()
    }

    /// The dotted path of a key of this table.
    #[must_use]
    pub fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes a problem at a span of this file.
    pub fn problem(
        &self,
        message: impl Into<String>,
        span: Range<usize>,
        label: impl Into<String>,
    ) {
        self.push(Problem::new(message).at(self.file, span, label));
    }

    /// Notes a ready-made problem.
    pub fn push(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Whether the table has a key, without claiming that the key is known.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// The raw value of a key, now counted as known.
    pub fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.known.borrow_mut().push(key);
        self.table.get(key)
    }

    /// The raw value of a key that must be there.
    pub fn require(&self, key: &'static str) -> Option<&'a Node> {
        let node = self.node(key);
        if node.is_none() {
            self.missing(key, None);
        }
        node
    }

    fn missing(&self, key: &str, expected: Option<&str>) {
        // A key without its unit is reported here, once, and not again as unknown.
        if let Some((written, _)) = self
            .table
            .entries
            .iter()
            .find(|(entry, _)| UNITS.iter().any(|unit| key == format!("{}{unit}", entry.name)))
        {
            self.push(
                Problem::new(format!("missing unit in the key `{}`", self.full(&written.name)))
                    .at(self.file, written.span.clone(), "the unit belongs in the name")
                    .hint(format!("write `{key}`")),
            );
            self.known.borrow_mut().push(written.name.as_str());
            return;
        }
        let mut problem = Problem::new(format!("missing key `{}`", self.full(key))).at(
            self.file,
            self.span(),
            "in this table",
        );
        if let Some(expected) = expected {
            problem = problem.hint(format!("add `{key} = …`: expected {expected}"));
        }
        self.push(problem);
    }

    fn wrong(&self, key: &str, node: &Node, expected: &str) {
        self.problem(
            format!("wrong type for `{}`", self.full(key)),
            node.span.clone(),
            format!("expected {expected}, found {}", node.value.kind()),
        );
    }

    /// A string, if the key is there.
    pub fn opt_text(&self, key: &'static str) -> Option<Located<String>> {
        let node = self.node(key)?;
        match &node.value {
            Value::Text(text) => Some(Located { value: text.clone(), span: node.span.clone() }),
            _ => {
                self.wrong(key, node, "a string");
                None
            }
        }
    }

    /// A string that must be there.
    pub fn text(&self, key: &'static str) -> Option<Located<String>> {
        if !self.has(key) {
            self.known.borrow_mut().push(key);
            self.missing(key, Some("a string"));
            return None;
        }
        self.opt_text(key)
    }

    /// A boolean, or the default.
    pub fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(node) = self.node(key) else { return default };
        match node.value {
            Value::Boolean(value) => value,
            _ => {
                self.wrong(key, node, "true or false");
                default
            }
        }
    }

    /// An integer within bounds, if the key is there.
    pub fn opt_integer(&self, key: &'static str, bounds: Bounds<u64>) -> Option<Located<u64>> {
        let node = self.node(key)?;
        self.integer_of(key, node, bounds)
    }

    /// Checks any node (an array item, say) as an integer within bounds.
    pub fn integer_of(&self, key: &str, node: &Node, bounds: Bounds<u64>) -> Option<Located<u64>> {
        let Value::Integer(value) = node.value else {
            self.wrong(key, node, bounds.expected);
            return None;
        };
        match u64::try_from(value) {
            Ok(value) if (bounds.least..=bounds.greatest).contains(&value) => {
                Some(Located { value, span: node.span.clone() })
            }
            _ => {
                let mut expected = format!("expected {}", bounds.expected);
                if value > 0 {
                    expected = format!("{expected} of at most {}", bounds.greatest);
                }
                self.problem(
                    format!("`{}` is out of range", self.full(key)),
                    node.span.clone(),
                    expected,
                );
                None
            }
        }
    }

    /// An integer within bounds that must be there.
    pub fn integer(&self, key: &'static str, bounds: Bounds<u64>) -> Option<Located<u64>> {
        if !self.has(key) {
            self.known.borrow_mut().push(key);
            self.missing(key, Some(bounds.expected));
            return None;
        }
        self.opt_integer(key, bounds)
    }

    /// A number (integer or float) within bounds, if the key is there.
    pub fn opt_number(&self, key: &'static str, bounds: Bounds<f64>) -> Option<Located<f64>> {
        let node = self.node(key)?;
        self.number_of(key, node, bounds)
    }

    /// Checks any node as a number within bounds.
    pub fn number_of(&self, key: &str, node: &Node, bounds: Bounds<f64>) -> Option<Located<f64>> {
        let value = match node.value {
            Value::Integer(value) => value as f64,
            Value::Float(value) => value,
            _ => {
                self.wrong(key, node, bounds.expected);
                return None;
            }
        };
        if (bounds.least..=bounds.greatest).contains(&value) {
            return Some(Located { value, span: node.span.clone() });
        }
        self.problem(
            format!("`{}` is out of range", self.full(key)),
            node.span.clone(),
            format!("expected {}", bounds.expected),
        );
        None
    }

    /// A number within bounds that must be there.
    pub fn number(&self, key: &'static str, bounds: Bounds<f64>) -> Option<Located<f64>> {
        if !self.has(key) {
            self.known.borrow_mut().push(key);
            self.missing(key, Some(bounds.expected));
            return None;
        }
        self.opt_number(key, bounds)
    }

    /// One of a few words, if the key is there.
    pub fn opt_choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<Located<T>> {
        let text = self.opt_text(key)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text.value) {
            return Some(Located { value: *value, span: text.span });
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let mut problem = Problem::new(format!("unknown value for `{}`", self.full(key))).at(
            self.file,
            text.span,
            format!("expected one of `{}`", names.join("`, `")),
        );
        if let Some(near) = nearest(&text.value, names) {
            problem = problem.hint(format!("did you mean `{near}`?"));
        }
        self.push(problem);
        None
    }

    /// A table inside this one, if the key is there.
    pub fn opt_nested(&self, key: &'static str) -> Option<TableReader<'a>> {
        let node = self.node(key)?;
        match &node.value {
            Value::Table(table) => Some(self.nested(table, key)),
            _ => {
                self.wrong(key, node, "a table");
                None
            }
        }
    }

    /// A table inside this one that must be there.
    pub fn require_nested(&self, key: &'static str) -> Option<TableReader<'a>> {
        if !self.has(key) {
            self.known.borrow_mut().push(key);
            self.missing(key, Some("a table"));
            return None;
        }
        self.opt_nested(key)
    }

    /// The tables of an array of tables (`[[key]]`); empty when the key is absent.
    pub fn tables(&self, key: &'static str) -> Vec<TableReader<'a>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::Array(items) = &node.value else {
            self.wrong(key, node, "an array of tables");
            return Vec::new();
        };
        let mut readers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match &item.value {
                Value::Table(table) => {
                    readers.push(self.nested(table, &format!("{key}[{index}]")));
                }
                _ => self.wrong(key, item, "a table"),
            }
        }
        readers
    }

    /// The items of an array; empty when the key is absent.
    pub fn items(&self, key: &'static str) -> &'a [Node] {
        match self.node(key) {
            None => &[],
            Some(Node { value: Value::Array(items), .. }) => items,
            Some(node) => {
                self.wrong(key, node, "an array");
                &[]
            }
        }
    }

    /// The raw value of a key whose name comes from the file itself, now counted as known.
    pub fn node_named(&self, name: &str) -> Option<&'a Node> {
        let (key, node) = self.table.entries.iter().find(|(key, _)| key.name == name)?;
        self.known.borrow_mut().push(key.name.as_str());
        Some(node)
    }

    /// As [`TableReader::integer`], for a key whose name comes from the file itself.
    pub fn integer_named(&self, name: &str, bounds: Bounds<u64>) -> Option<Located<u64>> {
        match self.node_named(name) {
            Some(node) => self.integer_of(name, node, bounds),
            None => {
                self.missing(name, Some(bounds.expected));
                None
            }
        }
    }

    /// Names and places of the keys that were never asked for.
    #[must_use]
    pub fn unknown(&self) -> Vec<(String, Range<usize>)> {
        let known = self.known.borrow();
        let entries = self.table.entries.iter();
        entries
            .filter(|(key, _)| !known.contains(&key.name.as_str()))
            .map(|(key, _)| (key.name.clone(), key.span.clone()))
            .collect()
    }

    /// Reports every key that was never asked for, with the nearest known one.
    pub fn finish(&self) {
        let known = self.known.borrow();
        for (key, _) in &self.table.entries {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let mut problem = Problem::new(format!("unknown key `{}`", self.full(&key.name))).at(
                self.file,
                key.span.clone(),
                "not a key of this table",
            );
            let with_unit = known
                .iter()
                .find(|name| UNITS.iter().any(|unit| **name == format!("{}{unit}", key.name)));
            if let Some(name) = with_unit {
                problem = problem.hint(format!("the unit belongs in the name: write `{name}`"));
            } else if let Some(near) = nearest(&key.name, known.iter().copied()) {
                problem = problem.hint(format!("a key with a similar name exists: `{near}`"));
            } else {
                let mut names: Vec<&str> = known.to_vec();
                names.sort_unstable();
                names.dedup();
                problem = problem.hint(format!("known keys here: `{}`", names.join("`, `")));
            }
            self.push(problem);
        }
    }

    /// Takes the problems noted so far by this reader and all that share its file.
    #[must_use]
    pub fn take_problems(&self) -> Problems {
        std::mem::take(&mut *self.problems.borrow_mut())
    }
}
