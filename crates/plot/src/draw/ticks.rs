//! Round values along an axis, and how they are written.

use plotters::coord::{
    ranged1d::{BoldPoints, Ranged as _},
    types::RangedCoordf64,
};

/// Ticks within fewer than three powers of ten: 1-2-5, or denser where that leaves fewer than three.
pub(super) fn fine_log_ticks(low: f64, high: f64) -> (Vec<f64>, Vec<String>) {
    let powers = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    for factors in [&[1.0, 2.0, 5.0][..], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]] {
        let ticks: Vec<(f64, i32)> = powers
            .clone()
            .flat_map(|power| factors.iter().map(move |factor| (*factor, power)))
            .filter(|(factor, power)| (low..=high).contains(&(factor * 10_f64.powi(*power))))
            .collect();
        if ticks.len() >= 3 {
            let value = |(factor, power): &(f64, i32)| factor * 10_f64.powi(*power);
            // All in full, or none: 800,000 beside 10⁶ reads as two scales.
            let full = ticks.iter().all(|(_, power)| (-3..=5).contains(power));
            let label = |(factor, power): &(f64, i32)| match (full, *factor) {
                (true, _) => {
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
pub(super) fn linear_labels(ticks: &[f64], step: f64) -> Vec<String> {
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
pub(super) fn step(low: f64, high: f64, most: usize) -> f64 {
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
pub(super) fn raised(exponent: f64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit =
        |character: char| character.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    format!("{exponent:.0}").chars().map(digit).collect()
}
