//! Histograms of latent weights with the two distributions that papers name.

use super::{Choice, Input, single};
use signloop_base::{Result, diagnostics::Problem};
use signloop_network::workload::LatentFile;
use signloop_plot::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries};
use signloop_train::fits::{Distribution, distribution};

/// Bins of a histogram.
const BINS: usize = 61;

/// Latent weights that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentGroup {
    /// What they are: all weights, the effectual ones, one region.
    pub name: String,
    /// Their values.
    pub values: Vec<f32>,
}

/// Log-likelihood of the Gauss fit minus that of the Laplace fit, a weight, in nats; above 0 Gauss
/// fits better.
#[must_use]
pub fn gauss_over_laplace(fit: &Distribution) -> f64 {
    fit.normal.log_likelihood - fit.laplace.log_likelihood
}

/// One tensor, or several pooled.
pub(super) fn latents(inputs: &[Input], choice: &Choice) -> Result<Figure> {
    let input = single(inputs, "latents")?;
    let file = LatentFile::parse(&input.path, &input.bytes)?;
    if choice.layers.is_empty() {
        return Err(Problem::new("which tensors?")
            .in_file(&input.name())
            .hint("give --layer NAME,…, the tensors' names in the file")
            .into());
    }
    let mut values = Vec::new();
    for name in &choice.layers {
        values.extend_from_slice(&file.tensor(name)?.values);
    }
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(Problem::new(format!("a weight is {value}")).in_file(&input.name()).into());
    }
    let name = choice.layers.join(" + ");
    Ok(latent_figure(&[LatentGroup { name, values }], &input.name()))
}

/// The histogram of each group as a share of the whole first group; in grey the better of the two
/// fits of each, or both of a single group.
#[must_use]
pub fn latent_figure(groups: &[LatentGroup], what: &str) -> Figure {
    let all = groups.first().map_or(&[][..], |group| group.values.as_slice());
    let reach = all.iter().fold(0.0_f64, |reach, value| reach.max(f64::from(value.abs())));
    // The farthest weights are lone; the figure shows what 99.8 % of them span.
    let mut sizes: Vec<f64> = all.iter().map(|value| f64::from(value.abs())).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let reach = sizes.get(sizes.len() * 998 / 1000).copied().unwrap_or(reach).max(1e-12);
    let width = 2.0 * reach / BINS as f64;
    let mut series = Vec::new();
    let mut fits = Vec::new();
    let mut caption =
        format!("Latent weights of {what}, density of each group as a share of the first.");
    for group in groups {
        let mut bins = [0_u64; BINS];
        for value in &group.values {
            let bin = ((f64::from(*value) + reach) / width).floor();
            if bin >= 0.0 && bin < BINS as f64 {
                bins[bin as usize] += 1;
            }
        }
        let share = 1.0 / (all.len().max(1) as f64 * width);
        // The outline of the bins: two corners a bin.
        let points = bins.iter().enumerate().flat_map(|(index, count)| {
            let left = -reach + width * index as f64;
            let density = *count as f64 * share;
            [DataPoint::at(left, density), DataPoint::at(left + width, density)]
        });
        series.push(PointSeries {
            name: group.name.clone(),
            points: points.collect(),
            marks: Marks::Line,
        });
        if let Some(fit) = distribution(&group.values) {
            let part = group.values.len() as f64 / all.len().max(1) as f64;
            let better = gauss_over_laplace(&fit) > 0.0;
            for gauss in [true, false] {
                // Of several groups only the better fit is drawn.
                if groups.len() == 1 || gauss == better {
                    fits.push(fit_line(&group.name, &fit, gauss, part, reach));
                }
            }
            caption += &format!(
                " {}: {} weights, mean {:.4}, standard deviation {:.4}, skewness {:.2}, excess \
                 kurtosis {:.2}, Gauss over Laplace {:+.3} nat a weight.",
                group.name,
                group.values.len(),
                fit.mean,
                fit.deviation,
                fit.skewness,
                fit.excess_kurtosis,
                gauss_over_laplace(&fit)
            );
        }
    }
    series.extend(fits);
    Figure {
        id: "latents".to_owned(),
        caption,
        content: Content::Points(PointFigure {
            x: Axis::linear("latent weight", "latent_weight"),
            y: Axis::from_zero("probability density", "density"),
            series,
        }),
    }
}

/// One fit of a group, scaled to the group's part of all weights.
fn fit_line(name: &str, fit: &Distribution, gauss: bool, part: f64, reach: f64) -> PointSeries {
    let density = |x: f64| {
        if gauss {
            let z = (x - fit.mean) / fit.deviation;
            (-z * z / 2.0).exp() / (fit.deviation * (2.0 * std::f64::consts::PI).sqrt())
        } else {
            let laplace = &fit.laplace;
            (-(x - laplace.location).abs() / laplace.scale).exp() / (2.0 * laplace.scale)
        }
    };
    let points = (0..=480)
        .map(|step| {
            let x = -reach + 2.0 * reach * f64::from(step) / 480.0;
            DataPoint::at(x, density(x) * part)
        })
        .collect();
    let kind = if gauss { "Gauss" } else { "Laplace" };
    PointSeries { name: format!("{name}: {kind}"), points, marks: Marks::Reference }
}
