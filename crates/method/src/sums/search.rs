//! Local search: open a few nodes, share pairs again, keep what takes no more adds.
//!
//! A move puts some nodes' terms in the place of the node, in one sum or in all, and then makes
//! nodes of pairs that occur twice or more, the most frequent first with some noise, until there
//! are none. Equal cost is kept, which lets the program drift until a gain appears; more is taken
//! back. After a move only pairs with something that has just come into a sum can occur twice.

use std::{cmp::Ordering, collections::BinaryHeap};

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{
    counter::Counter,
    dag::Dag,
    packing::Packing,
    state::{Arrival, State},
};

/// Noise on the count of a pair, uniform in 0..NOISE.
const NOISE: f32 = 1.5;
/// Most nodes that a move opens.
const OPENED: u32 = 3;

/// Operands at more places than this are counted pair by pair.
const SCANNED: usize = 24;

/// A pair that may be shared.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    /// Count and noise.
    score: f32,
    count: u32,
    operand: u32,
    key: u32,
}

impl Eq for Pair {}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        let names = (self.operand, self.key).cmp(&(other.operand, other.key));
        self.score.total_cmp(&other.score).then(names)
    }
}

/// A program under search. Its course depends on its start, the seed and the work alone.
#[derive(Debug, Clone)]
pub struct Search {
    state: State,
    random: Xoshiro256PlusPlus,
    pool: BinaryHeap<Pair>,
    /// Keys and counts of the operand looked at.
    pairs: Vec<(u32, u32)>,
    found: Vec<u32>,
    counter: Counter,
    /// When each operand was last scanned.
    seen: Vec<u32>,
    epoch: u32,
    work: u64,
}

impl Search {
    /// Starts at `dag`; `None` if it is too large to pack.
    pub fn new(dag: &Dag, packing: Packing, seed: u64) -> Option<Self> {
        let mut dag = dag.clone();
        dag.inline_single_uses();
        let state = State::new(&dag, packing)?;
        let random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut search = Self {
            state,
            random,
            pool: BinaryHeap::new(),
            pairs: Vec::new(),
            found: Vec::new(),
            counter: Counter::default(),
            seen: Vec::new(),
            epoch: 0,
            work: 0,
        };
        search.share_within_nodes();
        Some(search)
    }

    /// Adds of the program as it is.
    pub fn adds(&self) -> u64 {
        self.state.adds.unsigned_abs()
    }

    /// The program as it is.
    pub fn to_dag(&self) -> Dag {
        self.state.to_dag()
    }

    /// Searches for so many more units of work (about pairs counted).
    pub fn run(&mut self, work: u64) {
        let limit = self.spent().saturating_add(work);
        while self.spent() < limit && self.state.nodes() > 0 {
            let before = self.state.adds;
            self.open_some();
            self.work += 8;
            // Where nothing new is seen, sharing again would only close what was opened.
            if self.sees_anything_new() && self.repair() <= before {
                self.state.commit();
            } else {
                self.state.roll_back();
            }
        }
    }

    /// Units of work so far.
    fn spent(&self) -> u64 {
        self.work + self.state.work
    }

    /// Pairs may also lie within the nodes of the start, where pair extraction did not look.
    fn share_within_nodes(&mut self) {
        for sum in 0..self.state.sums.len() as u32 {
            let entries = self.state.sums[sum as usize].iter();
            let arrival =
                |(batch, entry): (usize, &u32)| Arrival { sum, entry: *entry, batch: batch as u32 };
            self.state.arrived = entries.enumerate().map(arrival).collect();
            self.repair();
        }
        self.state.commit();
    }

    /// Uniform below a limit that is not 0.
    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.random.next_u64()) * limit as u128) >> 64) as usize
    }

    fn chance(&mut self, share: f32) -> bool {
        unit(&mut self.random) < share
    }

    /// Opens one to [`OPENED`] nodes, the later ones often beside the one before.
    fn open_some(&mut self) {
        let times = 1 + self.below(OPENED as usize);
        let mut near: Option<u32> = None;
        for _ in 0..times {
            let beside = near.filter(|_| self.random.next_u64() & 1 == 1);
            let beside = beside.and_then(|sum| self.node_in(sum));
            let Some(operand) = beside.or_else(|| self.any_node()) else { return };
            let places = &self.state.places[operand as usize];
            let count = places.len();
            let at = self.below(count);
            let place = self.state.places[operand as usize][at];
            near = Some(self.state.packing.index(place));
            // In one sum nine times of ten: a node that is read often seldom pays as a whole.
            if self.chance(0.9) {
                self.state.inline_at(operand, place);
                self.state.settle(operand);
            } else {
                self.state.dissolve(operand);
            }
        }
    }

    fn any_node(&mut self) -> Option<u32> {
        (0..64).find_map(|_| {
            let nodes = self.state.nodes() as usize;
            let operand = self.state.inputs + self.below(nodes) as u32;
            (!self.state.places[operand as usize].is_empty()).then_some(operand)
        })
    }

    fn node_in(&mut self, sum: u32) -> Option<u32> {
        (0..8).find_map(|_| {
            let entries = self.state.sums[sum as usize].len();
            let at = (entries > 0).then(|| self.below(entries))?;
            let operand = self.state.packing.index(self.state.sums[sum as usize][at]);
            (operand >= self.state.inputs).then_some(operand)
        })
    }

    /// Pools the pairs of what has arrived, and tells whether any of them is not just between
    /// entries that came out of one node.
    fn sees_anything_new(&mut self) -> bool {
        self.pool.clear();
        let mut arrived = std::mem::take(&mut self.state.arrived);
        let seen = self.admit(&arrived);
        arrived.clear();
        self.state.arrived = arrived;
        seen
    }

    /// Shares pairs of the pool and of what arrives until none of them occurs twice; returns the
    /// adds.
    fn repair(&mut self) -> i64 {
        loop {
            let mut arrived = std::mem::take(&mut self.state.arrived);
            self.admit(&arrived);
            arrived.clear();
            self.state.arrived = arrived;
            let Some(Pair { score, count, operand, key }) = self.pool.pop() else {
                return self.state.adds;
            };
            let mut found = std::mem::take(&mut self.found);
            found.clear();
            if self.state.may_occur_twice(operand, key) {
                self.state.matches(operand, key, &mut found);
            }
            self.work += 2;
            let now = found.len() as u32;
            if now >= 2 {
                if now < count {
                    // Other pairs have taken some of it since it was counted.
                    let score = score - (count - now) as f32;
                    self.pool.push(Pair { score, count: now, operand, key });
                } else {
                    self.state.share(operand, key, &found);
                }
            }
            self.found = found;
        }
    }

    /// Pools the pairs of what has arrived that occur twice or more, and tells whether any is not
    /// within a batch.
    fn admit(&mut self, arrived: &[Arrival]) -> bool {
        let mut new = false;
        self.epoch = self.epoch.wrapping_add(1);
        self.seen.resize(self.state.places.len(), 0);
        for batch in arrived.chunk_by(|a, b| a.batch == b.batch && a.sum == b.sum) {
            for Arrival { sum, entry, .. } in batch {
                let operand = self.state.packing.index(*entry);
                // It may have moved on already.
                let places = self.state.places[operand as usize].len();
                if places < 2 {
                    continue;
                }
                self.pairs.clear();
                if places <= SCANNED {
                    // Once, wherever it has come in.
                    let seen = &mut self.seen[operand as usize];
                    if std::mem::replace(seen, self.epoch) != self.epoch {
                        self.scan(operand);
                    }
                } else if !self.state.holds(*sum, *entry) {
                    continue;
                } else {
                    self.look_up(*sum, *entry);
                }
                for at in 0..self.pairs.len() {
                    let (key, count) = self.pairs[at];
                    let packing = self.state.packing;
                    new |= !batch.iter().any(|other| packing.key(*entry, other.entry) == key);
                    let score = count as f32 + NOISE * unit(&mut self.random);
                    self.pool.push(Pair { score, count, operand, key });
                }
            }
        }
        new
    }

    /// Counts all pairs of an operand.
    fn scan(&mut self, operand: u32) {
        let state = &self.state;
        let packing = state.packing;
        self.counter.reserve(state.places.len() << packing.bits);
        for place in &state.places[operand as usize] {
            let sum = &state.sums[packing.index(*place) as usize];
            self.work += sum.len() as u64;
            for other in sum {
                self.counter.add(packing.key(*place, *other));
            }
        }
        // An operand beside itself is looked at in one direction.
        let itself = packing.key(0, packing.pack(operand, 0, 0, false));
        let behind = packing.pack(operand, 0, 0, false)..=itself | 1;
        let pairs = &mut self.pairs;
        self.counter.drain(|key, count| {
            if count >= 2 && !behind.contains(&key) {
                pairs.push((key, count));
            }
        });
    }

    /// Counts the pairs that one entry forms in its sum, where its operand stands in many sums.
    fn look_up(&mut self, sum: u32, entry: u32) {
        let state = &self.state;
        let packing = state.packing;
        let operand = packing.index(entry);
        for other in &state.sums[sum as usize] {
            let partner = packing.index(*other);
            if *other == entry || state.places[partner as usize].len() < 2 {
                continue;
            }
            let back = partner == operand && packing.low(*other) < packing.low(entry);
            let key = if back { packing.key(*other, entry) } else { packing.key(entry, *other) };
            let count = state.count(operand, key);
            self.work += 8;
            if count >= 2 {
                self.pairs.push((key, count));
            }
        }
    }
}

/// Uniform in [0, 1).
fn unit(random: &mut Xoshiro256PlusPlus) -> f32 {
    (random.next_u64() >> 40) as f32 / (1_u64 << 24) as f32
}
