use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

fn signloop(folder: &Path, threads: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signloop"));
    command.current_dir(folder).env("RAYON_NUM_THREADS", threads);
    // Plans of a test are its own.
    command.env("SIGNLOOP_CACHE_DIR", folder.join("plans"));
    command
}

/// A small sweep: 2 machines x 2 schemes x 2 methods x 2 L1 sizes x 30 clocks = 480 points.
const SWEEP: &str = r#"
[grid]
arch = ["xeon-gold-6226", "raspberry-pi-5"]
workload = ["resnet20-cifar10"]
scheme = ["binary", "signed-binary"]
method = ["dense", "zero-skip"]

[[axis]]
key = "arch.cache.L1.size_kib"
times = [0.5, 1]

[[axis]]
key = "arch.core.clock_ghz"
from = 1.0
to = 3.9
step = 0.1
"#;
const POINTS: usize = 480;

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sweep.toml"), text).unwrap();
    folder
}

fn sweep(folder: &Path, threads: &str, more: &[&str]) -> std::process::Output {
    signloop(folder, threads).args(["sweep", "sweep.toml"]).args(more).output().unwrap()
}

/// Rows and manifest that a run wrote.
fn written(folder: &Path, name: &str) -> (Vec<u8>, Vec<u8>) {
    let read = |name: String| std::fs::read(folder.join(name)).unwrap();
    (read(name.to_owned()), read(format!("{name}.manifest.json")))
}

#[test]
fn threads_shards_and_kills_change_no_byte() {
    let folder = folder(SWEEP);
    let path = folder.path();
    assert!(sweep(path, "1", &["--out", "one.csv"]).status.success());
    let whole = written(path, "one.csv");
    let text = String::from_utf8(whole.0.clone()).unwrap();
    assert_eq!(text.lines().count(), POINTS + 1);
    assert!(sweep(path, "2", &["--out", "two.csv"]).status.success());
    assert!(written(path, "two.csv") == whole, "two threads");
    assert!(sweep(path, "2", &[]).stdout == whole.0, "standard output");

    for shard in ["1/3", "2/3", "3/3"] {
        let out = format!("shard-{}.csv", &shard[..1]);
        assert!(sweep(path, "2", &["--shard", shard, "--out", &out]).status.success());
    }
    let merge = |shards: &[&str]| {
        signloop(path, "1").args(["merge", "--out", "all.csv"]).args(shards).output().unwrap()
    };
    let missing = merge(&["shard-3.csv", "shard-1.csv"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("1 of 3 shards are missing: 2"));
    assert!(!path.join("all.csv").exists());
    let twice = merge(&["shard-3.csv", "shard-1.csv", "shard-1.csv"]);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("given twice"));
    assert!(merge(&["shard-3.csv", "shard-1.csv", "shard-2.csv"]).status.success());
    assert!(written(path, "all.csv") == whole, "merged");
    // A shard that was changed after it was written is found.
    let mut bytes = std::fs::read(path.join("shard-2.csv")).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::write(path.join("shard-2.csv"), bytes).unwrap();
    assert_eq!(merge(&["shard-3.csv", "shard-1.csv", "shard-2.csv"]).status.code(), Some(2));

    let header = text.find('\n').unwrap() as u64;
    for least in [0, header + 2, whole.0.len() as u64 / 2] {
        kill_at(path, least);
    }
    assert!(sweep(path, "2", &["--out", "killed.csv"]).status.success());
    assert!(written(path, "killed.csv") == whole, "resumed");
    let left: Vec<PathBuf> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "part" || kind == "journal"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // A finished file is left as it is.
    let again = sweep(path, "2", &["--out", "killed.csv"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("480 of them from an earlier run"));
}

/// Starts the sweep and kills it (SIGKILL) once so many bytes are written, if it lives that long.
fn kill_at(folder: &Path, least: u64) {
    let mut child = signloop(folder, "1")
        .args(["sweep", "sweep.toml", "--out", "killed.csv"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(60) {
        let size = std::fs::metadata(folder.join("killed.csv.part")).map_or(0, |data| data.len());
        if folder.join("killed.csv.journal").exists() && size >= least {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().unwrap();
}

/// Columns of one row by name.
fn fields(text: &str, row: usize) -> std::collections::BTreeMap<String, String> {
    let mut lines = text.lines();
    let names = lines.next().unwrap().split(',').map(str::to_owned);
    names.zip(lines.nth(row).unwrap().split(',').map(str::to_owned)).collect()
}

#[test]
fn a_point_is_what_simulate_says() {
    let folder = folder(
        "[grid]\narch = [\"epyc-7452\"]\nworkload = [\"resnet20-cifar10\"]\n\
         scheme = [\"signed-binary\"]\nmethod = [\"bit-packed\", \"filter-repetition\"]\n",
    );
    let rows = String::from_utf8(sweep(folder.path(), "2", &[]).stdout).unwrap();
    let report = signloop(folder.path(), "2")
        .args(["simulate", "--arch", "epyc-7452", "--workload", "resnet20-cifar10"])
        .args(["--scheme", "signed-binary", "--method", "bit-packed,filter-repetition"])
        .args(["--format", "json"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let totals = report["totals"].as_array().unwrap();
    for (row, method) in ["bit-packed", "filter-repetition"].into_iter().enumerate() {
        let total = totals.iter().find(|total| total["method"] == method).unwrap();
        let others = totals.iter().find(|total| total["scheme"] == "fp32").unwrap();
        let fields = fields(&rows, row);
        let integer = |value: &serde_json::Value| value.as_u64().unwrap().to_string();
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        assert_eq!(fields["adds_total"], integer(&total["ops"]["adds_total"]));
        assert_eq!(fields["popcounts_total"], integer(&total["ops"]["popcounts_total"]));
        assert_eq!(fields["metadata_bits"], integer(&total["storage"]["metadata_bits"]));
        for (name, value) in [
            ("cycles", &total["cycles"]["total"]),
            ("time_us", &total["time_us"]),
            ("energy_pj", &total["energy_pj"]["total"]),
            ("static_energy_pj", &total["energy_pj"]["static"]),
            ("fp32_time_us", &others["time_us"]),
        ] {
            assert_eq!(fields[name].parse::<f64>().unwrap(), number(value), "{name}");
        }
    }
}

#[test]
fn impossible_points_are_told_or_skipped() {
    // 24 KiB of 64-byte lines in 8 ways are 48 sets; in 5 ways they are no whole number of sets.
    let text = "[grid]\narch = [\"xeon-gold-6226\"]\nworkload = [\"resnet20-cifar10\"]\n\
                scheme = [\"binary\"]\nmethod = [\"dense\"]\n[[axis]]\n\
                key = [\"arch.cache.L1.size_kib\", \"arch.cache.L1.ways\"]\n\
                values = [[24, 8], [24, 5]]\n";
    let refused = folder(text);
    let output = sweep(refused.path(), "1", &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(shown.contains("sweep.toml:8:20") && shown.contains("ways"), "{shown}");
    let skipped = folder(&format!("on_invalid = \"skip\"\n{text}"));
    let rows = String::from_utf8(sweep(skipped.path(), "1", &[]).stdout).unwrap();
    assert_eq!(fields(&rows, 0)["invalid"], "");
    assert!(fields(&rows, 1)["invalid"].contains("ways"));
    assert_eq!(fields(&rows, 1)["cycles"], "");
}

#[test]
fn layers_networks_and_plan_options_are_swept() {
    let folder = folder(
        "rows = \"layer\"\n[grid]\narch = [\"raspberry-pi-4\"]\n\
         workload = [\"resnet20-cifar10-synthetic\"]\nscheme = [\"ternary\"]\n\
         method = [\"zero-skip\"]\n[[axis]]\nkey = \"workload.weights.ternary_density\"\n\
         values = [0.25, 0.75]\n[[axis]]\nkey = \"plan.seed\"\nvalues = [1, 2]\n",
    );
    let rows = String::from_utf8(sweep(folder.path(), "2", &[]).stdout).unwrap();
    let all: Vec<_> = (0..rows.lines().count() - 1).map(|row| fields(&rows, row)).collect();
    // 2 densities x 2 seeds x 20 layers.
    assert_eq!(all.len(), 80);
    let density = |row: usize| all[row]["density"].parse::<f64>().unwrap();
    for (row, wanted) in [(5, 0.25), (25, 0.25), (45, 0.75), (65, 0.75)] {
        assert!((density(row) - wanted).abs() < 0.05, "{row}");
    }
    assert_ne!(density(5), density(25), "another seed draws other weights");
    assert_eq!((all[0]["layer"].as_str(), all[0]["scheme"].as_str()), ("conv1", "fp32"));
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_refused_before_anything_runs() {
    let folder = folder(SWEEP);
    let output = sweep(folder.path(), "1", &["--out", "rows.parquet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--features parquet"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_the_rows_of_the_csv() {
    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::Field,
    };
    // One row of five is impossible and says why; its numbers are null.
    let folder = folder(&format!(
        "on_invalid = \"skip\"\n{SWEEP}\n[[axis]]\nkey = \"arch.cache.L1.ways\"\nvalues = [8, 5]\n"
    ));
    let path = folder.path();
    for (shard, out) in [("1/1", "all.csv"), ("1/2", "1.csv"), ("2/2", "2.csv")] {
        assert!(sweep(path, "2", &["--shard", shard, "--out", out]).status.success());
    }
    assert!(sweep(path, "2", &["--out", "all.parquet"]).status.success());
    let merged = signloop(path, "1")
        .args(["merge", "2.csv", "1.csv", "--out", "merged.parquet"])
        .output()
        .unwrap();
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    assert!(written(path, "all.parquet") == written(path, "merged.parquet"), "merged");
    let again = sweep(path, "2", &["--out", "all.parquet"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("960 of them from an earlier run"));
    let text = std::fs::read_to_string(path.join("all.csv")).unwrap();
    let file = std::fs::File::open(path.join("all.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let mut rows = 0;
    let mut nulls = 0;
    for (line, row) in reader.get_row_iter(None).unwrap().enumerate() {
        let row = row.unwrap();
        let fields = fields(&text, line);
        assert_eq!(row.len(), text.lines().next().unwrap().split(',').count());
        for (name, field) in row.get_column_iter() {
            // Fields with commas are reasons, which `fields` does not read.
            if name == "invalid" {
                continue;
            }
            let expected = &fields[name];
            match field {
                Field::Null => {
                    nulls += 1;
                    assert_eq!(expected, "", "{name}");
                }
                Field::ULong(count) => assert_eq!(*count, expected.parse::<u64>().unwrap()),
                Field::Double(number) => assert_eq!(*number, expected.parse::<f64>().unwrap()),
                Field::Str(text) => assert_eq!(text, expected, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        rows += 1;
    }
    assert_eq!(rows, 2 * POINTS);
    assert!(nulls > 0);
    let refused =
        signloop(path, "1").args(["merge", "all.parquet", "--out", "x.csv"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn efforts_are_swept_and_kept_plans_change_no_row() {
    let folder = folder(
        "[grid]\narch = [\"epyc-7452\"]\nworkload = [\"resnet8-digits\"]\nscheme = [\"ternary\"]\n\
         method = [\"shared-sum\"]\n[[axis]]\nkey = \"plan.effort_s\"\nvalues = [0, 0.02]\n",
    );
    let path = folder.path();
    let fresh = sweep(path, "2", &["--no-cache"]).stdout;
    assert!(!path.join("plans").exists());
    for _ in 0..2 {
        assert!(sweep(path, "2", &[]).stdout == fresh);
    }
    assert!(std::fs::read_dir(path.join("plans")).unwrap().count() > 0);
    let text = String::from_utf8(fresh).unwrap();
    let adds = |row| fields(&text, row)["adds_total"].parse::<u64>().unwrap();
    assert_eq!(fields(&text, 1)["plan.effort_s"], "0.02");
    assert!(adds(1) <= adds(0), "a search never makes it worse");
}

/// Sizes of a buffer and numbers of mappings on an accelerator, in the rows of `simulate`.
#[test]
fn accelerators_are_swept_by_their_keys() {
    let text = r#"
[grid]
arch = ["eyeriss"]
workload = ["resnet8-digits"]
scheme = ["binary", "signed-binary"]

[[axis]]
key = "plan.evaluations"
values = [50, 100]

[[axis]]
key = "arch.compute.energy.compute_pj"
times = [1, 2]
"#;
    let folder = folder(text);
    let path = folder.path();
    let one = sweep(path, "1", &[]);
    assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
    assert!(sweep(path, "2", &[]).stdout == one.stdout, "two threads");
    let text = String::from_utf8(one.stdout).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 1 + 2 * 2 * 2, "{text}");
    let at = |name: &str| rows[0].iter().position(|own| *own == name).expect(name);
    let number = |row: usize, name: &str| rows[row][at(name)].parse::<f64>().expect(name);
    for row in 1..rows.len() {
        assert_eq!(rows[row].len(), rows[0].len(), "{text}");
        assert_eq!(rows[row][at("invalid")], "");
        assert!(number(row, "cycles") > 0.0 && number(row, "energy_pj") > 0.0);
    }
    // Points in pairs of multiply-adds that cost once and twice as much.
    for row in (1..rows.len()).step_by(2) {
        assert!(number(row + 1, "energy_pj") > number(row, "energy_pj"));
    }
    // Machines of one kind only, and no methods.
    let wrong = folder.path().join("sweep.toml");
    let mixed = std::fs::read_to_string(&wrong).unwrap();
    let mixed = mixed.replace("[\"eyeriss\"]", "[\"eyeriss\", \"xeon-gold-6226\"]");
    std::fs::write(&wrong, mixed).unwrap();
    let output = sweep(path, "1", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("processors and accelerators"));
}
