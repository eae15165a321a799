//! Every part of an accelerator's cycles and energy, derived by hand for small made-up designs whose
//! constants are all different numbers.

use signloop::{
    arch::accelerator,
    config::Document,
    mapping,
    model::{
        accelerator::{Evaluation, Flow, TensorCost, evaluate},
        sparse::Rules,
    },
    workload::problem,
};

use super::processor::equal;

fn run(text: &str, rules: Rules) -> Evaluation {
    let document = Document::parse("design", text.to_owned()).unwrap();
    let machine = accelerator::parse(&document).unwrap_or_else(|error| panic!("{error}"));
    let problem = problem::parse(&document).unwrap_or_else(|error| panic!("{error}"));
    let mapping = mapping::parse(&document, &problem, &machine.level_names())
        .unwrap_or_else(|error| panic!("{error}"));
    evaluate(&machine, &problem, &mapping, rules).unwrap_or_else(|error| panic!("{error}"))
}

/// Words read, filled and updated, whatever becomes of them: actual, gated, skipped.
#[track_caller]
fn moved(what: &str, cost: &TensorCost, derived: [[f64; 3]; 3]) {
    let words = &cost.words;
    for (name, flow, derived) in [
        ("read", words.read, derived[0]),
        ("fill", words.fill, derived[1]),
        ("update", words.update, derived[2]),
    ] {
        states(&format!("{what} {name}"), flow, derived);
    }
}

#[track_caller]
fn states(what: &str, flow: Flow, [actual, gated, skipped]: [f64; 3]) {
    equal(&format!("{what} actual"), flow.actual, actual);
    equal(&format!("{what} gated"), flow.gated, gated);
    equal(&format!("{what} skipped"), flow.skipped, skipped);
}

/// Energies of the tensors A, B and Z at a level.
#[track_caller]
fn spent(what: &str, found: &Evaluation, level: usize, derived: [f64; 3]) {
    for (index, (tensor, derived)) in found.levels[level].tensors.iter().zip(derived).enumerate() {
        equal(&format!("{what}, level {level}, tensor {index}"), tensor.energy_pj, derived);
    }
}

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

/// One Spad of the two in use. A: 15 steps read a word, 5 words come in once. B: as many reads, 5 words
/// for each of 3 n. Z: 15 updates, of which the 3 first need no read: 12 reads, and 3 that leave.
/// Store: 10 words of A; 15 of B for both Spads at once; 2 * 3 of Z come back, none is read again.
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

/// Whole blocks, and no reads of what leaves. A: 8 * 2.3 + 3 * 3.1 = 27.7. B: 8 * 2.3 + 8 * 3.1 = 43.2.
/// Z: 6 * 2.3 + 8 * 3.7 = 43.4. Store: 3 * 29, 4 * 29, 2 * 31.
#[test]
fn energy_of_a_dense_design_in_whole_blocks() {
    let found = run(&dense("", ""), Rules::Timeloop);
    spent("Timeloop", &found, 0, [55.4, 86.4, 86.8]);
    spent("Timeloop", &found, 1, [87.0, 116.0, 62.0]);
    // 228.6 + 265 + 15.9 + 0.78 + 6.6 + 10.5.
    equal("total", found.score.energy_pj, 527.38);
}

/// One Spad reads 15 + 15 + 15 = 45 words (Timeloop: 15 + 15 + 12 = 42) and writes 5 + 15 + 15 = 35; the
/// Store reads 25 and writes 6. Leakage lasts as long as the slowest.
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
            equal("Spads", found.levels[0].leak_pj, 0.44 * cycles);
            equal("Store", found.levels[1].leak_pj, 0.7 * cycles);
            equal("units", found.compute.energy_pj, 15.9 + 0.052 * cycles);
        }
    }
}

/// One unit. Z[N] = sum over K of A[K] B[N,K], N = 3 outside of K = 5; 2 of 5 words of A are not zero and
/// 3 of 15 of B. A is stored as a bit mask and its nonzero words.
fn sparse(safs: &str, units: &str, more: &str) -> String {
    format!(
        r#"
kind = "accelerator"
name = "sparse"

[[storage]]
name = "Buffer"
source = "made up for this test"
word_bits = 8
metadata = {{ word_bits = 1, width_bits = 4 }}
energy = {{ read_pj = 2.3, gated_read_pj = 0.17, skipped_read_pj = 0.019, fill_pj = 3.1, gated_fill_pj = 0.23, update_pj = 3.7, gated_update_pj = 0.29, skipped_update_pj = 0.021, metadata_read_pj = 0.31, metadata_fill_pj = 0.41, metadata_update_pj = 0.43, gated_metadata_read_pj = 0.037, decompress_pj = 0.67, compress_pj = 0.71 }}
{more}

{safs}

[[storage]]
name = "Store"
source = "made up for this test"
word_bits = 8
block_words = 4
metadata = {{ word_bits = 1, width_bits = 16 }}
energy = {{ read_pj = 29, fill_pj = 37, update_pj = 31, metadata_read_pj = 5.3, metadata_fill_pj = 5.9, metadata_update_pj = 6.1 }}

[[storage.format]]
tensor = "A"
ranks = [{{ format = "b", metadata_bits = 1 }}]

[compute]
name = "MAC"
source = "made up for this test"
word_bits = 8
{units}
energy = {{ compute_pj = 0.53, gated_pj = 0.059, skipped_pj = 0.0061 }}

[problem]
name = "product"
dimensions = {{ N = 3, K = 5 }}

[[problem.tensor]]
name = "A"
indices = ["K"]
density = {{ kind = "uniform", share = 0.4 }}

[[problem.tensor]]
name = "B"
indices = ["N", "K"]
density = {{ kind = "uniform", share = 0.2 }}

[[problem.tensor]]
name = "Z"
indices = ["N"]
output = true

[[mapping]]
level = "Store"
temporal = "N=3"

[[mapping]]
level = "Buffer"
temporal = "K=5"
"#
    )
}

const MASK: &str =
    "[[storage.format]]\ntensor = \"A\"\nranks = [{ format = \"b\", metadata_bits = 1 }]\n";

fn saf(kind: &str, follower: &str, leader: &str) -> String {
    format!(
        "[[storage.saf]]\nkind = \"{kind}\"\nfollower = \"{follower}\"\nleaders = [\"{leader}\"]\n"
    )
}

/// A word of B is useless where the word of A is zero: 0.6 of 15 reads, 9. A reads its 0.4 of 15 words
/// and fills 0.4 of 5, and 15 and 5 bits of masks with them, 4 an access.
/// A: 6 * 2.3 + 2 * 3.1 + 15 / 4 * 0.31 + 5 / 4 * 0.41 = 21.675.
/// Z: 12 reads for sums, 3 that leave: 15 * 2.3 + 15 * 3.7 = 90.
#[test]
fn gated_and_skipped_reads() {
    for (kind, lost, derived_b, derived_units) in [
        // 6 * 2.3 + 9 * 0.17 + 15 * 3.1, and 6 * 0.53 + 9 * 0.059.
        ("gate", [9.0, 0.0], 61.83, 3.711),
        // 6 * 2.3 + 9 * 0.019 + 15 * 3.1, and 6 * 0.53 + 9 * 0.0061.
        ("skip", [0.0, 9.0], 60.471, 3.2349),
    ] {
        let text = sparse(&(MASK.to_owned() + &saf(kind, "B", "A")), "", "");
        let found = run(&text, Rules::Exact);
        let [gated, skipped] = lost;
        let none = [0.0; 3];
        let [a, b, z] = [0, 1, 2].map(|tensor| &found.levels[0].tensors[tensor]);
        moved("A", a, [[6.0, 0.0, 0.0], [2.0, 0.0, 0.0], none]);
        moved("B", b, [[6.0, gated, skipped], [15.0, 0.0, 0.0], none]);
        moved("Z", z, [[15.0, 0.0, 0.0], none, [15.0, 0.0, 0.0]]);
        states("bits read", a.ranks[0].metadata.read, [15.0, 0.0, 0.0]);
        states("bits filled", a.ranks[0].metadata.fill, [5.0, 0.0, 0.0]);
        spent(kind, &found, 0, [21.675, derived_b, 90.0]);
        states(kind, found.compute.flow, [6.0, gated, skipped]);
        equal("units", found.compute.energy_pj, derived_units);
        // A gated operation takes its cycle.
        assert_eq!(found.compute.cycles, if kind == "gate" { 15 } else { 6 });
    }
}

/// The Store sends A once: 2 words of its tile of 5, which are half a block of 4 but take a whole one:
/// 2 / 4 * 29 twice; 5 bits of 16 an access: 5 / 16 * 5.3. B: 15 * 29 / 4. Z: 3 * 31 / 4.
#[test]
fn small_compressed_tiles_take_whole_blocks() {
    let found = run(&sparse(MASK, "", ""), Rules::Exact);
    spent("Store", &found, 1, [30.656_25, 108.75, 23.25]);
    // With Timeloop, 1 block and 1 access of metadata; 4 blocks of B; 1 of Z. The tile has fewer blocks
    // than its table has for blocks of 4 at 0.4: the half block counts double, and the whole one.
    let found = run(&sparse(MASK, "", ""), Rules::Timeloop);
    spent("Store", &found, 1, [2.0 * 29.0 + 5.3, 116.0, 31.0]);
}

/// Ports move masks as words of 8 bits. Reads: 6 + 15 / 8 of A, 15 of B of which gating does not free the
/// port, 15 of Z: 37.875; where B's are skipped 28.875. Writes: 2 + 5 / 8, 15 and 15: 32.625.
#[test]
fn masks_and_gated_words_take_ports() {
    let cycles = |kind, port: &str| {
        let text = sparse(&(MASK.to_owned() + &saf(kind, "B", "A")), "", port);
        run(&text, Rules::Exact).score.cycles
    };
    assert_eq!(cycles("gate", "read_words_per_cycle = 1"), 38);
    assert_eq!(cycles("skip", "read_words_per_cycle = 1"), 29);
    // 37.875 / 0.1 and 32.625 / 0.1 show the eighths.
    assert_eq!(cycles("gate", "read_words_per_cycle = 0.1"), 379);
    assert_eq!(cycles("gate", "write_words_per_cycle = 0.1"), 327);
    assert_eq!(cycles("gate", "shared_words_per_cycle = 0.1"), 705);
}

/// Kept plain in the Buffer, A is decompressed on the way in: the 5 words of its tile, 0.67 each.
/// 15 * 2.3 + 5 * 3.1 + 5 * 0.67.
#[test]
fn decompressing_costs_by_the_word() {
    let found = run(&sparse("", "", "decompresses = true"), Rules::Exact);
    spent("Buffer", &found, 0, [53.35, 81.0, 90.0]);
}

/// A word of A is there in 0.4 of the operations, one of B is not zero in 0.2. Of 15 operations 1.2 have
/// both, 4.8 have A and a zero of B, and 9 have no A. A unit gates where it gets a zero, or nothing and
/// cannot skip; it skips where it gets nothing.
#[test]
fn units_gate_zeros_and_skip_what_is_missing() {
    for (units, derived, cycles, energy) in [
        ("", [15.0, 0.0, 0.0], 15, 7.95),
        // 1.2 * 0.53 + 13.8 * 0.059.
        ("gates = true", [1.2, 13.8, 0.0], 15, 1.4502),
        // 6 * 0.53 + 9 * 0.0061.
        ("skips = true", [6.0, 0.0, 9.0], 6, 3.2349),
        // 1.2 * 0.53 + 4.8 * 0.059 + 9 * 0.0061.
        ("gates = true\nskips = true", [1.2, 4.8, 9.0], 6, 0.9741),
    ] {
        let found = run(&sparse(MASK, units, ""), Rules::Exact);
        states(units, found.compute.flow, derived);
        assert_eq!(found.score.cycles, cycles, "{units}");
        equal(units, found.compute.energy_pj, energy);
        let busy = derived[0] + derived[1];
        equal("utilization", found.compute.utilization, busy / cycles as f64);
    }
}

/// B is stored as a mask, too: 0.08 of 15 operations have both, 0.4 * 0.8 + 0.6 * 0.2 = 0.44 one, and
/// 0.48 none, for which nothing asks: 1.2, 6.6 and 7.2, of which Timeloop takes whole ones from all.
#[test]
fn operations_of_two_compressed_operands() {
    let both = MASK.to_owned() + &MASK.replace("\"A\"", "\"B\"");
    let store = "[compute]";
    let format = "[[storage.format]]\ntensor = \"B\"\nranks = [{ format = \"uop\" }, { format = \"b\", metadata_bits = 1 }]\n\n[compute]";
    for (units, exact, timeloop) in [
        ("", [7.8, 0.0, 0.0], [8.0, 0.0, 0.0]),
        ("gates = true", [1.2, 6.6, 0.0], [2.0, 6.0, 0.0]),
        ("skips = true", [1.2, 0.0, 6.6], [2.0, 0.0, 6.0]),
    ] {
        let text = sparse(&both, units, "").replace(store, format);
        states(units, run(&text, Rules::Exact).compute.flow, exact);
        states(units, run(&text, Rules::Timeloop).compute.flow, timeloop);
    }
}

/// A's reads are gated where B is zero, 0.8 of 15: 12 operations. A itself is there in 0.4 of them, 4.8.
/// 3 operations are left, whose B is not zero and of which 1.2 have A.
#[test]
fn what_becomes_of_operations_whose_reads_are_gated() {
    let safs = MASK.to_owned() + &saf("gate", "A", "B");
    for (units, derived) in [
        // B arrives, so that every operation is asked for.
        ("", [3.0, 12.0, 0.0]),
        ("gates = true", [1.2, 13.8, 0.0]),
        // A unit that skips what is missing skips the 7.2 of 12 and 1.8 of 3 without A.
        ("skips = true", [1.2, 4.8, 9.0]),
    ] {
        let found = run(&sparse(&safs, units, ""), Rules::Exact);
        states(units, found.compute.flow, derived);
        // 0.4 * 15 reads, of which 0.8 are gated.
        let a = &found.levels[0].tensors[0];
        moved("A", a, [[1.2, 4.8, 0.0], [2.0, 0.0, 0.0], [0.0; 3]]);
    }
    // With B gated on A a unit that skips does not wait: A is known to be missing in all 9.
    let safs = MASK.to_owned() + &saf("gate", "B", "A");
    let found = run(&sparse(&safs, "skips = true", ""), Rules::Exact);
    states("skips", found.compute.flow, [6.0, 0.0, 9.0]);
    // B is stored as a mask, too: where neither is there nothing asks, and 4.8 of 12 are gated.
    let both = MASK.to_owned() + &MASK.replace("\"A\"", "\"B\"") + &saf("gate", "A", "B");
    let store = "[compute]";
    let format = "[[storage.format]]\ntensor = \"B\"\nranks = [{ format = \"uop\" }, { format = \"b\", metadata_bits = 1 }]\n\n[compute]";
    let found = run(&sparse(&both, "", "").replace(store, format), Rules::Exact);
    states("masks", found.compute.flow, [3.0, 4.8, 0.0]);
}

/// With Timeloop's rounding. A: 15 - 9 reads and 5 - 3 fills, ⌈15 / 4⌉ and ⌈5 / 4⌉ accesses of masks:
/// 6 * 2.3 + 2 * 3.1 + 4 * 0.31 + 2 * 0.41. Z reads 12 words. Gated operations are not kept.
#[test]
fn gated_and_skipped_reads_in_whole_words() {
    for (kind, lost, derived_b) in [("gate", [9.0, 0.0], 61.83), ("skip", [0.0, 9.0], 60.471)] {
        let found =
            run(&sparse(&(MASK.to_owned() + &saf(kind, "B", "A")), "", ""), Rules::Timeloop);
        let [gated, skipped] = lost;
        let none = [0.0; 3];
        let [a, b, z] = [0, 1, 2].map(|tensor| &found.levels[0].tensors[tensor]);
        moved("A", a, [[6.0, 0.0, 0.0], [2.0, 0.0, 0.0], none]);
        moved("B", b, [[6.0, gated, skipped], [15.0, 0.0, 0.0], none]);
        moved("Z", z, [[12.0, 0.0, 0.0], none, [15.0, 0.0, 0.0]]);
        spent(kind, &found, 0, [22.06, derived_b, 83.1]);
        states(kind, found.compute.flow, [6.0, 0.0, 0.0]);
    }
}

/// Updates of Z are useless where A is zero: 0.6 of 15 updates; of 12 reads 7.2, which Timeloop rounds up
/// to 8, as a read is part of an update; the 6 updates left of 15 leave ⌈12 * 6 / 15⌉ = 5 sums.
#[test]
fn gated_updates() {
    let text = sparse(&(MASK.to_owned() + &saf("gate", "Z", "A")), "", "");
    let found = run(&text, Rules::Timeloop);
    let z = &found.levels[0].tensors[2];
    moved("Z", z, [[4.0, 8.0, 0.0], [0.0; 3], [6.0, 9.0, 0.0]]);
    equal("reductions", z.reductions, 5.0);
    // 4 * 2.3 + 8 * 0.17 + 6 * 3.7 + 9 * 0.29.
    equal("energy", z.energy_pj, 35.37);
    // Exactly: 4.8 and 7.2 reads, and the 3 that leave.
    let found = run(&text, Rules::Exact);
    let z = &found.levels[0].tensors[2];
    moved("Z", z, [[7.8, 7.2, 0.0], [0.0; 3], [6.0, 9.0, 0.0]]);
    equal("reductions", z.reductions, 4.8);
    // 7.8 * 2.3 + 7.2 * 0.17 + 6 * 3.7 + 9 * 0.29.
    equal("energy", z.energy_pj, 43.974);
    // 15 updates, a skipped one of 0.021, and reads of 0.019.
    let text = sparse(&(MASK.to_owned() + &saf("skip", "Z", "A")), "", "");
    let z = &run(&text, Rules::Exact).levels[0].tensors[2];
    equal("energy", z.energy_pj, 7.8 * 2.3 + 7.2 * 0.019 + 6.0 * 3.7 + 9.0 * 0.021);
}

/// Two units, with a Spad each where `spads` says so, around a Store: Timeloop's rules let neighbours
/// hand on what they have.
fn neighbours(axis: &str, spads: bool, problem: &str, temporal: &str, spatial: &str) -> Evaluation {
    let spad = if spads {
        format!(
            "[[storage]]\nname = \"Spad\"\nsource = \"made up for this test\"\nword_bits = 8\ninstances_{axis} = 2\nenergy = {{ read_pj = 1 }}\n"
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
instances_{axis} = 2
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

/// Z[M] = sum over K of A[M,K] B[K], M = 2 side by side. Both units want the same word of B: it is read
/// when it changes, and while it stays each unit has it from the other. Their words of A differ.
#[test]
fn units_hand_on_the_word_that_both_use() {
    let problem = "dimensions = { M = 4, K = 5 }\n\n[[problem.tensor]]\nname = \"A\"\nindices = [\"M\", \"K\"]\n\n[[problem.tensor]]\nname = \"B\"\nindices = [\"K\"]\n\n[[problem.tensor]]\nname = \"Z\"\nindices = [\"M\"]\noutput = true\n";
    for axis in ["x", "y"] {
        // K outside of 2 of M: of 10 steps 5 bring a new word of B, 10 two new words of A.
        let found = neighbours(axis, false, problem, "K=5 M=2", "M=2");
        let words = |tensor: usize| &found.levels[0].tensors[tensor].words;
        equal("A", words(0).read.actual, 20.0);
        equal("B", words(1).read.actual, 5.0);
        equal("Z", words(2).update.actual, 20.0);
        // M outside of K: 10 new words of B. Units hold nothing, so that Z's two words, which stay for
        // 5 steps, are updated in all 10.
        let found = neighbours(axis, false, problem, "M=2 K=5", "M=2");
        let words = |tensor: usize| &found.levels[0].tensors[tensor].words;
        equal("A", words(0).read.actual, 20.0);
        equal("B", words(1).read.actual, 10.0);
        equal("Z", words(2).update.actual, 20.0);
    }
}

/// O[N,P] = sum over R of I[P+R] W[R], P = 2 side by side. At the first step two words come, at each of
/// the 2 others one: the first Spad takes its word from the second, which had it a step before.
/// Store: 2 + 2 words. A Spad: (2 + 2) / 2 from the Store and 2 / 2 from its neighbour, who reads it.
#[test]
fn a_sliding_window_moves_from_neighbour_to_neighbour() {
    let problem = |images: u64| {
        format!(
            "dimensions = {{ N = {images}, P = 2, R = 3 }}\n\n[[problem.tensor]]\nname = \"I\"\nindices = [\"P + R\"]\n\n[[problem.tensor]]\nname = \"W\"\nindices = [\"R\"]\n\n[[problem.tensor]]\nname = \"O\"\nindices = [\"N\", \"P\"]\noutput = true\n"
        )
    };
    for axis in ["x", "y"] {
        let found = neighbours(axis, true, &problem(1), "R=3", "P=2");
        let inputs = |level: usize| &found.levels[level].tensors[0].words;
        equal("Store", inputs(1).read.actual, 4.0);
        equal("fills", inputs(0).fill.actual, 3.0);
        equal("reads", inputs(0).read.actual, 4.0);
        // Twice, N outside: going back to the first word is a step of -1 as Timeloop sees it, which
        // follows the step of 1, so that all is new but what the second Spad has from the first. Store:
        // 2 + 2, then 1 + 2. A Spad: 7 / 2, rounded to 4, and of neighbours 5 / 2, whole ones.
        let found = neighbours(axis, true, &problem(2), "N=2 R=3", "P=2");
        let inputs = |level: usize| &found.levels[level].tensors[0].words;
        equal("Store", inputs(1).read.actual, 7.0);
        equal("fills", inputs(0).fill.actual, 6.0);
        equal("reads", inputs(0).read.actual, 8.0);
    }
}
