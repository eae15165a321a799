//! Dotted paths to a value in a TOML document: `cache.L2.size_kib`, `layer."layer1.0.conv1".groups`.

use std::fmt;

use signloop_base::config::{Key, Node, Table, Value};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A key of a table, or the `level` or `name` of one table of an array of tables.
    Name(String),
    /// The place in an array, from its end where negative.
    Index(i64),
}

/// A path below the root of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    /// Steps from the root; at least one.
    pub segments: Vec<Segment>,
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            match segment {
                Segment::Name(name) if is_bare(name) => write!(formatter, "{dot}{name}")?,
                Segment::Name(name) => write!(formatter, "{dot}\"{name}\"")?,
                Segment::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn is_bare(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

impl KeyPath {
    /// Parses the text of a path.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        loop {
            if let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']').ok_or("`[` without `]`")?;
                let index =
                    index.parse().map_err(|_| format!("`{index}` is no place in an array"))?;
                segments.push(Segment::Index(index));
                rest = after;
            } else if let Some(inside) = rest.strip_prefix('"') {
                let (name, after) = inside.split_once('"').ok_or("a quote is not closed")?;
                segments.push(Segment::Name(name.to_owned()));
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                if !is_bare(name) {
                    return Err(format!(
                        "`{name}` is no key: quote names that hold other characters than letters, \
                         digits, `_` and `-`"
                    ));
                }
                segments.push(Segment::Name(name.to_owned()));
                rest = after;
            }
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                None if rest.is_empty() => return Ok(Self { segments }),
                None if rest.starts_with('[') => {}
                None => return Err(format!("expected `.` before `{rest}`")),
            }
        }
    }

    /// Replaces the value at this path with what `change` makes of it (`None` where it is absent).
    ///
    /// Tables on the way are made where they are absent; an inline `{ value = …, source = … }`
    /// keeps its source.
    ///
    /// # Errors
    /// A table of an array is absent, a step leads through a plain value, or `change` refuses.
    pub fn set(
        &self,
        root: &mut Table,
        change: impl FnOnce(Option<&Value>) -> Result<Value, String>,
    ) -> Result<Value, String> {
        let (last, steps) = self.segments.split_last().ok_or("the path is empty")?;
        let mut place = Place::Table(root);
        for step in steps {
            place = place.step(step)?;
        }
        let Segment::Name(name) = last else {
            return Err("a path ends in a key, not in a place of an array".to_owned());
        };
        let Place::Table(mut table) = place else {
            return Err(format!("`{name}` stands behind an array: name one of its tables first"));
        };
        if let Some(at) = table.entries.iter().position(|(key, _)| key.name == *name) {
            let node = &mut table.entries[at].1;
            let inline = matches!(&node.value, Value::Table(inner) if inner.get("value").is_some());
            if !inline {
                if matches!(node.value, Value::Table(_)) {
                    return Err(format!("`{name}` is a table, not a value"));
                }
                node.value = change(Some(&node.value))?;
                return Ok(node.value.clone());
            }
            let Value::Table(inner) = &mut table.entries[at].1.value else {
                return Err(format!("`{name}` is no table"));
            };
            table = inner;
            let node = table.entries.iter_mut().find(|(key, _)| key.name == "value");
            let (_, node) = node.ok_or("`value` is absent")?;
            node.value = change(Some(&node.value))?;
            return Ok(node.value.clone());
        }
        let value = change(None)?;
        let span = table.span.clone();
        let key = Key { name: name.clone(), span: span.clone() };
        table.entries.push((key, Node { span, value: value.clone() }));
        Ok(value)
    }
}

enum Place<'a> {
    Table(&'a mut Table),
    Array(&'a mut Vec<Node>),
}

impl<'a> Place<'a> {
    fn step(self, segment: &Segment) -> Result<Self, String> {
        let node = match (self, segment) {
            (Self::Table(table), Segment::Name(name)) => {
                if table.get(name).is_none() {
                    let span = table.span.clone();
                    let inner = Table { span: span.clone(), entries: Vec::new() };
                    let key = Key { name: name.clone(), span: span.clone() };
                    table.entries.push((key, Node { span, value: Value::Table(inner) }));
                }
                let found = table.entries.iter_mut().find(|(key, _)| key.name == *name);
                &mut found.ok_or("a key vanished")?.1
            }
            (Self::Array(items), segment) => {
                let at = match segment {
                    Segment::Index(index) => usize::try_from(if *index < 0 {
                        index.saturating_add(items.len() as i64)
                    } else {
                        *index
                    })
                    .ok()
                    .filter(|at| *at < items.len()),
                    Segment::Name(name) => items.iter().position(|item| is_named(item, name)),
                };
                let text = KeyPath { segments: vec![segment.clone()] };
                let count = items.len();
                let at = at.ok_or_else(|| format!("none of the {count} tables is `{text}`"))?;
                &mut items[at]
            }
            (Self::Table(_), Segment::Index(index)) => {
                return Err(format!("`[{index}]` needs an array, found a table"));
            }
        };
        match &mut node.value {
            Value::Table(table) => Ok(Place::Table(table)),
            Value::Array(items) => Ok(Place::Array(items)),
            other => Err(format!("the path leads through {}", other.kind())),
        }
    }
}

/// Whether a table of an array goes by a name: its `level` (caches) or `name` (layers).
fn is_named(node: &Node, name: &str) -> bool {
    let Value::Table(table) = &node.value else { return false };
    ["level", "name"].iter().any(
        |key| matches!(table.get(key), Some(Node { value: Value::Text(text), .. }) if text == name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use signloop_base::config::Document;

    fn set(text: &str, path: &str, value: i64) -> Result<Table, String> {
        let mut root = Document::parse("t.toml", text.to_owned()).unwrap().root;
        KeyPath::parse(path)?.set(&mut root, |_| Ok(Value::Integer(value)))?;
        Ok(root)
    }

    fn integer(table: &Table, path: &str) -> i64 {
        let mut found = 0;
        let seen = KeyPath::parse(path).unwrap().set(&mut table.clone(), |old| match old {
            Some(Value::Integer(old)) => {
                found = *old;
                Ok(Value::Integer(*old))
            }
            other => Err(format!("{other:?}")),
        });
        seen.unwrap();
        found
    }

    const ARCH: &str = "clock = 1\n[[cache]]\nlevel = \"L1\"\nsize = 8\n[[cache]]\nlevel = \
                        \"L2\"\nsize = { value = 9, source = \"s\" }\n";

    #[test]
    fn paths_reach_tables_arrays_and_inline_values() {
        for path in ["clock", "cache.L1.size", "cache.L2.size", "cache[0].size", "cache[-1].size"] {
            assert_eq!(integer(&set(ARCH, path, 77).unwrap(), path), 77, "{path}");
        }
        // The source of an inline value stays.
        let root = set(ARCH, "cache.L2.size", 77).unwrap();
        assert!(format!("{root:?}").contains("Text(\"s\")"));
    }

    #[test]
    fn absent_tables_are_made_but_not_tables_of_arrays() {
        assert_eq!(integer(&set(ARCH, "new.table.key", 5).unwrap(), "new.table.key"), 5);
        assert!(set(ARCH, "cache.L3.size", 1).unwrap_err().contains("none of the 2 tables"));
        assert!(set(ARCH, "cache[2].size", 1).is_err());
        assert!(set(ARCH, "cache[-3].size", 1).is_err());
        assert!(set(ARCH, "clock.speed", 1).unwrap_err().contains("an integer"));
        assert!(set(ARCH, "cache.size", 1).is_err());
    }

    #[test]
    fn names_with_dots_are_quoted_and_nonsense_is_refused() {
        let path = KeyPath::parse("layer.\"layer1.0.conv1\".groups").unwrap();
        assert_eq!(path.segments[1], Segment::Name("layer1.0.conv1".into()));
        assert_eq!(path.to_string(), "layer.\"layer1.0.conv1\".groups");
        for text in ["", ".", "a.", "a..b", "a[", "a[x]", "a]b", "\"a", "a b", "a\"b\""] {
            assert!(KeyPath::parse(text).is_err(), "{text}");
        }
    }
}
