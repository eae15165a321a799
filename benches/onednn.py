#!/usr/bin/env python3
"""Times signloop's kernels against oneDNN, one thread, and prints the ratios.

Fetches Debian's libdnnl-dev with `apt-get download` (nothing is installed), unpacks it under
target/onednn, compiles benches/onednn.cpp, and runs the two programs in turn; every figure is the
fastest over all rounds. oneDNN's instruction set is held down by ONEDNN_MAX_CPU_ISA, ours by
SIGNLOOP_ISA.

    cargo build --release && python3 benches/onednn.py [--rounds 3] [--schemes signed-binary]
"""
import argparse
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "onednn"
LAYERS = {"64x56": "layer1.0.conv1", "128x28": "layer2.0.conv2", "256x14": "layer3.0.conv2", "512x7": "layer4.0.conv2"}
# Widest first: the library takes what the processor has.
LEVELS = {"avx512": "AVX512_CORE_VNNI", "avx2": "AVX2"}


def shell(command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options).stdout


def driver():
    """Path of the compiled driver."""
    binary = WORK / "driver"
    source = ROOT / "benches" / "onednn.cpp"
    if binary.exists() and binary.stat().st_mtime > source.stat().st_mtime:
        return binary
    WORK.mkdir(parents=True, exist_ok=True)
    packages = ["libdnnl-dev", "libdnnl2"]
    if not Path("/usr/lib/x86_64-linux-gnu/libOpenCL.so.1").exists():
        packages.append("ocl-icd-libopencl1")
    shell(["apt-get", "download", *packages], cwd=WORK)
    for package in WORK.glob("*.deb"):
        shell(["dpkg", "-x", str(package), str(WORK / "root")])
    usr = WORK / "root" / "usr"
    lib = usr / "lib" / "x86_64-linux-gnu"
    shell(["g++", "-O2", "-std=c++17", f"-I{usr / 'include'}", str(source), "-o", str(binary),
           f"-L{lib}", f"-Wl,-rpath,{lib}", "-Wl,--allow-shlib-undefined", "-ldnnl"])
    return binary


def onednn(binary, level):
    env = dict(os.environ, OMP_NUM_THREADS="1", ONEDNN_MAX_CPU_ISA=LEVELS[level],
               LD_LIBRARY_PATH=str(WORK / "root" / "usr" / "lib" / "x86_64-linux-gnu"))
    lines = shell(["taskset", "-c", "0", str(binary), "40"], env=env).split("\n")
    return {tuple(line.split()[:2]): float(line.split()[2]) for line in lines if line}


def ours(level, schemes):
    env = dict(os.environ, SIGNLOOP_ISA=level)
    command = ["taskset", "-c", "0", str(ROOT / "target/release/signloop"), "measure", "--workload", "resnet18-imagenet",
               "--layer", ",".join(LAYERS.values()), "--scheme", schemes,
               "--kernel", "row-pattern", "--seconds", "0.3", "--format", "json"]
    measured = json.loads(shell(command, env=env))
    names = {layer: size for size, layer in LAYERS.items()}
    kind = lambda row: "fp32" if row["activations"] == "fp32" else "u8"
    return {(row["scheme"], kind(row), names[row["layer"]]): row["min_us"] for row in measured["layers"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--schemes", default="signed-binary,binary,ternary")
    arguments = parser.parse_args()
    binary = driver()
    best, ratio = {}, {}
    keep = lambda key, value: best.__setitem__(key, min(value, best.get(key, value)))
    for _ in range(arguments.rounds):
        for level in LEVELS:
            for (kind, size), value in onednn(binary, level).items():
                keep((level, "oneDNN", kind, size), value)
            for (scheme, kind, size), value in ours(level, arguments.schemes).items():
                keep((level, scheme, kind, size), value)
    print(f"{'isa':7} {'act':5} {'layer':7} {'oneDNN us':>10}" + "".join(f" {s + ' us':>17} {'ratio':>6}" for s in arguments.schemes.split(",")))
    for level in LEVELS:
        for kind in ("fp32", "u8"):
            for size in LAYERS:
                theirs = best[level, "oneDNN", kind, size]
                row = f"{level:7} {kind:5} {size:7} {theirs:10.1f}"
                for scheme in arguments.schemes.split(","):
                    value = best[level, scheme, kind, size]
                    row += f" {value:17.1f} {theirs / value:6.2f}"
                print(row)


if __name__ == "__main__":
    main()
