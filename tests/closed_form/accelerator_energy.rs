//! Words, cycles and energy of dense accelerators, derived by hand for small made-up designs whose
//! constants are all different numbers.

use super::{
    design::{Evaluation, Rules, moved, run, spent, states},
    processor::equal,
};

/// Four units, each with a Spad of blocks of 2 words, around one Store of blocks of 4; nothing is
/// sparse. Z[M,N] = sum over K of A[M,K] B[N,K] with M = 2 side by side, N = 3 outside of K = 5.
fn dense(spad: &str, store: &str) -> String {
    format!(
        r#"
kind = "accelerator"
name = "dense"

[[storage]]
name = "Spad"
source = "made up for this test"
word_bits = 8
block_words = 2
instances_x = 4
energy = {{ read_pj = 2.3, fill_pj = 3.1, update_pj = 3.7, leak_pj_per_cycle = 0.11 }}
{spad}

[[storage]]
name = "Store"
source = "made up for this test"
word_bits = 8
block_words = 4
energy = {{ read_pj = 29, fill_pj = 37, update_pj = 31, leak_pj_per_cycle = 0.7 }}
{store}

[compute]
name = "MAC"
source = "made up for this test"
word_bits = 8
instances_x = 4
energy = {{ compute_pj = 0.53, gated_pj = 0.059, skipped_pj = 0.0061, leak_pj_per_cycle = 0.013 }}

[problem]
name = "product"
dimensions = {{ M = 2, N = 3, K = 5 }}

[[problem.tensor]]
name = "A"
indices = ["M", "K"]

[[problem.tensor]]
name = "B"
indices = ["N", "K"]

[[problem.tensor]]
name = "Z"
indices = ["M", "N"]
output = true

[[mapping]]
level = "Store"
temporal = "N=3"
spatial_x = "M=2"

[[mapping]]
level = "Spad"
temporal = "K=5"
"#
    )
}

/// One Spad of the two in use. A: 15 steps read a word, 5 words come in once. B: as many reads, 5
/// words for each of 3 n. Z: 15 updates, of which the 3 first need no read: 12 reads, and 3 that
/// leave. Store: 10 words of A; 15 of B for both Spads at once; 2 * 3 of Z come back, none is read
/// again.
#[test]
fn words_of_a_dense_design() {
    let found = run(&dense("", ""), Rules::Exact);
    let words = |level: usize, tensor: usize, [read, fill, update]: [f64; 3]| {
        let cost = &found.levels[level].tensors[tensor];
        let what = format!("level {level}, tensor {tensor}");
        moved(&what, cost, [[read, 0.0, 0.0], [fill, 0.0, 0.0], [update, 0.0, 0.0]]);
    };
    words(0, 0, [15.0, 5.0, 0.0]);
    words(0, 1, [15.0, 15.0, 0.0]);
    words(0, 2, [15.0, 0.0, 15.0]);
    words(1, 0, [10.0, 0.0, 0.0]);
    words(1, 1, [15.0, 0.0, 0.0]);
    words(1, 2, [0.0, 0.0, 6.0]);
    equal("instances", found.levels[0].tensors[0].instances, 2.0);
    equal("reductions", found.levels[0].tensors[2].reductions, 12.0);
    states("operations", found.compute.flow, [30.0, 0.0, 0.0]);
    equal("units", found.compute.units, 2.0);
}

/// Two Spads, blocks of 2. A: (15 * 2.3 + 5 * 3.1) / 2 = 25. B: (15 * 2.3 + 15 * 3.1) / 2 = 40.5.
/// Z: (15 * 2.3 + 15 * 3.7) / 2 = 45. Store, blocks of 4: 10 * 29 / 4, 15 * 29 / 4, 6 * 31 / 4.
/// 30 operations of 0.53 in 15 cycles, in which all 4 Spads and units leak, used or not:
/// 0.11 * 15 * 4, 0.7 * 15, 0.013 * 15 * 4.
#[test]
fn energy_of_a_dense_design() {
    let found = run(&dense("", ""), Rules::Exact);
    spent("exact", &found, 0, [50.0, 81.0, 90.0]);
    spent("exact", &found, 1, [72.5, 108.75, 46.5]);
    assert_eq!(found.score.cycles, 15);
    equal("leakage of Spads", found.levels[0].leak_pj, 6.6);
    equal("leakage of the Store", found.levels[1].leak_pj, 10.5);
    equal("units", found.compute.energy_pj, 15.9 + 0.78);
    // 221 + 227.75 + 16.68 + 17.1.
    equal("total", found.score.energy_pj, 482.53);
    // 30 operations in 4 units times 15 cycles.
    equal("utilization", found.compute.utilization, 0.5);
}

/// Whole blocks, and no reads of what leaves. A: 8 * 2.3 + 3 * 3.1 = 27.7. B: 8 * 2.3 + 8 * 3.1 =
/// 43.2. Z: 6 * 2.3 + 8 * 3.7 = 43.4. Store: 3 * 29, 4 * 29, 2 * 31. Only the 2 Spads in use leak,
/// 0.11 * 15 * 2, and no unit.
#[test]
fn energy_of_a_dense_design_in_whole_blocks() {
    let found = run(&dense("", ""), Rules::Timeloop);
    spent("Timeloop", &found, 0, [55.4, 86.4, 86.8]);
    spent("Timeloop", &found, 1, [87.0, 116.0, 62.0]);
    // 228.6 + 265 + 15.9 + 3.3 + 10.5.
    equal("total", found.score.energy_pj, 523.3);
}

/// One Spad reads 15 + 15 + 15 = 45 words (Timeloop: 15 + 15 + 12 = 42) and writes 5 + 15 + 15 =
/// 35; the Store reads 25 and writes 6. Leakage lasts as long as the slowest.
#[test]
fn ports_bound_the_cycles() {
    let cases = [
        // 45 / 2 = 22.5; 42 / 2.
        ("read_words_per_cycle = 2", "", [23, 21]),
        ("write_words_per_cycle = 1", "", [35, 35]),
        // 80 / 2; 77 / 2 = 38.5.
        ("shared_words_per_cycle = 2", "", [40, 39]),
        // As many words as the units need take no longer.
        ("read_words_per_cycle = 3\nwrite_words_per_cycle = 3", "", [15, 15]),
        ("", "read_words_per_cycle = 0.5", [50, 50]),
        ("", "write_words_per_cycle = 0.25", [24, 24]),
        ("", "shared_words_per_cycle = 0.5", [62, 62]),
        ("write_words_per_cycle = 1", "shared_words_per_cycle = 0.5", [62, 62]),
        ("write_words_per_cycle = 1\nread_words_per_cycle = 2", "", [35, 35]),
    ];
    for (spad, store, derived) in cases {
        for (rules, cycles) in [Rules::Exact, Rules::Timeloop].into_iter().zip(derived) {
            let found = run(&dense(spad, store), rules);
            assert_eq!(found.score.cycles, cycles, "{spad} {store} {rules:?}");
            assert_eq!(found.compute.cycles, 15);
            let cycles = cycles as f64;
            // Timeloop: the 2 Spads in use, and no unit.
            let (spads, units) = match rules {
                Rules::Exact => (0.44, 0.052),
                Rules::Timeloop => (0.22, 0.0),
            };
            equal("Spads", found.levels[0].leak_pj, spads * cycles);
            equal("Store", found.levels[1].leak_pj, 0.7 * cycles);
            equal("units", found.compute.energy_pj, 15.9 + units * cycles);
        }
    }
}

/// A problem of two inputs and an output.
fn problem(dimensions: &str, names: [&str; 3], indices: [&str; 3]) -> String {
    let tensors = names.iter().zip(indices).map(|(name, indices)| {
        format!("\n[[problem.tensor]]\nname = \"{name}\"\nindices = [{indices}]\n")
    });
    format!("dimensions = {{ {dimensions} }}\n{}output = true\n", tensors.collect::<String>())
}

/// Two units, with a Spad each where `spads` says so, around a Store: Timeloop's rules let
/// neighbours hand on what they have.
fn neighbours(axis: &str, spads: bool, problem: &str, temporal: &str, spatial: &str) -> Evaluation {
    // Two rows as well, where the mapping asks for them.
    let more = if spatial.contains("spatial_y") { "\ninstances_y = 2" } else { "" };
    let spad = if spads {
        format!(
            "[[storage]]\nname = \"Spad\"\nsource = \"made up for this test\"\nword_bits = 8\ninstances_{axis} = 2{more}\nenergy = {{ read_pj = 1 }}\n"
        )
    } else {
        String::new()
    };
    let inner = if spads { "[[mapping]]\nlevel = \"Spad\"\n" } else { "" };
    let text = format!(
        r#"
kind = "accelerator"
name = "neighbours"
{spad}
[[storage]]
name = "Store"
source = "made up for this test"
word_bits = 8
energy = {{ read_pj = 1 }}

[compute]
name = "MAC"
source = "made up for this test"
word_bits = 8
instances_{axis} = 2{more}
energy = {{ compute_pj = 1 }}

[problem]
name = "problem"
{problem}

[[mapping]]
level = "Store"
temporal = "{temporal}"
spatial_{axis} = "{spatial}"

{inner}
"#
    );
    run(&text, Rules::Timeloop)
}

/// Z[M] = sum over K of A[M,K] B[K], M = 2 side by side. Both units want the same word of B: it is
/// read when it changes, and while it stays each unit has it from the other. Their words of A
/// differ.
#[test]
fn units_hand_on_the_word_that_both_use() {
    let problem = &problem("M = 4, K = 5", ["A", "B", "Z"], ["\"M\", \"K\"", "\"K\"", "\"M\""]);
    for axis in ["x", "y"] {
        // K outside of 2 of M: of 10 steps 5 bring a new word of B, 10 two new words of A.
        let found = neighbours(axis, false, problem, "K=5 M=2", "M=2");
        let words = |tensor: usize| &found.levels[0].tensors[tensor].words;
        equal("A", words(0).read.actual, 20.0);
        equal("B", words(1).read.actual, 5.0);
        equal("Z", words(2).update.actual, 20.0);
        // M outside of K: 10 new words of B. Units hold nothing, so that Z's two words, which stay
        // for 5 steps, are updated in all 10.
        let found = neighbours(axis, false, problem, "M=2 K=5", "M=2");
        let words = |tensor: usize| &found.levels[0].tensors[tensor].words;
        equal("A", words(0).read.actual, 20.0);
        equal("B", words(1).read.actual, 10.0);
        equal("Z", words(2).update.actual, 20.0);
    }
}

/// O[N,P] = sum over R of I[P+R] W[R], P = 2 side by side. At the first step two words come, at
/// each of the 2 others one: the first Spad takes its word from the second, which had it a step
/// before. Store: 2 + 2 words. A Spad: (2 + 2) / 2 from the Store and 2 / 2 from its neighbour, who
/// reads it.
#[test]
fn a_sliding_window_moves_from_neighbour_to_neighbour() {
    let problem = |images: u64| {
        let indices = ["\"P + R\"", "\"R\"", "\"N\", \"P\""];
        problem(&format!("N = {images}, P = 2, R = 3"), ["I", "W", "O"], indices)
    };
    for axis in ["x", "y"] {
        let found = neighbours(axis, true, &problem(1), "R=3", "P=2");
        let inputs = |level: usize| &found.levels[level].tensors[0].words;
        equal("Store", inputs(1).read.actual, 4.0);
        equal("fills", inputs(0).fill.actual, 3.0);
        equal("reads", inputs(0).read.actual, 4.0);
        // Twice, N outside: going back to the first word is a step of -1 as Timeloop sees it, which
        // follows the step of 1, so that all is new but what the second Spad has from the first.
        // Store: 2 + 2, then 1 + 2. A Spad: 7 / 2, rounded to 4, and of neighbours 5 / 2, whole
        // ones.
        let found = neighbours(axis, true, &problem(2), "N=2 R=3", "P=2");
        let inputs = |level: usize| &found.levels[level].tensors[0].words;
        equal("Store", inputs(1).read.actual, 7.0);
        equal("fills", inputs(0).fill.actual, 6.0);
        equal("reads", inputs(0).read.actual, 8.0);
    }
}

/// Two filters share what two windows need: four Spads, two different words. Store: 2 + 2 * 1. A
/// Spad: (4 + 2 * 2) / 4 from the Store, 2 * 2 / 4 from a neighbour.
#[test]
fn different_words_are_read_once_for_all() {
    let indices = ["\"P + R\"", "\"F\", \"R\"", "\"F\", \"P\""];
    let problem = &problem("F = 2, P = 2, R = 3", ["I", "W", "O"], indices);
    let found = neighbours("x", true, problem, "R=3", "P=2\"\nspatial_y = \"F=2");
    let inputs = |level: usize| &found.levels[level].tensors[0].words;
    equal("Store", inputs(1).read.actual, 4.0);
    equal("fills", inputs(0).fill.actual, 3.0);
    equal("reads", inputs(0).read.actual, 4.0);
}
