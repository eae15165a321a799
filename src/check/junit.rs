//! JUnit XML, as continuous-integration servers read it: one test case an entry.

use std::fmt::Write as _;

use super::compare::Comparison;

/// The comparisons as one test suite. No times are written: they would differ from run to run.
#[must_use]
pub fn junit(comparisons: &[Comparison]) -> String {
    let failures = comparisons.iter().filter(|comparison| comparison.fails()).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"signloop check\" \
         tests=\"{}\" failures=\"{failures}\">\n",
        comparisons.len()
    );
    for comparison in comparisons {
        let name = escape(&comparison.name);
        let body = escape(&comparison.describe());
        let _ = match (comparison.fails(), body.is_empty()) {
            (true, _) => writeln!(
                text,
                "  <testcase name=\"{name}\"><failure message=\"regression\">\n{body}</failure></testcase>"
            ),
            (false, true) => writeln!(text, "  <testcase name=\"{name}\"/>"),
            (false, false) => writeln!(
                text,
                "  <testcase name=\"{name}\"><system-out>\n{body}</system-out></testcase>"
            ),
        };
    }
    text.push_str("</testsuite>\n");
    text
}

fn escape(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            // XML 1.0 has no other control characters, not even escaped.
            control if control.is_control() && !matches!(control, '\n' | '\t') => " ".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
