//! Reads the keys of one table, notes every problem, and reports what it does not know. How a value
//! of each type is read is in `values.rs`.

use std::{cell::RefCell, ops::Range, rc::Rc};

use super::tree::{Document, Node, Table};
use crate::diagnostics::{Problem, Problems, SourceFile, nearest};

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
    pub(super) known: RefCell<Vec<&'a str>>,
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

    pub(super) fn missing(&self, key: &str, expected: Option<&str>) {
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
