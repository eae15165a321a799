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
    """A NumPy array, or anything that becomes one, as float32; PyTorch tensors wherever they are.

    Raises:
        TypeError: Not real numbers (complex ones, text, objects).
        ValueError: A value beyond float32's range.
    """
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().float().numpy()
    given = np.asarray(tensor)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"expected real numbers, got {given.dtype}")
    with np.errstate(over="ignore"):
        made = np.ascontiguousarray(given, dtype=np.float32).reshape(given.shape)
    if given.dtype.itemsize > 4 and np.isinf(made).any() and not np.isinf(given).any():
        raise ValueError("a value is beyond the range of float32")
    return made


def exact(tensor: Any, dtype: Any, name: str) -> NDArray[Any]:
    """An array as another type, where that changes no value.

    Raises:
        TypeError: Not real numbers.
        ValueError: A value that the type does not hold.
    """
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().numpy()
    given = np.asarray(tensor)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected numbers, got {given.dtype}")
    with np.errstate(invalid="ignore"):
        made = given.astype(dtype)
    if not np.array_equal(made.astype(given.dtype), given):
        raise ValueError(f"{name}: expected values that {np.dtype(dtype)} holds exactly")
    return np.ascontiguousarray(made).reshape(given.shape)


def weights(given: Weights | None) -> StrPath | dict[str, NDArray[np.float32]] | None:
    """A path as it is; the numeric tensors of a state dict as arrays."""
    if given is None or isinstance(given, (str, os.PathLike)):
        return given
    return {str(name): array(tensor) for name, tensor in given.items()}
