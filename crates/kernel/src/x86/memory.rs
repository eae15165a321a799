//! Executable memory: written first, then executable and never again writable.

#![expect(unsafe_code, reason = "mmap, mprotect and munmap have no safe form")]

use std::{ptr::NonNull, slice};

use signloop_base::{Error, Result};

/// A mapping with machine code. Its pages are readable and executable, not writable.
#[derive(Debug)]
pub struct Executable {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping is owned by this value alone and no one writes to it after `new`.
unsafe impl Send for Executable {}
// SAFETY: as above; shared references only read or execute the pages.
unsafe impl Sync for Executable {}

impl Executable {
    /// Copies code to fresh pages and makes them executable.
    ///
    /// # Errors
    /// The system grants no pages, or forbids executable ones (a hardened kernel may).
    pub fn new(code: &[u8]) -> Result<Self> {
        let failed = |action| {
            Error::io(action, std::path::Path::new("code memory"), std::io::Error::last_os_error())
        };
        let length = code.len().max(1).next_multiple_of(4096);
        // SAFETY: an anonymous private mapping at an address of the kernel's choice touches no
        // memory of this process.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        let start = NonNull::new(start.cast::<u8>())
            .filter(|start| start.as_ptr().cast() != libc::MAP_FAILED)
            .ok_or_else(|| failed("map"))?;
        let mapping = Self { start, length };
        // SAFETY: the mapping is at least `code.len()` bytes long, writable, and ours alone.
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), start.as_ptr(), code.len()) };
        // SAFETY: start and length are those of the mapping.
        let sealed = unsafe {
            libc::mprotect(start.as_ptr().cast(), length, libc::PROT_READ | libc::PROT_EXEC)
        };
        if sealed == 0 { Ok(mapping) } else { Err(failed("make executable")) }
    }

    /// The code.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping is readable and lives as long as `self`.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// The address of an offset.
    #[must_use]
    pub fn at(&self, offset: usize) -> *const u8 {
        self.bytes()[offset..].as_ptr()
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        // SAFETY: start and length are those of the mapping, and no borrow outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}
