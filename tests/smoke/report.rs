use assert_cmd::Command;

fn json(arguments: &[&str], threads: &str) -> Vec<u8> {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
        .args(["simulate", "--format", "json"])
        .args(arguments)
        .env("RAYON_NUM_THREADS", threads)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone()
}

const DEFAULT: [&str; 4] = ["--arch", "xeon-gold-6226", "--workload", "resnet20-cifar10"];

#[test]
fn the_report_is_as_its_schema_says() {
    let schema = std::fs::read_to_string("docs/report.schema.json").unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    // The methods that take long on wide layers are in the report of the first workload.
    let fast = ["--method", "dense,bit-packed,zero-skip,filter-repetition,ucnn"];
    for (workload, methods) in
        [("resnet20-cifar10", &[][..]), ("alexnet-svhn", &fast[..]), ("mlp-mnist", &fast[..])]
    {
        let arguments = ["--arch", "raspberry-pi-4", "--workload", workload];
        let report = json(&[&arguments, methods].concat(), "2");
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{workload}: {errors:?}");
    }
    // The schema refuses what it should, or the test could not fail.
    let mut report: serde_json::Value = serde_json::from_slice(&json(&DEFAULT, "2")).unwrap();
    report["layers"][0]["results"][0]["ops"]["adds"] = serde_json::json!(-1);
    assert!(!validator.is_valid(&report));
}

#[test]
fn the_same_bytes_whatever_the_thread_count() {
    assert_eq!(json(&DEFAULT, "1"), json(&DEFAULT, "2"));
}

/// Totals are the sums of the layers' results, recomputed here from the JSON alone.
#[test]
fn totals_are_the_sums_of_their_layers() {
    let report: serde_json::Value = serde_json::from_slice(&json(&DEFAULT, "2")).unwrap();
    for total in report["totals"].as_array().unwrap() {
        let (mut adds, mut bytes, mut energy, mut layers) = (0, 0, 0.0, 0);
        for layer in report["layers"].as_array().unwrap() {
            for result in layer["results"].as_array().unwrap() {
                if result["scheme"] == total["scheme"] && result["method"] == total["method"] {
                    layers += 1;
                    adds += result["ops"]["adds_total"].as_u64().unwrap();
                    energy += result["energy_pj"]["total"].as_f64().unwrap();
                    bytes += traffic(result);
                }
            }
        }
        assert_eq!(total["layers"].as_u64(), Some(layers));
        assert_eq!(total["ops"]["adds_total"].as_u64(), Some(adds));
        assert_eq!(traffic(total), bytes);
        assert!((total["energy_pj"]["total"].as_f64().unwrap() / energy - 1.0).abs() < 1e-9);
    }
}

fn traffic(result: &serde_json::Value) -> u64 {
    let rows = result["traffic"].as_array().unwrap();
    rows.iter()
        .map(|row| row["read_bytes"].as_u64().unwrap() + row["write_bytes"].as_u64().unwrap())
        .sum()
}

#[test]
fn an_output_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("absent").join("report.json");
    Command::new(env!("CARGO_BIN_EXE_signloop"))
        .args(["simulate", "--format", "json", "--out"])
        .arg(&out)
        .args(DEFAULT)
        .assert()
        .code(2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Reports of one mapped problem and of a network on an accelerator.
#[test]
fn reports_of_accelerators_are_as_their_schemas_say() {
    let problem = ["--arch", "tests/cases/accelerator/07_uniform_uopcp_skipDouble.toml"];
    let network = ["--arch", "eyeriss-v2-pe", "--workload", "resnet8-digits"];
    for (schema, arguments) in [("accelerator-report", &problem[..]), ("map-report", &network[..])]
    {
        let text = std::fs::read_to_string(format!("docs/{schema}.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
        let mut report: serde_json::Value = serde_json::from_slice(&json(arguments, "2")).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{schema}: {errors:?}");
        report["cycle"] = serde_json::json!(1);
        assert!(!validator.is_valid(&report), "{schema}");
    }
}
