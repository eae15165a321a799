//! Scales, round ticks, and the frame around the data.

use crate::plot::{
    data::Axis,
    paint::{Align, CAP_HEIGHT, Font, Scene, Stroke},
    style::{Colour, Style},
};

/// Width of axis lines in points.
pub(super) const AXIS_LINE: f64 = 0.5;
/// Length of an inward tick in points.
pub(super) const TICK: f64 = 3.0;

/// A tick: its value and what is written at it (the digit above a power of ten apart).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
    /// Exponent of a power of ten, written raised after the label.
    pub(super) exponent: Option<String>,
}

/// A value range mapped to a stretch of the page.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) ticks: Vec<Tick>,
}

impl Scale {
    /// A scale over all finite values, with at most about `most` ticks. Ends are round.
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
        let step = round_up((high - low) / most.max(2) as f64);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        let decimals = (0..12).find(|digits| {
            let scaled = step * 10_f64.powi(*digits);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        });
        let ticks = (0..=(last - first) as u64)
            .map(|index| {
                let value = (first + index as f64) * step;
                let label = format!("{value:.*}", decimals.unwrap_or(12) as usize);
                Tick { value, label: minus(&label), exponent: None }
            })
            .collect();
        Self { low: first * step, high: last * step, log: false, ticks }
    }

    fn log(low: f64, high: f64) -> Self {
        // Room around the points, then powers of ten, or 1-2-5 where there would be too few.
        let (low, high) = (low / 1.15, high * 1.15);
        let powers = (low.log10().ceil() as i32)..=(high.log10().floor() as i32);
        let ticks = if powers.clone().count() >= 3 {
            let every = powers.clone().count().div_ceil(8);
            powers
                .step_by(every)
                .map(|power| Tick {
                    value: 10_f64.powi(power),
                    label: "10".to_owned(),
                    exponent: Some(minus(&power.to_string())),
                })
                .collect()
        } else {
            let all = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
            all.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| (factor, power)))
                .map(|(factor, power)| {
                    let digits = usize::try_from(-power).unwrap_or(0);
                    let value = factor * 10_f64.powi(power);
                    Tick { value, label: format!("{value:.digits$}"), exponent: None }
                })
                .filter(|tick| tick.value >= low && tick.value <= high)
                .collect()
        };
        Self { low, high, log: true, ticks }
    }

    /// Place of a value between 0 (low) and 1 (high).
    pub(super) fn share(&self, value: f64) -> f64 {
        if self.log {
            (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }
}

/// The typographic minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// The next 1, 2, 2.5 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|round| *round >= value * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// The rectangle that holds the data, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn y(&self, scale: &Scale, value: f64) -> f64 {
        self.bottom - scale.share(value) * (self.bottom - self.top)
    }

    pub(super) fn x(&self, scale: &Scale, value: f64) -> f64 {
        self.left + scale.share(value) * (self.right - self.left)
    }
}

/// Room left of the frame for the value axis: title, numbers, gap.
pub(super) fn left_room(scale: &Scale, style: Style) -> f64 {
    let widest = scale.ticks.iter().map(|tick| tick_width(tick, style)).fold(0.0, f64::max);
    style.type_size() * 1.35 + widest + 5.0
}

/// Size of a raised exponent; still seven points.
fn raised(style: Style) -> f64 {
    (style.type_size() - 1.0).max(7.0)
}

fn tick_width(tick: &Tick, style: Style) -> f64 {
    let font = Font::of(style.face());
    let exponent = tick.exponent.as_deref().map_or(0.0, |text| font.width(text, raised(style)));
    font.width(&tick.label, style.type_size()) + exponent
}

fn tick_label(scene: &mut Scene, tick: &Tick, (left, baseline): (f64, f64), style: Style) {
    let size = style.type_size();
    scene.text((left, baseline), tick.label.clone(), Align::Start, size);
    if let Some(exponent) = &tick.exponent {
        let after = left + Font::of(style.face()).width(&tick.label, size);
        let up = baseline - size * 0.42;
        scene.text((after, up), exponent.clone(), Align::Start, raised(style));
    }
}

/// The value axis at the left: rules across, inward ticks, numbers, turned title.
pub(super) fn value_axis(
    scene: &mut Scene,
    frame: Frame,
    scale: &Scale,
    title: &str,
    style: Style,
) {
    let size = style.type_size();
    for tick in &scale.ticks {
        let y = frame.y(scale, tick.value);
        scene.line((frame.left, y), (frame.right, y), Stroke::solid(Colour::RULE, AXIS_LINE));
        let left = frame.left - 3.5 - tick_width(tick, style);
        tick_label(scene, tick, (left, y + size * CAP_HEIGHT / 2.0), style);
    }
    for tick in &scale.ticks {
        let y = frame.y(scale, tick.value);
        let line = Stroke::solid(Colour::BLACK, AXIS_LINE);
        scene.line((frame.left, y), (frame.left + TICK, y), line);
    }
    let middle = (frame.top + frame.bottom) / 2.0;
    scene.turned_text((size, middle), title, Align::Middle, size, 90.0);
}

/// The axis below: inward ticks, numbers, title.
pub(super) fn lower_axis(
    scene: &mut Scene,
    frame: Frame,
    scale: &Scale,
    title: &str,
    style: Style,
) {
    let size = style.type_size();
    for tick in &scale.ticks {
        let x = frame.x(scale, tick.value);
        let line = Stroke::solid(Colour::BLACK, AXIS_LINE);
        scene.line((x, frame.bottom), (x, frame.bottom - TICK), line);
        let left = x - tick_width(tick, style) / 2.0;
        tick_label(scene, tick, (left, frame.bottom + size * 1.15), style);
    }
    let middle = (frame.left + frame.right) / 2.0;
    scene.text((middle, frame.bottom + size * 2.45), title, Align::Middle, size);
}

/// The lines of both axes, drawn over the data.
pub(super) fn axis_lines(scene: &mut Scene, frame: Frame) {
    let corners =
        vec![(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)];
    scene.polyline(corners, Stroke::solid(Colour::BLACK, AXIS_LINE));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<String> {
        scale
            .ticks
            .iter()
            .map(|tick| format!("{}{}", tick.label, tick.exponent.clone().unwrap_or_default()))
            .collect()
    }

    #[test]
    fn linear_ticks_are_round_and_cover_the_values() {
        let axis = Axis::linear("", "");
        let scale = Scale::over([0.13, 0.87].into_iter(), &axis, 5);
        assert_eq!(labels(&scale), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let scale = Scale::over([-3.0, 26.0].into_iter(), &axis, 5);
        assert_eq!(labels(&scale), ["−10", "0", "10", "20", "30"]);
        let scale = Scale::over([7.0].into_iter(), &Axis::from_zero("", ""), 5);
        assert_eq!((scale.low, labels(&scale).len()), (0.0, 5));
        let scale = Scale::over([5.0, 5.0].into_iter(), &axis, 5);
        assert!(scale.low < 5.0 && scale.high > 5.0);
    }

    #[test]
    fn log_ticks_are_powers_or_one_two_five() {
        let axis = Axis::log("", "");
        let scale = Scale::over([1e-3, 9e3].into_iter(), &axis, 5);
        assert_eq!(labels(&scale)[..3], ["10−3", "10−2", "10−1"]);
        let scale = Scale::over([0.4, 3.0].into_iter(), &axis, 5);
        assert_eq!(labels(&scale), ["0.5", "1", "2"]);
        assert!((scale.share(scale.high) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_show_still_has_a_scale() {
        for axis in [Axis::linear("", ""), Axis::log("", "")] {
            let scale = Scale::over([f64::NAN].into_iter(), &axis, 5);
            assert!(scale.low < scale.high && !scale.ticks.is_empty());
        }
    }
}
