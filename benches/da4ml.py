#!/usr/bin/env python3
"""Counts and times da4ml beside signloop on the same matrices.

    cargo build --release && python3 benches/da4ml.py [--shape 3,3,64,64] [--seeds 1] [--effort 8] [--venv DIR]

Installs da4ml 0.6.0 and numpy from PyPI into a virtual environment (DIR is kept and used again,
without --venv a temporary one is removed at the end). `signloop adds --export-npy` writes the
matrices. Both are counted by one definition: two-input adds and subtracts of a program for one
output position; negations and shifts are free. Both programs are checked against the matrix.
da4ml runs with its own full search (every decomposition depth), once for each of its two scores.
Seconds are wall clock; CPU seconds stand beside them, for a machine that others use too.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIGNLOOP = ROOT / "target" / "release" / "signloop"
VERSION = "0.6.0"
METHODS = ("shared-sum", "shift-shared")


def peer(path, score):
    """The child in the virtual environment: da4ml on one K x N matrix, as JSON."""
    import numpy as np
    from da4ml.cmvm import solve

    matrix = np.load(path).astype(np.float32)
    start, used = time.perf_counter(), time.process_time()
    pipeline = solve(np.ascontiguousarray(matrix.T), method0=score)
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    # Opcodes 0 and 1 add and subtract two operands; -1 reads an input.
    opcodes = [op.opcode for stage in pipeline.solutions for op in stage.ops]
    assert set(opcodes) <= {-1, 0, 1}, "an operation that is no add"
    assert np.array_equal(pipeline.kernel, matrix.T), "da4ml computes another matrix"
    adds = sum(opcode >= 0 for opcode in opcodes)
    print(json.dumps({"adds": adds, "seconds": seconds, "cpu": cpu}))


def ours(arguments, scheme, method, folder):
    """Adds and seconds by seed."""
    command = [str(SIGNLOOP), "adds", "--shape", arguments.shape, "--scheme", scheme,
               "--method", method, "--seeds", str(arguments.seeds),
               "--effort", str(arguments.effort), "--export-npy", str(folder), "--format", "json"]
    before = os.times()
    done = subprocess.run(command, check=True, text=True, capture_output=True)
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    seconds = re.findall(r"adds in ([\d.]+) s", done.stderr)
    rows = json.loads(done.stdout)
    return [{"adds": row["adds"], "seconds": float(wall), "cpu": cpu / len(rows)}
            for row, wall in zip(rows, seconds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="3,3,64,64")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--effort", type=float, default=8)
    parser.add_argument("--schemes", default="signed-binary,ternary,binary")
    parser.add_argument("--scores", default="wmc,mc", help="da4ml's pair scores")
    parser.add_argument("--venv", type=Path)
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        peer(*arguments.peer)
        return
    # Here, for the isolated child has no files beside this one.
    from peers import environment

    with tempfile.TemporaryDirectory() as temporary:
        venv = arguments.venv or Path(temporary) / "venv"
        python = environment(venv, f"da4ml=={VERSION}", "numpy")
        print(f"[{arguments.shape}], adds per output position, da4ml {VERSION}")
        print(f"{'scheme':14} {'seed':>4} {'program':26} {'adds':>7} {'seconds':>8} {'CPU s':>7}")
        for scheme in arguments.schemes.split(","):
            compare(arguments, scheme, python, Path(temporary))


def compare(arguments, scheme, python, folder):
    def line(seed, program, row):
        print(f"{scheme:14} {seed:4} {program:26} {row['adds']:7} {row['seconds']:8.2f} "
              f"{row['cpu']:7.1f}", flush=True)

    for method in METHODS:
        for seed, row in enumerate(ours(arguments, scheme, method, folder), 1):
            line(seed, f"signloop {method}", row)
    for seed in range(1, arguments.seeds + 1):
        for score in arguments.scores.split(","):
            # Isolated, or this file would stand in for the package of its name.
            command = [str(python), "-I", __file__, "--peer", str(folder / f"{scheme}-{seed}.npy"), score]
            text = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
            line(seed, f"da4ml {score}", json.loads(text))


if __name__ == "__main__":
    main()
