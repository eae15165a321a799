"""Tensors and names as the native module takes them."""

from __future__ import annotations

import os
from typing import Any, Iterable, Mapping, Union

import numpy as np
from numpy.typing import NDArray

StrPath = Union[str, "os.PathLike[str]"]
"""A file, or the name of something shipped."""
Weights = Union[StrPath, Mapping[str, Any]]
"""A file of weights (packed, .safetensors, .npz, .npy), or latent tensors by name."""


def names(given: str | Iterable[str] | None) -> list[str]:
    """A list of names; a single one, or several with commas, may be a string."""
    if given is None:
        return []
    return given.split(",") if isinstance(given, str) else list(given)


def array(tensor: Any) -> NDArray[np.float32]:
    """A NumPy array, or anything that becomes one, as float32; PyTorch tensors wherever they are."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().float().numpy()
    return np.ascontiguousarray(tensor, dtype=np.float32)


def weights(given: Weights | None) -> StrPath | dict[str, NDArray[np.float32]] | None:
    """A path as it is; the numeric tensors of a state dict as arrays."""
    if given is None or isinstance(given, (str, os.PathLike)):
        return given
    return {str(name): array(tensor) for name, tensor in given.items()}
