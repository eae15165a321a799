use std::path::Path;

use signloop::{
    Error,
    base::config::Document,
    study::sweep::{Spec, Sweep},
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

/// The problems of a sweep over the shipped files with some more lines.
fn problems(axes: &str) -> Vec<String> {
    let grid =
        "[grid]\narch = [\"epyc-7452\"]\nworkload = [\"mlp-mnist\"]\nscheme = [\"binary\"]\n";
    let document = Document::parse("s.toml", format!("{grid}{axes}")).unwrap();
    match Spec::of(&document, Path::new("")) {
        Ok(_) => Vec::new(),
        Err(Error::Input(problems)) => {
            problems.iter().map(|problem| problem.message().to_owned()).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn thirty_two_axes_are_swept_and_no_more() {
    let axes = |count: usize| -> String {
        let axis =
            |at| format!("[[axis]]\nkey = \"arch.cache[{at}].latency_cycles\"\nvalues = [1]\n");
        (0..count).map(axis).collect()
    };
    assert_eq!(problems(&axes(32)), [""; 0]);
    assert_eq!(problems(&axes(33)), ["too many axes"]);
}

#[test]
fn all_axes_together_hold_a_million_values() {
    let half = 1_u64 << 19;
    let axis =
        |key: &str, to: u64| format!("[[axis]]\nkey = \"{key}\"\nfrom = 1\nto = {to}\nstep = 1\n");
    let both = |more| axis("plan.seed", half) + &axis("arch.core.simd_bits", half + more);
    assert_eq!(problems(&both(0)), [""; 0]);
    assert_eq!(problems(&both(1)), ["the axes have too many values"]);
    // One axis beyond it is refused before its values are made.
    let alone = problems(&axis("plan.seed", 1 << 39));
    assert_eq!(alone.len(), 1, "{alone:?}");
}
