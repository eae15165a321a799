//! A network as checked: nodes in file order, each with the shape it produces.

use super::{LayerShape, OperandBits, WeightSource};
use crate::quant::MAX_ELEMENTS;
use signloop_base::diagnostics::Problem;

/// Shape of an activation map: batch × channels × height × width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct MapShape {
    /// Images at once.
    pub batch: u64,
    /// Channels, or features of a flat vector.
    pub channels: u64,
    /// Rows.
    pub height: u64,
    /// Columns.
    pub width: u64,
}

impl MapShape {
    /// The map, if its values can be counted.
    pub(super) fn checked(self) -> Result<Self, String> {
        [self.batch, self.channels, self.height, self.width]
            .into_iter()
            .try_fold(1_u64, u64::checked_mul)
            .filter(|values| *values <= MAX_ELEMENTS)
            .map(|_| self)
            .ok_or_else(|| format!("more than {MAX_ELEMENTS} values"))
    }
}

impl std::fmt::Display for MapShape {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

/// A whole network and the place its weights come from.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Short name, printed in reports.
    pub name: String,
    /// One line for `signloop list`.
    pub description: String,
    /// The data set that the network is for.
    pub dataset: String,
    /// Shape of the network's input.
    pub input: MapShape,
    /// Nodes in file order.
    pub nodes: Vec<Node>,
    /// Where the quantised layers' weights come from.
    pub weights: WeightSource,
}

/// One node of the network.
#[derive(Debug, Clone)]
pub struct Node {
    /// Unique name.
    pub name: String,
    /// Indices of the nodes read; `None` is the network's input.
    pub inputs: Vec<Option<usize>>,
    /// What the node does.
    pub operation: Operation,
    /// Shape of what it produces.
    pub output: MapShape,
}

/// What a node does. Normalisation and activation functions follow each layer and are not
/// nodes: they cost one multiply-add per output, which is counted with the scale.
#[derive(Debug, Clone)]
pub enum Operation {
    /// A convolution or linear layer: the only nodes with weights.
    Layer(Layer),
    /// Max or average pooling.
    Pool {
        /// Kernel rows and columns.
        kernel: u64,
        /// Stride of both axes.
        stride: u64,
        /// Zero padding of both axes.
        padding: u64,
        /// Average instead of maximum.
        average: bool,
    },
    /// Average over the whole map.
    GlobalPool,
    /// Element-wise sum of two maps. Where the second is larger and thinner it is subsampled
    /// and zero-padded in channels (the parameter-free "option A" shortcut of He et al. 2015).
    Add,
    /// Moves values and computes nothing: joins, cuts, pads, enlarges or reorders the maps read
    /// into one of the node's shape, which is stated and not derived.
    Rearrange,
}

/// A layer with weights.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Unique name.
    pub name: String,
    /// Shape.
    pub shape: LayerShape,
    /// Whether the weights are quantised; other layers run in fp32.
    pub quantized: bool,
    /// Bits of activations, weights (of an unquantised layer), partial sums and outputs.
    pub bits: OperandBits,
    /// The tensor's name in a weight file.
    pub tensor: String,
}

impl Workload {
    /// The layers with weights, in file order.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.nodes.iter().filter_map(|node| match &node.operation {
            Operation::Layer(layer) => Some(layer),
            _ => None,
        })
    }

    /// The layers whose weights are quantised, in file order.
    pub fn quantized_layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers().filter(|layer| layer.quantized)
    }

    /// The quantised layer of a name.
    ///
    /// # Errors
    /// No quantised layer is named so; the nearest name is suggested.
    pub fn quantized_layer(&self, name: &str) -> Result<&Layer, Problem> {
        self.quantized_layers().find(|layer| layer.name == name).ok_or_else(|| {
            let problem = Problem::new(format!("no quantised layer is named `{name}`"));
            problem.did_you_mean(name, self.quantized_layers().map(|layer| layer.name.as_str()))
        })
    }
}
