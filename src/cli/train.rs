//! `signloop train`.

use std::{
    fmt::Write as _,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::common::{emit, load_workload, not_stdout, thread_count};
use signloop_base::{Error, Result, diagnostics::Problem};
use signloop_network::workload::with_width;
use signloop_train::{
    self as train, CHECKPOINT, Job, Progress, QuantizeSettings, Settings, Trained,
    checkpoint::Checkpoint,
    data::{DatasetKind, DatasetSource},
    settings::{ACTIVATIONS, OPTIMIZERS, SCALES, SCHEDULES, SCOPES, SURROGATES},
};

/// Arguments of `signloop train`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, help = format!("Data: {} (`signloop data` tells more)", DatasetKind::forms()))]
    dataset: String,
    /// Network: a workload file or a shipped name.
    #[arg(long)]
    network: PathBuf,
    /// Channels of the network's first layer; all others, but for input and classes, keep their
    /// ratio to it. The network's own if absent.
    #[arg(long)]
    width: Option<u64>,
    /// fp32, binary, ternary, signed-binary or zero-one.
    #[arg(long)]
    scheme: String,
    /// Passes over the training images.
    #[arg(long, default_value_t = 30)]
    epochs: u64,
    /// Seed of first weights, image order and augmentation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for checkpoint, log, packed weights, their workload and fits; made if absent.
    #[arg(long)]
    out: PathBuf,
    /// Go on from the folder's last checkpoint, if there is one.
    #[arg(long)]
    resume: bool,
    /// Stand-in for the derivative of the quantiser.
    #[arg(long, value_parser = SURROGATES, default_value = "ede")]
    surrogate: String,
    /// Activation function.
    #[arg(long, value_parser = ACTIVATIONS, default_value = "relu")]
    activation: String,
    /// Threshold: max:FRACTION (TTQ: max:0.05) or mean:FRACTION (TWN: mean:0.7) of |w|.
    #[arg(long, default_value = "max:0.05")]
    threshold: String,
    /// Weights that share a threshold.
    #[arg(long, value_parser = SCOPES, default_value = "filter")]
    threshold_scope: String,
    /// Factor of the codes: mean |w| of the filter's or layer's effectual weights, or 1.
    #[arg(long, value_parser = SCALES, default_value = "filter")]
    scale: String,
    /// Which regions are {0,+1} under signed-binary: half, interleaved or random:SEED.
    #[arg(long, default_value = "half")]
    assignment: String,
    /// Channels of a region under signed-binary; a whole filter by default.
    #[arg(long)]
    region_channels: Option<usize>,
    /// fp32 checkpoint of the same network to learn from.
    #[arg(long)]
    teacher: Option<PathBuf>,
    /// Share of the teacher in the loss, 0 to 1; the labels have the rest.
    #[arg(long, default_value_t = 0.5)]
    teacher_share: f64,
    /// Images a step.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Update rule.
    #[arg(long, value_parser = OPTIMIZERS, default_value = "adam")]
    optimizer: String,
    /// Base learning rate: 0.003 for adam, 0.1 for sgd if absent.
    #[arg(long)]
    rate: Option<f64>,
    /// Course of the learning rate.
    #[arg(long, value_parser = SCHEDULES, default_value = "one-cycle")]
    schedule: String,
    /// Decay of weights and latents (decoupled under adam).
    #[arg(long, default_value_t = 1e-4)]
    weight_decay: f64,
    /// Set latents back to ±1 after each step: beyond, the surrogate's derivative is 0 and they
    /// would stay.
    #[arg(long)]
    clip: bool,
    /// Pixels that training images are shifted by at most; what suits the data if absent.
    #[arg(long)]
    crop: Option<usize>,
    /// Whether training images are mirrored at random; what suits the data if absent.
    #[arg(long)]
    flip: Option<bool>,
    /// Use only the first training images.
    #[arg(long)]
    train_images: Option<usize>,
    /// Threads; all cores if absent. They do not change the result.
    #[arg(long, value_parser = thread_count())]
    threads: Option<usize>,
    /// What is special about the data, in words, for the provenance of the packed weights.
    #[arg(long, value_name = "TEXT")]
    data_note: Option<String>,
}

/// Trains, and prints where the results are.
pub(super) fn run(arguments: &Args) -> Result<()> {
    not_stdout(&arguments.out, "the files of a run")?;
    let source: DatasetSource = arguments.dataset.parse::<DatasetSource>()?;
    let settings = settings(arguments);
    let mut workload = load_workload(&arguments.network)?;
    if let Some(width) = arguments.width {
        workload = with_width(&workload, width)?;
    }
    let stop = stop_on_interrupt()?;
    let bar = progress_bar(settings.epochs);
    let job = Job {
        source: &source,
        workload: &workload,
        settings: &settings,
        teacher: arguments.teacher.as_deref(),
        folder: &arguments.out,
        resume: arguments.resume,
        threads: arguments.threads,
        data_note: arguments.data_note.as_deref(),
    };
    let outcome = train::run(&job, &stop, |progress| show(&bar, progress));
    bar.finish_and_clear();
    if matches!(outcome, Err(Error::Interrupted)) {
        // Asked of the file: a checkpoint may be younger than the last progress told.
        let kept = Checkpoint::open(&arguments.out.join(CHECKPOINT));
        let done = kept.map_or(0, |checkpoint| checkpoint.header.epoch);
        let _ = emit_note(&stopped(done, settings.epochs));
    }
    emit(&summary(&outcome?)?, None)
}

/// What an interrupted run says, with the epochs that its last checkpoint holds.
fn stopped(done: u64, epochs: u64) -> String {
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

fn settings(arguments: &Args) -> Settings {
    Settings {
        scheme: arguments.scheme.clone(),
        quantize: QuantizeSettings {
            threshold: arguments.threshold.clone(),
            threshold_scope: arguments.threshold_scope.clone(),
            scale: arguments.scale.clone(),
            assignment: arguments.assignment.clone(),
            region_channels: arguments.region_channels,
        },
        surrogate: arguments.surrogate.clone(),
        activation: arguments.activation.clone(),
        teacher_share: arguments.teacher_share,
        epochs: arguments.epochs,
        batch: arguments.batch,
        optimizer: arguments.optimizer.clone(),
        rate: arguments.rate,
        schedule: arguments.schedule.clone(),
        weight_decay: arguments.weight_decay,
        clip: arguments.clip,
        crop: arguments.crop,
        flip: arguments.flip,
        train_images: arguments.train_images,
        seed: arguments.seed,
    }
}

fn summary(trained: &Trained) -> Result<String> {
    let Some(last) = trained.log.last() else {
        return Err(Problem::new("--epochs 0 trains nothing").into());
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} {} on {}: test accuracy {:.2} %, loss {:.4} nats, density {:.3}, {} epochs, seed {}",
        trained.network,
        trained.scheme,
        trained.dataset,
        100.0 * last.test_accuracy,
        last.test_loss,
        last.density,
        trained.epochs,
        trained.seed
    );
    let _ = writeln!(text, "checkpoint: {}", trained.checkpoint.display());
    let _ = writeln!(text, "log: {}", trained.log_file.display());
    for (what, path) in [
        ("distribution fits", &trained.fits),
        ("packed weights (for `--weights`)", &trained.weights),
        ("network with them (for `--workload`)", &trained.workload),
    ] {
        if let Some(path) = path {
            let _ = writeln!(text, "{what}: {}", path.display());
        }
    }
    Ok(text)
}

/// A flag that the first Ctrl-C raises; a second one ends the process at once.
fn stop_on_interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGINT, flag};
        // In this order the first signal finds the flag down and only raises it.
        flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&stop))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&stop)))
            .map_err(|error| Error::Internal(format!("no signal handler: {error}")))?;
    }
    Ok(stop)
}

fn progress_bar(epochs: u64) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "{prefix} {wide_bar} {percent:>3}% {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(format!("{epochs} epochs"));
    bar
}

fn show(bar: &ProgressBar, progress: &Progress<'_>) {
    let (done, all) = progress.images;
    bar.set_length(all);
    bar.set_position(done);
    let left = (all - done) as f64 / progress.images_per_second.max(1e-9);
    let test = progress
        .last
        .map_or(String::new(), |row| format!(" test {:.2} %", 100.0 * row.test_accuracy));
    bar.set_message(format!(
        "{:.0} images/s loss {:.4} train {:.2} %{test} density {:.3} ETA {}",
        progress.images_per_second,
        progress.score.mean_loss(),
        100.0 * progress.score.accuracy(),
        progress.density,
        indicatif::HumanDuration(Duration::from_secs_f64(left.min(1e9)))
    ));
}

/// A line on standard error.
fn emit_note(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(anstream::stderr(), "{text}")
}
