//! The numbers of a figure as CSV.

use std::fmt::Write as _;

use super::{bar_column, column};
use crate::{
    data::{Content, Figure, Provenance},
    paint::provenance_lines,
};
use signloop_base::text::csv_field;

/// Caption and provenance as comment lines, then a table: bars have one row a category; points
/// one row a point with its series; a grid one row a cell.
#[must_use]
pub fn csv(figure: &Figure, provenance: &Provenance) -> String {
    let mut text = String::new();
    for line in
        std::iter::once(figure.caption.replace('\n', " ")).chain(provenance_lines(provenance))
    {
        let _ = writeln!(text, "# {line}");
    }
    match &figure.content {
        Content::Bars(bars) => {
            text.push_str("category");
            for series in &bars.series {
                let _ = write!(text, ",{}", bar_column(&series.name, &bars.unit));
            }
            text.push('\n');
            for (index, category) in bars.categories.iter().enumerate() {
                text.push_str(&field(category));
                for series in &bars.series {
                    let _ = write!(text, ",{}", series.values[index]);
                }
                text.push('\n');
            }
        }
        Content::Points(points) => {
            let (x, y) = (&points.x.column, &points.y.column);
            let _ = writeln!(text, "series_index,series,{x},{y},{y}_low,{y}_high,label");
            for (index, series) in points.series.iter().enumerate() {
                for point in &series.points {
                    let (low, high) = point.spread.unwrap_or((point.y, point.y));
                    let name = field(&series.name);
                    let label = field(&point.label);
                    let _ = writeln!(
                        text,
                        "{index},{name},{},{},{low},{high},{label}",
                        point.x, point.y
                    );
                }
            }
        }
        Content::Heat(heat) => {
            let names = [&heat.x, &heat.y, &heat.value].map(|name| column(name));
            let _ = writeln!(text, "column_index,row_index,{}", names.join(","));
            for (index, value) in heat.values.iter().enumerate() {
                let (row, place) = (index / heat.columns.len(), index % heat.columns.len());
                let value = value.map_or_else(|| "nan".to_owned(), |value| value.to_string());
                let (x, y) = (field(&heat.columns[place]), field(&heat.rows[row]));
                let _ = writeln!(text, "{place},{row},{x},{y},{value}");
            }
        }
    }
    text
}

/// A word without what would end it, and that no spreadsheet computes; PGFPlots does not read quotes.
fn field(text: &str) -> String {
    csv_field(&text.replace([',', '"', '\n', '\r'], " "))
}
