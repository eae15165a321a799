//! Reports and tables into figures.

use std::path::{Path, PathBuf};

use signloop::{
    machine as arch,
    plot::{Column, Figure, Provenance, Style, csv, draw, svg, tex},
    report::figure::{Choice, FIGURES, Input, Kind},
};

use super::accepted;

/// A report gives figures, or is refused.
pub fn report(data: &[u8]) {
    let input = Input { path: PathBuf::from("fuzz.json"), bytes: data.to_vec() };
    let choice = Choice {
        arch: Some(arch::load(Path::new("epyc-7452")).expect("a shipped machine")),
        ..Choice::default()
    };
    let from_json = |name| ["roofline", "patterns"].contains(&name);
    for recipe in FIGURES.iter().filter(|one| one.kind == Kind::Report || from_json(one.name)) {
        if let Some(figure) = accepted(recipe.figure(std::slice::from_ref(&input), &choice)) {
            drawn(&figure);
        }
    }
}

/// A table in CSV; the first byte says which figure is made of it.
pub fn table(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else { return };
    let kinds = ["tradeoff", "accuracy", "crosscheck", "pareto", "heat"];
    let name = kinds[usize::from(*which) % kinds.len()];
    let recipe = FIGURES.iter().find(|recipe| recipe.name == name).expect("a figure");
    let input = Input { path: PathBuf::from("fuzz.csv"), bytes: bytes.to_vec() };
    let columns = ["x", "y", "value"].map(str::to_owned);
    let choice = Choice { columns: Some(columns), ..Choice::default() };
    if let Some(figure) = accepted(recipe.figure(&[input], &choice)) {
        drawn(&figure);
    }
}

fn drawn(figure: &Figure) {
    let provenance = Provenance {
        tool: "fuzz".to_owned(),
        inputs: vec![("fuzz".to_owned(), "0".to_owned())],
        command: "fuzz".to_owned(),
    };
    let Some(scene) = accepted(draw(figure, Style::Acm, Column::Single)) else { return };
    let text = svg(&scene, &figure.caption, &provenance);
    assert!(text.contains("</svg>") && !text.contains("NaN") && !text.contains("\"inf"));
    assert!(!csv(figure, &provenance).is_empty());
    assert!(!tex(figure, Style::Acm, Column::Single, &provenance).is_empty());
}
