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

/// Rows of a figure's CSV, the header first.
fn rows(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn run(folder: &Path, arguments: &[&str]) {
    signloop().current_dir(folder).args(arguments).assert().success();
}

#[test]
fn outputs_of_other_commands_become_figures_with_their_numbers() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path();
    let small = ["--layer", "layer1.0.conv1", "--evaluations", "60", "--format", "json", "--out"];
    let accelerator = ["--arch", "eyeriss-v2-pe"];
    run(folder, &[&["gain"][..], &accelerator, &small, &["gain.json"]].concat());
    let network = ["--workload", "resnet20-cifar10"];
    run(folder, &[&["map"][..], &accelerator, &network, &small, &["map.json"]].concat());
    for figure in ["gain", "pareto"] {
        let file = if figure == "gain" { "gain.json" } else { "map.json" };
        run(folder, &["plot", figure, "--from", file, "--column", "single", "--out", "out"]);
    }
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let out = folder.join("out");
    let (gain, map) = (json("gain.json"), json("map.json"));
    let bars = rows(&out, "gain.csv");
    assert_eq!(bars[0], ["category", "energy_ratio", "cycles_ratio", "effectual_operations_ratio"]);
    assert_eq!(bars[1][1].parse::<f64>().ok(), gain[0]["energy_ratio"].as_f64());
    let mappings: usize = map["totals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|total| total["front"].as_array().unwrap().len())
        .sum();
    assert_eq!(rows(&out, "pareto.csv").len(), 1 + mappings);
    // A sweep whose impossible points have no value: their cells are crossed.
    std::fs::write(
        folder.join("sweep.toml"),
        "on_invalid = \"skip\"\n[grid]\narch = [\"xeon-gold-6226\"]\nworkload = [\"resnet20-cifar10\"]\n\
         scheme = [\"binary\", \"signed-binary\"]\nmethod = [\"zero-skip\"]\n\
         [[axis]]\nkey = \"arch.cache.L1.size_kib\"\nvalues = [16, 64]\n\
         [[axis]]\nkey = \"arch.cache.L2.size_kib\"\nvalues = [32, 1024]\n",
    )
    .unwrap();
    run(folder, &["sweep", "sweep.toml", "--out", "sweep.csv"]);
    let columns = "arch.cache.L1.size_kib,arch.cache.L2.size_kib,cycles";
    let heat = ["plot", "heat", "--from", "sweep.csv", "--columns", columns, "--out", "out"];
    signloop().current_dir(folder).args(heat).assert().code(2);
    run(folder, &[&heat[..], &["--scheme", "binary"]].concat());
    let cells = rows(&out, "heat.csv");
    assert_eq!(cells.len(), 1 + 4);
    assert!(cells.iter().any(|cell| cell[4] == "nan"), "L1 of 64 KiB over L2 of 32 KiB");
}

#[test]
fn training_runs_become_accuracy_and_fits() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path();
    let runs = [("a", "1", "signed-binary"), ("b", "2", "signed-binary"), ("c", "1", "binary")];
    for (name, seed, scheme) in runs {
        let train =
            ["train", "--dataset", "digits", "--network", "resnet8-digits", "--epochs", "1"];
        let more = ["--train-images", "128", "--scheme", scheme, "--seed", seed, "--out", name];
        run(folder, &[&train[..], &more].concat());
    }
    run(folder, &["plot", "accuracy", "--from", "a,b,c", "--out", "out"]);
    run(folder, &["plot", "fits", "--from", "a/fits.csv", "--out", "out"]);
    let points = rows(&folder.join("out"), "accuracy.csv");
    // Two seeds are one point; every binary weight is effectual.
    assert_eq!(points.len(), 1 + 2);
    assert_eq!((points[1][1].as_str(), points[2][1].as_str()), ("signed-binary", "binary"));
    let effectual: Vec<f64> = points[1..].iter().map(|row| row[2].parse().unwrap()).collect();
    assert!(effectual[0] < 0.6 * effectual[1], "{effectual:?}");
    let fits = rows(&folder.join("out"), "fits.csv");
    let source = rows(&folder.join("a"), "fits.csv");
    assert_eq!(fits.len(), source.len() + 2, "a point a row, and the two ends of the line");
    // A run without its weights is no run.
    std::fs::remove_file(folder.join("a/weights.safetensors")).unwrap();
    let broken = ["plot", "accuracy", "--from", "a,b", "--out", "other"];
    signloop().current_dir(folder).args(broken).assert().code(2);
    assert!(!folder.join("other").exists());
}

/// Names from a file end no comment, start no command, and break no picture.
#[test]
fn names_in_figures_are_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let table = "series,effectual_params,top1_percent,label\n\
                 a\u{b}\u{c}\\input{x},100,80,b\u{1b}[2J<script>\n";
    let name = "a\r\\immediate\\write18{touch pwned}\r%.csv";
    std::fs::write(folder.path().join(name), table).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_signloop"))
        .current_dir(folder.path())
        .args(["plot", "accuracy", "--from", name, "--out", "figures"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for file in std::fs::read_dir(folder.path().join("figures")).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = String::from_utf8(std::fs::read(&path).unwrap()) else { continue };
        let acts = |character: char| character.is_control() && character != '\n';
        assert!(!text.contains(acts), "{}", path.display());
        for line in text.lines().filter(|line| line.contains("write18")) {
            assert!(!path.ends_with(".tex") || line.starts_with('%'), "{line}");
        }
        if path.extension().is_some_and(|extension| extension == "svg") {
            roxmltree::Document::parse(&text).unwrap();
        }
    }
}

#[test]
fn numbers_beyond_any_axis_and_endless_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(30_000);
    for (table, reason) in [
        ("series,cycles,energy_pj\na,10,11\nb,1e-308,19\n".to_owned(), "beyond any axis"),
        ("series,cycles,energy_pj\na,10,11\nb,4e-320,19\n".to_owned(), "beyond any axis"),
        ("series,cycles,energy_pj\na,10,11\nb,1e300,19\n".to_owned(), "beyond any axis"),
        (format!("series,cycles,energy_pj\na,10,11\n{long},12,19\n"), "30000 characters"),
    ] {
        std::fs::write(folder.path().join("points.csv"), table).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_signloop"))
            .current_dir(folder.path())
            .args(["plot", "pareto", "--from", "points.csv", "--out", "figures"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(reason), "{told}");
        assert!(!folder.path().join("figures").exists());
    }
}
