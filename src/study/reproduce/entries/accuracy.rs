//! Accuracies: decided by trained runs alone.

use crate::report::figure::{Choice, recipe};
use crate::study::reproduce::{
    Claim, Context, Outcome, Table, accuracy::gains_over_binary, claim::number,
    interval::Difference,
};
use signloop_base::Result;
use signloop_network::quant::Scheme;
use signloop_plot::{Content, DataPoint};

const COMMAND: &str = "signloop reproduce --only accuracy --runs RUN,...";

pub(super) fn accuracy(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome {
        definition:
            "effectual parameters = non-zero quantised weights; runs are folders of `signloop \
                     train` on one data set, or a CSV with the columns series (the scheme), \
                     effectual_params, top1_percent, label"
                .to_owned(),
        inputs: match context.given.runs.as_slice() {
            [] => "no trained runs were given".to_owned(),
            runs => format!("{} files of trained runs", runs.len()),
        },
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
    if !context.given.runs.is_empty() {
        let figure = recipe("accuracy")?.figure(&context.given.runs, &Choice::default())?;
        if let Content::Points(points) = &figure.content {
            runs = points
                .series
                .iter()
                .map(|series| (series.name.clone(), series.points.clone()))
                .collect();
        }
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
    ] {
        outcome.claims.push(Claim::undecided(what, published, reason, COMMAND));
    }
    Ok(outcome)
}

/// Whether signed-binary reaches more than binary with as many effectual parameters.
fn frontier(runs: &[(String, Vec<DataPoint>)]) -> Claim {
    let what = "signed-binary is more accurate at equal effectual parameters";
    let gains = gains_over_binary(runs);
    if gains.is_empty() {
        return Claim::undecided(
            what,
            "+2.5 points",
            "no trained runs were given in which a signed-binary one lies between two binary ones in \
             effectual parameters",
            COMMAND,
        );
    }
    let difference = Difference::of_pairs(&gains);
    let interval = if difference.half.is_finite() {
        difference.interval()
    } else {
        "one run decides nothing".to_owned()
    };
    Claim::new(
        what,
        "+2.5 points",
        format!("{} points", number(difference.mean)),
        difference.above(0.0),
        format!(
            "mean over {} runs, binary interpolated in log parameters; {interval}",
            gains.len()
        ),
    )
}
