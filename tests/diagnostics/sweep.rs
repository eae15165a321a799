use std::path::Path;

use signloop::{
    Error,
    sweep::{Spec, Sweep},
};

#[test]
fn bad_sweeps() {
    let folder = Path::new("tests/cases/bad-sweep");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "the cases are missing");
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let error = Spec::load(&path).and_then(Sweep::open).expect_err("a bad file was accepted");
        let Error::Input(problems) = error else { panic!("{name}: {error}") };
        insta::assert_snapshot!(format!("sweep-{name}"), problems.render(false));
    }
}
