//! What changed between a baseline and a run.

use std::fmt::Write as _;

use super::baseline::{Baseline, Field};

/// How one entry fares.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every field is within its tolerance.
    Same,
    /// Some fields fell by more than their tolerance, none rose.
    Better,
    /// At least one field rose by more than its tolerance.
    Worse,
    /// The run has no such entry.
    Missing,
    /// The baseline has no such entry.
    New,
}

/// One field that changed by more than its tolerance.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The field.
    pub field: &'static str,
    /// Value in the baseline.
    pub before: f64,
    /// Value now.
    pub after: f64,
}

/// One entry compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// `layer scheme method`.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Fields beyond their tolerance.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// Whether this entry fails the check.
    #[must_use]
    pub fn fails(&self) -> bool {
        matches!(self.verdict, Verdict::Worse | Verdict::Missing)
    }

    /// The changes, one a line.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        match self.verdict {
            Verdict::Missing => text.push_str("  in the baseline, not in this run\n"),
            Verdict::New => text.push_str("  in this run, not in the baseline\n"),
            _ => {}
        }
        for change in &self.changes {
            let share = if change.before == 0.0 {
                "from nothing".to_owned()
            } else {
                format!("{:+.4} %", 100.0 * (change.after / change.before - 1.0))
            };
            let _ = writeln!(
                text,
                "  {:<18} {} -> {} ({share})",
                change.field, change.before, change.after
            );
        }
        text
    }
}

/// Compares a run with the baseline, under the baseline's tolerances; baseline order first, then
/// what is new.
#[must_use]
pub fn compare(baseline: &Baseline, now: &Baseline) -> Vec<Comparison> {
    let name = |key: (&str, &str, &str)| format!("{} {} {}", key.0, key.1, key.2);
    let mut comparisons = Vec::new();
    for before in &baseline.entries {
        let found = now.entries.iter().find(|after| after.key() == before.key());
        let comparison = match found {
            None => Comparison {
                name: name(before.key()),
                verdict: Verdict::Missing,
                changes: Vec::new(),
            },
            Some(after) => {
                let fields = before.fields(&baseline.tolerances);
                let changes: Vec<Change> = fields
                    .iter()
                    .zip(after.fields(&baseline.tolerances))
                    .filter_map(|(before, after)| changed(before, &after))
                    .collect();
                let verdict = if changes.is_empty() {
                    Verdict::Same
                } else if changes.iter().any(|change| change.after > change.before) {
                    Verdict::Worse
                } else {
                    Verdict::Better
                };
                Comparison { name: name(before.key()), verdict, changes }
            }
        };
        comparisons.push(comparison);
    }
    for after in &now.entries {
        if !baseline.entries.iter().any(|before| before.key() == after.key()) {
            comparisons.push(Comparison {
                name: name(after.key()),
                verdict: Verdict::New,
                changes: Vec::new(),
            });
        }
    }
    comparisons
}

fn changed(before: &Field, after: &Field) -> Option<Change> {
    let differs = match (before.count, after.count) {
        // Exact for counts of any size.
        (Some(before), Some(after)) if before == after => false,
        _ => (after.value - before.value).abs() > before.tolerance * before.value.abs(),
    };
    // Counts above 2^53 that differ by one are equal as floats; the integers decide.
    let exact = before.tolerance == 0.0 && before.count != after.count;
    (differs || exact).then_some(Change {
        field: before.name,
        before: before.value,
        after: after.value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::check::{Entry, Run, Tolerances};

    fn baseline(adds: u64, energy: f64) -> Baseline {
        let entry = Entry {
            layer: "conv".into(),
            scheme: "binary".into(),
            method: "dense".into(),
            effectual: 9,
            adds_total: adds,
            multiplies: 0,
            scale_muls: 1,
            logic_ops: 0,
            popcounts: 0,
            dram_read_bytes: 64,
            dram_write_bytes: 64,
            all_levels_bytes: 128,
            energy_pj: energy,
            cycles: 10.0,
        };
        let run = Run {
            arch: "a".into(),
            workload: "w".into(),
            weights: None,
            schemes: vec![],
            methods: vec![],
            seed: 1,
            search_iterations: 0,
        };
        let tolerances = Tolerances { energy: 0.01, ..Tolerances::default() };
        Baseline { format: "signloop-baseline-1".into(), run, tolerances, entries: vec![entry] }
    }

    #[test]
    fn one_add_more_is_a_regression_and_one_less_is_not() {
        let before = baseline(1_000_000_007, 100.0);
        let worse = compare(&before, &baseline(1_000_000_008, 100.0));
        assert!(worse[0].fails());
        assert_eq!(worse[0].changes.len(), 1);
        let better = compare(&before, &baseline(1_000_000_006, 100.0));
        assert_eq!((better[0].fails(), &better[0].verdict), (false, &Verdict::Better));
    }

    #[test]
    fn a_count_beyond_the_floats_is_still_exact() {
        let large = 1 << 60;
        assert_ne!(
            compare(&baseline(large, 1.0), &baseline(large + 1, 1.0))[0].verdict,
            Verdict::Same
        );
    }

    #[test]
    fn noise_within_the_tolerance_is_ignored() {
        let before = baseline(1, 100.0);
        assert_eq!(compare(&before, &baseline(1, 100.9))[0].verdict, Verdict::Same);
        assert_eq!(compare(&before, &baseline(1, 101.1))[0].verdict, Verdict::Worse);
    }

    #[test]
    fn a_lost_entry_fails_and_a_new_one_does_not() {
        let full = baseline(1, 1.0);
        let empty = Baseline { entries: Vec::new(), ..full.clone() };
        assert!(compare(&full, &empty)[0].fails());
        assert!(!compare(&empty, &full)[0].fails());
    }
}
