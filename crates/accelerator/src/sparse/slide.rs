//! How a comb of a tensor moves as a nest of loops runs, told apart by the loop that stepped last.

use super::{Comb, Tile};

/// The combs of a tensor that blocks of another meet, by [`Step`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Slide {
    /// Points of the tensor that one block meets from one place.
    pub(crate) comb: Comb,
    /// Ranks of the tensor.
    pub(crate) ranks: usize,
    /// Rank, stride and bound of the loops that move the comb, innermost first.
    pub(crate) loops: Vec<(u8, u64, u64)>,
    /// Shifts of the comb, by rank, that one block meets at one time; every list is a block.
    pub(crate) blocks: Vec<Vec<Shift>>,
    /// The kinds of steps that bring blocks.
    pub(crate) steps: Vec<Step>,
}

/// A shift along each rank.
pub(crate) type Shift = [i64; Tile::MAX_RANKS];

/// Where the loops stand when blocks come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// Iterations of every loop of the slide.
    pub(crate) stand: Vec<Stand>,
    /// A further shift that the blocks meet, when a later step brings nothing.
    pub(crate) also: Option<Shift>,
}

/// Iterations of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stand {
    Any,
    First,
    Last,
    NotFirst,
    NotLast,
    Between,
}

impl Stand {
    /// The iterations of a loop of `bound`.
    pub(crate) fn iterations(self, bound: u64) -> std::ops::Range<u64> {
        match self {
            Self::Any => 0..bound,
            Self::First => 0..1,
            Self::Last => bound - 1..bound,
            Self::NotFirst => 1..bound,
            Self::NotLast => 0..bound - 1,
            Self::Between => 1..(bound - 1).max(1),
        }
    }
}

/// Shares of a step's blocks that meet no nonzero: of the blocks, and of the instances that they
/// go to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct EmptyShare {
    pub(crate) blocks: f64,
    pub(crate) instances: f64,
}

/// Most places looked at for one answer.
const MOST: u64 = 1 << 26;

impl Slide {
    /// Places that an answer looks at; `None` if there are too many.
    pub(crate) fn fits(&self) -> Option<()> {
        let members = self.blocks.iter().map(|block| block.len() as u64).sum::<u64>();
        let mut all = 0_u64;
        for step in &self.steps {
            let mut own = members.checked_mul(1 + u64::from(step.also.is_some()))?;
            for ((_, _, bound), stand) in self.loops.iter().zip(&step.stand) {
                own = own.checked_mul(stand.iterations(*bound).count() as u64)?;
            }
            all = all.checked_add(own)?;
        }
        (all <= MOST).then_some(())
    }

    /// The shares of every step; `place` tells the number, by rank, of the comb that begins at a
    /// point (or that it holds nothing), a comb's number is the sum of these, and `empty` tells of
    /// it.
    pub(super) fn shares(
        &self,
        place: impl Fn(usize, i64) -> Option<u64>,
        empty: impl Fn(u64) -> bool,
    ) -> Vec<EmptyShare> {
        let at = |point: &Shift| {
            let number = (0..self.ranks).map(|rank| place(rank, point[rank])).sum::<Option<u64>>();
            number.is_none_or(&empty)
        };
        let alone = [vec![Shift::default()]];
        let share = |step: &Step| match step.also {
            None if self.blocks == alone => self.share_of_one(step, &place, &empty),
            _ => self.share(step, &at),
        };
        self.steps.iter().map(share).collect()
    }

    /// The shares where each place is one block: numbers are summed rank by rank.
    fn share_of_one(
        &self,
        step: &Step,
        place: &impl Fn(usize, i64) -> Option<u64>,
        empty: &impl Fn(u64) -> bool,
    ) -> EmptyShare {
        let mut sums = vec![0_u64];
        // Places whose number is known, and all.
        let (mut known, mut all) = (1_u64, 1_u64);
        for rank in 0..self.ranks {
            let mut points = vec![0_i64];
            let own = self.loops.iter().zip(&step.stand);
            for ((_, stride, bound), stand) in own.filter(|((at, ..), _)| usize::from(*at) == rank)
            {
                let moves = stand.iterations(*bound);
                points = points
                    .iter()
                    .flat_map(|point| moves.clone().map(move |at| point + (at * stride) as i64))
                    .collect();
            }
            let numbers: Vec<u64> = points.iter().filter_map(|at| place(rank, *at)).collect();
            (known, all) = (known * numbers.len() as u64, all * points.len() as u64);
            if rank + 1 == self.ranks {
                // The last rank is walked, not listed.
                let found = |sum: &u64| numbers.iter().filter(|own| empty(sum + **own)).count();
                let none = sums.iter().map(|sum| found(sum) as u64).sum::<u64>() + (all - known);
                let share = none as f64 / all.max(1) as f64;
                return EmptyShare { blocks: share, instances: share };
            }
            sums = sums.iter().flat_map(|sum| numbers.iter().map(move |own| sum + own)).collect();
        }
        let share = f64::from(empty(0));
        EmptyShare { blocks: share, instances: share }
    }

    fn share(&self, step: &Step, empty: &impl Fn(&Shift) -> bool) -> EmptyShare {
        let (mut blocks, mut instances) = ((0_u64, 0_u64), (0_u64, 0_u64));
        let moved = |from: &Shift, by: &Shift| -> Shift {
            std::array::from_fn(|rank| from[rank] + by[rank])
        };
        self.each_place(step, |place| {
            for block in &self.blocks {
                let none = block.iter().all(|shift| {
                    let at = moved(place, shift);
                    empty(&at) && step.also.is_none_or(|also| empty(&moved(&at, &also)))
                });
                let members = block.len() as u64;
                blocks = (blocks.0 + u64::from(none), blocks.1 + 1);
                instances = (instances.0 + u64::from(none) * members, instances.1 + members);
            }
        });
        let share = |(some, all): (u64, u64)| some as f64 / all.max(1) as f64;
        EmptyShare { blocks: share(blocks), instances: share(instances) }
    }

    /// Calls `visit` with every place of the comb at a step.
    fn each_place(&self, step: &Step, mut visit: impl FnMut(&Shift)) {
        let loops: Vec<(usize, i64, std::ops::Range<u64>)> = self
            .loops
            .iter()
            .zip(&step.stand)
            .map(|((rank, stride, bound), stand)| {
                (usize::from(*rank), *stride as i64, stand.iterations(*bound))
            })
            .collect();
        if loops.iter().any(|(_, _, iterations)| iterations.is_empty()) {
            return;
        }
        let mut at: Vec<u64> = loops.iter().map(|(_, _, iterations)| iterations.start).collect();
        loop {
            let mut place = [0_i64; Tile::MAX_RANKS];
            for ((rank, stride, _), at) in loops.iter().zip(&at) {
                place[*rank] += stride * *at as i64;
            }
            visit(&place);
            // The next combination, the innermost loop fastest.
            let mut turn = loops.iter().zip(&mut at);
            loop {
                let Some(((_, _, iterations), at)) = turn.next() else { return };
                *at += 1;
                if *at < iterations.end {
                    break;
                }
                *at = iterations.start;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points 0 to 5 of a line, of which 1 and 4 are empty; a loop of 3 over pairs of points that
    /// two instances share out.
    #[test]
    fn shares_by_hand() {
        let shift = |by: i64| std::array::from_fn(|rank| if rank == 0 { by } else { 0 });
        let step = |stand, also| Step { stand: vec![stand], also };
        let slide = |blocks| Slide {
            comb: Comb::default(),
            ranks: 1,
            loops: vec![(0, 2, 3)],
            blocks,
            steps: vec![
                step(Stand::Any, None),
                step(Stand::First, None),
                step(Stand::NotFirst, None),
                step(Stand::Between, Some(shift(-1))),
            ],
        };
        let place = |_, at: i64| u64::try_from(at).ok();
        let empty = |at: u64| [1, 4].contains(&at);
        let shares = |blocks| slide(blocks).shares(place, empty);
        let one = shares(vec![vec![shift(0)]]);
        let blocks: Vec<f64> = one.iter().map(|share| share.blocks).collect();
        // Of 0, 2 and 4 one; of 0 none; of 2 and 4 one; 2 with 1 none.
        assert_eq!(blocks, [1.0 / 3.0, 0.0, 0.5, 0.0]);
        let apart = shares(vec![vec![shift(0)], vec![shift(1)]]);
        let blocks: Vec<f64> = apart.iter().map(|share| share.blocks).collect();
        // Of 0 to 5 two are empty; of 0 and 1 one; of 2 to 5 one; 2 and 3 with 1 and 2 none.
        assert_eq!(blocks, [2.0 / 6.0, 0.5, 0.25, 0.0]);
        assert!(apart.iter().all(|share| share.blocks == share.instances));
        // One block for both instances needs both points to be empty.
        let together = shares(vec![vec![shift(0), shift(1)]]);
        assert!(together.iter().all(|share| share.blocks == 0.0));
        let three = shares(vec![vec![shift(0), shift(0)], vec![shift(1)]]);
        // At 4 both of the first block are empty, at 1 the second: 2 of 6 blocks, 3 of 9 instances.
        assert_eq!((three[0].blocks, three[0].instances), (2.0 / 6.0, 3.0 / 9.0));
        assert_eq!(slide(Vec::new()).fits(), Some(()));
    }
}
