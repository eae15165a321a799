//! Histograms of latent weights with the two distributions that papers name.

use super::{Choice, Input, single};
use crate::{
    Result,
    diagnostics::Problem,
    plot::data::{Axis, Content, DataPoint, Figure, Marks, PointFigure, PointSeries},
    workload::LatentFile,
};

/// Bins of a histogram.
const BINS: usize = 61;

/// Latent weights that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentGroup {
    /// What they are: all weights, the effectual ones, one region.
    pub name: String,
    /// Their values.
    pub values: Vec<f64>,
}

/// Moments of a group and how well each distribution fits, both by maximum likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatentFit {
    /// Mean: the location of the Gauss fit.
    pub mean: f64,
    /// Standard deviation: the scale of the Gauss fit.
    pub std_dev: f64,
    /// Third standardised moment; 0 for both.
    pub skewness: f64,
    /// Fourth standardised moment minus 3; 0 for Gauss, 3 for Laplace.
    pub excess_kurtosis: f64,
    /// Median: the location of the Laplace fit.
    pub median: f64,
    /// Mean distance from the median: the scale of the Laplace fit.
    pub laplace_scale: f64,
    /// Log-likelihood of Gauss minus that of Laplace, a weight, in nats; above 0 Gauss fits better.
    pub gauss_over_laplace: f64,
}

/// Moments and fits; nothing for fewer than two different values.
#[must_use]
pub fn latent_fits(values: &[f64]) -> Option<LatentFit> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let moment = |power: i32| values.iter().map(|v| (v - mean).powi(power)).sum::<f64>() / count;
    let variance = moment(2);
    if values.len() < 2 || variance <= 0.0 || !variance.is_finite() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
    let laplace_scale = values.iter().map(|v| (v - median).abs()).sum::<f64>() / count;
    let std_dev = variance.sqrt();
    // Mean log-likelihood at the optimum: −½ln(2πe σ²) and −ln(2be).
    let gauss = -0.5 * (2.0 * std::f64::consts::PI * variance).ln() - 0.5;
    let laplace = -(2.0 * laplace_scale).ln() - 1.0;
    Some(LatentFit {
        mean,
        std_dev,
        skewness: moment(3) / std_dev.powi(3),
        excess_kurtosis: moment(4) / variance.powi(2) - 3.0,
        median,
        laplace_scale,
        gauss_over_laplace: gauss - laplace,
    })
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
        values.extend(file.tensor(name)?.values.iter().map(|value| f64::from(*value)));
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
    let reach = all.iter().fold(0.0_f64, |reach, value| reach.max(value.abs()));
    // The farthest weights are lone; the figure shows what 99.8 % of them span.
    let mut sizes: Vec<f64> = all.iter().map(|value| value.abs()).collect();
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
            let bin = ((value + reach) / width).floor();
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
        if let Some(fit) = latent_fits(&group.values) {
            let part = group.values.len() as f64 / all.len().max(1) as f64;
            let better = fit.gauss_over_laplace > 0.0;
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
                fit.std_dev,
                fit.skewness,
                fit.excess_kurtosis,
                fit.gauss_over_laplace
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
fn fit_line(name: &str, fit: &LatentFit, gauss: bool, part: f64, reach: f64) -> PointSeries {
    let density = |x: f64| {
        if gauss {
            let z = (x - fit.mean) / fit.std_dev;
            (-z * z / 2.0).exp() / (fit.std_dev * (2.0 * std::f64::consts::PI).sqrt())
        } else {
            (-(x - fit.median).abs() / fit.laplace_scale).exp() / (2.0 * fit.laplace_scale)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of a distribution at evenly spaced probabilities.
    fn quantiles(inverse: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..20_000).map(|index| inverse((f64::from(index) + 0.5) / 20_000.0)).collect()
    }

    #[test]
    fn each_distribution_is_told_from_the_other() {
        use statrs::distribution::{ContinuousCDF, Normal};
        let normal = Normal::new(0.1, 2.0).unwrap();
        let fit = latent_fits(&quantiles(|p| normal.inverse_cdf(p))).unwrap();
        assert!((fit.mean - 0.1).abs() < 1e-3 && (fit.std_dev - 2.0).abs() < 0.01);
        // Kullback-Leibler distance of the best Laplace from a Gauss:
        // ln(2e·sqrt(2/pi)) − ½ln(2·pi·e) = 0.0484 nat.
        assert!((fit.gauss_over_laplace - 0.0484).abs() < 0.002);
        assert!(fit.excess_kurtosis.abs() < 0.05);
        let laplace = |p: f64| {
            if p < 0.5 { (2.0 * p).ln() } else { -(2.0 * (1.0 - p)).ln() }
        };
        let fit = latent_fits(&quantiles(laplace)).unwrap();
        // ½ln(2·pi·e·2) − ln(2e) = 0.0724 nat the other way.
        assert!((fit.gauss_over_laplace + 0.0724).abs() < 0.002);
        assert!((fit.laplace_scale - 1.0).abs() < 0.01 && fit.excess_kurtosis > 2.8);
    }

    #[test]
    fn equal_values_have_no_fit() {
        assert_eq!(latent_fits(&[1.0; 5]), None);
        assert_eq!(latent_fits(&[]), None);
    }
}
