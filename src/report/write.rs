//! Results as text.

use serde::Serialize;

use signloop_base::{Error, Result};

/// A result as indented JSON, ending in a line break.
///
/// # Errors
/// A map key is no text, which none of our types has.
pub fn json(value: &impl Serialize) -> Result<String> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(text + "\n")
}
