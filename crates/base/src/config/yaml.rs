//! YAML into the same tree as TOML, so that one reader serves both.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::tree::{Document, Key, Node, Table, Value, read_text};
use crate::{
    Result,
    diagnostics::{Problem, Problems, SourceFile},
};

/// Most nodes of a document, aliases expanded: bounds what a file of nested aliases can ask for.
const MAX_NODES: usize = 1 << 20;
/// Most bytes of text that aliases may add: some bytes of one scalar, named often, become gigabytes.
const MAX_EXPANDED_BYTES: usize = 64 << 20;
/// Deepest nesting.
const MAX_DEPTH: usize = 64;

impl Document {
    /// Reads and parses a YAML file of one document.
    ///
    /// # Errors
    /// The file cannot be read, or is no YAML of the supported subset.
    pub fn read_yaml(path: &Path) -> Result<Self> {
        Self::parse_yaml(&path.display().to_string(), read_text(path)?)
    }

    /// Parses a YAML text; `name` is used in messages. Tags and several documents are refused.
    ///
    /// # Errors
    /// The first problem of the text: YAML cannot be read past one.
    pub fn parse_yaml(name: &str, text: String) -> Result<Self> {
        let file = SourceFile::new(name, text);
        let mut builder = Builder::new(&file);
        for event in Parser::new_from_str(file.text()) {
            match event {
                Ok((event, span)) => builder.take(event, &span)?,
                Err(error) => {
                    let at = builder.byte(error.marker().index());
                    return Err(builder.fault("invalid YAML", at..at, error.info()).into());
                }
            }
        }
        let root = builder.root.take().unwrap_or_default();
        Ok(Self { file, root })
    }
}

/// A collection that is still open.
enum Open {
    Sequence {
        start: usize,
        anchor: usize,
        items: Vec<Node>,
    },
    Mapping {
        start: usize,
        anchor: usize,
        entries: Vec<(Key, Node)>,
        names: HashSet<String>,
        key: Option<Key>,
    },
}

struct Builder<'a> {
    file: &'a SourceFile,
    /// Byte offset of every 64th character; markers count characters.
    offsets: Option<Vec<usize>>,
    open: Vec<Open>,
    /// Node and size of every anchor.
    anchors: HashMap<usize, (Node, Size)>,
    nodes: usize,
    /// Bytes of text that anchors and aliases copied.
    copied: usize,
    root: Option<Table>,
}

impl<'a> Builder<'a> {
    fn new(file: &'a SourceFile) -> Self {
        let text = file.text();
        let offsets = (!text.is_ascii())
            .then(|| text.char_indices().step_by(64).map(|(offset, _)| offset).collect());
        let (open, anchors) = (Vec::new(), HashMap::new());
        Self { file, offsets, open, anchors, nodes: 0, copied: 0, root: None }
    }

    /// Byte offset of a character index.
    fn byte(&self, index: usize) -> usize {
        let text = self.file.text();
        let Some(offsets) = &self.offsets else { return index.min(text.len()) };
        let Some(start) = offsets.get(index / 64) else { return text.len() };
        text[*start..]
            .char_indices()
            .nth(index % 64)
            .map_or(text.len(), |(offset, _)| start + offset)
    }

    fn fault(&self, message: &str, span: std::ops::Range<usize>, label: &str) -> Problems {
        Problem::new(message).at(self.file, span, label).into()
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Problems> {
        let range = self.byte(span.start.index())..self.byte(span.end.index());
        let start = range.start;
        match event {
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &range)?;
                self.enter(Open::Sequence { start, anchor, items: Vec::new() }, &range)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &range)?;
                let (entries, names) = (Vec::new(), HashSet::new());
                let open = Open::Mapping { start, anchor, entries, names, key: None };
                self.enter(open, &range)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &range)?;
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Value::Text(text.into_owned()),
                };
                self.place(Node { span: range, value }, anchor, Size::ONE)
            }
            Event::Alias(id) => {
                let Some((_, size)) = self.anchors.get(&id) else {
                    return Err(self.fault("unknown alias", range, "no such anchor above"));
                };
                let size = *size;
                // Before the copy is made.
                self.charge(size, &range)?;
                let value = self.anchors[&id].0.value.clone();
                self.place(Node { span: range, value }, 0, Size::ZERO)
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(self.fault("more than one YAML document", range, "only one a file is read"))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn refuse_tag(
        &self,
        tag: Option<&Tag>,
        range: &std::ops::Range<usize>,
    ) -> Result<(), Problems> {
        match tag {
            None => Ok(()),
            Some(tag) if tag.is_yaml_core_schema() => Ok(()),
            Some(tag) => Err(Problem::new(format!("the YAML tag `!{}` is not supported", tag.suffix))
                .at(self.file, range.clone(), "tagged here")
                .hint("Timeloop 0.4 front-end files use tags; feed the plain files that it hands to the model")
                .into()),
        }
    }

    fn enter(&mut self, open: Open, range: &std::ops::Range<usize>) -> Result<(), Problems> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.fault(
                "the YAML is nested too deeply",
                range.clone(),
                "64 levels are read",
            ));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Problems> {
        let (node, anchor) = match self.open.pop() {
            Some(Open::Sequence { start, anchor, items }) => {
                (Node { span: start..end.max(start), value: Value::Array(items) }, anchor)
            }
            Some(Open::Mapping { start, anchor, entries, .. }) => {
                let span = start..end.max(start);
                (Node { span: span.clone(), value: Value::Table(Table { span, entries }) }, anchor)
            }
            None => return Ok(()),
        };
        self.place(node, anchor, Size::ONE)
    }

    /// Counts what is about to be made.
    fn charge(&mut self, size: Size, span: &std::ops::Range<usize>) -> Result<(), Problems> {
        self.nodes = self.nodes.saturating_add(size.nodes);
        self.copied = self.copied.saturating_add(size.bytes);
        if self.nodes > MAX_NODES {
            let message = "the YAML has too many nodes";
            return Err(self.fault(message, span.clone(), "expanded here"));
        }
        if self.copied > MAX_EXPANDED_BYTES {
            return Err(Problem::new("the YAML's anchors and aliases copy too much text")
                .at(self.file, span.clone(), "expanded here")
                .hint("at most 64 MiB are copied: write the text where it is needed")
                .into());
        }
        Ok(())
    }

    /// Puts a finished node into the collection around it.
    fn place(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), Problems> {
        self.charge(size, &node.span)?;
        if anchor != 0 {
            // An anchor keeps a copy of its node.
            let copy = measure(&node);
            self.charge(copy, &node.span)?;
            self.anchors.insert(anchor, (node.clone(), copy));
        }
        match self.open.last_mut() {
            None => match node.value {
                Value::Table(table) => self.root = Some(table),
                other => {
                    let label = format!("expected a mapping, found {}", other.kind());
                    return Err(self.fault("wrong YAML document", node.span, &label));
                }
            },
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, names, key, .. }) => match key.take() {
                None => {
                    let name = match node.value {
                        Value::Text(text) => text,
                        Value::Integer(number) => number.to_string(),
                        other => {
                            let label = format!("expected a word, found {}", other.kind());
                            return Err(self.fault("wrong YAML key", node.span, &label));
                        }
                    };
                    if !names.insert(name.clone()) {
                        let label = "the second one";
                        return Err(self.fault(
                            &format!("the key `{name}` occurs twice"),
                            node.span,
                            label,
                        ));
                    }
                    *key = Some(Key { name, span: node.span });
                }
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }
}

/// How much a node takes.
#[derive(Debug, Clone, Copy)]
struct Size {
    nodes: usize,
    /// Of its texts and keys.
    bytes: usize,
}

impl Size {
    const ZERO: Self = Self { nodes: 0, bytes: 0 };
    /// One node; its text stands in the file, whose size is bounded.
    const ONE: Self = Self { nodes: 1, bytes: 0 };
}

fn measure(node: &Node) -> Size {
    let mut size = Size::ZERO;
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        size.nodes += 1;
        match &node.value {
            Value::Text(text) => size.bytes += text.len(),
            Value::Array(items) => left.extend(items),
            Value::Table(table) => {
                size.bytes += table.entries.iter().map(|(key, _)| key.name.len()).sum::<usize>();
                left.extend(table.entries.iter().map(|(_, node)| node));
            }
            _ => {}
        }
    }
    size
}

/// A plain scalar of the YAML 1.2 core schema. Null is an empty string: no key of ours takes it.
fn plain(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return Value::Boolean(true),
        "false" | "False" | "FALSE" => return Value::Boolean(false),
        "null" | "~" | "" => return Value::Text(String::new()),
        _ => {}
    }
    if let Ok(value) = text.parse::<i64>() {
        return Value::Integer(value);
    }
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        && text.chars().any(|letter| letter.is_ascii_digit())
        && text.chars().all(|letter| letter.is_ascii_digit() || "+-.eE".contains(letter));
    match text.parse::<f64>() {
        Ok(value) if numeric => Value::Float(value),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: String) -> Result<Document, String> {
        Document::parse_yaml("y.yaml", text).map_err(|error| error.to_string())
    }

    #[test]
    fn aliases_count_by_their_text() {
        let text = "x".repeat(1_000_000);
        let aliases =
            |count: usize| format!("a: &a \"{text}\"\nb: [{}]\n", ["*a"].repeat(count).join(","));
        assert!(parsed(aliases(10)).is_ok());
        let told = parsed(aliases(3000)).unwrap_err();
        assert!(told.contains("copy too much text"), "{told}");
        // Keys are text too.
        let told = parsed(format!(
            "a: &a\n  ? \"{text}\"\n  : 1\nb: [{}]\n",
            ["*a"].repeat(3000).join(",")
        ))
        .unwrap_err();
        assert!(told.contains("copy too much text"), "{told}");
    }

    #[test]
    fn very_many_anchors_take_time_in_proportion() {
        let count = 200_000;
        let anchors: String = (0..count).map(|at| format!("- &a{at} {at}\n")).collect();
        let aliases: String = (0..count).rev().map(|at| format!("- *a{at}\n")).collect();
        let document = parsed(format!("a:\n{anchors}b:\n{aliases}")).unwrap();
        let Some(Node { value: Value::Array(items), .. }) = document.root.get("b") else {
            panic!("no list");
        };
        assert!(matches!(items[0].value, Value::Integer(199_999)));
        assert_eq!(items.len(), count);
    }
}
