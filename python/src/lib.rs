//! Python bindings of signloop: the functions of the package's `_native` module.
//!
//! The package's Python files document and type what they hand on; here arguments become the
//! library's types, results become what `json.loads` makes of the library's JSON, and work runs
//! with the interpreter lock released.

mod arrays;
mod catalogue;
mod errors;
mod kernel;
mod network;
mod quantize;
mod simulate;
mod sweep;
mod train;
mod watch;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{
        catalogue::catalogue,
        errors::Error,
        kernel::NativeKernel,
        network::{Network, import_onnx, read_network},
        quantize::quantize,
        simulate::{simulate, stats},
        sweep::{merge, sweep, sweep_rows},
        train::train,
    };

    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
