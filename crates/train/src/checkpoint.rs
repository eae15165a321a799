//! Checkpoints: a safetensors file with weights, optimiser moments, epoch and seed.
//!
//! Tensors: every parameter under its own name; `first:NAME` and `second:NAME` are the
//! optimiser's moments. The metadata key `signloop` holds the rest as JSON. Random numbers are a
//! function of seed, epoch and image, so epoch and seed are the whole state of the generators.

use std::{borrow::Cow, collections::BTreeMap, collections::HashMap, path::Path};

use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::{
    log::Row,
    optimizer::Optimizer,
    parameter::{Parameter, Role},
};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, Problems},
    files::write_atomically,
};

const FORMAT: &str = "signloop-checkpoint";
const VERSION: u32 = 1;

/// Largest checkpoint that is read.
const MAX_BYTES: u64 = 4 << 30;

/// What a checkpoint says besides its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    version: u32,
    /// Name of the network's workload.
    pub network: String,
    /// Name of the data set.
    pub dataset: String,
    /// Settings of the run, as [`super::Recipe::fields`] gives them.
    pub recipe: BTreeMap<String, String>,
    /// Epochs done.
    pub epoch: u64,
    /// Updates done.
    pub steps: u64,
    /// The log so far.
    pub log: Vec<Row>,
}

impl Header {
    /// The header of a run that begins.
    #[must_use]
    pub fn new(network: &str, dataset: &str, recipe: BTreeMap<String, String>) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            network: network.to_owned(),
            dataset: dataset.to_owned(),
            recipe,
            epoch: 0,
            steps: 0,
            log: Vec::new(),
        }
    }
}

/// Writes a checkpoint, whole or not at all: the one before stays until the new one is on disk.
///
/// # Errors
/// The file cannot be written.
pub fn write(
    path: &Path,
    header: &Header,
    parameters: &[Parameter],
    optimizer: &Optimizer,
) -> Result<()> {
    let internal = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    for (index, parameter) in parameters.iter().enumerate() {
        let Parameter { name, shape, values, .. } = parameter;
        tensors.push((name.clone(), shape.clone(), bytes(values)));
        let moments = [("first", &optimizer.first[index]), ("second", &optimizer.second[index])];
        for (which, moments) in moments.into_iter().filter(|(_, moments)| !moments.is_empty()) {
            tensors.push((format!("{which}:{name}"), shape.clone(), bytes(moments)));
        }
    }
    let views = tensors
        .iter()
        .map(|(name, shape, data)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), data)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|error| internal(&error))?;
    let text = serde_json::to_string(header).map_err(|error| internal(&error))?;
    // One metadata key only: the library writes its map in hash order.
    let metadata = HashMap::from([("signloop".to_owned(), text)]);
    write_atomically(path, &serialize(views, Some(metadata)).map_err(|error| internal(&error))?)
}

/// An opened checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    /// What it says.
    pub header: Header,
    name: String,
    bytes: Vec<u8>,
}

impl Checkpoint {
    /// Opens a checkpoint and checks its header.
    ///
    /// # Errors
    /// The file is missing, truncated or of another kind.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let wrong = |message: String| -> Error { Problem::new(message).in_file(&name).into() };
        let size = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => return Err(wrong("no such checkpoint".into())),
        };
        if size > MAX_BYTES {
            return Err(wrong("the checkpoint is larger than 4 GiB".into()));
        }
        let bytes = std::fs::read(path).map_err(|error| Error::io("read", path, error))?;
        Self::parse(name, bytes)
    }

    /// As [`Checkpoint::open`] on bytes already read; `name` is used in messages.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn parse(name: String, bytes: Vec<u8>) -> Result<Self> {
        let wrong = |message: String| -> Error { Problem::new(message).in_file(&name).into() };
        let (_, metadata) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| wrong(format!("not a safetensors file: {error}")))?;
        let text = metadata.metadata().as_ref().and_then(|map| map.get("signloop"));
        let header: Header = text
            .and_then(|text| serde_json::from_str(text).ok())
            .filter(|header: &Header| header.format == FORMAT && header.version == VERSION)
            .ok_or_else(|| wrong(format!("not a {FORMAT} of version {VERSION}")))?;
        Ok(Self { header, name, bytes })
    }

    /// Copies weights (and moments, if an optimiser is given) into place.
    ///
    /// # Errors
    /// A tensor is missing or of another shape; all of them are named.
    pub fn restore(
        &self,
        parameters: &mut [Parameter],
        mut optimizer: Option<&mut Optimizer>,
    ) -> Result<()> {
        let content = SafeTensors::deserialize(&self.bytes).map_err(|error| {
            Problem::new(format!("not a safetensors file: {error}")).in_file(&self.name)
        })?;
        let mut problems = Problems::new();
        let mut copy = |name: Cow<'_, str>, shape: &[usize], target: &mut [f32]| {
            let found = content.tensor(&name).ok().filter(|view| {
                view.dtype() == Dtype::F32
                    && view.shape() == shape
                    && view.data().len() == target.len() * 4
            });
            let Some(view) = found else {
                let message = format!("no tensor `{name}` of {shape:?} F32 values");
                problems.push(Problem::new(message).in_file(&self.name));
                return;
            };
            for (target, bytes) in target.iter_mut().zip(view.data().as_chunks::<4>().0) {
                *target = f32::from_le_bytes(*bytes);
            }
        };
        for (index, parameter) in parameters.iter_mut().enumerate() {
            let Parameter { name, shape, values, role, .. } = parameter;
            copy(Cow::Borrowed(name), shape, values);
            if let Some(optimizer) = optimizer.as_deref_mut().filter(|_| *role != Role::Statistic) {
                copy(Cow::Owned(format!("first:{name}")), shape, &mut optimizer.first[index]);
                if !optimizer.second[index].is_empty() {
                    copy(Cow::Owned(format!("second:{name}")), shape, &mut optimizer.second[index]);
                }
            }
        }
        if let Some(optimizer) = optimizer {
            optimizer.steps = self.header.steps;
        }
        Ok(problems.into_result(())?)
    }

    /// A hash of the whole file, for provenance.
    #[must_use]
    pub fn hash(&self) -> String {
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&self.bytes))
    }

    /// Checks that a run with these settings would go on where this one stopped.
    ///
    /// # Errors
    /// Every setting that differs.
    pub fn check_same_run(&self, other: &Header) -> Result<()> {
        let mut problems = Problems::new();
        let mut differ = |key: &str, old: Option<&str>, new: Option<&str>| {
            if old != new {
                let word = |value: Option<&str>| value.unwrap_or("nothing").to_owned();
                problems.push(
                    Problem::new(format!(
                        "cannot resume: `{key}` was {}, now it is {}",
                        word(old),
                        word(new)
                    ))
                    .in_file(&self.name)
                    .hint("give the settings that the run began with, or another --out"),
                );
            }
        };
        let (old, new) = (&self.header, other);
        differ("network", Some(&old.network), Some(&new.network));
        differ("dataset", Some(&old.dataset), Some(&new.dataset));
        let keys: std::collections::BTreeSet<&String> =
            old.recipe.keys().chain(new.recipe.keys()).collect();
        for key in keys {
            let (old, new) = (old.recipe.get(key), new.recipe.get(key));
            differ(key, old.map(String::as_str), new.map(String::as_str));
        }
        Ok(problems.into_result(())?)
    }
}
