#!/usr/bin/env python3
"""Training speed of ResNet-20 at 32x32: signloop beside PyTorch (CPU), interleaved.

    python3 benches/pytorch.py [--batch 64] [--threads 2] [--rounds 5] [--steps 6] [--venv DIR]

Installs torch from PyPI into a virtual environment (about 6 GB; DIR is kept and used again,
without --venv a temporary one is removed at the end). Both train the same network on the same
shapes: option-A shortcuts, signed-binary weights with a straight-through estimator, SGD with
momentum. The two run in turns, so that a disturbance hits both; the ratio is of the medians.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from peers import ROOT, environment


def peer(batch, threads, steps):
    """The child in the virtual environment: milliseconds of every step, as JSON."""
    import resource

    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    torch.manual_seed(1)

    class Conv(nn.Conv2d):
        def forward(self, x):
            w = self.weight
            if self.in_channels == 3:
                return self._conv_forward(x, w, None)
            delta = 0.05 * w.detach().abs().amax(dim=(1, 2, 3), keepdim=True)
            half = w.shape[0] // 2
            sign = torch.ones(w.shape[0], 1, 1, 1)
            sign[half:] = -1
            kept = (w.detach() * sign >= delta).float()
            count = kept.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1)
            scale = (w.detach().abs() * kept).sum(dim=(1, 2, 3), keepdim=True) / count
            return self._conv_forward(x, w + (kept * sign * scale - w).detach(), None)

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = Conv(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = Conv(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.stride, self.extra = stride, outputs - inputs

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
            if self.extra:
                x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))
            return F.relu(y + x, inplace=True)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.bn = Conv(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
            widths = [(16, 16, 1)] * 3 + [(16, 32, 2)] + [(32, 32, 1)] * 2
            widths += [(32, 64, 2)] + [(64, 64, 1)] * 2
            self.blocks = nn.Sequential(*[Block(*width) for width in widths])
            self.fc = nn.Linear(64, 10)

        def forward(self, x):
            x = self.blocks(F.relu(self.bn(self.stem(x)), inplace=True))
            return self.fc(x.mean(dim=(2, 3)))

    layouts = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
    times = {}
    for name, layout in layouts.items():
        net = Net().to(memory_format=layout)
        optimizer = torch.optim.SGD(net.parameters(), 0.01, 0.9, weight_decay=1e-4)
        x = torch.randn(batch, 3, 32, 32).to(memory_format=layout)
        y = torch.arange(batch) % 10
        times[name] = []
        for _ in range(steps + 2):
            start = time.perf_counter()
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
            times[name].append((time.perf_counter() - start) * 1e3)
        times[name] = times[name][2:]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"times": times, "peak": peak, "version": torch.__version__}))


def run(command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--venv", type=Path)
    parser.add_argument("--install-only", action="store_true")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        peer(arguments.batch, arguments.threads, arguments.steps)
        return
    with tempfile.TemporaryDirectory() as temporary:
        venv = arguments.venv or Path(temporary) / "venv"
        python = environment(venv, "torch", "numpy")
        if arguments.install_only:
            return
        bench = ["cargo", "bench", "--quiet", "--bench", "train", "--no-run"]
        subprocess.run(bench, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        compare(arguments, python)


def compare(arguments, python):
    size = [str(arguments.batch), str(arguments.threads), str(arguments.steps + 2)]
    own = ["cargo", "bench", "--quiet", "--bench", "train", "--"]
    own += ["workloads/resnet20-cifar10.toml", *size]
    other = [str(python), __file__, "--peer", "--batch", size[0], "--threads", size[1]]
    other += ["--steps", str(arguments.steps)]
    times, peaks, version = {"signloop": []}, {"signloop": 0.0, "torch": 0.0}, ""
    variables = dict(os.environ, OMP_NUM_THREADS=size[1])
    for _ in range(arguments.rounds):
        text = run(own, cwd=ROOT)
        steps = [float(step) for step in re.findall(r"^([\d.]+) ms", text, re.M)]
        times["signloop"] += steps[2:]
        peaks["signloop"] = max(peaks["signloop"], float(re.search(r"peak ([\d.]+)", text)[1]))
        answer = json.loads(run(other, env=variables))
        version = answer["version"]
        peaks["torch"] = max(peaks["torch"], answer["peak"])
        for layout, steps in answer["times"].items():
            times.setdefault(f"torch {layout}", []).extend(steps)
    speed = {
        name: arguments.batch / statistics.median(steps) * 1e3 for name, steps in times.items()
    }
    print(f"ResNet-20, 32x32, batch {arguments.batch}, {arguments.threads} threads, "
          f"torch {version}, {arguments.rounds} interleaved rounds")
    for name, value in speed.items():
        peak = peaks["signloop" if name == "signloop" else "torch"]
        print(f"{name:12} {value:7.0f} images/s (median)   peak {peak:6.0f} MiB")
    best = max(value for name, value in speed.items() if name != "signloop")
    print(f"signloop / faster torch layout = {speed['signloop'] / best:.2f}")


if __name__ == "__main__":
    main()
