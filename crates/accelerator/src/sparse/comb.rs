//! Points of a tensor that lie apart at equal steps, such as every second row.

/// Along each rank, all sums of one multiple of each step: `bound` multiples of `step` from 0 on.
/// A step is a multiple of the reach of the steps before it (they are loops of a nest).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Comb {
    /// Rank, step, bound; the steps of a rank ascend.
    steps: Vec<(u8, u64, u64)>,
    apart: bool,
}

impl Comb {
    /// Adds points along a rank; loops of bound 1 add none.
    pub(crate) fn push(&mut self, rank: usize, step: u64, bound: u64) {
        if bound > 1 {
            self.apart |= step != self.extent(rank);
            self.steps.push((rank as u8, step, bound));
        }
    }

    /// Number of points along a rank.
    pub(crate) fn extent(&self, rank: usize) -> u64 {
        let own = self.steps.iter().filter(|(other, ..)| usize::from(*other) == rank);
        own.map(|(_, _, bound)| bound).product()
    }

    /// Whether some points lie apart; a comb without them is a box.
    pub(crate) fn is_apart(&self) -> bool {
        self.apart
    }

    /// For every rank, the comb that each index belongs to, numbered from 0; and their number.
    pub(super) fn places(&self, extents: &[u64]) -> (Vec<Vec<u64>>, Vec<u64>) {
        let numbered = extents.iter().enumerate().map(|(rank, extent)| {
            let start = |at: u64| {
                let own = self.steps.iter().filter(|(other, ..)| usize::from(*other) == rank);
                at - own.map(|(_, step, bound)| at / step % bound * step).sum::<u64>()
            };
            let starts: Vec<u64> = (0..*extent).map(start).collect();
            let mut sorted = starts.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let number = |start: &u64| sorted.partition_point(|other| other < start) as u64;
            (starts.iter().map(number).collect(), sorted.len() as u64)
        });
        numbered.unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_row_is_a_comb_and_neighbours_are_a_box() {
        let mut comb = Comb::default();
        comb.push(0, 1, 2);
        comb.push(0, 2, 2);
        assert!(!comb.is_apart());
        comb.push(1, 3, 2);
        assert!(comb.is_apart());
        assert_eq!((comb.extent(0), comb.extent(1), comb.extent(2)), (4, 2, 1));
        let (places, grid) = comb.places(&[8, 6, 2]);
        assert_eq!(places, [vec![0, 0, 0, 0, 1, 1, 1, 1], vec![0, 1, 2, 0, 1, 2], vec![0, 1]]);
        assert_eq!(grid, [2, 3, 2]);
    }
}
