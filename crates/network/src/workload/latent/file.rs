//! A file of latent weights: one interface over the formats that hold them.

use std::{collections::BTreeMap, path::Path};

use super::{
    rename::{Rename, renamed},
    tensor::{LatentTensor, TensorResult, elements},
};
use signloop_base::{
    Error, Result,
    diagnostics::{Problem, nearest},
};

/// Largest weight file that is read.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// An opened file of latent weights, or tensors from elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentFile {
    name: String,
    tensors: BTreeMap<String, TensorResult>,
}

impl LatentFile {
    /// Opens `.safetensors`, `.npz` or `.npy` (one tensor, named as the file).
    ///
    /// # Errors
    /// The file is missing, a directory, of another kind, truncated or hostile.
    pub fn open(path: &Path) -> Result<Self> {
        Self::parse(path, &read_bytes(path)?)
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
        Ok(Self { name: name.to_owned(), tensors })
    }

    /// As [`LatentFile::open`] on bytes already read.
    ///
    /// # Errors
    /// As [`LatentFile::open`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let name = path.display().to_string();
        let wrong = |message: String| -> Error { Problem::new(message).in_file(&name).into() };
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
                    .hint("expected a name ending in `.safetensors`, `.npz` or `.npy`")
                    .into());
            }
        };
        Ok(Self { name, tensors })
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
/// The file is missing, a directory, or too large.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new("no such file").in_file(&name).into(),
        _ => Error::io("read", path, error),
    })?;
    if metadata.is_dir() {
        return Err(Problem::new("expected a file, found a directory").in_file(&name).into());
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(Problem::new("the file is larger than 4 GiB").in_file(&name).into());
    }
    signloop_base::files::read(path)
}
