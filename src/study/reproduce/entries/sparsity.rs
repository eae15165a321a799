//! What skipping zeros brings.

use crate::study::reproduce::{Claim, Context, Outcome, Table, Tolerance, Verdict, claim::number};
use signloop_base::Result;
use signloop_network::quant::Scheme;
use signloop_plot::{BarFigure, Content, Figure, Layout, Series};

pub(super) fn sparsity_support(context: &Context) -> Result<Outcome> {
    let schemes = [Scheme::Binary, Scheme::SignedBinary, Scheme::Ternary];
    let mut table = Table::new(
        "Adds of the 18 quantised layers of one 32×32 image (millions)",
        &["scheme", "density", "without sparsity support", "with", "with / without"],
    );
    let mut with = Vec::new();
    let mut without = Vec::new();
    for scheme in schemes {
        let (layers, _) = context.trained(scheme)?;
        let mut sums = [0_u64; 2];
        let (mut effectual, mut all) = (0_u64, 0_u64);
        for (layer, tensor) in &layers {
            for (sum, method) in sums.iter_mut().zip(["sum-merge-dense", "sum-merge"]) {
                let counts = context.counts(method, &layer.shape, tensor)?;
                *sum += counts.adds_total(layer.shape.positions())?;
            }
            effectual += tensor.effectual();
            all += tensor.codes().len() as u64;
        }
        let [dense, sparse] = sums.map(|sum| sum as f64 / 1e6);
        table.row([
            scheme.to_string(),
            format!("{:.3}", effectual as f64 / all as f64),
            number(dense),
            number(sparse),
            format!("{:.2}", sparse / dense),
        ]);
        without.push(dense);
        with.push(sparse);
    }
    let decide = |holds| if holds { Verdict::Reproduced } else { Verdict::Refuted };
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "with sparsity support signed-binary needs fewer ops than binary",
                "5.3x against 6.65x",
                format!("{} of binary's adds", number(with[1] / with[0])),
                decide(with[1] < with[0]),
                "counted on trained weights of both",
            ),
            Claim {
                published: "\"what is the difference?\"".to_owned(),
                ours: format!("{} of binary's adds", number(without[1] / without[0])),
                ..Claim::within(
                    "without it, signed-binary has the adds of a binary network: two values a filter",
                    1.0,
                    without[1] / without[0],
                    &Tolerance::NUMBERS,
                )
            },
            Claim::new(
                "ternary without sparsity support",
                "slower than binary",
                format!("{} of binary's adds", number(without[2] / without[0])),
                decide(without[2] > without[0]),
                "three sums a filter",
            ),
        ],
        definition: "sum-merge forms one sum per filter and value; without sparsity support the value zero \
                     has a sum as well: it is formed and thrown away, and need not be combined with the other"
            .to_owned(),
        inputs: "ResNet-20, CIFAR-10, shipped weights; the ternary ones were made ternary after training"
            .to_owned(),
        tables: vec![table],
        figures: vec![figure(&schemes, without, with)],
    })
}

fn figure(schemes: &[Scheme], without: Vec<f64>, with: Vec<f64>) -> Figure {
    Figure {
        id: "sparsity-support".to_owned(),
        caption: "Adds of the quantised layers of the shipped ResNet-20 (CIFAR-10) with sum-merge: inputs of \
                  zero weights summed too (without sparsity support), or left out (with)."
            .to_owned(),
        content: Content::Bars(BarFigure {
            axis: "adds (millions)".to_owned(),
            unit: "madds".to_owned(),
            layout: Layout::Grouped,
            categories: schemes.iter().map(ToString::to_string).collect(),
            series: vec![
                Series { name: "without sparsity support".to_owned(), values: without },
                Series { name: "with sparsity support".to_owned(), values: with },
            ],
        }),
    }
}
