//! Words beside points, where they cover nothing.

use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{
    chart::{Area, Chart, Drawn, words},
    element::MARKER,
    scale::Scale,
};
use crate::{
    data::{DataPoint, Marks, PointFigure},
    paint::{CAP_HEIGHT, Font, Point, points, units, words_width},
    style::Style,
};

/// A level rectangle in points.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rectangle {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Rectangle {
    fn meets(&self, other: &Self) -> bool {
        self.left <= other.right
            && other.left <= self.right
            && self.top <= other.bottom
            && other.top <= self.bottom
    }

    fn holds(&self, other: &Self) -> bool {
        self.left < other.left
            && self.right > other.right
            && self.top < other.top
            && self.bottom > other.bottom
    }

    /// Whether a segment runs through it (Liang and Barsky 1984).
    fn is_crossed(&self, (from, to): (Point, Point)) -> bool {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (delta, room) in [
            (-dx, from.0 - self.left),
            (dx, self.right - from.0),
            (-dy, from.1 - self.top),
            (dy, self.bottom - from.1),
        ] {
            if delta == 0.0 {
                if room < 0.0 {
                    return false;
                }
            } else if delta < 0.0 {
                enter = enter.max(room / delta);
            } else {
                leave = leave.min(room / delta);
            }
        }
        enter <= leave
    }
}

/// Writes each point's label at the first place around it that covers no marker and no other
/// label (and no line, if there is such a place) and stays on the page; a label without such a
/// place, or that all points share, is left out of the drawing (it stays in the CSV).
pub(super) fn write_labels(
    page: &Area<'_>,
    chart: &Chart<'_, Scale, Scale>,
    figure: &PointFigure,
    style: Style,
) -> Drawn {
    let size = style.type_size();
    let font = Font::of(style.face());
    let place = |point: &DataPoint| points(chart.backend_coord(&(point.x, point.y)));
    let data = || figure.series.iter().filter(|series| series.marks != Marks::Reference);
    let marked = || data().flat_map(|series| &series.points).filter(|own| figure.has_place(own));
    let around = |(x, y): Point, reach: f64| Rectangle {
        left: x - reach,
        top: y - reach,
        right: x + reach,
        bottom: y + reach,
    };
    let mut taken: Vec<Rectangle> = marked().map(|point| around(place(point), MARKER)).collect();
    // Error bars are in the way as lines are.
    let bars = marked().filter_map(|point| {
        let (low, high) = point.spread?;
        let end = |y: f64| points(chart.backend_coord(&(point.x, y)));
        Some((end(low), end(high)))
    });
    let lines: Vec<(Point, Point)> = data()
        .filter(|series| series.marks != Marks::Markers)
        .flat_map(|series| series.points.windows(2))
        .filter(|pair| pair.iter().all(|point| figure.has_place(point)))
        .map(|pair| (place(&pair[0]), place(&pair[1])))
        .chain(bars)
        .collect();
    let allowed = {
        let (across, up) = chart.plotting_area().get_pixel_range();
        let (left, _) = points((across.start, 0));
        let (right, bottom) = points((page.get_pixel_range().0.end, up.end));
        Rectangle { left: left + 1.0, top: 1.0, right: right - 1.0, bottom: bottom - 1.0 }
    };
    let cap = size * CAP_HEIGHT;
    // Points that all have one name are not told apart by it.
    let mut names = marked().map(|point| point.label.as_str());
    let first = names.next().unwrap_or_default();
    if marked().count() > 1 && names.all(|name| name == first) {
        return Ok(());
    }
    let words = words(style).pos(Pos::new(HPos::Left, VPos::Top));
    for point in marked().filter(|point| !point.label.is_empty()) {
        let width = words_width(&point.label, font, size);
        // Without descenders, and a little air around.
        let area = |(left, top): Point| Rectangle {
            left: left - 0.5,
            top: top - 0.8,
            right: left + width + 0.5,
            bottom: top + cap + 1.8,
        };
        let spots = spots(place(point), width, cap);
        let free = |spot: &&Point| {
            let own = area(**spot);
            allowed.holds(&own) && !taken.iter().any(|other| own.meets(other))
        };
        let clear = |spot: &&Point| !lines.iter().any(|line| area(**spot).is_crossed(*line));
        let found = spots.iter().filter(free).find(clear).or_else(|| spots.iter().find(free));
        if let Some((left, top)) = found {
            page.draw_text(&point.label, &words, (units(*left), units(*top)))?;
            taken.push(area((*left, *top)));
        }
    }
    Ok(())
}

/// Upper left corners for a text beside a point, the nearest and most usual first.
fn spots((x, y): Point, width: f64, cap: f64) -> Vec<Point> {
    let gap = MARKER + 1.8;
    let mut spots = vec![
        (x + gap, y - cap / 2.0),
        (x - gap - width, y - cap / 2.0),
        (x - width / 2.0, y - gap - cap),
        (x - width / 2.0, y + gap),
    ];
    // Farther out, by growing steps.
    for step in [0.7, 1.5, 2.5, 4.0] {
        let off = gap * step;
        for up in [y - off - cap, y + off] {
            spots.extend([(x + off, up), (x - off - width, up), (x - width / 2.0, up)]);
        }
        for top in [y - cap / 2.0, y - cap - gap * 0.75] {
            spots.extend([(x + gap + off, top), (x - gap - off - width, top)]);
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossing_and_meeting() {
        let area = Rectangle { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        assert!(area.is_crossed(((-5.0, 5.0), (15.0, 5.0))));
        assert!(area.is_crossed(((1.0, 1.0), (2.0, 2.0))));
        assert!(!area.is_crossed(((-5.0, -1.0), (15.0, -1.0))));
        assert!(!area.is_crossed(((-5.0, 4.0), (-4.0, 30.0))));
        let beside = Rectangle { left: 10.5, top: 0.0, right: 12.0, bottom: 10.0 };
        assert!(!area.meets(&beside) && area.meets(&area) && !area.holds(&area));
    }
}
