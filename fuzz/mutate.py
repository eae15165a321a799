#!/usr/bin/env python3
"""Damages the repository's own inputs, of every kind, and runs the program on each.

    fuzz/mutate.py SIGNLOOP_BINARY [--count 2000] [--seconds S] [--seed 1] [--kind KIND] [--keep FOLDER]

Needs Python 3 and nothing else. For every run it holds that

- the exit code is 0, 1, 2 or 130: no panic, no signal,
- it ends within 30 seconds and takes at most 2 GB of memory,
- no number of its output is NaN, infinite, or a negative count,
- no input is changed.

Prints what broke a rule, puts the inputs that did into the folder of --keep, and exits with 1 if any
did. Equal seeds make equal inputs.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import math
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 30
BYTES = 2_000_000_000
CODES = {0, 1, 2, 130}

# Kind: where its inputs lie, the name that the damaged one gets, and what is run on it.
KINDS = {
    "workload": (["workloads/mlp-mnist.toml", "workloads/resnet8-*.toml", "fuzz/corpus/workload/*", "tests/cases/bad-workload/*"], "in.toml", [
        "stats --workload in.toml --format json",
        "simulate --arch epyc-7452 --workload in.toml --method dense,zero-skip --no-cache --format json",
    ]),
    "arch": (["arch/*.toml", "fuzz/corpus/arch/*", "tests/cases/bad-arch/*"], "in.toml", [
        "simulate --arch in.toml --workload mlp-mnist --scheme binary --method dense --no-cache --format json",
    ]),
    "accelerator": (["arch/eyeriss*.toml", "fuzz/corpus/accelerator/*", "tests/cases/bad-accelerator/*"], "in.toml", [
        "map --arch in.toml --workload mlp-mnist --evaluations 20 --format json",
    ]),
    "mapping": (["tests/cases/accelerator/*.toml", "fuzz/corpus/mapping/*"], "in.toml", [
        "simulate --arch in.toml --format json",
    ]),
    "sweep": (["tests/cases/bad-sweep/*", "fuzz/corpus/sweep/*"], "in.toml", [
        "sweep in.toml --out out.csv --no-cache",
    ]),
    "npy": (["fuzz/corpus/npy/*", "tests/cases/bad-import/*.npy"], "fc1.weight.npy", [
        "stats --workload net.toml --weights fc1.weight.npy --format json",
    ]),
    "npz": (["fuzz/corpus/npz/*", "tests/cases/bad-import/*.npz"], "in.npz", [
        "stats --workload net.toml --weights in.npz --format json",
    ]),
    "safetensors": (["fuzz/corpus/safetensors/*"], "in.safetensors", [
        "stats --workload net.toml --weights in.safetensors --format json",
    ]),
    "packed": (["fuzz/corpus/packed/*"], "in.slw", [
        "stats --workload mlp-mnist --weights in.slw --format json",
    ]),
    "onnx": (["fuzz/corpus/onnx/*", "tests/cases/onnx/*.onnx"], "in.onnx", [
        "import onnx in.onnx --out out.toml",
    ]),
    "timeloop": (["fuzz/corpus/timeloop/*", "tests/cases/bad-timeloop/*"], "in.yaml", [
        "import timeloop in.yaml --out out.toml",
    ]),
    "report": (["fuzz/corpus/report/*"], "in.json", [
        "plot energy --from in.json --out figures",
    ]),
    "table": (["fuzz/corpus/table/*"], "in.csv", [
        "plot accuracy --from in.csv --out figures",
    ]),
    "baseline": (["fuzz/corpus/baseline/*"], "in.json", [
        "check --baseline in.json",
    ]),
    "idx": (["fuzz/corpus/idx/*"], "train-images-idx3-ubyte.gz", [
        "data mnist:.",
    ]),
    "manifest": (["fuzz/corpus/manifest/*"], "rows.csv.manifest.json", [
        "merge rows.csv --out out.csv",
    ]),
}

# Whole inputs that take minutes, as they should: sweeps of a hundred thousand points.
LONG = {("sweep", "cache-sizes.toml"), ("sweep", "l2-energies.toml")}

WORDS = [
    b"0", b"-1", b"1", b"1e308", b"1e-308", b"nan", b"inf", b"-inf", b"18446744073709551615",
    b"9223372036854775807", b"-9223372036854775808", b"4294967296", b"\"\"", b"[]", b"{}", b"null",
    b"true", b"\x00", b"\r", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe2\x80\xae", b"=1+1",
    b"\"\\u001b[2J\"", b"&a", b"*a", b"\"/dev/zero\"", b"../../../", b"a.b.c",
]


NETWORK = """name = "net"
[input]
channels = 3
height = 1
width = 1
[weights]
format = "synthetic"
[[layer]]
name = "fc1"
kind = "linear"
out_features = 2
"""
SWEEP = """[grid]
arch = ["epyc-7452"]
workload = ["net.toml"]
scheme = ["binary", "ternary"]
method = ["dense", "zero-skip"]
"""
TABLE = "series,effectual_params,top1_percent,label\na,100,80,b\na,200,85,c\nd,100,70,e\n"


def made(binary, kind):
    """Whole inputs of the kinds that the repository keeps only damaged ones of."""
    values = struct.pack("<6f", 0.5, -0.25, 1.0, -1.0, 0.0, 0.75)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".ljust(117) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values
    if kind == "npy":
        return [npy]
    if kind == "npz":
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fc1.weight.npy", npy)
        return [content.getvalue()]
    if kind == "safetensors":
        header = b'{"fc1.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
        return [struct.pack("<Q", len(header)) + header + values]
    if kind == "idx":
        return [gzip.compress(struct.pack(">4I", 0x803, 4, 2, 2) + bytes(range(16)))]
    if kind in ("sweep", "table", "workload"):
        return [{"sweep": SWEEP, "table": TABLE, "workload": NETWORK}[kind].encode()]
    simulate = "--arch epyc-7452 --workload net.toml --scheme binary,ternary --method dense,zero-skip --no-cache"
    line = {
        "report": f"simulate {simulate} --format json --out made",
        "baseline": f"check {simulate} --save-baseline made",
    }.get(kind)
    if not line:
        return []
    with tempfile.TemporaryDirectory() as room:
        (Path(room) / "net.toml").write_text(NETWORK)
        subprocess.run([binary, *line.split()], cwd=room, check=True, stdout=subprocess.DEVNULL)
        return [(Path(room) / "made").read_bytes()]


def companions(kind, folder):
    """The other files that a command reads beside the damaged one."""
    (folder / "net.toml").write_text(NETWORK)
    if kind == "manifest":
        (folder / "rows.csv").write_text("arch,workload\na,b\n")
    if kind == "idx":
        images = struct.pack(">4I", 0x803, 4, 2, 2) + bytes(range(16))
        labels = struct.pack(">2I", 0x801, 4) + bytes(range(4))
        (folder / "t10k-images-idx3-ubyte").write_bytes(images)
        for part in ("train", "t10k"):
            (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)


def damaged(draw, content, others):
    """The content with one to four faults, mostly one."""
    content = bytearray(content)
    for _ in range(draw.choice([1, 1, 1, 1, 2, 4])):
        at = draw.randrange(len(content) + 1)
        end = min(len(content), at + draw.choice([1, 2, 4, 16, 200]))
        fault = draw.randrange(14)
        if fault == 0 and at < len(content):
            content[at] ^= 1 << draw.randrange(8)
        elif fault == 1:
            del content[at:end]
        elif fault == 2:
            content[at:at] = content[at:end] * draw.choice([1, 2, 50])
        elif fault == 3:
            content[at:at] = draw.choice(WORDS)
        elif fault == 4:
            del content[at:]
        elif fault == 5:
            other = draw.choice(others)
            start = draw.randrange(len(other) + 1)
            content[at:end] = other[start:start + 200]
        elif fault == 6:
            content[at:end] = bytes(draw.randrange(256) for _ in range(end - at))
        else:
            number = numbers(content)
            if number:
                start, stop = draw.choice(number)
                content[start:stop] = draw.choice(WORDS)
    return bytes(content)


def numbers(content):
    """Places of the numbers of a text."""
    found, start = [], None
    for at, byte in enumerate(content):
        if 48 <= byte <= 57:
            start = at if start is None else start
        elif start is not None:
            found.append((start, at))
            start = None
    return found


def wrong_json(text):
    """What is wrong with the numbers of a JSON text."""
    def refuse(word):
        raise ArithmeticError(f"`{word}` in JSON")

    def walk(value, key):
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, key)
        elif isinstance(value, float) and not math.isfinite(value):
            raise ArithmeticError(f"`{key}` is {value}")
        elif isinstance(value, int) and value < 0:
            raise ArithmeticError(f"the count `{key}` is {value}")

    try:
        walk(json.loads(text, parse_constant=refuse), "")
    except ArithmeticError as error:
        return str(error)
    except json.JSONDecodeError as error:
        return f"no JSON: {error}"
    return None


def wrong_csv(text):
    """What is wrong with the numbers of a CSV text."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for row in csv.DictReader(lines):
        for key, field in row.items():
            if key is None or "name" in key or not isinstance(field, str):
                continue
            if field.lower() in ("nan", "inf", "-inf", "infinity"):
                return f"`{key}` is {field}"
            if key.endswith(("_bytes", "_count", "adds", "macs")) and field.startswith("-"):
                return f"the count `{key}` is {field}"
    return None


def hashes(folder):
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*") if path.is_file()}


def run(binary, line, folder):
    """Runs a command; returns its code, output, and what it took."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, BYTES))

    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    environment = dict(os.environ, RAYON_NUM_THREADS="2", SIGNLOOP_CACHE_DIR=str(folder / "cache"))
    process = subprocess.Popen([binary, *line.split()], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=out, stderr=err, env=environment, preexec_fn=limit)
    late = threading.Timer(SECONDS, process.kill)
    late.start()
    _, status, used = os.wait4(process.pid, 0)
    timed_out = not late.is_alive()
    late.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    out.seek(0)
    err.seek(0)
    return process.returncode, out.read(), err.read(), used.ru_maxrss * 1024, timed_out


def faults(binary, line, folder):
    """The exit code of a run, and the rules that it breaks."""
    before = hashes(folder)
    code, out, err, memory, timed_out = run(binary, line, folder)
    broken = []
    if timed_out:
        broken.append(f"took more than {SECONDS} s")
    elif code not in CODES:
        broken.append(f"exit code {code}")
    if b"panicked at" in err or b"internal error" in err:
        broken.append("a fault of the tool: " + err.decode(errors="replace").strip()[:300])
    if b"Usage: signloop" in err:
        broken.append("the arguments are wrong: " + err.decode(errors="replace").strip()[:300])
    if memory > BYTES:
        broken.append(f"took {memory / 1e6:.0f} MB")
    after = hashes(folder)
    broken += [f"`{path.name}` was changed" for path, hash in before.items() if after.get(path) != hash]
    if code == 0 and "--format json" in line:
        broken += filter(None, [wrong_json(out.decode(errors="replace"))])
    for path in after.keys() - before.keys():
        if code == 0 and path.suffix == ".csv":
            text = path.read_text(errors="replace")
            # Cells of a heat map that nothing fills are `nan`, as PGFPlots wants them.
            wrong = None if "row_index" in text else wrong_csv(text)
            broken += filter(None, [wrong])
        if code == 2 and path.parent.name != "cache" and "cache" not in path.parts:
            broken.append(f"`{path.name}` was left behind by a refusal")
    return code, broken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long")
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    binary = str(arguments.binary.resolve())
    kinds = [arguments.kind] if arguments.kind else list(KINDS)
    inputs = {}
    for kind in kinds:
        paths = sorted(path for pattern in KINDS[kind][0] for path in ROOT.glob(pattern) if path.is_file())
        paths = [path for path in paths if (kind, path.name) not in LONG]
        kept = [path.read_bytes() for path in paths]
        # Whole inputs reach farther than those that a fuzzer left: most runs begin with one.
        whole = made(binary, kind) + [
            path.read_bytes() for path in paths if path.suffix and "bad-" not in str(path)
        ]
        inputs[kind] = (whole or kept, kept or whole)
        if not kept and not whole:
            sys.exit(f"no inputs of the kind {kind}")
    bad, codes = 0, {kind: Counter() for kind in kinds}
    end, done = time.monotonic() + arguments.seconds, 0
    for at in range(arguments.count):
        if time.monotonic() > end:
            break
        done += 1
        kind = kinds[at % len(kinds)]
        draw = random.Random(f"{arguments.seed} {at}")
        whole, kept = inputs[kind]
        start = draw.choice(whole if draw.random() < 0.7 else kept)
        content = damaged(draw, start, kept)
        _, name, lines = KINDS[kind]
        line = draw.choice(lines)
        with tempfile.TemporaryDirectory() as room:
            folder = Path(room)
            companions(kind, folder)
            (folder / name).write_bytes(content)
            code, broken = faults(binary, line, folder)
        codes[kind][code] += 1
        if broken:
            bad += 1
            print(f"{kind} {at}: signloop {line}\n  " + "\n  ".join(broken), flush=True)
            if arguments.keep:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                (arguments.keep / f"{kind}-{at}-{name}").write_bytes(content)
    for kind, counts in codes.items():
        print(f"{kind}: " + ", ".join(f"exit {code} {count} times" for code, count in sorted(counts.items())))
    print(f"{done} inputs, {bad} broke a rule")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
