//! Accuracy at equal effectual parameters.

use signloop_network::quant::Scheme;
use signloop_plot::DataPoint;

/// Gain of each signed-binary run over binary at the same number of effectual parameters (binary
/// interpolated in the logarithm of the parameters); runs that no binary ones surround are left
/// out. Points are (effectual parameters, accuracy).
#[must_use]
pub fn gains_over_binary(runs: &[(String, Vec<DataPoint>)]) -> Vec<f64> {
    let of = |scheme: Scheme| {
        runs.iter().find(|(name, _)| name == scheme.name()).map(|(_, points)| points.as_slice())
    };
    let (binary, signed) = (of(Scheme::Binary), of(Scheme::SignedBinary));
    let points = signed.unwrap_or_default().iter();
    points
        .filter_map(|point| Some(point.y - interpolated(binary.unwrap_or_default(), point.x)?))
        .collect()
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
        let gains = gains_over_binary(&runs(1e5));
        assert!(gains.len() == 1 && (gains[0] - 2.5).abs() < 1e-9);
        assert!(gains_over_binary(&runs(1e3)).is_empty(), "smaller than any binary run");
        assert!(gains_over_binary(&[]).is_empty());
    }
}
