//! What an entry says.

use super::Context;
use signloop_base::Result;
use signloop_plot::Figure;

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Ours agrees within the tolerance that the claim names.
    Reproduced,
    /// Ours contradicts it under the definition that the claim names.
    Refuted,
    /// An input is missing: the reason and the command that would decide it are given.
    Undecided,
}

impl Verdict {
    /// As printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Refuted => "refuted",
            Self::Undecided => "cannot be decided by this run",
        }
    }
}

/// How near a number must come to a published one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// As printed beside a verdict.
    pub name: &'static str,
    /// Greatest difference as a share of the published number.
    pub share: f64,
    /// Why this much.
    pub why: &'static str,
}

impl Tolerance {
    /// A number copied or computed from the same formula.
    pub const ROUNDING: Self = Self {
        name: "rounding, 1 %",
        share: 0.01,
        why: "the same formula: only the published digits differ, which are two or three",
    };
    /// Two published numbers that say the same thing.
    pub const DIGITS: Self = Self {
        name: "published digits, 3 %",
        share: 0.03,
        why: "published numbers held against each other: each has two or three digits, and their \
              quotient the error of both",
    };
    /// Everything counted, measured or trained here.
    pub const NUMBERS: Self = Self {
        name: "numbers, 10 %",
        share: 0.10,
        why: "one tolerance for all that is counted, measured or trained, quotients too. It is our choice: \
              nothing published names an error. The thread's own values for one thing differ by 5.6 % \
              (speed-ups 1.25 to 1.32) and 12 % (density 0.35, sparsity 69 %); seeds move our counts by \
              less than 2 %, another method by more than 10 %. The section below says which verdicts \
              hang on it",
    };
    /// The tolerances, for the page.
    pub const ALL: [Self; 3] = [Self::ROUNDING, Self::DIGITS, Self::NUMBERS];

    /// Whether a number is near enough.
    #[must_use]
    pub fn holds(&self, published: f64, ours: f64) -> bool {
        (ours / published - 1.0).abs() <= self.share
    }
}

/// One published statement and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The statement.
    pub what: String,
    /// Value as published.
    pub published: String,
    /// Value as computed here.
    pub ours: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub why: String,
    /// Difference as a share of the published number, where a tolerance of numbers decided.
    pub off: Option<f64>,
}

impl Claim {
    /// A claim with its verdict.
    pub fn new(
        what: impl Into<String>,
        published: impl Into<String>,
        ours: impl Into<String>,
        verdict: Verdict,
        why: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            published: published.into(),
            ours: ours.into(),
            verdict,
            why: why.into(),
            off: None,
        }
    }

    /// A number as near to the published one as a tolerance allows.
    pub fn within(
        what: impl Into<String>,
        published: f64,
        ours: f64,
        tolerance: &Tolerance,
    ) -> Self {
        let verdict =
            if tolerance.holds(published, ours) { Verdict::Reproduced } else { Verdict::Refuted };
        let off = ours / published - 1.0;
        let why = format!("{:+.1} % (tolerance: {})", off * 100.0, tolerance.name);
        let off = (*tolerance == Tolerance::NUMBERS).then_some(off);
        Self { off, ..Self::new(what, number(published), number(ours), verdict, why) }
    }

    /// The verdict under another tolerance of numbers; nothing where none decided.
    #[must_use]
    pub fn verdict_at(&self, share: f64) -> Option<Verdict> {
        let holds = self.off?.abs() <= share;
        Some(if holds { Verdict::Reproduced } else { Verdict::Refuted })
    }

    /// A claim whose decision needs what this run does not have.
    pub fn undecided(
        what: impl Into<String>,
        published: impl Into<String>,
        reason: impl Into<String>,
        command: &str,
    ) -> Self {
        let why = format!("{}; `{command}` would decide it", reason.into());
        Self::new(what, published, "—", Verdict::Undecided, why)
    }
}

/// About four significant digits.
#[must_use]
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 1000.0 || size == 0.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// Numbers beside the claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows of as many fields.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(title: impl Into<String>, header: &[&str]) -> Self {
        let header = header.iter().map(|name| (*name).to_owned()).collect();
        Self { title: title.into(), header, rows: Vec::new() }
    }

    /// Appends a row.
    pub fn row(&mut self, fields: impl IntoIterator<Item = String>) {
        self.rows.push(fields.into_iter().collect());
    }
}

/// Everything an entry found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Statements and verdicts.
    pub claims: Vec<Claim>,
    /// How quantities are defined.
    pub definition: String,
    /// Model, data set, layer, seed: what the numbers are of.
    pub inputs: String,
    /// Numbers beside the claims.
    pub tables: Vec<Table>,
    /// Figures.
    pub figures: Vec<Figure>,
}

/// One table, figure or number of the thread.
pub struct Entry {
    /// Name on the command line.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Where it stands in the thread.
    pub place: &'static str,
    /// The readers' questions that it answers, by number.
    pub answers: &'static [u8],
    /// Whether measured times decide some of its claims.
    pub measures: bool,
    /// Computes it.
    pub run: fn(&Context) -> Result<Outcome>,
}
