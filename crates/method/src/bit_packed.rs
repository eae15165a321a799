//! `bit-packed`: 64 weights a word, XNOR or AND with the activations' bit planes, popcount.
//!
//! Activations of b bits are taken bit-serially: x = Σ 2^i·x_i with x_i ∈ {0, 1}. With P the
//! mask of +1 and M the mask of −1 weights, w·x = Σ 2^i (|P ∧ x_i| − |M ∧ x_i|). Binary needs one
//! mask (w·x = 2|P ∧ x| − |x|, the |x| shared by all filters), as do zero-one and signed-binary,
//! where a filter has one sign; ternary needs two.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{
    Execution, Method, OpCounts, Plan, PlanRequest, Verification, WeightStorage,
    planning::wrong_product,
};
use signloop_base::{Error, Result};
use signloop_network::quant::CodeMatrix;

const WORD: usize = 64;

/// The popcount baseline for integer activations of 1 to 8 bits.
pub struct BitPacked;

impl Method for BitPacked {
    fn name(&self) -> &'static str {
        "bit-packed"
    }

    fn summary(&self) -> &'static str {
        "AND + popcount on 64-bit words, one pass per activation bit (1..8 bits)"
    }

    fn applies(&self, request: &PlanRequest<'_>) -> std::result::Result<(), String> {
        match request.bits.activation {
            1..=8 => Ok(()),
            bits => Err(format!("bit-packed takes 1 to 8 activation bits, the layer has {bits}")),
        }
    }

    fn plan(&self, request: &PlanRequest<'_>) -> Result<Plan> {
        let shape = request.shape;
        let scheme = request.weights.scheme();
        let planes = u64::from(request.bits.activation);
        let words = shape.filter_len().div_ceil(WORD as u64);
        let masks = masks(request);
        let product = |factors: &[u64]| {
            factors
                .iter()
                .try_fold(1_u64, |product, factor| product.checked_mul(*factor))
                .ok_or(Error::Overflow("bit-packed words"))
        };
        let mask_words = product(&[shape.out_channels, masks, planes, words])?;
        // |x| of every bit plane, once for each group: no AND, only popcounts.
        let totals = if scheme.has_zero() { 0 } else { product(&[shape.groups, planes, words])? };
        // Every popcount but a sum's first is added; binary also subtracts |x| once a filter.
        let sums = shape.out_channels + if scheme.has_zero() { 0 } else { shape.groups };
        let subtracts = if scheme.has_zero() { 0 } else { shape.out_channels };
        let counts = OpCounts {
            adds: mask_words + totals - sums + subtracts,
            scale_muls: shape.out_channels,
            logic_ops: mask_words,
            popcounts: mask_words + totals,
            loads: 2 * mask_words + totals,
            stores: shape.out_channels,
            ..OpCounts::default()
        };
        Ok(Plan {
            execution: Execution::BitSerial,
            counts,
            storage: WeightStorage::of(request),
            programs: Vec::new(),
        })
    }

    /// With [`bit_packed_multiply`], on one input a group.
    fn verify(&self, request: &PlanRequest<'_>, _plan: &Plan, seed: u64) -> Result<Verification> {
        let groups = request.shape.groups;
        let bits = request.bits.activation;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        for matrix in request.matrices() {
            let patch: Vec<u8> =
                (0..matrix.columns).map(|_| (random.next_u64() >> (64 - bits)) as u8).collect();
            let wide: Vec<i64> = patch.iter().map(|value| i64::from(*value)).collect();
            if bit_packed_multiply(matrix, &patch, bits) != matrix.multiply(&wide) {
                return Err(wrong_product(self.name()));
            }
        }
        Ok(Verification { programs: groups, evaluations: groups, closed_forms: 0 })
    }
}

/// Masks a filter needs: two where it may hold both signs beside zeros.
fn masks(request: &PlanRequest<'_>) -> u64 {
    let mixed = || {
        (0..request.weights.shape().filters).any(|k| {
            let filter = request.weights.filter(k);
            filter.contains(&1) && filter.contains(&-1)
        })
    };
    let scheme = request.weights.scheme();
    u64::from(scheme.bits_per_weight()) + u64::from(scheme.has_region_signs() && mixed())
}

/// Executes the method on one patch of unsigned activations: the oracle that its result is w·x.
#[must_use]
pub fn bit_packed_multiply(matrix: CodeMatrix<'_>, patch: &[u8], bits: u32) -> Vec<i64> {
    let pack = |bit: &dyn Fn(usize) -> bool| -> Vec<u64> {
        (0..matrix.columns.div_ceil(WORD))
            .map(|word| {
                let columns = word * WORD..matrix.columns.min((word + 1) * WORD);
                columns
                    .filter(|column| bit(*column))
                    .fold(0, |packed, column| packed | 1_u64 << (column % WORD))
            })
            .collect()
    };
    let common = |a: &[u64], b: &[u64]| -> i64 {
        a.iter().zip(b).map(|(a, b)| i64::from((a & b).count_ones())).sum()
    };
    let planes: Vec<Vec<u64>> =
        (0..bits).map(|plane| pack(&|column| patch[column] >> plane & 1 == 1)).collect();
    matrix
        .iter_rows()
        .map(|row| {
            let plus = pack(&|column| row[column] > 0);
            let minus = pack(&|column| row[column] < 0);
            planes
                .iter()
                .enumerate()
                .map(|(plane, x)| {
                    let dot = if row.contains(&0) || !row.contains(&-1) {
                        common(&plus, x) - common(&minus, x)
                    } else {
                        let total: i64 = x.iter().map(|word| i64::from(word.count_ones())).sum();
                        2 * common(&plus, x) - total
                    };
                    dot << plane
                })
                .sum()
        })
        .collect()
}
