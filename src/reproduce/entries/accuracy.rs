//! Accuracies: decided by trained runs alone.

use crate::{
    Result,
    plot::{Choice, Content, DataPoint, recipe},
    quant::Scheme,
    reproduce::{Claim, Context, Outcome, Table, Verdict, claim::number},
};

const COMMAND: &str = "signloop reproduce --only accuracy --runs FILE";

pub(super) fn accuracy(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome {
        definition: "effectual parameters = non-zero quantised weights; a runs file is CSV with the columns \
                     series (the scheme), effectual_params, top1_percent, label"
            .to_owned(),
        inputs: context.given.runs.as_ref().map_or_else(
            || "no trained runs were given".to_owned(),
            crate::plot::Input::name,
        ),
        ..Outcome::default()
    };
    let mut table =
        Table::new("Shipped networks", &["scheme", "parameters", "effectual", "provenance"]);
    for scheme in [Scheme::Binary, Scheme::Ternary, Scheme::SignedBinary] {
        let (layers, provenance) = context.trained(scheme)?;
        let effectual: u64 = layers.iter().map(|(_, tensor)| tensor.effectual()).sum();
        let all: usize = layers.iter().map(|(_, tensor)| tensor.codes().len()).sum();
        table.row([scheme.to_string(), all.to_string(), effectual.to_string(), provenance]);
    }
    outcome.tables.push(table);
    let mut runs: Vec<(String, Vec<DataPoint>)> = Vec::new();
    if let Some(input) = &context.given.runs {
        let mut figure =
            recipe("accuracy")?.figure(std::slice::from_ref(input), &Choice::default())?;
        if let Content::Points(points) = &figure.content {
            runs = points
                .series
                .iter()
                .map(|series| (series.name.clone(), series.points.clone()))
                .collect();
        }
        figure.id = "accuracy".to_owned();
        outcome.figures.push(figure);
    }
    outcome.claims.push(frontier(&runs));
    for (what, published, reason) in [
        (
            "top-1 of ResNet on ImageNet",
            "66.2 %",
            "needs ImageNet, which is not shipped; the depth is not named",
        ),
        (
            "Pareto front against 13 earlier methods (Figure 4)",
            "on the front",
            "the accuracies of the earlier works are not in the thread",
        ),
        (
            "against BNext and PokeBNN",
            "out of scope (authors)",
            "other architectures; not trained here",
        ),
        (
            "with and without the signed-binary EDE",
            "stabilises",
            "needs trainings with and without it",
        ),
        (
            "conversion of a trained binary network instead of training from scratch",
            "a limitation (authors)",
            "needs the converted network's accuracy",
        ),
    ] {
        outcome.claims.push(Claim::undecided(what, published, reason, COMMAND));
    }
    Ok(outcome)
}

/// Whether signed-binary reaches more than binary with as many effectual parameters.
fn frontier(runs: &[(String, Vec<DataPoint>)]) -> Claim {
    let what = "signed-binary is more accurate at equal effectual parameters";
    let of = |scheme: Scheme| {
        runs.iter().find(|(name, _)| name == scheme.name()).map(|(_, points)| points.as_slice())
    };
    let (Some(signed), Some(binary)) = (of(Scheme::SignedBinary), of(Scheme::Binary)) else {
        return Claim::undecided(
            what,
            "+2.5 points",
            "no trained runs of binary and signed-binary were given",
            COMMAND,
        );
    };
    // Each signed-binary run against binary, interpolated in the logarithm of the parameters.
    let gains: Vec<f64> =
        signed.iter().filter_map(|point| Some(point.y - interpolated(binary, point.x)?)).collect();
    if gains.is_empty() {
        return Claim::undecided(
            what,
            "+2.5 points",
            "no signed-binary run lies between two binary ones in effectual parameters",
            COMMAND,
        );
    }
    let mean = gains.iter().sum::<f64>() / gains.len() as f64;
    let verdict = if mean > 0.0 { Verdict::Reproduced } else { Verdict::Refuted };
    let why = format!("mean over {} runs, binary interpolated in log parameters", gains.len());
    Claim::new(what, "+2.5 points", format!("{} points", number(mean)), verdict, why)
}

fn interpolated(points: &[DataPoint], x: f64) -> Option<f64> {
    let below = points.iter().filter(|point| point.x <= x).max_by(|a, b| a.x.total_cmp(&b.x))?;
    let above = points.iter().filter(|point| point.x >= x).min_by(|a, b| a.x.total_cmp(&b.x))?;
    if above.x <= below.x {
        return Some(below.y);
    }
    let share = (x.ln() - below.x.ln()) / (above.x.ln() - below.x.ln());
    Some(below.y + (above.y - below.y) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_binary_is_held_against_binary_at_its_own_size() {
        let runs = |signed: f64| {
            vec![
                ("binary".to_owned(), vec![DataPoint::at(1e4, 80.0), DataPoint::at(1e6, 90.0)]),
                ("signed-binary".to_owned(), vec![DataPoint::at(1e5, signed)]),
            ]
        };
        // Halfway in the logarithm binary has 85.
        assert_eq!(frontier(&runs(87.5)).verdict, Verdict::Reproduced);
        assert_eq!(frontier(&runs(87.5)).ours, "2.50 points");
        assert_eq!(frontier(&runs(84.0)).verdict, Verdict::Refuted);
        assert_eq!(frontier(&[]).verdict, Verdict::Undecided);
    }
}
