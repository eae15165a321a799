//! Claims about earlier works.

use crate::study::reproduce::{Claim, Context, Outcome, Table, Tolerance, Verdict, claim::number};
use signloop_base::Result;
use signloop_network::quant::{Scheme, weight_stats};

pub(super) fn cited(context: &Context) -> Result<Outcome> {
    let (layers, provenance) = context.trained(Scheme::Binary)?;
    let mut table = Table::new(
        "Filter repetition on trained binary layers",
        &["layer", "kernels", "distinct", "distinct / kernels", "dense MACs / adds"],
    );
    let (mut kernels, mut distinct, mut macs, mut adds) = (0_u64, 0_u64, 0_u64, 0_u64);
    for (layer, tensor) in &layers {
        let stats = weight_stats(tensor).kernels;
        let counts = context.counts("filter-repetition", &layer.shape, tensor)?;
        let positions = layer.shape.positions();
        kernels += stats.total;
        distinct += stats.distinct;
        macs += layer.shape.dense_macs() * positions;
        adds += counts.adds_total(positions)?;
        table.row([
            layer.name.clone(),
            stats.total.to_string(),
            stats.distinct.to_string(),
            format!("{:.2}", stats.distinct as f64 / stats.total as f64),
            number(layer.shape.dense_macs() as f64 / counts.adds.max(1) as f64),
        ]);
    }
    let reduction = macs as f64 / adds.max(1) as f64;
    let wide = context.convolution(512, 512, 3)?;
    let weights = context.random(Scheme::Binary, &wide, 1.0, 1)?;
    let wide_reduction = context.reduction("filter-repetition", &wide, &weights)?;
    Ok(Outcome {
        claims: vec![
            Claim::new(
                "filter repetition reduces the operations of binary networks 3x (2016): here, on a ResNet-20",
                "3",
                number(reduction),
                if reduction >= 2.7 { Verdict::Reproduced } else { Verdict::Refuted },
                format!(
                    "as adds, layer by layer: {distinct} of {kernels} kernels are distinct, but a kernel is \
                     shared only within one input channel, where it meets 16 to 64 filters; random weights \
                     of a [3,3,512,512] layer give {}. The 2016 figure counts XNOR-popcount words on a \
                     wider network",
                    number(wide_reduction)
                ),
            ),
            Claim::new(
                "an indirection table reduces energy 4x (2018)",
                "4",
                "—",
                Verdict::Undecided,
                "an accelerator's energy; no shipped accelerator has an indirection table",
            ),
            Claim::new(
                "graph-based merging reduces operations 20x (2021)",
                "20",
                "—",
                Verdict::Undecided,
                "the network and quantisation of that figure are not in the thread; `ops-large` has the \
                 greatest reduction counted here, under both definitions",
            ),
            Claim::within(
                "1.26x is comparable with the least speed-up that a sparse vector engine reports, 1.28x \
                 (to 1.64x; 2020)",
                1.28,
                1.26,
                &Tolerance::DIGITS,
            ),
        ],
        definition: "dense MACs / adds over all quantised layers; each distinct kernel (up to sign) is summed \
                     once per input channel"
            .to_owned(),
        inputs: provenance,
        tables: vec![table],
        ..Outcome::default()
    })
}
