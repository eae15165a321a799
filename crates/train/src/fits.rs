//! How the latent weights of each layer are distributed: Laplace and normal fits by maximum
//! likelihood, their Kolmogorov-Smirnov distances, and moments.

use std::fmt::Write as _;

use statrs::distribution::{Continuous, ContinuousCDF, Laplace, Normal};

use signloop_base::text::csv_field;
use signloop_network::quant::{QuantizedTensor, Scheme};

/// A part of a layer's latents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All weights.
    All,
    /// Weights of {0,+1} filters.
    Positive,
    /// Weights of {0,−1} filters.
    Negative,
    /// Weights quantised to non-zero.
    Effectual,
    /// Weights quantised to zero.
    Ineffectual,
}

/// A fitted distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Median (Laplace) or mean (normal).
    pub location: f64,
    /// Mean distance from the median (Laplace) or standard deviation (normal).
    pub scale: f64,
    /// Mean log-likelihood of a weight, in nats.
    pub log_likelihood: f64,
    /// Kolmogorov-Smirnov distance. Its usual p-value does not hold: the fit saw the sample.
    pub distance: f64,
}

/// Moments and fits of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the standard moments")]
pub struct Distribution {
    pub count: usize,
    pub mean: f64,
    pub deviation: f64,
    pub skewness: f64,
    /// 0 for a normal distribution, 3 for Laplace's.
    pub excess_kurtosis: f64,
    pub laplace: Fit,
    pub normal: Fit,
}

/// Moments and fits of a sample; `None` where it has no spread.
#[must_use]
pub fn distribution(sample: &[f32]) -> Option<Distribution> {
    let mut sorted: Vec<f64> = sample.iter().map(|value| f64::from(*value)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let moment =
        |power: i32| sorted.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
    let deviation = moment(2).sqrt();
    // Also catches an empty sample, whose mean is NaN.
    if !(deviation > 0.0 && deviation.is_finite()) {
        return None;
    }
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    };
    let spread = sorted.iter().map(|value| (value - median).abs()).sum::<f64>() / count;
    let laplace = Laplace::new(median, spread).ok()?;
    let normal = Normal::new(mean, deviation).ok()?;
    Some(Distribution {
        count: sorted.len(),
        mean,
        deviation,
        skewness: moment(3) / deviation.powi(3),
        excess_kurtosis: moment(4) / deviation.powi(4) - 3.0,
        laplace: fit(&sorted, &laplace, (median, spread)),
        normal: fit(&sorted, &normal, (mean, deviation)),
    })
}

fn fit(
    sorted: &[f64],
    fitted: &(impl Continuous<f64, f64> + ContinuousCDF<f64, f64>),
    (location, scale): (f64, f64),
) -> Fit {
    let count = sorted.len() as f64;
    let log_likelihood = sorted.iter().map(|value| fitted.ln_pdf(*value)).sum::<f64>() / count;
    let distance = sorted.iter().enumerate().fold(0.0_f64, |most, (index, value)| {
        let expected = fitted.cdf(*value);
        let (below, above) = (index as f64 / count, (index + 1) as f64 / count);
        most.max((expected - below).abs()).max((above - expected).abs())
    });
    Fit { location, scale, log_likelihood, distance }
}

/// The parts of a layer's latents that its scheme tells apart.
#[must_use]
pub fn parts(latents: &[f32], tensor: &QuantizedTensor) -> Vec<(Part, Vec<f32>)> {
    let length = tensor.shape().filter_len().max(1);
    let pick = |keep: &dyn Fn(usize) -> bool| -> Vec<f32> {
        let kept = latents.iter().enumerate().filter(|(index, _)| keep(*index));
        kept.map(|(_, value)| *value).collect()
    };
    let effectual = |index: usize| tensor.codes()[index] != 0;
    let mut parts = vec![(Part::All, latents.to_vec())];
    if tensor.scheme() == Scheme::SignedBinary {
        // A filter's sign is that of any effectual weight; one of zeros only belongs to neither.
        let sign = |index: usize| {
            tensor.filter(index / length).iter().copied().find(|code| *code != 0).unwrap_or(0)
        };
        let signs: Vec<i8> = (0..tensor.shape().filters).map(|k| sign(k * length)).collect();
        parts.push((Part::Positive, pick(&|index| signs[index / length] > 0)));
        parts.push((Part::Negative, pick(&|index| signs[index / length] < 0)));
    }
    if tensor.effectual() < tensor.codes().len() as u64 {
        parts.push((Part::Effectual, pick(&effectual)));
        parts.push((Part::Ineffectual, pick(&|index| !effectual(index))));
    }
    parts
}

/// One CSV line for every layer and part with a spread.
#[must_use]
pub fn csv<'a>(layers: impl Iterator<Item = (&'a str, &'a [f32], &'a QuantizedTensor)>) -> String {
    let mut text = String::from(
        "layer,part,weights,mean,std_dev,skewness,excess_kurtosis,\
         laplace_location,laplace_scale,laplace_log_likelihood_nats,laplace_ks,\
         normal_log_likelihood_nats,normal_ks\n",
    );
    for (layer, latents, tensor) in layers {
        for (part, sample) in parts(latents, tensor) {
            let Some(found) = distribution(&sample) else { continue };
            let _ = writeln!(
                text,
                "{},{},{},{:.6},{:.6},{:.4},{:.4},{:.6},{:.6},{:.5},{:.5},{:.5},{:.5}",
                csv_field(layer),
                format!("{part:?}").to_lowercase(),
                found.count,
                found.mean,
                found.deviation,
                found.skewness,
                found.excess_kurtosis,
                found.laplace.location,
                found.laplace.scale,
                found.laplace.log_likelihood,
                found.laplace.distance,
                found.normal.log_likelihood,
                found.normal.distance
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of a distribution are as near to it as a sample can be.
    fn quantiles(of: &impl ContinuousCDF<f64, f64>) -> Vec<f32> {
        (0..4000).map(|index| of.inverse_cdf((f64::from(index) + 0.5) / 4000.0) as f32).collect()
    }

    #[test]
    fn each_family_fits_its_own_quantiles_better() {
        let laplace = distribution(&quantiles(&Laplace::new(0.1, 0.5).unwrap())).unwrap();
        assert!((laplace.laplace.location - 0.1).abs() < 1e-3);
        assert!((laplace.laplace.scale - 0.5).abs() < 5e-3);
        assert!(laplace.laplace.distance < 2e-3 && laplace.normal.distance > 0.05);
        assert!(laplace.laplace.log_likelihood > laplace.normal.log_likelihood + 0.05);
        // Entropy of Laplace: ln(2eb) nats, so ln(e) = 1 at b = 0.5.
        assert!((laplace.laplace.log_likelihood + 1.0).abs() < 5e-3);
        assert!((laplace.excess_kurtosis - 3.0).abs() < 0.3);
        let normal = distribution(&quantiles(&Normal::new(-0.2, 0.3).unwrap())).unwrap();
        assert!(normal.normal.distance < 2e-3 && normal.laplace.distance > 0.02);
        assert!(normal.normal.log_likelihood > normal.laplace.log_likelihood + 0.02);
        assert!(normal.skewness.abs() < 0.01 && normal.excess_kurtosis.abs() < 0.05);
    }

    #[test]
    fn a_sample_without_spread_has_no_fit() {
        assert_eq!(distribution(&[]), None);
        assert_eq!(distribution(&[0.5; 9]), None);
    }
}
