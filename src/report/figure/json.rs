//! Reading fields of a JSON document whose schema was checked.

use serde_json::Value;

use super::Input;
use crate::report::SCHEMA;
use signloop_base::diagnostics::Problem;

/// A field that is absent or of another type, by its name.
pub(super) type Field<T> = std::result::Result<T, String>;

pub(super) fn list<'a>(value: &'a Value, key: &str) -> Field<&'a Vec<Value>> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| key.to_owned())
}

pub(super) fn text(value: &Value, key: &str) -> Field<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| key.to_owned())
}

/// A number at a dotted path; it must be finite.
pub(super) fn number(value: &Value, path: &str) -> Field<f64> {
    path.split('.')
        .try_fold(value, |value, key| value.get(key))
        .and_then(Value::as_f64)
        .filter(|number| number.is_finite())
        .ok_or_else(|| path.to_owned())
}

/// Whether a file begins as JSON does; tables begin with a name or a comment.
pub(super) fn is_json(input: &Input) -> bool {
    let first = input.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|byte| matches!(byte, b'{' | b'['))
}

/// The document of a file.
pub(super) fn parse(input: &Input) -> Result<Value, Problem> {
    serde_json::from_str(input.text()?).map_err(|error| {
        Problem::new(format!("the file is not JSON: {error}")).in_file(&input.name())
    })
}

/// A report, its format checked.
pub(super) fn report(input: &Input) -> Result<Value, Problem> {
    let report = parse(input)?;
    let schema = report.get("schema").and_then(Value::as_str).unwrap_or_default();
    if schema == SCHEMA {
        return Ok(report);
    }
    let problem = Problem::new(format!("expected a report of format `{SCHEMA}`, found `{schema}`"));
    Err(problem
        .in_file(&input.name())
        .hint("make one with `signloop simulate --format json --out FILE`"))
}

/// The problem of a missing field.
pub(super) fn missing(input: &Input, key: &str) -> Problem {
    Problem::new(format!("the file has no `{key}`, or not as expected")).in_file(&input.name())
}
