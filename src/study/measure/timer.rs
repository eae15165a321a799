//! Interleaved timing: every candidate once a round, so that all meet the same neighbours.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Times of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Times {
    /// Fastest run.
    pub min_us: f64,
    /// Median run.
    pub median_us: f64,
    /// Interquartile range over the median.
    pub spread: f64,
    /// Runs that were timed.
    pub runs: usize,
}

/// How long to time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Rounds at most.
    pub rounds: usize,
    /// Time at most, all candidates together; at least 5 rounds are run.
    pub budget: Duration,
}

/// Runs all candidates in turn, three rounds unmeasured, and returns the times of each.
///
/// # Errors
/// The first error of a candidate.
pub fn interleave<E>(
    candidates: &mut [Box<dyn FnMut() -> Result<(), E> + '_>],
    effort: Effort,
) -> Result<Vec<Times>, E> {
    let mut times: Vec<Vec<f64>> = vec![Vec::with_capacity(effort.rounds); candidates.len()];
    for _ in 0..3 {
        for candidate in candidates.iter_mut() {
            candidate()?;
        }
    }
    let begin = Instant::now();
    for round in 0..effort.rounds.max(1) {
        if round >= 5 && begin.elapsed() > effort.budget {
            break;
        }
        for (candidate, times) in candidates.iter_mut().zip(&mut times) {
            // Twice, the second one timed: the first brings the candidate's data into the caches
            // after its neighbour threw it out.
            candidate()?;
            let start = Instant::now();
            candidate()?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    Ok(times.into_iter().map(summary).collect())
}

/// Minimum, median and spread.
fn summary(mut times: Vec<f64>) -> Times {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part).round() as usize];
    let median = at(0.5);
    Times {
        min_us: at(0.0),
        median_us: median,
        spread: if median > 0.0 { (at(0.75) - at(0.25)) / median } else { 0.0 },
        runs: times.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_by_hand() {
        // 1..=9: median 5, quartiles 3 and 7.
        let times = summary((1..=9).rev().map(f64::from).collect());
        assert_eq!(times, Times { min_us: 1.0, median_us: 5.0, spread: 0.8, runs: 9 });
    }

    #[test]
    fn every_candidate_runs_equally_often() {
        let counts = [std::cell::Cell::new(0), std::cell::Cell::new(0)];
        let mut candidates: Vec<Box<dyn FnMut() -> Result<(), ()>>> = counts
            .iter()
            .map(|count| -> Box<dyn FnMut() -> Result<(), ()>> {
                Box::new(move || {
                    count.set(count.get() + 1);
                    Ok(())
                })
            })
            .collect();
        let effort = Effort { rounds: 7, budget: Duration::MAX };
        let times = interleave(&mut candidates, effort).unwrap();
        assert!(times.iter().all(|times| times.runs == 7));
        drop(candidates);
        // Three rounds of warming, then two runs a round.
        assert!(counts.iter().all(|count| count.get() == 17));
    }
}
