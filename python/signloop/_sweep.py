"""Sweeps and their shards: docs/sweep.md and docs/clusters.md."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Tuple

from . import _native
from ._arrays import StrPath
from ._report import Progress


def sweep(
    file: StrPath,
    out: StrPath,
    shard: str = "1/1",
    *,
    restart: bool = False,
    progress: Progress | None = None,
) -> Tuple[int, int]:
    """Runs a sweep file, or one shard of it, into a CSV file.

    A run that was stopped (by Ctrl-C, an exception of ``progress``, or kill -9) goes on where it
    stopped, to the bytes of an unbroken run, unless ``restart``.

    Args:
        file: The sweep as TOML.
        out: The CSV file; a manifest is written beside it.
        shard: ``"i/n"``, part i of n.
        progress: Called with points done and all points of the shard.

    Returns:
        Points of the shard, and how many of them an earlier run wrote.
    """
    return _native.sweep(file, out, shard, restart, progress)


def sweep_rows(file: StrPath, shard: str = "1/1") -> bytes:
    """The rows of a shard as CSV with a header line, in memory: for engines without a shared disk."""
    return _native.sweep_rows(file, shard)


def merge(shards: Iterable[StrPath], out: StrPath) -> Dict[str, Any]:
    """Joins the files of all shards of a sweep, in any order, after checking that none is missing,
    given twice, changed or of another sweep. Returns the manifest of the joined file."""
    return _native.merge(list(shards), out)
