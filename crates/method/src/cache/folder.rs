//! The folder of entries: what it holds, and how it is kept within its limit.

use std::{
    fs::DirEntry,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde::Serialize;

/// Names of files that are being written.
pub(super) const UNFINISHED: &str = ".unfinished-";
/// Names of entries end in this.
const ENTRY: &str = ".plan";
/// After so long nobody is writing any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// What the folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Contents {
    /// Kept plans.
    pub entries: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// A folder of at most so many bytes of entries. Other files in it are never touched.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    limit_bytes: u64,
    /// Bytes as of now; unknown until something is written, so that reading runs list nothing.
    bytes: Mutex<Option<u64>>,
}

struct Kept {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

impl Contents {
    fn of(kept: &[Kept]) -> Self {
        Self { entries: kept.len() as u64, bytes: kept.iter().map(|entry| entry.bytes).sum() }
    }
}

impl Folder {
    pub(super) fn new(path: PathBuf, limit_bytes: u64) -> Self {
        Self { path, limit_bytes, bytes: Mutex::new(None) }
    }

    /// Where it is; it may not be there yet.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Most bytes of entries.
    #[must_use]
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// Number and bytes of the entries.
    #[must_use]
    pub fn contents(&self) -> Contents {
        Contents::of(&self.list())
    }

    /// Removes every entry, and says what there was. What is being written stays.
    ///
    /// # Errors
    /// An entry cannot be removed.
    pub fn clear(&self) -> io::Result<Contents> {
        let kept = self.list();
        kept.iter().try_for_each(|entry| std::fs::remove_file(&entry.path))?;
        Ok(Contents::of(&kept))
    }

    /// Removes what runs that were killed left half written.
    fn tidy(&self) {
        let now = SystemTime::now();
        for entry in self.named(|name| name.starts_with(UNFINISHED)) {
            let written = entry.metadata().and_then(|data| data.modified());
            let age = written.ok().and_then(|written| now.duration_since(written).ok());
            if age.is_some_and(|age| age > ABANDONED) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    pub(super) fn entry(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}{ENTRY}"))
    }

    /// The folder, made if it was not there.
    pub(super) fn made(&self) -> io::Result<&Path> {
        if !self.path.is_dir() {
            std::fs::create_dir_all(&self.path)?;
        }
        Ok(&self.path)
    }

    /// Notes an entry of so many bytes. Over the limit, entries go, the longest unused first, until
    /// nine tenths of it are left, so that the next ones do not list the folder again.
    pub(super) fn grown(&self, by: u64) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        // An unknown folder is listed once: pruning leaves one within its limit as it is.
        *bytes = Some(match *bytes {
            Some(known) if known + by <= self.limit_bytes => known + by,
            Some(_) => self.prune(),
            None => {
                self.tidy();
                self.prune()
            }
        });
    }

    /// Removes the longest unused entries of a folder over its limit; returns the bytes that are
    /// left.
    fn prune(&self) -> u64 {
        let mut kept = self.list();
        let mut bytes = Contents::of(&kept).bytes;
        if bytes <= self.limit_bytes {
            return bytes;
        }
        kept.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.path.cmp(&b.path)));
        for entry in kept {
            if bytes <= self.limit_bytes / 10 * 9 {
                break;
            }
            if std::fs::remove_file(&entry.path).is_ok() {
                bytes -= entry.bytes;
            }
        }
        bytes
    }

    fn list(&self) -> Vec<Kept> {
        let kept = |entry: DirEntry| {
            let data = entry.metadata().ok()?;
            let used = data.modified().ok()?;
            Some(Kept { used, bytes: data.len(), path: entry.path() })
        };
        self.named(|name| name.ends_with(ENTRY)).filter_map(kept).collect()
    }

    /// Files by name alone: a folder may hold very many.
    fn named(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = DirEntry> {
        std::fs::read_dir(&self.path)
            .into_iter()
            .flatten()
            .flatten()
            .filter(move |entry| wanted(&entry.file_name().to_string_lossy()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// Ten entries of 100 bytes, the first written the longest unused but the third; other files
    /// do not count.
    #[test]
    fn the_longest_unused_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let write = |name: &str, age_hours: u64| {
            std::fs::write(path.join(name), [0; 100]).unwrap();
            let used = SystemTime::now() - Duration::from_secs(3600 * age_hours);
            File::options().write(true).open(path.join(name)).unwrap().set_modified(used).unwrap();
        };
        write("notes.txt", 99);
        let cache = Folder::new(path.to_owned(), 1000);
        for entry in 0..10 {
            write(&format!("{entry}.plan"), if entry == 2 { 1 } else { 50 - entry });
            cache.grown(100);
        }
        assert_eq!(cache.contents(), Contents { entries: 10, bytes: 1000 });
        write("new.plan", 0);
        cache.grown(100);
        // 1100 bytes down to 900: two go.
        assert_eq!(cache.contents(), Contents { entries: 9, bytes: 900 });
        let left = |name: &str| path.join(name).exists();
        assert!(!left("0.plan") && !left("1.plan"));
        assert!(left("2.plan") && left("3.plan") && left("new.plan") && left("notes.txt"));

        // A run that knows nothing of the folder counts it when it first writes.
        let other = Folder::new(path.to_owned(), 500);
        other.grown(100);
        assert_eq!(other.contents().bytes, 400);
        assert_eq!(other.clear().unwrap().entries, 4);
        assert_eq!(cache.contents(), Contents::default());
        assert!(left("notes.txt"));
    }

    #[test]
    fn only_abandoned_files_are_tidied() {
        let folder = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * ABANDONED;
        for (name, age) in
            [(".unfinished-1", Some(old)), (".unfinished-2", None), ("a.plan", Some(old))]
        {
            let file = File::create(folder.path().join(name)).unwrap();
            age.iter().for_each(|age| file.set_modified(*age).unwrap());
        }
        Folder::new(folder.path().to_owned(), 1).grown(0);
        let left = |name: &str| folder.path().join(name).exists();
        assert!(!left(".unfinished-1") && left(".unfinished-2") && left("a.plan"));
    }
}
