//! Pair extraction: make the operand pair with the best score a node, until no pair occurs twice.
//!
//! Hartley's common subexpression elimination (equal-sign and opposite-sign pairs apart), with
//! the score `c − λ·e` in place of the raw count c, where e is the count that chance alone would
//! give: e = n_i·n_j·o / (R·σ·P²) for operands that occur n_i and n_j times in R sums, σ = 2 if
//! signs vary and 1 if not, P positions of the kernel and o pairs of positions that lie the
//! pair's displacement apart (P = o = 1 without shifts). Pairs that exceed chance are the rare
//! ones, and taking them first leaves more for the rest.
//!
//! Where λ = 0 a pair's score only falls as others are taken, so a count once made bounds it. Each
//! operand then keeps a window of its best partners, and is counted against all others again only
//! when the window has fallen below what was left out. A pair with a newer node is in the window
//! of that node.

use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::{
    bits::Bits,
    counter::Counter,
    dag::Dag,
    packing::Packing,
    window::{Best, Candidate, Found, Window},
};

/// How pairs are ranked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scoring {
    /// λ: weight of the count that chance gives; 0 ranks by raw count.
    pub lift: f32,
}

struct Greedy {
    packing: Packing,
    inputs: u32,
    /// Packed operands of every sum, ascending.
    sums: Vec<Vec<u32>>,
    /// Packed (sum, position, sign) of every operand, ascending.
    places: Vec<Vec<u32>>,
    revisions: Vec<u32>,
    best: Vec<Option<Best>>,
    /// Windows of all operands, where λ = 0.
    windows: Option<Vec<Window>>,
    nodes: Vec<[u32; 2]>,
    /// λ·o / (R·σ·P²) by displacement code.
    chance: Vec<f32>,
    bits: Option<Bits>,
    alive: Vec<u32>,
}

/// Shares pairs among the targets of `dag` (whose nodes must be empty) and returns the result;
/// `None` if the sums are too many to pack.
pub fn extract(dag: &Dag, packing: Packing, scoring: Scoring) -> Option<Dag> {
    let operands_at_most = dag.targets.iter().map(Vec::len).sum::<usize>() + dag.inputs as usize;
    let limit = packing.max_index() as usize;
    if operands_at_most > limit || dag.targets.len() > limit {
        return None;
    }
    let mut greedy = Greedy::new(dag, packing, scoring);
    greedy.run();
    Some(greedy.into_dag())
}

impl Greedy {
    fn new(dag: &Dag, packing: Packing, scoring: Scoring) -> Self {
        let inputs = dag.inputs;
        let mut places: Vec<Vec<u32>> = vec![Vec::new(); inputs as usize];
        let mut sums = Vec::with_capacity(dag.targets.len());
        let mut signed = false;
        for (sum, terms) in dag.targets.iter().enumerate() {
            let mut packed: Vec<u32> = terms
                .iter()
                .map(|term| {
                    let (row, column) = (term.shift.dy as u32, term.shift.dx as u32);
                    signed |= term.negative;
                    packing.pack(term.source, row, column, term.negative)
                })
                .collect();
            packed.sort_unstable();
            for operand in &packed {
                places[packing.index(*operand) as usize]
                    .push(packing.with_index(*operand, sum as u32));
            }
            sums.push(packed);
        }
        let sigma = if signed { 2.0 } else { 1.0 };
        let positions = (packing.height * packing.width) as f32;
        let denominator = sums.len().max(1) as f32 * sigma * positions * positions;
        let chance = (0..packing.displacements() as u32)
            .map(|code| scoring.lift * packing.overlap(code) as f32 / denominator)
            .collect();
        let alive: Vec<u32> = (0..inputs).filter(|i| places[*i as usize].len() > 1).collect();
        let bits = (packing.bits == 1)
            .then(|| Bits::worth_keeping(&places, &sums, signed, alive.len()))
            .flatten();
        Self {
            packing,
            inputs,
            sums,
            revisions: vec![0; places.len()],
            best: vec![None; places.len()],
            windows: (scoring.lift == 0.0).then(|| vec![Window::default(); places.len()]),
            places,
            nodes: Vec::new(),
            chance,
            bits,
            alive,
        }
    }

    fn run(&mut self) {
        // The first look at every operand is independent of the others.
        let found: Vec<Found> = {
            let greedy = &*self;
            (0..self.inputs)
                .into_par_iter()
                .map_init(Counter::default, |counter, operand| greedy.scan(operand, counter))
                .collect()
        };
        for (operand, found) in (0..).zip(found) {
            self.keep(operand, found);
        }
        let mut heap: BinaryHeap<Candidate> = (0..self.inputs)
            .filter_map(|operand| {
                self.best[operand as usize].map(|best| Candidate { score: best.score, operand })
            })
            .collect();
        let mut counter = Counter::default();
        let mut steps = 0_u32;
        while let Some(Candidate { score, operand }) = heap.pop() {
            let Some(best) = self.best[operand as usize] else { continue };
            if best.score.to_bits() != score.to_bits() {
                continue;
            }
            let partner = self.packing.index(best.key);
            let revisions = (self.revisions[operand as usize], self.revisions[partner as usize]);
            if best.revisions == revisions {
                let node = self.share(operand, best.key);
                self.rank(node, &mut heap, &mut counter);
                steps += 1;
                if steps.is_multiple_of(128) {
                    let places = &self.places;
                    self.alive.retain(|operand| places[*operand as usize].len() > 1);
                }
            }
            self.rank(operand, &mut heap, &mut counter);
        }
    }

    /// Looks up an operand's best partner and queues it.
    fn rank(&mut self, operand: u32, heap: &mut BinaryHeap<Candidate>, counter: &mut Counter) {
        if !self.look_in_window(operand) {
            let found = self.scan(operand, counter);
            self.keep(operand, found);
        }
        if let Some(best) = self.best[operand as usize] {
            heap.push(Candidate { score: best.score, operand });
        }
    }

    /// Keeps what a scan has found.
    fn keep(&mut self, operand: u32, found: Found) {
        self.best[operand as usize] = match (found, &mut self.windows) {
            (Found::Best(best), _) => best,
            (Found::Window(window), Some(windows)) => {
                let best = window.best.last().copied();
                windows[operand as usize] = window;
                best.map(|(count, key)| self.best_of(operand, key, count))
            }
            (Found::Window(_), None) => None,
        };
    }

    fn best_of(&self, operand: u32, key: u32, count: u32) -> Best {
        let partner = self.packing.index(key);
        let revisions = (self.revisions[operand as usize], self.revisions[partner as usize]);
        Best { score: count as f32, key, revisions }
    }

    /// Counts the window's partners again until the best is still what it was; `false` if one
    /// outside the window may be better.
    fn look_in_window(&mut self, operand: u32) -> bool {
        let Some(windows) = &mut self.windows else { return false };
        let mut window = std::mem::take(&mut windows[operand as usize]);
        let mut best = None;
        while let Some((count, key)) = window.best.pop() {
            let now = self.count(operand, key);
            if now == count {
                window.best.push((count, key));
                best = Some(self.best_of(operand, key, count));
                break;
            }
            if now >= 2 && (now, key) > window.rest {
                let at = window.best.partition_point(|other| *other < (now, key));
                window.best.insert(at, (now, key));
            }
        }
        let settled = best.is_some() || window.rest.0 < 2;
        self.best[operand as usize] = best;
        if let Some(windows) = &mut self.windows {
            windows[operand as usize] = window;
        }
        settled
    }

    fn scan(&self, operand: u32, counter: &mut Counter) -> Found {
        let places = &self.places[operand as usize];
        let mut found = match self.windows {
            Some(_) => Found::Window(Window::default()),
            None => Found::Best(None),
        };
        if places.len() < 2 {
            return found;
        }
        let work: usize =
            places.iter().map(|place| self.sums[self.packing.index(*place) as usize].len()).sum();
        match &self.bits {
            Some(bits) if bits.cost(self.alive.len()) < work => {
                self.scan_bits(operand, bits, &mut found);
            }
            _ => self.scan_sums(operand, counter, &mut found),
        }
        found
    }

    fn consider(&self, found: &mut Found, operand: u32, key: u32, count: u32) {
        let best = match found {
            Found::Window(window) => return window.offer((count, key)),
            Found::Best(best) => best,
        };
        let partner = self.packing.index(key);
        let chance = self.chance[(self.packing.low(key) >> 1) as usize];
        let (own, other) =
            (self.places[operand as usize].len(), self.places[partner as usize].len());
        let score = count as f32 - chance * own as f32 * other as f32;
        let better = |best: &Best| score > best.score || (score == best.score && key > best.key);
        if best.as_ref().is_none_or(better) {
            let revisions = (self.revisions[operand as usize], self.revisions[partner as usize]);
            *best = Some(Best { score, key, revisions });
        }
    }

    fn scan_sums(&self, operand: u32, counter: &mut Counter, found: &mut Found) {
        let packing = self.packing;
        counter.reserve(self.places.len() << packing.bits);
        for place in &self.places[operand as usize] {
            // code_j − code_i + max_code, in the bits of the code; the sign bit is the product.
            let bias = (packing.max_code() << 1).wrapping_sub(packing.low(*place) & !1);
            let sign = place & 1;
            for other in &self.sums[packing.index(*place) as usize] {
                counter.add(other.wrapping_add(bias) ^ sign);
            }
        }
        // An operand beside itself: only displacements one way, and not itself.
        let own_end = packing.pack(operand, 0, 0, false) + (packing.max_code() << 1) + 1;
        let own_start = packing.pack(operand, 0, 0, false);
        counter.drain(|key, count| {
            if count < 2 || (own_start..=own_end).contains(&key) {
                return;
            }
            let count = if packing.index(key) == operand {
                self.matches(operand, key).len() as u32
            } else {
                count
            };
            if count >= 2 {
                self.consider(found, operand, key, count);
            }
        });
    }

    fn scan_bits(&self, operand: u32, bits: &Bits, found: &mut Found) {
        for partner in &self.alive {
            if *partner != operand {
                let (same, opposite) = bits.together(operand, *partner);
                for (sign, count) in [(0, same), (1, opposite)] {
                    if count >= 2 {
                        self.consider(found, operand, partner << 1 | sign, count);
                    }
                }
            }
        }
    }

    /// How often a pair occurs now.
    fn count(&self, operand: u32, key: u32) -> u32 {
        let packing = self.packing;
        let partner = packing.index(key);
        if partner == operand {
            return self.matches(operand, key).len() as u32;
        }
        let ahead = (packing.low(key) & !1).wrapping_sub(packing.max_code() << 1);
        let sign = key & 1;
        let (own, others) = (&self.places[operand as usize], &self.places[partner as usize]);
        let count = if own.len() * 8 < others.len() {
            let beside = |place: &&u32| {
                let wanted = place.wrapping_add(ahead) ^ sign;
                others.binary_search(&wanted).is_ok()
            };
            own.iter().filter(beside).count()
        } else if others.len() * 8 < own.len() {
            let beside = |place: &&u32| {
                let wanted = place.wrapping_sub(ahead) ^ sign;
                own.binary_search(&wanted).is_ok()
            };
            others.iter().filter(beside).count()
        } else {
            self.matches(operand, key).len()
        };
        count as u32
    }

    /// The places of `operand` whose pair partner is there too; chains of an operand with itself
    /// are cut into disjoint pairs.
    fn matches(&self, operand: u32, key: u32) -> Vec<u32> {
        let packing = self.packing;
        let partner = packing.index(key);
        let ahead = (packing.low(key) & !1).wrapping_sub(packing.max_code() << 1);
        let sign = key & 1;
        let mut others = self.places[partner as usize].iter().peekable();
        let mut taken: Vec<u32> = Vec::new();
        let mut found = Vec::new();
        for place in &self.places[operand as usize] {
            if partner == operand && taken.binary_search(place).is_ok() {
                continue;
            }
            // Before the first position of the first sum there is nothing.
            let Some(wanted) = place.checked_add_signed(ahead.cast_signed()) else { continue };
            let wanted = wanted ^ sign;
            // Signs may differ, so only sum and position are ordered.
            while others.next_if(|other| **other | 1 < wanted | 1).is_some() {}
            if others.peek().is_some_and(|other| **other == wanted) {
                found.push(*place);
                if partner == operand {
                    taken.push(wanted);
                }
            }
        }
        found
    }

    /// Makes a pair a node and returns it.
    fn share(&mut self, operand: u32, key: u32) -> u32 {
        let packing = self.packing;
        let partner = packing.index(key);
        let node = self.places.len() as u32;
        let found = self.matches(operand, key);
        let (first, second) = packing.anchors(packing.low(key) >> 1);
        let ahead = (packing.low(key) & !1).wrapping_sub(packing.max_code() << 1);
        let sign = key & 1;
        debug_assert!(found.len() >= 2, "a shared pair occurs at least twice");
        let mut own = Vec::with_capacity(found.len());
        for place in &found {
            let other = place.wrapping_add(ahead) ^ sign;
            let sum = &mut self.sums[packing.index(*place) as usize];
            for (gone, index) in [(*place, operand), (other, partner)] {
                let packed = packing.with_index(gone, index);
                if let Ok(position) = sum.binary_search(&packed) {
                    sum.remove(position);
                }
            }
            let anchor = place - (first << 1);
            // The newest node has the largest index, so the sum stays sorted.
            sum.push(packing.with_index(anchor, node));
            own.push(anchor);
        }
        let others: Vec<u32> = found.iter().map(|place| place.wrapping_add(ahead) ^ sign).collect();
        if let Some(bits) = &mut self.bits {
            bits.remove(operand, &found);
            bits.remove(partner, &others);
            bits.push(&own);
            if bits.is_full() {
                self.bits = None;
            }
        }
        remove_sorted(&mut self.places[operand as usize], &found);
        remove_sorted(&mut self.places[partner as usize], &others);
        self.revisions[operand as usize] += 1;
        self.revisions[partner as usize] += 1;
        self.places.push(own);
        self.revisions.push(0);
        self.best.push(None);
        if let Some(windows) = &mut self.windows {
            // Not looked at yet.
            windows.push(Window { best: Vec::new(), rest: (u32::MAX, u32::MAX) });
        }
        self.alive.push(node);
        self.nodes.push([
            operand << packing.bits | first << 1,
            partner << packing.bits | second << 1 | sign,
        ]);
        node
    }

    fn into_dag(self) -> Dag {
        let terms = |packed: &[u32]| packed.iter().map(|p| self.packing.term(*p)).collect();
        Dag {
            inputs: self.inputs,
            nodes: self.nodes.iter().map(|pair| terms(pair)).collect(),
            targets: self.sums.iter().map(|sum| terms(sum)).collect(),
        }
    }
}

/// Removes the ascending `gone` (by sum and position) from the ascending `list`.
fn remove_sorted(list: &mut Vec<u32>, gone: &[u32]) {
    let mut gone = gone.iter().peekable();
    list.retain(|place| {
        while gone.next_if(|other| **other < *place).is_some() {}
        gone.next_if(|other| **other == *place).is_none()
    });
}
