//! The measurement behind the claims on speed.

use signloop_kernel::detect_isa;
use std::time::Duration;

use super::context::workload;
use crate::study::measure::{Effort, Measurement, Settings, cache_bytes, measure_layers};
use signloop_base::Result;
use signloop_kernel::Activations;
use signloop_network::quant::Scheme;

/// The network of the published speed-ups; its weights are seeded.
pub const WORKLOAD: &str = "resnet18-imagenet";

/// Rounds at most, and seconds, for each layer: all 16 layers take about a minute.
const EFFORT: Effort = Effort { rounds: 60, budget: Duration::from_secs(2) };

/// Times every 3×3 layer of the network on this machine under the four schemes, one thread, fp32
/// activations, with the method that runs fastest and with plain zero-skipping. `progress` is told
/// each layer that begins.
///
/// # Errors
/// The instruction set is unknown, or a kernel cannot be built.
pub fn measure(progress: impl FnMut(&str)) -> Result<Measurement> {
    let network = workload(WORKLOAD)?;
    let settings = Settings {
        layers: network.quantized_layers().collect(),
        weights: &network.weights,
        iid: false,
        seed: 1,
        schemes: vec![Scheme::Binary, Scheme::Ternary, Scheme::SignedBinary, Scheme::ZeroOne],
        methods: vec!["row-pattern".to_owned(), "zero-skip".to_owned()],
        activations: vec![Activations::Fp32],
        isa: detect_isa()?,
        threads: 1,
        cache_bytes: cache_bytes(2).unwrap_or(1 << 20),
        effort: EFFORT,
    };
    measure_layers(&settings, progress)
}
