"""Writes the ONNX models of the import tests with the `onnx` package (pip install onnx numpy).

small.onnx: conv, batch norm, relu, max pool, depthwise conv, grouped conv, residual add, global pool,
flatten, Gemm with transB, MatMul with a bias: every operator that an import maps.
shortcut.onnx: a residual add whose shortcut has no weights (every second pixel, channels of zeros), as
PyTorch exports the CIFAR ResNets.
concat.onnx: a Concat of a map and the input before a convolution.

What stands after `small` was made with one fault or form each. These have no lines here: gc_add2 (1x1 and 8x8
maps added), rm18_axis3 (mean over one axis, an input), batch8 (batch fixed), dynbatch (batch open), mlp_seq (linear layers over a
sequence), conv1d, asym_pad, autopad_s2 (padding), sign, wsign, bipolar (binary networks), constnode, identity,
f64_doubledata (weights), swish (a gate), joined (Concat).
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def tensor(name, *shape):
    count = int(np.prod(shape))
    values = (np.arange(count, dtype=np.float32) - count / 2) / count
    return numpy_helper.from_array(values.reshape(shape), name)


def save(name, nodes, tensors, rest):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4, *rest])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    onnx.save(model, f"{name}.onnx")


node = helper.make_node
save(
    "small",
    [
        node("Conv", ["x", "stem.weight"], ["a"], "stem", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["a", "g", "b", "m", "v"], ["b1"], "bn1"),
        node("Relu", ["b1"], ["r1"], "relu1"),
        node("MaxPool", ["r1"], ["p"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p", "dw.weight"], ["d"], "dw", group=8, pads=[1, 1, 1, 1]),
        node("Conv", ["d", "pw.weight"], ["e"], "pw", group=2, kernel_shape=[1, 1]),
        node("Add", ["e", "p"], ["s"], "residual"),
        node("Conv", ["s", "tall.weight"], ["t"], "tall", strides=[2, 2], kernel_shape=[1, 1]),
        node("GlobalAveragePool", ["t"], ["gp"], "gap"),
        node("Flatten", ["gp"], ["f"], "flatten"),
        node("Gemm", ["f", "fc1.weight", "fc1.bias"], ["h"], "fc1", transB=1),
        node("MatMul", ["h", "w2"], ["i"], "/head/MatMul"),
        node("Add", ["i", "b2"], ["y"], "bias2"),
    ],
    [
        tensor("stem.weight", 8, 3, 3, 3),
        *[tensor(n, 8) for n in "gbmv"],
        tensor("dw.weight", 8, 1, 3, 3),
        tensor("pw.weight", 8, 4, 1, 1),
        tensor("tall.weight", 12, 8, 1, 1),
        tensor("fc1.weight", 6, 12),
        tensor("fc1.bias", 6),
        tensor("w2", 6, 4),
        tensor("b2", 4),
    ],
    [],
)
integers = lambda name, *values: numpy_helper.from_array(np.array(values, dtype=np.int64), name)
save(
    "shortcut",
    [
        node("Conv", ["x", "stem.weight"], ["a"], "stem", kernel_shape=[1, 1]),
        node("Conv", ["a", "half.weight"], ["b"], "half", strides=[2, 2], kernel_shape=[1, 1]),
        node("Slice", ["a", "from", "to", "axes", "step"], ["c"], "slice"),
        node("Pad", ["c", "pads"], ["d"], "pad"),
        node("Add", ["d", "b"], ["s"], "sum"),
        node("Conv", ["s", "last.weight"], ["y"], "last", kernel_shape=[1, 1]),
    ],
    [
        tensor("stem.weight", 4, 3, 1, 1),
        tensor("half.weight", 8, 4, 1, 1),
        tensor("last.weight", 4, 8, 1, 1),
        integers("from", 0, 0),
        integers("to", 2**31, 2**31),
        integers("axes", 2, 3),
        integers("step", 2, 2),
        integers("pads", 0, 0, 0, 0, 0, 4, 0, 0),
    ],
    [8, 8],
)
save(
    "concat",
    [
        node("Conv", ["x", "stem.weight"], ["a"], "stem", kernel_shape=[1, 1]),
        node("Concat", ["a", "x"], ["c"], "join", axis=1),
        node("Conv", ["c", "next.weight"], ["y"], "next", kernel_shape=[1, 1]),
    ],
    [tensor("stem.weight", 8, 3, 1, 1), tensor("next.weight", 4, 11, 1, 1)],
    [16, 16],
)


def small(name, nodes, tensors, x, opset=17, y=None, stated=()):
    """A model of a few nodes; `y` and `stated` are the sizes that it states."""
    value = lambda name, sizes: helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)
    graph = helper.make_graph(
        nodes, name, [value("x", x)], [value("y", y)], tensors,
        value_info=[value(*one) for one in stated],
    )
    domains = [helper.make_opsetid("", opset), helper.make_opsetid("qonnx.custom_op.general", 1)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=9), f"{name}.onnx")


# A transposed convolution, 4 to 3 channels, 5x5 pixels with 2x2 taps each.
small(
    "transposed",
    [node("ConvTranspose", ["x", "t.weight"], ["y"], strides=[2, 2])],
    [tensor("t.weight", 4, 3, 2, 2)],
    [1, 4, 5, 5],
    y=[1, 3, 10, 10],
)
# Attention: two activations multiplied, 2 heads, 6 positions, 4 features each.
small(
    "attention",
    [
        node("MatMul", ["x", "q.weight"], ["q"]),
        node("Reshape", ["q", "heads"], ["h"]),
        node("Transpose", ["h"], ["a"], perm=[0, 2, 1, 3]),
        node("Transpose", ["h"], ["b"], perm=[0, 2, 3, 1]),
        node("MatMul", ["a", "b"], ["s"], "scores"),
        node("Softmax", ["s"], ["p"]),
        node("MatMul", ["p", "a"], ["o"], "mixed"),
        node("Transpose", ["o"], ["t"], perm=[0, 2, 1, 3]),
        node("Reshape", ["t", "rows"], ["r"]),
        node("MatMul", ["r", "o.weight"], ["y"]),
    ],
    [
        tensor("q.weight", 8, 8),
        tensor("o.weight", 8, 8),
        integers("heads", 1, 6, 2, 4),
        integers("rows", 1, 6, 8),
    ],
    [1, 6, 8],
    y=[1, 6, 8],
)
# The file states another size than its nodes give.
small(
    "stale",
    [
        node("Conv", ["x", "a.weight"], ["h"], "a", pads=[1, 1, 1, 1]),
        node("Conv", ["h", "b.weight"], ["y"], "b"),
    ],
    [tensor("a.weight", 4, 3, 3, 3), tensor("b.weight", 4, 4, 1, 1)],
    [1, 3, 8, 8],
    stated=[("h", [1, 4, 6, 6])],
)
# An operator without a rule between two layers, strides that differ, weights that are computed.
small(
    "refused",
    [
        node("Conv", ["x", "a.weight"], ["h"], "uneven", strides=[2, 1]),
        node("Det", ["x"], ["d"], "odd"),
        node("Relu", ["d"], ["e"], "after"),
        node("MatMul", ["e", "b.weight"], ["y"], "last"),
        node("Conv", ["x", "x"], ["z"], "own"),
    ],
    [tensor("a.weight", 4, 3, 3, 3), tensor("b.weight", 3, 4)],
    [3, 3, 8, 8],
)
# Weights of every storage form, one layer each: 2x3 values 0 to 5.
values = np.arange(6, dtype=np.float32).reshape(3, 2)
made = []
for at, kind in enumerate(["FLOAT16", "BFLOAT16", "DOUBLE", "INT8", "UINT8", "INT32", "INT4"]):
    for raw in [False, True]:
        number = getattr(TensorProto, kind)
        if raw:
            array = values.astype(helper.tensor_dtype_to_np_dtype(number))
            made.append(numpy_helper.from_array(array, f"w{len(made)}"))
        else:
            made.append(helper.make_tensor(f"w{len(made)}", number, [3, 2], values.flatten()))
small(
    "storage",
    [
        step
        for at in range(len(made))
        for step in [
            node("Cast", [f"w{at}"], [f"f{at}"], to=TensorProto.FLOAT),
            node("Gemm", ["x", f"f{at}"], [f"y{at}" if at else "y"], f"l{at}"),
        ]
    ],
    made,
    [1, 3],
)
# Quantised weights: one scale a filter, through DequantizeLinear; a Transpose behind it.
scales = numpy_helper.from_array(np.array([0.5, 2.0], dtype=np.float32), "scales")
codes = numpy_helper.from_array(np.array([[1, -2, 3], [4, 5, -128]], dtype=np.int8), "codes")
small(
    "dequantised",
    [
        node("DequantizeLinear", ["codes", "scales"], ["w"], axis=0),
        node("Transpose", ["w"], ["t"], perm=[1, 0]),
        node("MatMul", ["x", "t"], ["y"], "fc"),
    ],
    [codes, scales],
    [1, 3],
)


def external(name, location):
    weights = tensor("a.weight", 4, 3, 3, 3)
    onnx.external_data_helper.set_external_data(weights, location, 0, 432)
    with open("outside.data", "wb") as file:
        file.write(weights.raw_data)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    small(name, [node("Conv", ["x", "a.weight"], ["y"])], [weights], [1, 3, 8, 8])


# Values beside the model, and a path that leaves its folder for a file that is there.
external("beside", "outside.data")
external("leaves", "../onnx/outside.data")
