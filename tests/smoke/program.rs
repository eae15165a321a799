use assert_cmd::Command;

fn signloop(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_signloop")).args(arguments).assert()
}

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(signloop(arguments).success().get_output().stdout.clone()).unwrap()
}

const LAYER: [&str; 9] = [
    "program",
    "--workload",
    "resnet20-cifar10",
    "--layer",
    "layer1.0.conv1",
    "--scheme",
    "signed-binary",
    "--method",
    "sum-merge",
];

/// The JSON alone is enough to run the program: here on the unit vectors, which gives the codes.
#[test]
fn an_exported_program_runs() {
    let text = stdout(&[LAYER.as_slice(), &["--format", "json", "--verify"]].concat());
    let export: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(export["schema"], "signloop-program-1");
    assert_eq!(export["verified"]["programs"], 1);
    let program = &export["programs"][0];
    let inputs = program["inputs"].as_u64().unwrap() as usize;
    assert_eq!(inputs, 16 * 9);
    let term = |values: &[i64], term: &serde_json::Value| {
        values[term["operand"].as_u64().unwrap() as usize] * term["sign"].as_i64().unwrap()
    };
    let (mut adds, mut effectual) = (0, 0);
    for unit in 0..inputs {
        let mut values = vec![0_i64; inputs];
        values[unit] = 1;
        adds = 0;
        for node in program["nodes"].as_array().unwrap() {
            let terms = node.as_array().unwrap();
            adds += terms.len() as u64 - 1;
            values.push(terms.iter().map(|t| term(&values, t)).sum());
        }
        for output in program["outputs"].as_array().unwrap() {
            let terms = output.as_array().unwrap().iter();
            let code: i64 = terms.map(|t| term(&values, &t[0]) * t[1].as_i64().unwrap()).sum();
            assert!((-1..=1).contains(&code));
            effectual += code.abs();
        }
    }
    assert_eq!(export["counts"]["adds"].as_u64(), Some(adds));
    // Density between 0 and 1 of 16 filters of 144 weights, both excluded.
    assert!((1..16 * 144).contains(&effectual));
}

#[test]
fn small_programs_are_drawn_and_large_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let workload = folder.path().join("net.toml");
    std::fs::write(
        &workload,
        "name = \"n\"\n[input]\nchannels = 6\nheight = 1\nwidth = 1\n[weights]\nformat = \
         \"synthetic\"\n[[layer]]\nname = \"fc1\"\nkind = \"linear\"\nout_features = 2\n",
    )
    .unwrap();
    let path = workload.to_str().unwrap();
    let drawn = stdout(&[
        "program",
        "--workload",
        path,
        "--layer",
        "fc1",
        "--scheme",
        "binary",
        "--method",
        "sum-merge",
        "--format",
        "dot",
    ]);
    assert!(drawn.starts_with("digraph") && drawn.contains("-> y1"), "{drawn}");
    let layer = |name: &'static str| -> Vec<&str> {
        LAYER.iter().map(|word| if *word == "layer1.0.conv1" { name } else { *word }).collect()
    };
    let refused = signloop(&[layer("layer3.1.conv1").as_slice(), &["--format", "dot"]].concat());
    assert!(refused.code(2).get_output().stdout.is_empty());
    let output = signloop(&layer("layer1.0.conv9")).code(2).get_output().stderr.clone();
    assert!(String::from_utf8(output).unwrap().contains("did you mean"));
}

#[test]
fn a_verified_simulation_says_so() {
    let arguments = [
        "simulate",
        "--arch",
        "xeon-gold-6226",
        "--workload",
        "resnet20-cifar10",
        "--scheme",
        "ternary",
        "--verify",
        "--method",
        "dense,bit-packed,ucnn,sum-merge,subset-table",
    ];
    let table = stdout(&arguments);
    // 18 layers and 4 methods with a program; `dense` is a closed form.
    assert!(table.contains("verified: 72 programs equal the dense product"), "{table}");
    assert!(table.contains("18 closed forms"), "{table}");
    assert!(table.contains("ternary: fewest adds"), "{table}");
}

#[test]
fn the_ops_table_prints_density_and_both_definitions() {
    let text = stdout(&["ops-table", "--method", "zero-skip", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    // Without a tile there are nine cases.
    assert_eq!(rows.len(), 9);
    for row in &rows {
        let (a, b) = (row["reduction_a"].as_f64().unwrap(), row["reduction_b"].as_f64().unwrap());
        assert!((b - 2.0 * a).abs() < 1e-9);
        // Zero-skip leaves about the density of the MACs.
        assert!((a * row["density"].as_f64().unwrap() - 1.0).abs() < 0.01);
    }
}

#[test]
fn trained_weights_beside_random_ones() {
    let rows = |against: &str| -> Vec<serde_json::Value> {
        let arguments = ["adds", "--workload", "resnet20-cifar10", "--scheme", "signed-binary"];
        let more = ["--method", "zero-skip,ucnn", "--against", against, "--format", "json"];
        serde_json::from_str(&stdout(&[arguments.as_slice(), &more].concat())).unwrap()
    };
    let sum = |rows: &[serde_json::Value], method: &str, key: &str| -> u64 {
        let own = rows.iter().filter(|row| row["method"] == method);
        own.map(|row| row[key].as_u64().unwrap()).sum()
    };
    let shuffled = rows("shuffled");
    assert_eq!(shuffled.len(), 36);
    // Without sharing the place of a weight in its filter does not matter; with sharing it does.
    for row in shuffled.iter().filter(|row| row["method"] == "zero-skip") {
        assert_eq!(row["adds_total"], row["random_adds_total"], "{row}");
    }
    assert!(sum(&shuffled, "ucnn", "adds_total") < sum(&shuffled, "ucnn", "random_adds_total"));
    let iid = rows("iid");
    assert_eq!(sum(&iid, "ucnn", "adds_total"), sum(&shuffled, "ucnn", "adds_total"));
    assert_ne!(sum(&iid, "ucnn", "random_adds_total"), sum(&iid, "ucnn", "adds_total"));
    signloop(&["adds", "--workload", "resnet20-cifar10", "--shape", "3,3,8,8"]).code(2);
    signloop(&["adds", "--against", "iid"]).code(2);
}
