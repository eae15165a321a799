//! `signloop reproduce`.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    common::emit,
    plot::{Page, read},
};
use crate::{
    Result,
    plot::{self, Provenance, TOOL},
    report::write_atomically,
    reproduce::{Context, Given, document, entries, run, summary},
};

/// Arguments of `signloop reproduce`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave out what takes minutes (fewer seeds and sizes).
    #[arg(long)]
    quick: bool,
    /// Only these entries, comma-separated; `--only list` names them.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Accuracies of trained runs: CSV with series, effectual_params, top1_percent, label.
    #[arg(long)]
    runs: Option<PathBuf>,
    /// Measured times: JSON of `signloop measure --format json`.
    #[arg(long)]
    measured: Option<PathBuf>,
    #[command(flatten)]
    page: Page,
    /// Folder for the figures.
    #[arg(long, default_value = "plots")]
    out: PathBuf,
    /// The page to write; `reproduction.md` in the figures' folder by default.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

/// Runs the entries, then writes figures and page, then prints the verdicts.
pub(super) fn run_command(arguments: &Args) -> Result<()> {
    if arguments.only == ["list"] {
        let all = entries(&[])?;
        let lines: String =
            all.iter().map(|entry| format!("{:<22} {}\n", entry.id, entry.title)).collect();
        return emit(&lines, None);
    }
    let chosen = entries(&arguments.only)?;
    let given =
        Given { runs: one(arguments.runs.as_ref())?, measured: one(arguments.measured.as_ref())? };
    let context = Context::new(arguments.quick, given)?;
    let bar = ProgressBar::new(chosen.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_bar} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let finished = run(&chosen, &context, &|entry| {
        bar.set_message(entry.id);
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    let inputs: Vec<(String, String)> = [&context.given.runs, &context.given.measured]
        .into_iter()
        .flatten()
        .map(|input| (base(&input.path), plot::hash(&input.bytes)))
        .collect();
    let mut files = Vec::new();
    for finished in &finished {
        for figure in &finished.outcome.figures {
            let provenance = Provenance {
                tool: TOOL.to_owned(),
                inputs: inputs.clone(),
                command: command(arguments, &[finished.entry.id.to_owned()]),
            };
            let (style, column) = (arguments.page.style(), arguments.page.column());
            files.extend(plot::files(figure, style, column, &provenance)?);
        }
    }
    let path = arguments.document.clone().unwrap_or_else(|| arguments.out.join("reproduction.md"));
    let figures = match &arguments.document {
        // From `docs/page.md` to `plots`.
        Some(page) => {
            let up = page.parent().map_or(0, |folder| folder.components().count());
            format!("{}{}", "../".repeat(up), arguments.out.display())
        }
        None => ".".to_owned(),
    };
    let page = document(&finished, &command(arguments, &arguments.only), &figures);
    plot::write_all(&arguments.out, &files)?;
    write_atomically(&path, page.as_bytes())?;
    emit(&summary(&finished), None)
}

fn one(path: Option<&PathBuf>) -> Result<Option<plot::Input>> {
    match path {
        Some(path) => Ok(read(std::slice::from_ref(path))?.pop()),
        None => Ok(None),
    }
}

fn base(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The command without folders: the same findings from another folder are the same.
fn command(arguments: &Args, only: &[String]) -> String {
    let mut command = "signloop reproduce".to_owned();
    if arguments.quick {
        command += " --quick";
    }
    if !only.is_empty() {
        command += &format!(" --only {}", only.join(","));
    }
    for (flag, path) in [("runs", &arguments.runs), ("measured", &arguments.measured)] {
        if let Some(path) = path {
            command += &format!(" --{flag} {}", base(path));
        }
    }
    command
}
