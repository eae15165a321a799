"""Compiled layers on NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence, Union

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from . import _native
from ._arrays import StrPath, Weights, array, weights as _weights
from ._quantize import Quantized

_LINE_BYTES = 64


@dataclass(frozen=True)
class PlaneLayout:
    """Where the values of an activation map lie in a kernel's 1-D array, in values.

    Every channel is a plane (stride² phase planes for a layer of stride > 1); rows and images follow
    each other with shared zero borders, so that a run of pixels is a run of memory.
    """

    channels: int
    images: int
    height: int
    width: int
    padding: int
    stride: int
    pitch: int
    image_rows: int
    plane: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Images, channels, rows, columns."""
        return self.images, self.channels, self.height, self.width

    def view(self, planes: NDArray[Any]) -> NDArray[Any]:
        """The map inside a 1-D array of planes as N×C×H×W, without a copy: writing to the view writes
        to the array. Maps that a layer of stride > 1 reads are in phase planes, which no one view
        can show; write them with :meth:`Kernel.pack`."""
        if self.stride != 1:
            raise ValueError(f"a map read with stride {self.stride} is no single view: use pack()")
        if planes.ndim != 1 or planes.size != self.channels * self.plane:
            raise ValueError(f"expected {self.channels * self.plane} values, got {planes.shape}")
        first = self.padding * (self.pitch + 1)
        strides = (self.image_rows * self.pitch, self.plane, self.pitch, 1)
        size = planes.itemsize
        return as_strided(planes[first:], self.shape, [step * size for step in strides])


class Kernel:
    """A layer compiled from its quantised weights: build once, run many times.

    Input and output are 1-D NumPy arrays in the kernel's :class:`PlaneLayout`; the caller owns them,
    the kernel reads the one and writes the other in place, with the interpreter lock released.
    Arrays must not be written by others while a run goes on.

        >>> weights = signloop.quantize(latents)                      # K×C×R×S
        >>> kernel = signloop.Kernel(weights, (1, 64, 56, 56), padding=1)
        >>> x, y = kernel.input_array(), kernel.output_array()
        >>> kernel.input_layout.view(x)[...] = images                 # written in place
        >>> kernel.run(x, y)
        >>> kernel.output_layout.view(y)                              # N×K×H×W, no copy

    The layouts of a layer's output and of the next one's input differ in their borders, so that
    between two layers there is one copy: ``two.input_layout.view(x2)[...] =
    one.output_layout.view(y1)``.
    """

    _kernel: _native.Kernel

    def __init__(
        self,
        weights: Quantized,
        input_shape: Sequence[int],
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        method: str = "row-pattern",
        activations: str = "fp32",
        finish: str | None = None,
        bias: Any = None,
        threads: int = 1,
        isa: str | None = None,
    ) -> None:
        """Plans and compiles.

        Args:
            weights: Codes K×C×R×S or K×C in {−1, 0, +1}, scales (K,), and their scheme.
            input_shape: Batch, channels, height and width of the input; for a linear layer batch
                and features.
            stride: Of both axes, as ``padding`` and ``dilation``.
            groups: Groups of channels.
            method: ``row-pattern``, or a method of :data:`signloop.methods` that compiles.
            activations: ``fp32``, or ``u1`` to ``u8``: unsigned integers of so many bits, one a
                byte.
            finish: What is stored for a sum: ``scaled`` (scale × sum + bias, float32; the default
                for fp32), ``relu`` (that, at least 0), ``sums`` (bare int32 sums of integer
                activations; their default) or ``requantised`` (rounded half to even and clamped to
                0..=255, uint8).
            bias: Added after the scale, shape (K,).
            threads: Threads of a run.
            isa: ``scalar``, ``avx2`` or ``avx512``; the widest of this processor where absent.
        """
        codes, scales, scheme = weights
        shape = tuple(int(size) for size in input_shape)
        layer = {
            "codes": np.ascontiguousarray(codes, dtype=np.int8),
            "scales": array(scales),
            "scheme": scheme,
            "input_shape": list(shape if len(shape) == 4 else (*shape, 1, 1)),
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
        }
        options = _options(method, activations, finish, bias, threads, isa)
        self._take(_native.Kernel(layer, options))

    @classmethod
    def of_layer(
        cls,
        workload: Union[StrPath, _native.Network],
        layer: str,
        scheme: str,
        weights: Weights | None = None,
        *,
        seed: int = 1,
        method: str = "row-pattern",
        activations: str = "fp32",
        finish: str | None = None,
        bias: Any = None,
        threads: int = 1,
        isa: str | None = None,
    ) -> "Kernel":
        """Compiles a quantised layer of a network from the network's weights or from others (packed
        or latent, a file or tensors by name). The other arguments are those of the class."""
        options = _options(method, activations, finish, bias, threads, isa)
        kernel = cls.__new__(cls)
        kernel._take(
            _native.Kernel.of_layer(workload, layer, scheme, _weights(weights), seed, options)
        )
        return kernel

    def _take(self, native: _native.Kernel) -> None:
        self._kernel = native
        self.input_layout = PlaneLayout(**native.input_layout)
        self.output_layout = PlaneLayout(**native.output_layout)

    @property
    def isa(self) -> str:
        """The instruction set that it is compiled for."""
        return self._kernel.isa

    @property
    def code_bytes(self) -> int:
        """Bytes of machine code, or of the index stream: the weights as the kernel holds them."""
        return self._kernel.code_bytes

    def input_array(self) -> NDArray[Any]:
        """A new zeroed input array, beginning on a cache line."""
        return _aligned(self._kernel.input_size, self._kernel.input_dtype)

    def output_array(self) -> NDArray[Any]:
        """A new zeroed output array, beginning on a cache line."""
        return _aligned(self._kernel.output_size, self._kernel.output_dtype)

    def pack(self, images: Any, planes: NDArray[Any]) -> None:
        """Copies N×C×H×W images into an input array, whatever the stride."""
        dtype = np.dtype(self._kernel.input_dtype)
        images = np.ascontiguousarray(images, dtype=dtype).reshape(self.input_layout.shape)
        self._kernel.pack(images, planes)

    def run(self, planes: NDArray[Any], out: NDArray[Any]) -> None:
        """Runs the layer on arrays as :meth:`input_array` and :meth:`output_array` make them; borders of
        the input must be zero. Nothing is copied or converted: an array of another type or size is a
        TypeError. (Integer activations are widened to the lanes in the kernel's own scratch
        memory.) Several threads may run one kernel at once."""
        self._kernel.run(planes, out)

    def __call__(self, images: Any) -> NDArray[Any]:
        """Runs the layer on N×C×H×W images: copies them into planes, and returns a view N×K×H×W of a
        new output array. For repeated runs, :meth:`run` makes no copy."""
        planes, out = self.input_array(), self.output_array()
        self.pack(images, planes)
        self.run(planes, out)
        return self.output_layout.view(out)


def _options(
    method: str,
    activations: str,
    finish: str | None,
    bias: Any,
    threads: int,
    isa: str | None,
) -> dict[str, Any]:
    return {
        "method": method,
        "activations": activations,
        "finish": finish or ("scaled" if activations == "fp32" else "sums"),
        "bias": [] if bias is None else array(bias).tolist(),
        "threads": threads,
        "isa": isa,
    }


def _aligned(size: int, dtype: str) -> NDArray[Any]:
    width = np.dtype(dtype).itemsize
    memory = np.zeros(size * width + _LINE_BYTES, dtype=np.uint8)
    first = -memory.ctypes.data % _LINE_BYTES
    return memory[first : first + size * width].view(dtype)
