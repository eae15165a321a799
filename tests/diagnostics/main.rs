//! What does a user see for each bad file? One snapshot a file of `tests/cases/bad-workload`.

mod accelerator;
mod bounds;
mod corpus;
mod data;
mod plots;
mod schema;
mod sweep;
mod weights;

use std::path::Path;

use signloop::{Error, network::workload};

#[test]
fn bad_workloads() {
    let folder = Path::new("tests/cases/bad-workload");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "the cases are missing");
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let error = workload::load(&path).expect_err("a bad file was accepted");
        let Error::Input(problems) = error else { panic!("{name}: {error}") };
        insta::assert_snapshot!(name, problems.render(false));
    }
}

/// A text of a workload with one more line in its head.
fn with_line(line: &str) -> String {
    format!(
        "name = \"n\"\n{line}\n[input]\nchannels = 1\nheight = 1\nwidth = 1\n[weights]\nformat = \
         \"synthetic\"\n[[layer]]\nname = \"a\"\nkind = \"linear\"\nout_features = 2\n"
    )
}

#[test]
fn of_very_many_problems_the_first_64_are_drawn() {
    let drawn = |count: usize| {
        let keys: String = (0..count).map(|at| format!("zz{at} = 1\n")).collect();
        let error = workload::parse("n.toml", &with_line(&keys), Path::new("")).unwrap_err();
        let text = error.to_string();
        let more = text.lines().find(|line| line.starts_with("… and")).map(str::to_owned);
        (text.matches("error: unknown key").count(), more)
    };
    assert_eq!(drawn(64), (64, None));
    assert_eq!(drawn(65), (64, Some("… and 1 more problems".to_owned())));
    assert_eq!(drawn(1000), (64, Some("… and 936 more problems".to_owned())));
}

/// Which other name was meant is not asked of a name of megabytes: the answer takes time and
/// memory in the product of two names' lengths.
#[test]
fn very_long_names_are_told_and_nothing_is_suggested() {
    let long = "x".repeat(1 << 20);
    let layers = format!(
        "{}[[layer]]\nname = \"{long}\"\nkind = \"linear\"\nout_features = 2\n[[layer]]\n\
         name = \"b\"\ninput = \"{long}y\"\nkind = \"linear\"\nout_features = 2\n",
        with_line(&format!("{long} = 1"))
    );
    let error = workload::parse("n.toml", &layers, Path::new("")).unwrap_err();
    let Error::Input(problems) = error else { panic!("{error}") };
    let found: Vec<&str> = problems.iter().map(|problem| &problem.message()[..12]).collect();
    assert_eq!(found, ["no earlier l", "unknown key "]);
}

#[test]
fn a_directory_is_no_file() {
    let error = workload::load(Path::new("tests")).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("found a directory"));
}

#[test]
fn a_missing_file_suggests_its_neighbour() {
    let error = workload::load(Path::new("workloads/mlp-mnits.toml")).unwrap_err();
    assert!(error.to_string().contains("`mlp-mnist.toml`"));
}

/// Truncations and hostile lengths of weight files: an error, never a panic or a huge allocation.
#[test]
fn hostile_weight_files() {
    use signloop::network::workload::LatentFile;
    let huge = u64::MAX.to_le_bytes();
    let mut liar = 60_u64.to_le_bytes().to_vec();
    liar.extend(
        format!("{:<60}", r#"{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}"#).bytes(),
    );
    let npy = b"\x93NUMPY\x01\x00\x76\x00";
    let claim = "{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000), }";
    let mut shape = npy.to_vec();
    shape.extend(format!("{claim:<117}\n").bytes());
    for (name, bytes) in [
        ("a.safetensors", &huge[..]),
        ("a.safetensors", &liar[..]),
        ("a.safetensors", b""),
        ("a.npz", b"PK\x03\x04 not a zip"),
        ("a.txt", b"text"),
    ] {
        let error = LatentFile::parse(Path::new(name), bytes).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{name}");
    }
    // Found by fuzzing: lists in lists took the header's parser exponential time.
    let mut deep = npy.to_vec();
    deep.extend(format!("{:<117}\n", format!("{{'descr': {}", "[".repeat(60))).bytes());
    for bytes in [&npy[..], &shape[..], &deep, b"", b"\x93NUMPY\x01\x00\xff\xff"] {
        let file = LatentFile::parse(Path::new("a.npy"), bytes).unwrap();
        assert!(file.tensor("a").is_err());
    }
}
