//! A coloured grid with a colour bar; the value stands in each cell where it fits.

use plotters::{
    drawing::IntoDrawingArea as _,
    style::{
        FontTransform,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    chart::{Area, Drawn, Frame, LABEL_GAP, chart, left_room, title_room, widest, words},
    element::{AXIS_LINE, Look, Shape},
    names::Names,
    scale::{Scale, Slots},
    ticks::grouped,
};
use crate::{
    data::{Axis, HeatFigure},
    paint::{Font, Scene, SceneBackend, Stroke, units},
    style::{Colour, Column, Style, heat_colour},
    words::title,
};

/// Steps of the colour bar.
const BAR_STEPS: u32 = 64;
/// Width of the colour bar in points.
const BAR: f64 = 9.0;
/// Between the grid and the colour bar in points.
const BAR_GAP: f64 = 10.0;

/// Draws the grid. Dark is more; a missing value is a crossed cell.
pub(super) fn draw(figure: &HeatFigure, style: Style, column: Column) -> Drawn<Scene> {
    let (width, size) = (style.width(column), style.type_size());
    let axis = Axis::linear(figure.value.as_str(), "");
    // Large values are shown in thousands or millions, so that they fit into cells.
    let greatest = figure.values.iter().flatten().fold(0.0_f64, |most, own| most.max(own.abs()));
    let (unit, word) = match greatest {
        size if size >= 1e6 => (1e6, " (millions)"),
        size if size >= 1e4 => (1e3, " (thousands)"),
        _ => (1.0, ""),
    };
    let shown: Vec<Option<f64>> =
        figure.values.iter().map(|value| value.map(|value| value / unit)).collect();
    let values = || shown.iter().copied().flatten();
    let (rows, count) = (figure.rows.len(), figure.columns.len());
    let left = left_room(&figure.rows, style);
    // The colour bar's numbers are fewer where it is short.
    let room = |scale: &Scale| {
        BAR_GAP + BAR + LABEL_GAP + widest(scale.labels(), style) + title_room(style) + 1.0
    };
    let scale = Scale::over(values(), &axis, 5);
    let step = (width - left - room(&scale)) / count.max(1) as f64;
    let high = (step * 0.6).clamp(size * 1.7, 40.0);
    let height = high * rows as f64;
    let scale = Scale::over(values(), &axis, ((height / (size * 1.4)) as usize).clamp(2, 5));
    let right = room(&scale);
    let step = (width - left - right) / count.max(1) as f64;
    let columns = Names::fit(&figure.columns, step, style);
    let (top, below) = (size * 0.6, columns.room() + size * 1.3 + 3.0);
    let mut scene = Scene::new(width, top + height + below, style.face());
    let page = SceneBackend::new(&mut scene).into_drawing_area();
    let [x_title, y_title, value_title] =
        [&figure.x, &figure.y, &figure.value].map(|own| title(own));
    let value_title = value_title + word;
    let frame =
        Frame { top, right, below, left, x_title: &x_title, y_title: &y_title, rules: false };
    let rows_down = Slots::new(figure.rows.clone(), true);
    let mut grid = chart(&page, &frame, columns.slots(), rows_down, style)?;
    // Numbers stand in every cell or in none.
    let font = Font::of(style.face());
    let fits = values().all(|value| font.width(&short(value), size) + 3.0 <= step);
    for (index, value) in shown.iter().enumerate() {
        let (x, y) = ((index % count) as f64, (index / count) as f64);
        grid.draw_series(cell((x, y), *value, &scale, fits, style))?;
    }
    columns.write(&page, |index| grid.backend_coord(&(index as f64 + 0.5, rows as f64)))?;
    let bar = (width - right + BAR_GAP, top, top + height);
    colour_bar(&page, bar, &scale, &value_title, style)?;
    drop((grid, page));
    Ok(scene)
}

/// One cell: its colour, and its value if it is to have a number.
fn cell(
    (x, y): (f64, f64),
    value: Option<f64>,
    scale: &Scale,
    number: bool,
    style: Style,
) -> Vec<Shape<(f64, f64)>> {
    let corners = vec![(x, y), (x + 1.0, y + 1.0)];
    let Some(value) = value else {
        let grey = Stroke::solid(Colour::REFERENCE, AXIS_LINE);
        let other = vec![(x, y + 1.0), (x + 1.0, y)];
        return vec![
            Shape::new(corners.clone(), Look::Cell(Some(Colour::WHITE), Some(grey))),
            Shape::new(corners, Look::Line(grey)),
            Shape::new(other, Look::Line(grey)),
        ];
    };
    let share = scale.share(value);
    let edge = Stroke::solid(Colour::WHITE, AXIS_LINE);
    let fill = Look::Cell(Some(heat_colour(share)), Some(edge));
    let mut shapes = vec![Shape::new(corners.clone(), fill)];
    if number {
        let (label, size) = (short(value), style.type_size());
        let colour = if share > 0.45 { Colour::WHITE } else { Colour::BLACK };
        shapes.push(Shape::new(corners, Look::Inside(label, size, colour)));
    }
    shapes
}

/// About three significant digits.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    grouped(&format!("{value:.digits$}")).replace('-', "−")
}

/// The colours from low to high with the scale's numbers at the right.
fn colour_bar(
    page: &Area<'_>,
    (left, top, bottom): (f64, f64, f64),
    scale: &Scale,
    title: &str,
    style: Style,
) -> Drawn {
    let place = |x: f64, y: f64| (units(x), units(y));
    let height = bottom - top;
    for index in 0..BAR_STEPS {
        let share = |part: f64| (f64::from(index) + part) / f64::from(BAR_STEPS);
        // A hair of overlap, so that no viewer shows seams.
        let upper = (bottom - height * share(1.3)).max(top);
        let corners = vec![place(left, upper), place(left + BAR, bottom - height * share(0.0))];
        page.draw(&Shape::new(corners, Look::Cell(Some(heat_colour(share(0.5))), None)))?;
    }
    let line = Stroke::solid(Colour::BLACK, AXIS_LINE);
    let corners = vec![place(left, top), place(left + BAR, bottom)];
    page.draw(&Shape::new(corners, Look::Cell(None, Some(line))))?;
    let beside = words(style).pos(Pos::new(HPos::Left, VPos::Center));
    for (tick, label) in scale.ticks().iter().zip(scale.labels()) {
        let y = bottom - scale.share(*tick) * height;
        let mark = vec![place(left + BAR - 2.0, y), place(left + BAR, y)];
        page.draw(&Shape::new(mark, Look::Line(line)))?;
        page.draw_text(label, &beside, place(left + BAR + LABEL_GAP, y))?;
    }
    let turned =
        words(style).transform(FontTransform::Rotate270).pos(Pos::new(HPos::Center, VPos::Bottom));
    let room = LABEL_GAP + widest(scale.labels(), style) + title_room(style);
    page.draw_text(title, &turned, place(left + BAR + room, (top + bottom) / 2.0))
}
