//! Pinning of the calling thread.

#![expect(unsafe_code, reason = "sched_setaffinity has no safe form")]

/// Pins the calling thread to the processor that it runs on now; its number, or `None` where that
/// is not possible.
#[must_use]
pub fn pin() -> Option<usize> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: no arguments, no memory.
        let processor = usize::try_from(unsafe { libc::sched_getcpu() }).ok()?;
        // SAFETY: an all-zero set is valid and empty.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        if processor >= libc::CPU_SETSIZE as usize {
            return None;
        }
        // SAFETY: the number is below the set's size.
        unsafe { libc::CPU_SET(processor, &mut set) };
        // SAFETY: the set outlives the call and its size is given.
        let done = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) };
        (done == 0).then_some(processor)
    }
    #[cfg(not(target_os = "linux"))]
    None
}
