//! Speed-ups: decided by measured times alone.

use super::signs::without_signs;
use crate::{
    Result,
    plot::{Choice, Content, PointFigure, recipe},
    quant::Scheme,
    reproduce::{Claim, Context, Outcome, Table, Verdict, claim::number},
};

/// Measured time of each series over all its rows, and the figure of the file.
struct Measured {
    figure: crate::plot::Figure,
    /// (series, rows, sum of measured µs), in file order.
    sums: Vec<(String, usize, f64)>,
}

fn measured(context: &Context) -> Result<Option<Measured>> {
    let Some(input) = &context.given.measured else { return Ok(None) };
    let mut figure =
        recipe("crosscheck")?.figure(std::slice::from_ref(input), &Choice::default())?;
    let sums = match &figure.content {
        Content::Points(PointFigure { series, .. }) => series
            .iter()
            .filter(|series| series.marks != crate::plot::Marks::Reference)
            .map(|series| {
                let sum = series.points.iter().map(|point| point.x).sum();
                (series.name.clone(), series.points.len(), sum)
            })
            .collect(),
        _ => Vec::new(),
    };
    figure.id = "speed-up".to_owned();
    Ok(Some(Measured { figure, sums }))
}

impl Measured {
    /// The fastest series of a scheme: its name starts with the scheme's.
    fn best(&self, scheme: Scheme) -> Option<(&str, usize, f64)> {
        self.sums
            .iter()
            .filter(|(name, _, _)| name.split(' ').next() == Some(scheme.name()))
            .min_by(|a, b| a.2.total_cmp(&b.2))
            .map(|(name, rows, sum)| (name.as_str(), *rows, *sum))
    }

    /// Time of one scheme over that of another, where both cover as many layers.
    fn ratio(&self, slow: Scheme, fast: Scheme) -> Option<(f64, String)> {
        let (slow, fast) = (self.best(slow)?, self.best(fast)?);
        (slow.1 == fast.1).then(|| (slow.2 / fast.2, format!("{} over {}", slow.0, fast.0)))
    }
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
            "signloop reproduce --only speed-up --measured FILE",
        ),
    }
}

pub(super) fn speed_up(context: &Context) -> Result<Outcome> {
    use Scheme::{Binary, SignedBinary, Ternary};
    let measured = measured(context)?;
    let times = measured.as_ref();
    let mut table = Table::new("Measured", &["series", "rows", "sum (µs)"]);
    for (name, rows, sum) in times.iter().flat_map(|measured| &measured.sums) {
        table.row([name.clone(), rows.to_string(), number(*sum)]);
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
                     method, summed over the rows given"
                .to_owned(),
        inputs: context.given.measured.as_ref().map_or_else(
            || {
                "none given; the processor of the published figures is only \"an Intel CPU\""
                    .to_owned()
            },
            crate::plot::Input::name,
        ),
        tables: if table.rows.is_empty() { Vec::new() } else { vec![table] },
        figures: measured.map(|measured| measured.figure).into_iter().collect(),
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
