//! A whole search: complete where the space is small, islands of annealing where it is not.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rayon::prelude::*;

use super::{
    Front, Judge, Space,
    exhaust::{Plan, walk},
    walk::{Aim, Walk},
};

/// How long to search.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Mappings to score at most; the result depends on it and on the seed alone.
    pub evaluations: u64,
    /// Seed of the random choices.
    pub seed: u64,
    /// Time to search at most; a search that it ends depends on the speed of the machine.
    pub time: Option<Duration>,
}

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Every mapping was scored or is no better than one that was: the front is the true one.
    Complete,
    /// The evaluations were used up.
    Evaluations,
    /// The time was used up.
    Time,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Mappings that nothing found beats.
    pub front: Front,
    /// Mappings scored.
    pub scored: u64,
    /// Of those, the ones that fitted.
    pub fitted: u64,
    /// Why it ended.
    pub stop: Stop,
}

/// Islands and rounds of a search. They are fixed, so that the result does not depend on the
/// number of threads.
const ISLANDS: usize = 16;
const ROUNDS: u64 = 4;

/// What the islands look for, in turn.
const AIMS: [Aim; 5] = [
    Aim { energy: 1, cycles: 1 },
    Aim { energy: 8, cycles: 1 },
    Aim { energy: 1, cycles: 8 },
    Aim { energy: 2, cycles: 1 },
    Aim { energy: 1, cycles: 2 },
];

/// Searches a space. `progress` is told of mappings scored, from several threads.
pub fn search<J: Judge>(
    space: &Space<'_>,
    judge: &J,
    request: &Request,
    progress: &(dyn Fn(u64) + Sync),
) -> Outcome {
    let clock = Clock {
        deadline: request.time.map(|time| Instant::now() + time),
        out: AtomicBool::new(false),
    };
    let tick = |scored: u64| {
        progress(scored);
        clock.is_out()
    };
    match Plan::new(space, request.evaluations) {
        Some(plan) => exhaust(space, judge, &plan, &clock, &tick),
        None => anneal(space, judge, request, &clock, &tick),
    }
}

struct Clock {
    deadline: Option<Instant>,
    out: AtomicBool,
}

impl Clock {
    fn is_out(&self) -> bool {
        if self.out.load(Ordering::Relaxed) {
            return true;
        }
        let out = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if out {
            self.out.store(true, Ordering::Relaxed);
        }
        out
    }

    fn stop(&self, otherwise: Stop) -> Stop {
        if self.out.load(Ordering::Relaxed) { Stop::Time } else { otherwise }
    }
}

fn exhaust<J: Judge>(
    space: &Space<'_>,
    judge: &J,
    plan: &Plan,
    clock: &Clock,
    tick: &(dyn Fn(u64) -> bool + Sync),
) -> Outcome {
    let parts: Vec<_> = (0..plan.parts())
        .into_par_iter()
        .map_init(|| judge.clone(), |judge, part| walk(plan, space, part, judge, tick))
        .collect();
    let mut outcome =
        Outcome { front: Front::default(), scored: 0, fitted: 0, stop: clock.stop(Stop::Complete) };
    for part in parts {
        outcome.front.merge(&part.front);
        outcome.scored += part.scored;
        outcome.fitted += part.fitted;
    }
    outcome
}

fn anneal<J: Judge>(
    space: &Space<'_>,
    judge: &J,
    request: &Request,
    clock: &Clock,
    tick: &(dyn Fn(u64) -> bool + Sync),
) -> Outcome {
    let mut front = Front::default();
    let (scored, fitted) = (AtomicU64::new(0), AtomicU64::new(0));
    for round in 0..ROUNDS {
        let fronts: Vec<Front> = (0..ISLANDS)
            .into_par_iter()
            .map(|island| {
                let place = round * ISLANDS as u64 + island as u64;
                // Shares of the budget that add up to it.
                let share = |place: u64| request.evaluations * place / (ROUNDS * ISLANDS as u64);
                let budget = share(place + 1) - share(place);
                let seed =
                    request.seed.wrapping_add((place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
                let mut walk = Walk::new(space, judge.clone(), seed);
                let aim = AIMS[island % AIMS.len()];
                let known = front.solutions();
                let start = if known.is_empty() || (round == 1 && island % 2 == 1) {
                    walk.start()
                } else {
                    // Islands start where their aim leads, or spread over the front.
                    let own = if island % 2 == 0 {
                        front.best(|score| aim.cost(score))
                    } else {
                        known.get(island * known.len() / ISLANDS)
                    };
                    own.map(|solution| walk.resume(solution))
                };
                if let Some(start) = start {
                    let left = budget.saturating_sub(walk.scored);
                    walk.run(start, aim, left, &clock.out, &|scored| tick(scored));
                }
                scored.fetch_add(walk.scored, Ordering::Relaxed);
                fitted.fetch_add(walk.fitted, Ordering::Relaxed);
                walk.front
            })
            .collect();
        for own in &fronts {
            front.merge(own);
        }
        if clock.out.load(Ordering::Relaxed) {
            break;
        }
    }
    Outcome {
        front,
        scored: scored.into_inner(),
        fitted: fitted.into_inner(),
        stop: clock.stop(Stop::Evaluations),
    }
}
