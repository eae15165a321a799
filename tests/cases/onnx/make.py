"""Writes the ONNX models of the import tests with the `onnx` package (pip install onnx numpy).

small.onnx: conv, batch norm, relu, max pool, depthwise conv, grouped conv, residual add, global pool,
flatten, Gemm with transB, MatMul with a bias: every operator that an import maps.
shortcut.onnx: a residual add whose shortcut has no weights (every second pixel, channels of zeros), as
PyTorch exports the CIFAR ResNets.
concat.onnx: a Concat before a convolution, which no workload can say.
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
