"""What comes with the package. Each is read-only: a name, and one line about it."""

from types import MappingProxyType
from typing import Mapping

from ._native import catalogue

_ALL = {kind: MappingProxyType(dict(entries)) for kind, entries in catalogue().items()}

archs: Mapping[str, str] = _ALL["archs"]
"""Processors, for :func:`signloop.simulate`."""
accelerators: Mapping[str, str] = _ALL["accelerators"]
"""Accelerators, for ``signloop map`` and ``signloop gain``."""
workloads: Mapping[str, str] = _ALL["workloads"]
"""Networks."""
methods: Mapping[str, str] = _ALL["methods"]
"""Inference methods."""
schemes: Mapping[str, str] = _ALL["schemes"]
"""Quantisation schemes."""
