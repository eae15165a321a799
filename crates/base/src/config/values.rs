//! Values of each type, read from the keys of a table.

use super::{
    bounds::{Bounds, Located},
    reader::TableReader,
    tree::{Node, Value},
};
use crate::diagnostics::Problem;

impl<'a> TableReader<'a> {
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
        let problem = Problem::new(format!("unknown value for `{}`", self.full(key))).at(
            self.file(),
            text.span,
            format!("expected one of `{}`", names.join("`, `")),
        );
        self.push(problem.did_you_mean(&text.value, names));
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
        let (key, node) = self.table().entries.iter().find(|(key, _)| key.name == name)?;
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
}
