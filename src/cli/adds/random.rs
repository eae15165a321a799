//! One random layer, over seeds.

use std::{fmt::Write as _, io::Write as _, time::Instant};

use serde::Serialize;

use super::{
    super::common::{Format, emit, iterations_of, parse_names},
    arguments::Args,
};
use crate::report::{json, table::grid};
use signloop_base::{Result, diagnostics::Problem, files::write_atomically};
use signloop_method::{Method, PlanOptions, PlanRequest, find};
use signloop_network::{
    quant::{QuantizedTensor, Randomness, Scheme, synthesise},
    workload::{LayerKind, LayerShape},
};

/// Schemes where none are named.
const SCHEMES: [Scheme; 3] = [Scheme::Binary, Scheme::SignedBinary, Scheme::Ternary];
/// Draws where no number is given.
const SEEDS: u64 = 5;

/// Most weights of a layer: codes and the terms of a program stay within a few GiB.
const MOST_WEIGHTS: u64 = 1 << 28;

/// One matrix under one method. Adds are per output position.
#[derive(Serialize)]
struct Row {
    scheme: &'static str,
    method: &'static str,
    seed: u64,
    density: f64,
    dense_macs: u64,
    adds: u64,
    adds_with_halo: f64,
    arithmetic_reduction: f64,
    scale_muls: u64,
    peak_live: u64,
}

/// Draws, plans, runs each program on random integers, prints. Times go to standard error, for
/// they do not repeat.
pub(super) fn run(arguments: &Args) -> Result<()> {
    let shape = shape_of(arguments)?;
    let schemes = match arguments.scheme.as_slice() {
        [] => SCHEMES.to_vec(),
        names => parse_names(names, str::parse)?,
    };
    let methods: Vec<&dyn Method> = parse_names(&arguments.method, find)?;
    let search_iterations = iterations_of(arguments.effort)?;
    let seeds = arguments.seeds.unwrap_or(SEEDS);
    if seeds == 0 {
        return Err(Problem::new("--seeds must be at least 1").into());
    }
    let mut rows = Vec::new();
    for scheme in schemes {
        let draw = |seed| draw(arguments, scheme, &shape, seed);
        if let Some(folder) = &arguments.export_npy {
            for seed in 1..=seeds {
                let path = folder.join(format!("{scheme}-{seed}.npy"));
                write_atomically(&path, &npy(&draw(seed)?))?;
            }
        }
        for method in &methods {
            for seed in 1..=seeds {
                let weights = draw(seed)?;
                let options = PlanOptions { seed, search_iterations, ..PlanOptions::default() };
                let started = Instant::now();
                let row = count(*method, &shape, &weights, &options)?;
                let seconds = started.elapsed().as_secs_f64();
                let name = method.name();
                let _ = writeln!(
                    anstream::stderr(),
                    "{scheme} {name} seed {seed}: {} adds in {seconds:.2} s",
                    row.adds
                );
                rows.push(row);
            }
        }
    }
    let text = match arguments.format {
        Format::Json => json(&rows)?,
        Format::Table => table(&rows),
    };
    emit(&text, None)
}

fn shape_of(arguments: &Args) -> Result<LayerShape> {
    let [kernel_height, kernel_width, channels, filters] = arguments.shape[..] else {
        return Err(Problem::new("--shape takes four numbers, R,S,C,K").into());
    };
    let padding = kernel_height.min(kernel_width) / 2;
    // The input that gives the output map; `checked` refuses what is out of bounds.
    let size = |kernel: u64| {
        let reach = arguments.map.saturating_sub(1).saturating_mul(arguments.stride);
        reach.saturating_add(kernel).saturating_sub(2 * padding)
    };
    let weights =
        arguments.shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size));
    if weights.is_none_or(|weights| weights > MOST_WEIGHTS) {
        let problem = Problem::new(format!("--shape has more than {MOST_WEIGHTS} weights"));
        return Err(problem.hint("give a shape with fewer channels or filters").into());
    }
    LayerShape {
        kind: LayerKind::Conv,
        batch: 1,
        in_channels: channels,
        out_channels: filters,
        in_height: size(kernel_height),
        in_width: size(kernel_width),
        kernel_height,
        kernel_width,
        stride: arguments.stride,
        padding,
        dilation: 1,
        groups: 1,
    }
    .checked()
    .map_err(|error| Problem::new(error.to_string()).into())
}

fn draw(
    arguments: &Args,
    scheme: Scheme,
    shape: &LayerShape,
    seed: u64,
) -> Result<QuantizedTensor> {
    let usual = if scheme == Scheme::Ternary { 0.5 } else { 0.35 };
    let density = arguments.density.unwrap_or(usual);
    Ok(synthesise(scheme, shape.weight_shape(), Randomness { density, spread: 0.0, seed })?)
}

fn count(
    method: &dyn Method,
    shape: &LayerShape,
    weights: &QuantizedTensor,
    options: &PlanOptions,
) -> Result<Row> {
    let request = PlanRequest::of_shape(shape, weights, options);
    let name = method.name();
    method.applies(&request).map_err(|reason| Problem::new(format!("{name}: {reason}")))?;
    let plan = method.plan(&request)?;
    method.verify(&request, &plan, options.seed)?;
    let adds = plan.counts.adds;
    let positions = shape.positions();
    Ok(Row {
        scheme: weights.scheme().name(),
        method: name,
        seed: options.seed,
        density: weights.density(),
        dense_macs: shape.dense_macs(),
        adds,
        adds_with_halo: plan.counts.adds_total(positions)? as f64 / positions as f64,
        arithmetic_reduction: shape.dense_macs() as f64 / adds.max(1) as f64,
        scale_muls: plan.counts.scale_muls,
        peak_live: plan.counts.peak_live,
    })
}

/// Every row, and the median of each scheme and method.
fn table(rows: &[Row]) -> String {
    let mut grid = grid(&[
        "scheme",
        "method",
        "seed",
        "density",
        "adds/pos",
        "with halo",
        "reduction",
        "scale muls",
        "peak live",
    ]);
    let mut medians = String::new();
    for group in rows.chunk_by(|a, b| a.scheme == b.scheme && a.method == b.method) {
        for row in group {
            grid.add_row([
                row.scheme.to_owned(),
                row.method.to_owned(),
                row.seed.to_string(),
                format!("{:.4}", row.density),
                row.adds.to_string(),
                format!("{:.1}", row.adds_with_halo),
                format!("{:.3}x", row.arithmetic_reduction),
                row.scale_muls.to_string(),
                row.peak_live.to_string(),
            ]);
        }
        let mut sorted: Vec<&Row> = group.iter().collect();
        sorted.sort_by_key(|row| row.adds);
        let median = sorted[(sorted.len() - 1) / 2];
        let _ = writeln!(
            medians,
            "{} {}: median {} adds per position ({:.1} with halo), {:.3}x fewer than dense MACs",
            median.scheme,
            median.method,
            median.adds,
            median.adds_with_halo,
            median.arithmetic_reduction
        );
    }
    format!("{grid}\n\n{medians}")
}

/// The matrix as a NumPy array of K rows and N columns.
fn npy(weights: &QuantizedTensor) -> Vec<u8> {
    let shape = weights.shape();
    let header = format!(
        "{{'descr': '|i1', 'fortran_order': False, 'shape': ({}, {}), }}",
        shape.filters,
        shape.filter_len()
    );
    // Magic, version and length take 10 bytes; the header is padded to a multiple of 64.
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{header:<0$}\n", length - 1).bytes());
    bytes.extend(weights.codes().iter().map(|code| code.cast_unsigned()));
    bytes
}
