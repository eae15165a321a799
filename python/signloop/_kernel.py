"""Compiled layers on NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import Any, Sequence, Union

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from . import _native
from ._arrays import StrPath, Weights, array, exact, weights as _weights
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
        expected = self.channels * self.plane
        if not isinstance(planes, np.ndarray) or planes.shape != (expected,):
            found = getattr(planes, "shape", type(planes).__name__)
            raise ValueError(f"expected a 1-D array of {expected} values, got {found}")
        # Steps are counted in values that lie side by side.
        if not planes.flags.c_contiguous:
            raise ValueError(f"expected a contiguous array, got strides {planes.strides}")
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
        shape = tuple(index(size) for size in input_shape)
        if len(shape) not in (2, 4):
            raise ValueError(f"input_shape: expected 4 sizes, or 2 of a linear layer, got {shape}")
        layer = {
            "codes": exact(codes, np.int8, "codes"),
            "scales": array(scales),
            "scheme": scheme,
            "input_shape": list((*shape, 1, 1)[:4]),
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
        """Copies N×C×H×W images into an input array, whatever the stride, and zeroes its borders.

        Args:
            images: An array of the layout's shape (of a layer whose maps are single pixels, N×C will
                do). For fp32 kernels of a type that float32 holds exactly (float32, float16, integers
                of 16 bits or fewer), with finite values; for integer kernels of an integer type, with
                values from 0 to 2^bits − 1.
            planes: As :meth:`input_array` makes it.

        Raises:
            TypeError: Another type; nothing is rounded or cut silently.
            ValueError: Another shape, or a value out of range.
        """
        self._kernel.pack(self._checked(images), planes)

    def _checked(self, images: Any) -> NDArray[Any]:
        """The images as the kernel's type and shape, where that changes no value."""
        if hasattr(images, "detach"):
            images = images.detach().cpu().numpy()
        images = np.asarray(images)
        shape = self.input_layout.shape
        linear = shape[2:] == (1, 1) and images.shape == shape[:2]
        if images.shape != shape and not linear:
            hint = ""
            if images.ndim == 4 and images.transpose(0, 3, 1, 2).shape == shape:
                hint = "; for N×H×W×C images: images.transpose(0, 3, 1, 2)"
            raise ValueError(f"images: expected the shape {shape}, got {images.shape}{hint}")
        dtype = np.dtype(self._kernel.input_dtype)
        if dtype == np.float32:
            if images.dtype.kind not in "fiub" or not np.can_cast(images.dtype, dtype, "safe"):
                raise TypeError(
                    f"images: expected float32, got {images.dtype}: convert them (astype('float32'))"
                )
            if not np.isfinite(images).all():
                raise ValueError("images: expected finite values, got NaN or infinity")
        else:
            greatest = self._kernel.greatest_input
            if images.dtype.kind not in "iub":
                raise TypeError(f"images: expected integers, got {images.dtype}")
            if images.size and not (images.min() >= 0 and images.max() <= greatest):
                found = f"{images.min()} to {images.max()}"
                raise ValueError(f"images: expected values from 0 to {greatest}, got {found}")
        return np.ascontiguousarray(images, dtype=dtype).reshape(shape)

    def run(self, planes: NDArray[Any], out: NDArray[Any]) -> None:
        """Runs the layer on arrays as :meth:`input_array` and :meth:`output_array` make them; borders of
        the input must be zero. Nothing is copied or converted: an array of another type or size is a
        TypeError, as are arrays that share memory; a value that the activations' bits do not hold is a
        ValueError. (Integer activations are widened to the lanes in the kernel's own scratch
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
