//! Ctrl-C.

use std::sync::{Arc, atomic::AtomicBool};

use crate::{Error, Result};

/// A flag that the first Ctrl-C raises; a second one ends the process at once.
pub(super) fn stop_on_interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    {
        use signal_hook::{consts::SIGINT, flag};
        // In this order the first signal finds the flag down and only raises it.
        flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&stop))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&stop)))
            .map_err(|error| Error::Internal(format!("no signal handler: {error}")))?;
    }
    Ok(stop)
}
