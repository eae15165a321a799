//! Units by size, so that an axis shows numbers that can be read.

use signloop_plot::{Layout, Series};

/// Units of one quantity, the largest first: how many of the last one it is, how the axis' title
/// names it, and how the CSV's columns end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ladder(&'static [(f64, &'static str, &'static str)]);

impl Ladder {
    pub(super) const ENERGY_PJ: Self = Self(&[
        (1e12, " (J)", "j"),
        (1e9, " (mJ)", "mj"),
        (1e6, " (µJ)", "uj"),
        (1e3, " (nJ)", "nj"),
        (1.0, " (pJ)", "pj"),
    ]);
    pub(super) const TIME_US: Self =
        Self(&[(1e6, " (s)", "s"), (1e3, " (ms)", "ms"), (1.0, " (µs)", "us")]);
    pub(super) const BYTES: Self = Self(&[
        (1e9, " (GB)", "gb"),
        (1e6, " (MB)", "mb"),
        (1e3, " (kB)", "kb"),
        (1.0, "", "bytes"),
    ]);
    pub(super) const CYCLES: Self = Self(&[
        (1e6, " (millions)", "mcycles"),
        (1e3, " (thousands)", "kcycles"),
        (1.0, "", "cycles"),
    ]);
    pub(super) const ADDS: Self =
        Self(&[(1e6, " (millions)", "madds"), (1e3, " (thousands)", "kadds"), (1.0, "", "adds")]);
    pub(super) const RATIO: Self = Self(&[(1.0, "", "ratio")]);
    pub(super) const FRACTION: Self = Self(&[(1.0, "", "fraction")]);

    /// The largest unit that a value reaches.
    pub(super) fn of(self, greatest: f64) -> (f64, &'static str, &'static str) {
        let reached = self.0.iter().find(|(size, _, _)| greatest >= *size);
        reached.or(self.0.last()).copied().unwrap_or((1.0, "", ""))
    }

    /// Turns the values of bars into the largest unit that the longest bar reaches, and tells its
    /// CSV suffix and its part of the axis' title.
    pub(super) fn scale(
        self,
        layout: Layout,
        series: &mut [Series],
    ) -> (&'static str, &'static str) {
        let count = series.iter().map(|series| series.values.len()).max().unwrap_or(0);
        let length = |category: usize| {
            let values = series.iter().filter_map(|series| series.values.get(category).copied());
            match layout {
                Layout::Stacked => values.sum(),
                Layout::Grouped => values.fold(0.0, f64::max),
            }
        };
        let (size, word, unit) = self.of((0..count).map(length).fold(0.0, f64::max));
        for value in series.iter_mut().flat_map(|series| &mut series.values) {
            *value /= size;
        }
        (unit, word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_names_the_unit() {
        let series =
            || ["a", "b"].map(|name| Series { name: name.to_owned(), values: vec![600.0, 100.0] });
        let mut apart = series();
        assert_eq!(Ladder::CYCLES.scale(Layout::Grouped, &mut apart), ("cycles", ""));
        let mut stacked = series();
        // 600 + 600 cycles reach a thousand.
        assert_eq!(
            Ladder::CYCLES.scale(Layout::Stacked, &mut stacked),
            ("kcycles", " (thousands)")
        );
        assert_eq!(stacked[1].values, [0.6, 0.1]);
        assert_eq!(Ladder::TIME_US.scale(Layout::Grouped, &mut []), ("us", " (µs)"));
    }
}
