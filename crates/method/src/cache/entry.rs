//! Opening an entry: only a plain file of the same user, and without waiting for anybody.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// Opens an entry for reading.
///
/// # Errors
/// Nothing is there, or something else than a plain file of this user or of the system's: a link,
/// a pipe, a file that somebody else may change at any time.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // A pipe without a writer would be waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || !is_own(&found) {
        return Err(io::Error::other("no plain file of this user"));
    }
    Ok(file)
}

#[cfg(unix)]
fn is_own(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.uid() == 0 || found.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &std::fs::Metadata) -> bool {
    true
}
