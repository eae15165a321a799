//! A TOML document as an owned tree in file order, each key and value with its span.

use std::{ops::Range, path::Path};

use toml::de::{DeTable, DeValue};

use crate::{
    Error, Result,
    diagnostics::{Problem, Problems, SourceFile},
};

/// Files above this size are refused before they are read: no hand-written file comes near it.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// A parsed file.
#[derive(Debug, Clone)]
pub struct Document {
    /// Name and text, for problems.
    pub file: SourceFile,
    /// The top-level table.
    pub root: Table,
}

/// A value with the bytes it came from.
#[derive(Debug, Clone)]
pub struct Node {
    /// Byte range in the file.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A TOML value.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer that fits in 64 bits.
    Integer(i64),
    /// A float (NaN and infinity are legal TOML and refused by the reader).
    Float(f64),
    /// A boolean.
    Boolean(bool),
    /// An array, or an array of tables.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
    /// A date or time; no key of ours takes one.
    Datetime,
}

impl Value {
    /// The kind as written in messages, with its article.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Datetime => "a date",
        }
    }
}

/// A key with its span.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key, unquoted.
    pub name: String,
    /// Byte range in the file.
    pub span: Range<usize>,
}

/// A table in file order.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Byte range: the header for a `[table]`, the braces for an inline one.
    pub span: Range<usize>,
    /// Keys and values in file order.
    pub entries: Vec<(Key, Node)>,
}

impl Table {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }
}

impl Document {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// The file is missing, a directory, too large, not UTF-8 or not TOML.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path)?;
        Self::parse(&path.display().to_string(), text)
    }

    /// Parses a text; `name` is used in messages.
    ///
    /// # Errors
    /// Every syntax error of the text.
    pub fn parse(name: &str, text: String) -> Result<Self> {
        let file = SourceFile::new(name, text);
        if let Some(span) = super::depth::too_deep(file.text()) {
            return Err(Problem::new("a key has too many parts")
                .at(&file, span, "expected at most 32 parts with dots between them")
                .into());
        }
        let (table, errors) = DeTable::parse_recoverable(file.text());
        let mut problems = Problems::new();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            problems.push(Problem::new("invalid TOML").at(&file, span, error.message()));
        }
        let span = table.span();
        let root = convert_table(table.into_inner(), span, &file, &mut problems);
        problems.into_result(())?;
        Ok(Self { file, root })
    }
}

/// Reads a text file of bounded size.
///
/// # Errors
/// The file is missing, a directory, too large or not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    let name = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| missing(path, error))?;
    if metadata.is_dir() {
        return Err(Problem::new("expected a file, found a directory").in_file(&name).into());
    }
    if metadata.len() > MAX_FILE_BYTES {
        let message =
            format!("the file has {} bytes; at most {MAX_FILE_BYTES} are read", metadata.len());
        return Err(Problem::new(message).in_file(&name).into());
    }
    // Nobody knows the length of a pipe or device before.
    let Some(bytes) = crate::files::read_at_most(path, MAX_FILE_BYTES)? else {
        let message = format!("the file has more than {MAX_FILE_BYTES} bytes; no more are read");
        return Err(Problem::new(message).in_file(&name).into());
    };
    if let Some(problem) = crate::refusals::no_text(&bytes) {
        return Err(problem.in_file(&name).into());
    }
    String::from_utf8(crate::text::without_mark(bytes)).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Problem::new(format!("the file is not UTF-8 text: invalid byte at offset {offset}"))
            .in_file(&name)
            .into()
    })
}

fn missing(path: &Path, error: std::io::Error) -> Error {
    let name = path.display().to_string();
    if error.kind() != std::io::ErrorKind::NotFound {
        return Error::io("read", path, error);
    }
    let mut problem = Problem::new("no such file").in_file(&name);
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let (Some(wanted), Ok(entries)) = (
        path.file_name().and_then(|file| file.to_str()),
        std::fs::read_dir(folder.unwrap_or(Path::new("."))),
    ) {
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        if let Some(near) = crate::diagnostics::nearest(wanted, names.iter().map(String::as_str)) {
            problem = problem.hint(format!("there is a file named `{near}`"));
        }
    }
    problem.into()
}

fn convert_table(
    table: DeTable<'_>,
    span: Range<usize>,
    file: &SourceFile,
    problems: &mut Problems,
) -> Table {
    let mut entries: Vec<(Key, Node)> = table
        .into_iter()
        .map(|(key, value)| {
            let key = Key { span: key.span(), name: key.into_inner().into_owned() };
            let span = value.span();
            let value = convert(value.into_inner(), &span, file, problems);
            (key, Node { span, value })
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    Table { span, entries }
}

fn convert(
    value: DeValue<'_>,
    span: &Range<usize>,
    file: &SourceFile,
    problems: &mut Problems,
) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(integer) => {
            let text = integer.as_str().replace('_', "");
            if let Ok(value) = i64::from_str_radix(&text, integer.radix()) {
                return Value::Integer(value);
            }
            problems.push(Problem::new("integer out of range").at(
                file,
                span.clone(),
                "does not fit in 64 bits",
            ));
            Value::Integer(0)
        }
        DeValue::Float(float) => {
            Value::Float(float.as_str().replace('_', "").parse().unwrap_or(f64::NAN))
        }
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(array) => Value::Array(
            array
                .into_iter()
                .map(|item| {
                    let span = item.span();
                    let value = convert(item.into_inner(), &span, file, problems);
                    Node { span, value }
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, span.clone(), file, problems)),
    }
}
