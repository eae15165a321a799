//! The numbers of a figure as CSV, and a PGFPlots file that reads it.

use std::fmt::Write as _;

use super::data::{BarFigure, Layout, Provenance};

/// Provenance as comment lines, then one row a category.
#[must_use]
pub fn csv(figure: &BarFigure, provenance: &Provenance) -> String {
    let mut text = String::new();
    for line in provenance_lines(provenance) {
        let _ = writeln!(text, "# {line}");
    }
    text.push_str("category");
    for series in &figure.series {
        let _ = write!(text, ",{}_{}", column(&series.name), figure.unit);
    }
    text.push('\n');
    for (index, category) in figure.categories.iter().enumerate() {
        text.push_str(&category.replace([',', '"', '\n'], " "));
        for series in &figure.series {
            let _ = write!(text, ",{}", series.values[index]);
        }
        text.push('\n');
    }
    text
}

/// A standalone PGFPlots document that reads `ID.csv` from its own folder.
#[must_use]
pub fn tex(figure: &BarFigure, provenance: &Provenance) -> String {
    let mut text = String::new();
    for line in provenance_lines(provenance) {
        let _ = writeln!(text, "% {line}");
    }
    let kind = match figure.layout {
        Layout::Stacked => "ybar stacked",
        Layout::Grouped => "ybar",
    };
    let labels: Vec<String> =
        figure.categories.iter().map(|category| format!("{{{}}}", escape(category))).collect();
    let _ = write!(
        text,
        "\\documentclass{{standalone}}\n\\usepackage{{pgfplots}}\n\\usepgfplotslibrary{{patterns}}\n\
         \\pgfplotsset{{compat=1.16}}\n\\begin{{document}}\n\\begin{{tikzpicture}}\n\
         \\begin{{axis}}[{kind}, ymin=0, ylabel={{{}}}, width=\\linewidth, height=5cm,\n  \
         xtick={{0,...,{}}}, xticklabels={{{}}},\n  x tick label style={{rotate=60, anchor=east}}, \
         legend style={{draw=none, font=\\scriptsize}}]\n",
        escape(figure.axis),
        figure.categories.len() - 1,
        labels.join(","),
    );
    for series in &figure.series {
        let _ = writeln!(
            text,
            "\\addplot table [x expr=\\coordindex, y={}_{}, col sep=comma, comment chars={{\\#}}] {{{}.csv}};\n\\addlegendentry{{{}}}",
            column(&series.name),
            figure.unit,
            figure.id,
            escape(&series.name)
        );
    }
    text.push_str("\\end{axis}\n\\end{tikzpicture}\n\\end{document}\n");
    text
}

/// Provenance, one fact a line; also put into the SVG's metadata.
pub(super) fn provenance_lines(provenance: &Provenance) -> Vec<String> {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut lines = vec![format!("made by {}", provenance.tool), one_line(&provenance.command)];
    for (file, hash) in &provenance.inputs {
        lines.push(one_line(&format!("input {file} xxh3-128 {hash}")));
    }
    lines
}

/// A name as a column: letters, digits and underscores.
fn column(name: &str) -> String {
    name.chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '_' })
        .collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\\' => escaped.push_str("\\textbackslash{}"),
            'µ' => escaped.push_str("\\ensuremath{\\mu}"),
            other => escaped.push(other),
        }
    }
    escaped
}
