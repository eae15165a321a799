//! Do the editors' schemas say what the readers say? Every shipped file passes; every bad file
//! fails, but for those whose fault no schema can express.

use std::path::Path;

/// Faults between values, or of the text itself.
const BEYOND_A_SCHEMA: &[&str] = &[
    // arch: order and sizes of the levels, geometry, peak.
    "faster-than-peak",
    "level-order",
    "levels-swapped",
    // A processor that calls itself an accelerator: the schema leaves those open.
    "not-a-cpu",
    "smaller-than-a-line",
    "victim-l1",
    "ways-do-not-divide",
    // accelerator: sizes against each other, names of another table, ranks in an order, tiles that
    // do not fit.
    "arrays-do-not-divide",
    "cannot-decompress",
    "compressed-over-plain",
    "does-not-cover",
    "energy-outside-table",
    "energy-without-metadata-depth",
    "factor-does-not-divide",
    "imperfect-factor",
    "metadata-over-capacity",
    "over-capacity",
    "over-fanout",
    "structured-share-too-small",
    "too-few-ranks",
    "unknown-dimension",
    "unknown-level",
    "unknown-tensor",
    // workload: shapes that do not chain.
    "bad-add",
    "does-not-chain",
    "groups-do-not-divide",
    "kernel-too-large",
    "unknown-input",
    // sweep: names that lead nowhere, keys swept twice.
    "no-such-key",
    "no-such-weights",
    "twice",
];

fn schema(name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(format!("docs/{name}.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator(name: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&schema(name)).unwrap()
}

/// Accelerators stand beside processors and have a schema of their own.
fn is_accelerator(path: &Path) -> bool {
    std::fs::read_to_string(path).unwrap().contains("kind = \"accelerator\"")
}

/// What is wrong with a file under a schema; TOML that does not parse is wrong, too.
fn wrong(validator: &jsonschema::Validator, path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let Ok(table) = text.parse::<toml::Table>() else { return vec!["no TOML".to_owned()] };
    // NaN and infinity are legal TOML and become null here, which no number is.
    let value = serde_json::to_value(table).unwrap();
    validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

#[test]
fn shipped_files_pass_and_name_their_schema() {
    let mut hinted = 0;
    for (schema, folder, up) in [
        ("arch", "arch", ".."),
        ("accelerator", "arch", ".."),
        ("workload", "workloads", ".."),
        ("sweep", "examples/sweeps", "../.."),
    ] {
        let validator = validator(schema);
        for path in files(folder) {
            if folder == "arch" && is_accelerator(&path) != (schema == "accelerator") {
                continue;
            }
            let problems = wrong(&validator, &path);
            assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
            let text = std::fs::read_to_string(&path).unwrap();
            let hint = format!("#:schema {up}/docs/{schema}.schema.json");
            let first = text.lines().next().unwrap_or_default();
            assert!(first == hint || !first.starts_with("#:"), "{}", path.display());
            hinted += usize::from(first == hint);
        }
    }
    assert!(hinted >= 23, "only {hinted} files tell editors of their schema");
}

#[test]
fn bad_files_fail_where_a_schema_can_tell() {
    let mut beyond = Vec::new();
    for (schema, folder) in [
        ("arch", "tests/cases/bad-arch"),
        ("accelerator", "tests/cases/bad-accelerator"),
        ("workload", "tests/cases/bad-workload"),
        ("sweep", "tests/cases/bad-sweep"),
    ] {
        let validator = validator(schema);
        for path in files(folder) {
            if wrong(&validator, &path).is_empty() {
                beyond.push(path.file_stem().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    beyond.sort();
    let mut expected = BEYOND_A_SCHEMA.to_vec();
    expected.sort_unstable();
    assert_eq!(beyond, expected);
}

/// The tables of a mapping are the same in a file of their own and in an accelerator's file.
#[test]
fn designs_pass_whole_and_in_parts() {
    let (whole, parts) = (schema("accelerator"), schema("mapping"));
    for name in ["problem", "tensor", "density", "mapping", "constraint"] {
        assert_eq!(whole["$defs"][name], parts["$defs"][name], "{name}");
    }
    let (whole, parts) = (validator("accelerator"), validator("mapping"));
    for path in files("tests/cases/accelerator") {
        let problems = wrong(&whole, &path);
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
        let table: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let rest =
            table.into_iter().filter(|(key, _)| ["problem", "mapping"].contains(&key.as_str()));
        let rest = serde_json::to_value(rest.collect::<toml::Table>()).unwrap();
        assert!(parts.is_valid(&rest), "{}", path.display());
    }
}
