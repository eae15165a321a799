//! Registers and rates of an instruction set, which programs are planned for.

use super::{
    lanes::{Isa, weights_in_16_bits},
    options::Activations,
};
use signloop_method::shared_sum::{Ports, PrefixPorts, Window};

/// Registers of values, and how many of them accumulators take.
#[must_use]
pub fn registers(isa: Isa) -> (usize, usize) {
    match isa {
        Isa::Avx512 | Isa::Neon => (29, 28),
        Isa::Avx2 | Isa::Scalar => (13, 13),
    }
}

/// Cores whose rates are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// Zen 4; also stands for every other core that is not Intel's.
    Zen4,
    /// Intel's since Golden Cove. Measured on a Xeon with AMX (Sapphire Rapids or later).
    GoldenCove,
}

impl Core {
    /// Whether fp32 adds go to adder and multiply-add unit in turn (x·1 + y is the same number).
    /// Zen 4 has one 512-bit pipe of each, so that doubles the rate (measured, 1.0 and 2.0 a
    /// cycle). Golden Cove adds 512 bits where it multiplies, and an add takes a cycle less:
    /// without, kernels are 8 % faster (measured, ResNet-18); with 256 bits they are 3 % slower.
    #[must_use]
    pub fn alternates(self, isa: Isa) -> bool {
        self == Self::Zen4 || isa != Isa::Avx512
    }
}

/// Ports for planning: the registers of an instruction set, and the rates of a core.
#[must_use]
pub fn ports(core: Core, isa: Isa, activations: Activations) -> Ports {
    match (isa, activations) {
        (Isa::Avx512, _) if core == Core::Zen4 => Ports::default(),
        // Rates that choose the fastest of blocks and tries of 2 to 26 rows within 2 % on the mean
        // of ResNet-18's 3x3 layers and three schemes. Windows are what 48 KiB hold.
        (Isa::Avx512, activations) => {
            let (weights, cycles_per_load, cycles_per_link) = match activations {
                Activations::Fp32 => (usize::MAX, 1.1, 1.2),
                Activations::Unsigned { bits } => (weights_in_16_bits(bits) as usize, 0.95, 1.6),
            };
            let window = Window { registers: 31, columns: 1152, weights };
            Ports {
                cycles_per_load: 2.8,
                adds_per_cycle: 1.4,
                prefix: Some(PrefixPorts {
                    window,
                    rows: 16,
                    cycles_per_add: 0.46,
                    cycles_per_load,
                    cycles_per_link,
                }),
                ..Ports::default()
            }
        }
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
        rows: 12,
        cycles_per_add: 0.12,
        cycles_per_load: 0.88,
        cycles_per_link,
    }
}
