"""What a low-bit neural network costs, in operations, memory traffic, time and energy.

    >>> import signloop
    >>> report = signloop.simulate("xeon-gold-6226", "resnet20-cifar10", schemes="signed-binary")
    >>> report.to_pandas()  # doctest: +SKIP

Numbers mean what docs/model.md and docs/report.md of the project say. Wrong input raises
:class:`Error`, with everything that is wrong at once.
"""

from ._catalogue import accelerators, archs, methods, schemes, workloads
from ._kernel import Kernel, PlaneLayout
from ._native import Error, Network, __version__
from ._network import from_onnx, from_torch, network
from ._quantize import Quantized, quantize
from ._report import Report, simulate, stats
from ._sweep import merge, sweep, sweep_rows
from ._train import train

__all__ = [
    "Error",
    "Kernel",
    "Network",
    "PlaneLayout",
    "Quantized",
    "Report",
    "__version__",
    "accelerators",
    "archs",
    "from_onnx",
    "from_torch",
    "merge",
    "methods",
    "network",
    "quantize",
    "schemes",
    "simulate",
    "stats",
    "sweep",
    "sweep_rows",
    "train",
    "workloads",
]
