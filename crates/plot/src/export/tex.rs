//! A standalone PGFPlots document that reads the CSV from its own folder.

use std::fmt::Write as _;

use super::bar_column;
use crate::{
    data::{Axis, BarFigure, Content, Figure, HeatFigure, Layout, Marks, PointFigure, Provenance},
    paint::provenance_lines,
    style::{Colour, Column, Marker, Style, colour},
    words::title,
};

/// The document, at the width of a page's column.
#[must_use]
pub fn tex(figure: &Figure, style: Style, width: Column, provenance: &Provenance) -> String {
    let mut text = String::new();
    for line in
        std::iter::once(figure.caption.replace('\n', " ")).chain(provenance_lines(provenance))
    {
        let _ = writeln!(text, "% {line}");
    }
    text.push_str(
        "\\documentclass{standalone}\n\\usepackage[T1]{fontenc}\n\\usepackage[utf8]{inputenc}\n\
         \\usepackage{pgfplots}\n\\usetikzlibrary{patterns}\n\\pgfplotsset{compat=1.16}\n\
         \\begin{document}\n\\begin{tikzpicture}\n",
    );
    // `scale only axis` leaves room of about a fifth for numbers and titles.
    let size = format!("width={:.0}pt, height=140pt", style.width(width));
    let id = &figure.id;
    match &figure.content {
        Content::Bars(bars) => write_bars(&mut text, id, bars, &size, style.width(width)),
        Content::Points(points) => write_points(&mut text, id, points, &size),
        Content::Heat(heat) => write_heat(&mut text, id, heat, &size),
    }
    text.push_str("\\end{axis}\n\\end{tikzpicture}\n\\end{document}\n");
    text
}

const FONT: &str = "font=\\fontsize{8}{9}\\selectfont, legend style={draw=none, \
                    at={(0.5,1.02)}, anchor=south, legend columns=3}, tick align=inside";

fn rgb(series: usize, of: usize) -> String {
    let colour = colour(series, of);
    format!("{{rgb,255:red,{};green,{};blue,{}}}", colour.0, colour.1, colour.2)
}

fn write_bars(text: &mut String, id: &str, bars: &BarFigure, size: &str, page: f64) {
    // Two thirds of what a category has of the page, which titles and numbers share.
    let room = 0.55 * page / bars.categories.len().max(1) as f64;
    let kind = match bars.layout {
        Layout::Stacked => format!("ybar stacked, bar width={room:.1}pt"),
        Layout::Grouped => {
            format!("ybar=0pt, bar width={:.1}pt", room / bars.series.len().max(1) as f64)
        }
    };
    let labels: Vec<String> =
        bars.categories.iter().map(|category| format!("{{{}}}", escape(category))).collect();
    let last = bars.categories.len().saturating_sub(1);
    let _ = writeln!(
        text,
        "\\begin{{axis}}[{kind}, {size}, ymin=0, ylabel={{{}}},\n  xtick={{0,...,{last}}}, \
         xticklabels={{{}}},\n  x tick label style={{rotate=45, anchor=east}}, \
         enlarge x limits={{abs=0.6}}, {FONT}]",
        escape(&bars.axis),
        labels.join(","),
    );
    // Patterns that survive greyscale; the first series is plain.
    let patterns = [
        "",
        "north east lines",
        "north west lines",
        "horizontal lines",
        "vertical lines",
        "crosshatch",
        "grid",
        "dots",
    ];
    for (index, series) in bars.series.iter().enumerate() {
        let own = rgb(index, bars.series.len());
        let pattern = patterns[(index + 3 * (index / patterns.len())) % patterns.len()];
        let hatch = if pattern.is_empty() {
            String::new()
        } else {
            // The pattern is laid over the filling.
            let Colour(red, green, blue) = colour(index, bars.series.len()).hatch();
            format!(
                ", postaction={{pattern={pattern}, pattern color={{rgb,255:red,{red};green,{green};blue,{blue}}}}}"
            )
        };
        let _ = writeln!(
            text,
            "\\addplot+[draw=none, fill={own}{hatch}] table [x expr=\\coordindex, y={}, \
             col sep=comma, comment chars={{\\#}}] {{{id}.csv}};\n\\addlegendentry{{{}}}",
            bar_column(&series.name, &bars.unit),
            escape(&series.name)
        );
    }
}

fn write_points(text: &mut String, id: &str, points: &PointFigure, size: &str) {
    let mode = |axis: &Axis, letter: char| {
        let scale = if axis.log { format!(", {letter}mode=log") } else { String::new() };
        let low = if axis.from_zero { format!(", {letter}min=0") } else { String::new() };
        format!("{letter}label={{{}}}{scale}{low}", escape(&axis.label))
    };
    let _ = writeln!(
        text,
        "\\begin{{axis}}[{size}, {}, {}, {FONT}]",
        mode(&points.x, 'x'),
        mode(&points.y, 'y')
    );
    let count = points.series.iter().filter(|series| series.marks != Marks::Reference).count();
    let mut next = 0;
    for (index, series) in points.series.iter().enumerate() {
        let look = if series.marks == Marks::Reference {
            "gray, dashed, no marks".to_owned()
        } else {
            let own = rgb(next, count);
            let marker = Marker::of(next).pgf();
            next += 1;
            let dash = ["solid", "dashed", "dotted", "dashdotted"][(next - 1) % 4];
            match series.marks {
                Marks::Line => format!("color={own}, {dash}, no marks"),
                Marks::Markers => {
                    format!("color={own}, only marks, mark={marker}, mark size=1.6pt")
                }
                _ => format!("color={own}, {dash}, mark={marker}, mark size=1.6pt"),
            }
        };
        let (x, y) = (&points.x.column, &points.y.column);
        let (mut look, mut columns) = (look, format!("x={x}, y={y}"));
        if series.points.iter().any(|point| point.spread.is_some()) {
            look += ", error bars/.cd, y dir=both, y explicit";
            // Of points without a spread both ends are the point.
            let _ = write!(
                columns,
                ",\n  y error plus expr=\\thisrow{{{y}_high}}-\\thisrow{{{y}}}, \
                 y error minus expr=\\thisrow{{{y}}}-\\thisrow{{{y}_low}}"
            );
        }
        if series.points.iter().any(|point| !point.label.is_empty()) {
            // Labels are words, not TeX.
            look = format!(
                "nodes near coords={{\\expandafter\\detokenize\\expandafter{{\\pgfplotspointmeta}}}}, \
                 point meta=explicit symbolic,\n  \
                 every node near coord/.append style={{anchor=south west, inner sep=1pt, font=\\fontsize{{7}}{{8}}\\selectfont}}, {look}"
            );
            columns += ", meta=label";
        }
        // One table holds all series: the rows of the others are left out.
        let _ = writeln!(
            text,
            "\\addplot[{look}] table [{columns}, col sep=comma, comment chars={{\\#}},\n  \
             restrict expr to domain={{\\thisrow{{series_index}}}}{{{index}:{index}}}] \
             {{{id}.csv}};\n\\addlegendentry{{{}}}",
            escape(&series.name)
        );
    }
}

fn write_heat(text: &mut String, id: &str, heat: &HeatFigure, size: &str) {
    let names = |names: &[String]| -> String {
        names.iter().map(|name| format!("{{{}}}", escape(name))).collect::<Vec<_>>().join(",")
    };
    let _ = writeln!(
        text,
        "\\begin{{axis}}[{size}, view={{0}}{{90}}, y dir=reverse, enlargelimits={{abs=0.5}}, \
         colorbar, colormap={{dark}}{{color=(yellow!15) color=(orange) color=(brown!60!black)}},\n  \
         xlabel={{{}}}, ylabel={{{}}}, colorbar style={{ylabel={{{}}}}},\n  \
         xtick={{0,...,{}}}, xticklabels={{{}}}, ytick={{0,...,{}}}, yticklabels={{{}}},\n  \
         x tick label style={{rotate=45, anchor=east}}, {FONT}]\n\
         \\addplot[matrix plot*, mesh/cols={}, point meta=explicit] table [x=column_index, \
         y=row_index, meta={}, col sep=comma, comment chars={{\\#}}] {{{id}.csv}};",
        escape(&title(&heat.x)),
        escape(&title(&heat.y)),
        escape(&title(&heat.value)),
        heat.columns.len().saturating_sub(1),
        names(&heat.columns),
        heat.rows.len().saturating_sub(1),
        names(&heat.rows),
        heat.columns.len(),
        super::column(&heat.value),
    );
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
            '^' => escaped.push_str("\\textasciicircum{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            'µ' => escaped.push_str("\\ensuremath{\\mu}"),
            '×' => escaped.push_str("\\ensuremath{\\times}"),
            '−' => escaped.push_str("\\ensuremath{-}"),
            '±' => escaped.push_str("\\ensuremath{\\pm}"),
            'Δ' => escaped.push_str("\\ensuremath{\\Delta}"),
            '≤' => escaped.push_str("\\ensuremath{\\le}"),
            '≥' => escaped.push_str("\\ensuremath{\\ge}"),
            other => escaped.push(other),
        }
    }
    escaped
}
