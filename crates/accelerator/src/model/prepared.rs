//! What does not change from mapping to mapping.

use super::{
    footprint::{Shape, Sizes},
    saf::{Feature, Price},
};
use crate::{
    mapping::MAX_LEVELS,
    problem::{DensitySpec, LAYER_DIMENSIONS, MAX_DIMENSIONS, Problem, Tensor},
    sparse::{Density, Format, Rank, RankOrder, Rules, Tile, WordBits},
};
use signloop_base::{
    Result,
    diagnostics::{Problem as Note, Problems},
};
use signloop_machine::accelerator::{Accelerator, FormatSpec, SafKind, Storage};

/// An accelerator and a problem with names resolved.
#[derive(Clone)]
pub(super) struct Prepared<'a> {
    pub(super) accelerator: &'a Accelerator,
    pub(super) problem: &'a Problem,
    pub(super) rules: Rules,
    pub(super) shapes: Vec<Shape>,
    pub(super) densities: Vec<Density>,
    pub(super) outputs: Vec<bool>,
    /// By tensor, then level.
    pub(super) formats: Vec<Vec<Option<Format>>>,
    /// Word widths of the ranks, by tensor, then level, innermost rank first.
    pub(super) word_bits: Vec<Vec<Vec<WordBits>>>,
    pub(super) features: Vec<Vec<Feature>>,
    pub(super) prices: Vec<Price>,
    pub(super) multicast: [bool; MAX_LEVELS],
    /// Array inside each level along X and Y.
    pub(super) fanout: [(u64, u64); MAX_LEVELS],
    pub(super) sizes: Sizes,
    pub(super) sparse: bool,
    pub(super) skips_in_space: bool,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(
        accelerator: &'a Accelerator,
        problem: &'a Problem,
        rules: Rules,
        given: &[Option<Density>],
    ) -> Result<Self> {
        let mut problems = Problems::new();
        let mut sizes = [1; MAX_DIMENSIONS];
        for (size, dimension) in sizes.iter_mut().zip(&problem.dimensions) {
            *size = dimension.size;
        }
        let shapes: Vec<Shape> =
            problem.tensors.iter().map(|tensor| Shape::new(tensor, rules)).collect();
        let densities = densities(problem, &shapes, (&sizes, rules), given, &mut problems);
        let mut formats = vec![vec![None; accelerator.levels.len()]; problem.tensors.len()];
        let mut word_bits = vec![vec![Vec::new(); accelerator.levels.len()]; problem.tensors.len()];
        let mut features = Vec::with_capacity(accelerator.levels.len());
        let mut faults = Vec::new();
        for (level, storage) in accelerator.levels.iter().enumerate() {
            for (name, spec) in &storage.formats {
                let found = resolve(problem, name, (&storage.name, "format"), &mut problems);
                let Some(tensor) = found else { continue };
                match format(spec, problem) {
                    Ok(format) => {
                        if let Some(store) = storage.metadata {
                            word_bits[tensor][level] =
                                format.word_bits(store.word_bits, store.width_bits, rules);
                        }
                        formats[tensor][level] = Some(format);
                    }
                    Err(message) => faults.push(Note::new(format!(
                        "the format of `{name}` at `{}` is impossible: {message}",
                        storage.name
                    ))),
                }
            }
            features.push(level_features(storage, problem, &mut problems));
        }
        faults.into_iter().for_each(|fault| problems.push(fault));
        problems.into_result(())?;
        let prices = accelerator.levels.iter().map(|storage| Price {
            read_pj: storage.energy.read.actual,
            block_words: storage.block_words,
            word_bits: storage.word_bits,
            metadata_bits: storage.metadata.map_or(0, |store| store.word_bits),
        });
        let mut multicast = [true; MAX_LEVELS];
        for (own, storage) in multicast.iter_mut().zip(&accelerator.levels) {
            *own = storage.multicast;
        }
        let mut fanout = [(1, 1); MAX_LEVELS];
        for (level, own) in fanout[..accelerator.levels.len()].iter_mut().enumerate() {
            *own = accelerator.fanout(level);
        }
        let skips_in_space =
            features.iter().flatten().any(|feature| feature.kind == SafKind::SpatialSkip);
        Ok(Self {
            accelerator,
            problem,
            rules,
            shapes,
            densities,
            outputs: problem.tensors.iter().map(|tensor| tensor.output).collect(),
            formats,
            word_bits,
            features,
            prices: prices.collect(),
            multicast,
            fanout,
            sizes,
            sparse: accelerator.is_sparse(),
            skips_in_space,
        })
    }

    pub(super) fn levels(&self) -> usize {
        self.accelerator.levels.len()
    }

    pub(super) fn tensors(&self) -> usize {
        self.shapes.len()
    }

    /// Whether zeros of a tensor take no words at a level.
    pub(super) fn compresses(&self, tensor: usize, level: usize) -> bool {
        self.formats[tensor][level].as_ref().is_some_and(Format::compressed)
    }
}

/// Densities of the tensors: the given ones, and the stated ones of the others.
fn densities(
    problem: &Problem,
    shapes: &[Shape],
    (sizes, rules): (&Sizes, Rules),
    given: &[Option<Density>],
    problems: &mut Problems,
) -> Vec<Density> {
    let mut densities = Vec::with_capacity(shapes.len());
    for (index, (tensor, shape)) in problem.tensors.iter().zip(shapes).enumerate() {
        let tile = shape.tile(sizes);
        if let Some(Some(given)) = given.get(index) {
            if *given.tensor() != tile {
                problems.push(Note::new(format!(
                    "the values given for `{}` have another shape than the tensor",
                    tensor.name
                )));
            }
            densities.push(given.clone());
            continue;
        }
        match density(tensor, tile, rules) {
            Ok(density) => densities.push(density),
            Err(note) => problems.push(note),
        }
    }
    densities
}

/// The place of a tensor that a level's format or feature names.
fn resolve(
    problem: &Problem,
    name: &str,
    (level, what): (&str, &str),
    problems: &mut Problems,
) -> Option<usize> {
    let found = problem.tensor(name);
    if found.is_none() {
        problems.push(unknown(name, level, what, problem));
    }
    found
}

/// The sparse features of a level with their tensors' names resolved.
fn level_features(storage: &Storage, problem: &Problem, problems: &mut Problems) -> Vec<Feature> {
    let mut find = |name: &str| resolve(problem, name, (&storage.name, "feature"), problems);
    let mut features = Vec::with_capacity(storage.safs.len());
    for saf in &storage.safs {
        let options: Option<Vec<(usize, Vec<usize>)>> = saf
            .options
            .iter()
            .map(|option| {
                let follower = find(&option.follower);
                let leaders: Option<Vec<usize>> =
                    option.leaders.iter().map(|leader| find(leader)).collect();
                Some((follower?, leaders?))
            })
            .collect();
        features.extend(options.map(|options| Feature { kind: saf.kind, options }));
    }
    features
}

fn unknown(name: &str, level: &str, what: &str, problem: &Problem) -> Note {
    let names: Vec<&str> = problem.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    let note =
        Note::new(format!("a {what} of `{level}` names `{name}`, which the problem has not"))
            .hint(format!("the tensors are `{}`", names.join("`, `")));
    note.did_you_mean(name, names)
}

/// Smallest structured share: one value in a block of 10^9. Below it the share of a tile that is
/// not empty is lost in rounding.
const LEAST_STRUCTURED: f64 = 1e-9;

fn density(tensor: &Tensor, tile: Tile, rules: Rules) -> std::result::Result<Density, Note> {
    match tensor.density {
        DensitySpec::Dense => Ok(Density::dense(tile, rules)),
        DensitySpec::Uniform(share) => Ok(Density::uniform(tile, share, rules)),
        DensitySpec::Structured(share) if share > 0.0 && share < LEAST_STRUCTURED => {
            let message = format!(
                "`{}` has a structured density of {share:e}, which is no n of m",
                tensor.name
            );
            Err(Note::new(message)
                .hint(format!("state 0, or a share of at least {LEAST_STRUCTURED:e}")))
        }
        DensitySpec::Structured(share) => Ok(Density::structured(tile, share, rules)),
        DensitySpec::Banded(width) => Density::banded(tile, width, rules),
    }
}

fn format(spec: &FormatSpec, problem: &Problem) -> std::result::Result<Format, String> {
    let mut ranks = Vec::with_capacity(spec.ranks.len());
    for rank in &spec.ranks {
        let mut dimensions = None;
        if let [group] = rank.flattens.as_slice() {
            let mut set = 0_u64;
            for name in group {
                match problem.dimension(name) {
                    Some(dimension) => set |= 1 << dimension,
                    // One accelerator serves convolutions and linear layers alike.
                    None if LAYER_DIMENSIONS.contains(&name.as_str()) => {}
                    None => return Err(format!("the problem has no dimension `{name}`")),
                }
            }
            dimensions = Some(set);
        } else if rank.flattens.len() > 1 {
            return Err("a rank flattens one group of dimensions".to_owned());
        }
        ranks.push(Rank {
            format: rank.format,
            metadata_bits: rank.metadata_bits,
            payload_bits: rank.payload_bits,
            dimensions,
        });
    }
    let order = if spec.inner_to_outer { RankOrder::InnerToOuter } else { RankOrder::OuterToInner };
    Format::new(ranks, order).map_err(|fault| fault.to_string())
}
