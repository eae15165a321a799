//! What the names in a graph stand for.

use std::rc::Rc;

use super::{refusal::Refusal, tensor::Constant};
use crate::workload::MapShape;

/// A value of the graph.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Constant(Rc<Constant>),
    Map(Map),
    /// Something whose sizes are not known; told where a layer needs them.
    Unknown(Refusal),
    /// What follows from a fault that has been told.
    Silent,
}

impl Value {
    pub(super) fn constant(constant: Constant) -> Self {
        Self::Constant(Rc::new(constant))
    }

    /// Its sizes, where they are known.
    pub(super) fn sizes(&self) -> Option<Vec<u64>> {
        match self {
            Self::Constant(constant) => Some(constant.dims()),
            Self::Map(map) => Some(map.sizes.clone()),
            Self::Unknown(_) | Self::Silent => None,
        }
    }
}

/// An activation: the node of the workload that it comes from, and what has become of it since.
#[derive(Debug, Clone)]
pub(super) struct Map {
    /// The node, or `input`.
    pub node: String,
    /// What that node gives.
    pub shape: MapShape,
    /// Sizes in the graph.
    pub sizes: Vec<u64>,
    /// Channels are the last axis, as linear layers have them, and not the second.
    pub channels_last: bool,
    /// Nothing but every s-th pixel of the node's map, or channels of zeros added: the shortcut
    /// without weights, which an `add` of the workload reads by itself.
    pub shortcut: bool,
}

impl Map {
    /// The same values under other sizes; a layer that reads it states them.
    pub(super) fn with(&self, sizes: Vec<u64>) -> Self {
        Self { sizes, shortcut: false, ..self.clone() }
    }

    /// Whether the node's own map holds exactly these values.
    pub(super) fn is_whole(&self) -> bool {
        let MapShape { batch, channels, height, width } = self.shape;
        let own = [batch, channels, height, width].iter().try_fold(1_u64, |a, b| a.checked_mul(*b));
        own == self.sizes.iter().try_fold(1_u64, |a, b| a.checked_mul(*b))
    }
}

/// Batch, channels, rows and columns of sizes.
pub(super) fn natural(sizes: &[u64], channels_last: bool) -> MapShape {
    let [batch, channels, height, width] = match *sizes {
        [] => [1; 4],
        [features] => [1, features, 1, 1],
        [batch, features] => [batch, features, 1, 1],
        [batch, rows, features] if channels_last => [batch, features, rows, 1],
        [batch, channels, columns] => [batch, channels, 1, columns],
        [batch, height, width, channels] if channels_last => [batch, channels, height, width],
        [batch, channels, height, width] => [batch, channels, height, width],
        [batch, channels, ref between @ .., width] => {
            [batch, channels, between.iter().fold(1, |a: u64, b| a.saturating_mul(*b)), width]
        }
    };
    MapShape { batch, channels, height, width }
}
