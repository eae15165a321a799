use std::{collections::BTreeMap, path::Path};

use assert_cmd::Command;

fn signloop() -> Command {
    Command::new(env!("CARGO_BIN_EXE_signloop"))
}

fn run(out: &Path, threads: &str) -> (String, BTreeMap<String, Vec<u8>>) {
    let entries = "toy-examples,unique-filters,dram-cost,latent-distributions";
    let assert = signloop()
        .args(["reproduce", "--quick", "--only", entries, "--out"])
        .arg(out)
        .env("RAYON_NUM_THREADS", threads)
        .assert()
        .success();
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let files = std::fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    (text, files)
}

#[test]
fn findings_repeat_byte_for_byte_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(&folder.path().join("a"), "1");
    assert_eq!(first, run(&folder.path().join("b"), "3"));
    let (text, files) = first;
    // Figure 9 of the thread by hand: a+c once, then +e and +b.
    assert!(text.contains("published 3, ours 3"));
    // 640 pJ for one word and 0.1 pJ an add; two words cost twice as much.
    assert!(text.contains("published 6400, ours 12800"));
    let page = String::from_utf8(files["reproduction.md"].clone()).unwrap();
    // Every one of the readers' twelve questions has its line, answered or not in this run.
    for question in 1..=12 {
        assert!(page.contains(&format!("\n| {question} | ")), "{question}");
    }
    for figure in ["unique-filters", "latents-binary", "latents-regions", "latents-effectual"] {
        for extension in ["svg", "pdf", "png", "csv", "tex"] {
            assert!(files.contains_key(&format!("{figure}.{extension}")), "{figure}.{extension}");
        }
        assert!(page.contains(&format!("{figure}.png")));
    }
}

#[test]
fn every_question_of_the_readers_has_an_entry() {
    let entries = signloop::study::reproduce::entries(&[]).unwrap();
    for question in 1..=12 {
        assert!(entries.iter().any(|entry| entry.answers.contains(&question)), "{question}");
    }
}

#[test]
fn unknown_entries_and_broken_measurements_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let file = folder.path().join("measured.json");
    std::fs::write(&file, r#"{"layers": [{"scheme": "binary"}]}"#).unwrap();
    for arguments in [
        vec!["--only", "toy"],
        vec!["--only", "speed-up", "--measured", file.to_str().unwrap()],
        vec!["--only", "speed-up", "--measured", "/no/such/file.json"],
    ] {
        signloop().arg("reproduce").args(arguments).arg("--out").arg(&out).assert().code(2);
        assert!(!out.exists());
    }
}

#[test]
fn measured_times_decide_the_speed_ups_and_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("measured.json");
    let row = |scheme: &str, time: f64| {
        format!(
            r#"{{"layer": "layer4.1.conv1", "scheme": "{scheme}", "method": "row-pattern",
            "activations": "fp32", "min_us": {time}}}"#
        )
    };
    let times = [("binary", 1.25), ("ternary", 1.2), ("signed-binary", 1.0), ("zero-one", 1.0)];
    let rows: Vec<String> = times.iter().map(|(scheme, time)| row(scheme, *time)).collect();
    let text = format!(r#"{{"machine": {{"processor": "P"}}, "layers": [{}]}}"#, rows.join(","));
    std::fs::write(&file, text).unwrap();
    let run = |out: &str| {
        let out = folder.path().join(out);
        let assert = signloop()
            .args(["reproduce", "--only", "speed-up", "--measured"])
            .arg(&file)
            .arg("--out")
            .arg(&out)
            .assert()
            .success();
        let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        let figure = std::fs::read(out.join("speed-up.pdf")).unwrap();
        (text, figure, std::fs::read(out.join("reproduction.md")).unwrap())
    };
    let first = run("a");
    assert!(first == run("b"));
    // 1.25 is the published value of the [3,3,512,512] layers; 1.2 is far from 1.75.
    assert!(
        first.0.contains("reproduced: signed-binary over binary, [3,3,512,512]"),
        "{}",
        first.0
    );
    assert!(first.0.contains("refuted: signed-binary over ternary, ResNet-18"));
    assert!(!folder.path().join("a/measured.json").exists(), "nothing was measured");
}
