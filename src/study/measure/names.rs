//! Names in tables and messages.

use signloop_kernel::Activations;

/// The name of an activation type.
#[must_use]
pub fn activation_name(activations: Activations) -> String {
    match activations {
        Activations::Fp32 => "fp32".into(),
        Activations::Unsigned { bits } => format!("u{bits}"),
    }
}
