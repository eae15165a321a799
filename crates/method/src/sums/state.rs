//! Sums under change: every edit is exact in the count of adds and can be taken back.
//!
//! Targets and nodes are kept as lists of packed operands, with the places of every operand
//! beside them. No input occurs twice at one position of a target (weights are −1, 0 or 1 and
//! nothing cancels), so no sum ever holds the same entry twice, however nodes are put in place.

use super::{super::Term, dag::Dag, input_pairs::InputPairs, packing::Packing};

/// One change of one sum.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// An entry came into a sum.
    Insert { sum: u32, entry: u32 },
    /// An entry left a sum.
    Remove { sum: u32, entry: u32 },
    /// A node was taken from the free ones.
    Take { node: u32 },
    /// A node was given back.
    Free { node: u32 },
}

/// An entry that came into a sum.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub sum: u32,
    pub entry: u32,
    /// Entries of one batch have come out of one node.
    pub batch: u32,
}

/// Targets and nodes as lists of packed operands, and for every operand where it stands.
///
/// Sum t < targets is target t, sum targets + n is the body of node n; operand inputs + n is
/// node n. Both kinds of sum are alike to the search: a pair may lie within a node.
#[derive(Debug, Clone)]
pub struct State {
    pub packing: Packing,
    pub inputs: u32,
    pub targets: u32,
    /// Packed (operand, position, sign) of every sum, in no order.
    pub sums: Vec<Vec<u32>>,
    /// Packed (sum, position, sign) of every operand, ascending.
    pub places: Vec<Vec<u32>>,
    /// Nodes not in use.
    free: Vec<u32>,
    /// Σ (entries − 1) over sums that are not empty.
    pub adds: i64,
    edits: Vec<Edit>,
    /// What came into a sum since the list was last cleared.
    pub arrived: Vec<Arrival>,
    /// Number of the current batch of arrivals.
    batch: u32,
    /// Counts of pairs of inputs, where inputs stand in many sums.
    pairs: Option<InputPairs>,
    /// Units of work spent on edits.
    pub work: u64,
}

impl State {
    /// The sums of `dag`; `None` if they are too many to pack or a shift is outside the window.
    pub fn new(dag: &Dag, packing: Packing) -> Option<Self> {
        let targets = dag.targets.len() as u32;
        let limit = packing.max_index() as usize / 2;
        if dag.targets.len() + dag.nodes.len() + dag.inputs as usize > limit {
            return None;
        }
        let mut state = Self {
            packing,
            inputs: dag.inputs,
            targets,
            sums: vec![Vec::new(); dag.targets.len() + dag.nodes.len()],
            places: vec![Vec::new(); dag.inputs as usize + dag.nodes.len()],
            free: Vec::new(),
            adds: 0,
            edits: Vec::new(),
            arrived: Vec::new(),
            batch: 0,
            pairs: None,
            work: 0,
        };
        // Bodies move to the top left corner of what they read, and their readers by as much.
        let mut corners = vec![(0, 0); dag.nodes.len()];
        let position = |corners: &[(i32, i32)], term: &Term| {
            let corner =
                term.source.checked_sub(dag.inputs).map_or((0, 0), |n| corners[n as usize]);
            (i32::from(term.shift.dy) + corner.0, i32::from(term.shift.dx) + corner.1)
        };
        for node in dag.order() {
            let places = dag.nodes[node as usize].iter().map(|term| position(&corners, term));
            corners[node as usize] = (
                places.clone().map(|place| place.0).min().unwrap_or(0),
                places.map(|place| place.1).min().unwrap_or(0),
            );
        }
        for (sum, terms) in dag.targets.iter().chain(&dag.nodes).enumerate() {
            let corner = sum.checked_sub(dag.targets.len()).map_or((0, 0), |node| corners[node]);
            for term in terms {
                let (row, column) = position(&corners, term);
                let row = u32::try_from(row - corner.0).ok()?;
                let column = u32::try_from(column - corner.1).ok()?;
                if row >= packing.height || column >= packing.width {
                    return None;
                }
                state.insert(sum as u32, packing.pack(term.source, row, column, term.negative));
            }
            if terms.is_empty() && sum >= dag.targets.len() {
                state.free.push(sum as u32 - targets);
            }
        }
        for operand in state.inputs..state.inputs + state.nodes() {
            state.settle(operand);
        }
        state.commit();
        state.pairs = InputPairs::worth(packing, &state.sums, &state.places[..dag.inputs as usize]);
        Some(state)
    }

    /// The sums as a [`Dag`].
    pub fn to_dag(&self) -> Dag {
        let terms = |sum: &Vec<u32>| -> Vec<Term> {
            let mut sum = sum.clone();
            sum.sort_unstable();
            sum.iter().map(|entry| self.packing.term(*entry)).collect()
        };
        let (targets, nodes) = self.sums.split_at(self.targets as usize);
        Dag {
            inputs: self.inputs,
            nodes: nodes.iter().map(terms).collect(),
            targets: targets.iter().map(terms).collect(),
        }
    }

    /// Number of nodes, those not in use included.
    pub fn nodes(&self) -> u32 {
        self.sums.len() as u32 - self.targets
    }

    /// The sum that is the body of an operand, if it is a node.
    pub fn body(&self, operand: u32) -> Option<u32> {
        operand.checked_sub(self.inputs).map(|node| node + self.targets)
    }

    /// The operand that a sum is the body of, if it is no target.
    pub fn operand(&self, sum: u32) -> Option<u32> {
        sum.checked_sub(self.targets).map(|node| node + self.inputs)
    }

    fn insert(&mut self, sum: u32, entry: u32) {
        self.put(sum, entry);
        self.edits.push(Edit::Insert { sum, entry });
        self.arrived.push(Arrival { sum, entry, batch: self.batch });
    }

    fn put(&mut self, sum: u32, entry: u32) {
        let entries = &mut self.sums[sum as usize];
        if let Some(pairs) = &mut self.pairs {
            pairs.change(self.packing, entries, entry, 1);
        }
        self.adds += i64::from(!entries.is_empty());
        entries.push(entry);
        let packing = self.packing;
        let place = packing.with_index(entry, sum);
        let places = &mut self.places[packing.index(entry) as usize];
        // New nodes stand in few sums, inputs in many.
        let at = if places.len() < 8 {
            places.iter().filter(|other| **other < place).count()
        } else {
            places.partition_point(|other| *other < place)
        };
        places.insert(at, place);
    }

    fn remove(&mut self, sum: u32, entry: u32) {
        self.take(sum, entry);
        self.edits.push(Edit::Remove { sum, entry });
    }

    fn take(&mut self, sum: u32, entry: u32) {
        let entries = &mut self.sums[sum as usize];
        if let Some(at) = position(entries, entry) {
            entries.swap_remove(at);
            self.adds -= i64::from(!entries.is_empty());
            if let Some(pairs) = &mut self.pairs {
                pairs.change(self.packing, entries, entry, -1);
            }
        }
        let place = self.packing.with_index(entry, sum);
        let places = &mut self.places[self.packing.index(entry) as usize];
        if let Some(at) = position_sorted(places, place) {
            places.remove(at);
        }
        self.work += 2 + (self.sums[sum as usize].len() as u64 + places.len() as u64) / 16;
    }

    fn take_node(&mut self) -> u32 {
        let node = self.free.pop().unwrap_or_else(|| {
            self.sums.push(Vec::new());
            self.places.push(Vec::new());
            self.nodes() - 1
        });
        self.edits.push(Edit::Take { node });
        node
    }

    fn free_node(&mut self, node: u32) {
        self.free.push(node);
        self.edits.push(Edit::Free { node });
    }

    /// Keeps the edits since the last commit.
    pub fn commit(&mut self) {
        self.edits.clear();
        self.arrived.clear();
    }

    /// Takes back the edits since the last commit.
    pub fn roll_back(&mut self) {
        while let Some(edit) = self.edits.pop() {
            match edit {
                Edit::Insert { sum, entry } => self.take(sum, entry),
                Edit::Remove { sum, entry } => self.put(sum, entry),
                Edit::Take { node } => self.free.push(node),
                Edit::Free { node } => {
                    let freed = self.free.pop();
                    debug_assert_eq!(freed, Some(node), "edits are undone in reverse");
                }
            }
        }
        self.arrived.clear();
    }

    /// Puts a node's terms in its place in one sum.
    pub fn inline_at(&mut self, operand: u32, place: u32) {
        let packing = self.packing;
        let Some(body) = self.body(operand) else { return };
        let sum = packing.index(place);
        self.remove(sum, packing.with_index(place, operand));
        let (shift, sign) = (packing.low(place) & !1, place & 1);
        self.batch = self.batch.wrapping_add(1);
        for at in 0..self.sums[body as usize].len() {
            let entry = self.sums[body as usize][at];
            self.insert(sum, (entry + shift) ^ sign);
        }
    }

    /// Puts a node's terms in its place wherever it is read, and frees it.
    pub fn dissolve(&mut self, operand: u32) {
        while let Some(place) = self.places[operand as usize].last().copied() {
            self.inline_at(operand, place);
        }
        self.drop_body(operand);
    }

    /// Frees a node that nothing reads.
    fn drop_body(&mut self, operand: u32) {
        let Some(body) = self.body(operand) else { return };
        while let Some(entry) = self.sums[body as usize].last().copied() {
            self.remove(body, entry);
            self.settle(self.packing.index(entry));
        }
        self.free_node(operand - self.inputs);
    }

    /// Drops a node that nothing reads, and puts one that is read once, or that has one term, in
    /// its readers' sums.
    pub fn settle(&mut self, operand: u32) {
        let Some(body) = self.body(operand) else { return };
        // Empty: already free, or about to be.
        match (self.sums[body as usize].len(), self.places[operand as usize].len()) {
            (0, _) => {}
            (_, 0) => self.drop_body(operand),
            (1, _) | (_, 1) => self.dissolve(operand),
            _ => {}
        }
    }

    /// How often the pair occurs; for an operand beside itself, at most this often.
    pub fn count(&self, operand: u32, key: u32) -> u32 {
        let packing = self.packing;
        let partner = packing.index(key);
        if let Some(pairs) = &self.pairs
            && operand.max(partner) < self.inputs
        {
            return pairs.count(packing, operand, key);
        }
        let (ahead, sign) = (self.ahead(key), key & 1);
        let (own, others) = (&self.places[operand as usize], &self.places[partner as usize]);
        let count = if own.len() <= others.len() {
            own.iter()
                .filter(|place| self.stands(partner, place.wrapping_add(ahead) ^ sign))
                .count()
        } else {
            let wanted = |place: &u32| place.wrapping_sub(ahead) ^ sign;
            others.iter().filter(|place| self.stands(operand, wanted(place))).count()
        };
        count as u32
    }

    /// Whether a pair may still occur twice, as far as can be told at once.
    pub fn may_occur_twice(&self, operand: u32, key: u32) -> bool {
        let partner = self.packing.index(key);
        let places = |operand: u32| self.places[operand as usize].len();
        if places(operand) < 2 || places(partner) < 2 {
            return false;
        }
        let inputs = operand.max(partner) < self.inputs;
        let pairs = self.pairs.as_ref().filter(|_| inputs);
        pairs.is_none_or(|pairs| pairs.count(self.packing, operand, key) >= 2)
    }

    /// Whether a sum holds an entry.
    pub fn holds(&self, sum: u32, entry: u32) -> bool {
        position(&self.sums[sum as usize], entry).is_some()
    }

    /// Whether an operand stands at a place.
    fn stands(&self, operand: u32, place: u32) -> bool {
        position_sorted(&self.places[operand as usize], place).is_some()
    }

    /// The places of `operand` that have the pair's partner beside them; chains of an operand
    /// with itself are cut into disjoint pairs.
    pub fn matches(&self, operand: u32, key: u32, found: &mut Vec<u32>) {
        let packing = self.packing;
        let partner = packing.index(key);
        let (ahead, sign) = (self.ahead(key), key & 1);
        found.clear();
        let (own, others) = (&self.places[operand as usize], &self.places[partner as usize]);
        if own.len() * 8 < others.len() {
            let beside = |place: &u32| self.stands(partner, place.wrapping_add(ahead) ^ sign);
            found.extend(own.iter().copied().filter(beside));
        } else if others.len() * 8 < own.len() {
            let places = others.iter().map(|place| place.wrapping_sub(ahead) ^ sign);
            found.extend(places.filter(|place| self.stands(operand, *place)));
        } else {
            let mut others = others.iter().peekable();
            for place in own {
                // Before the first position of the first sum there is nothing.
                let Some(wanted) = place.checked_add_signed(ahead.cast_signed()) else { continue };
                let wanted = wanted ^ sign;
                // Signs may differ, so only sum and position are ordered.
                while others.next_if(|other| **other | 1 < wanted | 1).is_some() {}
                if others.peek().is_some_and(|other| **other == wanted) {
                    found.push(*place);
                }
            }
        }
        if partner == operand {
            // In order of position, so that a chain is cut from its end.
            let mut taken: Vec<u32> = Vec::new();
            found.retain(|place| {
                let free = !taken.contains(place);
                if free {
                    taken.push(place.wrapping_add(ahead) ^ sign);
                }
                free
            });
        }
    }

    fn ahead(&self, key: u32) -> u32 {
        let packing = self.packing;
        (packing.low(key) & !1).wrapping_sub(packing.max_code() << 1)
    }

    /// Makes the pair at the places found by [`State::matches`] a node (one that consists of just
    /// the pair if there is one), and settles what it consists of.
    pub fn share(&mut self, operand: u32, key: u32, found: &[u32]) {
        let packing = self.packing;
        let partner = packing.index(key);
        let (first, second) = packing.anchors(packing.low(key) >> 1);
        let ahead = self.ahead(key);
        let sign = key & 1;
        let existing = found.iter().copied().find_map(|place| {
            let sum = packing.index(place);
            let node = self.operand(sum)?;
            (self.sums[sum as usize].len() == 2).then_some((node, place))
        });
        let (node, own) = match existing {
            Some((node, place)) => (node, Some(place)),
            None => {
                let taken = self.take_node();
                let body = taken + self.targets;
                self.insert(body, packing.with_index(first << 1, operand));
                self.insert(body, packing.with_index(second << 1 | sign, partner));
                (taken + self.inputs, None)
            }
        };
        // Where the existing node holds the first operand, the node stands this much earlier.
        let (anchor, flip) =
            own.map_or((first << 1, 0), |place| (packing.low(place) & !1, place & 1));
        let mut aliases = Vec::new();
        for place in found {
            if Some(*place) == own {
                continue;
            }
            let sum = packing.index(*place);
            self.remove(sum, packing.with_index(*place, operand));
            self.remove(sum, packing.with_index(place.wrapping_add(ahead) ^ sign, partner));
            self.batch = self.batch.wrapping_add(1);
            self.insert(sum, packing.with_index((place - anchor) ^ flip, node));
            // A second node that was just this pair is now another name for the first.
            if let Some(alias) = self.operand(sum)
                && self.sums[sum as usize].len() == 1
            {
                aliases.push(alias);
            }
        }
        for alias in aliases {
            self.settle(alias);
        }
        self.settle(operand);
        self.settle(partner);
    }
}

/// Where a value stands in an ascending list.
fn position_sorted(list: &[u32], value: u32) -> Option<usize> {
    if list.len() <= 16 { position(list, value) } else { list.binary_search(&value).ok() }
}

/// Where a value stands in a short list.
fn position(list: &[u32], value: u32) -> Option<usize> {
    // Eight at a time without a branch between them.
    let chunks = list.chunks_exact(8);
    let rest = chunks.remainder();
    let start = list.len() - rest.len();
    let chunk = chunks
        .enumerate()
        .find(|(_, chunk)| chunk.iter().fold(false, |any, other| any | (*other == value)));
    match chunk {
        Some((n, chunk)) => chunk.iter().position(|other| *other == value).map(|at| n * 8 + at),
        None => rest.iter().position(|other| *other == value).map(|at| start + at),
    }
}
