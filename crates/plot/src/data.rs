//! A figure as numbers and words; drawing and exporting read nothing else.

use signloop_base::diagnostics::Problem;

/// Longest name that is written into a figure, in characters.
const LONGEST_NAME: usize = 300;

/// Where a figure comes from; written into every file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Tool and version.
    pub tool: String,
    /// File name and content hash of every input.
    pub inputs: Vec<(String, String)>,
    /// The command.
    pub command: String,
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// File name without extension.
    pub id: String,
    /// What is seen, on what, and how quantities are defined; for the text below the figure.
    pub caption: String,
    /// The numbers.
    pub content: Content,
}

/// The kinds of figures.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the types say it")]
pub enum Content {
    Bars(BarFigure),
    Points(PointFigure),
    Heat(HeatFigure),
}

/// How the bars of one category stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On top of each other: parts of a sum.
    Stacked,
    /// Side by side: things to compare.
    Grouped,
}

/// One colour of bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// One value a category.
    pub values: Vec<f64>,
}

/// Bars over categories; they start at zero.
#[derive(Debug, Clone, PartialEq)]
pub struct BarFigure {
    /// What the value axis shows, with its unit.
    pub axis: String,
    /// Column suffix of the CSV: the unit.
    pub unit: String,
    /// How bars stand.
    pub layout: Layout,
    /// Names along the other axis.
    pub categories: Vec<String>,
    /// Colours.
    pub series: Vec<Series>,
}

/// One axis of a [`PointFigure`].
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// Column of the CSV, with its unit.
    pub column: String,
    /// Logarithmic; then every value is above zero.
    pub log: bool,
    /// Whether zero is on the axis even if no point is near it.
    pub from_zero: bool,
}

impl Axis {
    /// A linear axis that shows only where the points are.
    #[must_use]
    pub fn linear(label: impl Into<String>, column: impl Into<String>) -> Self {
        Self { label: label.into(), column: column.into(), log: false, from_zero: false }
    }

    /// A linear axis from zero.
    #[must_use]
    pub fn from_zero(label: impl Into<String>, column: impl Into<String>) -> Self {
        Self { from_zero: true, ..Self::linear(label, column) }
    }

    /// A logarithmic axis.
    #[must_use]
    pub fn log(label: impl Into<String>, column: impl Into<String>) -> Self {
        Self { log: true, ..Self::linear(label, column) }
    }
}

/// How the points of a series are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Marks {
    Line,
    Markers,
    LineAndMarkers,
    /// What others are held against: a grey line (a diagonal, a bound).
    Reference,
}

/// One point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataPoint {
    /// Place along the axis below.
    pub x: f64,
    /// Place along the axis at the left.
    pub y: f64,
    /// Least and greatest y, for an error bar.
    pub spread: Option<(f64, f64)>,
    /// Written beside the point if not empty.
    pub label: String,
}

impl DataPoint {
    /// A bare point.
    #[must_use]
    pub fn at(x: f64, y: f64) -> Self {
        Self { x, y, ..Self::default() }
    }
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSeries {
    /// Name in the legend.
    pub name: String,
    /// Points in drawing order.
    pub points: Vec<DataPoint>,
    /// How they are shown.
    pub marks: Marks,
}

/// Points and lines over two axes.
#[derive(Debug, Clone, PartialEq)]
pub struct PointFigure {
    /// The axis below.
    pub x: Axis,
    /// The axis at the left.
    pub y: Axis,
    /// Series in legend order.
    pub series: Vec<PointSeries>,
}

impl PointFigure {
    /// Whether a point has a place on both axes.
    #[must_use]
    pub fn has_place(&self, point: &DataPoint) -> bool {
        let on = |value: f64, log: bool| value.is_finite() && (!log || value > 0.0);
        on(point.x, self.x.log) && on(point.y, self.y.log)
    }
}

/// A value for every pair of two settings, as a coloured grid.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatFigure {
    /// Name of the setting below, and of the CSV's first column.
    pub x: String,
    /// Name of the setting at the left.
    pub y: String,
    /// Name of the value.
    pub value: String,
    /// Settings below.
    pub columns: Vec<String>,
    /// Settings at the left, from the top.
    pub rows: Vec<String>,
    /// `rows × columns` values; absent where the sweep has none.
    pub values: Vec<Option<f64>>,
}

impl Figure {
    /// About how wide a bar is on a page of some width, in points; nothing without grouped bars.
    #[must_use]
    pub fn bar_width(&self, page: f64) -> Option<f64> {
        match &self.content {
            Content::Bars(bars) if bars.layout == Layout::Grouped => {
                Some(0.8 * page / (bars.categories.len() * bars.series.len()).max(1) as f64)
            }
            _ => None,
        }
    }

    /// Every number that is drawn.
    fn values(&self) -> Vec<f64> {
        match &self.content {
            Content::Bars(bars) => {
                bars.series.iter().flat_map(|series| series.values.iter().copied()).collect()
            }
            Content::Points(points) => {
                let points = points.series.iter().flat_map(|series| &series.points);
                let all = |point: &DataPoint| {
                    let (low, high) = point.spread.unwrap_or((point.y, point.y));
                    [point.x, point.y, low, high]
                };
                points.flat_map(all).collect()
            }
            Content::Heat(heat) => heat.values.iter().flatten().copied().collect(),
        }
    }

    /// Every name that is written.
    fn names(&self) -> Vec<&str> {
        let names: Vec<&String> = match &self.content {
            Content::Bars(bars) => bars
                .categories
                .iter()
                .chain(bars.series.iter().map(|series| &series.name))
                .collect(),
            Content::Points(points) => points
                .series
                .iter()
                .flat_map(|series| {
                    std::iter::once(&series.name)
                        .chain(series.points.iter().map(|point| &point.label))
                })
                .collect(),
            Content::Heat(heat) => heat.columns.iter().chain(&heat.rows).collect(),
        };
        names.into_iter().map(String::as_str).collect()
    }

    /// Whether it can be drawn: numbers that an axis can show, and names that a page can hold.
    ///
    /// # Errors
    /// A number that is not 0 and whose size is not between 1e-100 and 1e100, or a name of more
    /// than 300 characters.
    pub fn check(&self) -> Result<(), Problem> {
        let shown = |value: f64| value == 0.0 || (1e-100..=1e100).contains(&value.abs());
        if let Some(value) = self.values().into_iter().find(|v| v.is_finite() && !shown(*v)) {
            return Err(Problem::new(format!("`{}`: {value:e} is beyond any axis", self.id))
                .hint("values of 0 and of sizes from 1e-100 to 1e100 are drawn"));
        }
        if let Some(name) =
            self.names().into_iter().find(|name| name.chars().count() > LONGEST_NAME)
        {
            let begin: String = name.chars().take(40).collect();
            let length = name.chars().count();
            return Err(Problem::new(format!(
                "`{}`: the name `{begin}…` has {length} characters",
                self.id
            ))
            .hint(format!("names of at most {LONGEST_NAME} characters are written into figures")));
        }
        Ok(())
    }

    /// Whether there is anything to see.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::Bars(bars) => {
                bars.categories.is_empty()
                    || bars.series.iter().all(|series| series.values.iter().all(|v| *v == 0.0))
            }
            Content::Points(points) => points
                .series
                .iter()
                .all(|series| series.points.is_empty() || series.marks == Marks::Reference),
            Content::Heat(heat) => heat.values.iter().all(Option::is_none),
        }
    }
}
