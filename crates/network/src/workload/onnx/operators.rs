//! Which operators do what.

use super::model::Node;

/// What an operator is to a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Convolution,
    Transposed,
    Linear,
    Pool,
    GlobalPool,
    /// The sum of maps, element by element.
    Sum,
    /// Two or more maps or constants combined element by element, which is not counted.
    Combine,
    /// A map of the same sizes, and why it is no layer.
    Pass(&'static str),
    /// Moves values, or reduces axes.
    Move,
    Constant,
    /// Sizes as values.
    Sizes,
    /// Chooses after the network; what it gives has no sizes known before.
    Choice,
    /// Not read; what to do instead.
    Unknown(&'static str),
}

/// What a node's operator is; a name means something in its domain only.
pub(super) fn kind(node: &Node) -> Kind {
    match node.domain.as_str() {
        "" | "ai.onnx" => standard(&node.op),
        "com.microsoft" => match node.op.as_str() {
            "Gelu" | "FastGelu" | "QuickGelu" | "BiasGelu" => Kind::Pass(ACTIVATION),
            "QuantizeLinear" | "DequantizeLinear" => Kind::Pass(QUANTISER),
            _ => Kind::Unknown(
                "save the model without the optimisations of ONNX Runtime, which put its own \
                 operators into it",
            ),
        },
        domain
            if domain.starts_with("qonnx.")
                || domain.starts_with("finn.")
                || domain == "onnx.brevitas" =>
        {
            match node.op.as_str() {
                "Quant" | "Trunc" => Kind::Pass(QUANTISER),
                "BipolarQuant" => Kind::Pass(ONE_BIT),
                _ => Kind::Unknown("export it before the passes that bring own operators in"),
            }
        }
        _ => Kind::Unknown(
            "export it with standard operators; functions of the model are inlined by \
             `onnx.inliner.inline_local_functions`",
        ),
    }
}

const ACTIVATION: &str = "activation functions are not counted";
const ONE_BIT: &str = "activations of one bit: set `activation_bits = 1` where a layer reads them";
const NORMALISATION: &str = "normalisation is counted with the scale of the layer before";
const QUANTISER: &str = "activations are quantised as the workload's `activation_bits` say";

fn standard(op: &str) -> Kind {
    match op {
        "Conv" => Kind::Convolution,
        "ConvTranspose" => Kind::Transposed,
        "Gemm" | "MatMul" => Kind::Linear,
        "MaxPool" | "AveragePool" | "LpPool" => Kind::Pool,
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => Kind::GlobalPool,
        "Add" | "Sub" | "Sum" | "Mean" => Kind::Sum,
        "Mul" | "Div" | "Pow" | "Max" | "Min" | "Mod" | "Where" | "PRelu" | "Equal" | "Greater"
        | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or" | "Xor" => Kind::Combine,
        "BatchNormalization"
        | "InstanceNormalization"
        | "LayerNormalization"
        | "GroupNormalization"
        | "RMSNormalization"
        | "LpNormalization"
        | "LRN"
        | "MeanVarianceNormalization" => Kind::Pass(NORMALISATION),
        "Relu" | "LeakyRelu" | "Clip" | "Sigmoid" | "HardSigmoid" | "HardSwish" | "Tanh"
        | "Elu" | "Selu" | "Celu" | "Softplus" | "Softsign" | "Mish" | "ThresholdedRelu"
        | "Softmax" | "LogSoftmax" | "Hardmax" | "Gelu" | "Swish" | "Erf" | "Exp" | "Log"
        | "Sqrt" | "Reciprocal" | "Neg" | "Abs" | "Floor" | "Ceil" | "Round" | "Sin" | "Cos"
        | "Shrink" | "Not" | "CumSum" | "IsNaN" | "IsInf" => Kind::Pass(ACTIVATION),
        "Sign" => Kind::Pass(ONE_BIT),
        "Identity" | "Dropout" | "Cast" | "CastLike" => {
            Kind::Pass("it changes no value at inference")
        }
        "QuantizeLinear" | "DequantizeLinear" => Kind::Pass(QUANTISER),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Transpose" | "Concat" | "Split"
        | "Slice" | "Pad" | "Resize" | "Upsample" | "Expand" | "Tile" | "Gather"
        | "GatherElements" | "DepthToSpace" | "SpaceToDepth" | "ArgMax" | "ArgMin"
        | "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceProd" | "ReduceL1"
        | "ReduceL2" | "ReduceSumSquare" | "ReduceLogSum" | "ReduceLogSumExp" => Kind::Move,
        "Constant" => Kind::Constant,
        "Shape" | "Size" => Kind::Sizes,
        // These read constants only, and are computed there.
        "ConstantOfShape" | "Range" => Kind::Unknown("fold the constants: `python -m onnxsim`"),
        "NonMaxSuppression" | "TopK" | "NonZero" | "Unique" | "RoiAlign" => Kind::Choice,
        "LSTM" | "GRU" | "RNN" | "Scan" | "Loop" | "If" => Kind::Unknown(
            "recurrence and branches are not read: import the layers around it, cut out with \
             `onnx.utils.extract_model`",
        ),
        "ConvInteger" | "MatMulInteger" | "QLinearConv" | "QLinearMatMul" => Kind::Unknown(
            "export the quantised model in the QDQ form (QuantizeLinear and DequantizeLinear \
             around float operators)",
        ),
        "Einsum" => Kind::Unknown("write it as MatMul, Transpose and Reshape"),
        "Attention" | "RotaryEmbedding" => {
            Kind::Unknown("export with opset 22 or less, which has it as MatMul and Softmax")
        }
        _ => Kind::Unknown(
            "no rule for it: write it with other operators, or cut it off with \
             `onnx.utils.extract_model`",
        ),
    }
}
