//! Sizes, type and colours that print.

use plotters::style::RGBColor;

/// Pixels an inch in SVG.
pub const PIXELS_PER_INCH: f64 = 96.0;

/// Width of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// One column of a page.
    Single,
    /// Both columns.
    Double,
}

/// Whose page it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// 3.5 in and 7.16 in, serif, 8 pt.
    Ieee,
    /// 3.34 in and 7 in, serif, 8 pt.
    Acm,
    /// 3.5 in and 7.2 in, sans serif, 7 pt.
    Nature,
}

impl Style {
    /// Width in pixels.
    #[must_use]
    pub fn width(self, column: Column) -> u32 {
        let inches = match (self, column) {
            (Self::Ieee | Self::Nature, Column::Single) => 3.5,
            (Self::Ieee, Column::Double) => 7.16,
            (Self::Acm, Column::Single) => 3.34,
            (Self::Acm, Column::Double) => 7.0,
            (Self::Nature, Column::Double) => 7.2,
        };
        (inches * PIXELS_PER_INCH) as u32
    }

    /// Type size in pixels; a point is 1/72 in.
    #[must_use]
    pub fn type_size(self) -> f64 {
        let points = match self {
            Self::Ieee | Self::Acm => 8.0,
            Self::Nature => 7.0,
        };
        points / 72.0 * PIXELS_PER_INCH
    }

    /// Font family.
    #[must_use]
    pub fn family(self) -> &'static str {
        match self {
            Self::Ieee | Self::Acm => "serif",
            Self::Nature => "sans-serif",
        }
    }
}

/// Tol "high-contrast" for up to three series, Okabe-Ito above. No palette of four or more
/// survives greyscale, so every series also has a hatch of its own.
#[must_use]
pub fn colour(series: usize, of: usize) -> RGBColor {
    const HIGH_CONTRAST: [RGBColor; 3] =
        [RGBColor(0, 68, 136), RGBColor(221, 170, 51), RGBColor(187, 85, 102)];
    const OKABE_ITO: [RGBColor; 8] = [
        RGBColor(0, 114, 178),
        RGBColor(230, 159, 0),
        RGBColor(0, 158, 115),
        RGBColor(213, 94, 0),
        RGBColor(86, 180, 233),
        RGBColor(204, 121, 167),
        RGBColor(240, 228, 66),
        RGBColor(90, 90, 90),
    ];
    if of <= HIGH_CONTRAST.len() {
        HIGH_CONTRAST[series % 3]
    } else {
        OKABE_ITO[series % OKABE_ITO.len()]
    }
}

/// Directions of the hatch lines of a series, in pixels (dx, dy) a line, and their distance.
#[must_use]
pub fn hatches(series: usize) -> &'static [(i32, i32)] {
    const PATTERNS: [&[(i32, i32)]; 8] = [
        &[],
        &[(1, -1)],
        &[(1, 1)],
        &[(1, 0)],
        &[(0, 1)],
        &[(1, -1), (1, 1)],
        &[(1, 0), (0, 1)],
        &[(1, 1), (1, 0)],
    ];
    PATTERNS[series % PATTERNS.len()]
}
