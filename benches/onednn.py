#!/usr/bin/env python3
"""Times signloop's kernels against oneDNN, one thread, and prints the ratios.

Fetches Debian's libdnnl-dev with `apt-get download` (nothing is installed), unpacks it under
target/onednn, compiles benches/onednn.cpp, and runs the two programs in turn; every figure is the
fastest over all rounds. oneDNN's instruction set is held down by ONEDNN_MAX_CPU_ISA, ours by
SIGNLOOP_ISA. Where the processor has AMX, a third level holds our AVX-512 kernels against oneDNN
on AMX: fp32 against its bf16, u8 against its int8.

    cargo build --release && python3 benches/onednn.py [--rounds 3] [--schemes signed-binary]
"""
import argparse
import os
from pathlib import Path

from peers import ROOT, Best, shell

WORK = ROOT / "target" / "onednn"
# Widest first: the library takes what the processor has.
LEVELS = {"avx512": "AVX512_CORE_VNNI", "avx2": "AVX2"}
if {"amx_int8", "amx_bf16"} <= set(Path("/proc/cpuinfo").read_text().split()):
    LEVELS["amx"] = "AVX512_CORE_AMX"


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
    types = ["bf16"] if level == "amx" else []
    lines = shell(["taskset", "-c", "0", str(binary), "40", *types], env=env).split("\n")
    return {tuple(line.split()[:2]): float(line.split()[2]) for line in lines if line}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--schemes", default="signed-binary,binary,ternary")
    arguments = parser.parse_args()
    binary = driver()
    best = Best()
    for _ in range(arguments.rounds):
        for level in LEVELS:
            for (kind, size), value in onednn(binary, level).items():
                best.keep(level, "oneDNN", kind, size, value)
            if level != "amx":
                best.keep_ours(level, arguments.schemes)
    for (level, who, kind, size), value in list(best.times.items()):
        if level == "avx512" and who != "oneDNN":
            best.keep("amx", who, {"fp32": "bf16"}.get(kind, kind), size, value)
    best.table(LEVELS, "oneDNN", arguments.schemes.split(","))


if __name__ == "__main__":
    main()
