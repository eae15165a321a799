//! A file of latent weights: one interface over the formats that hold them.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    rename::{Rename, renamed},
    tensor::{LatentTensor, TensorResult, elements},
};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, nearest},
    memory::{self, Held},
    refusals,
};

/// An opened file of latent weights, or tensors from elsewhere.
#[derive(Debug, Clone)]
pub struct LatentFile {
    name: String,
    tensors: BTreeMap<String, TensorResult>,
    /// What the values of a file take, counted while a copy of this lives.
    _held: Option<Arc<Held>>,
}

impl PartialEq for LatentFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.tensors) == (&other.name, &other.tensors)
    }
}

impl LatentFile {
    /// Opens `.safetensors`, `.npz` or `.npy` (one tensor, named as the file).
    ///
    /// # Errors
    /// The file is missing, a directory, of another kind, truncated or hostile.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = read_bytes(path)?;
        // The file is in memory while its values are read from it.
        let name = path.display().to_string();
        let _held = memory::hold(bytes.len() as u64, "the file")
            .map_err(|problem| problem.in_file(&name))?;
        Self::parse(path, &bytes)
    }

    /// Tensors that are in memory; `name` is used in messages.
    ///
    /// # Errors
    /// A shape is too large, or its values do not fill it.
    pub fn of(name: &str, tensors: BTreeMap<String, LatentTensor>) -> Result<Self> {
        for (tensor, LatentTensor { shape, values }) in &tensors {
            let wrong = match elements(shape) {
                Ok(count) if count == values.len() => continue,
                Ok(count) => format!("{} values, {count} expected", values.len()),
                Err(message) => message,
            };
            return Err(Problem::new(format!("tensor `{tensor}`: {wrong}")).in_file(name).into());
        }
        let tensors = tensors.into_iter().map(|(name, tensor)| (name, Ok(tensor))).collect();
        Ok(Self { name: name.to_owned(), tensors, _held: None })
    }

    /// As [`LatentFile::open`] on bytes already read.
    ///
    /// # Errors
    /// As [`LatentFile::open`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let name = path.display().to_string();
        let wrong = |message: String| -> Error { Problem::new(message).in_file(&name).into() };
        if let Some(problem) = refusals::lfs_pointer(bytes).or_else(|| refusals::pickle(bytes)) {
            return Err(problem.in_file(&name).into());
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let tensors = match extension {
            Some("safetensors") => super::safetensors::read(bytes).map_err(wrong)?,
            Some("npz") => super::numpy::read_npz(bytes).map_err(wrong)?,
            Some("npy") => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                BTreeMap::from([(stem, super::numpy::read_npy(bytes))])
            }
            _ => {
                return Err(Problem::new("unknown kind of weight file")
                    .in_file(&name)
                    .hint(match extension {
                        Some("gz") => "unpack it with `gunzip` first",
                        _ => "expected a name ending in `.safetensors`, `.npz` or `.npy`",
                    })
                    .into());
            }
        };
        let taken: usize =
            tensors.values().flatten().map(|tensor| size_of_val(tensor.values.as_slice())).sum();
        let held = memory::hold(taken as u64, "the file's values")
            .map_err(|problem| problem.in_file(&name))?;
        Ok(Self { name, tensors, _held: Some(Arc::new(held)) })
    }

    /// The tensor of a name.
    ///
    /// # Errors
    /// No tensor has the name (the nearest is suggested), or its content is not readable.
    pub fn tensor(&self, name: &str) -> Result<&LatentTensor, Problem> {
        match self.tensors.get(name) {
            Some(Ok(tensor)) => Ok(tensor),
            Some(Err(message)) => {
                Err(Problem::new(format!("tensor `{name}`: {message}")).in_file(&self.name))
            }
            None => {
                let problem = Problem::new(format!("no tensor named `{name}`")).in_file(&self.name);
                Err(match nearest(name, self.tensors.keys().map(String::as_str)) {
                    Some(near) => problem.hint(format!("there is one named `{near}`")),
                    None => problem.hint("set `tensor = \"…\"` on the layer"),
                })
            }
        }
    }

    /// The file with its tensors under other names.
    ///
    /// # Errors
    /// Two tensors get the same name.
    pub fn renamed(mut self, renames: &[Rename]) -> Result<Self> {
        if !renames.is_empty() {
            let tensors = std::mem::take(&mut self.tensors);
            self.tensors = renamed(tensors, renames)
                .map_err(|message| Problem::new(message).in_file(&self.name))?;
        }
        Ok(self)
    }

    /// Names of all tensors, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor, if it is there and readable.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        Some(self.tensors.get(name)?.as_ref().ok()?.shape.as_slice())
    }

    /// The file's name as printed in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Reads a file of bounded size.
///
/// # Errors
/// The file is missing, no file, or takes more memory than is allowed.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new("no such file").in_file(&name).into(),
        _ => Error::io("read", path, error),
    })?;
    if metadata.is_dir() {
        return Err(Problem::new("expected a file, found a directory").in_file(&name).into());
    }
    if !metadata.is_file() {
        return Err(Problem::new("expected a file, found a pipe or device")
            .in_file(&name)
            .hint("weights are read more than once: put them into a file, and name that")
            .into());
    }
    signloop_base::files::read(path)
}
