//! `signloop sweep`.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    common::{emit, is_stdout, keep},
    selection::warn_of_damage,
};
use crate::study::{
    selection::plan_cache,
    sweep::{Event, Journal, Shard, Spec, Sweep, run, stream},
};
use signloop_base::Result;

/// Arguments of `signloop sweep`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to sweep: a TOML file; see docs/sweep.md.
    file: PathBuf,
    /// File to write the rows to, as CSV, or as Parquet where its name ends so. A run that was killed goes on where it stopped.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only part i of n of the points; `signloop merge` joins the parts.
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    shard: Shard,
    /// Throw away what an unfinished run left.
    #[arg(long, requires = "out")]
    restart: bool,
    /// Plan anew, and keep no plans on disk.
    #[arg(long)]
    no_cache: bool,
    /// Check everything and print the number of points, without running.
    #[arg(long)]
    dry_run: bool,
}

/// Sweeps. Rows go to a file or to standard output, progress to standard error.
pub(super) fn run_sweep(arguments: &Args) -> Result<()> {
    let out = arguments.out.as_deref().filter(|out| !is_stdout(out));
    keep(out, [arguments.file.as_path()])?;
    let sweep =
        Sweep::open(Spec::load(&arguments.file)?)?.with_cache(plan_cache(!arguments.no_cache)?);
    let grid = &sweep.grid;
    let points = arguments.shard.points(grid.points());
    if arguments.dry_run {
        let text = format!(
            "{} points: {} networks x {} plan options x {} schemes x {} methods x {} machines\n\
             shard {}: points {} to {}\n",
            grid.points(),
            grid.workload_variants,
            grid.plan_variants,
            grid.schemes,
            grid.methods,
            grid.arch_variants,
            arguments.shard,
            points.start,
            points.end,
        );
        return emit(&text, None);
    }
    let progress = Progress::new(points.end - points.start);
    let event = |event| {
        progress.note(event);
        Ok(())
    };
    let outcome = match out {
        Some(out) => {
            if arguments.restart {
                Journal::discard(out)?;
            }
            run(&sweep, arguments.shard, out, &event)?
        }
        None => stream(&sweep, arguments.shard, &mut std::io::stdout().lock(), &event)?,
    };
    progress.bar.finish_and_clear();
    warn_of_damage(sweep.damaged());
    if let Some(out) = out {
        emit(
            &format!(
                "{}: {} points, {} of them from an earlier run\n",
                out.display(),
                outcome.points,
                outcome.resumed
            ),
            None,
        )?;
    }
    Ok(())
}

/// A bar on standard error; nothing where that is no terminal.
struct Progress {
    bar: ProgressBar,
    planned: AtomicU64,
}

impl Progress {
    fn new(points: u64) -> Self {
        let bar = ProgressBar::new(points);
        let template = "{msg} {wide_bar} {human_pos}/{human_len} points, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, planned: AtomicU64::new(0) }
    }

    fn note(&self, event: Event) {
        match event {
            Event::Begun { done, all } => {
                self.bar.set_length(all);
                self.bar.set_position(done);
                // The rate is of this run, not of what an earlier one left.
                self.bar.reset_eta();
            }
            Event::Planned(count) => {
                let planned = self.planned.fetch_add(count, Ordering::Relaxed) + count;
                self.bar.set_message(format!("{planned} programs"));
                self.bar.tick();
            }
            Event::Written(points) => self.bar.inc(points),
        }
    }
}
