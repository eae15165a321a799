//! Distinct R×S kernels: bounds, random weights, trained weights.

use crate::report::figure::{PatternRow, pattern_figure};
use crate::study::reproduce::{Claim, Context, Outcome, Table, Tolerance, Verdict, claim::number};
use signloop_base::Result;
use signloop_network::quant::{Scheme, possible_patterns, weight_stats};

const SCHEMES: [Scheme; 3] = [Scheme::Ternary, Scheme::Binary, Scheme::SignedBinary];

/// Expected distinct kernels among `total` drawn uniformly from `possible`.
fn uniform(possible: f64, total: f64) -> f64 {
    possible * (1.0 - (1.0 - 1.0 / possible).powf(total))
}

pub(super) fn unique_filters(context: &Context) -> Result<Outcome> {
    let shape = context.convolution(256, 256, 3)?;
    let mut outcome = Outcome {
        definition: "kernel = 2-D slice of 3×3 weights; bound = min(kernels in the layer, kernels that the \
                     scheme allows); repetition = kernels in the layer / distinct kernels"
            .to_owned(),
        inputs: "bounds: arithmetic; measured: seeded weights of a [3,3,256,256] layer, seed 1, uniform \
                 over the values of the scheme; trained: ResNet-20, CIFAR-10, shipped weights"
            .to_owned(),
        ..Outcome::default()
    };
    let mut table = Table::new(
        "Distinct 3×3 kernels of the 65,536 of a [3,3,256,256] layer",
        &["scheme", "published", "bound", "uniform random weights", "repetition measured"],
    );
    let published = [(19_683_u64, 3.32), (512, 128.0), (1_024, 64.0)];
    let densities = [2.0 / 3.0, 1.0, 0.5];
    for ((scheme, (unique, repetition)), density) in
        SCHEMES.into_iter().zip(published).zip(densities)
    {
        let stats = weight_stats(&context.random(scheme, &shape, density, 1)?);
        let bound = stats.kernels.bound;
        let verdict = if bound == unique { Verdict::Reproduced } else { Verdict::Refuted };
        let why = if bound == unique {
            "the pigeonhole bound; random weights have nearly as many"
        } else {
            "one less: the kernel of zeros belongs to both regions"
        };
        outcome.claims.push(Claim::new(
            format!("unique 3×3 kernels, {scheme}"),
            unique.to_string(),
            bound.to_string(),
            verdict,
            why,
        ));
        let ours = stats.kernels.total as f64 / bound as f64;
        let what = format!("repetition per kernel, {scheme}");
        outcome.claims.push(Claim::within(what, repetition, ours, &Tolerance::ROUNDING));
        table.row([
            scheme.to_string(),
            unique.to_string(),
            bound.to_string(),
            stats.kernels.distinct.to_string(),
            format!("{}x", number(stats.kernels.repetition)),
        ]);
    }
    outcome.tables.push(table);
    let mut rows = Vec::new();
    for scheme in [Scheme::Binary, Scheme::Ternary, Scheme::SignedBinary] {
        for (layer, tensor) in context.trained(scheme)?.0 {
            let kernels = weight_stats(&tensor).kernels;
            rows.push(PatternRow {
                scheme: scheme.to_string(),
                layer: layer.name.clone(),
                total: kernels.total as f64,
                distinct: kernels.distinct as f64,
                possible: kernels.possible.map(|possible| possible as f64),
            });
        }
    }
    let mut figure = pattern_figure(&rows, "the shipped ResNet-20 (CIFAR-10)");
    figure.id = "unique-filters".to_owned();
    outcome.figures.push(figure);
    Ok(outcome)
}

pub(super) fn repetition(context: &Context) -> Result<Outcome> {
    let (layers, provenance) = context.trained(Scheme::Binary)?;
    let mut table = Table::new(
        "Binary layers with at least 1,024 kernels",
        &[
            "layer",
            "kernels",
            "distinct",
            "uniform",
            "trained / uniform",
            "packed word ops",
            "sum-merge adds",
        ],
    );
    let (mut distinct, mut expected) = (0.0, 0.0);
    let (mut words, mut adds) = (0_u64, 0_u64);
    for (layer, tensor) in &layers {
        let kernels = weight_stats(tensor).kernels;
        if kernels.total < 1024 {
            continue;
        }
        let possible = possible_patterns(Scheme::Binary, 9).unwrap_or_default() as f64;
        let uniform = uniform(possible, kernels.total as f64);
        let packed = context.counts("bit-packed", &layer.shape, tensor)?;
        let merged = context.counts("sum-merge", &layer.shape, tensor)?;
        let packed = packed.logic_ops + packed.popcounts;
        distinct += kernels.distinct as f64;
        expected += uniform;
        words += packed;
        adds += merged.adds;
        table.row([
            layer.name.clone(),
            kernels.total.to_string(),
            kernels.distinct.to_string(),
            number(uniform),
            format!("{:.2}", kernels.distinct as f64 / uniform),
            packed.to_string(),
            merged.adds.to_string(),
        ]);
    }
    let share = distinct / expected;
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "binary networks repeat kernels because two values allow only 512 (pigeonhole)",
                "always",
                format!("{} of {} expected", number(distinct), number(expected)),
                Verdict::Reproduced,
                "no layer can hold more than 512; every layer with 1,024 kernels or more repeats",
            ),
            Claim::new(
                "there is no evidence that binary networks learn to repeat (second reviewer)",
                "no evidence",
                format!("{:.1} % fewer distinct kernels than uniform", 100.0 * (1.0 - share)),
                if share < 1.0 - Tolerance::NUMBERS.share { Verdict::Refuted } else { Verdict::Reproduced },
                "fewer distinct kernels than as many uniform ones would have means that training makes some \
                 kernels far more frequent; nothing in the loss asks for it",
            ),
            Claim::new(
                "\"efficiency comes from bit-width, not from repetition\" (second reviewer)",
                "—",
                format!("{words} word operations against {adds} adds per position"),
                Verdict::Undecided,
                "with 8-bit activations the two run different instructions (64 weights a word against one \
                 lane an add): only time on a machine compares them, and the popcount kernel is not compiled here \
                 yet",
            ),
        ],
        definition: "uniform = 512·(1 − (1 − 1/512)^kernels), the expectation if kernels were drawn \
                     uniformly; packed word operations = AND/XNOR and popcounts of 64-bit words, 8-bit \
                     activations bit-serially"
            .to_owned(),
        inputs: provenance,
        tables: vec![table],
        ..Outcome::default()
    })
}
