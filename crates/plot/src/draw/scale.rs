//! Coordinates of plotters with ends at round numbers and labels for print.

use std::ops::Range;

use plotters::coord::{
    combinators::{IntoLogRange as _, LogCoord},
    ranged1d::{BoldPoints, KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter},
    types::RangedCoordf64,
};

use super::ticks::{fine_log_ticks, linear_labels, raised, step};
use crate::data::Axis;

/// A value range, linear or logarithmic.
///
/// Plotters' own ranges end wherever they are told to and label each tick with as many digits as
/// it needs; this one ends at a tick, labels all ticks alike, writes powers of ten as powers, and
/// has 1-2-5 ticks where a logarithmic range holds fewer than three powers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    ticks: Vec<f64>,
    labels: Vec<String>,
}

impl Scale {
    /// A scale over all finite values, with at most about `most` ticks.
    pub(super) fn over(values: impl Iterator<Item = f64>, axis: &Axis, most: usize) -> Self {
        let (mut low, mut high) = values
            .filter(|value| value.is_finite() && (!axis.log || *value > 0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            (low, high) = if axis.log { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        if axis.log { Self::log(low, high) } else { Self::linear(low, high, axis.from_zero, most) }
    }

    fn linear(mut low: f64, mut high: f64, from_zero: bool, most: usize) -> Self {
        if from_zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if high - low <= f64::EPSILON * high.abs().max(low.abs()) {
            let room = if high == 0.0 { 1.0 } else { high.abs() * 0.1 };
            (low, high) = (low - room, high + room);
        }
        let step = step(low, high, most.max(2));
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        let ticks: Vec<f64> =
            (0..=(last - first) as u64).map(|index| (first + index as f64) * step).collect();
        let labels = linear_labels(&ticks, step);
        Self { low: first * step, high: last * step, log: false, ticks, labels }
    }

    fn log(low: f64, high: f64) -> Self {
        // Room around the points.
        let (low, high) = (low / 1.15, high * 1.15);
        let powers = LogCoord::from((low..high).log_scale()).key_points(BoldPoints(8));
        let (ticks, labels) = if powers.len() >= 3 {
            let labels = powers.iter().map(|power| format!("10{}", raised(power.log10().round())));
            (powers.clone(), labels.collect())
        } else {
            fine_log_ticks(low, high)
        };
        Self { low, high, log: true, ticks, labels }
    }

    /// What is written at the ticks.
    pub(super) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Takes away the numbers (not the ticks) that would stand closer than a gap to the one before;
    /// `length` is that of a level axis.
    pub(super) fn thin(&mut self, length: f64, gap: f64, width: impl Fn(&str) -> f64) {
        let mut end = f64::NEG_INFINITY;
        for index in 0..self.ticks.len() {
            let (middle, half) =
                (self.share(self.ticks[index]) * length, width(&self.labels[index]) / 2.0);
            if middle - half < end + gap {
                self.labels[index].clear();
            } else {
                end = middle + half;
            }
        }
    }

    /// Values of the ticks.
    pub(super) fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    /// Place of a value between 0 (low) and 1 (high).
    pub(super) fn share(&self, value: f64) -> f64 {
        let fine = 1 << 24;
        f64::from(self.map(&value, (0, fine))) / f64::from(fine)
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        if self.log {
            LogCoord::from((self.low..self.high).log_scale()).map(value, limit)
        } else {
            RangedCoordf64::from(self.low..self.high).map(value, limit)
        }
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // No light lines between the ticks.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let index = self.ticks.iter().position(|tick| tick == value);
        index.map_or_else(String::new, |index| self.labels[index].clone())
    }
}

/// Named places side by side: slot `i` reaches from `i` to `i + 1`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slots {
    names: Vec<String>,
    downward: bool,
}

impl Slots {
    /// Slots along an axis; those of a vertical one begin at the top if `downward`. Empty names
    /// are not written.
    pub(super) fn new(names: Vec<String>, downward: bool) -> Self {
        Self { names, downward }
    }
}

impl Ranged for Slots {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let count = if hint.weight().allow_light_points() { 0 } else { self.names.len() };
        (0..count).map(|index| index as f64 + 0.5).collect()
    }

    fn range(&self) -> Range<f64> {
        let count = self.names.len().max(1) as f64;
        if self.downward { count..0.0 } else { 0.0..count }
    }
}

impl ValueFormatter<f64> for Slots {
    fn format_ext(&self, value: &f64) -> String {
        self.names.get(value.floor() as usize).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ticks::grouped, *};

    #[test]
    fn linear_ticks_are_round_and_cover_the_values() {
        let axis = Axis::linear("", "");
        let scale = Scale::over([0.13, 0.87].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let scale = Scale::over([-3.0, 26.0].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["−10", "0", "10", "20", "30"]);
        let scale = Scale::over([7.0].into_iter(), &Axis::from_zero("", ""), 5);
        assert_eq!((scale.low, scale.labels().len()), (0.0, 5));
        let scale = Scale::over([5.0, 5.0].into_iter(), &axis, 5);
        assert!(scale.low < 5.0 && scale.high > 5.0);
        let scale = Scale::over([0.0, 3.1e6].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["0", "1×10⁶", "2×10⁶", "3×10⁶", "4×10⁶"]);
        // Far from 1 as well as near it.
        for factor in [1e-15, 1e15] {
            let scale = Scale::over([0.0, 0.87 * factor].into_iter(), &axis, 5);
            assert_eq!(scale.ticks().len(), 6, "{factor}");
            assert!((scale.high / factor - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn log_ticks_are_powers_or_one_two_five() {
        let axis = Axis::log("", "");
        let scale = Scale::over([1e-3, 9e3].into_iter(), &axis, 5);
        assert_eq!(scale.labels()[..3], ["10⁻³", "10⁻²", "10⁻¹"]);
        let scale = Scale::over([0.4, 3.0].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["0.5", "1", "2"]);
        assert!((scale.share(scale.high) - 1.0).abs() < 1e-6 && scale.share(scale.low) == 0.0);
        let scale = Scale::over([2.7, 13.0].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["3", "4", "5", "6", "8", "10"]);
        let scale = Scale::over([1.1e7, 4.4e7].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["10⁷", "2×10⁷", "5×10⁷"]);
        let scale = Scale::over([4.1e5, 2.3e6].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["5×10⁵", "10⁶", "2×10⁶"]);
        let scale = Scale::over([3.2e7, 3.6e7].into_iter(), &axis, 5);
        assert_eq!(scale.labels(), ["3.0×10⁷", "3.5×10⁷", "4.0×10⁷"]);
        let scale = Scale::over([1e-30, 1e30].into_iter(), &axis, 5);
        assert!((3..=9).contains(&scale.ticks().len()), "{:?}", scale.labels());
    }

    #[test]
    fn numbers_that_would_touch_are_left_out() {
        let mut scale = Scale::over([1.2e4, 8e4].into_iter(), &Axis::log("", ""), 5);
        assert_eq!(scale.labels(), ["20,000", "30,000", "40,000", "50,000", "60,000", "80,000"]);
        // Over 190 pt, 20 pt wide: 40,000 to 50,000 are 20 pt, 60,000 to 80,000 are 26 pt.
        scale.thin(190.0, 3.0, |_| 20.0);
        assert_eq!(scale.labels(), ["20,000", "30,000", "40,000", "", "60,000", "80,000"]);
        assert_eq!(scale.ticks().len(), 6);
        assert_eq!(
            ["1234", "-12345.5", "1234567"].map(grouped),
            ["1234", "-12,345.5", "1,234,567"]
        );
    }

    #[test]
    fn nothing_to_show_still_has_a_scale() {
        for axis in [Axis::linear("", ""), Axis::log("", "")] {
            let scale = Scale::over([f64::NAN].into_iter(), &axis, 5);
            assert!(scale.low < scale.high && !scale.ticks().is_empty());
        }
    }

    #[test]
    fn slots_are_even_and_run_either_way() {
        let names = || vec!["a".to_owned(), "b".to_owned()];
        let (along, down) = (Slots::new(names(), false), Slots::new(names(), true));
        assert_eq!(along.map(&0.5, (0, 400)), 100);
        assert_eq!(down.map(&0.5, (400, 0)), 100);
        assert_eq!(along.format_ext(&1.5), "b");
    }
}
