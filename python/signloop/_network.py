"""Networks of your own."""

from __future__ import annotations

import io
import os
from typing import Any, Mapping, Sequence, Tuple

from . import _native
from ._arrays import StrPath


def network(workload: StrPath) -> _native.Network:
    """A shipped network (:data:`signloop.workloads`), or that of a TOML file."""
    return _native.read_network(workload)


def from_onnx(
    model: StrPath | bytes,
    *,
    name: str | None = None,
    input_shape: Sequence[int] | None = None,
    quantize_all: bool = False,
    dimensions: Mapping[str, int] | None = None,
) -> _native.Network:
    """A network with its weights from an ONNX model: a file, or the model's bytes.

    The first and the last layer stay fp32 unless ``quantize_all``. ``input_shape`` is the sizes
    after the batch (channels, height and width of an image), where the model leaves them open;
    ``dimensions`` gives open ones by the names that the model has for them. Weights in files
    beside the model are found where it is given by its path. What is not counted is listed in
    ``network.skipped``; docs/import.md says what is read.
    """
    folder = None
    if isinstance(model, bytes):
        content = model
    else:
        with open(model, "rb") as file:
            content = file.read()
        folder = os.path.dirname(os.fspath(model)) or "."
        name = name or os.path.splitext(os.path.basename(os.fspath(model)))[0]
    shape = None if input_shape is None else [int(size) for size in input_shape]
    sizes = [(key, int(size)) for key, size in (dimensions or {}).items()]
    return _native.import_onnx(content, name or "model", shape, quantize_all, folder, sizes)


def from_torch(
    model: Any,
    input_shape: Sequence[int],
    *,
    name: str | None = None,
    quantize_all: bool = False,
) -> _native.Network:
    """A network with its weights from a PyTorch module, by way of ONNX in memory: PyTorch's exporter
    needs the packages ``torch`` and ``onnx``.

    Args:
        model: A ``torch.nn.Module`` that reads one batch of images. It is not changed.
        input_shape: Channels, height and width of an image. Counts are of a batch of one.
        name: The class's name where absent.
        quantize_all: Quantise the first and the last layer, too; they stay fp32 by default.
    """
    import torch  # type: ignore[import-not-found, unused-ignore]

    was_training = model.training
    file = io.BytesIO()
    model.eval()
    try:
        # Without folding, normalisation is not merged into the weights.
        torch.onnx.export(
            model,
            (torch.zeros(1, *_sizes(input_shape)),),
            file,
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
    finally:
        model.train(was_training)
    return _native.import_onnx(
        file.getvalue(), name or type(model).__name__, None, quantize_all, None, []
    )


def _sizes(shape: Sequence[int]) -> Tuple[int, int, int]:
    channels, height, width = (int(size) for size in shape)
    return channels, height, width
