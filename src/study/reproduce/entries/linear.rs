//! Fully connected layers: a region is a row.

use crate::study::reproduce::{Claim, Context, Outcome, Table, Verdict, claim::number};
use signloop_base::{Error, Result};
use signloop_network::{
    quant::{Scheme, weight_stats},
    workload::LayerShape,
};

pub(super) fn linear(context: &Context) -> Result<Outcome> {
    let sizes: &[(u64, u64)] = if context.quick {
        &[(576, 64), (784, 512)]
    } else {
        &[(256, 128), (576, 64), (512, 256), (784, 512)]
    };
    let mut table = Table::new(
        "Dense MACs / adds of fully connected layers (sum-merge)",
        &["inputs × outputs", "binary 1.0", "signed-binary 0.35", "ternary 0.5", "duplicate rows"],
    );
    let mut all_less = true;
    let mut first = String::new();
    for (inputs, outputs) in sizes {
        let shape = LayerShape::linear(1, *inputs, *outputs)
            .map_err(|error| Error::Internal(error.to_string()))?;
        let mut values = Vec::new();
        let mut duplicates = 0;
        for (scheme, density) in
            [(Scheme::Binary, 1.0), (Scheme::SignedBinary, 0.35), (Scheme::Ternary, 0.5)]
        {
            let weights = context.random(scheme, &shape, density, 1)?;
            duplicates += weight_stats(&weights).duplicate_filters;
            values.push(context.reduction("sum-merge", &shape, &weights)?);
        }
        all_less &= values[1] > values[0] && values[1] > values[2];
        let fields: Vec<String> = values.iter().map(|value| number(*value)).collect();
        if first.is_empty() {
            first = format!("{inputs}×{outputs}: {} / {} / {}", fields[0], fields[1], fields[2]);
        }
        table.row(
            std::iter::once(format!("{inputs} × {outputs}"))
                .chain(fields)
                .chain([duplicates.to_string()]),
        );
    }
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "\"we believe it is possible to extend it to linear layers\"",
                "untested",
                first,
                if all_less { Verdict::Reproduced } else { Verdict::Refuted },
                "a row is a region; a [3,3,64,64] convolution and a 576×64 linear layer are the same matrix, \
                 and signed-binary has the fewest adds if its reduction is the largest of the three (ops only)",
            ),
            Claim::undecided(
                "accuracy of linear layers under signed-binary",
                "untested",
                "needs a training with quantised linear layers",
                "signloop train --dataset mnist:DIR --network mlp-mnist --scheme signed-binary --out RUN",
            ),
        ],
        definition: "dense MACs / adds; a 2-D weight is K×C×1×1, its regions are rows".to_owned(),
        inputs: "seeded i.i.d. weights, seed 1".to_owned(),
        tables: vec![table],
        ..Outcome::default()
    })
}
