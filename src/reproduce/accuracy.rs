//! Accuracy at equal effectual parameters.

use crate::{plot::DataPoint, quant::Scheme};

/// Mean gain of the signed-binary runs over binary at the same number of effectual parameters
/// (binary interpolated in the logarithm of the parameters), and how many runs lie where binary
/// ones surround them; nothing if none does. Points are (effectual parameters, accuracy).
#[must_use]
pub fn gain_over_binary(runs: &[(String, Vec<DataPoint>)]) -> Option<(f64, usize)> {
    let of = |scheme: Scheme| {
        runs.iter().find(|(name, _)| name == scheme.name()).map(|(_, points)| points.as_slice())
    };
    let binary = of(Scheme::Binary)?;
    let gains: Vec<f64> = of(Scheme::SignedBinary)?
        .iter()
        .filter_map(|point| Some(point.y - interpolated(binary, point.x)?))
        .collect();
    let count = gains.len();
    (count > 0).then(|| (gains.iter().sum::<f64>() / count as f64, count))
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
        let runs = |size: f64| {
            vec![
                ("binary".to_owned(), vec![DataPoint::at(1e4, 80.0), DataPoint::at(1e6, 90.0)]),
                ("signed-binary".to_owned(), vec![DataPoint::at(size, 87.5)]),
            ]
        };
        // Halfway in the logarithm binary has 85.
        let (gain, count) = gain_over_binary(&runs(1e5)).unwrap();
        assert!((gain - 2.5).abs() < 1e-9 && count == 1);
        assert_eq!(gain_over_binary(&runs(1e3)), None, "smaller than any binary run");
        assert_eq!(gain_over_binary(&[]), None);
    }
}
