//! Problems in the user's input: file, span, what was expected, and a hint.
//!
//! A reader collects every problem of a file before it gives up, so that a user
//! mends a file in one round.

use std::{fmt, ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use crate::text::harmless;

/// A file's name and text, shared by the problems found in it.
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
}

impl SourceFile {
    /// Names a text; `name` is printed as given (usually the path on the command line).
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The name as printed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// One thing wrong with the input.
#[derive(Debug, Clone)]
pub struct Problem(Box<Content>);

/// Boxed, so that a `Result` with a problem stays small.
#[derive(Debug, Clone)]
struct Content {
    message: String,
    origin: Option<(SourceFile, Option<Range<usize>>)>,
    label: String,
    hints: Vec<String>,
}

/// Longest message, label or hint in bytes; what a message quotes may have megabytes.
const LONGEST_TEXT: usize = 4096;

/// A text that fits a screen and moves no cursor: of a longer one the beginning and the end.
fn shortened(text: String) -> String {
    let text = harmless(text);
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let begin = text.floor_char_boundary(LONGEST_TEXT / 2);
    let end = text.ceil_char_boundary(text.len() - LONGEST_TEXT / 4);
    format!("{} [… {} bytes …] {}", &text[..begin], end - begin, &text[end..])
}

impl Problem {
    /// A problem that belongs to no file (a wrong command-line value, say).
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Content {
            message: shortened(message.into()),
            origin: None,
            label: String::new(),
            hints: Vec::new(),
        }))
    }

    /// Places the problem at a byte range of a text file and labels the span.
    #[must_use]
    pub fn at(mut self, file: &SourceFile, span: Range<usize>, label: impl Into<String>) -> Self {
        self.0.origin = Some((file.clone(), Some(span)));
        self.0.label = shortened(label.into());
        self
    }

    /// Places the problem in a file as a whole (binary files have no span to underline).
    #[must_use]
    pub fn in_file(mut self, name: &str) -> Self {
        self.0.origin = Some((SourceFile::new(name, ""), None));
        self
    }

    /// Adds a hint: what the user can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(shortened(hint.into()));
        self
    }

    /// Adds a hint that names the candidate nearest to a misspelt word, if one is near.
    #[must_use]
    pub fn did_you_mean<'a>(
        self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match nearest(word, candidates) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// As [`Problem::did_you_mean`], with another hint where no candidate is near.
    #[must_use]
    pub fn did_you_mean_or<'a>(
        self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        otherwise: impl Into<String>,
    ) -> Self {
        match nearest(word, candidates) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self.hint(otherwise),
        }
    }

    /// The one-line message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the user can do, one a hint.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// The name of the file, and line and column, counted from 1, where the problem has a span.
    #[must_use]
    pub fn place(&self) -> Option<(&str, Option<(usize, usize)>)> {
        let (file, span) = self.0.origin.as_ref()?;
        let at = span.as_ref().map(|span| {
            let before =
                String::from_utf8_lossy(&file.text.as_bytes()[..span.start.min(file.text.len())]);
            let line = before.rsplit('\n').next().unwrap_or_default();
            (before.matches('\n').count() + 1, line.chars().count() + 1)
        });
        Some((file.name(), at))
    }

    fn render(&self, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(self.0.message.as_str());
        let mut group = match &self.0.origin {
            Some((file, Some(span))) => {
                // A span that comes from a line and a column may end inside a letter.
                let start = file.text.floor_char_boundary(span.start);
                let end = file.text.ceil_char_boundary(span.end.max(start));
                title.element(Snippet::source(file.text()).path(file.name()).annotation(
                    AnnotationKind::Primary.span(start..end).label(self.0.label.as_str()),
                ))
            }
            Some((file, None)) => title.element(annotate_snippets::Origin::path(file.name())),
            None => Group::with_title(title),
        };
        for hint in &self.0.hints {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        renderer.render(&[group]).to_string()
    }
}

/// Most problems that are printed; nobody mends more in one round, and each is looked up in its
/// file.
const MOST_SHOWN: usize = 64;

/// At least one [`Problem`], in the order found.
#[derive(Debug, Clone, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Starts an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds all problems of another collection.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value of an outcome; the problems of a wrong input are added instead.
    ///
    /// # Errors
    /// Any error that is not of the input: it ends the work.
    pub fn note<T>(&mut self, outcome: crate::Result<T>) -> crate::Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(crate::Error::Input(found)) => {
                self.extend(found);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// `Ok(value)` when nothing is wrong.
    ///
    /// # Errors
    /// The collection itself when it holds a problem.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The problems as a terminal shows them, with or without colour; of very many the first.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let shown = self.0.iter().take(MOST_SHOWN);
        let mut texts: Vec<String> = shown.map(|problem| problem.render(&renderer)).collect();
        if self.0.len() > MOST_SHOWN {
            texts.push(format!("… and {} more problems", self.0.len() - MOST_SHOWN));
        }
        texts.join("\n\n")
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Problem> for crate::Error {
    fn from(problem: Problem) -> Self {
        Self::Input(problem.into())
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// Longest word, in letters, that another is suggested for: the distance of two words takes time
/// and memory in the product of their lengths, and a name from a file may have megabytes.
const LONGEST_WORD: usize = 128;

/// The candidate nearest to a misspelt word, if one is near enough to suggest.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let short = |word: &str| word.chars().nth(LONGEST_WORD).is_none();
    let limit = (word.chars().take(LONGEST_WORD).count() / 3).max(1) + 1;
    candidates
        .into_iter()
        .filter(|candidate| short(word) && short(candidate))
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}
