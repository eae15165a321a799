use std::path::Path;

use assert_cmd::Command;

fn check(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
        .current_dir(folder)
        .arg("check")
        .args(arguments)
        .assert()
}

const SAVE: [&str; 8] = [
    "--save-baseline",
    "base.json",
    "--arch",
    "raspberry-pi-4",
    "--workload",
    "mlp-mnist",
    "--scheme",
    "binary",
];

#[test]
fn a_baseline_repeats_itself_and_one_count_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), &SAVE).success();
    check(folder.path(), &["--baseline", "base.json"]).success();
    let base = folder.path().join("base.json");
    let text = std::fs::read_to_string(&base).unwrap();
    // fc1 under dense: 512 filters of 784 weights take 512·783 = 400,896 adds. One less in the
    // baseline means that this run has one more.
    assert!(text.contains("\"adds_total\": 400896"));
    std::fs::write(&base, text.replacen("400896", "400895", 1)).unwrap();
    let output = check(folder.path(), &["--baseline", "base.json", "--junit", "out.xml"]).code(1);
    let shown = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(shown.contains("worse: fc1 binary dense"), "{shown}");
    let xml = std::fs::read_to_string(folder.path().join("out.xml")).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let suite = document.root_element();
    assert_eq!(suite.attribute("failures"), Some("1"), "{xml}");
    let cases = suite.children().filter(|node| node.has_tag_name("testcase"));
    assert_eq!(suite.attribute("tests").unwrap().parse(), Ok(cases.clone().count()));
    let failed: Vec<_> = cases
        .filter(|case| case.children().any(|child| child.has_tag_name("failure")))
        .map(|case| case.attribute("name").unwrap())
        .collect();
    assert_eq!(failed, ["fc1 binary dense"]);
}

#[test]
fn a_broken_baseline_is_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "{", "{\"format\": 3}", "[1e999]"] {
        std::fs::write(folder.path().join("base.json"), text).unwrap();
        check(folder.path(), &["--baseline", "base.json"]).code(2);
    }
    check(folder.path(), &["--baseline", "absent.json"]).code(2);
    check(folder.path(), &[]).code(2);
}
