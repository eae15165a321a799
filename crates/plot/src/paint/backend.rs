//! A [`Scene`] as a back end of plotters: it lays out and draws charts on it, in hundredths of a
//! point, and asks it for the exact size of every text.

use std::convert::Infallible;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
    text_anchor::{HPos, VPos},
};

use super::{
    font::Font,
    scene::{Align, CAP_HEIGHT, DESCENT, Point, Scene, Stroke},
    words::{place_words, words_width},
};
use crate::style::Colour;

/// Units of plotters a point: finer than any press.
const UNITS: f64 = 100.0;

/// A length in points as units of plotters.
#[must_use]
pub fn units(points: f64) -> i32 {
    (points * UNITS).round() as i32
}

/// A place in units of plotters as points.
#[must_use]
pub fn points((x, y): BackendCoord) -> Point {
    (f64::from(x) / UNITS, f64::from(y) / UNITS)
}

/// Draws on a scene. The scene's typeface is that of every text, whatever family is asked for;
/// colours are opaque, or leave no trace where their alpha is 0.
pub struct SceneBackend<'a> {
    scene: &'a mut Scene,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl<'a> SceneBackend<'a> {
    /// A back end for a scene of a fixed size.
    pub fn new(scene: &'a mut Scene) -> Self {
        Self { scene }
    }

    /// The scene itself, for elements that plotters' own operations cannot say (dashes, hatches,
    /// leaning text).
    pub fn scene(&mut self) -> &mut Scene {
        self.scene
    }
}

fn colour(colour: BackendColor) -> Option<Colour> {
    let (red, green, blue) = colour.rgb;
    (colour.alpha > 0.0).then_some(Colour(red, green, blue))
}

fn stroke<S: BackendStyle>(style: &S) -> Option<Stroke> {
    let width = f64::from(style.stroke_width()) / UNITS;
    colour(style.color()).map(|colour| Stroke::solid(colour, width))
}

impl DrawingBackend for SceneBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let size = |points: f64| u32::try_from(units(points)).unwrap_or(0);
        (size(self.scene.width), size(self.scene.height))
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.scene.rectangle(points((x, y)), points((x + 1, y + 1)), colour(color), None);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let filling = colour(style.color()).filter(|_| fill);
        let outline = if fill { None } else { stroke(style) };
        if filling.is_some() || outline.is_some() {
            self.scene.rectangle(points(upper_left), points(bottom_right), filling, outline);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        if let Some(stroke) = stroke(style) {
            self.scene.polyline(path.into_iter().map(points).collect(), stroke);
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let filling = colour(style.color()).filter(|_| fill);
        let outline = if fill { None } else { stroke(style) };
        let (x, y) = points(center);
        let radius = f64::from(radius) / UNITS;
        let corner = |index: u32| {
            let (sin, cos) = (std::f64::consts::FRAC_PI_8 * f64::from(index)).sin_cos();
            (x + radius * cos, y + radius * sin)
        };
        self.scene.polygon((0..16).map(corner).collect(), filling, outline);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vert: I,
        style: &S,
    ) -> Drawn {
        let filling = colour(style.color());
        self.scene.polygon(vert.into_iter().map(points).collect(), filling, None);
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Drawn {
        let (Some(colour), false) = (colour(style.color()), text.is_empty()) else {
            return Ok(());
        };
        let size = style.size() / UNITS;
        // From the anchor to the baseline, for level text.
        let down = match style.anchor().v_pos {
            VPos::Top => size * CAP_HEIGHT,
            VPos::Center => size * CAP_HEIGHT / 2.0,
            VPos::Bottom => -size * DESCENT,
        };
        let (angle, (dx, dy)) = match style.transform() {
            FontTransform::None => (0.0, (0.0, down)),
            FontTransform::Rotate90 => (270.0, (-down, 0.0)),
            FontTransform::Rotate180 => (180.0, (0.0, -down)),
            FontTransform::Rotate270 => (90.0, (down, 0.0)),
        };
        let align = match style.anchor().h_pos {
            HPos::Left => Align::Start,
            HPos::Center => Align::Middle,
            HPos::Right => Align::End,
        };
        let (x, y) = points(at);
        place_words(self.scene, text, (x + dx, y + dy), align, angle, size, colour);
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let size = style.size() / UNITS;
        let up = |points: f64| (points * UNITS).ceil() as u32;
        let width = words_width(text, Font::of(self.scene.face), size);
        Ok((up(width), up(size * (CAP_HEIGHT + DESCENT))))
    }
}

#[cfg(test)]
mod tests {
    use plotters::{
        drawing::IntoDrawingArea as _,
        style::{FontFamily, FontTransform, TextStyle, text_anchor::Pos},
    };

    use super::*;
    use crate::{paint::Item, style::Face};

    fn written(text: &str, transform: FontTransform, pos: Pos) -> Vec<Item> {
        let mut scene = Scene::new(100.0, 50.0, Face::Serif);
        let style = TextStyle::from((FontFamily::Serif, 800.0)).transform(transform).pos(pos);
        let area = SceneBackend::new(&mut scene).into_drawing_area();
        area.draw_text(text, &style, (3000, 2000)).unwrap();
        drop(area);
        scene.items
    }

    #[test]
    fn anchors_become_baselines() {
        let pos = Pos::new(HPos::Center, VPos::Top);
        let [Item::Text { at, align, angle, size, .. }] =
            &written("abc", FontTransform::None, pos)[..]
        else {
            panic!("one text")
        };
        // Capitals of 8 pt are 5.28 pt high.
        assert_eq!((*at, *align, *angle, *size), ((30.0, 25.28), Align::Middle, 0.0, 8.0));
        let [Item::Text { at, angle, .. }] = &written("abc", FontTransform::Rotate270, pos)[..]
        else {
            panic!("one text")
        };
        assert_eq!((*at, *angle), ((35.28, 20.0), 90.0), "read from below, its top at the left");
    }

    #[test]
    fn raised_digits_stay_seven_points() {
        let pos = Pos::new(HPos::Left, VPos::Bottom);
        let [Item::Text { text: base, at, .. }, Item::Text { text, at: up, size, .. }] =
            &written("10⁻³", FontTransform::None, pos)[..]
        else {
            panic!("two texts")
        };
        assert_eq!((base.as_str(), text.as_str(), *size), ("10", "−3", 7.0));
        // Two digits of 0.5 em of 8 pt lie between.
        assert!((up.0 - at.0 - 8.0).abs() < 0.02 && up.1 < at.1);
    }

    #[test]
    fn sizes_of_texts_are_those_of_the_embedded_font() {
        let mut scene = Scene::new(100.0, 50.0, Face::Serif);
        let style = TextStyle::from((FontFamily::Serif, 800.0));
        let backend = SceneBackend::new(&mut scene);
        let (width, _) = backend.estimate_text_size("0m", &style).unwrap();
        // Times has "0" of 0.5 em and "m" of 0.778 em.
        assert!((f64::from(width) / 100.0 - 8.0 * 1.278).abs() < 0.02);
        assert_eq!(backend.get_size(), (10_000, 5_000));
    }
}
