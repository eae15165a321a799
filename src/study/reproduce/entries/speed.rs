//! Speed-ups: decided by measured times alone.

use super::{
    ratios::{MEASURE, decided, measured},
    signs::without_signs,
};
use crate::report::figure::Measured;
use crate::study::reproduce::{
    Claim, Context, Outcome, Table, Tolerance, Verdict, claim::number, context::workload,
    timing::WORKLOAD,
};
use signloop_base::Result;
use signloop_network::quant::Scheme;

/// A speed-up of one layer that the thread does not name: it is there if any layer has it.
fn one_layer(
    measured: Option<&Measured>,
    what: &str,
    published: f64,
    (slow, fast): (Scheme, Scheme),
) -> Claim {
    let ratios: Vec<f64> = measured
        .map(|measured| {
            let ratio = |own: &str| measured.ratio(slow, fast, |layer| layer == own);
            measured.layers().iter().filter_map(|layer| Some(ratio(layer)?.0)).collect()
        })
        .unwrap_or_default();
    if ratios.is_empty() {
        let reason = "no measured times of both schemes were given";
        return Claim::undecided(what, format!("{}x", number(published)), reason, MEASURE);
    }
    let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let high = ratios.iter().copied().fold(0.0, f64::max);
    let found = ratios.iter().any(|ratio| Tolerance::NUMBERS.holds(published, *ratio));
    Claim::new(
        what,
        format!("{}x", number(published)),
        format!("{} to {}x over {} layers", number(low), number(high), ratios.len()),
        if found { Verdict::Reproduced } else { Verdict::Refuted },
        format!(
            "the layer is not named; {} layer comes near (tolerance: {})",
            if found { "a" } else { "no" },
            Tolerance::NUMBERS.name
        ),
    )
}

/// Layers of the measured network with 512 channels before and behind: [3,3,512,512].
fn large_layers() -> Result<Vec<String>> {
    let network = workload(WORKLOAD)?;
    let is_large = |shape: &signloop_network::workload::LayerShape| {
        (shape.in_channels, shape.out_channels, shape.kernel_height) == (512, 512, 3)
    };
    let layers = network.quantized_layers().filter(|layer| is_large(&layer.shape));
    Ok(layers.map(|layer| layer.name.clone()).collect())
}

pub(super) fn speed_up(context: &Context) -> Result<Outcome> {
    use Scheme::{Binary, SignedBinary, Ternary};
    let measured = measured(context)?;
    let times = measured.as_ref();
    let mut table = Table::new(
        "Measured, fastest run of each layer, summed",
        &["scheme", "method", "activations", "layers", "time (µs)"],
    );
    for sum in times.iter().flat_map(|measured| measured.sums(|_| true)) {
        table.row([
            sum.scheme.to_string(),
            sum.method.clone(),
            sum.activations.clone(),
            sum.layers.to_string(),
            number(sum.time_us),
        ]);
    }
    let large = large_layers()?;
    let all = |_: &str| true;
    let is_large = |layer: &str| large.iter().any(|own| own == layer);
    Ok(Outcome {
        claims: vec![
            decided(context, "signed-binary over binary, ResNet-18", 1.26, (Binary, SignedBinary), all)?,
            decided(context, "signed-binary over ternary, ResNet-18", 1.75, (Ternary, SignedBinary), all)?,
            decided(
                context,
                "signed-binary over binary, [3,3,512,512]",
                1.25,
                (Binary, SignedBinary),
                is_large,
            )?,
            one_layer(
                times,
                "signed-binary over binary, one layer (Figure 7)",
                1.32,
                (Binary, SignedBinary),
            ),
            one_layer(
                times,
                "binary over ternary, one layer (Figure 7: 0.54x)",
                1.0 / 0.54,
                (Ternary, Binary),
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
        definition: "speed-up = time of the other scheme / time of signed-binary, each with its fastest \
                     method at fp32 activations (those of the published figures), summed over the layers \
                     given"
            .to_owned(),
        inputs: match (times, &context.given.measured) {
            (Some(measured), Some(input)) => format!(
                "{} ({}); its layers: {}; seeded i.i.d. weights where the network has no trained ones",
                input.path.file_name().unwrap_or_default().display(),
                measured.machine,
                measured.layers().join(", ")
            ),
            _ => "none given; the processor of the published figures is only \"an Intel CPU\""
                .to_owned(),
        },
        tables: if table.rows.is_empty() { Vec::new() } else { vec![table] },
        figures: times.map(|times| times.figure("speed-up")).into_iter().collect(),
    })
}

pub(super) fn zero_one(context: &Context) -> Result<Outcome> {
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
                &Tolerance::ROUNDING,
            ),
            decided(
                context,
                "signed-binary over {0,1}, one layer (1.29 / 1.25)",
                1.29 / 1.25,
                (Scheme::SignedBinary, Scheme::ZeroOne),
                |_| true,
            )?,
            Claim::undecided(
                "top-1 accuracy, ResNet-18 on ImageNet, signed-binary against {0,1}",
                "61.94 against 55.23",
                "needs ImageNet; `trained-digits` decides the order on the built-in digits",
                "signloop reproduce --only accuracy --runs RUN,...",
            ),
        ],
        definition: "the same weights with and without their signs, adds by sum-merge".to_owned(),
        inputs: provenance,
        ..Outcome::default()
    })
}
