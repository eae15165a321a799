//! Do the examples run? Cargo builds them beside the tests.

use std::{path::PathBuf, process::Command};

fn run(name: &str) -> String {
    // target/PROFILE/deps/smoke-HASH → target/PROFILE/examples/NAME
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.extend(["examples", name]);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    if !path.exists() {
        // One test binary alone was asked for, without the examples.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built =
            Command::new(cargo).args(["build", "--profile", "test", "--example", name]).status();
        assert!(built.unwrap().success(), "{name}");
    }
    let output = Command::new(&path).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// 12 rows; the program of a layer never has more adds than the dense product.
#[test]
fn counting_ops() {
    let text = run("count_ops");
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let (macs, adds): (u64, u64) = (row[3].parse().unwrap(), row[4].parse().unwrap());
        assert!(0 < adds && adds < macs, "{row:?}");
    }
}

#[test]
fn running_a_kernel() {
    assert!(run("run_kernel").contains("largest difference"));
}

#[test]
fn evaluating_a_mapping() {
    let text = run("evaluate_accelerator");
    assert!(text.contains("cycles") && text.contains("loops turned round"));
}

/// 16 filters of 72 weights: 1152 bits of mask, 16 signs, 16 scales.
#[test]
fn packing_weights() {
    let text = run("pack_weights");
    assert!(text.starts_with("conv1.weight: 1152 weights, "), "{text}");
}

/// Ten classes: chance is 10 %.
#[test]
fn training_on_digits() {
    let text = run("train_digits");
    let last = text.lines().last().unwrap();
    let accuracy = last.split("accuracy ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(accuracy.parse::<f64>().unwrap() > 50.0, "{text}");
}
