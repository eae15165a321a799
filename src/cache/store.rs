//! The folder of entries.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{decode, encode};
use crate::{
    Error, Result,
    method::{InputSpace, Method, OpCounts, Plan, PlanRequest, verify},
    workload::LayerShape,
};

/// What an entry begins with. The number goes up when the format of entries changes.
const MAGIC: &[u8; 16] = b"signloop plan 1\n";
/// Magic, key, checksum.
const PREFIX: usize = 16 + 16 + 8;
/// Random inputs that a program from disk is run on.
const VECTORS: u32 = 1;
/// Names of files that are being written.
const UNFINISHED: &str = ".unfinished-";
/// After so long nobody is writing any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Plans by the hash of everything that they follow from.
#[derive(Debug)]
pub struct PlanCache {
    folder: PathBuf,
    damaged: AtomicU64,
}

impl PlanCache {
    /// A cache in a folder, which is made when something is first kept.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, damaged: AtomicU64::new(0) }
    }

    /// The user's cache: `$SIGNLOOP_CACHE_DIR`, or `signloop` in `$XDG_CACHE_HOME` or `~/.cache`
    /// (`%LOCALAPPDATA%` where there is no home); none where none of them is set.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        let folder = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let own = std::env::var_os("SIGNLOOP_CACHE_DIR").filter(|path| !path.is_empty());
        own.map(PathBuf::from)
            .or_else(|| folder("XDG_CACHE_HOME").map(|path| path.join("signloop")))
            .or_else(|| folder("HOME").map(|path| path.join(".cache").join("signloop")))
            .or_else(|| folder("LOCALAPPDATA").map(|path| path.join("signloop")))
            .map(Self::new)
    }

    /// How many entries were not what they should be, and were planned anew.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The plan of a layer: from disk if it is there and right, else planned and kept. A folder
    /// that cannot be read or written is no error; then nothing is kept.
    ///
    /// # Errors
    /// As [`Method::plan`].
    pub fn plan(&self, method: &dyn Method, request: &PlanRequest<'_>) -> Result<Plan> {
        if !method.is_slow() {
            return method.plan(request);
        }
        let Some(key) = key(method, request) else { return method.plan(request) };
        let path = self.folder.join(format!("{:032x}.plan", u128::from_be_bytes(key)));
        match self.read(&path, key, request) {
            Entry::Plan(plan) => return Ok(*plan),
            Entry::Absent => {}
            Entry::Damaged => {
                self.damaged.fetch_add(1, Ordering::Relaxed);
            }
        }
        let plan = method.plan(request)?;
        if let Some(bytes) = encode(&plan) {
            // Whatever goes wrong here costs time only.
            let _ = self.write(&path, key, &bytes);
        }
        Ok(plan)
    }

    fn read(&self, path: &Path, key: [u8; 16], request: &PlanRequest<'_>) -> Entry {
        let Ok(file) = File::open(path) else { return Entry::Absent };
        // A term takes at most seven bytes, and no program has more terms than a few a weight.
        let most = (1 << 20) + request.weights.codes().len() as u64 * 64;
        let mut bytes = Vec::new();
        if file.take(most).read_to_end(&mut bytes).is_err() || bytes.len() < PREFIX {
            return Entry::Damaged;
        }
        let (prefix, payload) = bytes.split_at(PREFIX);
        let sound = prefix[..16] == *MAGIC
            && prefix[16..32] == key
            && prefix[32..] == xxh3_64(payload).to_le_bytes();
        let plan = sound.then(|| decode(payload)).flatten();
        match plan.filter(|plan| is_right(plan, request).unwrap_or(false)) {
            Some(plan) => Entry::Plan(Box::new(plan)),
            None => Entry::Damaged,
        }
    }

    /// Writes beside the entry and renames, so that an entry is whole or absent. It is not forced
    /// to the disk: a torn one fails its checksum.
    fn write(&self, path: &Path, key: [u8; 16], payload: &[u8]) -> std::io::Result<()> {
        if !self.folder.is_dir() {
            std::fs::create_dir_all(&self.folder)?;
        }
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&key)?;
        file.write_all(&xxh3_64(payload).to_le_bytes())?;
        file.write_all(payload)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes what runs that were killed left half written.
    pub fn tidy(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let now = SystemTime::now();
        for entry in entries.flatten() {
            let unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let written = entry.metadata().and_then(|data| data.modified());
            let age = written.ok().and_then(|written| now.duration_since(written).ok());
            if unfinished && age.is_some_and(|age| age > ABANDONED) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

enum Entry {
    Plan(Box<Plan>),
    Absent,
    Damaged,
}

/// Hash of all that a plan follows from.
fn key(method: &dyn Method, request: &PlanRequest<'_>) -> Option<[u8; 16]> {
    let facts = serde_json::to_vec(&(
        env!("CARGO_PKG_VERSION"),
        // A method that plans otherwise than before must not find its old plans.
        env!("SIGNLOOP_METHODS"),
        method.name(),
        request.weights.scheme(),
        request.shape,
        request.bits,
        request.options,
    ))
    .ok()?;
    let mut hash = Xxh3::new();
    hash.update(MAGIC);
    hash.update(&(facts.len() as u64).to_le_bytes());
    hash.update(&facts);
    let codes: Vec<u8> = request.weights.codes().iter().map(|code| code.cast_unsigned()).collect();
    hash.update(&codes);
    Some(hash.digest128().to_be_bytes())
}

/// Whether a plan computes the layer, and takes the operations that it says.
///
/// # Errors
/// A sum or a count overflows: such a plan is none of the layer.
pub fn is_right(plan: &Plan, request: &PlanRequest<'_>) -> Result<bool> {
    let shape = request.shape;
    if plan.programs.is_empty() || !fits(plan, shape) {
        return Ok(false);
    }
    let mut counted = OpCounts::default();
    for program in &plan.programs {
        let filters = program.outputs().iter().filter(|output| !output.terms.is_empty()).count();
        counted.adds += program.adds();
        counted.scale_muls += filters as u64 + program.extra_multiplies();
        if program.space() == InputSpace::Planes {
            let halo = program.halo_adds(shape.out_height(), shape.out_width())?;
            let all = halo.checked_mul(shape.batch);
            counted.halo_adds_total = all
                .and_then(|halo| counted.halo_adds_total.checked_add(halo))
                .ok_or(Error::Overflow("halo adds"))?;
        }
    }
    // Loads and stores are the method's own model of how it runs.
    let counts = &plan.counts;
    let same = (counted.adds, counted.scale_muls, counted.halo_adds_total)
        == (counts.adds, counts.scale_muls, counts.halo_adds_total);
    Ok(same && verify(&plan.programs, shape, request.weights, VECTORS, request.options.seed)?)
}

/// Whether the programs have the layer's inputs and outputs.
fn fits(plan: &Plan, shape: &LayerShape) -> bool {
    let phases = shape.stride * shape.stride;
    let planes = shape.in_channels / shape.groups * phases;
    plan.programs.iter().all(|program| {
        let inputs = match program.space() {
            InputSpace::Patch => shape.filter_len(),
            InputSpace::Planes => planes,
        };
        u64::from(program.inputs()) == inputs
            && program.outputs().len() as u64 == shape.out_channels / shape.groups
    })
}
