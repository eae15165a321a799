//! Long work beside a thread that listens for Ctrl-C and calls back into Python.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use pyo3::{
    prelude::*,
    types::{PyAnyMethods, PyModule},
};
use signloop::{Error, Result};

use crate::errors::{OrRaise, fault};

/// Shortest and longest pause between two looks at the work.
const PAUSES: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(20));

/// Runs `work` on a thread of its own with the interpreter lock released. Meanwhile `look` is
/// called with the lock, and signals are handled. An exception of either raises the flag that
/// `work` is given, and is raised once the work has ended.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send,
    mut look: impl FnMut(Python<'_>) -> PyResult<()>,
) -> PyResult<T> {
    let stop = AtomicBool::new(false);
    let mut raised = None;
    let outcome = thread::scope(|scope| {
        let worker = scope.spawn(|| work(&stop));
        let mut pause = PAUSES.0;
        while !worker.is_finished() {
            py.detach(|| thread::sleep(pause));
            pause = (pause * 2).min(PAUSES.1);
            if raised.is_none()
                && let Err(exception) = py.check_signals().and_then(|()| look(py))
            {
                raised = Some(exception);
                stop.store(true, Ordering::Relaxed);
            }
        }
        worker.join()
    });
    match (raised, outcome) {
        (_, Err(panic)) => Err(fault(&*panic)),
        (Some(exception), _) => Err(exception),
        (None, Ok(outcome)) => {
            let value = outcome.or_raise()?;
            look(py)?;
            Ok(value)
        }
    }
}

/// What is done and all there is to do, as the threads of a piece of work count it.
#[derive(Default)]
pub(crate) struct Counts {
    done: AtomicU64,
    all: AtomicU64,
}

impl Counts {
    /// So much is to do.
    pub(crate) fn expect(&self, all: u64) {
        self.all.store(all, Ordering::Relaxed);
    }

    /// So much more is done.
    pub(crate) fn add(&self, more: u64) {
        self.done.fetch_add(more, Ordering::Relaxed);
    }

    /// For [`watched`]: calls `progress`, if there is one, when a number is another than before.
    pub(crate) fn teller<'py>(
        &self,
        progress: Option<Bound<'py, PyAny>>,
    ) -> impl FnMut(Python<'_>) -> PyResult<()> + use<'_, 'py> {
        let mut told = None;
        move |_| {
            let now = (self.done.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed));
            if let Some(progress) = progress.as_ref().filter(|_| told != Some(now)) {
                told = Some(now);
                progress.call1(now)?;
            }
            Ok(())
        }
    }
}

/// Ends the work where the flag is up.
pub(crate) fn go_on(stop: &AtomicBool) -> Result<()> {
    if stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
}

/// A result of the library as Python reads its JSON: the same keys, in the same order.
pub(crate) fn loaded<'py>(
    py: Python<'py>,
    value: &impl serde::Serialize,
) -> PyResult<Bound<'py, PyAny>> {
    let text = signloop::report::json(value).or_raise()?;
    PyModule::import(py, "json")?.call_method1("loads", (text,))
}
