//! Execution of a plan on random integers against the dense product.

use std::sync::Arc;

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{InputSpace, OpProgram};
use signloop_base::Result;
use signloop_network::{quant::QuantizedTensor, workload::LayerShape};

/// Whether every program of a layer, one a group, computes the dense product on `vectors` random
/// inputs. A wrong coefficient survives one vector with a chance of about 2⁻¹⁶.
///
/// A plane program is run with its window's values as an unknown map: each of its inputs is read
/// at every displacement as an independent random integer, so that one pixel tells all.
///
/// # Errors
/// A sum overflows, or a program reads what is not there.
pub fn verify(
    programs: &[Arc<OpProgram>],
    shape: &LayerShape,
    weights: &QuantizedTensor,
    vectors: u32,
    seed: u64,
) -> Result<bool> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    if programs.len() as u64 != shape.groups {
        return Ok(false);
    }
    for _ in 0..vectors {
        let salt = random.next_u64();
        for (group, program) in programs.iter().enumerate() {
            let matrix = weights.group(group, shape.groups as usize);
            let same = match program.space() {
                InputSpace::Patch => {
                    if program.inputs() as usize != matrix.columns {
                        return Ok(false);
                    }
                    let patch: Vec<i64> =
                        (0..matrix.columns).map(|n| value(salt, n as i64, 0, 0)).collect();
                    program.evaluate(&patch)? == matrix.multiply(&patch)
                }
                InputSpace::Planes => {
                    let patch = window(shape, salt);
                    program
                        .evaluate_at(&|plane, y, x| value(salt, i64::from(plane), y, x), (0, 0))?
                        == matrix.multiply(&patch)
                }
            };
            if !same {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The window of output pixel (0, 0) over a map without edges, in (C, R, S) order.
fn window(shape: &LayerShape, salt: u64) -> Vec<i64> {
    let stride = shape.stride as i64;
    let axis = |tap: u64| (tap * shape.dilation) as i64 - shape.padding as i64;
    let mut patch = Vec::with_capacity(shape.filter_len() as usize);
    for channel in 0..(shape.in_channels / shape.groups) as i64 {
        for row in (0..shape.kernel_height).map(axis) {
            for column in (0..shape.kernel_width).map(axis) {
                let phase = row.rem_euclid(stride) * stride + column.rem_euclid(stride);
                let plane = channel * stride * stride + phase;
                patch.push(value(salt, plane, row.div_euclid(stride), column.div_euclid(stride)));
            }
        }
    }
    patch
}

/// A random integer of 16 bits, the same for the same arguments.
fn value(salt: u64, plane: i64, y: i64, x: i64) -> i64 {
    let mut bits = salt ^ (plane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for part in [y as u64, x as u64] {
        bits = (bits ^ bits >> 29 ^ part).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    i64::from((bits >> 40) as i16)
}
