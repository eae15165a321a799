//! The run itself.

use std::{io::Write as _, path::Path};

use super::{
    args::Args,
    interrupt::stop_on_interrupt,
    progress::{progress_bar, show},
    recipe::recipe,
    results::finish,
};
use crate::{
    Error, Result,
    cli::common::load_workload,
    diagnostics::Problem,
    train::{CHECKPOINT, Session, checkpoint::Checkpoint, data::DatasetSource},
};

/// Trains, and prints where the results are.
pub(in crate::cli) fn run(arguments: &Args) -> Result<()> {
    let source: DatasetSource = arguments.dataset.parse::<DatasetSource>()?;
    let teacher = arguments.teacher.as_deref().map(open_teacher).transpose()?;
    let recipe = recipe(arguments, &source, teacher.as_ref())?;
    let workload = load_workload(&arguments.network)?;
    let mut dataset = source.load()?;
    dataset.limit(recipe.limit);
    std::fs::create_dir_all(&arguments.out)
        .map_err(|error| Error::io("create", &arguments.out, error))?;
    if !arguments.resume && arguments.out.join(CHECKPOINT).exists() {
        let name = arguments.out.display().to_string();
        return Err(Problem::new("the folder holds a run already")
            .in_file(&name)
            .hint("go on with it with --resume, or give another --out")
            .into());
    }
    let stop = stop_on_interrupt()?;
    let threads = arguments.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Error::Internal(error.to_string()))?;
    pool.install(|| {
        let folder = arguments.out.as_path();
        let resume = arguments.resume;
        let mut session =
            Session::new(&workload, &dataset, &recipe, teacher.as_ref(), folder, resume)?;
        let bar = progress_bar(recipe.epochs);
        let outcome = session.run(&stop, |progress| show(&bar, progress));
        bar.finish_and_clear();
        if matches!(outcome, Err(Error::Interrupted)) {
            let message = stopped(session.log().len(), recipe.epochs);
            let _ = writeln!(anstream::stderr(), "{message}");
        }
        outcome?;
        finish(&session, &workload, &recipe, folder)
    })
}

/// What an interrupted run says.
fn stopped(done: usize, epochs: u64) -> String {
    match done {
        0 => {
            "stopped in epoch 1, before the first checkpoint: the same command starts again".into()
        }
        done => format!(
            "stopped in epoch {} of {epochs}; the same command with --resume goes on from the \
             checkpoint of epoch {done} and ends in the same bytes",
            done + 1
        ),
    }
}

fn open_teacher(path: &Path) -> Result<Checkpoint> {
    let checkpoint = Checkpoint::open(path)?;
    let scheme = checkpoint.header.recipe.get("scheme").map_or("unknown", String::as_str);
    if scheme != "fp32" {
        let message = format!("the teacher was trained as {scheme}, expected fp32");
        return Err(Problem::new(message).in_file(&path.display().to_string()).into());
    }
    Ok(checkpoint)
}
