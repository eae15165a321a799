//! How sparse trained signed-binary weights are.

use crate::study::reproduce::{Claim, Context, Outcome, Table, Tolerance, Verdict};
use signloop_base::Result;
use signloop_network::quant::Scheme;

pub(super) fn density(context: &Context) -> Result<Outcome> {
    let (layers, provenance) = context.trained(Scheme::SignedBinary)?;
    let mut table = Table::new(
        "Effectual parameters and operations of the shipped signed-binary ResNet-20",
        &[
            "layer",
            "parameters",
            "effectual",
            "density",
            "dense MACs",
            "zero-skip adds",
            "sum-merge adds",
        ],
    );
    let (mut effectual, mut all) = (0_u64, 0_u64);
    for (layer, tensor) in &layers {
        effectual += tensor.effectual();
        all += tensor.codes().len() as u64;
        let skip = context.counts("zero-skip", &layer.shape, tensor)?.adds;
        let merged = context.counts("sum-merge", &layer.shape, tensor)?.adds;
        table.row([
            layer.name.clone(),
            tensor.codes().len().to_string(),
            tensor.effectual().to_string(),
            format!("{:.3}", tensor.density()),
            layer.shape.dense_macs().to_string(),
            skip.to_string(),
            merged.to_string(),
        ]);
    }
    let density = effectual as f64 / all as f64;
    // Which weights are zero must be known: no code of independent positions has fewer bits.
    let entropy = |share: f64| match share {
        share if share <= 0.0 || share >= 1.0 => 0.0,
        share => -share * share.log2() - (1.0 - share) * (1.0 - share).log2(),
    };
    let bits: f64 = layers
        .iter()
        .map(|(_, tensor)| tensor.codes().len() as f64 * entropy(tensor.density()))
        .sum();
    let signs: u64 = layers.iter().map(|(layer, _)| layer.shape.out_channels).sum();
    let stored = (bits + signs as f64) / all as f64;
    Ok(Outcome {
        claims: vec![
            Claim::within("density of signed-binary, relative to binary (which has 1)", 0.35, density, &Tolerance::NUMBERS),
            Claim::within("\"2.8x lower density\" is the inverse of 0.35", 2.8, 1.0 / 0.35, &Tolerance::DIGITS),
            Claim::within("\"69 % sparsity\" (2022 version)", 0.69, 1.0 - density, &Tolerance::NUMBERS),
            Claim::new(
                "effectual parameters and effectual operations are different things",
                "\"confusing\" (third reviewer)",
                format!("{effectual} of {all} parameters are effectual"),
                Verdict::Reproduced,
                "the first is a property of the weights; the second of the method: the table has both for \
                 every layer",
            ),
            Claim {
                published: format!("{density:.3} of binary's bits"),
                ours: format!("{stored:.3} of binary's bits"),
                ..Claim::within(
                    "\"zero weights need not be loaded\": traffic of weights falls as the density does",
                    density,
                    stored,
                    &Tolerance::NUMBERS,
                )
            },
        ],
        definition: "effectual parameter = non-zero quantised weight; effectual operation = one that a \
                     method really executes; density = effectual / all parameters of the quantised layers"
            .to_owned(),
        inputs: format!("{provenance}; bits: binary has one a weight, signed-binary at least the entropy of its \
                         zeros and a sign a filter; the published density is of ResNet-18 on ImageNet"),
        tables: vec![table],
        ..Outcome::default()
    })
}
