//! Which reader a description file needs.

use signloop_base::{
    Result,
    config::{Document, TableReader},
};

/// What a description file describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArchKind {
    /// A processor with caches, read by [`super::load`].
    Cpu,
    /// An accelerator with scratchpads, read elsewhere.
    Accelerator,
}

/// The words of the key `kind`.
pub(super) const KINDS: &[(&str, ArchKind)] =
    &[("cpu", ArchKind::Cpu), ("accelerator", ArchKind::Accelerator)];

/// The kind of a parsed description, without reading anything else of it.
///
/// # Errors
/// The key `kind` is missing or is no known word.
pub fn kind(document: &Document) -> Result<ArchKind> {
    let reader = TableReader::root(document);
    let found = if reader.has("kind") {
        reader.opt_choice("kind", KINDS)
    } else {
        reader.text("kind");
        None
    };
    match found {
        Some(kind) => Ok(kind.value),
        None => Err(reader.take_problems().into()),
    }
}
