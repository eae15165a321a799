//! Where trainings are done, so that an interrupted run goes on.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use signloop_base::{Error, Result};

/// A room for trainings, and who hears of each that ends.
pub struct Work {
    /// Folder that outlives the run; each training has one of its own that is gone after it, if
    /// absent.
    folder: Option<PathBuf>,
    tell: Box<dyn Fn(&str) + Send + Sync>,
}

/// The folder of one training.
pub(super) enum Room {
    /// Kept: a training goes on from its last epoch.
    Kept(PathBuf),
    /// Gone when dropped.
    Passing(TempDir),
}

impl Room {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(folder) => folder.path(),
        }
    }
}

impl Work {
    /// Works in a folder, or without one that is kept; `tell` hears the name of each training that
    /// ends.
    pub fn new(folder: Option<PathBuf>, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { folder, tell: Box::new(tell) }
    }

    /// The folder of a training of a name, which must be of that training alone.
    pub(super) fn room(&self, name: &str) -> Result<Room> {
        let Some(folder) = &self.folder else {
            let made = tempfile::tempdir();
            let made = made.map_err(|error| Error::io("create", &std::env::temp_dir(), error))?;
            return Ok(Room::Passing(made));
        };
        let path = folder.join(name);
        std::fs::create_dir_all(&path).map_err(|error| Error::io("create", &path, error))?;
        Ok(Room::Kept(path))
    }

    pub(super) fn ended(&self, name: &str) {
        (self.tell)(name);
    }
}
