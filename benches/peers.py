"""What the scripts that run signloop beside another library share."""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The 3x3 layers of ResNet-18, channels x map size.
LAYERS = {"64x56": "layer1.0.conv1", "128x28": "layer2.0.conv2", "256x14": "layer3.0.conv2", "512x7": "layer4.0.conv2"}


def shell(command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options).stdout


def environment(folder, *packages):
    """The interpreter of the virtual environment in a folder, made if it is not there, with the packages."""
    python = Path(folder) / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def ours(level, schemes):
    """Microseconds of our kernels by (scheme, activations, layer), one thread."""
    env = dict(os.environ, SIGNLOOP_ISA=level)
    command = ["taskset", "-c", "0", str(ROOT / "target/release/signloop"), "measure", "--workload", "resnet18-imagenet",
               "--layer", ",".join(LAYERS.values()), "--scheme", schemes,
               "--kernel", "row-pattern", "--seconds", "0.3", "--format", "json"]
    measured = json.loads(shell(command, env=env))
    names = {layer: size for size, layer in LAYERS.items()}
    kind = lambda row: "fp32" if row["activations"] == "fp32" else "u8"
    return {(row["scheme"], kind(row), names[row["layer"]]): row["min_us"] for row in measured["layers"]}


class Best:
    """The fastest time of every (level, who, activations, layer) over all rounds."""

    def __init__(self):
        self.times = {}

    def keep(self, level, who, kind, size, value):
        key = (level, who, kind, size)
        self.times[key] = min(value, self.times.get(key, value))

    def keep_ours(self, level, schemes):
        for (scheme, kind, size), value in ours(level, schemes).items():
            self.keep(level, scheme, kind, size, value)

    def table(self, levels, peer, schemes):
        """Times, and the peer's over ours."""
        columns = "".join(f" {s + ' us':>17} {'ratio':>6}" for s in schemes)
        print(f"{'isa':7} {'act':5} {'layer':7} {peer + ' us':>14}{columns}")
        for level in levels:
            for kind in ("fp32", "bf16", "u8"):
                for size in LAYERS:
                    if (level, schemes[0], kind, size) not in self.times:
                        continue
                    theirs = self.times[level, peer, kind, size]
                    row = f"{level:7} {kind:5} {size:7} {theirs:14.1f}"
                    for scheme in schemes:
                        value = self.times[level, scheme, kind, size]
                        row += f" {value:17.1f} {theirs / value:6.2f}"
                    print(row)
