//! Results as text, and files that are whole or absent.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use serde::Serialize;

use crate::{Error, Result};

/// A result as indented JSON, ending in a line break.
///
/// # Errors
/// A map key is no text, which none of our types has.
pub fn json(value: &impl Serialize) -> Result<String> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(text + "\n")
}

/// Writes a file through a temporary one in the same folder, then renames it. A link is followed;
/// what is no file (`/dev/null`, a pipe) is written as it is, since a rename would replace it.
///
/// # Errors
/// The folder is missing or full; the old file, if any, is left as it was.
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
    let failed = |error| Error::io("write", path, error);
    let target = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => path.canonicalize().map_err(failed)?,
        Ok(found) if !found.is_dir() => {
            let file = File::options().write(true).open(path).map_err(failed)?;
            let mut writer = BufWriter::new(&file);
            let made = write(&mut writer)?;
            writer.flush().map_err(failed)?;
            return Ok(made);
        }
        _ => path.to_owned(),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // Temporary files are private by default; a result is as readable as any other new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let mut writer = BufWriter::new(file.as_file());
    let made = write(&mut writer)?;
    writer.flush().map_err(failed)?;
    drop(writer);
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(made)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_and_devices_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "old").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        write_atomically(&at("link"), b"new").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(std::fs::read(at("file")).unwrap(), b"new");
        std::os::unix::fs::symlink("/dev/null", at("null")).unwrap();
        write_atomically(&at("null"), b"gone").unwrap();
        assert!(!std::fs::metadata(at("null")).unwrap().is_file());
        assert!(write_atomically(folder.path(), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
