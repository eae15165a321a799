//! `signloop train`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use super::common::{emit, load_workload};
use crate::{
    Error, Result,
    diagnostics::{Problem, Problems},
    quant::{
        Assignment, QuantizeOptions, Region, ScaleRule, Scheme, Scope, Threshold, write_packed,
    },
    report::write_atomically,
    train::{
        ActivationKind, CHECKPOINT, Progress, Quantizer, Recipe, Rule, Schedule, Session,
        Surrogate,
        checkpoint::Checkpoint,
        data::{Augmentation, DatasetSource},
        fits,
    },
    workload::Workload,
};

/// File of the packed weights in a run's folder.
const WEIGHTS: &str = "weights.safetensors";
/// File of the distribution fits.
const FITS: &str = "fits.csv";

/// Arguments of `signloop train`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Data: digits, fashion-mnist:DIR, mnist:DIR or cifar10:DIR (`signloop data` tells more).
    #[arg(long)]
    dataset: String,
    /// Network: a workload file or a shipped name.
    #[arg(long)]
    network: PathBuf,
    /// fp32, binary, ternary, signed-binary or zero-one.
    #[arg(long)]
    scheme: String,
    /// Passes over the training images.
    #[arg(long, default_value_t = 30)]
    epochs: u64,
    /// Seed of first weights, image order and augmentation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for checkpoint, log, packed weights and fits; made if absent.
    #[arg(long)]
    out: PathBuf,
    /// Go on from the folder's last checkpoint, if there is one.
    #[arg(long)]
    resume: bool,
    /// Stand-in for the derivative of the quantiser.
    #[arg(long, value_enum, default_value_t = SurrogateName::Ede)]
    surrogate: SurrogateName,
    /// Activation function.
    #[arg(long, value_enum, default_value_t = ActivationName::Relu)]
    activation: ActivationName,
    /// Threshold: max:FRACTION (TTQ: max:0.05) or mean:FRACTION (TWN: mean:0.7) of |w|.
    #[arg(long, default_value = "max:0.05")]
    threshold: String,
    /// Weights that share a threshold.
    #[arg(long, value_enum, default_value_t = ScopeName::Filter)]
    threshold_scope: ScopeName,
    /// Factor of the codes: mean |w| of the filter's or layer's effectual weights, or 1.
    #[arg(long, value_enum, default_value_t = ScaleName::Filter)]
    scale: ScaleName,
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
    #[arg(long, value_enum, default_value_t = RuleName::Adam)]
    optimizer: RuleName,
    /// Base learning rate: 0.003 for adam, 0.1 for sgd if absent.
    #[arg(long)]
    rate: Option<f64>,
    /// Course of the learning rate.
    #[arg(long, value_enum, default_value_t = ScheduleName::OneCycle)]
    schedule: ScheduleName,
    /// Decay of weights and latents (decoupled under adam).
    #[arg(long, default_value_t = 1e-4)]
    weight_decay: f64,
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
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SurrogateName {
    Ste,
    Ede,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ActivationName {
    Relu,
    Prelu,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScopeName {
    Filter,
    Layer,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScaleName {
    Filter,
    Layer,
    One,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RuleName {
    Sgd,
    Adam,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScheduleName {
    Cosine,
    Linear,
    OneCycle,
    Constant,
}

/// Trains, and prints where the results are.
pub(super) fn run(arguments: &Args) -> Result<()> {
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
            let done = session.log().len();
            let _ = emit_note(&format!("stopped after epoch {done}; --resume goes on from there"));
        }
        outcome?;
        finish(&session, &workload, &recipe, folder)
    })
}

/// Writes packed weights and fits; prints a summary.
fn finish(
    session: &Session<'_>,
    workload: &Workload,
    recipe: &Recipe,
    folder: &Path,
) -> Result<()> {
    let Some(last) = session.log().last() else {
        return Err(Problem::new("--epochs 0 trains nothing").into());
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} {} on {}: test accuracy {:.2} %, loss {:.4} nats, density {:.3}, {} epochs, seed {}",
        workload.name,
        recipe.scheme(),
        session.dataset().name,
        100.0 * last.test_accuracy,
        last.test_loss,
        last.density,
        recipe.epochs,
        recipe.seed
    );
    let file = |name: &str| folder.join(name).display().to_string();
    let _ = writeln!(text, "checkpoint: {}", file(CHECKPOINT));
    let _ = writeln!(text, "log: {}", file(crate::train::LOG));
    if let Some(quantizer) = &recipe.quantizer {
        let named = session.network().quantized(quantizer)?;
        let parameters = &session.network().parameters;
        let latents = |name: &str| {
            let found = parameters.iter().find(|parameter| parameter.name == name);
            found.map_or(&[][..], |parameter| parameter.values.as_slice())
        };
        let layers = named.iter().map(|(name, tensor)| (name.as_str(), latents(name), tensor));
        write_atomically(&folder.join(FITS), fits::csv(layers).as_bytes())?;
        let settings: Vec<String> =
            recipe.fields().into_iter().map(|(key, value)| format!("{key} {value}")).collect();
        let provenance = format!(
            "trained by signloop {}: {} on {}, test accuracy {:.2} %; {}",
            env!("CARGO_PKG_VERSION"),
            workload.name,
            session.dataset().name,
            100.0 * last.test_accuracy,
            settings.join(", ")
        );
        let tensors: BTreeMap<_, _> = named.into_iter().collect();
        let path = folder.join(WEIGHTS);
        write_packed(&path, quantizer.options.scheme, &provenance, &tensors)?;
        let _ = writeln!(text, "distribution fits: {}", file(FITS));
        let _ = writeln!(text, "packed weights: {} (for `simulate --weights`)", path.display());
    }
    emit(&text, None)
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

/// Resolves the arguments; every wrong one is a problem.
fn recipe(
    arguments: &Args,
    source: &DatasetSource,
    teacher: Option<&Checkpoint>,
) -> Result<Recipe> {
    let mut problems = Problems::new();
    let scheme = match arguments.scheme.as_str() {
        "fp32" => None,
        name => match name.parse::<Scheme>() {
            Ok(scheme) => Some(scheme),
            Err(problem) => {
                problems.push(problem.hint("or `fp32`"));
                None
            }
        },
    };
    let mut note = |wrong: bool, message: &str| {
        if wrong {
            problems.push(Problem::new(message));
        }
    };
    let rule = match arguments.optimizer {
        RuleName::Sgd => Rule::Sgd,
        RuleName::Adam => Rule::Adam,
    };
    let rate = arguments.rate.unwrap_or(if rule == Rule::Sgd { 0.1 } else { 0.003 });
    note(!(rate > 0.0 && rate.is_finite()), "--rate must be above 0");
    note(!(0.0..1.0).contains(&arguments.weight_decay), "--weight-decay must be in 0..1");
    note(!(0.0..=1.0).contains(&arguments.teacher_share), "--teacher-share must be in 0..=1");
    note(!(1..=8192).contains(&arguments.batch), "--batch must be in 1..=8192");
    note(arguments.epochs == 0 || arguments.epochs > 100_000, "--epochs must be in 1..=100000");
    note(arguments.train_images == Some(0), "--train-images must be above 0");
    note(arguments.crop.is_some_and(|crop| crop > 64), "--crop must be at most 64");
    note(arguments.region_channels == Some(0), "--region-channels must be above 0");
    note(
        arguments.threads.is_some_and(|count| count == 0 || count > 1024),
        "--threads must be in 1..=1024",
    );
    let threshold = parse_threshold(&arguments.threshold);
    note(threshold.is_none(), "--threshold must be max:FRACTION (up to 1) or mean:FRACTION");
    let assignment = parse_assignment(&arguments.assignment);
    note(assignment.is_none(), "--assignment must be half, interleaved or random:SEED");
    let default = QuantizeOptions::default();
    let options = QuantizeOptions {
        scheme: scheme.unwrap_or(default.scheme),
        threshold: threshold.unwrap_or(default.threshold),
        threshold_scope: match arguments.threshold_scope {
            ScopeName::Filter => Scope::Filter,
            ScopeName::Layer => Scope::Layer,
        },
        scale: match arguments.scale {
            ScaleName::Filter => ScaleRule::Filter,
            ScaleName::Layer => ScaleRule::Layer,
            ScaleName::One => ScaleRule::One,
        },
        assignment: assignment.unwrap_or(default.assignment),
        region: match arguments.region_channels {
            None => Region::Filter,
            Some(channels) => Region::Tile { channels },
        },
    };
    let surrogate = match arguments.surrogate {
        SurrogateName::Ste => Surrogate::Ste,
        SurrogateName::Ede => Surrogate::Ede,
    };
    let suits = source.kind.augmentation();
    let augmentation = Augmentation {
        crop: arguments.crop.unwrap_or(suits.crop),
        flip: arguments.flip.unwrap_or(suits.flip),
    };
    let recipe = Recipe {
        quantizer: scheme.map(|_| Quantizer { options, surrogate }),
        activation: match arguments.activation {
            ActivationName::Relu => ActivationKind::Relu,
            ActivationName::Prelu => ActivationKind::Prelu,
        },
        epochs: arguments.epochs,
        batch: arguments.batch,
        rule,
        rate,
        schedule: match arguments.schedule {
            ScheduleName::Cosine => Schedule::Cosine,
            ScheduleName::Linear => Schedule::Linear,
            ScheduleName::OneCycle => Schedule::OneCycle,
            ScheduleName::Constant => Schedule::Constant,
        },
        weight_decay: arguments.weight_decay,
        augmentation,
        teacher: teacher.map(|teacher| (arguments.teacher_share, teacher.hash())),
        limit: arguments.train_images,
        seed: arguments.seed,
    };
    Ok(problems.into_result(recipe)?)
}

fn parse_threshold(text: &str) -> Option<Threshold> {
    let (rule, fraction) = text.split_once(':')?;
    let fraction: f64 = fraction.parse().ok()?;
    match rule {
        "max" if (0.0..=1.0).contains(&fraction) => Some(Threshold::MaxFraction(fraction)),
        "mean" if fraction > 0.0 && fraction.is_finite() => Some(Threshold::MeanFraction(fraction)),
        _ => None,
    }
}

fn parse_assignment(text: &str) -> Option<Assignment> {
    match text.split_once(':') {
        None if text == "half" => Some(Assignment::Half),
        None if text == "interleaved" => Some(Assignment::Interleaved),
        Some(("random", seed)) => Some(Assignment::Random { seed: seed.parse().ok()? }),
        _ => None,
    }
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
