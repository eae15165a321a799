//! Claims on accuracy, at a scale that trains in seconds.

use rayon::prelude::*;

use crate::study::reproduce::{
    Claim, Context, Outcome, Table, Tolerance, Verdict, Work,
    accuracy::gains_over_binary,
    claim::number,
    digits::{Data, Setting, Trained, train},
    interval::Difference,
};
use signloop_base::Result;
use signloop_network::quant::{Assignment, Scheme};
use signloop_plot::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries};
use signloop_train::Surrogate;

/// Several seeds of one setting.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) setting: Setting,
    pub(super) runs: Vec<Trained>,
}

impl Group {
    pub(super) fn mean(&self, value: impl Fn(&Trained) -> f64) -> f64 {
        self.runs.iter().map(value).sum::<f64>() / self.runs.len().max(1) as f64
    }

    /// Top-1 of each seed in percent.
    pub(super) fn top1s(&self) -> Vec<f64> {
        self.runs.iter().map(|run| 100.0 * run.accuracy).collect()
    }

    /// Mean top-1 in percent.
    pub(super) fn top1(&self) -> f64 {
        100.0 * self.mean(|run| run.accuracy)
    }

    /// Least and greatest top-1 in percent.
    pub(super) fn spread(&self) -> (f64, f64) {
        let values = self.top1s();
        (
            values.iter().copied().fold(f64::INFINITY, f64::min),
            values.iter().copied().fold(0.0, f64::max),
        )
    }
}

pub(super) fn digits(context: &Context) -> Result<Outcome> {
    let (epochs, seeds) = effort(context);
    let widths: &[u64] = if context.quick { &[8, 16] } else { &[8, 16, 24] };
    let base = base(Data::Digits, epochs);
    let mut settings: Vec<(String, Setting)> = Vec::new();
    for scheme in [Scheme::Binary, Scheme::Ternary, Scheme::SignedBinary] {
        for width in widths {
            settings.push((scheme.to_string(), Setting { scheme, width: *width, ..base.clone() }));
        }
    }
    for (name, setting) in [
        ("zero-one", Setting { scheme: Scheme::ZeroOne, ..base.clone() }),
        ("signed-binary, STE", Setting { surrogate: Surrogate::Ste, ..base.clone() }),
        (
            "signed-binary, interleaved",
            Setting { assignment: Assignment::Interleaved, ..base.clone() },
        ),
        (
            "signed-binary, random",
            Setting { assignment: Assignment::Random { seed: 1 }, ..base.clone() },
        ),
    ] {
        settings.push((name.to_owned(), setting));
    }
    let groups = train_all(settings, seeds, "digits", &context.work)?;
    let title = "ResNet-8 on the built-in 8×8 digits (mean over seeds; least to greatest)";
    let table = table(title, &groups);
    Ok(Outcome {
        claims: claims(&groups),
        definition: "top-1 on the 360 test images after the last epoch (one image is 0.28 points); one recipe \
                     for all: the defaults of `signloop train`; a difference decides only if its \
                     95 % interval over the seeds (Student's t) leaves out zero; one seed decides nothing"
            .to_owned(),
        inputs: format!(
            "UCI optical digits (built in), ResNet-8 of several widths (channels of the first stage), {epochs} \
             epochs, seeds 1 to {seeds}; the published claims are of CIFAR-10 and ImageNet"
        ),
        tables: vec![table],
        figures: vec![figure(&groups)],
    })
}

/// Epochs and seeds of a training.
pub(super) fn effort(context: &Context) -> (u64, u64) {
    if context.quick { (15, 1) } else { (20, 5) }
}

/// What all settings vary.
pub(super) fn base(data: Data, epochs: u64) -> Setting {
    Setting {
        data,
        scheme: Scheme::SignedBinary,
        width: 16,
        surrogate: Surrogate::Ede,
        assignment: Assignment::Half,
        epochs,
        seed: 1,
    }
}

/// Trains every setting with every seed.
pub(super) fn train_all(
    settings: Vec<(String, Setting)>,
    seeds: u64,
    entry: &str,
    work: &Work,
) -> Result<Vec<Group>> {
    let jobs: Vec<Setting> = settings
        .iter()
        .flat_map(|(_, setting)| (1..=seeds).map(move |seed| Setting { seed, ..setting.clone() }))
        .collect();
    let runs: Vec<Trained> =
        jobs.par_iter().map(|job| train(job, entry, work)).collect::<Result<_>>()?;
    let groups = settings.into_iter().zip(runs.chunks(seeds as usize));
    Ok(groups.map(|((name, setting), runs)| Group { name, setting, runs: runs.to_vec() }).collect())
}

/// One row a setting.
pub(super) fn table(title: &str, groups: &[Group]) -> Table {
    let header = ["setting", "width", "density", "effectual parameters", "top-1 (%)"];
    let mut table = Table::new(title, &header);
    for group in groups {
        let (low, high) = group.spread();
        table.row([
            group.name.clone(),
            group.setting.width.to_string(),
            format!("{:.3}", group.mean(|run| run.density)),
            number(group.mean(|run| run.effectual)),
            format!("{:.2} ({low:.2}..{high:.2})", group.top1()),
        ]);
    }
    table
}

fn claims(groups: &[Group]) -> Vec<Claim> {
    let of =
        |name: &str| groups.iter().find(|group| group.name == name && group.setting.width == 16);
    let top1 = |name: &str| of(name).map_or_else(Vec::new, Group::top1s);
    let density = of("signed-binary").map_or(f64::NAN, |group| group.mean(|run| run.density));
    let against = |other: &str| Difference::of(&top1("signed-binary"), &top1(other));
    let mut claims = vec![
        claim(
            "signed-binary is more accurate than {0,1} (6.7 points on ImageNet), on digits",
            "+6.71 points",
            against("zero-one"),
        ),
        comparable(
            "accuracy is competitive with binary at equal total parameters, on digits",
            against("binary"),
        ),
        Claim::within(
            "density of trained signed-binary, on digits",
            0.35,
            density,
            &Tolerance::NUMBERS,
        ),
    ];
    claims.push(at_equal_effectual(groups));
    claims.push(claim(
        "the signed-binary EDE helps against plain STE, on digits",
        "stabilises",
        against("signed-binary, STE"),
    ));
    let others = ["signed-binary, interleaved", "signed-binary, random"].map(against);
    let differs = others.iter().any(|other| other.above(0.0) != Verdict::Undecided);
    claims.push(Claim::new(
        "the assignment of filters before training matters, on digits",
        "ablated, numbers not in the thread",
        format!(
            "half {:+.2} points over interleaved, {:+.2} over random",
            others[0].mean, others[1].mean
        ),
        if differs { Verdict::Reproduced } else { Verdict::Undecided },
        format!("{}; {}", others[0].interval(), others[1].interval()),
    ));
    claims
}

fn claim(what: &str, published: &str, difference: Difference) -> Claim {
    Claim::new(
        what,
        published,
        format!("{:+.2} points", difference.mean),
        difference.above(0.0),
        difference.interval(),
    )
}

/// Each seed is held against the binary networks of the same seed.
fn at_equal_effectual(groups: &[Group]) -> Claim {
    let what = "signed-binary is more accurate at equal effectual parameters, on digits";
    let seeds = groups.iter().map(|group| group.runs.len()).min().unwrap_or(0);
    let gains: Vec<Vec<f64>> = (0..seeds)
        .map(|seed| {
            let one: Vec<Group> = groups
                .iter()
                .map(|group| Group { runs: vec![group.runs[seed]], ..group.clone() })
                .collect();
            let series = series(&one).into_iter().map(|series| (series.name, series.points));
            gains_over_binary(&series.collect::<Vec<_>>())
        })
        .filter(|gains| !gains.is_empty())
        .collect();
    match gains.first().map(Vec::len) {
        Some(widths) => {
            let mean = |gains: &Vec<f64>| gains.iter().sum::<f64>() / gains.len() as f64;
            let difference = Difference::of_pairs(&gains.iter().map(mean).collect::<Vec<_>>());
            let claim = claim(what, "+2.5 points", difference);
            let why = format!(
                "mean over {widths} widths, binary interpolated in log parameters; {}",
                claim.why
            );
            Claim { why, ..claim }
        }
        None => Claim::undecided(
            what,
            "+2.5 points",
            "no signed-binary run lies between two binary ones in effectual parameters",
            "signloop reproduce --only trained-digits",
        ),
    }
}

/// Whether an accuracy is as good as another: refuted where seeds agree that it is lower.
pub(super) fn comparable(what: &str, difference: Difference) -> Claim {
    let verdict = match difference.above(0.0) {
        Verdict::Undecided if difference.half.is_finite() => Verdict::Reproduced,
        verdict => verdict,
    };
    let ours = format!("{:+.2} points", difference.mean);
    Claim::new(what, "comparable", ours, verdict, difference.interval())
}

/// The three schemes over widths.
fn series(groups: &[Group]) -> Vec<PointSeries> {
    let mut series: Vec<PointSeries> = Vec::new();
    for group in groups {
        if group.setting.surrogate != Surrogate::Ede || group.setting.assignment != Assignment::Half
        {
            continue;
        }
        let (low, high) = group.spread();
        let point = DataPoint {
            x: group.mean(|run| run.effectual),
            y: group.top1(),
            spread: (low < high).then_some((low, high)),
            label: format!("width {}", group.setting.width),
        };
        match series.iter_mut().find(|series| series.name == group.name) {
            Some(series) => series.points.push(point),
            None => series.push(PointSeries {
                name: group.name.clone(),
                points: vec![point],
                marks: Marks::LineAndMarkers,
            }),
        }
    }
    series
}

fn figure(groups: &[Group]) -> Figure {
    Figure {
        id: "trained-digits".to_owned(),
        caption: "Top-1 accuracy against effectual parameters: ResNet-8 of several widths on the built-in \
                  8×8 digits, one recipe. Points are means over seeds, bars span the least and greatest."
            .to_owned(),
        content: Content::Points(PointFigure {
            x: Axis::log("effectual parameters", "effectual_params"),
            y: Axis::linear("top-1 accuracy (%)", "top1_percent"),
            series: series(groups),
        }),
    }
}
