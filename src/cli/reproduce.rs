//! `signloop reproduce`.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    common::{emit, not_stdout},
    plot::{Page, read},
};
use crate::{
    report::{figure, json},
    study::reproduce::{Context, Given, Work, document, entries, measure, run, summary},
};
use signloop_base::{Result, files::write_together};
use signloop_plot::{self as plot, Provenance, TOOL};

/// File of the times that a full run measures.
const MEASURED: &str = "measured.json";

/// Arguments of `signloop reproduce`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave out what takes minutes: fewer seeds, sizes and mappings, and no measuring.
    #[arg(long)]
    quick: bool,
    /// Only these entries, comma-separated; `--only list` names them.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Accuracies of trained runs, comma-separated: folders of `signloop train`, or one CSV with
    /// series, effectual_params, top1_percent, label.
    #[arg(long, value_delimiter = ',')]
    runs: Vec<PathBuf>,
    /// Measured times: JSON of `signloop measure --format json`. Without it, and without --quick,
    /// this machine is measured, and `measured.json` is put beside the figures.
    #[arg(long)]
    measured: Option<PathBuf>,
    /// Folder with the files of Fashion-MNIST: four small trainings on it, too.
    #[arg(long, value_name = "DIR")]
    fashion_mnist: Option<PathBuf>,
    #[command(flatten)]
    page: Page,
    /// Folder for the figures.
    #[arg(long, default_value = "plots")]
    out: PathBuf,
    /// Folder that keeps each training by epoch: the same command goes on where an interrupted
    /// run stopped. Without it trainings begin anew.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
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
    not_stdout(&arguments.out, "figures and a page")?;
    let chosen = entries(&arguments.only)?;
    let mut files = Vec::new();
    let mut measured = one(arguments.measured.as_ref())?;
    if measured.is_none() && !arguments.quick && chosen.iter().any(|entry| entry.measures) {
        let bytes = measure_here()?.into_bytes();
        files.push((MEASURED.to_owned(), bytes.clone()));
        measured = Some(figure::Input { path: arguments.out.join(MEASURED), bytes });
    }
    let given = Given {
        runs: read(&arguments.runs)?,
        measured,
        fashion_mnist: arguments.fashion_mnist.clone(),
    };
    let bar = ProgressBar::new(chosen.len() as u64);
    let (counted, trained) = (bar.clone(), AtomicUsize::new(0));
    let work = Work::new(arguments.work.clone(), move |name| {
        let count = trained.fetch_add(1, Ordering::Relaxed) + 1;
        counted.set_message(format!("{count} trainings, last {name}"));
    });
    let context = Context::new(arguments.quick, given, work)?;
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_bar} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let finished = run(&chosen, &context, &|entry| {
        bar.set_message(entry.id);
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    let inputs: Vec<(String, String)> = context
        .given
        .runs
        .iter()
        .chain(&context.given.measured)
        .map(|input| (base(&input.path), plot::hash(&input.bytes)))
        .collect();
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
    let mut files: Vec<(PathBuf, Vec<u8>)> =
        files.into_iter().map(|(name, bytes)| (arguments.out.join(name), bytes)).collect();
    files.push((path, page.into_bytes()));
    write_together(Some(&arguments.out), &files)?;
    emit(&summary(&finished), None)
}

/// Times of this machine's kernels, as `signloop measure` writes them.
fn measure_here() -> Result<String> {
    let progress = ProgressBar::new_spinner();
    let measured = measure(|layer| {
        progress.set_message(format!("measuring {layer}"));
        progress.tick();
    })?;
    progress.finish_and_clear();
    json(&measured)
}

fn one(path: Option<&PathBuf>) -> Result<Option<figure::Input>> {
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
    let runs: Vec<String> = arguments.runs.iter().map(|path| base(path)).collect();
    if !runs.is_empty() {
        command += &format!(" --runs {}", runs.join(","));
    }
    let given = [("measured", &arguments.measured), ("fashion-mnist", &arguments.fashion_mnist)];
    for (flag, path) in given {
        if let Some(path) = path {
            command += &format!(" --{flag} {}", base(path));
        }
    }
    command
}
