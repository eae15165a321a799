//! What does a user see for a design that cannot be, or a mapping that does not fit?

use std::path::{Path, PathBuf};

use signloop::{
    Error, Result,
    accelerator::{mapper, mapping, problem, sparse::Rules, timeloop},
    base::config::Document,
    machine::accelerator,
    study::accelerator::evaluate_at,
};

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn snapshot(folder: &str, path: &Path, error: Error) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let Error::Input(problems) = error else { panic!("{name}: {error}") };
    insta::with_settings!({ snapshot_path => format!("snapshots/{folder}") }, {
        insta::assert_snapshot!(name, problems.render(false));
    });
}

fn run(path: &Path) -> Result<()> {
    let document = Document::read(path)?;
    let accelerator = accelerator::parse(&document)?;
    let problem = problem::parse(&document)?;
    let mapping = mapping::parse(&document, &problem, &accelerator.level_names())?;
    mapper::parse_constraints(&document)?;
    evaluate_at(&accelerator, &problem, &mapping, Rules::Exact, &document).map(|_| ())
}

#[test]
fn bad_accelerators() {
    let files = files("tests/cases/bad-accelerator");
    assert!(files.len() >= 15, "the cases are missing");
    for path in files {
        let error = run(&path).expect_err(&format!("{} was accepted", path.display()));
        snapshot("accelerator", &path, error);
    }
}

#[test]
fn bad_timeloop_files() {
    let files = files("tests/cases/bad-timeloop");
    assert!(files.len() >= 10, "the cases are missing");
    for path in files {
        let error = timeloop::import(std::slice::from_ref(&path))
            .expect_err(&format!("{} was accepted", path.display()));
        snapshot("timeloop", &path, error);
    }
}
