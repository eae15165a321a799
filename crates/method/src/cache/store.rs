//! The folder of entries.

use std::{
    collections::hash_map::RandomState,
    fs::File,
    hash::BuildHasher as _,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{
    decode, encode, entry,
    folder::{Folder, UNFINISHED},
};
use crate::{InputSpace, Method, Plan, PlanRequest, verify};
use signloop_base::{Result, diagnostics::Problem};
use signloop_network::workload::LayerShape;

/// What an entry begins with. The number goes up when the format of entries changes.
const MAGIC: &[u8; 16] = b"signloop plan 1\n";
/// Magic, key, checksum.
const PREFIX: usize = 16 + 16 + 8;
/// Random inputs that a program from disk is run on; nobody knows them before.
const VECTORS: u32 = 1;
/// An entry used again within so long is not marked as used again.
const RECENT: Duration = Duration::from_secs(3600);
/// Bytes that are kept where the user sets no limit.
const DEFAULT_LIMIT_MIB: u64 = 1024;

/// Plans by the hash of everything that they follow from.
#[derive(Debug)]
pub struct PlanCache {
    folder: Folder,
    damaged: AtomicU64,
}

impl PlanCache {
    /// A cache in a folder, which is made when something is first kept, of at most so many bytes.
    #[must_use]
    pub fn new(folder: PathBuf, limit_bytes: u64) -> Self {
        Self { folder: Folder::new(folder, limit_bytes), damaged: AtomicU64::new(0) }
    }

    /// The user's cache: `$SIGNLOOP_CACHE_DIR`, or `signloop` in `$XDG_CACHE_HOME` or `~/.cache`
    /// (`%LOCALAPPDATA%` where there is no home); none where none of them is set. It holds
    /// `$SIGNLOOP_CACHE_MIB` MiB, 1024 by default; with 0 there is no cache.
    ///
    /// # Errors
    /// The limit is no whole number.
    pub fn of_user() -> Result<Option<Self>, Problem> {
        let limit = std::env::var_os("SIGNLOOP_CACHE_MIB").filter(|limit| !limit.is_empty());
        let mebibytes = match &limit {
            None => DEFAULT_LIMIT_MIB,
            Some(limit) => {
                limit.to_str().and_then(|limit| limit.parse().ok()).ok_or_else(|| {
                    let message = format!("SIGNLOOP_CACHE_MIB is {}", limit.display());
                    Problem::new(message).hint("a whole number of MiB, 0 for no cache")
                })?
            }
        };
        let folder = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let own = std::env::var_os("SIGNLOOP_CACHE_DIR").filter(|path| !path.is_empty());
        let folder = own
            .map(PathBuf::from)
            .or_else(|| folder("XDG_CACHE_HOME").map(|path| path.join("signloop")))
            .or_else(|| folder("HOME").map(|path| path.join(".cache").join("signloop")))
            .or_else(|| folder("LOCALAPPDATA").map(|path| path.join("signloop")));
        let limit = mebibytes.saturating_mul(1 << 20);
        Ok(folder.filter(|_| limit > 0).map(|folder| Self::new(folder, limit)))
    }

    /// The folder, its limit and what it holds.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
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
        let method: &dyn Method = method.same_as(request).unwrap_or(method);
        if !method.is_slow() {
            return method.plan(request);
        }
        let Some(key) = key(method, request) else { return method.plan(request) };
        let path = self.folder.entry(&format!("{:032x}", u128::from_be_bytes(key)));
        match self.read(&path, key, method, request) {
            Entry::Plan(plan) => return Ok(*plan),
            Entry::Absent => {}
            Entry::Damaged => {
                self.damaged.fetch_add(1, Ordering::Relaxed);
            }
        }
        let plan = method.plan(request)?;
        // What could not be counted again from its programs would be refused when it is read.
        if counts_again(&plan, method, request)?
            && let Some(bytes) = encode(&plan)
        {
            // Whatever goes wrong here costs time only.
            let _ = self.write(&path, key, &bytes);
        }
        Ok(plan)
    }

    fn read(
        &self,
        path: &Path,
        key: [u8; 16],
        method: &dyn Method,
        request: &PlanRequest<'_>,
    ) -> Entry {
        let file = match entry::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Entry::Absent,
            // Something is there, and it is no entry of ours.
            Err(_) if path.symlink_metadata().is_ok() => return Entry::Damaged,
            Err(_) => return Entry::Absent,
        };
        // A term takes at most seven bytes, and no program has more terms than a few a weight.
        let most = (1 << 20) + request.weights.codes().len() as u64 * 64;
        let mut bytes = Vec::new();
        if (&file).take(most).read_to_end(&mut bytes).is_err() || bytes.len() < PREFIX {
            return Entry::Damaged;
        }
        let (prefix, payload) = bytes.split_at(PREFIX);
        let sound = prefix[..16] == *MAGIC
            && prefix[16..32] == key
            && prefix[32..] == xxh3_64(payload).to_le_bytes();
        let plan = sound.then(|| decode(payload)).flatten();
        match plan.filter(|plan| is_right(plan, method, request).unwrap_or(false)) {
            Some(plan) => {
                mark_used(&file);
                Entry::Plan(Box::new(plan))
            }
            None => Entry::Damaged,
        }
    }

    /// Writes beside the entry and renames, so that an entry is whole or absent. It is not forced
    /// to the disk: a torn one fails its checksum.
    fn write(&self, path: &Path, key: [u8; 16], payload: &[u8]) -> std::io::Result<()> {
        let folder = self.folder.made()?;
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&key)?;
        file.write_all(&xxh3_64(payload).to_le_bytes())?;
        file.write_all(payload)?;
        file.persist(path).map_err(|error| error.error)?;
        self.folder.grown((PREFIX + payload.len()) as u64);
        Ok(())
    }
}

/// Sets the time of an entry's last use, which is that of its last change.
fn mark_used(file: &File) {
    let now = SystemTime::now();
    let used = file.metadata().and_then(|data| data.modified()).ok();
    if used.and_then(|used| now.duration_since(used).ok()).is_some_and(|age| age > RECENT) {
        // It may belong to someone else; then it looks older than it is.
        let _ = file.set_modified(now);
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

/// Whether a plan computes the layer, and says of itself what its method says of its programs.
///
/// # Errors
/// A sum or a count overflows: such a plan is none of the layer.
pub fn is_right(plan: &Plan, method: &dyn Method, request: &PlanRequest<'_>) -> Result<bool> {
    if plan.programs.is_empty() || !fits(plan, request.shape) {
        return Ok(false);
    }
    // A seed that is known beforehand could be prepared for.
    let seed = RandomState::new().hash_one(0_u8);
    Ok(counts_again(plan, method, request)?
        && verify(&plan.programs, request.shape, request.weights, VECTORS, seed)?)
}

/// Whether a plan says of itself what its method counts from its programs.
fn counts_again(plan: &Plan, method: &dyn Method, request: &PlanRequest<'_>) -> Result<bool> {
    let counted = method.plan_of(request, plan.programs.clone())?;
    Ok(counted.is_some_and(|counted| {
        (plan.execution, plan.counts, plan.storage)
            == (counted.execution, counted.counts, counted.storage)
    }))
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
