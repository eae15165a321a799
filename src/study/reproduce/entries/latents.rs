//! Distributions of latent weights: whole, by region, by effectual and ineffectual.

use crate::report::figure::{LatentGroup, gauss_over_laplace, latent_figure};
use crate::study::reproduce::{Claim, Context, Outcome, Table, Verdict, context::LATENT_LAYERS};
use signloop_base::Result;
use signloop_network::quant::{QuantizeOptions, Scheme, quantize};
use signloop_plot::Figure;
use signloop_train::fits::{Distribution, distribution};

/// The layer of the figures and verdicts: the one with the most weights.
const SHOWN: &str = LATENT_LAYERS[2];

/// Magnitude from which a latent is at the bound of ±1: beyond it the surrogates' derivative is 0,
/// so that latents stay there or, clipped, pile up before it.
const BOUND: f64 = 0.9;

/// Share of latents at the bound above which their distribution decides nothing, as the tails are
/// those of the recipe. Evenly spread over ±1 they would just reach it.
const MOST_AT_BOUND: f64 = 0.1;

fn at_bound(group: &LatentGroup) -> f64 {
    let count = group.values.iter().filter(|value| f64::from(value.abs()) > BOUND).count();
    count as f64 / group.values.len().max(1) as f64
}

/// Groups of one layer's latents.
fn groups(context: &Context, scheme: Scheme, layer: &str) -> Result<Vec<LatentGroup>> {
    let (values, shape) = context.latents(scheme, layer)?;
    let options = QuantizeOptions { scheme, ..QuantizeOptions::default() };
    let tensor = quantize(&values, shape, &options)?;
    let half = shape.filters / 2 * shape.filter_len();
    let pick = |name: &str, keep: &dyn Fn(usize) -> bool| LatentGroup {
        name: name.to_owned(),
        values: values
            .iter()
            .enumerate()
            .filter(|(index, _)| keep(*index))
            .map(|(_, value)| *value)
            .collect(),
    };
    let codes = tensor.codes();
    let mut groups = vec![pick("all", &|_| true)];
    if scheme == Scheme::SignedBinary {
        groups.push(pick("{0,+1} filters", &|index| index < half));
        groups.push(pick("{0,−1} filters", &|index| index >= half));
        groups.push(pick("effectual", &|index| codes[index] != 0));
        groups.push(pick("ineffectual", &|index| codes[index] == 0));
    }
    Ok(groups)
}

fn figure(id: &str, groups: &[LatentGroup], what: &str) -> Figure {
    Figure { id: id.to_owned(), ..latent_figure(groups, what) }
}

/// Moments and fits of every group of latents.
fn moments(context: &Context) -> Result<Table> {
    let mut table = Table::new(
        "Moments and fits; Gauss over Laplace above 0 means that Gauss fits better",
        &[
            "scheme",
            "layer",
            "group",
            "weights",
            "mean",
            "std dev",
            "skewness",
            "excess kurtosis",
            "Gauss over Laplace (nat a weight)",
        ],
    );
    for scheme in [Scheme::Binary, Scheme::SignedBinary] {
        for layer in LATENT_LAYERS {
            for group in groups(context, scheme, layer)? {
                let Some(fit) = distribution(&group.values) else { continue };
                table.row([
                    scheme.to_string(),
                    layer.to_owned(),
                    group.name.clone(),
                    group.values.len().to_string(),
                    format!("{:+.4}", fit.mean),
                    format!("{:.4}", fit.deviation),
                    format!("{:+.2}", fit.skewness),
                    format!("{:+.2}", fit.excess_kurtosis),
                    format!("{:+.3}", gauss_over_laplace(&fit)),
                ]);
            }
        }
    }
    Ok(table)
}

fn better(gain: f64) -> &'static str {
    if gain > 0.0 { "Gauss" } else { "Laplace" }
}

/// The claims on effectual and ineffectual weights.
fn kinds(
    effectual: &Distribution,
    ineffectual: &Distribution,
    decide: impl Fn(bool) -> Verdict,
) -> Vec<Claim> {
    vec![
        Claim::new(
            "effectual weights of both regions together are Laplacian-like",
            "Laplacian-like",
            format!(
                "{} fits better by {:.3} nat a weight",
                better(gauss_over_laplace(effectual)),
                gauss_over_laplace(effectual).abs()
            ),
            decide(gauss_over_laplace(effectual) < 0.0),
            format!(
                "excess kurtosis {:+.2}; there is a gap around zero, since smaller weights are not effectual",
                effectual.excess_kurtosis
            ),
        ),
        Claim::new(
            "ineffectual weights are Gaussian-like",
            "Gaussian-like",
            format!(
                "{} fits better by {:.3} nat a weight",
                better(gauss_over_laplace(ineffectual)),
                gauss_over_laplace(ineffectual).abs()
            ),
            decide(gauss_over_laplace(ineffectual) > 0.0),
            format!("excess kurtosis {:+.2}", ineffectual.excess_kurtosis),
        ),
    ]
}

pub(super) fn latents(context: &Context) -> Result<Outcome> {
    let table = moments(context)?;
    let binary = groups(context, Scheme::Binary, SHOWN)?;
    let signed = groups(context, Scheme::SignedBinary, SHOWN)?;
    let fit = |group: &LatentGroup| {
        distribution(&group.values).ok_or_else(|| {
            signloop_base::Error::Internal("the shipped latents are all equal".into())
        })
    };
    let (all, positive, negative) = (fit(&binary[0])?, fit(&signed[1])?, fit(&signed[2])?);
    let (effectual, ineffectual) = (fit(&signed[3])?, fit(&signed[4])?);
    let still = [&binary[0], &signed[0]].map(at_bound);
    let decide = |holds| match holds {
        _ if still.iter().any(|share| *share > MOST_AT_BOUND) => Verdict::Undecided,
        true => Verdict::Reproduced,
        false => Verdict::Refuted,
    };
    let off = |fit: f64, scale: f64| (fit / scale).abs() > 0.1;
    let what = |scheme: &str| format!("{SHOWN} of the shipped {scheme} ResNet-20 (CIFAR-10)");
    Ok(Outcome {
        claims: [vec![
            Claim::new(
                "latent weights of a binary network are zero-mean",
                "zero mean",
                format!("mean {:+.4}, standard deviation {:.4}", all.mean, all.deviation),
                decide(!off(all.mean, all.deviation)),
                "within a tenth of a standard deviation",
            ),
            Claim::new(
                "and Laplacian",
                "Laplacian",
                format!("{} fits better by {:.3} nat a weight", better(gauss_over_laplace(&all)), gauss_over_laplace(&all).abs()),
                decide(gauss_over_laplace(&all) < 0.0),
                "maximum-likelihood fits of both",
            ),
            Claim::new(
                "a single region of signed-binary is not zero-mean",
                "not zero mean",
                format!("means {:+.4} and {:+.4}, standard deviations {:.4} and {:.4}", positive.mean, negative.mean, positive.deviation, negative.deviation),
                decide(off(positive.mean, positive.deviation) && off(negative.mean, negative.deviation)),
                "a tenth of a standard deviation or more from zero",
            ),
            Claim::new(
                "nor symmetric, so not Laplacian",
                "not Laplacian",
                format!("skewness {:+.2} and {:+.2}", positive.skewness, negative.skewness),
                decide(positive.skewness.abs() > 0.5 && negative.skewness.abs() > 0.5),
                "a Laplace distribution has skewness 0",
            ),
        ], kinds(&effectual, &ineffectual, decide)].concat(),
        definition: "fits by maximum likelihood (Gauss: mean and standard deviation; Laplace: median and mean \
                     distance from it); effectual = non-zero after quantisation with threshold 0.05·max|W| \
                     of the filter"
            .to_owned(),
        inputs: format!(
            "shipped latents (f16) of the last convolution of each stage of ResNet-20, CIFAR-10, trained as \
             `workloads/weights/README.md` tells; of {SHOWN} {:.0} % of the binary and {:.0} % of the \
             signed-binary ones have magnitudes above {BOUND}, next to the bound of ±1 beyond which the surrogate's \
             derivative is 0 (above {:.0} % no distribution is decided); the published figures are of ResNet-18 on ImageNet",
            100.0 * still[0],
            100.0 * still[1],
            100.0 * MOST_AT_BOUND
        ),
        tables: vec![table],
        figures: vec![
            figure("latents-binary", &binary, &what("binary")),
            figure("latents-regions", &signed[..3], &what("signed-binary")),
            figure("latents-effectual", &[signed[0].clone(), signed[3].clone(), signed[4].clone()], &what("signed-binary")),
        ],
    })
}
