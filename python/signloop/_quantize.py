"""The quantiser of weight import and training."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._arrays import array


class Quantized(NamedTuple):
    """Quantised weights: a weight is code × scale of its filter."""

    codes: NDArray[np.int8]
    """−1, 0 or +1, in the shape of the latents."""
    scales: NDArray[np.float32]
    """One a filter, shape (K,)."""
    scheme: str
    """Their scheme."""

    @property
    def density(self) -> float:
        """Non-zero weights over all weights."""
        return float(np.count_nonzero(self.codes) / max(self.codes.size, 1))


def quantize(
    latents: Any,
    scheme: str = "signed-binary",
    *,
    threshold: str = "max:0.05",
    threshold_scope: str = "filter",
    scale: str = "filter",
    assignment: str = "half",
    region_channels: int | None = None,
) -> Quantized:
    """Quantises latent weights as import and training do.

    Args:
        latents: K×C×R×S (K filters, C channels per group) or K×C weights: an array, or a PyTorch
            tensor. Converted to float32.
        scheme: One of :data:`signloop.schemes`.
        threshold: ``max:FRACTION`` or ``mean:FRACTION`` of \\|w\\|, below which a weight becomes 0.
        threshold_scope: ``filter`` or ``layer``: weights that share a threshold.
        scale: ``filter`` or ``layer`` (mean \\|w\\| of the effectual weights), or ``one``.
        assignment: Which regions are {0,+1} under signed-binary: ``half``, ``interleaved`` or
            ``random:SEED``.
        region_channels: Channels of a region; a whole filter where absent.
    """
    weights = array(latents)
    options = quantize_options(threshold, threshold_scope, scale, assignment, region_channels)
    codes, scales = _native.quantize(weights, scheme, options)
    return Quantized(codes.reshape(weights.shape), scales, scheme)


def quantize_options(
    threshold: str,
    threshold_scope: str,
    scale: str,
    assignment: str,
    region_channels: int | None,
) -> dict[str, Any]:
    """The options as the native module takes them."""
    return {
        "threshold": threshold,
        "threshold_scope": threshold_scope,
        "scale": scale,
        "assignment": assignment,
        "region_channels": region_channels,
    }
