//! The front of mappings that no other beats in both energy and cycles.

use crate::{mapping::Mapping, model::Score};

/// A mapping and its score.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The mapping.
    pub mapping: Mapping,
    /// Its energy and cycles.
    pub score: Score,
}

/// Solutions in ascending order of energy and descending order of cycles.
#[derive(Debug, Clone, Default)]
pub struct Front(Vec<Solution>);

impl Front {
    /// The solutions, least energy first.
    #[must_use]
    pub fn solutions(&self) -> &[Solution] {
        &self.0
    }

    /// Whether a score is as good as or worse than a member in both respects.
    #[must_use]
    pub fn covers(&self, score: &Score) -> bool {
        // The last member of at most that energy has the fewest cycles among them.
        let after = self.0.partition_point(|own| own.score.energy_pj <= score.energy_pj);
        after > 0 && self.0[after - 1].score.cycles <= score.cycles
    }

    /// Adds a mapping unless a member covers it, and drops those that it beats.
    pub fn offer(&mut self, score: Score, mapping: &Mapping) -> bool {
        if self.covers(&score) {
            return false;
        }
        let from = self.0.partition_point(|own| own.score.energy_pj < score.energy_pj);
        let beaten = self.0[from..].iter().take_while(|own| own.score.cycles >= score.cycles);
        let to = from + beaten.count();
        self.0.splice(from..to, [Solution { mapping: mapping.clone(), score }]);
        true
    }

    /// Adds all members of another front.
    pub fn merge(&mut self, other: &Self) {
        for own in &other.0 {
            self.offer(own.score, &own.mapping);
        }
    }

    /// The member of least `cost`; the one of less energy where two are equal.
    #[must_use]
    pub fn best(&self, cost: impl Fn(&Score) -> f64) -> Option<&Solution> {
        self.0.iter().min_by(|first, second| cost(&first.score).total_cmp(&cost(&second.score)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_beats_stays() {
        let mut front = Front::default();
        let mut state = 1_u64;
        let mut all = Vec::new();
        for _ in 0..2_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let score = Score { energy_pj: (state >> 50) as f64, cycles: state >> 30 & 0x3fff };
            front.offer(score, &Mapping::default());
            all.push(score);
        }
        for own in front.solutions() {
            let score = own.score;
            assert!(!all.iter().any(|other| {
                (other.energy_pj <= score.energy_pj && other.cycles < score.cycles)
                    || (other.energy_pj < score.energy_pj && other.cycles <= score.cycles)
            }));
        }
        for score in &all {
            assert!(front.covers(score));
        }
        let ordered = front.solutions().windows(2).all(|pair| {
            pair[0].score.energy_pj < pair[1].score.energy_pj
                && pair[0].score.cycles > pair[1].score.cycles
        });
        assert!(ordered && front.solutions().len() > 3);
    }
}
