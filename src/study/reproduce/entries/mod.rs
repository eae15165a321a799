//! The entries in the order of the page.

mod accuracy;
mod assignment;
mod cited;
mod density;
mod digits;
mod energy;
mod kernels;
mod latents;
mod linear;
mod ops;
mod ratios;
mod scaling;
mod settings;
mod signs;
mod sparsity;
mod speed;
mod toy;
mod tradeoff;
mod training;

use super::Entry;
use signloop_base::diagnostics::{Problem, Problems};

/// Every entry.
pub static ENTRIES: &[Entry] = &[
    Entry {
        id: "ops-table",
        title: "Ops reduction of a [3,3,64,64] layer",
        place: "table in the answer to Q4, Figure 11",
        answers: &[6, 7],
        measures: false,
        run: ops::small_layer,
    },
    Entry {
        id: "ops-large",
        title: "Ops reduction of a [3,3,512,512] layer, and \"up to 15x\"",
        place: "table in the answer to Q6, Figure 11",
        answers: &[6, 7],
        measures: false,
        run: ops::large_layer,
    },
    Entry {
        id: "toy-examples",
        title: "Adds of the toy examples",
        place: "Figures 6 and 9, answers to Q4 and Q6",
        answers: &[5, 11],
        measures: false,
        run: toy::toy_examples,
    },
    Entry {
        id: "unique-filters",
        title: "Unique 3x3 kernels and how often each repeats",
        place: "table in the answer to Q5",
        answers: &[3, 4],
        measures: false,
        run: kernels::unique_filters,
    },
    Entry {
        id: "repetition",
        title: "Do trained binary networks repeat kernels, and is it repetition or bit-width that pays?",
        place: "Q1 to Q3 of the second reviewer",
        answers: &[3],
        measures: false,
        run: kernels::repetition,
    },
    Entry {
        id: "tradeoff",
        title: "Repetition against sparsity, with the all-zero and all-equal corners",
        place: "Section 3, Q4 and Q5 of the second reviewer",
        answers: &[4],
        measures: false,
        run: tradeoff::tradeoff,
    },
    Entry {
        id: "sparsity-support",
        title: "Signed-binary with and without sparsity support",
        place: "Q1 of the first reviewer, Figure 7",
        answers: &[2, 10],
        measures: false,
        run: sparsity::sparsity_support,
    },
    Entry {
        id: "mixed-sign",
        title: "Overhead of {0,+1} and {0,-1} filters side by side",
        place: "third weakness of the second reviewer, Q6",
        answers: &[5],
        measures: true,
        run: signs::mixed_sign,
    },
    Entry {
        id: "assignment",
        title: "Assignment of filters to the two functions",
        place: "Q2 of the first reviewer, Tables 2 and 4",
        answers: &[1, 11],
        measures: false,
        run: assignment::assignment,
    },
    Entry {
        id: "linear",
        title: "Linear layers, by rows",
        place: "question of the third reviewer",
        answers: &[8],
        measures: false,
        run: linear::linear,
    },
    Entry {
        id: "density",
        title: "Density and sparsity, effectual parameters and operations",
        place: "energy table in the answer to Q4; abstract",
        answers: &[7, 10],
        measures: false,
        run: density::density,
    },
    Entry {
        id: "energy-table",
        title: "Energy 0.51x, throughput 2.86x, density 0.35x, latency 0.78x",
        place: "table in the answer to Q4, Figure 2",
        answers: &[6, 12],
        measures: false,
        run: energy::energy_table,
    },
    Entry {
        id: "dram-cost",
        title: "DRAM access 6400x an add and 206x a multiply",
        place: "B4",
        answers: &[3],
        measures: false,
        run: energy::dram_cost,
    },
    Entry {
        id: "speed-up",
        title: "Speed-up over binary and ternary",
        place: "Figure 7, tables in the answers to Q4 and Q6",
        answers: &[6, 12],
        measures: true,
        run: speed::speed_up,
    },
    Entry {
        id: "zero-one",
        title: "{0,1} everywhere against signed-binary",
        place: "table in the answer to Q6",
        answers: &[5],
        measures: true,
        run: speed::zero_one,
    },
    Entry {
        id: "latent-distributions",
        title: "Distributions of latent weights",
        place: "Figures 5b and 10, C4 C",
        answers: &[11],
        measures: false,
        run: latents::latents,
    },
    Entry {
        id: "accuracy",
        title: "Accuracy against effectual parameters, and the headline accuracies",
        place: "Figure 4, abstract, answer to Q6",
        answers: &[6, 7, 12],
        measures: false,
        run: accuracy::accuracy,
    },
    Entry {
        id: "trained-digits",
        title: "Accuracy of the schemes, trained under one recipe on the built-in digits",
        place: "Tables 1 to 5 and 7, answers to Q6 and Q7; at a scale that trains in seconds",
        answers: &[1, 5, 6, 7, 12],
        measures: false,
        run: digits::digits,
    },
    Entry {
        id: "trained-fashion",
        title: "Accuracy of the schemes on Fashion-MNIST, where its files are given",
        place: "Tables 1 and 7; on a data set that trains in minutes",
        answers: &[7, 12],
        measures: false,
        run: training::fashion,
    },
    Entry {
        id: "conversion",
        title: "A trained binary network made signed-binary afterwards",
        place: "weakness named by the third reviewer",
        answers: &[9],
        measures: false,
        run: training::conversion,
    },
    Entry {
        id: "bigger-models",
        title: "Does ternary lose against binary as layers grow?",
        place: "answer to the third reviewer's question",
        answers: &[6, 8],
        measures: false,
        run: scaling::scaling,
    },
    Entry {
        id: "settings",
        title: "Model and data set of each table and figure",
        place: "weakness and Q6 of the first reviewer",
        answers: &[7],
        measures: false,
        run: settings::settings,
    },
    Entry {
        id: "cited-works",
        title: "What the thread says of earlier works",
        place: "B1",
        answers: &[3],
        measures: false,
        run: cited::cited,
    },
];

/// The entries of some names; all of them without names.
///
/// # Errors
/// Every name that no entry has.
pub fn entries(names: &[String]) -> Result<Vec<&'static Entry>, Problems> {
    if names.is_empty() {
        return Ok(ENTRIES.iter().collect());
    }
    let mut problems = Problems::new();
    for name in names {
        if !ENTRIES.iter().any(|entry| entry.id == name) {
            let ids: Vec<&str> = ENTRIES.iter().map(|entry| entry.id).collect();
            let problem = Problem::new(format!("unknown entry `{name}`"))
                .hint(format!("expected one of `{}`", ids.join("`, `")));
            problems.push(problem.did_you_mean(name, ids));
        }
    }
    let chosen = ENTRIES.iter().filter(|entry| names.iter().any(|name| entry.id == name));
    problems.into_result(chosen.collect())
}
