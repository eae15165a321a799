//! Draws bar figures as SVG with plotters.

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    data::{BarFigure, Layout, Provenance},
    export::provenance_lines,
    style::{Column, Style, colour, hatches},
};
use crate::{Error, Result};

/// Distance of hatch lines in pixels.
const HATCH_STEP: i32 = 6;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Places of the parts of a figure, in pixels.
struct Frame {
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    /// Greatest value of the axis.
    most: f64,
}

impl Frame {
    fn y(&self, value: f64) -> i32 {
        let height = f64::from(self.bottom - self.top);
        self.bottom - (value / self.most * height).round() as i32
    }
}

/// The figure at its final size. Equal input gives equal bytes.
///
/// # Errors
/// The drawing library fails, which it has no reason to.
pub fn svg(
    figure: &BarFigure,
    style: Style,
    column: Column,
    provenance: &Provenance,
) -> Result<String> {
    let mut text = String::new();
    let width = style.width(column);
    let size = style.type_size();
    let longest = figure.categories.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let labels = (longest as f64 * size * 0.5) as i32 + 8;
    let legend = LegendRows::of(figure, width, size);
    let plot_height = (f64::from(width) * 0.45).max(130.0) as i32;
    let top = 6 + legend.height();
    let height = top + plot_height + labels;
    {
        let area = SVGBackend::with_string(&mut text, (width, height as u32)).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let most = nice_ceiling(greatest(figure));
        let digits =
            (0..=5).map(|tick| number(most * f64::from(tick) / 5.0).len()).max().unwrap_or(1);
        let frame = Frame {
            // The turned title, then the longest number.
            left: (size * (1.8 + 0.6 * digits as f64)) as i32 + 4,
            right: width as i32 - 4,
            top,
            bottom: top + plot_height,
            most,
        };
        axis(&area, figure, style, &frame)?;
        bars(&area, figure, &frame)?;
        legend.draw(&area, figure, style)?;
        area.present().map_err(failed)?;
    }
    Ok(with_metadata(&text, &provenance_lines(provenance)))
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("drawing failed: {error}"))
}

fn greatest(figure: &BarFigure) -> f64 {
    (0..figure.categories.len())
        .map(|category| {
            let values = figure.series.iter().map(|series| series.values[category]);
            match figure.layout {
                Layout::Stacked => values.sum(),
                Layout::Grouped => values.fold(0.0, f64::max),
            }
        })
        .fold(0.0, f64::max)
}

/// The next 1, 2, 2.5 or 5 times a power of ten, so that ticks are round.
fn nice_ceiling(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|ceiling| *ceiling >= value)
        .unwrap_or(10.0 * power)
}

fn axis(area: &Area<'_>, figure: &BarFigure, style: Style, frame: &Frame) -> Result<()> {
    let font = (style.family(), style.type_size()).into_font();
    let line = BLACK.stroke_width(1);
    let anchored =
        |horizontal, vertical| font.clone().color(&BLACK).pos(Pos::new(horizontal, vertical));
    for tick in 0..=5 {
        let value = frame.most * f64::from(tick) / 5.0;
        let y = frame.y(value);
        // A light rule across, then the tick inward and its number.
        let rule = PathElement::new([(frame.left, y), (frame.right, y)], RGBColor(225, 225, 225));
        area.draw(&rule).map_err(failed)?;
        area.draw(&PathElement::new([(frame.left, y), (frame.left + 4, y)], line))
            .map_err(failed)?;
        let label = number(value);
        area.draw(&Text::new(label, (frame.left - 4, y), anchored(HPos::Right, VPos::Center)))
            .map_err(failed)?;
    }
    for path in [
        [(frame.left, frame.top), (frame.left, frame.bottom)],
        [(frame.left, frame.bottom), (frame.right, frame.bottom)],
    ] {
        area.draw(&PathElement::new(path, line)).map_err(failed)?;
    }
    let turned = font.clone().transform(FontTransform::Rotate270).color(&BLACK);
    let middle = (frame.top + frame.bottom) / 2;
    let title = turned.pos(Pos::new(HPos::Center, VPos::Top));
    area.draw(&Text::new(figure.axis, (2, middle), title)).map_err(failed)?;
    let step = f64::from(frame.right - frame.left) / figure.categories.len() as f64;
    for (index, name) in figure.categories.iter().enumerate() {
        let x = frame.left + (step * (index as f64 + 0.5)) as i32;
        let style = font
            .clone()
            .transform(FontTransform::Rotate270)
            .color(&BLACK)
            .pos(Pos::new(HPos::Right, VPos::Center));
        area.draw(&Text::new(name.as_str(), (x, frame.bottom + 4), style)).map_err(failed)?;
    }
    Ok(())
}

/// At most three significant digits, without trailing zeros.
fn number(value: f64) -> String {
    let text = if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn bars(area: &Area<'_>, figure: &BarFigure, frame: &Frame) -> Result<()> {
    let step = f64::from(frame.right - frame.left) / figure.categories.len() as f64;
    let count = figure.series.len();
    for category in 0..figure.categories.len() {
        let start = f64::from(frame.left) + step * category as f64;
        let mut below = 0.0;
        for (index, series) in figure.series.iter().enumerate() {
            let value = series.values[category];
            let (from, to, base) = match figure.layout {
                Layout::Stacked => (0.18, 0.82, below),
                Layout::Grouped => {
                    let bar = 0.84 / count as f64;
                    (0.08 + bar * index as f64, 0.08 + bar * (index + 1) as f64, 0.0)
                }
            };
            below += value;
            if value <= 0.0 {
                continue;
            }
            let x = ((start + step * from).round() as i32, (start + step * to).round() as i32);
            rectangle(area, x, (frame.y(base + value), frame.y(base)), index, count)?;
        }
    }
    Ok(())
}

/// A filled and hatched bar.
fn rectangle(
    area: &Area<'_>,
    (left, right): (i32, i32),
    (top, bottom): (i32, i32),
    series: usize,
    of: usize,
) -> Result<()> {
    let right = right.max(left + 1);
    let corners = [(left, top), (right, bottom)];
    area.draw(&Rectangle::new(corners, colour(series, of).filled())).map_err(failed)?;
    for direction in hatches(series) {
        for line in hatch_lines((left, right), (top, bottom), *direction) {
            area.draw(&PathElement::new(line, WHITE.stroke_width(1))).map_err(failed)?;
        }
    }
    Ok(())
}

/// Parallel lines clipped to a rectangle.
fn hatch_lines(
    (left, right): (i32, i32),
    (top, bottom): (i32, i32),
    direction: (i32, i32),
) -> Vec<[(i32, i32); 2]> {
    let (width, height) = (right - left, bottom - top);
    let mut lines = Vec::new();
    match direction {
        (1, 0) => {
            let mut y = top + HATCH_STEP / 2;
            while y < bottom {
                lines.push([(left, y), (right, y)]);
                y += HATCH_STEP;
            }
        }
        (0, 1) => {
            let mut x = left + HATCH_STEP / 2;
            while x < right {
                lines.push([(x, top), (x, bottom)]);
                x += HATCH_STEP;
            }
        }
        (_, dy) => {
            // x + y = offset inside the rectangle, mirrored for falling lines.
            let mut offset = HATCH_STEP / 2;
            while offset < width + height {
                let from = ((offset - height).max(0), offset.min(height));
                let to = (offset.min(width), (offset - width).max(0));
                let place =
                    |(x, y): (i32, i32)| (left + x, if dy < 0 { top + y } else { bottom - y });
                lines.push([place(from), place(to)]);
                offset += HATCH_STEP;
            }
        }
    }
    lines
}

/// The legend above the plot, broken into rows that fit.
struct LegendRows {
    rows: Vec<Vec<(usize, i32)>>,
    line: i32,
}

impl LegendRows {
    fn of(figure: &BarFigure, width: u32, size: f64) -> Self {
        let mut rows: Vec<Vec<(usize, i32)>> = vec![Vec::new()];
        let mut x = 6;
        for (index, series) in figure.series.iter().enumerate() {
            let needed = 18 + (series.name.chars().count() as f64 * size * 0.52) as i32 + 8;
            if x + needed > width as i32 && x > 6 {
                rows.push(Vec::new());
                x = 6;
            }
            if let Some(row) = rows.last_mut() {
                row.push((index, x));
            }
            x += needed;
        }
        Self { rows, line: (size * 1.3) as i32 }
    }

    fn height(&self) -> i32 {
        self.rows.len() as i32 * self.line + 4
    }

    fn draw(&self, area: &Area<'_>, figure: &BarFigure, style: Style) -> Result<()> {
        let font = (style.family(), style.type_size()).into_font().color(&BLACK);
        for (row, entries) in self.rows.iter().enumerate() {
            let y = 4 + row as i32 * self.line;
            for (index, x) in entries {
                let count = figure.series.len();
                rectangle(area, (*x, x + 14), (y, y + self.line - 4), *index, count)?;
                let place = (x + 18, y + (self.line - 4) / 2);
                let anchor = font.clone().pos(Pos::new(HPos::Left, VPos::Center));
                area.draw(&Text::new(figure.series[*index].name.as_str(), place, anchor))
                    .map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Puts the provenance into the SVG's metadata element.
fn with_metadata(svg: &str, lines: &[String]) -> String {
    let escape =
        |line: &String| line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body: Vec<String> = lines.iter().map(escape).collect();
    match svg.find('>') {
        Some(end) => format!(
            "{}\n<metadata>\n{}\n</metadata>{}",
            &svg[..=end],
            body.join("\n"),
            &svg[end + 1..]
        ),
        None => svg.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_are_round_and_above() {
        for (value, ceiling) in [(1.0, 1.0), (1.1, 2.0), (2.1, 2.5), (26.0, 50.0), (0.06, 0.1)] {
            assert!((nice_ceiling(value) - ceiling).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn hatch_lines_stay_inside_their_bar() {
        for direction in [(1, -1), (1, 1), (1, 0), (0, 1)] {
            let lines = hatch_lines((10, 31), (5, 48), direction);
            assert!(!lines.is_empty());
            for (x, y) in lines.into_iter().flatten() {
                assert!((10..=31).contains(&x) && (5..=48).contains(&y), "{direction:?} {x} {y}");
            }
        }
    }
}
