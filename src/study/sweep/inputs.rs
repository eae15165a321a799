//! A sweep file with everything it names opened and checked.

use std::sync::Arc;

use rayon::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use super::{
    axis::Root,
    grid::Grid,
    options::check_options,
    spec::{OnInvalid, Spec},
    variants::{ArchVariant, Documents, blame},
};
use signloop_base::{
    Result,
    diagnostics::{Problem, Problems},
};
use signloop_machine::ArchKind;
use signloop_method::cache::PlanCache;
use signloop_network::workload::from_document;

/// Machines kept ready; a sweep over more makes them when they are needed.
const KEPT_ARCHS: u64 = 8192;
/// Impossible combinations that are told before the rest is counted.
const TOLD: usize = 8;

/// A sweep, ready to evaluate.
#[derive(Debug)]
pub struct Sweep {
    /// The file.
    pub spec: Spec,
    /// Its points.
    pub grid: Grid,
    pub(super) documents: Documents,
    pub(super) cache: Option<PlanCache>,
    archs: Vec<Arc<ArchVariant>>,
    hash: u128,
}

impl Sweep {
    /// Opens and checks every file, and every combination of a file with the swept keys.
    ///
    /// # Errors
    /// Every problem; combinations that are impossible only where the file does not skip them.
    pub fn open(mut spec: Spec) -> Result<Self> {
        let documents = Documents::open(&spec)?;
        let mut problems = Problems::new();
        if documents.kind == ArchKind::Accelerator {
            if let Some(span) = spec.methods_at.clone() {
                problems.push(
                    Problem::new("accelerators take no `method`")
                        .at(&spec.file, span, "in this sweep of accelerators")
                        .hint(
                            "an accelerator does what its description says; see its `saf` tables",
                        ),
                );
            }
            // One point a mapping: what it does is not a matter of method.
            spec.methods.truncate(1);
        }
        let grid = Grid::of(&spec)?;
        check_options(&spec, documents.kind, &mut problems);
        problems.into_result(())?;
        let mut problems = check_schemes(&spec, &documents)?;
        let make = |variant: u64| Arc::new(documents.arch(&spec, variant));
        let kept = grid.arch_variants <= KEPT_ARCHS;
        let archs: Vec<_> = if kept {
            (0..grid.arch_variants).into_par_iter().map(make).collect()
        } else {
            Vec::new()
        };
        // Where nothing is possible a key is misspelt, and skipping would hide it.
        let hopeless = kept && archs.iter().all(|variant| variant.arch.is_err());
        if spec.on_invalid == OnInvalid::Error || hopeless {
            let wrong = |variant: u64| match archs.get(variant as usize) {
                Some(known) => known.arch.as_ref().err().cloned(),
                None => make(variant).arch.as_ref().err().cloned(),
            };
            tell(&spec, Root::Arch, grid.arch_variants, wrong, &mut problems);
            let wrong =
                |variant: u64| documents.workload(&spec, variant).workload.as_ref().err().cloned();
            tell(&spec, Root::Workload, grid.workload_variants, wrong, &mut problems);
        }
        problems.into_result(())?;
        let hash = hash(&spec, &documents)?;
        Ok(Self { spec, grid, documents, cache: None, archs, hash })
    }

    /// The sweep with plans of earlier runs; they change no row.
    #[must_use]
    pub fn with_cache(self, cache: Option<PlanCache>) -> Self {
        Self { cache, ..self }
    }

    /// Kept plans that turned out damaged and were planned anew.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.cache.as_ref().map_or(0, PlanCache::damaged)
    }

    /// Hash of the sweep file and all that it names: equal hashes give equal rows.
    #[must_use]
    pub fn hash(&self) -> u128 {
        self.hash
    }

    /// Kind of the machines.
    pub(super) fn kind(&self) -> ArchKind {
        self.documents.kind
    }

    pub(super) fn arch(&self, variant: u64) -> Arc<ArchVariant> {
        match self.archs.get(variant as usize) {
            Some(known) => Arc::clone(known),
            None => Arc::new(self.documents.arch(&self.spec, variant)),
        }
    }
}

/// Notes the combinations that are impossible.
fn tell(
    spec: &Spec,
    root: Root,
    variants: u64,
    wrong: impl Fn(u64) -> Option<String> + Sync,
    problems: &mut Problems,
) {
    let wrong: Vec<(u64, String)> =
        (0..variants).into_par_iter().filter_map(|v| wrong(v).map(|why| (v, why))).collect();
    for (variant, why) in wrong.iter().take(TOLD) {
        let (what, span) = blame(spec, root, *variant);
        problems.push(
            Problem::new(format!("an impossible combination: {what}"))
                .at(&spec.file, span, why.as_str())
                .hint("`on_invalid = \"skip\"` writes such points as rows that say why"),
        );
    }
    if wrong.len() > TOLD {
        let more = wrong.len() - TOLD;
        problems.push(
            Problem::new(format!("{more} more impossible combinations of {variants}"))
                .in_file(spec.file.name()),
        );
    }
}

/// Every network must have weights of every scheme.
fn check_schemes(spec: &Spec, documents: &Documents) -> Result<Problems> {
    let mut problems = Problems::new();
    for ((document, folder), named) in documents.workloads.iter().zip(&spec.workloads) {
        let workload = from_document(document, folder)?;
        for scheme in &spec.schemes {
            if !workload.weights.schemes().contains(&scheme.value) {
                let message = format!("`{}` has no {} weights", named.path.display(), scheme.value);
                problems.push(Problem::new(message).at(
                    &spec.file,
                    scheme.span.clone(),
                    "expected a scheme that every workload has weights for",
                ));
            }
        }
    }
    Ok(problems)
}

fn hash(spec: &Spec, documents: &Documents) -> Result<u128> {
    let mut hasher = Xxh3::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(concat!("signloop ", env!("CARGO_PKG_VERSION")).as_bytes());
    part(spec.file.text().as_bytes());
    for method in &spec.methods {
        part(method.name().as_bytes());
    }
    for document in &documents.archs {
        part(document.file.text().as_bytes());
    }
    for (document, folder) in &documents.workloads {
        part(document.file.text().as_bytes());
        for path in from_document(document, folder)?.weights.files() {
            // Shipped weights are no files; the tool's version stands for them.
            if path.exists() {
                part(&signloop_base::files::read(path)?);
            }
        }
    }
    Ok(hasher.digest128())
}
