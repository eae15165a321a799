//! `dense`: every weight is multiplied in, zeros too. The baseline of every reduction.

use super::{Execution, Method, OpCounts, Plan, PlanRequest, WeightStorage};
use crate::Result;

/// The dense method: K·(N − 1) adds per output position.
pub struct Dense;

impl Method for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn summary(&self) -> &'static str {
        "every weight, zeros too: K(N-1) adds"
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let shape = request.shape;
        let (filters, length) = (shape.out_channels, shape.filter_len());
        let counts = OpCounts {
            adds: filters * (length - 1),
            scale_muls: filters,
            loads: filters * length,
            stores: filters,
            ..OpCounts::default()
        };
        let storage = WeightStorage {
            weight_bits: filters * length * u64::from(request.bits.weight),
            scale_bits: filters * 32,
            metadata_bits: 0,
        };
        Ok(Plan { execution: Execution::Gemm, counts, storage, programs: Vec::new() })
    }
}
