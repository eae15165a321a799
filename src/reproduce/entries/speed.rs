//! Speed-ups: decided by measured times alone.

use super::signs::without_signs;
use crate::{
    Result,
    quant::Scheme,
    reproduce::{
        Claim, Context, Outcome, Table, Verdict,
        claim::number,
        measured::{self, Measured},
    },
};

fn measured(context: &Context) -> Result<Option<Measured>> {
    Ok(context.given.measured.as_ref().map(measured::read).transpose()?)
}

fn decided(
    measured: Option<&Measured>,
    what: &str,
    published: f64,
    slow: Scheme,
    fast: Scheme,
) -> Claim {
    match measured.and_then(|measured| measured.ratio(slow, fast)) {
        Some((ours, pair)) => Claim::within(format!("{what} ({pair})"), published, ours, 0.10),
        None => Claim::undecided(
            what,
            format!("{}x", number(published)),
            "no measured times of both schemes were given",
            "signloop measure --workload resnet20-cifar10 --format json --out FILE; signloop reproduce --only \
             speed-up,zero-one --measured FILE",
        ),
    }
}

pub(super) fn speed_up(context: &Context) -> Result<Outcome> {
    use Scheme::{Binary, SignedBinary, Ternary};
    let measured = measured(context)?;
    let times = measured.as_ref();
    let mut table = Table::new(
        "Measured, fastest run of each layer, summed",
        &["scheme", "method", "activations", "layers", "time (µs)"],
    );
    for sum in times.iter().flat_map(|measured| &measured.sums) {
        table.row([
            sum.scheme.to_string(),
            sum.method.clone(),
            sum.activations.clone(),
            sum.layers.to_string(),
            number(sum.time_us),
        ]);
    }
    Ok(Outcome {
        claims: vec![
            decided(times, "signed-binary over binary, ResNet-18", 1.26, Binary, SignedBinary),
            decided(times, "signed-binary over ternary, ResNet-18", 1.75, Ternary, SignedBinary),
            decided(
                times,
                "signed-binary over binary, one layer (Figure 7)",
                1.32,
                Binary,
                SignedBinary,
            ),
            decided(
                times,
                "binary over ternary, one layer (Figure 7: 0.54x)",
                1.0 / 0.54,
                Ternary,
                Binary,
            ),
            Claim::new(
                "the published speed-ups agree with each other",
                "1.26 / 1.32 / 0.78",
                format!(
                    "ternary is {} (overall) or 0.54 (one layer) of binary",
                    number(1.26 / 1.75)
                ),
                Verdict::Undecided,
                "they are of different layers, which the thread does not list",
            ),
        ],
        definition:
            "speed-up = time of the other scheme / time of signed-binary, each with its fastest \
                     method at fp32 activations (those of the published figures), summed over the layers given"
                .to_owned(),
        inputs: match (times, &context.given.measured) {
            (Some(measured), Some(input)) => format!("{} on {}", input.name(), measured.machine),
            _ => "none given; the processor of the published figures is only \"an Intel CPU\""
                .to_owned(),
        },
        tables: if table.rows.is_empty() { Vec::new() } else { vec![table] },
        figures: times.map(Measured::figure).into_iter().collect(),
    })
}

pub(super) fn zero_one(context: &Context) -> Result<Outcome> {
    let measured = measured(context)?;
    let (layers, provenance) = context.trained(Scheme::SignedBinary)?;
    let mut sums = [0_u64; 2];
    for (layer, tensor) in &layers {
        let plain = without_signs(tensor)?;
        for (sum, tensor) in sums.iter_mut().zip([tensor, &plain]) {
            let counts = context.counts("sum-merge", &layer.shape, tensor)?;
            *sum += counts.adds_total(layer.shape.positions())?;
        }
    }
    let ratio = sums[0] as f64 / sums[1] as f64;
    Ok(Outcome {
        claims: vec![
            Claim::within(
                "ops of {0,1} over ops of signed-binary (14.51 / 14.61)",
                14.51 / 14.61,
                ratio,
                0.01,
            ),
            decided(
                measured.as_ref(),
                "signed-binary over {0,1}, one layer (1.29 / 1.25)",
                1.29 / 1.25,
                Scheme::SignedBinary,
                Scheme::ZeroOne,
            ),
            Claim::undecided(
                "top-1 accuracy, ResNet-18 on ImageNet, signed-binary against {0,1}",
                "61.94 against 55.23",
                "needs ImageNet trainings",
                "signloop reproduce --only accuracy --runs FILE",
            ),
        ],
        definition: "the same weights with and without their signs, adds by sum-merge".to_owned(),
        inputs: provenance,
        ..Outcome::default()
    })
}
