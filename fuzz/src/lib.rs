//! What is fuzzed: for every kind of file a function of its bytes that must not panic.
//!
//! A target does more than parse: what is accepted is written and read again, evaluated, drawn,
//! run. The functions need no fuzzer, so that the tests of the tool replay the corpus on them.

pub mod data;
pub mod figures;
pub mod hardware;
pub mod networks;
pub mod programs;
pub mod sweeps;
pub mod weights;

use signloop::{Error, Result, base::diagnostics::Problems};

/// A fuzz target: its name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All of them; `fuzz_targets/NAME.rs` runs one.
pub const TARGETS: &[Target] = &[
    ("arch", hardware::arch),
    ("accelerator", hardware::accelerator),
    ("mapping", hardware::mapping),
    ("timeloop", hardware::timeloop),
    ("workload", networks::workload),
    ("onnx", networks::onnx),
    ("rename", networks::rename),
    ("safetensors", weights::safetensors),
    ("npz", weights::npz),
    ("npy", weights::npy),
    ("packed", weights::packed),
    ("checkpoint", weights::checkpoint),
    ("idx", data::idx),
    ("cifar", data::cifar),
    ("sweep", sweeps::sweep),
    ("journal", sweeps::journal),
    ("manifest", sweeps::manifest),
    ("baseline", sweeps::baseline),
    ("report", figures::report),
    ("table", figures::table),
    ("plan", programs::plan),
    ("method", programs::method),
];

/// What was accepted. A refusal must be one that a user can act on, and one that can be printed.
fn accepted<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(!matches!(error, Error::Internal(_)), "{error}");
            // Drawing takes most of the time, and one problem is drawn as the others are.
            if let Error::Input(problems) = error
                && let Some(last) = problems.iter().last()
            {
                assert!(!Problems::from(last.clone()).render(false).is_empty());
            }
            None
        }
    }
}

/// The text of some bytes: files that are none are refused before they are parsed.
fn text(data: &[u8]) -> Option<String> {
    std::str::from_utf8(data).ok().map(str::to_owned)
}

/// Bytes in two parts; the first two bytes say how long the first part is.
fn parts(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_first_chunk::<2>()?;
    Some(rest.split_at(rest.len().min(usize::from(u16::from_le_bytes(*length)))))
}
