"""Simulation and statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Union

from . import _native
from ._arrays import StrPath, Weights, names, weights as _weights

if TYPE_CHECKING:
    import pandas

Progress = Callable[[int, int], Any]
"""Called with what is done and all there is to do; an exception ends the work."""


class Report(Dict[str, Any]):
    """A report as a dict, with the keys of ``signloop simulate --format json`` (docs/report.md; for an
    accelerator docs/map-report.schema.json)."""

    def to_pandas(self, rows: str = "layers") -> "pandas.DataFrame":
        """A DataFrame with one row a layer, scheme and method (``rows="layers"``), or one a scheme
        and method (``rows="totals"``). Nested keys are joined by dots, as ``ops.adds_total``; lists
        as ``traffic`` stay lists. Units stand in the keys. Needs pandas."""
        import pandas

        if rows == "totals":
            return pandas.json_normalize(self["totals"])
        if rows != "layers":
            raise ValueError(f"rows must be 'layers' or 'totals', not {rows!r}")
        if self["schema"].startswith("signloop-map-"):
            # The chosen mapping of each layer stands for it.
            return pandas.json_normalize(
                [
                    {
                        **{key: value for key, value in layer.items() if key != "front"},
                        **layer["front"][layer["chosen"]],
                    }
                    for layer in self["layers"]
                ]
            )
        return pandas.json_normalize(
            [
                {"layer": layer["name"], "kind": layer["kind"], **result}
                for layer in self["layers"]
                for result in layer["results"]
            ]
        )


def simulate(
    arch: StrPath,
    workload: Union[StrPath, _native.Network],
    weights: Weights | None = None,
    *,
    schemes: str | Iterable[str] | None = None,
    methods: str | Iterable[str] | None = None,
    seed: int = 1,
    effort_s: float = 0.0,
    tile: int | None = None,
    filter_group: int | None = None,
    verify: bool = False,
    cache: bool = True,
    evaluations: int = 4000,
    progress: Progress | None = None,
) -> Report:
    """Operations, memory traffic, cycles and energy of a network on a processor or an accelerator.

    Args:
        arch: A shipped processor (:data:`signloop.archs`), a shipped accelerator
            (:data:`signloop.accelerators`), or a TOML file. On an accelerator every quantised layer
            is mapped by a short search; ``methods`` and ``verify`` are for processors.
        workload: A shipped network, a TOML file, or a :class:`signloop.Network`.
        weights: Weights instead of the network's own: a file, or latent tensors by name, as
            ``model.state_dict()``; a convolution's is K×C×R×S, a linear layer's K×C. They are
            quantised under each scheme.
        schemes: Those of the weights where absent.
        methods: All where absent.
        seed: Of synthetic weights and of every random choice.
        effort_s: Local search of ``shared-sum`` and ``shift-shared``, in seconds a layer on the
            reference machine; a count, so that equal efforts give equal results.
        tile: Columns of a tile of ``sum-merge``.
        filter_group: Filters that share a table of ``ucnn``.
        verify: Execute every program on random integers against the dense product.
        cache: Keep plans on disk, and use those kept.
        evaluations: Mappings scored a layer and scheme at most (accelerators).
        progress: Called with results done and all results, a few times a second; with mappings on
            an accelerator, where an exception is raised when the search ends.

    Returns:
        The report. Energy is in pJ, time in µs, traffic in bytes, each for one pass over the
        network's input batch.
    """
    options = {
        "schemes": names(schemes),
        "methods": names(methods),
        "seed": seed,
        "effort_s": effort_s,
        "tile": tile,
        "filter_group": filter_group,
        "verify": verify,
        "cache": cache,
        "evaluations": evaluations,
    }
    return Report(_native.simulate(arch, workload, _weights(weights), options, progress))


def stats(
    workload: Union[StrPath, _native.Network],
    weights: Weights | None = None,
    *,
    schemes: str | Iterable[str] | None = None,
    tile: int | None = None,
    seed: int = 1,
) -> List[Dict[str, Any]]:
    """Density, entropy and repetition of every quantised layer, scheme by scheme.

    Returns:
        One dict a layer and scheme with the keys of ``signloop stats --format json``: ``layer``,
        ``scheme`` and ``stats``. ``tile`` weights make a tile whose repetition is counted.
    """
    return _native.stats(workload, _weights(weights), names(schemes), tile, seed)
