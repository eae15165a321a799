//! Which filters are {0,+1}: latents quantised under every assignment and region.

use crate::study::reproduce::{
    Claim, Context, Outcome, Table, Tolerance, Verdict, context::LATENT_LAYERS,
};
use signloop_base::Result;
use signloop_network::quant::{Assignment, QuantizeOptions, Region, Scheme, quantize};

pub(super) fn assignment(context: &Context) -> Result<Outcome> {
    let policies = [
        ("half, by index (trained)", Assignment::Half, Region::Filter),
        ("interleaved", Assignment::Interleaved, Region::Filter),
        ("random, seed 1", Assignment::Random { seed: 1 }, Region::Filter),
        ("random, seed 2", Assignment::Random { seed: 2 }, Region::Filter),
        ("half, tiles of C/2 channels", Assignment::Half, Region::Tile { channels: 0 }),
    ];
    let mut table = Table::new(
        "Signed-binary latents of three layers quantised under other assignments than trained",
        &[
            "assignment",
            "layer",
            "density",
            "adds per position",
            "dense MACs / adds",
            "codes that change",
        ],
    );
    let mut densities = vec![Vec::new(); policies.len()];
    for layer in LATENT_LAYERS {
        let (values, shape) = context.latents(Scheme::SignedBinary, layer)?;
        let conv = context.convolution(shape.filters as u64, shape.channels as u64, 3)?;
        let mut trained: Vec<i8> = Vec::new();
        for (index, (name, assignment, region)) in policies.into_iter().enumerate() {
            let region = match region {
                Region::Tile { .. } => Region::Tile { channels: shape.channels / 2 },
                Region::Filter => region,
            };
            let options = QuantizeOptions { assignment, region, ..QuantizeOptions::default() };
            let tensor = quantize(&values, shape, &options)?;
            if trained.is_empty() {
                trained = tensor.codes().to_vec();
            }
            let changed = trained.iter().zip(tensor.codes()).filter(|(a, b)| a != b).count();
            let adds = context.counts("sum-merge", &conv, &tensor)?.adds;
            densities[index].push(tensor.density());
            table.row([
                name.to_owned(),
                layer.to_owned(),
                format!("{:.3}", tensor.density()),
                adds.to_string(),
                format!("{:.2}", conv.dense_macs() as f64 / adds.max(1) as f64),
                format!("{:.1} %", 100.0 * changed as f64 / trained.len() as f64),
            ]);
        }
    }
    let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let (own, other) = (mean(&densities[0]), mean(&densities[2]));
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "filters are assigned before training and are never swapped",
                "predetermined",
                "half by index by default; also interleaved, random (seeded), tiles",
                Verdict::Reproduced,
                "the quantiser takes the assignment as a fixed option; `[weights.quantise]` of a workload \
                 and the trainer's `assignment` set it",
            ),
            Claim::new(
                "swapping after training matters, for the distributions are not symmetric",
                "\"should not be swapped\"",
                format!("density {own:.3} as trained, {other:.3} swapped at random"),
                if Tolerance::NUMBERS.holds(own, other) { Verdict::Refuted } else { Verdict::Reproduced },
                "a swapped filter keeps the weights that training pushed to zero: its density changes, and \
                 its function with it",
            ),
        ],
        definition: "a region is a whole filter (C×R×S) unless a tile is named; threshold 0.05·max|W| of \
                     the filter, inclusive; a filter of zeros stays zero; adds by sum-merge"
            .to_owned(),
        inputs: "ResNet-20, CIFAR-10, shipped latents (f16) of layer1.2.conv2, layer2.2.conv2, layer3.2.conv2"
            .to_owned(),
        tables: vec![table],
        ..Outcome::default()
    })
}
