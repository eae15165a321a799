//! Learning rate over a run.

use std::f64::consts::PI;

/// Shape of the learning rate from progress 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// ½(1 + cos πp).
    Cosine,
    /// 1 − p.
    Linear,
    /// From 1/25 up to 1 over the first 30 %, then down to 1/250,000, both along a cosine
    /// (Smith and Topin 2018, with PyTorch's defaults).
    OneCycle,
    /// 1.
    Constant,
}

impl Schedule {
    /// Factor of the base learning rate.
    #[must_use]
    pub fn factor(self, progress: f64) -> f64 {
        let progress = progress.clamp(0.0, 1.0);
        let fall =
            |from: f64, to: f64, share: f64| to + (from - to) * 0.5 * (1.0 + (PI * share).cos());
        match self {
            Self::Cosine => fall(1.0, 0.0, progress),
            Self::Linear => 1.0 - progress,
            Self::OneCycle if progress < 0.3 => fall(1.0 / 25.0, 1.0, progress / 0.3),
            Self::OneCycle => fall(1.0, 1.0 / 250_000.0, (progress - 0.3) / 0.7),
            Self::Constant => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_peaks() {
        for (schedule, start, middle, end) in [
            (Schedule::Cosine, 1.0, 0.5, 0.0),
            (Schedule::Linear, 1.0, 0.5, 0.0),
            (Schedule::Constant, 1.0, 1.0, 1.0),
        ] {
            let found = [0.0, 0.5, 1.0].map(|progress| schedule.factor(progress));
            for (found, expected) in found.iter().zip([start, middle, end]) {
                assert!((found - expected).abs() < 1e-12, "{schedule:?}");
            }
        }
        let cycle = [0.0, 0.3, 1.0].map(|progress| Schedule::OneCycle.factor(progress));
        assert!((cycle[0] - 0.04).abs() < 1e-12 && (cycle[1] - 1.0).abs() < 1e-12);
        assert!((cycle[2] - 4e-6).abs() < 1e-12);
    }
}
