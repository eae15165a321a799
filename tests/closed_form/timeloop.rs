//! Numbers of Timeloop's files under Timeloop's rules, derived by hand.

use signloop::accelerator::{
    model::{Evaluation, evaluate},
    sparse::Rules,
    timeloop::import,
};

use super::{design, processor::equal};

fn timeloop(name: &str) -> Evaluation {
    let path = format!("tests/cases/timeloop/{name}.yaml").into();
    let found = import(&[path]).unwrap_or_else(|error| panic!("{error}"));
    evaluate(&found.accelerator, &found.problem, &found.mapping.unwrap(), Rules::Timeloop)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Z[M] = sum over K of A[M,K] B[K], M = 2 in time, 2 in space, K = 8 in time: 16 cycles on 2 of 8
/// register files, each of which leaks 1 pJ a cycle; no other energy but a leakage of 1 pJ of the
/// units, which Timeloop does not read. 16 * 2 * 1.
#[test]
fn used_instances_leak_and_units_do_not() {
    let found = timeloop("leak");
    assert_eq!(found.score.cycles, 16);
    equal("register files", found.levels[0].leak_pj, 32.0);
    equal("units", found.compute.energy_pj, 0.0);
    equal("total", found.score.energy_pj, 32.0);
}

/// The same design, where an access of a register file costs 5 pJ, whatever it does. In each of 2
/// files: A is filled and read 16 times; B is filled 8 times and read 16 times; Z is updated 16
/// times and read again but for the 2 first times: 14. 2 * (32 + 24 + 30) * 5.
#[test]
fn an_access_is_the_energy_of_reads_fills_and_updates() {
    let found = timeloop("access");
    design::spent("register files", &found, 0, [320.0, 240.0, 300.0]);
    equal("total", found.score.energy_pj, 860.0);
}

/// 8 units side by side along M want the same word of Inputs. M = 8 also iterates innermost in
/// time, and while it does each unit has the word from its neighbour: of 2^30 steps one in 8 reads
/// the buffer. A level between that bypasses everything changes nothing.
#[test]
fn units_hand_words_on_below_a_bypassed_level() {
    let plain = timeloop("links");
    let bypassed = timeloop("bypassed-links");
    let (inputs, buffer) = (1, 1);
    equal("plain", plain.levels[0].tensors[inputs].words.read.actual, 134_217_728.0);
    equal("bypassed", bypassed.levels[buffer].tensors[inputs].words.read.actual, 134_217_728.0);
    for (plain, bypassed) in plain.levels.iter().zip(&bypassed.levels[1..]) {
        assert_eq!(plain.tensors, bypassed.tensors);
    }
}

/// The design of `used_instances_leak_and_units_do_not` as an older file says it: words with
/// hyphens, other names of attributes, a version in quotes, 16 bits where none are stated, blanks in
/// an order, keys that are never read, an empty mapping beside the real one, and three leakages
/// with arguments, of which the dearest counts.
#[test]
fn older_files_say_the_same() {
    let paths = ["no-mapping", "version-0.3"]
        .map(|name| format!("tests/cases/timeloop/{name}.yaml").into());
    let found = import(&paths).unwrap_or_else(|error| panic!("{error}"));
    let left_out = ["globals", "architecture.n_banks", "problem.H", "mapping.stream"];
    assert_eq!(found.ignored[..4], left_out);
    assert_eq!(found.ignored[4..], ["compound_components"]);
    assert_eq!(found.accelerator.compute.word_bits, 16);
    let (accelerator, problem) = (&found.accelerator, &found.problem);
    let cost = evaluate(accelerator, problem, &found.mapping.unwrap(), Rules::Timeloop).unwrap();
    assert_eq!(cost.score.cycles, 16);
    equal("total", cost.score.energy_pj, 32.0);
}
