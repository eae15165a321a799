//! `signloop plot`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::common::emit;
use crate::{
    Error, Result,
    config::read_text,
    diagnostics::{Problem, SourceFile},
    plot::{self, Column, FIGURES, Provenance, Style, csv, svg, tex},
    report::write_atomically,
};

/// Arguments of `signloop plot`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Figure, or `all`; `signloop plot list` names them.
    figure: String,
    /// Report of `signloop simulate --format json`.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Width: one column of a page, or both.
    #[arg(long, value_enum, default_value_t = Width::Double)]
    column: Width,
    /// Whose page it is for.
    #[arg(long, value_enum, default_value_t = Page::Ieee)]
    style: Page,
    /// Folder for the `.svg`, `.csv` and `.tex` files.
    #[arg(long, default_value = "plots")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Width {
    Single,
    Double,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Page {
    Ieee,
    Acm,
    Nature,
}

/// Draws and writes; every file is made before the first is written.
pub(super) fn run(arguments: &Args) -> Result<()> {
    if arguments.figure == "list" {
        let lines: String =
            FIGURES.iter().map(|(name, about, _)| format!("{name:<12} {about}\n")).collect();
        return emit(&lines, None);
    }
    let Some(path) = &arguments.from else {
        return Err(Problem::new("a figure needs a report")
            .hint("give --from FILE, made by `signloop simulate --format json --out FILE`")
            .into());
    };
    let content = read_text(path)?;
    let file = SourceFile::new(path.display().to_string(), content);
    let report: serde_json::Value = serde_json::from_str(file.text()).map_err(|error| {
        Problem::new(format!("the report is not JSON: {error}")).in_file(file.name())
    })?;
    let names: Vec<&str> = match arguments.figure.as_str() {
        "all" => FIGURES.iter().map(|(name, _, _)| *name).collect(),
        name => vec![name],
    };
    let style = match arguments.style {
        Page::Ieee => Style::Ieee,
        Page::Acm => Style::Acm,
        Page::Nature => Style::Nature,
    };
    let column = match arguments.column {
        Width::Single => Column::Single,
        Width::Double => Column::Double,
    };
    let hash = xxhash_rust::xxh3::xxh3_128(file.text().as_bytes());
    // The file's name without its folder: the same figure from another folder is the same.
    let base = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut files = Vec::new();
    for name in names {
        let figure = plot::figure(name, &report, file.name())?;
        let provenance = Provenance {
            tool: concat!("signloop ", env!("CARGO_PKG_VERSION")).to_owned(),
            inputs: vec![(base.clone(), format!("{hash:032x}"))],
            command: format!("signloop plot {name} --from {base}"),
        };
        files.push((format!("{name}.svg"), svg(&figure, style, column, &provenance)?));
        files.push((format!("{name}.csv"), csv(&figure, &provenance)));
        files.push((format!("{name}.tex"), tex(&figure, &provenance)));
    }
    std::fs::create_dir_all(&arguments.out)
        .map_err(|error| Error::io("create", &arguments.out, error))?;
    let mut listing = String::new();
    for (name, content) in files {
        let path = arguments.out.join(name);
        write_atomically(&path, content.as_bytes())?;
        listing.push_str(&format!("{}\n", path.display()));
    }
    emit(&listing, None)
}
