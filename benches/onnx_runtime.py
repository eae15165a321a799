#!/usr/bin/env python3
"""Times signloop's kernels against ONNX Runtime's convolutions, one thread, and prints the ratios.

    cargo build --release && python3 benches/onnx_runtime.py [--rounds 3] [--schemes signed-binary] [--venv DIR]

Installs onnxruntime and onnx from PyPI into a virtual environment (DIR is kept and used again;
without --venv a temporary one is removed at the end). A layer's time is marginal: a chain of six
equal layers less a chain of one, over five, so that what happens at the ends of a model is in
neither. fp32 is Conv + Relu; u8 is the same between QuantizeLinear and DequantizeLinear (QDQ), which
the library fuses to integer convolutions. The two programs run in turns; every figure is the
fastest over all rounds. The library takes the processor's widest instruction set.
"""
import argparse
import tempfile

from peers import LAYERS, Best, environment, shell

LONG, SHORT = 6, 1


def model(channels, size, layers, quantised):
    """A chain of 3x3 convolutions, as serialised ONNX."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(1)
    nodes, tensors = [], []

    def constant(name, value):
        tensors.append(numpy_helper.from_array(value, name))
        return name

    shape = (channels, channels, 3, 3)
    scale, zero = constant("scale", np.float32(0.02)), constant("zero", np.uint8(0))
    weight_scale, weight_zero = constant("weight_scale", np.float32(0.01)), constant("weight_zero", np.int8(0))
    last = "input"

    def quantise(name):
        nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [name + "_q"]))
        nodes.append(helper.make_node("DequantizeLinear", [name + "_q", scale, zero], [name + "_dq"]))
        return name + "_dq"

    if quantised:
        last = quantise(last)
    for layer in range(layers):
        if quantised:
            codes = constant(f"codes{layer}", random.integers(-127, 128, shape, dtype=np.int8))
            weight = f"weight{layer}"
            nodes.append(helper.make_node("DequantizeLinear", [codes, weight_scale, weight_zero], [weight]))
        else:
            weight = constant(f"weight{layer}", (random.standard_normal(shape) / 30).astype(np.float32))
        nodes.append(helper.make_node("Conv", [last, weight], [f"conv{layer}"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"conv{layer}"], [f"relu{layer}"]))
        last = quantise(f"relu{layer}") if quantised else f"relu{layer}"
    dims = [1, channels, size, size]
    graph = helper.make_graph(
        nodes, "chain", [helper.make_tensor_value_info("input", TensorProto.FLOAT, dims)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, dims)], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def peer(runs):
    """The child in the virtual environment: a line for every layer."""
    import time

    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    for kind in ("fp32", "u8"):
        for size in LAYERS:
            channels, width = map(int, size.split("x"))
            data = np.random.default_rng(2).random((1, channels, width, width), dtype=np.float32)
            sessions = [
                onnxruntime.InferenceSession(model(channels, width, layers, kind == "u8"), options, providers=["CPUExecutionProvider"])
                for layers in (LONG, SHORT)
            ]
            best = [float("inf")] * 2
            for run in range(runs + 3):
                for index, session in enumerate(sessions):
                    begin = time.perf_counter()
                    session.run(None, {"input": data})
                    if run >= 3:
                        best[index] = min(best[index], time.perf_counter() - begin)
            print(kind, size, (best[0] - best[1]) / (LONG - SHORT) * 1e6)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--schemes", default="signed-binary,binary,ternary")
    parser.add_argument("--venv")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return peer(arguments.runs)
    best = Best()
    with tempfile.TemporaryDirectory() as temporary:
        python = environment(arguments.venv or temporary, "onnxruntime", "onnx", "numpy")
        version = shell([str(python), "-c", "import onnxruntime; print(onnxruntime.__version__)"]).strip()
        for _ in range(arguments.rounds):
            # Not -I: the child imports peers.py beside this file.
            lines = shell(["taskset", "-c", "0", str(python), __file__, "--peer", "--runs", str(arguments.runs)])
            for kind, size, value in (line.split() for line in lines.splitlines()):
                best.keep("avx512", "ORT", kind, size, float(value))
            best.keep_ours("avx512", arguments.schemes)
    print(f"ONNX Runtime {version}")
    best.table(["avx512"], "ORT", arguments.schemes.split(","))


if __name__ == "__main__":
    main()
