//! The frame around the data: plotters' chart with mesh, labels and titles, in the look of print.

use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{
        Shift,
        cartesian::Cartesian2d,
        ranged1d::{BoldPoints, Ranged, ValueFormatter},
    },
    drawing::{DrawingArea, DrawingAreaErrorKind},
    element::{EmptyElement, PathElement},
    style::{FontFamily, RGBColor, ShapeStyle, TRANSPARENT, TextStyle},
};

use super::element::AXIS_LINE;
use crate::{
    paint::{DESCENT, Font, SceneBackend, units, words_width},
    style::{Colour, Style},
};

/// Length of an inward tick in points.
const TICK: f64 = 3.0;
/// Between the page's edge and the title at the left, in points.
const EDGE: f64 = 2.5;
/// Between the frame and the numbers beside it, in points.
pub(super) const LABEL_GAP: f64 = 3.5;

/// A part of the page, in hundredths of a point.
pub(super) type Area<'a> = DrawingArea<SceneBackend<'a>, Shift>;
/// A chart over two axes.
pub(super) type Chart<'a, X, Y> = ChartContext<'a, SceneBackend<'a>, Cartesian2d<X, Y>>;
/// What drawing returns: plotters reports layouts that cannot be.
pub(super) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::convert::Infallible>>;

/// Room around the data in points, and the titles in it.
pub(super) struct Frame<'t> {
    /// Above: the legend.
    pub(super) top: f64,
    /// At the right: half a number.
    pub(super) right: f64,
    /// Below: names and title.
    pub(super) below: f64,
    /// At the left: numbers and title.
    pub(super) left: f64,
    /// Title below.
    pub(super) x_title: &'t str,
    /// Title at the left.
    pub(super) y_title: &'t str,
    /// Whether rules run across at the ticks of the left axis.
    pub(super) rules: bool,
}

/// The style of every word.
pub(super) fn words(style: Style) -> TextStyle<'static> {
    TextStyle::from((FontFamily::Serif, f64::from(units(style.type_size()))))
}

/// A line of a width in points.
pub(super) fn pen(colour: Colour, width: f64) -> ShapeStyle {
    let Colour(red, green, blue) = colour;
    let stroke_width = u32::try_from(units(width)).unwrap_or(1);
    ShapeStyle { stroke_width, ..ShapeStyle::from(RGBColor(red, green, blue)) }
}

/// The widest of some words in points.
pub(super) fn widest(names: &[String], style: Style) -> f64 {
    let font = Font::of(style.face());
    names.iter().map(|name| words_width(name, font, style.type_size())).fold(0.0, f64::max)
}

/// Room at the left of the data for a title and these numbers.
pub(super) fn left_room(labels: &[String], style: Style) -> f64 {
    title_room(style) + widest(labels, style) + LABEL_GAP
}

/// Room for a line of title, the page's edge before it and a gap to the numbers behind.
pub(super) fn title_room(style: Style) -> f64 {
    EDGE + style.type_size() * 1.3 + 1.5
}

/// Builds a chart on a part of the page and draws mesh, labels and titles.
pub(super) fn chart<'a, X, Y>(
    area: &Area<'a>,
    frame: &Frame<'_>,
    x: X,
    y: Y,
    style: Style,
) -> Drawn<Chart<'a, X, Y>>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    // Below the last line stays room for its descenders.
    let below = units(frame.below - style.type_size() * DESCENT - 0.5);
    let mut chart = ChartBuilder::on(area)
        .margin_top(units(frame.top))
        .margin_right(units(frame.right))
        .margin_bottom(units(frame.below) - below)
        .margin_left(units(EDGE))
        .x_label_area_size(below)
        .y_label_area_size(units(frame.left - EDGE))
        .build_cartesian_2d(x, y)?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh();
    if !frame.rules {
        mesh.disable_y_mesh();
    }
    // Plotters' ticks point outward; labels stand two ticks off, so half the gap is the tick, and
    // it is not drawn.
    mesh.axis_style(TRANSPARENT)
        .bold_line_style(pen(Colour::RULE, AXIS_LINE))
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(units(LABEL_GAP / 2.0))
        .label_style(words(style))
        .axis_desc_style(words(style))
        .x_desc(frame.x_title)
        .y_desc(frame.y_title)
        .draw()?;
    Ok(chart)
}

/// Both axis lines with inward ticks at the left and, if asked for, below; drawn over the data.
pub(super) fn axes<X, Y>(chart: &mut Chart<'_, X, Y>, ticks_below: bool) -> Drawn
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let line = pen(Colour::BLACK, AXIS_LINE);
    let (across, up) = (chart.as_coord_spec().get_x_range(), chart.as_coord_spec().get_y_range());
    let corners = vec![(across.start, up.end), (across.start, up.start), (across.end, up.start)];
    let tick = units(TICK);
    let (below, left) = {
        let (x, y) = (chart.as_coord_spec().x_spec(), chart.as_coord_spec().y_spec());
        let below = if ticks_below { x.key_points(BoldPoints(usize::MAX)) } else { Vec::new() };
        (below, y.key_points(BoldPoints(usize::MAX)))
    };
    chart.draw_series(
        left.into_iter()
            .map(|y| ((across.start, y), (tick, 0)))
            .chain(below.into_iter().map(|x| ((x, up.start), (0, -tick))))
            .map(|(at, end)| EmptyElement::at(at) + PathElement::new(vec![(0, 0), end], line)),
    )?;
    chart.draw_series([PathElement::new(corners, line)])?;
    Ok(())
}
