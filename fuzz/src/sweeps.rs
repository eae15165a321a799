//! Sweeps and baselines.

use std::{path::Path, sync::LazyLock};

use signloop::{
    base::{config::Document, diagnostics::SourceFile},
    machine as arch,
    network::workload,
    study::{
        check::{Baseline, Verdict, compare, junit},
        sweep::{Found, Grid, Head, Manifest, Root, Shard, Spec, Swept, recover},
    },
};

use super::{accepted, parts, text};

static DOCUMENTS: LazyLock<[Document; 2]> = LazyLock::new(|| {
    let machine = arch::open(Path::new("epyc-7452")).expect("a shipped machine");
    let (network, _) = workload::open(Path::new("resnet20-cifar10")).expect("a shipped network");
    [machine, network]
});

/// A sweep that is accepted can be numbered, and its keys set in a shipped file.
pub fn sweep(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(document) = accepted(Document::parse("fuzz.toml", text)) else { return };
    let Some(spec) = accepted(Spec::of(&document, Path::new(""))) else { return };
    let Some(grid) = accepted(Grid::of(&spec)) else { return };
    let all = grid.points();
    if grid.outer() > 0 {
        let last = grid.place(grid.outer() - 1);
        assert!(last.scheme < spec.schemes.len() && last.method < spec.methods.len());
    }
    let half = Shard { index: 2, count: 2 }.points(all);
    assert!(half.end == all && half.start <= all);
    let [machine, network] = &*DOCUMENTS;
    for axis in &spec.axes {
        let mut changed = match axis.root {
            Root::Arch => machine.clone(),
            Root::Workload => network.clone(),
            Root::Plan => continue,
        };
        let Some(step) = axis.steps.first() else { continue };
        for (path, value) in axis.paths.iter().zip(&step.value) {
            if let Swept::Value(value) = value {
                let _ = path.set(&mut changed.root, |_| Ok(value.clone()));
            }
        }
        match axis.root {
            Root::Arch => drop(accepted(arch::parse(&changed))),
            _ => drop(accepted(workload::from_document(&changed, Path::new("")))),
        }
    }
}

/// A journal and its rows: what is kept is a beginning of the rows, and hashes as it should.
pub fn journal(data: &[u8]) {
    let Some((journal, rows)) = parts(data) else { return };
    let head = Head { format: "signloop-sweep-2".into(), sweep: "s".into(), shard: 1, shards: 1 };
    let found = recover(journal, rows, &head, "a,b\n", 3).unwrap_or(Found::Nothing);
    if let Found::Rows(kept) = found {
        let whole = &rows[..kept.bytes as usize];
        assert!(whole.starts_with(b"a,b\n") && kept.next_point >= 3);
        assert!(journal[..kept.journal_bytes as usize].ends_with(b"\n"));
        let again = recover(&journal[..kept.journal_bytes as usize], whole, &head, "a,b\n", 3);
        let Ok(Found::Rows(again)) = again else { panic!("what was kept is not kept again") };
        assert_eq!((again.bytes, again.next_point), (kept.bytes, kept.next_point));
        assert_eq!(again.hasher.digest(), kept.hasher.digest());
    }
}

/// What stands beside a finished sweep.
pub fn manifest(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(manifest) = accepted(Manifest::parse(&SourceFile::new("fuzz.json", text))) {
        assert!(manifest.first_point <= manifest.end_point);
        assert!(manifest.end_point <= manifest.all_points);
    }
}

/// A baseline equals itself.
pub fn baseline(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let file = SourceFile::new("fuzz.json", text);
    let Some(baseline) = accepted(Baseline::parse(&file)) else { return };
    let comparisons = compare(&baseline, &baseline);
    let mut keys: Vec<_> = baseline.entries.iter().map(|entry| entry.key()).collect();
    keys.sort_unstable();
    let unique = keys.windows(2).all(|pair| pair[0] != pair[1]);
    for comparison in &comparisons {
        assert!(!unique || comparison.verdict == Verdict::Same, "{}", comparison.describe());
    }
    assert!(junit(&comparisons).starts_with("<?xml"));
}
