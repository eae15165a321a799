//! Why a mapping does not run on an accelerator.

use crate::{mapping, problem::Problem, sparse::FormatFault};
use signloop_base::diagnostics::Problem as Note;
use signloop_machine::accelerator::Accelerator;

/// What does not fit; levels and tensors are indices, the innermost level is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// The mapping does not cover the problem.
    Mapping(Vec<mapping::Fault>),
    /// The tiles of a level need more words than it has.
    Capacity {
        /// Level.
        level: usize,
        /// Words needed.
        need: u64,
        /// Words that one instance has, buffering taken off.
        have: u64,
    },
    /// The coordinates of a level's tiles need more bits than it has.
    Metadata {
        /// Level.
        level: usize,
        /// Bits needed.
        need: u64,
        /// Bits that one instance has.
        have: u64,
    },
    /// A level spreads over more instances than lie inside it.
    Fanout {
        /// Level that spreads.
        level: usize,
        /// `x` or `y`.
        axis: char,
        /// Instances needed.
        need: u64,
        /// Instances there.
        have: u64,
    },
    /// A format does not fit a tile.
    Format {
        /// Level.
        level: usize,
        /// Tensor.
        tensor: usize,
        /// Why.
        fault: FormatFault,
    },
    /// A level keeps an output plain, the level outside it takes it compressed, and the level
    /// cannot compress.
    Compression {
        /// Level.
        level: usize,
        /// Tensor.
        tensor: usize,
    },
    /// A compressed tile comes to a level that keeps it plain and cannot decompress.
    Decompression {
        /// Level.
        level: usize,
        /// Tensor.
        tensor: usize,
    },
    /// A level saves accesses of a tensor that no level from it outwards keeps.
    Follower {
        /// Level.
        level: usize,
        /// Tensor.
        tensor: usize,
    },
    /// A compressed rank order of a level is not that of the level inside it.
    Ranks {
        /// Outer level.
        level: usize,
        /// Tensor.
        tensor: usize,
    },
}

impl Misfit {
    /// The level that it is about, where it is about one.
    #[must_use]
    pub fn level(&self) -> Option<usize> {
        match self {
            Self::Mapping(_) => None,
            Self::Capacity { level, .. }
            | Self::Metadata { level, .. }
            | Self::Fanout { level, .. }
            | Self::Format { level, .. }
            | Self::Compression { level, .. }
            | Self::Decompression { level, .. }
            | Self::Follower { level, .. }
            | Self::Ranks { level, .. } => Some(*level),
        }
    }

    /// In words, with names.
    #[must_use]
    pub fn tell(&self, accelerator: &Accelerator, problem: &Problem) -> Vec<Note> {
        let level_name = |level: &usize| accelerator.levels[*level].name.as_str();
        let tensor_name = |tensor: &usize| problem.tensors[*tensor].name.as_str();
        let note = match self {
            Self::Mapping(faults) => {
                return faults.iter().map(|fault| mapping::tell(fault, problem)).collect();
            }
            Self::Capacity { level, need, have } => Note::new(format!(
                "the tiles of `{}` need {need} words, one instance has {have}",
                level_name(level)
            ))
            .hint("move factors to a level further out, or let a tensor pass by"),
            Self::Metadata { level, need, have } => Note::new(format!(
                "the coordinates of the tiles of `{}` need {need} bits, one instance has {have}",
                level_name(level)
            ))
            .hint("move factors to a level further out, or give the level a deeper metadata store"),
            Self::Fanout { level, axis, need, have } => Note::new(format!(
                "`{}` spreads over {need} instances along {axis}, the array inside has {have}",
                level_name(level)
            ))
            .hint(format!("make the factors of `spatial_{axis}` multiply to at most {have}")),
            Self::Format { level, tensor, fault } => Note::new(format!(
                "the format of `{}` at `{}` does not fit the mapping: {fault}",
                tensor_name(tensor),
                level_name(level)
            ))
            .hint("give the format more ranks, or let one rank flatten several dimensions"),
            Self::Decompression { level, tensor } => Note::new(format!(
                "`{}` gets `{}` compressed, keeps it plain and cannot decompress",
                level_name(level),
                tensor_name(tensor)
            ))
            .hint("set `decompresses = true`, or give the tensor a format there"),
            Self::Compression { level, tensor } => Note::new(format!(
                "`{}` keeps `{}` plain, hands it on compressed and cannot compress",
                level_name(level),
                tensor_name(tensor)
            ))
            .hint("set `compresses = true`, or give the tensor a format there"),
            Self::Follower { level, tensor } => Note::new(format!(
                "`{}` saves accesses of `{}`, which neither it nor a level outside keeps",
                level_name(level),
                tensor_name(tensor)
            )),
            Self::Ranks { level, tensor } => Note::new(format!(
                "the inner ranks of `{}` at `{}` differ from those of the level inside",
                tensor_name(tensor),
                level_name(level)
            ))
            .hint("a compressed tile is stored as the tiles that are sent inwards: give both the same innermost formats"),
        };
        vec![note]
    }
}
