//! Checkpoints: a safetensors file with weights, optimiser moments, epoch and seed.
//!
//! Tensors: every parameter under its own name; `first:NAME` and `second:NAME` are the
//! optimiser's moments. The metadata key `signloop` holds the rest as JSON. Random numbers are a
//! function of seed, epoch and image, so epoch and seed are the whole state of the generators.
//! A checksum in that JSON covers the rest of it and every tensor with its name and shape.

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
const VERSION: u32 = 2;

/// Largest checkpoint that is read.
const MAX_BYTES: u64 = 4 << 30;

/// What a checkpoint says besides its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// XXH3 of all else that the file says, in hexadecimal.
    checksum: String,
}

/// Shape and bytes of every tensor, by name.
type Tensors<'a> = BTreeMap<&'a str, (&'a [usize], &'a [u8])>;

/// The checksum of a header, whatever it says of it itself, and its tensors.
fn checksum(header: &Header, tensors: &Tensors<'_>) -> Result<String> {
    let header = Header { checksum: String::new(), ..header.clone() };
    let text = serde_json::to_vec(&header).map_err(|error| Error::Internal(error.to_string()))?;
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    let mut part = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(&text);
    for (name, (shape, data)) in tensors {
        part(name.as_bytes());
        let shape: Vec<u8> = shape.iter().flat_map(|size| (*size as u64).to_le_bytes()).collect();
        part(&shape);
        part(data);
    }
    Ok(format!("{:032x}", hash.digest128()))
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
            checksum: String::new(),
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
    let content: Tensors<'_> = tensors
        .iter()
        .map(|(name, shape, data)| (name.as_str(), (shape.as_slice(), data.as_slice())))
        .collect();
    let header = Header { checksum: checksum(header, &content)?, ..header.clone() };
    let text = serde_json::to_string(&header).map_err(|error| internal(&error))?;
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
        let content = SafeTensors::deserialize(&bytes)
            .map_err(|error| wrong(format!("not a safetensors file: {error}")))?;
        let views = content.tensors();
        let mut tensors = Tensors::new();
        for (name, view) in &views {
            if view.dtype() != Dtype::F32 {
                return Err(wrong(format!("the tensor `{name}` holds no F32 values")));
            }
            tensors.insert(name, (view.shape(), view.data()));
        }
        if checksum(&header, &tensors)? != header.checksum {
            return Err(Problem::new("the checkpoint is not as it was written")
                .in_file(&name)
                .hint("take an earlier copy, or train again into another --out")
                .into());
        }
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

    /// Checks that epochs, updates and log belong together: so many updates an epoch, a row each.
    ///
    /// # Errors
    /// They contradict each other, or are more than the whole run has.
    pub fn check_counters(&self, steps_an_epoch: u64, epochs: u64) -> Result<()> {
        let Header { epoch, steps, log, .. } = &self.header;
        let numbered = log.iter().zip(1..).all(|(row, number)| row.epoch == number);
        if *epoch == 0
            || *epoch > epochs
            || log.len() as u64 != *epoch
            || !numbered
            || epoch.checked_mul(steps_an_epoch) != Some(*steps)
        {
            let message = format!(
                "{epoch} epochs, {steps} updates and {} rows of the log do not belong together in \
                 a run of {epochs} epochs of {steps_an_epoch} updates",
                log.len()
            );
            return Err(Problem::new(message)
                .in_file(&self.name)
                .hint("take an earlier copy, or train again into another --out")
                .into());
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use rand_core::{Rng as _, SeedableRng as _};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::optimizer::Rule;

    fn row(epoch: u64) -> Row {
        Row {
            epoch,
            learning_rate: 0.003,
            train_loss: 0.1 + 0.2,
            train_accuracy: 0.5,
            test_loss: 1.25,
            test_accuracy: 0.625,
            density: 0.35,
            images_per_second: None,
        }
    }

    fn parameters() -> Vec<Parameter> {
        let mut weight = Parameter::filled("w".into(), vec![2, 3], 0.25, Role::Weight);
        weight.gradient = vec![0.0; 6];
        vec![weight, Parameter::filled("m".into(), vec![2], 1.0, Role::Statistic)]
    }

    /// Two epochs of four updates.
    fn written() -> (Header, Vec<u8>) {
        let recipe = BTreeMap::from([("seed".to_owned(), "1".to_owned())]);
        let mut header = Header::new("net", "data", recipe);
        (header.epoch, header.steps, header.log) = (2, 8, vec![row(1), row(2)]);
        let parameters = parameters();
        let optimizer = Optimizer::new(Rule::Adam, 0.0, false, &parameters);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        write(&path, &header, &parameters, &optimizer).unwrap();
        (header, std::fs::read(&path).unwrap())
    }

    fn values(checkpoint: &Checkpoint) -> Result<Vec<Vec<f32>>> {
        let mut parameters = parameters();
        parameters.iter_mut().for_each(|parameter| parameter.values.fill(7.0));
        let mut optimizer = Optimizer::new(Rule::Adam, 0.0, false, &parameters);
        checkpoint.restore(&mut parameters, Some(&mut optimizer))?;
        let values = parameters.into_iter().map(|parameter| parameter.values);
        Ok(values.chain(optimizer.first).chain(optimizer.second).collect())
    }

    /// A thousand bytes changed: refused, or the same run.
    #[test]
    fn a_changed_byte_is_found() {
        let (_, bytes) = written();
        let sound = Checkpoint::parse("sound".into(), bytes.clone()).unwrap();
        sound.check_counters(4, 2).unwrap();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut refused = 0;
        for _ in 0..1000 {
            let mut changed = bytes.clone();
            let place = random.next_u64() as usize % changed.len();
            changed[place] ^= 1 + (random.next_u64() % 255) as u8;
            let Ok(found) = Checkpoint::parse("changed".into(), changed) else {
                refused += 1;
                continue;
            };
            assert_eq!(found.header, sound.header);
            assert_eq!(values(&found).unwrap(), values(&sound).unwrap());
        }
        assert!(refused > 900, "{refused}");
    }

    /// Counters that contradict each other are refused, whatever the checksum says.
    #[test]
    fn counters_belong_together() {
        let (sound, bytes) = written();
        let opened = Checkpoint::parse("sound".into(), bytes).unwrap();
        for (epoch, steps, rows) in
            [(3, 8, 2), (2, 9, 2), (2, u64::MAX, 2), (u64::MAX, 8, 2), (2, 8, 1), (0, 0, 0)]
        {
            let header = Header {
                epoch,
                steps,
                log: sound.log[..rows].to_vec(),
                checksum: String::new(),
                ..sound.clone()
            };
            let checkpoint = Checkpoint { header, name: "c".into(), bytes: opened.bytes.clone() };
            assert!(checkpoint.check_counters(4, 2).is_err(), "{epoch} {steps} {rows}");
        }
        assert!(opened.check_counters(4, 1).is_err(), "more epochs than the run has");
    }
}
