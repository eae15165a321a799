//! Sizes, type, colours and markers that print, in points (1/72 in).

/// Points an inch.
const POINTS_PER_INCH: f64 = 72.0;

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

/// A typeface that the binary carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Metrics of Times.
    Serif,
    /// Metrics of Helvetica.
    Sans,
}

impl Style {
    /// Width in points.
    #[must_use]
    pub fn width(self, column: Column) -> f64 {
        let inches = match (self, column) {
            (Self::Ieee | Self::Nature, Column::Single) => 3.5,
            (Self::Ieee, Column::Double) => 7.16,
            (Self::Acm, Column::Single) => 3.34,
            (Self::Acm, Column::Double) => 7.0,
            (Self::Nature, Column::Double) => 7.2,
        };
        inches * POINTS_PER_INCH
    }

    /// Type size in points. Every word of a figure is set in it, none smaller than 7.
    #[must_use]
    pub fn type_size(self) -> f64 {
        match self {
            Self::Ieee | Self::Acm => 8.0,
            Self::Nature => 7.0,
        }
    }

    /// Typeface.
    #[must_use]
    pub fn face(self) -> Face {
        match self {
            Self::Ieee | Self::Acm => Face::Serif,
            Self::Nature => Face::Sans,
        }
    }
}

/// A colour, 8 bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    pub(super) const BLACK: Self = Self(0, 0, 0);
    pub(super) const WHITE: Self = Self(255, 255, 255);
    /// Rules behind the data.
    pub(super) const RULE: Self = Self(225, 225, 225);
    /// What the data is held against: a diagonal, a bound.
    pub(super) const REFERENCE: Self = Self(110, 110, 110);

    /// Colour of hatch lines on it: white, but dark on what is nearly white in greyscale.
    pub(super) fn hatch(self) -> Self {
        // Luma of ITU-R BT.601, in thousandths.
        let Self(red, green, blue) = self;
        let luma = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
        if luma > 190_000 { Self(70, 70, 70) } else { Self::WHITE }
    }
}

/// Tol "high-contrast" for up to three series, Okabe-Ito above. No palette of four or more
/// survives greyscale, so every series also has a hatch, or a marker and a dash, of its own.
#[must_use]
pub fn colour(series: usize, of: usize) -> Colour {
    const HIGH_CONTRAST: [Colour; 3] =
        [Colour(0, 68, 136), Colour(221, 170, 51), Colour(187, 85, 102)];
    const OKABE_ITO: [Colour; 8] = [
        Colour(0, 114, 178),
        Colour(230, 159, 0),
        Colour(0, 158, 115),
        Colour(213, 94, 0),
        Colour(86, 180, 233),
        Colour(204, 121, 167),
        Colour(240, 228, 66),
        Colour(90, 90, 90),
    ];
    if of <= HIGH_CONTRAST.len() {
        HIGH_CONTRAST[series % 3]
    } else {
        OKABE_ITO[series % OKABE_ITO.len()]
    }
}

/// A colour of a heat map: `share` from 0 (light) to 1 (dark). Lightness falls all the way, so the
/// order survives greyscale (the ends and middle of Tol's "YlOrBr").
#[must_use]
pub(super) fn heat_colour(share: f64) -> Colour {
    const STOPS: [(f64, f64, f64); 5] = [
        (255.0, 255.0, 229.0),
        (254.0, 217.0, 118.0),
        (236.0, 112.0, 20.0),
        (153.0, 52.0, 4.0),
        (80.0, 24.0, 2.0),
    ];
    let place = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let index = (place as usize).min(STOPS.len() - 2);
    let part = place - index as f64;
    let (from, to) = (STOPS[index], STOPS[index + 1]);
    let mix = |a: f64, b: f64| (a + (b - a) * part).round() as u8;
    Colour(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// Directions (dx, dy) of the hatch lines of a series.
#[must_use]
pub(super) fn hatches(series: usize) -> &'static [(i32, i32)] {
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
    // Colours repeat after eight series; the hatch then is another one.
    PATTERNS[(series + 3 * (series / PATTERNS.len())) % PATTERNS.len()]
}

/// Shape of a series' points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
    Cross,
}

impl Marker {
    /// The marker of a series.
    pub(super) fn of(series: usize) -> Self {
        const ALL: [Marker; 6] = [
            Marker::Circle,
            Marker::Square,
            Marker::Up,
            Marker::Diamond,
            Marker::Down,
            Marker::Cross,
        ];
        ALL[series % ALL.len()]
    }

    /// Its name in PGFPlots.
    pub(super) fn pgf(self) -> &'static str {
        match self {
            Self::Circle => "*",
            Self::Square => "square*",
            Self::Up => "triangle*",
            Self::Diamond => "diamond*",
            Self::Down => "pentagon*",
            Self::Cross => "x",
        }
    }
}

/// Dashes of a series' line in points: on, off, on, off…; empty is solid.
#[must_use]
pub(super) fn dashes(series: usize) -> &'static [f64] {
    const PATTERNS: [&[f64]; 6] =
        [&[], &[4.0, 1.5], &[1.0, 1.3], &[5.0, 1.5, 1.0, 1.5], &[2.5, 1.5], &[7.0, 2.0]];
    PATTERNS[series % PATTERNS.len()]
}
