//! Stacked and grouped bars over categories.

use plotters::drawing::IntoDrawingArea as _;

use super::{
    chart::{Drawn, Frame, axes, chart, left_room},
    element::{Look, Shape},
    legend::Legend,
    names::Names,
    scale::Scale,
};
use crate::{
    data::{Axis, BarFigure, Layout},
    paint::{Scene, SceneBackend},
    style::{Column, Style},
};

/// Draws the bars; names of categories lie level if they fit and lean otherwise.
pub(super) fn draw(figure: &BarFigure, style: Style, column: Column) -> Drawn<Scene> {
    let (width, size) = (style.width(column), style.type_size());
    let axis = Axis::from_zero(figure.axis.as_str(), figure.unit.as_str());
    let scale = Scale::over(sums(figure), &axis, 6);
    let right = width - 3.0;
    let step = |left: f64| (right - left) / figure.categories.len().max(1) as f64;
    let left = left_room(scale.labels(), style);
    let categories = Names::fit(&figure.categories, step(left), style);
    // The first names lean out to the left of their bars.
    let left = left.max(categories.overhang(step(left)));
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    let legend = Legend::of(&names, (left, right), style);
    let height = (width * 0.3).max(95.0);
    let below = categories.room() + size * 0.3 + 3.0;
    let mut scene = Scene::new(width, legend.height() + height + below, style.face());
    let page = SceneBackend::new(&mut scene).into_drawing_area();
    let frame = Frame {
        top: legend.height(),
        right: 3.0,
        below,
        left,
        x_title: "",
        y_title: &figure.axis,
        rules: true,
    };
    let mut chart = chart(&page, &frame, categories.slots(), scale, style)?;
    chart.draw_series(bars(figure))?;
    axes(&mut chart, false)?;
    categories.write(&page, |index| chart.backend_coord(&(index as f64 + 0.5, 0.0)))?;
    let of = figure.series.len();
    legend.draw(&page, &names, style, |index, corners| {
        vec![Shape::new(corners.to_vec(), Look::Bar(index, of))]
    })?;
    drop((chart, page));
    Ok(scene)
}

fn sums(figure: &BarFigure) -> impl Iterator<Item = f64> {
    (0..figure.categories.len()).map(|category| {
        let values = figure.series.iter().map(|series| series.values[category]);
        match figure.layout {
            Layout::Stacked => values.sum(),
            Layout::Grouped => values.fold(0.0, f64::max),
        }
    })
}

/// Every bar of a value above zero, between two corners in slots and values.
fn bars(figure: &BarFigure) -> Vec<Shape<(f64, f64)>> {
    let count = figure.series.len();
    let mut bars = Vec::new();
    for category in 0..figure.categories.len() {
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
            if value <= 0.0 {
                continue;
            }
            below += value;
            let slot = category as f64;
            let corners = vec![(slot + from, base), (slot + to, base + value)];
            bars.push(Shape::new(corners, Look::Bar(index, count)));
        }
    }
    bars
}
