//! Which words of a tensor a box of operations touches, and how many two shifted boxes share.

use crate::{
    problem::{MAX_DIMENSIONS, MAX_INDICES, Tensor, Term},
    sparse::{Rules, Tile},
};

/// Extents of a box of operations, by dimension.
pub(super) type Sizes = [u64; MAX_DIMENSIONS];

/// A tensor's indices, prepared for projection.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Sums of terms, one an index; the smallest coefficient first.
    indices: Vec<Vec<Term>>,
    /// Bit d is set when dimension d moves an index.
    pub(super) dimensions: u32,
    /// Whether every index is one dimension of coefficient 1, and no dimension occurs twice: then
    /// two tiles are the same or share nothing.
    pub(super) simple: bool,
    /// The dimension of each index of a simple tensor.
    alone: [u8; MAX_INDICES],
    rules: Rules,
}

impl Shape {
    pub(super) fn new(tensor: &Tensor, rules: Rules) -> Self {
        let mut indices = tensor.indices.clone();
        for index in &mut indices {
            index.sort_by_key(|term| term.coefficient);
        }
        let terms = || indices.iter().flatten();
        let dimensions = terms().fold(0, |set, term| set | 1 << term.dimension);
        let simple = indices.iter().all(|index| index.len() == 1 && index[0].coefficient == 1)
            && terms().count() as u32 == u32::count_ones(dimensions);
        let mut alone = [0; MAX_INDICES];
        for (own, index) in alone.iter_mut().zip(&indices) {
            *own = index.first().map_or(0, |term| term.dimension as u8);
        }
        Self { indices, dimensions, simple, alone, rules }
    }

    /// Number of indices.
    pub(super) fn ranks(&self) -> usize {
        self.indices.len()
    }

    /// The dimension of each index; `None` where an index is a sum of several or strided.
    pub(super) fn simple_ranks(&self) -> Option<impl Iterator<Item = u8> + '_> {
        self.simple.then(|| self.alone[..self.ranks()].iter().copied())
    }

    /// Whether a dimension moves the tensor.
    pub(super) fn uses(&self, dimension: u8) -> bool {
        self.dimensions >> dimension & 1 == 1
    }

    /// Words along each index. Exact rules count the words that are touched; Timeloop counts the
    /// span from the first to the last, holes of a stride included.
    pub(super) fn tile(&self, sizes: &Sizes) -> Tile {
        if self.simple {
            return Tile::from_fn(self.indices.len(), |index| {
                sizes[usize::from(self.alone[index])]
            });
        }
        Tile::from_fn(self.indices.len(), |index| match self.rules {
            Rules::Timeloop => span(&self.indices[index], sizes),
            Rules::Exact => distinct(&self.indices[index], sizes),
        })
    }

    /// Shift of each index when the operations shift by `steps` along the dimensions.
    pub(super) fn shift(&self, steps: &[i64; MAX_DIMENSIONS]) -> [i64; MAX_INDICES] {
        let mut shift = [0; MAX_INDICES];
        for (shift, index) in shift.iter_mut().zip(&self.indices) {
            *shift = index.iter().map(|term| term.coefficient as i64 * steps[term.dimension]).sum();
        }
        shift
    }

    /// Words that a box shares with itself shifted (exact rules).
    pub(super) fn shared(&self, sizes: &Sizes, shift: &[i64; MAX_INDICES]) -> u64 {
        self.indices
            .iter()
            .zip(shift)
            .map(|(index, shift)| overlap(index, sizes, shift.unsigned_abs()))
            .product()
    }

    /// Different shifts that some loops, given as dimension, step and bound, bring about.
    pub(super) fn positions(&self, loops: &[(u8, u64, u64)]) -> u64 {
        let moving = || loops.iter().filter(|(dimension, ..)| self.uses(*dimension));
        let product = || moving().map(|(_, _, bound)| bound).product();
        if self.simple || moving().count() < 2 {
            return product();
        }
        let alone = self.indices.iter().all(|index| {
            let first =
                |dimension: u8| index.iter().find(|term| term.dimension == usize::from(dimension));
            let mut seen = None;
            moving().all(|(dimension, ..)| match (first(*dimension), seen) {
                (None, _) => true,
                (Some(_), None) => {
                    seen = Some(*dimension);
                    true
                }
                (Some(_), Some(other)) => other == *dimension,
            })
        });
        if alone {
            return product();
        }
        // Two dimensions slide over one index: list the shifts. Arrays are small.
        let mut shifts = vec![[0_i64; MAX_INDICES]];
        for (dimension, step, bound) in moving() {
            let mut steps = [0_i64; MAX_DIMENSIONS];
            steps[usize::from(*dimension)] = *step as i64;
            let one = self.shift(&steps);
            shifts = (0..*bound as i64)
                .flat_map(|count| {
                    shifts.iter().map(move |shift| {
                        let mut moved = *shift;
                        moved.iter_mut().zip(one).for_each(|(own, one)| *own += count * one);
                        moved
                    })
                })
                .collect();
            shifts.sort_unstable();
            shifts.dedup();
        }
        shifts.len() as u64
    }
}

/// Words from the first to the last.
fn span(index: &[Term], sizes: &Sizes) -> u64 {
    index.iter().fold(1, |span, term| span + term.coefficient * (sizes[term.dimension] - 1))
}

/// Greatest common divisor.
fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Different values of the index.
fn distinct(index: &[Term], sizes: &Sizes) -> u64 {
    match index {
        [term] => sizes[term.dimension],
        [first, second] if first.dimension != second.dimension => {
            // c1·i + c2·j = c1·(i + c2/g) + c2·(j − c1/g), so that every value is the end of a
            // chain of such steps, and there are as many chains as pairs without a next one.
            let divisor = gcd(first.coefficient, second.coefficient);
            let (m, n) = (sizes[first.dimension], sizes[second.dimension]);
            let doubled = m.saturating_sub(second.coefficient / divisor)
                * n.saturating_sub(first.coefficient / divisor);
            m * n - doubled
        }
        _ => values(index, sizes).len() as u64,
    }
}

/// Values that the index shares with itself shifted by `shift`.
fn overlap(index: &[Term], sizes: &Sizes, shift: u64) -> u64 {
    match index {
        [term] => {
            if !shift.is_multiple_of(term.coefficient) {
                return 0;
            }
            sizes[term.dimension].saturating_sub(shift / term.coefficient)
        }
        [first, second]
            if first.dimension != second.dimension
                && second.coefficient.is_multiple_of(first.coefficient) =>
        {
            if !shift.is_multiple_of(first.coefficient) {
                return 0;
            }
            let (shift, step) = (shift / first.coefficient, second.coefficient / first.coefficient);
            let (width, teeth) = (sizes[first.dimension], sizes[second.dimension]);
            if width >= step {
                return (width + step * (teeth - 1)).saturating_sub(shift);
            }
            // A comb: a tooth meets the shifted tooth at its foot and the one before.
            let (whole, part) = (shift / step, shift % step);
            width.saturating_sub(part) * teeth.saturating_sub(whole)
                + (width + part).saturating_sub(step) * teeth.saturating_sub(whole + 1)
        }
        _ => {
            let values = values(index, sizes);
            values.iter().filter(|value| values.binary_search(&(**value + shift)).is_ok()).count()
                as u64
        }
    }
}

/// All values of an index in ascending order. Only for sums of three terms, or two strides of
/// which neither divides the other; the readers bound their number.
fn values(index: &[Term], sizes: &Sizes) -> Vec<u64> {
    let mut values = vec![0];
    for term in index {
        values = (0..sizes[term.dimension])
            .flat_map(|count| {
                values.iter().map(move |value: &u64| value + count * term.coefficient)
            })
            .collect();
        values.sort_unstable();
        values.dedup();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of coefficients and sizes against listing the values.
    #[test]
    fn counts_are_those_of_the_listed_values() {
        for (a, b, m, n) in (1..5)
            .flat_map(|a| (a..6).map(move |b| (a, b)))
            .flat_map(|(a, b)| (1..5).flat_map(move |m| (1..6).map(move |n| (a, b, m, n))))
        {
            let index =
                [Term { dimension: 0, coefficient: a }, Term { dimension: 1, coefficient: b }];
            let mut sizes = [1; MAX_DIMENSIONS];
            (sizes[0], sizes[1]) = (m, n);
            let listed = values(&index, &sizes);
            assert_eq!(distinct(&index, &sizes), listed.len() as u64, "{a} {b} {m} {n}");
            for shift in 0..20 {
                let shared = listed.iter().filter(|value| listed.contains(&(*value + shift)));
                assert_eq!(
                    overlap(&index, &sizes, shift),
                    shared.count() as u64,
                    "{a} {b} {m} {n} shift {shift}"
                );
            }
        }
    }
}
