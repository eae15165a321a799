//! The methods by name, in the order of every table.

use super::{
    Method,
    bit_packed::BitPacked,
    dense::{Dense, ZeroSkip},
    filter_repetition::FilterRepetition,
    q_gym::QGym,
    shared_sum::{RowPattern, SharedSum, ShiftShared},
    subset_table::SubsetTable,
    sum_merge::SumMerge,
    ucnn::Ucnn,
};
use signloop_base::diagnostics::Problem;

static METHODS: [&dyn Method; 12] = [
    &Dense,
    &BitPacked,
    &ZeroSkip,
    &FilterRepetition,
    &Ucnn,
    &SumMerge { skip_zeros: true },
    &SumMerge { skip_zeros: false },
    &QGym,
    &SubsetTable,
    &RowPattern,
    &SharedSum,
    &ShiftShared,
];

/// All methods.
#[must_use]
pub fn registry() -> &'static [&'static dyn Method] {
    &METHODS
}

/// The method of a name.
///
/// # Errors
/// No method has the name; the nearest one is suggested.
pub fn find(name: &str) -> Result<&'static dyn Method, Problem> {
    registry().iter().copied().find(|method| method.name() == name).ok_or_else(|| {
        let names: Vec<&str> = registry().iter().map(|method| method.name()).collect();
        let problem = Problem::new(format!("unknown method `{name}`"))
            .hint(format!("expected one of `{}`", names.join("`, `")));
        problem.did_you_mean(name, names)
    })
}
