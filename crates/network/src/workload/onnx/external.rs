//! Values of tensors in files beside the model.

use std::{
    collections::BTreeMap,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Component, Path, PathBuf},
};

use super::refusal::{Refusal, refuse};
use signloop_base::files;

/// The folder of the model, and how much was read of the files in it.
#[derive(Debug, Default)]
pub(super) struct External {
    folder: Option<PathBuf>,
    /// Length of each file, and how many bytes of it tensors have taken.
    files: BTreeMap<PathBuf, (u64, u64)>,
}

/// How often the bytes of a file may be taken: tied weights are stored once and named twice.
const MOST_READERS: u64 = 4;

/// Most bytes of one external file.
const MAX_FILE_BYTES: u64 = 16 << 30;

impl External {
    /// Files in a folder; without one, external values are refused.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        // The folder of `model.onnx` is the empty path: the current one.
        let folder = folder.map(|folder| match folder.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => folder.to_owned(),
        });
        Self { folder, files: BTreeMap::new() }
    }

    /// Bytes of all files that were read.
    pub(super) fn bytes(&self) -> u64 {
        self.files.values().map(|(length, _)| *length).sum()
    }

    /// The bytes that a tensor's entries `location`, `offset` and `length` name; `expected` is what
    /// its shape needs.
    pub(super) fn read(
        &mut self,
        entries: &BTreeMap<String, String>,
        expected: u64,
    ) -> Result<Vec<u8>, Refusal> {
        let Some(location) = entries.get("location") else {
            return Err("its values are external, but no `location` says where".into());
        };
        let number = |key: &str, default: u64| match entries.get(key) {
            None => Ok(default),
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| Refusal::from(format!("its external `{key}` is `{text}`"))),
        };
        let offset = number("offset", 0)?;
        let length = number("length", expected)?;
        if length != expected {
            return Err(format!(
                "its external `length` is {length} bytes, its shape and type need {expected}"
            )
            .into());
        }
        let path = self.place(location)?;
        let failed = |error: std::io::Error| Refusal {
            why: format!("its values lie in `{location}`, which cannot be read: {error}"),
            todo: format!("put `{location}` beside the model, under the folders of its name"),
        };
        let (size, taken) = match self.files.get(&path) {
            Some(found) => *found,
            None => (std::fs::metadata(&path).map_err(failed)?.len(), 0),
        };
        if size > MAX_FILE_BYTES {
            return refuse(
                format!("`{location}` is larger than {} GiB", MAX_FILE_BYTES >> 30),
                "import a part of the model: `onnx.utils.extract_model` cuts one out",
            );
        }
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return refuse(
                format!(
                    "it wants bytes {offset} to {offset}+{length} of `{location}`, which has {size}"
                ),
                format!("`{location}` is cut off or of another model: copy it again"),
            );
        }
        let taken = taken.saturating_add(length);
        if taken > size.saturating_mul(MOST_READERS) {
            return Err(
                format!("more than {MOST_READERS} tensors share bytes of `{location}`").into()
            );
        }
        self.files.insert(path.clone(), (size, taken));
        let mut bytes = Vec::new();
        let mut file = files::open(&path).map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// The file of a location, if it is a plain file in the folder of the model or below.
    fn place(&self, location: &str) -> Result<PathBuf, Refusal> {
        let Some(folder) = &self.folder else {
            return refuse(
                format!("its values lie in `{location}`, and the model was given as bytes"),
                "give the model's path, so that the files beside it are found",
            );
        };
        let inside = || {
            refuse(
                format!("its values lie in `{location}`, outside the folder of the model"),
                "save it again with `onnx.save_model(model, path, save_as_external_data=True)`, \
                 which puts them beside the model",
            )
        };
        let named = Path::new(location);
        let mut parts = named.components().filter(|part| *part != Component::CurDir).peekable();
        if parts.peek().is_none() || !parts.all(|part| matches!(part, Component::Normal(_))) {
            return inside();
        }
        let path = folder.join(named);
        let found = match (path.canonicalize(), folder.canonicalize()) {
            (Ok(path), Ok(folder)) if path.starts_with(&folder) => path,
            (Ok(_), Ok(_)) => return inside(),
            (Err(error), _) | (_, Err(error)) => {
                return refuse(
                    format!("its values lie in `{location}`, which cannot be read: {error}"),
                    format!("put `{location}` beside the model"),
                );
            }
        };
        if !found.is_file() {
            return refuse(
                format!("its values lie in `{location}`, which is no plain file"),
                format!("put the file `{location}` itself beside the model"),
            );
        }
        Ok(found)
    }
}
