//! What of the files a figure shows.

use signloop_machine::CpuArch;

/// What to show of the files.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only these schemes; all if empty.
    pub schemes: Vec<String>,
    /// Only these methods; all if empty.
    pub methods: Vec<String>,
    /// Only these layers or tensors; all if empty.
    pub layers: Vec<String>,
    /// Columns of a sweep: below, left, value.
    pub columns: Option<[String; 3]>,
    /// The machine of a roofline.
    pub arch: Option<CpuArch>,
}
