//! Names of categories below an axis: level, leaning by 45 degrees, or upright, as they fit.

use plotters::style::{
    FontTransform,
    text_anchor::{HPos, Pos, VPos},
};

use super::{
    chart::{Area, Drawn, LABEL_GAP, widest, words},
    element::{Look, Shape},
    scale::Slots,
};
use crate::{
    paint::{Font, units, words_width},
    style::Style,
};

const LEAN: f64 = std::f64::consts::FRAC_1_SQRT_2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Level,
    Leaning,
    Upright,
}

/// Names in slots of a width.
pub(super) struct Names<'n> {
    names: &'n [String],
    way: Way,
    style: Style,
}

impl<'n> Names<'n> {
    /// How names stand in slots of `step` points.
    pub(super) fn fit(names: &'n [String], step: f64, style: Style) -> Self {
        let way = if widest(names, style) + 4.0 <= step {
            Way::Level
        } else if step * LEAN >= style.type_size() * 0.95 {
            Way::Leaning
        } else {
            Way::Upright
        };
        Self { names, way, style }
    }

    /// Room below the axis in points.
    pub(super) fn room(&self) -> f64 {
        let size = self.style.type_size();
        match self.way {
            Way::Level => size * 1.3,
            Way::Leaning => LABEL_GAP + widest(self.names, self.style) * LEAN + size * 0.5,
            Way::Upright => LABEL_GAP + widest(self.names, self.style),
        }
    }

    /// How far a name reaches over the left edge of the first slot, in points.
    pub(super) fn overhang(&self, step: f64) -> f64 {
        let font = Font::of(self.style.face());
        let over = |(index, name): (usize, &String)| {
            let width = words_width(name, font, self.style.type_size());
            // The corner of the first letter reaches farther than its baseline.
            let size = self.style.type_size();
            width * LEAN + size * 0.4 + 2.0 - step * (index as f64 + 0.5)
        };
        match self.way {
            Way::Leaning => self.names.iter().enumerate().map(over).fold(0.0, f64::max),
            Way::Level | Way::Upright => 0.0,
        }
    }

    /// The axis below. Plotters centres its labels: names that stand otherwise are left out.
    pub(super) fn slots(&self) -> Slots {
        let written = match self.way {
            Way::Level => self.names.to_vec(),
            Way::Leaning | Way::Upright => vec![String::new(); self.names.len()],
        };
        Slots::new(written, false)
    }

    /// Writes the names that the axis does not; `place` is the middle of a slot on the axis.
    pub(super) fn write(&self, page: &Area<'_>, place: impl Fn(usize) -> (i32, i32)) -> Drawn {
        let upright = words(self.style)
            .transform(FontTransform::Rotate270)
            .pos(Pos::new(HPos::Right, VPos::Center));
        for (index, name) in self.names.iter().enumerate() {
            let (x, y) = place(index);
            let at = (x, y + units(LABEL_GAP));
            match self.way {
                Way::Level => {}
                Way::Leaning => {
                    let look = Look::Leaning(name.clone(), self.style.type_size());
                    page.draw(&Shape::new(vec![at], look))?;
                }
                Way::Upright => page.draw_text(name, &upright, at)?,
            }
        }
        Ok(())
    }
}
