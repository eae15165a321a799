//! Registers and rates of an instruction set, which programs are planned for.

use super::{
    lanes::{Isa, weights_in_16_bits},
    options::Activations,
};
use crate::method::shared_sum::{Ports, PrefixPorts, Window};

/// Registers of values, and how many of them accumulators take.
#[must_use]
pub fn registers(isa: Isa) -> (usize, usize) {
    match isa {
        Isa::Avx512 | Isa::Neon => (29, 28),
        Isa::Avx2 | Isa::Scalar => (13, 13),
    }
}

/// Ports for planning: the registers of an instruction set, and the rates of a Zen 4 core.
#[must_use]
pub fn ports(isa: Isa, activations: Activations) -> Ports {
    match (isa, activations) {
        (Isa::Avx512, _) => Ports::default(),
        // 256-bit loads that cross a line: 1.0 a cycle; adds 2.85 (fp32) and 4.0 (16-bit).
        (_, Activations::Fp32) => Ports {
            accumulators: 13,
            cycles_per_load: 1.7,
            adds_per_cycle: 2.85,
            // 3 cycles (Zen 4's vaddps), in the units of the fitted rates.
            prefix: Some(prefix_ports(usize::MAX, 2.6)),
        },
        // 16 bits have to hold the sums of a window, as they do between the ends of chunks.
        (_, Activations::Unsigned { bits }) => Ports {
            accumulators: 13,
            cycles_per_load: 1.3,
            adds_per_cycle: 4.0,
            prefix: Some(PrefixPorts {
                // Integer blocks take 1.19 times what their ports say, more than tries do
                // (measured, ResNet-18, 128x28).
                cycles_per_add: 0.10,
                cycles_per_load: 0.74,
                ..prefix_ports(weights_in_16_bits(bits) as usize, 0.76)
            }),
        },
    }
}

/// The prefix form under AVX2. The rates are fitted on ResNet-18's layers with blocks of 7 to 12
/// rows; windows of 600 to 2300 columns are alike where the weights do not bound them.
fn prefix_ports(weights: usize, cycles_per_link: f64) -> PrefixPorts {
    PrefixPorts {
        window: Window { registers: 15, columns: 1152, weights },
        cycles_per_add: 0.12,
        cycles_per_load: 0.88,
        cycles_per_link,
    }
}
