//! What comes with the package.

use pyo3::{prelude::*, types::PyDict};
use signloop::{
    machine as arch,
    method::registry,
    network::{quant::Scheme, workload},
};

/// Names and descriptions of what is shipped, by kind.
#[pyfunction]
pub(crate) fn catalogue(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let described = |files: &'static [(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        files.iter().map(|(name, text)| (*name, workload::described(text))).collect()
    };
    let found = PyDict::new(py);
    found.set_item("archs", described(arch::shipped()))?;
    found.set_item("accelerators", described(arch::accelerator::shipped()))?;
    found.set_item("workloads", described(workload::shipped()))?;
    let methods: Vec<_> =
        registry().iter().map(|method| (method.name(), method.summary())).collect();
    found.set_item("methods", methods)?;
    found.set_item("schemes", Scheme::ALL.map(|scheme| (scheme.name(), scheme.summary())))?;
    Ok(found)
}
