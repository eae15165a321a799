"""The compiled module. Use what `signloop` exports instead."""

from os import PathLike
from typing import Any, Callable, Mapping, Sequence, final

import numpy as np
from numpy.typing import NDArray

__version__: str

_Path = str | PathLike[str]
_Weights = _Path | Mapping[str, NDArray[np.float32]] | None
_Progress = Callable[[int, int], Any] | None

class Error(Exception):
    """Wrong input, with the text that the command line prints."""

    problems: list[dict[str, Any]]
    """What is wrong: `message`, `file`, `line`, `column` (from 1; None where absent), `hints`."""

@final
class Network:
    """A network whose shapes were checked, and its weights."""

    @property
    def name(self) -> str:
        """The network's name."""
    @property
    def layers(self) -> list[dict[str, Any]]:
        """Layers with weights, in order: `name`, `quantized`, `tensor`, `shape`."""
    @property
    def skipped(self) -> list[tuple[str, str, str]]:
        """Nodes that an import left out: name, operation and reason."""

@final
class Kernel:
    def __new__(cls, layer: dict[str, Any], options: dict[str, Any]) -> Kernel: ...
    @staticmethod
    def of_layer(
        workload: _Path | Network,
        layer: str,
        scheme: str,
        weights: _Weights,
        seed: int,
        options: dict[str, Any],
    ) -> Kernel: ...
    def run(self, input: NDArray[Any], output: NDArray[Any]) -> None: ...
    def pack(self, map: NDArray[Any], planes: NDArray[Any]) -> None: ...
    @property
    def input_layout(self) -> dict[str, int]: ...
    @property
    def output_layout(self) -> dict[str, int]: ...
    @property
    def input_size(self) -> int: ...
    @property
    def output_size(self) -> int: ...
    @property
    def input_dtype(self) -> str: ...
    @property
    def greatest_input(self) -> int: ...
    @property
    def output_dtype(self) -> str: ...
    @property
    def isa(self) -> str: ...
    @property
    def code_bytes(self) -> int: ...

def catalogue() -> dict[str, list[tuple[str, str]]]: ...
def read_network(workload: _Path) -> Network: ...
def import_onnx(
    model: bytes,
    name: str,
    input: list[int] | None,
    quantize_all: bool,
    folder: str | None,
    sizes: list[tuple[str, int]],
) -> Network: ...
def quantize(
    latents: NDArray[np.float32], scheme: str, options: dict[str, Any]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]: ...
def simulate(
    arch: _Path,
    workload: _Path | Network,
    weights: _Weights,
    options: dict[str, Any],
    progress: _Progress,
) -> dict[str, Any]: ...
def stats(
    workload: _Path | Network,
    weights: _Weights,
    schemes: Sequence[str],
    tile: int | None,
    seed: int,
) -> list[dict[str, Any]]: ...
def train(
    dataset: str,
    network: _Path | Network,
    out: _Path,
    settings: dict[str, Any],
    progress: Callable[[dict[str, Any]], Any] | None,
) -> dict[str, Any]: ...
def sweep(
    file: _Path, out: _Path, shard: str, restart: bool, progress: _Progress
) -> tuple[int, int]: ...
def sweep_rows(file: _Path, shard: str) -> bytes: ...
def merge(shards: Sequence[_Path], out: _Path) -> dict[str, Any]: ...
