//! `signloop check`.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    common::{apart, emit, keep, not_stdout},
    selection::{Selection, warn_of_damage},
};
use crate::study::{
    check::{Baseline, Run, Tolerances, Verdict, compare, junit},
    simulate,
};
use signloop_base::{Result, diagnostics::Problem, files::write_atomically};
use signloop_method::SEARCH_ITERATIONS_PER_SECOND;

/// Arguments of `signloop check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Baseline to hold the run against; what to simulate is read from it.
    #[arg(long, conflicts_with_all = ["scheme", "method", "weights", "seed", "effort"])]
    baseline: Option<PathBuf>,
    /// File to save this run's numbers in.
    #[arg(long)]
    save_baseline: Option<PathBuf>,
    /// Machine: a TOML file or a shipped name. Replaces the baseline's.
    #[arg(long)]
    arch: Option<PathBuf>,
    /// Network: a TOML file or a shipped name. Replaces the baseline's.
    #[arg(long)]
    workload: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// Tolerance of op counts, in percent, saved with a new baseline.
    #[arg(long, default_value_t = 0.0)]
    tolerance_ops_percent: f64,
    /// Tolerance of bytes, in percent, saved with a new baseline.
    #[arg(long, default_value_t = 0.0)]
    tolerance_bytes_percent: f64,
    /// Tolerance of modelled energy and cycles, in percent, saved with a new baseline.
    #[arg(long, default_value_t = 1e-4)]
    tolerance_model_percent: f64,
    /// File to write the outcome in as JUnit XML.
    #[arg(long)]
    junit: Option<PathBuf>,
}

/// Simulates, compares, saves. Exit code 1 on a regression.
pub(super) fn run(arguments: &Args) -> Result<ExitCode> {
    let given = [&arguments.arch, &arguments.workload, &arguments.selection.weights];
    let read = || given.into_iter().flatten().map(PathBuf::as_path);
    let written = arguments.save_baseline.as_deref();
    keep(written, read().chain(arguments.baseline.as_deref()))?;
    keep(arguments.junit.as_deref(), [])?;
    apart(arguments.junit.as_deref(), written)?;
    for out in [written, arguments.junit.as_deref()].into_iter().flatten() {
        not_stdout(out, "a baseline or an outcome beside the comparison")?;
    }
    let baseline = arguments.baseline.as_deref().map(Baseline::read).transpose()?;
    if baseline.is_none() && arguments.save_baseline.is_none() {
        return Err(Problem::new("nothing to check")
            .hint("give --baseline FILE to compare, or --save-baseline FILE to begin one")
            .into());
    }
    // Not left to the parser: it drops a requirement that another option conflicts with.
    if baseline.is_none() && arguments.junit.is_some() {
        return Err(
            Problem::new("`--junit` needs `--baseline`: there is no outcome without it").into()
        );
    }
    let now = measure(arguments, baseline.as_ref())?;
    if let Some(path) = &arguments.save_baseline {
        now.write(path)?;
    }
    let Some(baseline) = baseline else {
        let entries = now.entries.len();
        emit(&format!("saved {entries} entries\n"), None)?;
        return Ok(ExitCode::SUCCESS);
    };
    let comparisons = compare(&baseline, &now);
    if let Some(path) = &arguments.junit {
        write_atomically(path, junit(&comparisons).as_bytes())?;
    }
    let mut text = String::new();
    let count = |verdict: &Verdict| {
        comparisons.iter().filter(|comparison| comparison.verdict == *verdict).count()
    };
    for comparison in comparisons.iter().filter(|comparison| comparison.verdict != Verdict::Same) {
        let word = match comparison.verdict {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Missing => "missing",
            Verdict::New => "new",
            Verdict::Same => "same",
        };
        let _ = write!(text, "{word}: {}\n{}", comparison.name, comparison.describe());
    }
    let _ = writeln!(
        text,
        "{} same, {} better, {} worse, {} missing, {} new",
        count(&Verdict::Same),
        count(&Verdict::Better),
        count(&Verdict::Worse),
        count(&Verdict::Missing),
        count(&Verdict::New)
    );
    emit(&text, None)?;
    let failed = comparisons.iter().any(crate::study::check::Comparison::fails);
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Simulates what the baseline or the arguments say.
fn measure(arguments: &Args, baseline: Option<&Baseline>) -> Result<Baseline> {
    let saved = baseline.map(|baseline| &baseline.run);
    let path = |given: &Option<PathBuf>, saved: Option<&String>, name: &str| {
        given.clone().or_else(|| saved.map(PathBuf::from)).ok_or_else(|| {
            signloop_base::Error::from(Problem::new(format!(
                "--{name} is needed to begin a baseline"
            )))
        })
    };
    let arch = path(&arguments.arch, saved.map(|run| &run.arch), "arch")?;
    let workload = path(&arguments.workload, saved.map(|run| &run.workload), "workload")?;
    let selection = match saved {
        None => arguments.selection.clone(),
        Some(run) => Selection {
            scheme: run.schemes.clone(),
            method: run.methods.clone(),
            weights: run.weights.as_ref().map(PathBuf::from),
            seed: run.seed,
            effort: run.search_iterations as f64 / SEARCH_ITERATIONS_PER_SECOND,
            no_cache: arguments.selection.no_cache,
        },
    };
    let resolved = selection.resolve(&arch, &workload)?;
    let report = simulate(&resolved.request())?;
    warn_of_damage(resolved.damaged());
    let text = |path: &Path| path.display().to_string();
    let run = Run {
        arch: text(&arch),
        workload: text(&workload),
        weights: selection.weights.as_deref().map(text),
        // Written out in full, so that a new method or scheme does not change what is checked.
        schemes: resolved.schemes.iter().map(|scheme| scheme.name().to_owned()).collect(),
        methods: resolved.methods.iter().map(|method| method.name().to_owned()).collect(),
        seed: selection.seed,
        search_iterations: resolved.options.search_iterations,
    };
    Ok(Baseline::of(&report, run, tolerances(arguments, baseline)?))
}

fn tolerances(arguments: &Args, baseline: Option<&Baseline>) -> Result<Tolerances> {
    if let Some(baseline) = baseline {
        return Ok(baseline.tolerances);
    }
    let fraction = |percent: f64, name: &str| {
        if percent.is_finite() && percent >= 0.0 {
            Ok(percent / 100.0)
        } else {
            let message = format!("--tolerance-{name}-percent must be 0 or more, got {percent}");
            Err(signloop_base::Error::from(Problem::new(message)))
        }
    };
    let model = fraction(arguments.tolerance_model_percent, "model")?;
    Ok(Tolerances {
        ops: fraction(arguments.tolerance_ops_percent, "ops")?,
        bytes: fraction(arguments.tolerance_bytes_percent, "bytes")?,
        energy: model,
        cycles: model,
    })
}
