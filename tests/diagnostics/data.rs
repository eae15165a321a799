//! What does a user see for a broken data set? One snapshot a folder of `tests/cases/bad-data`.

use std::path::Path;

use signloop::{
    Error,
    train::{
        checkpoint::Checkpoint,
        data::{Dataset, DatasetSource},
    },
};

fn load(text: &str) -> Result<Dataset, Error> {
    text.parse::<DatasetSource>()?.load()
}

fn rendered(outcome: Result<impl Sized, Error>) -> String {
    match outcome {
        Ok(_) => panic!("bad data was accepted"),
        Err(error @ Error::Input(_)) => {
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn bad_folders() {
    let folder = Path::new("tests/cases/bad-data");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 13, "the cases are missing");
    for name in names {
        let kind = if name.starts_with("cifar") { "cifar10" } else { "mnist" };
        let outcome = load(&format!("{kind}:tests/cases/bad-data/{name}"));
        insta::assert_snapshot!(format!("data-{name}"), rendered(outcome));
    }
}

#[test]
fn bad_names() {
    let cases = [
        ("unknown", "fashion-mnits:x"),
        ("no-folder", "cifar10"),
        ("digits-folder", "digits:x"),
        ("folder-missing", "fashion-mnist:tests/no-such-folder"),
    ];
    for (name, text) in cases {
        insta::assert_snapshot!(format!("data-name-{name}"), rendered(load(text)));
    }
}

#[test]
fn bad_checkpoints() {
    for (name, path) in [
        ("missing", "tests/no-such-checkpoint.safetensors"),
        ("another-kind", "workloads/weights/resnet20-cifar10-binary.safetensors"),
        ("not-safetensors", "Cargo.toml"),
    ] {
        let outcome = Checkpoint::open(Path::new(path));
        insta::assert_snapshot!(format!("checkpoint-{name}"), rendered(outcome));
    }
}
