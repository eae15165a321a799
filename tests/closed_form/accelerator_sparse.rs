//! Gating, skipping, formats and their energy, derived by hand for small made-up designs whose
//! constants are all different numbers.

use super::{
    design::{Rules, moved, run, spent, states},
    processor::equal,
};

/// One unit. Z[N] = sum over K of A[K] B[N,K], N = 3 outside of K = 5; 2 of 5 words of A are not
/// zero and 3 of 15 of B. A is stored as a bit mask and its nonzero words.
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
{more}

[storage.energy]
read_pj = 2.3
gated_read_pj = 0.17
skipped_read_pj = 0.019
fill_pj = 3.1
gated_fill_pj = 0.23
update_pj = 3.7
gated_update_pj = 0.29
skipped_update_pj = 0.021
metadata_read_pj = 0.31
metadata_fill_pj = 0.41
metadata_update_pj = 0.43
gated_metadata_read_pj = 0.037
decompress_pj = 0.67
compress_pj = 0.71

{safs}

[[storage]]
name = "Store"
source = "made up for this test"
word_bits = 8
block_words = 4
metadata = {{ word_bits = 1, width_bits = 16 }}

[storage.energy]
read_pj = 29
fill_pj = 37
update_pj = 31
metadata_read_pj = 5.3
metadata_fill_pj = 5.9
metadata_update_pj = 6.1

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

/// A as the problem states it, to be replaced by another.
const A_DENSITY: &str = "indices = [\"K\"]\ndensity = { kind = \"uniform\", share = 0.4 }";

/// A kept as a mask and its nonzero words.
const MASK: &str =
    "[[storage.format]]\ntensor = \"A\"\nranks = [{ format = \"b\", metadata_bits = 1 }]\n";

/// One word of three is not zero.
const THIRD: &str = "density = { kind = \"uniform\", share = 0.3333333333333333 }";

/// One rank of mask bits.
const BITS: &str = "{ format = \"b\", metadata_bits = 1 }";

/// Offsets of rows of mask bits.
const ROWS: &str = "{ format = \"uop\" }, { format = \"b\", metadata_bits = 1 }";

/// A format of a tensor.
fn kept(tensor: &str, ranks: &str) -> String {
    format!("[[storage.format]]\ntensor = \"{tensor}\"\nranks = [{ranks}]\n")
}

/// A design with more formats and features at its Store.
fn in_store(design: &str, more: &str) -> String {
    design.replace("[compute]", &format!("{more}\n[compute]"))
}

/// A feature.
fn saf(kind: &str, follower: &str, leader: &str) -> String {
    format!(
        "[[storage.saf]]\nkind = \"{kind}\"\nfollower = \"{follower}\"\nleaders = [\"{leader}\"]\n"
    )
}

/// A word of B is useless where the word of A is zero: 0.6 of 15 reads, 9. A reads its 0.4 of 15
/// words and fills 0.4 of 5, and 15 and 5 bits of masks with them, 4 an access.
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

/// The Store sends A once: 2 words of its tile of 5, which are half a block of 4 but take a whole
/// one: 2 / 4 * 29 twice; 5 bits of 16 an access: 5 / 16 * 5.3. B: 15 * 29 / 4. Z: 3 * 31 / 4.
#[test]
fn small_compressed_tiles_take_whole_blocks() {
    let found = run(&sparse(MASK, "", ""), Rules::Exact);
    spent("Store", &found, 1, [30.656_25, 108.75, 23.25]);
    // With Timeloop, 1 block and 1 access of metadata; 4 blocks of B; 1 of Z. The tile has fewer
    // blocks than its table has for blocks of 4 at 0.4: the half block counts double, and the whole
    // one.
    let found = run(&sparse(MASK, "", ""), Rules::Timeloop);
    spent("Store", &found, 1, [2.0 * 29.0 + 5.3, 116.0, 31.0]);
}

/// Ports move masks as words of 8 bits. Reads: 6 + 15 / 8 of A, 15 of B of which gating does not
/// free the port, 15 of Z: 37.875; where B's are skipped 28.875. Writes: 2 + 5 / 8, 15 and 15:
/// 32.625.
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

/// Z, of which a third is not zero, is kept plain in the Buffer and compressed in the Store: 1 of its
/// 3 words is compressed on the way out and none comes back. 15 * 2.3 + 15 * 3.7 + 0.71. Timeloop
/// does not count the 3 reads of what leaves, and counts the third of the tiles that is not empty:
/// (12 * 2.3 + 15 * 3.7 + 0.71) / 3.
#[test]
fn compressing_costs_by_the_word() {
    let flags = "decompresses = true\ncompresses = true";
    let text = in_store(&sparse("", "", flags), &kept("Z", BITS))
        .replace("output = true", &format!("output = true\n{THIRD}"));
    for (rules, derived) in [(Rules::Exact, 90.71), (Rules::Timeloop, 83.81 / 3.0)] {
        let found = run(&text, rules);
        equal("Z", found.levels[0].tensors[2].energy_pj, derived);
    }
}

/// A word of A is there in 0.4 of the operations, one of B is not zero in 0.2. Of 15 operations 1.2
/// have both, 4.8 have A and a zero of B, and 9 have no A. A unit gates where it gets a zero, or
/// nothing and cannot skip; it skips where it gets nothing.
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

/// B is stored as a mask, too: 0.08 of 15 operations have both, 0.4 * 0.8 + 0.6 * 0.2 = 0.44 one,
/// and 0.48 none, for which nothing asks: 1.2, 6.6 and 7.2, of which Timeloop takes whole ones from
/// all.
#[test]
fn operations_of_two_compressed_operands() {
    let both = MASK.to_owned() + &kept("B", BITS);
    let store = kept("B", ROWS);
    for (units, exact, timeloop) in [
        ("", [7.8, 0.0, 0.0], [8.0, 0.0, 0.0]),
        ("gates = true", [1.2, 6.6, 0.0], [2.0, 6.0, 0.0]),
        ("skips = true", [1.2, 0.0, 6.6], [2.0, 0.0, 6.0]),
    ] {
        let text = in_store(&sparse(&both, units, ""), &store);
        states(units, run(&text, Rules::Exact).compute.flow, exact);
        states(units, run(&text, Rules::Timeloop).compute.flow, timeloop);
    }
}

/// A's reads are gated where B is zero, 0.8 of 15: 12 operations. A itself is there in 0.4 of them,
/// 4.8. 3 operations are left, whose B is not zero and of which 1.2 have A.
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
    let both = MASK.to_owned() + &kept("B", BITS) + &saf("gate", "A", "B");
    let store = kept("B", ROWS);
    let found = run(&in_store(&sparse(&both, "", ""), &store), Rules::Exact);
    states("masks", found.compute.flow, [3.0, 4.8, 0.0]);
}

/// With Timeloop's rounding. A: 15 - 9 reads and 5 - 3 fills, ⌈15 / 4⌉ and ⌈5 / 4⌉ accesses of
/// masks: 6 * 2.3 + 2 * 3.1 + 4 * 0.31 + 2 * 0.41. Z reads 12 words. Gated operations are not kept.
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

/// Updates of Z are useless where A is zero: 0.6 of 15 updates; of 12 reads 7.2, which Timeloop
/// rounds up to 8, as a read is part of an update; the 6 updates left of 15 leave ⌈12 * 6 / 15⌉ = 5
/// sums.
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

/// 3 of 5 words of A in blocks of 2 take 2 blocks, not 1.5: 3 / 2 * 29 * 4 / 3, and 5 bits of 16.
/// Blocks of one word are never partly empty: 3 * 29.
#[test]
fn the_last_block_of_a_tile_is_partly_empty() {
    for (block, derived) in [(2, 58.0), (1, 87.0)] {
        let text = sparse(MASK, "", "")
            .replace("block_words = 4", &format!("block_words = {block}"))
            .replace("share = 0.4", "share = 0.6");
        let found = run(&text, Rules::Exact);
        equal("A", found.levels[1].tensors[0].energy_pj, derived + 5.0 / 16.0 * 5.3);
    }
}

/// Three Buffers get the same words of A at once, and each decompresses its own:
/// 3 * (5 * 2.3 + 5 * 3.1 + 5 * 0.67).
#[test]
fn every_buffer_decompresses_its_own() {
    let text = sparse("", "instances_x = 3", "decompresses = true\ninstances_x = 3")
        .replace("temporal = \"N=3\"", "spatial_x = \"N=3\"");
    let found = run(&text, Rules::Exact);
    equal("A", found.levels[0].tensors[0].energy_pj, 91.05);
}

/// Neither operand's zeros are known before they arrive: of 15 operations 1.2 are without a zero.
#[test]
fn units_gate_zeros_of_either_operand() {
    let found = run(&sparse("", "gates = true", "decompresses = true"), Rules::Exact);
    states("gates", found.compute.flow, [1.2, 13.8, 0.0]);
}

/// Z is kept as a mask and its nonzero words, 1 of 3, in the Buffer over all of N = 3 and K = 5.
/// Updates: 15 / 3. Reads: 12 / 3 for sums and 3 / 3 that leave. As many bits as words of the
/// whole: 15 each. 5 * 2.3 + 5 * 3.7 + 15 / 4 * 0.31 + 15 / 4 * 0.43.
#[test]
fn masks_of_outputs() {
    let both = MASK.to_owned() + &kept("Z", BITS);
    let design = |port: &str| {
        sparse(&both, "", port)
            .replace("[compute]", &(kept("Z", BITS) + "\n[compute]"))
            .replace(
                "output = true",
                "output = true\ndensity = { kind = \"uniform\", share = 0.3333333333333333 }",
            )
            .replace("temporal = \"N=3\"", "temporal = \"N=1\"")
            .replace("temporal = \"K=5\"", "temporal = \"N=3 K=5\"")
    };
    let found = run(&design(""), Rules::Exact);
    let z = &found.levels[0].tensors[2];
    moved("Z", z, [[5.0, 0.0, 0.0], [0.0; 3], [5.0, 0.0, 0.0]]);
    states("bits read", z.ranks[0].metadata.read, [15.0, 0.0, 0.0]);
    states("bits updated", z.ranks[0].metadata.update, [15.0, 0.0, 0.0]);
    equal("Z", z.energy_pj, 32.775);
    // Writes: 2 + 5 / 8 of A, 15 of B, 5 + 15 / 8 of Z: 24.5.
    let cycles = run(&design("write_words_per_cycle = 0.1"), Rules::Exact).score.cycles;
    assert_eq!(cycles, 245);
    let found = run(&design(""), Rules::Timeloop);
    equal("updates", found.levels[0].tensors[2].words.update.actual, 5.0);
}

/// Timeloop divides bits of masks by the word as integers: 15 / 8 is one word. Reads: 6 + 1 of A,
/// 15 of B (gated ones take the port), 12 of Z; half a word a cycle takes 68 cycles.
#[test]
fn masks_take_whole_words_of_a_port() {
    let text =
        sparse(&(MASK.to_owned() + &saf("gate", "B", "A")), "", "read_words_per_cycle = 0.5");
    assert_eq!(run(&text, Rules::Timeloop).score.cycles, 68);
}

/// B as coordinates: a row of 5 of 15 words, of which 3 are not zero, is empty with probability
/// C(10,3) / C(15,3) = 120 / 455 = 24 / 91; others have 1 / (67 / 91) = 1.36 words. Timeloop: of 15
/// reads and fills ⌊15 * (1 - 1.36 / 5)⌋ = 10 fall away; ⌈3 * 1.36⌉ = 5 coordinates, of one bit
/// each.
#[test]
fn rows_that_are_there_have_more_words() {
    let both = MASK.to_owned() + &kept("B", "{ format = \"cp\", metadata_bits = 1 }");
    let ranks = "{ format = \"uop\", payload_bits = 3 }, { format = \"cp\", metadata_bits = 2 }";
    let text = in_store(&sparse(&both, "", ""), &kept("B", ranks));
    let found = run(&text, Rules::Timeloop);
    let b = &found.levels[0].tensors[1];
    moved("B", b, [[5.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0; 3]]);
    states("coordinates read", b.ranks[0].metadata.read, [5.0, 0.0, 0.0]);
    equal("rows", b.instances, 67.0 / 91.0);
    // Exactly: the Store sends 3 words in blocks of 4, 3 coordinates of 2 bits, and 4 offsets of 3
    // bits.
    let found = run(&text, Rules::Exact);
    let b = &found.levels[1].tensors[1];
    moved("B", b, [[3.0, 0.0, 0.0], [0.0; 3], [0.0; 3]]);
    states("coordinates", b.ranks[0].metadata.read, [3.0, 0.0, 0.0]);
    states("offsets", b.ranks[1].payload.read, [4.0, 0.0, 0.0]);
    // 3 / 4 * 29 for one block of 3 words, a third more as a whole one, and 18 bits, 16 an access.
    equal("B", b.energy_pj, 29.0 + 18.0 / 16.0 * 5.3);
}

/// Z[N] = sum over K of A[N,K] B[N,K]. The Store skips rows of A where B's row is empty, 24 / 91 of
/// them; the Buffer gates words of A where B's is zero, 0.8 of all.
fn rows(buffer: &str, store: &str) -> String {
    sparse(buffer, "", "")
        .replace(MASK, "")
        .replace("[compute]", &(store.to_owned() + "\n[compute]"))
        .replace(A_DENSITY, "indices = [\"N\", \"K\"]")
}

#[test]
fn rows_are_skipped_and_words_gated() {
    let text = rows(&saf("gate", "A", "B"), &saf("skip", "A", "B"));
    // Of 15 reads 15 * 24 / 91 are never asked for, 0.2 * 15 = 3 are done, the others are gated.
    let found = run(&text, Rules::Exact);
    let skipped = 15.0 * 24.0 / 91.0;
    let a = &found.levels[0].tensors[0];
    moved("A", a, [[3.0, 12.0 - skipped, 0.0], [15.0 - skipped, 0.0, 0.0], [0.0; 3]]);
    let a = &found.levels[1].tensors[0];
    moved("A", a, [[15.0 - skipped, 0.0, skipped], [0.0; 3], [0.0; 3]]);
    states("operations", found.compute.flow, [3.0, 12.0 - skipped, skipped]);
    // Whole words: 15 - ⌊3.96⌋ are left, of which 1 - 0.2 * 91 / 67 = 0.728 are gated: ⌊12 * 0.728⌋
    // = 8.
    let found = run(&text, Rules::Timeloop);
    let a = &found.levels[0].tensors[0];
    moved("A", a, [[4.0, 8.0, 0.0], [12.0, 0.0, 0.0], [0.0; 3]]);
    // A kept as masks: a slip of Timeloop that its users' numbers carry takes updates, of which
    // there are none, for reads of masks where the level outside saves, too.
    let store =
        "[[storage.format]]\ntensor = \"A\"\nranks = [{ format = \"uop\" }, { format = \"b\" }]\n";
    let text = sparse(&(MASK.to_owned() + &saf("gate", "A", "B")), "", "")
        .replace(
            &(MASK.to_owned() + "\n[compute]"),
            &(store.to_owned() + &saf("skip", "A", "B") + "\n[compute]"),
        )
        .replace(A_DENSITY, "indices = [\"N\", \"K\"]");
    let masks = &run(&text, Rules::Timeloop).levels[0].tensors[0].ranks[0].metadata;
    states("bits read", masks.read, [0.0; 3]);
    states("bits filled", masks.fill, [15.0, 0.0, 0.0]);
    // The same of Z, whose words move alone, not in blocks of several rows: of 15 updates and 12
    // reads 3 each.
    let text = rows("", &saf("skip", "Z", "B")).replace("block_words = 4", "block_words = 1");
    let found = run(&text, Rules::Timeloop);
    let z = &found.levels[0].tensors[2];
    moved("Z", z, [[9.0, 0.0, 0.0], [0.0; 3], [12.0, 0.0, 0.0]]);
}

/// Each of 5 lanes would hold one K; those where B is zero are left out: 3 of 15 words of B are
/// not, so that a row takes 1 lane on average and 3 at most. A lane in use reads 3 words of A and
/// hands 3 sums on: its ports are those of 3 lanes. B's words and mask bits are an average over all
/// 5 lanes, 0.6 of each. Reads: 3 / 3 of A, 3 / 3 of Z, (0.6 + 0.6 / 8) * 5 / 3 of B: 3.125.
#[test]
fn spare_lanes_lend_their_ports() {
    let b = kept("B", BITS);
    let store = [
        &kept("B", ROWS),
        &saf("spatial-skip", "A", "B"),
        &saf("spatial-skip", "Z", "B"),
        "\n[compute]",
    ];
    let text = sparse(&b, "instances_x = 3", "instances_x = 3\nread_words_per_cycle = 0.1")
        .replace(A_DENSITY, "indices = [\"N\", \"K\"]")
        .replace("[compute]", &store.concat())
        .replace(MASK, "")
        .replace("temporal = \"N=3\"", "temporal = \"N=3\"\nspatial_x = \"K=5\"")
        .replace("temporal = \"K=5\"", "");
    let found = run(&text, Rules::Exact);
    equal("lanes of A", found.levels[0].tensors[0].instances, 1.0);
    equal("lanes of B", found.levels[0].tensors[1].instances, 5.0);
    // 3 * 2.3 + 3 * 3.1; 5 * (0.6 * 2.3 + 0.6 * 3.1 + 0.6 / 4 * (0.31 + 0.41)); 3 * 2.3 + 3 * 3.7.
    spent("lanes", &found, 0, [16.2, 16.74, 18.0]);
    states("operations", found.compute.flow, [3.0, 0.0, 12.0]);
    // 3.125 / 0.1.
    assert_eq!(found.score.cycles, 32);
}
