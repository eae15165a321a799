//! Which loops of a tile become which ranks of its format.

use super::{Format, FormatFault, RankFormat, RankOrder, Rules, Tile};

/// A loop of a tile that projects onto the tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorLoop {
    /// Dimension of the problem.
    pub dimension: u8,
    /// Iterations.
    pub bound: u64,
    /// Box of the tensor spanned by this loop and all inner ones.
    pub tile: Tile,
}

/// One rank of a placed format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fiber {
    /// Its format.
    pub format: RankFormat,
    /// Coordinates of one fiber.
    pub shape: u64,
    /// Box of the tensor under one coordinate.
    pub element: Tile,
    /// Whether the rank costs anything: ranks of a single coordinate are left out by the hardware,
    /// except the first one that loops are handed to.
    pub counted: bool,
}

/// The ranks of a placed format, innermost first.
#[derive(Debug, Clone, Copy)]
pub struct Fibers {
    ranks: [Fiber; Format::MOST_RANKS],
    len: u8,
    /// Box of a whole fiber of the outermost rank.
    top: Tile,
}

/// What lies beyond the ranks is left from earlier uses.
impl PartialEq for Fibers {
    fn eq(&self, other: &Self) -> bool {
        self.ranks() == other.ranks() && self.top == other.top
    }
}

impl Eq for Fibers {}

impl std::hash::Hash for Fibers {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.ranks().hash(state);
        self.top.hash(state);
    }
}

impl Default for Fibers {
    fn default() -> Self {
        let point = Tile::point(0);
        let none = Fiber { format: RankFormat::Bitmask, shape: 1, element: point, counted: false };
        Self { ranks: [none; Format::MOST_RANKS], len: 0, top: point }
    }
}

impl Fibers {
    /// The ranks, innermost first.
    #[must_use]
    pub fn ranks(&self) -> &[Fiber] {
        &self.ranks[..usize::from(self.len)]
    }
}

/// The loops that were given to a rank, as their span in the list; empty where there are none.
/// Small, as a search asks for the spans of every format again.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    from: u16,
    to: u16,
}

impl Span {
    fn of(self, loops: &[TensorLoop]) -> &[TensorLoop] {
        &loops[usize::from(self.from)..usize::from(self.to)]
    }
}

impl Format {
    /// Hands the loops of a tile to the ranks.
    ///
    /// `loops` are those that project onto the tensor, innermost first; `inner` is the box below
    /// all of them; `shape` gives the extent that a set of loops spans in the tensor when it stands
    /// alone (the product of the bounds, unless a dimension slides over another). `below` are the
    /// ranks of the child's format that lie beneath (a tile stored as it is sent down): they take
    /// the innermost ranks of this format.
    ///
    /// Trivial loops are skipped. Under Timeloop's rules ranks that are left over know the box of
    /// the innermost loop, trivial or not, so those must be in the list.
    ///
    /// # Errors
    /// More loops than ranks.
    pub fn place(
        &self,
        loops: &[TensorLoop],
        inner: Tile,
        below: Option<&Fibers>,
        rules: Rules,
        shape: impl Fn(&[TensorLoop]) -> u64,
    ) -> Result<Fibers, FormatFault> {
        let mut fibers = Fibers::default();
        self.place_into(&mut fibers, loops, (inner, below), rules, shape)?;
        Ok(fibers)
    }

    /// As [`Format::place`], into ranks that are there already: they are too large to be moved
    /// about in a search.
    ///
    /// # Errors
    /// More loops than ranks.
    pub fn place_into(
        &self,
        fibers: &mut Fibers,
        loops: &[TensorLoop],
        (inner, below): (Tile, Option<&Fibers>),
        rules: Rules,
        shape: impl Fn(&[TensorLoop]) -> u64,
    ) -> Result<(), FormatFault> {
        let under = below.map_or(0, |fibers| usize::from(fibers.len));
        let ranks = self.ranks().len();
        let fault =
            |loops: usize| FormatFault::TooManyLoops { loops, ranks: ranks - under.min(ranks) };
        if under > ranks {
            return Err(fault(loops.len()));
        }
        // Ranks innermost first from here on; `spans[i]` are the loops of rank `under + i`.
        let own = ranks - under;
        let outer = self.order() == RankOrder::OuterToInner;
        let mut spans = [Span::default(); Self::MOST_RANKS];
        if loops.len() > usize::from(u16::MAX)
            || !self.spans(loops, under, &mut spans[..own], outer)
        {
            return Err(fault(loops.iter().filter(|own| own.bound > 1).count()));
        }
        fibers.len = ranks as u8;
        let mut element = inner;
        if let Some(below) = below {
            fibers.ranks[..under].copy_from_slice(below.ranks());
            // A child that keeps the tile plain has no say in how its loops are stored here.
            for (rank, fiber) in fibers.ranks[..under].iter_mut().enumerate() {
                fiber.format = self.ranks()[ranks - 1 - rank].format;
                fiber.counted = fiber.shape > 1 || rank == 0;
            }
            element = below.top;
        }
        for (index, span) in spans[..own].iter().enumerate() {
            let rank = under + index;
            let format = self.ranks()[ranks - 1 - rank].format;
            let first = match self.order() {
                RankOrder::InnerToOuter => rank == 0,
                RankOrder::OuterToInner => rank == ranks - 1,
            };
            let given = span.of(loops);
            let shape = if given.is_empty() { 1 } else { shape(given) };
            fibers.ranks[rank] = Fiber { format, shape, element, counted: shape > 1 || first };
            element = self.above(loops, *span, element, rules);
        }
        fibers.top = element;
        Ok(())
    }

    /// Sets the loops of every rank, innermost rank first; false when loops are left over. Runs for
    /// every mapping of a search, so nothing is allocated.
    fn spans(&self, loops: &[TensorLoop], under: usize, spans: &mut [Span], outer: bool) -> bool {
        let (total, own) = (self.ranks().len(), spans.len());
        // The next loop to hand out, counted in the order in which they are, trivial ones left out.
        let place = |count: usize| if outer { loops.len() - 1 - count } else { count };
        let after =
            |count: usize| (count..loops.len()).find(|count| loops[place(*count)].bound > 1);
        let mut next = after(0);
        for step in 0..own {
            let index = if outer { own - 1 - step } else { step };
            let rank = &self.ranks()[total - 1 - (under + index)];
            let Some(count) = next else { break };
            let first = place(count);
            if rank.dimensions.is_some() && !rank.flattens(loops[first].dimension) {
                continue;
            }
            let (mut from, mut to) = (first, first);
            next = after(count + 1);
            while let Some(count) = next
                && rank.flattens(loops[place(count)].dimension)
            {
                from = from.min(place(count));
                to = to.max(place(count));
                next = after(count + 1);
            }
            spans[index] = Span { from: from as u16, to: to as u16 + 1 };
        }
        next.is_none()
    }

    /// The box of a whole fiber of a rank, which is what lies under one coordinate of the next.
    fn above(&self, loops: &[TensorLoop], span: Span, element: Tile, rules: Rules) -> Tile {
        match (span.of(loops), rules, self.order()) {
            ([], Rules::Exact, _) => element,
            ([], Rules::Timeloop, _) => loops.first().map_or(element, |first| first.tile),
            // Of several flattened loops Timeloop notes the box of the first that it hands out.
            ([first, ..], Rules::Timeloop, RankOrder::InnerToOuter) => first.tile,
            ([.., last], ..) => last.tile,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Rank, *};

    fn ranks(names: &[&str]) -> Vec<Rank> {
        names.iter().map(|name| Rank::new(RankFormat::parse(name).unwrap())).collect()
    }

    fn product(loops: &[TensorLoop]) -> u64 {
        loops.iter().map(|own| own.bound).product()
    }

    /// K=16 innermost, then M=4, a trivial loop, and M=4 again, of a 16x16 matrix.
    fn loops() -> Vec<TensorLoop> {
        let one = |dimension, bound, extents: [u64; 2]| TensorLoop {
            dimension,
            bound,
            tile: Tile::new(&extents),
        };
        vec![one(1, 16, [1, 16]), one(0, 4, [4, 16]), one(1, 1, [4, 16]), one(0, 4, [16, 16])]
    }

    #[test]
    fn loops_go_to_ranks_from_the_inside() {
        let format =
            Format::new(ranks(&["uop", "uop", "uop", "cp"]), RankOrder::InnerToOuter).unwrap();
        for rules in [Rules::Exact, Rules::Timeloop] {
            let fibers = format.place(&loops(), Tile::point(2), None, rules, product).unwrap();
            let shapes: Vec<u64> = fibers.ranks().iter().map(|fiber| fiber.shape).collect();
            assert_eq!(shapes, [16, 4, 4, 1]);
            let elements: Vec<u64> =
                fibers.ranks().iter().map(|fiber| fiber.element.size()).collect();
            assert_eq!(elements, [1, 16, 64, 256]);
            let counted: Vec<bool> = fibers.ranks().iter().map(|fiber| fiber.counted).collect();
            assert_eq!(counted, [true, true, true, false]);
        }
    }

    #[test]
    fn loops_go_to_ranks_from_the_outside() {
        let format =
            Format::new(ranks(&["uop", "uop", "cp", "cp"]), RankOrder::OuterToInner).unwrap();
        let fibers = format.place(&loops(), Tile::point(2), None, Rules::Exact, product).unwrap();
        let shapes: Vec<u64> = fibers.ranks().iter().map(|fiber| fiber.shape).collect();
        assert_eq!(shapes, [1, 16, 4, 4]);
        assert_eq!(fibers.ranks()[1].element, Tile::point(2));
        assert!(fibers.ranks()[3].counted && !fibers.ranks()[0].counted);
        // A left-over rank of Timeloop knows the box of the innermost loop.
        let quirk = format.place(&loops(), Tile::point(2), None, Rules::Timeloop, product).unwrap();
        assert_eq!(quirk.ranks()[1].element.size(), 16);
    }

    #[test]
    fn too_few_ranks_are_a_fault_and_flattening_helps() {
        let two = Format::new(ranks(&["uop", "cp"]), RankOrder::InnerToOuter).unwrap();
        assert_eq!(
            two.place(&loops(), Tile::point(2), None, Rules::Exact, product),
            Err(FormatFault::TooManyLoops { loops: 3, ranks: 2 })
        );
        let mut flat = ranks(&["uop", "cp"]);
        flat[0].dimensions = Some(0b01);
        flat[1].dimensions = Some(0b10);
        let flat = Format::new(flat, RankOrder::InnerToOuter).unwrap();
        let fibers = flat.place(&loops(), Tile::point(2), None, Rules::Exact, product).unwrap();
        let shapes: Vec<u64> = fibers.ranks().iter().map(|fiber| fiber.shape).collect();
        assert_eq!(shapes, [16, 16]);
        assert_eq!(fibers.ranks()[1].element.size(), 16);
    }

    #[test]
    fn the_ranks_of_the_child_lie_beneath() {
        let child = Format::new(ranks(&["cp"]), RankOrder::InnerToOuter).unwrap();
        let inner =
            child.place(&loops()[..1], Tile::point(2), None, Rules::Exact, product).unwrap();
        let parent = Format::new(ranks(&["uop", "uop", "cp"]), RankOrder::InnerToOuter).unwrap();
        let fibers = parent
            .place(&loops()[1..], Tile::new(&[1, 16]), Some(&inner), Rules::Exact, product)
            .unwrap();
        let shapes: Vec<u64> = fibers.ranks().iter().map(|fiber| fiber.shape).collect();
        assert_eq!(shapes, [16, 4, 4]);
    }
}
