//! Files: what a command reads is remembered, and what it writes is whole or absent, and never one
//! of the files that it reads.
//!
//! Every reader goes through [`open`] or [`read`], which note the file by its identity (device and
//! number, not its name: links and other spellings of a path are the same file). Every writer goes
//! through [`write_atomically`], [`write_together`] or [`create_own`], which refuse a noted file, a
//! link to nothing, and a file that its owner made read-only. Notes last as long as a
//! [`Command`] is alive; without one nothing is noted, so that a library's user may write today what
//! was read yesterday.

use std::{
    collections::HashMap,
    fs::{File, Metadata, OpenOptions},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{Error, Result, diagnostics::Problem, memory};

/// The files that are being used as inputs.
#[derive(Default)]
struct Inputs {
    /// Commands that are alive.
    commands: usize,
    /// Noted files, with the path that each was read by.
    noted: HashMap<Identity, PathBuf>,
}

static INPUTS: Mutex<Option<Inputs>> = Mutex::new(None);

fn inputs() -> MutexGuard<'static, Option<Inputs>> {
    INPUTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a file is, however it is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity(#[cfg(unix)] (u64, u64), #[cfg(not(unix))] PathBuf);

impl Identity {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems have to ask for it")]
    fn of(_: &Path, found: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self((found.dev(), found.ino())))
    }

    #[cfg(not(unix))]
    fn of(path: &Path, _: &Metadata) -> Option<Self> {
        path.canonicalize().ok().map(Self)
    }
}

/// A command that is running: while it lives, what is read is protected.
#[derive(Debug)]
pub struct Command(());

impl Command {
    /// Begins to note what is read.
    #[must_use = "files are protected while the guard lives"]
    pub fn begin() -> Self {
        inputs().get_or_insert_with(Inputs::default).commands += 1;
        Self(())
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        let mut inputs = inputs();
        if let Some(held) = inputs.as_mut() {
            held.commands -= 1;
            if held.commands == 0 {
                *inputs = None;
            }
        }
    }
}

/// Notes a file that something else reads, so that it is not written.
pub fn note(path: &Path) {
    if let Ok(found) = std::fs::metadata(path) {
        note_found(path, &found);
    }
}

fn note_found(path: &Path, found: &Metadata) {
    // Devices and pipes hold nothing that a write would destroy.
    if !found.is_file() {
        return;
    }
    if let (Some(inputs), Some(identity)) = (inputs().as_mut(), Identity::of(path, found)) {
        inputs.noted.entry(identity).or_insert_with(|| path.to_owned());
    }
}

/// Opens a file to be read, and notes it.
///
/// # Errors
/// As those of [`File::open`].
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    note_found(path, &file.metadata()?);
    Ok(file)
}

/// The bytes of a file, which is noted. A pipe or device, whose length nobody knows, is read as
/// long as it gives no more than a quarter of the command's memory.
///
/// # Errors
/// The file cannot be read, or takes more memory than is allowed.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let refused = |problem: Problem| Error::from(problem.in_file(&path.display().to_string()));
    let found = std::fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
    memory::may_take(found.len(), "the file").map_err(refused)?;
    let most = if found.is_file() { memory::left() } else { memory::left() / 4 };
    let bytes = read_at_most(path, most)?;
    bytes.ok_or_else(|| refused(memory::too_much("the content of this file, pipe or device")))
}

/// The bytes of a file, which is noted, or nothing where it gives more than `most`.
///
/// # Errors
/// The file cannot be read.
pub fn read_at_most(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    open(path)
        .and_then(|file| memory::read_at_most(file, most))
        .map_err(|error| Error::io("read", path, error))
}

/// Where a write to a path goes.
enum Target {
    /// Nothing is there yet.
    New(PathBuf),
    /// A file is replaced, which links were followed to.
    Old(PathBuf, Metadata),
    /// A device or pipe is written as it is.
    Stream,
}

fn refused(path: &Path, why: &str, hint: &str) -> Error {
    Problem::new(format!("`{}` is not written: {why}", path.display())).hint(hint).into()
}

fn target(path: &Path) -> Result<Target> {
    let failed = |error| Error::io("write", path, error);
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(_) if path.is_symlink() => {
            return Err(refused(path, "it is a link to nothing", "name the file itself"));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Target::New(path.to_owned()));
        }
        Err(error) => return Err(failed(error)),
    };
    if found.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if !found.is_file() {
        return Ok(Target::Stream);
    }
    let input = Identity::of(path, &found)
        .and_then(|identity| inputs().as_ref().and_then(|held| held.noted.get(&identity).cloned()));
    if let Some(input) = input {
        let message = format!(
            "`{}` would be written over, and this command reads it{}",
            path.display(),
            if input == path { String::new() } else { format!(" as `{}`", input.display()) }
        );
        return Err(Problem::new(message).hint("name another file to write").into());
    }
    if found.permissions().readonly() {
        return Err(refused(path, "it is read-only", "name another file, or make it writable"));
    }
    Ok(Target::Old(path.canonicalize().map_err(failed)?, found))
}

/// Whether a file may be written, asked before long work; each write asks again.
///
/// # Errors
/// This command reads the file; it is read-only, a folder, or a link to nothing; its folder is
/// missing.
pub fn may_write(path: &Path) -> Result<()> {
    if let Target::New(path) = target(path)? {
        let folder = folder_of(&path);
        if !folder.is_dir() {
            let missing = io::Error::from(io::ErrorKind::NotFound);
            return Err(Error::io("write", &path, missing));
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that was written beside its place and waits to be put there.
struct Staged {
    file: tempfile::NamedTempFile,
    place: PathBuf,
    /// The path as given, for messages.
    path: PathBuf,
}

impl Staged {
    fn new<T>(
        path: &Path,
        write: impl FnOnce(&mut BufWriter<&File>) -> Result<T>,
    ) -> Result<(Option<Self>, T)> {
        let failed = |error| Error::io("write", path, error);
        let (place, mode) = match target(path)? {
            Target::Stream => {
                let file = File::options().write(true).open(path).map_err(failed)?;
                let mut writer = BufWriter::new(&file);
                let made = write(&mut writer)?;
                writer.flush().map_err(failed)?;
                drop(writer);
                return Ok((None, made));
            }
            Target::New(place) => (place, None),
            Target::Old(place, found) => (place, Some(found.permissions())),
        };
        let mut builder = tempfile::Builder::new();
        // Temporary files are private by default; a result is as readable as any other new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder_of(&place)).map_err(failed)?;
        let mut writer = BufWriter::new(file.as_file());
        let made = write(&mut writer)?;
        writer.flush().map_err(failed)?;
        drop(writer);
        if let Some(mode) = mode {
            file.as_file().set_permissions(mode).map_err(failed)?;
        }
        file.as_file().sync_all().map_err(failed)?;
        Ok((Some(Self { file, place, path: path.to_owned() }), made))
    }

    fn persist(self) -> Result<()> {
        // Asked once more: the command may have read it since.
        target(&self.path)?;
        self.file
            .persist(&self.place)
            .map_err(|error| Error::io("write", &self.path, error.error))?;
        Ok(())
    }
}

/// Writes a file through a temporary one in the same folder, then renames it. A link is followed;
/// what is no file (`/dev/null`, a pipe) is written as it is, since a rename would replace it. A
/// file that is replaced hands on its permissions.
///
/// # Errors
/// The folder is missing or full, or the file may not be written ([`may_write`]); the old file, if
/// any, is left as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomically_with(path, |file| {
        file.write_all(bytes).map_err(|error| Error::io("write", path, error))
    })
}

/// As [`write_atomically`], with content that `write` makes piece by piece.
///
/// # Errors
/// As [`write_atomically`], and those of `write`.
pub fn write_atomically_with<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<T>,
) -> Result<T> {
    let (staged, made) = Staged::new(path, write)?;
    staged.map_or(Ok(()), Staged::persist)?;
    Ok(made)
}

/// Writes several files, all or none: every one is whole beside its place before the first is put
/// there. `folder`, if given, is made where it is missing, and removed again if anything fails.
///
/// # Errors
/// As [`write_atomically`], for any of the files.
pub fn write_together(folder: Option<&Path>, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let missing = folder.filter(|folder| !folder.exists());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))?;
    }
    let written =
        stage_all(files).and_then(|staged| staged.into_iter().try_for_each(Staged::persist));
    if let (Err(_), Some(folder)) = (&written, missing) {
        // Fails, as it should, if somebody else put a file there.
        let _ = std::fs::remove_dir(folder);
    }
    written
}

fn stage_all(files: &[(PathBuf, Vec<u8>)]) -> Result<Vec<Staged>> {
    for (path, _) in files {
        target(path)?;
    }
    let mut staged = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        let (one, ()) = Staged::new(path, |file| {
            file.write_all(bytes).map_err(|error| Error::io("write", path, error))
        })?;
        staged.extend(one);
    }
    Ok(staged)
}

/// Opens a file of this program's own, such as a journal, to be read and written. A new one is
/// created exclusively; one that is there must be a plain file, not a link, that no command reads.
/// Tells whether it is new.
///
/// # Errors
/// Something else is in the way, or the file cannot be opened.
pub fn create_own(path: &Path) -> Result<(File, bool)> {
    let failed = |error| Error::io("open", path, error);
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.clone().create_new(true).open(path) {
        Ok(file) => return Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let found = std::fs::symlink_metadata(path).map_err(failed)?;
    if !found.is_file() {
        return Err(refused(path, "something else is in the way", "move it, or write elsewhere"));
    }
    target(path)?;
    Ok((options.open(path).map_err(failed)?, false))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// Commands are counted for the whole process, and tests run side by side: one at a time.
    static ALONE: Mutex<()> = Mutex::new(());

    fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn links_are_followed_and_devices_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "old").unwrap();
        symlink("file", at("link")).unwrap();
        write_atomically(&at("link"), b"new").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(std::fs::read(at("file")).unwrap(), b"new");
        symlink("/dev/null", at("null")).unwrap();
        write_atomically(&at("null"), b"gone").unwrap();
        assert!(!std::fs::metadata(at("null")).unwrap().is_file());
        assert!(write_atomically(folder.path(), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_a_command_reads_is_kept_whatever_its_name() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("input"), "kept").unwrap();
        symlink("input", at("link")).unwrap();
        std::fs::hard_link(at("input"), at("twin")).unwrap();
        let command = Command::begin();
        assert_eq!(read(&at("input")).unwrap(), b"kept");
        for name in ["input", "link", "twin", "./input"] {
            assert!(may_write(&at(name)).is_err(), "{name}");
            let told = write_atomically(&at(name), b"lost").unwrap_err().to_string();
            assert!(told.contains("this command reads it"), "{told}");
            assert!(create_own(&at(name)).is_err(), "{name}");
            let all = [(at("other"), b"x".to_vec()), (at(name), b"lost".to_vec())];
            assert!(write_together(None, &all).is_err(), "{name}");
        }
        assert_eq!(std::fs::read(at("input")).unwrap(), b"kept");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
        drop(command);
        write_atomically(&at("input"), b"new").unwrap();
        assert_eq!(std::fs::read(at("input")).unwrap(), b"new");
    }

    #[test]
    fn a_file_read_while_another_is_written_is_kept() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input");
        std::fs::write(&path, "kept").unwrap();
        let _command = Command::begin();
        let written = write_atomically_with(&path, |_| read(&path));
        assert!(written.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"kept");
    }

    #[test]
    fn modes_are_kept_and_read_only_files_and_dangling_links_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = |name: &str| std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
        let set = |name: &str, mode| {
            std::fs::set_permissions(at(name), PermissionsExt::from_mode(mode)).unwrap();
        };
        std::fs::write(at("private"), "old").unwrap();
        set("private", 0o640);
        write_atomically(&at("private"), b"new").unwrap();
        assert_eq!(mode("private"), 0o640);
        set("private", 0o440);
        assert!(write_atomically(&at("private"), b"lost").is_err());
        assert_eq!(std::fs::read(at("private")).unwrap(), b"new");
        symlink("nowhere", at("dangling")).unwrap();
        assert!(write_atomically(&at("dangling"), b"x").is_err());
        assert!(create_own(&at("dangling")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn own_files_are_new_or_plain() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(create_own(&at("own")).unwrap().1);
        assert!(!create_own(&at("own")).unwrap().1);
        std::fs::write(at("victim"), "precious").unwrap();
        symlink("victim", at("link")).unwrap();
        assert!(create_own(&at("link")).is_err());
        assert!(create_own(folder.path()).is_err());
        assert_eq!(std::fs::read(at("victim")).unwrap(), b"precious");
    }

    #[test]
    fn several_files_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let file = |name: &str| (made.join(name), name.as_bytes().to_vec());
        let nested = made.join("missing").join("c");
        assert!(write_together(Some(&made), &[file("a"), (nested, Vec::new())]).is_err());
        assert!(!made.exists());
        write_together(Some(&made), &[file("a"), file("b")]).unwrap();
        assert_eq!(std::fs::read(made.join("b")).unwrap(), b"b");
    }
}
