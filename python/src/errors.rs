//! The library's errors as Python exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::{
    create_exception,
    exceptions::{PyException, PyKeyboardInterrupt},
    prelude::*,
    types::{PyDict, PyList},
};
use signloop::{Error as LibraryError, base::diagnostics::Problem};

create_exception!(
    signloop,
    Error,
    PyException,
    "Wrong input, with the text that the command line prints.\n\n`problems` lists what is wrong as \
     dicts: `message`, `file`, `line`, `column` (counted from 1; None where there is none) and \
     `hints`."
);

/// An exception for any of the library's errors.
pub(crate) fn raised(error: impl Into<LibraryError>) -> PyErr {
    let error = error.into();
    let problems = match &error {
        LibraryError::Interrupted => return PyKeyboardInterrupt::new_err(()),
        LibraryError::Input(problems) => problems.iter().cloned().collect(),
        other => vec![Problem::new(other.to_string())],
    };
    Python::attach(|py| {
        let raised = Error::new_err(error.to_string());
        let listed = problems.iter().map(|problem| described(py, problem));
        let attached = listed
            .collect::<PyResult<Vec<_>>>()
            .and_then(|listed| raised.value(py).setattr("problems", PyList::new(py, listed)?));
        attached.err().unwrap_or(raised)
    })
}

/// The exception for a panic: a fault of the tool, which `except Exception` has to catch.
pub(crate) fn fault(panic: &(dyn std::any::Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    raised(LibraryError::Internal(text.unwrap_or("a panic without a message").to_owned()))
}

/// Runs what may panic; the panic becomes an exception.
pub(crate) fn caught<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // What a panic leaves half done is dropped with the call.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(fault(&*panic)))
}

fn described<'py>(py: Python<'py>, problem: &Problem) -> PyResult<Bound<'py, PyDict>> {
    let place = problem.place();
    let position = place.and_then(|(_, position)| position);
    let found = PyDict::new(py);
    found.set_item("message", problem.message())?;
    found.set_item("file", place.map(|(file, _)| file))?;
    found.set_item("line", position.map(|(line, _)| line))?;
    found.set_item("column", position.map(|(_, column)| column))?;
    found.set_item("hints", problem.hints())?;
    Ok(found)
}

/// A result of the library as one of Python.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self) -> PyResult<T>;
}

impl<T, E: Into<LibraryError>> OrRaise<T> for Result<T, E> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(raised)
    }
}
