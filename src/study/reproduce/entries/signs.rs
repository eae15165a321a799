//! What the sign of a region costs.

use super::ratios::decided;
use crate::study::reproduce::{Claim, Context, Outcome, Table, Verdict};
use signloop_base::Result;
use signloop_network::quant::{QuantizedTensor, Scheme};

/// The same layer with every filter {0,+1}.
pub(super) fn without_signs(tensor: &QuantizedTensor) -> Result<QuantizedTensor> {
    let codes = tensor.codes().iter().map(|code| code.abs()).collect();
    Ok(QuantizedTensor::new(Scheme::ZeroOne, tensor.shape(), codes, tensor.scales().to_vec())?)
}

pub(super) fn mixed_sign(context: &Context) -> Result<Outcome> {
    let (layers, provenance) = context.trained(Scheme::SignedBinary)?;
    let mut table = Table::new(
        "Adds per position, signed-binary and the same weights without signs",
        &["layer", "signed-binary", "{0,1}", "sign bits", "of the weight bits"],
    );
    let (mut equal, mut filters, mut bits) = (true, 0_u64, 0_u64);
    for (layer, tensor) in &layers {
        let plain = without_signs(tensor)?;
        let signed = context.counts("sum-merge", &layer.shape, tensor)?.adds;
        let unsigned = context.counts("sum-merge", &layer.shape, &plain)?.adds;
        equal &= signed == unsigned;
        let own = tensor.shape().filters as u64;
        filters += own;
        bits += tensor.codes().len() as u64;
        table.row([
            layer.name.clone(),
            signed.to_string(),
            unsigned.to_string(),
            own.to_string(),
            format!("{:.2} %", 100.0 * own as f64 / tensor.codes().len() as f64),
        ]);
    }
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "the two kinds of filters need the same operations as {0,1} everywhere",
                "14.51x against 14.61x",
                if equal { "equal adds in every layer" } else { "different adds" },
                if equal { Verdict::Reproduced } else { Verdict::Refuted },
                "a filter's sign is the sign of its scale: a sum is formed once and multiplied by ±α; the \
                 0.7 % between the published values is what two draws of weights differ by",
            ),
            Claim::new(
                "overhead: one more weight value {y} a filter to load",
                "one value a filter",
                format!(
                    "{filters} sign bits, {:.2} % of the weights' bits",
                    100.0 * filters as f64 / bits as f64
                ),
                Verdict::Reproduced,
                "one bit a filter, or none where the scale carries the sign",
            ),
            decided(
                context,
                "time of signed-binary over that of {0,1} (1.29 / 1.25)",
                1.29 / 1.25,
                (Scheme::SignedBinary, Scheme::ZeroOne),
                |_| true,
            )?,
        ],
        definition:
            "adds = two-input adds per output position (sum-merge); regions are whole filters"
                .to_owned(),
        inputs: provenance,
        tables: vec![table],
        ..Outcome::default()
    })
}
