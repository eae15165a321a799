//! Coordinates of plotters with ends at round numbers and labels for print.

use std::ops::Range;

use plotters::coord::{
    combinators::{IntoLogRange as _, LogCoord},
    ranged1d::{BoldPoints, KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter},
    types::RangedCoordf64,
};

use crate::plot::data::Axis;

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

/// Ticks within fewer than three powers of ten: 1-2-5, or denser where that leaves fewer than three.
fn fine_log_ticks(low: f64, high: f64) -> (Vec<f64>, Vec<String>) {
    let powers = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    for factors in [&[1.0, 2.0, 5.0][..], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]] {
        let ticks: Vec<(f64, i32)> = powers
            .clone()
            .flat_map(|power| factors.iter().map(move |factor| (*factor, power)))
            .filter(|(factor, power)| (low..=high).contains(&(factor * 10_f64.powi(*power))))
            .collect();
        if ticks.len() >= 3 {
            let value = |(factor, power): &(f64, i32)| factor * 10_f64.powi(*power);
            let label = |(factor, power): &(f64, i32)| match (*power, *factor) {
                (-3..=5, _) => {
                    let digits = usize::try_from(-power).unwrap_or(0);
                    grouped(&format!("{:.digits$}", factor * 10_f64.powi(*power)))
                }
                (_, 1.0) => format!("10{}", raised(f64::from(*power))),
                _ => format!("{factor:.0}×10{}", raised(f64::from(*power))),
            };
            return (ticks.iter().map(value).collect(), ticks.iter().map(label).collect());
        }
    }
    // Over less than a factor of about two, even steps are nearly even on the axis, too.
    let step = step(low, high, 4);
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    let count = (last - first).max(0.0) as u64;
    let ticks: Vec<f64> = (0..=count).map(|index| (first + index as f64) * step).collect();
    let labels = linear_labels(&ticks, step);
    (ticks, labels)
}

/// Ticks with as many digits as their distance needs; of very large and small ones a power of ten
/// is split off.
fn linear_labels(ticks: &[f64], step: f64) -> Vec<String> {
    let largest = ticks.iter().fold(0.0_f64, |largest, tick| largest.max(tick.abs()));
    let power = largest.log10().floor();
    let (unit, tail) = if largest > 0.0 && !(1e-3..1e6).contains(&largest) {
        (10_f64.powf(power), format!("×10{}", raised(power)))
    } else {
        (1.0, String::new())
    };
    let decimals = (0..12).find(|digits| {
        let scaled = step / unit * 10_f64.powi(*digits);
        (scaled - scaled.round()).abs() < 1e-6 * scaled
    });
    let digits = decimals.unwrap_or(12) as usize;
    let label = |tick: &f64| match *tick {
        0.0 if !tail.is_empty() => "0".to_owned(),
        tick => minus(&grouped(&format!("{:.digits$}", tick / unit))) + &tail,
    };
    ticks.iter().map(label).collect()
}

/// The distance of plotters' ticks over a range. It is asked for one near 0 and of about 1, because
/// it compares with absolute tolerances.
fn step(low: f64, high: f64, most: usize) -> f64 {
    let unit = 10_f64.powf((high - low).log10().ceil());
    let start = (low / unit).floor();
    let range = RangedCoordf64::from(low / unit - start..high / unit - start);
    match range.key_points(BoldPoints(most))[..] {
        [first, second, ..] => round_digits((second - first) * unit),
        _ => high - low,
    }
}

/// Without the last digits, which summing has spoilt.
fn round_digits(value: f64) -> f64 {
    let unit = 10_f64.powf(value.log10().floor() - 3.0);
    (value / unit).round() * unit
}

/// Digits in groups of three from five digits before the point on.
pub(super) fn grouped(number: &str) -> String {
    let start = number.find(|character: char| character.is_ascii_digit()).unwrap_or(0);
    let end = number.find('.').unwrap_or(number.len());
    let count = end - start;
    if count < 5 {
        return number.to_owned();
    }
    let mut text = number[..start].to_owned();
    for (index, digit) in number[start..end].chars().enumerate() {
        if index > 0 && (count - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + &number[end..]
}

/// The typographic minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// An exponent in raised digits.
fn raised(exponent: f64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit =
        |character: char| character.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    format!("{exponent:.0}").chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
