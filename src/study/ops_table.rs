//! The published ops-reduction figures beside our counts, with density and definition.
//!
//! Figures: public review thread of PLUM (Kuhar et al., arXiv:2312.01581; ICLR 2024), Figure 11 and
//! the answer on {0, 1}. The thread names neither density nor definition, so every row prints the
//! measured density and both
//! candidates: A = dense MACs / adds, B = 2·dense MACs / adds.

use std::num::NonZeroU32;

use rayon::prelude::*;
use serde::Serialize;

use crate::report::ratio;
use signloop_base::Result;
use signloop_method::{Method, PlanOptions, PlanRequest};
use signloop_network::{
    quant::{Randomness, Scheme, synthesise},
    workload::LayerShape,
};

/// A layer and scheme for which a figure was published, at one density.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Input and output channels of the 3×3 convolution.
    pub channels: u64,
    /// Scheme.
    pub scheme: Scheme,
    /// Density of the i.i.d. weights.
    pub density: f64,
    /// Column tile, for methods that have one.
    pub tile: Option<u32>,
    /// The published arithmetic reduction.
    pub published: f64,
}

/// All rows: the densities of the text, those at which definition A meets the figure, and the
/// column tiles at which definition B does.
pub const CASES: &[Case] = &[
    case(64, Scheme::Binary, 1.0, None, 5.3),
    case(64, Scheme::Ternary, 0.5, None, 4.52),
    case(64, Scheme::Ternary, 0.48, None, 4.52),
    case(64, Scheme::SignedBinary, 0.35, None, 6.65),
    case(64, Scheme::SignedBinary, 0.375, None, 6.65),
    case(64, Scheme::Binary, 1.0, Some(36), 5.3),
    case(64, Scheme::SignedBinary, 0.35, Some(36), 6.65),
    case(512, Scheme::SignedBinary, 0.35, None, 14.51),
    case(512, Scheme::ZeroOne, 0.35, None, 14.61),
    case(512, Scheme::SignedBinary, 0.165, None, 14.51),
    case(512, Scheme::ZeroOne, 0.165, None, 14.61),
    case(512, Scheme::SignedBinary, 0.35, Some(72), 14.51),
    case(512, Scheme::SignedBinary, 0.35, Some(144), 14.51),
];

const fn case(
    channels: u64,
    scheme: Scheme,
    density: f64,
    tile: Option<u32>,
    published: f64,
) -> Case {
    Case { channels, scheme, density, tile, published }
}

/// One method on one case.
#[derive(Debug, Clone, Serialize)]
pub struct OpsRow {
    /// `[R,S,C,K]`, as published.
    pub layer: String,
    /// Scheme.
    pub scheme: &'static str,
    /// Measured density of the drawn weights.
    pub density: f64,
    /// Method.
    pub method: &'static str,
    /// Columns of a tile; the whole layer if absent.
    pub tile: Option<u32>,
    /// Multiply-accumulates of the dense layer per output position.
    pub dense_macs: u64,
    /// Adds per output position, halo included.
    pub adds_per_position: f64,
    /// Definition A: dense MACs / adds.
    pub reduction_a: f64,
    /// Definition B: 2·dense MACs / adds.
    pub reduction_b: f64,
    /// The published figure.
    pub published: f64,
    /// A over the figure, less 1, in percent.
    pub a_off_percent: f64,
    /// B over the figure, less 1, in percent.
    pub b_off_percent: f64,
}

/// Counts every case with every method that applies; a tile is a case of `sum-merge` alone.
/// `done` is called after each row, from any thread.
///
/// # Errors
/// A count overflows.
pub fn ops_table(
    methods: &[&'static dyn Method],
    seed: u64,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<OpsRow>> {
    let pairs: Vec<(&Case, &'static dyn Method)> = CASES
        .iter()
        .flat_map(|case| methods.iter().map(move |method| (case, *method)))
        .filter(|(case, method)| case.tile.is_none() || method.name().starts_with("sum-merge"))
        .collect();
    let rows: Vec<Option<OpsRow>> = pairs
        .into_par_iter()
        .map(|(case, method)| {
            let row = row(case, method, seed);
            done();
            row
        })
        .collect::<Result<_>>()?;
    Ok(rows.into_iter().flatten().collect())
}

fn row(case: &Case, method: &'static dyn Method, seed: u64) -> Result<Option<OpsRow>> {
    // The map has no part in the adds of a patch program, and a small one in the halo of others:
    // the map that ResNet-18 has at this width.
    let size = if case.channels == 64 { 56 } else { 7 };
    let shape = LayerShape::convolution(case.channels, case.channels, size, 3)
        .map_err(|error| signloop_base::Error::Internal(error.to_string()))?;
    let randomness = Randomness { density: case.density, spread: 0.0, seed };
    let weights = synthesise(case.scheme, shape.weight_shape(), randomness)?;
    let options = PlanOptions {
        seed,
        column_tile: case.tile.and_then(NonZeroU32::new),
        ..PlanOptions::default()
    };
    let request = PlanRequest::of_shape(&shape, &weights, &options);
    if method.applies(&request).is_err() {
        return Ok(None);
    }
    let counts = method.plan(&request)?.counts;
    let positions = shape.positions();
    let adds = counts.adds_total(positions)?;
    let reduction = ratio(shape.dense_macs() * positions, adds);
    let off = |reduction: f64| 100.0 * (reduction / case.published - 1.0);
    Ok(Some(OpsRow {
        layer: format!("[3,3,{0},{0}]", case.channels),
        scheme: case.scheme.name(),
        density: weights.density(),
        method: method.name(),
        tile: case.tile,
        dense_macs: shape.dense_macs(),
        adds_per_position: ratio(adds, positions),
        reduction_a: reduction,
        reduction_b: 2.0 * reduction,
        published: case.published,
        a_off_percent: off(reduction),
        b_off_percent: off(2.0 * reduction),
    }))
}
