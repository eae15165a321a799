//! A hardware constant with the place it comes from.

use std::sync::Arc;

use serde::Serialize;

/// A constant and its source, as written in the description file.
///
/// Sources that start with `unverified:` mark values recalled or assumed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sourced<T> {
    /// The constant; its unit is in the name of the field that holds it.
    pub value: T,
    /// Where the constant comes from: repository@commit:path, a URL, or a derivation.
    #[serde(serialize_with = "text")]
    pub source: Arc<str>,
}

impl<T> Sourced<T> {
    /// Pairs a constant with its source.
    pub fn new(value: T, source: impl Into<Arc<str>>) -> Self {
        Self { value, source: source.into() }
    }

    /// Whether the source says that the value was not verified.
    #[must_use]
    pub fn is_unverified(&self) -> bool {
        self.source.starts_with("unverified")
    }
}

/// Serialises shared text as a plain string.
pub fn text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
