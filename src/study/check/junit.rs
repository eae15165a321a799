//! JUnit XML, as continuous-integration servers read it: one test case an entry.

use std::fmt::Write as _;

use super::compare::Comparison;
use signloop_base::text::harmless;

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
    harmless(text.to_owned())
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::check::{Change, Verdict};

    /// Every verdict, under a name that holds all of Unicode's troublemakers.
    #[test]
    fn an_xml_parser_reads_what_was_meant() {
        let name = "a<b> & \"c\" 'd' ]]> \u{0}\u{1b}\u{85}\u{fffe}\u{ffff} größe\u{1f600}";
        let verdicts =
            [Verdict::Same, Verdict::Better, Verdict::Worse, Verdict::Missing, Verdict::New];
        let comparisons = verdicts.map(|verdict| Comparison {
            name: format!("{name} {verdict:?}"),
            changes: match verdict {
                Verdict::Better | Verdict::Worse => {
                    vec![Change { field: "adds<&", before: 2.0, after: 3.0 }]
                }
                _ => Vec::new(),
            },
            verdict,
        });
        let text = junit(&comparisons);
        let document = roxmltree::Document::parse(&text).expect("well-formed XML");
        let suite = document.root_element();
        assert_eq!(suite.tag_name().name(), "testsuite");
        assert_eq!((suite.attribute("tests"), suite.attribute("failures")), (Some("5"), Some("2")));
        let cases: Vec<_> = suite.children().filter(roxmltree::Node::is_element).collect();
        let found: Vec<&str> = cases
            .iter()
            .map(|case| case.first_element_child().map_or("", |c| c.tag_name().name()))
            .collect();
        assert_eq!(found, ["", "system-out", "failure", "failure", "system-out"]);
        for (case, verdict) in cases.iter().zip(["Same", "Better", "Worse", "Missing", "New"]) {
            let expected = format!("a<b> & \"c\" 'd' ]]>       größe\u{1f600} {verdict}");
            assert_eq!(case.attribute("name"), Some(expected.as_str()));
        }
        let told = cases[2].first_element_child().and_then(|failure| failure.text());
        assert!(told.expect("a text").contains("adds<&"), "{told:?}");
    }
}
