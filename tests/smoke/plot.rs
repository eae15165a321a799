use std::{collections::BTreeMap, path::Path};

use assert_cmd::Command;

fn signloop() -> Command {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
}

fn report(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("report.json");
    signloop()
        .args(["simulate", "--arch", "raspberry-pi-5", "--workload", "resnet20-cifar10"])
        .args(["--method", "dense,zero-skip", "--format", "json", "--out"])
        .arg(&path)
        .assert()
        .success();
    path
}

fn draw(report: &Path, out: &Path) -> BTreeMap<String, Vec<u8>> {
    signloop().args(["plot", "all", "--from"]).arg(report).arg("--out").arg(out).assert().success();
    std::fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn figures_repeat_byte_for_byte_with_their_data_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path());
    let first = draw(&report, &folder.path().join("a"));
    assert_eq!(first, draw(&report, &folder.path().join("b")));
    assert_eq!(first.len(), 35, "seven figures as SVG, PDF, PNG, CSV and TeX");
    for (name, bytes) in &first {
        let start: &[u8] = match name.rsplit('.').next().unwrap() {
            "svg" => b"<svg ",
            "pdf" => b"%PDF-",
            "png" => b"\x89PNG\r\n",
            "csv" => b"# ",
            _ => b"% ",
        };
        assert!(bytes.starts_with(start), "{name}");
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
        // The input's hash stands in every file; a PDF's fonts are no Type 3 and are embedded.
        assert!(has(b"report.json xxh3-128 "), "{name} has no provenance");
        if name.ends_with(".pdf") {
            assert!(has(b"/CIDFontType2") && has(b"/FontFile2") && !has(b"/Type3"), "{name}");
        }
    }
    // The CSV holds the report's numbers: density of the trained signed-binary weights.
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let expected = json["layers"][1]["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|result| result["scheme"] == "signed-binary")
        .unwrap()["weights"]["density"]
        .as_f64()
        .unwrap();
    let csv = String::from_utf8(first["density.csv"].clone()).unwrap();
    let rows: Vec<&str> = csv.lines().filter(|line| !line.starts_with('#')).collect();
    let column = rows[0].split(',').position(|name| name == "signed_binary_fraction").unwrap();
    let value: f64 = rows[1].split(',').nth(column).unwrap().parse().unwrap();
    assert!((value - expected).abs() < 1e-12);
}

#[test]
fn what_cannot_be_drawn_says_so_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for (content, figure) in [
        ("{", "energy"),
        ("{}", "energy"),
        (r#"{"schema": "other"}"#, "energy"),
        (r#"{"schema": "signloop-report-1", "totals": [], "layers": []}"#, "energy"),
        (r#"{"schema": "signloop-report-1", "totals": 3, "layers": []}"#, "ops"),
        ("{}", "energie"),
    ] {
        let path = folder.path().join("report.json");
        std::fs::write(&path, content).unwrap();
        signloop()
            .args(["plot", figure, "--from"])
            .arg(&path)
            .arg("--out")
            .arg(&out)
            .assert()
            .code(2);
        assert!(!out.exists());
    }
    signloop().args(["plot", "energy"]).assert().code(2);
}
