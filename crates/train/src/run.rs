//! A whole run: data and network in, checkpoint, log, packed weights and fits out.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use serde::Serialize;

use super::{
    checkpoint::Checkpoint,
    data::DatasetSource,
    fits,
    log::Row,
    recipe::Recipe,
    session::{CHECKPOINT, LOG, Progress, Session},
    settings::Settings,
    surrogate::Quantizer,
};
use signloop_base::{Error, Result, diagnostics::Problem, files::write_atomically};
use signloop_network::{
    quant::write_packed,
    workload::{Workload, to_toml},
};

/// File of the packed weights in a run's folder.
pub const WEIGHTS: &str = "weights.safetensors";
/// File of the distribution fits.
const FITS: &str = "fits.csv";
/// The network with these weights, for `--workload`.
const WORKLOAD: &str = "workload.toml";
/// Most threads of a run.
const MAX_THREADS: usize = 1024;

/// What to train, on what, and where the results go.
#[derive(Debug)]
pub struct Job<'a> {
    /// The data.
    pub source: &'a DatasetSource,
    /// The network.
    pub workload: &'a Workload,
    /// How.
    pub settings: &'a Settings,
    /// An fp32 checkpoint of the same network to learn from.
    pub teacher: Option<&'a Path>,
    /// Folder of the results; made if absent.
    pub folder: &'a Path,
    /// Go on from the folder's last checkpoint, if there is one.
    pub resume: bool,
    /// Threads; all cores if absent. They do not change the result.
    pub threads: Option<usize>,
    /// What is special about the data, in words, for the provenance of the packed weights.
    pub data_note: Option<&'a str>,
}

/// How a run ended, and where its results are.
#[derive(Debug, Clone, Serialize)]
pub struct Trained {
    /// The network's name.
    pub network: String,
    /// The data set's name.
    pub dataset: String,
    /// The scheme, or `fp32`.
    pub scheme: String,
    /// Passes over the training images.
    pub epochs: u64,
    /// Seed.
    pub seed: u64,
    /// One row an epoch.
    pub log: Vec<Row>,
    /// The checkpoint of the last epoch.
    pub checkpoint: PathBuf,
    /// The log as CSV.
    pub log_file: PathBuf,
    /// Distribution fits; absent for fp32.
    pub fits: Option<PathBuf>,
    /// Packed weights, for `simulate`; absent for fp32.
    pub weights: Option<PathBuf>,
    /// The network as a workload file that names the packed weights; absent for fp32.
    pub workload: Option<PathBuf>,
}

/// Trains until the last epoch. `stop` ends the run before its next step, with the last
/// checkpoint kept.
///
/// # Errors
/// Wrong settings, data or network; a folder that holds a run where none is to be gone on with;
/// [`Error::Interrupted`]; a loss that is not finite.
pub fn run(
    job: &Job<'_>,
    stop: &AtomicBool,
    tell: impl FnMut(&Progress<'_>) + Send,
) -> Result<Trained> {
    let threads = job.threads.unwrap_or(0);
    if job.threads == Some(0) || threads > MAX_THREADS {
        return Err(Problem::new(format!("--threads must be in 1..={MAX_THREADS}")).into());
    }
    let teacher = job.teacher.map(open_teacher).transpose()?;
    let recipe = job.settings.recipe(job.source, teacher.as_ref())?;
    let mut dataset = job.source.load()?;
    dataset.limit(recipe.limit);
    std::fs::create_dir_all(job.folder).map_err(|error| Error::io("create", job.folder, error))?;
    let _lock = lock(job.folder)?;
    let checkpoint = job.folder.join(CHECKPOINT);
    let results = [CHECKPOINT, LOG, FITS, WEIGHTS, WORKLOAD].map(|name| job.folder.join(name));
    if !job.resume && checkpoint.exists() {
        return Err(Problem::new("the folder holds a run already")
            .in_file(&job.folder.display().to_string())
            .hint("go on with it with --resume, or give another --out")
            .into());
    }
    // Without a checkpoint such files are no run of ours.
    let foreign = results.iter().find(|path| path.exists()).filter(|_| !checkpoint.exists());
    if let Some(path) = foreign {
        return Err(Problem::new("the run would write over this file")
            .in_file(&path.display().to_string())
            .hint("give another --out")
            .into());
    }
    for path in &results {
        signloop_base::files::may_write(path)?;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| {
        Error::from(
            Problem::new(format!("{threads} threads cannot be started: {error}"))
                .hint("ask for fewer with `--threads`"),
        )
    })?;
    pool.install(|| {
        let (workload, folder) = (job.workload, job.folder);
        let mut session =
            Session::new(workload, &dataset, &recipe, teacher.as_ref(), folder, job.resume)?;
        session.run(stop, tell)?;
        if let Some(quantizer) = &recipe.quantizer {
            write_results(&session, job, &recipe, quantizer)?;
        }
        let packed = |file| recipe.quantizer.map(|_| folder.join(file));
        Ok(Trained {
            network: workload.name.clone(),
            dataset: dataset.name.clone(),
            scheme: recipe.scheme().to_owned(),
            epochs: recipe.epochs,
            seed: recipe.seed,
            log: session.log().to_vec(),
            checkpoint: folder.join(CHECKPOINT),
            log_file: folder.join(LOG),
            fits: packed(FITS),
            weights: packed(WEIGHTS),
            workload: packed(WORKLOAD),
        })
    })
}

/// Locks the folder until the run ends, whatever ends it: two runs in one folder would write over
/// each other's results. Where a folder cannot be opened or locked there is none.
fn lock(folder: &Path) -> Result<Option<File>> {
    let Ok(opened) = File::open(folder) else { return Ok(None) };
    match opened.try_lock() {
        Ok(()) => Ok(Some(opened)),
        Err(TryLockError::WouldBlock) => {
            Err(Problem::new("another process is training into this folder")
                .in_file(&folder.display().to_string())
                .hint("wait until it ends, or give another --out")
                .into())
        }
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn open_teacher(path: &Path) -> Result<Checkpoint> {
    let checkpoint = Checkpoint::open(path)?;
    signloop_base::files::note(path);
    let scheme = checkpoint.header.recipe.get("scheme").map_or("unknown", String::as_str);
    if scheme != "fp32" {
        let message = format!("the teacher was trained as {scheme}, expected fp32");
        return Err(Problem::new(message).in_file(&path.display().to_string()).into());
    }
    Ok(checkpoint)
}

/// Writes fits, packed weights, and the workload that goes with them.
fn write_results(
    session: &Session<'_>,
    job: &Job<'_>,
    recipe: &Recipe,
    quantizer: &Quantizer,
) -> Result<()> {
    let (workload, folder) = (job.workload, job.folder);
    let named = session.network().quantized(quantizer)?;
    let parameters = &session.network().parameters;
    let latents = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name == name);
        found.map_or(&[][..], |parameter| parameter.values.as_slice())
    };
    let layers = named.iter().map(|(name, tensor)| (name.as_str(), latents(name), tensor));
    write_atomically(&folder.join(FITS), fits::csv(layers).as_bytes())?;
    let accuracy = session.log().last().map_or(0.0, |row| row.test_accuracy);
    let settings: Vec<String> =
        recipe.fields().into_iter().map(|(key, value)| format!("{key} {value}")).collect();
    let provenance = format!(
        "trained by signloop {}: {} on {}{}, test accuracy {:.2} %; {}",
        env!("CARGO_PKG_VERSION"),
        workload.name,
        session.dataset().name,
        job.data_note.map(|note| format!(" ({note})")).unwrap_or_default(),
        100.0 * accuracy,
        settings.join(", ")
    );
    let tensors: BTreeMap<_, _> = named.into_iter().collect();
    let scheme = quantizer.options.scheme;
    write_packed(&folder.join(WEIGHTS), scheme, &provenance, &tensors)?;
    let files = format!("files = {{ {scheme} = \"{WEIGHTS}\" }}");
    let text = to_toml(workload, &format!("[weights]\nformat = \"packed\"\n{files}\n"));
    write_atomically(&folder.join(WORKLOAD), text.as_bytes())
}
