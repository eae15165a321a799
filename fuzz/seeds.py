#!/usr/bin/env python3
"""Writes the seeds of every fuzz target and its dictionary, from the repository's own files.

    fuzz/seeds.py SIGNLOOP_BINARY

Seeds go to fuzz/work/TARGET; a run with `fuzz/minimise.sh` afterwards keeps what adds coverage.
"""

import gzip
import io
import json
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "fuzz" / "work"
BINARY = str(Path(sys.argv[1]).resolve())


def seed(target, name, content):
    folder = WORK / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def short(text):
    """Without comments, and with sources of one letter: a fuzzer does better on small inputs."""
    text = re.sub(r"(?m)^\s*#.*\n", "", text)
    return re.sub(r'source = "[^"]*"', 'source = "s"', text)


def run(*arguments, **environment):
    command = [BINARY, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    return done.stdout


def safetensors(tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (kind, shape, content) in tensors.items():
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def npy(kind, shape, content, order=False):
    header = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def npz(method, **arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, method)
    return out.getvalue()


def idx(dimensions, content):
    head = bytes([0, 0, 8, len(dimensions)])
    return head + b"".join(struct.pack(">I", size) for size in dimensions) + content


def parts(first, second):
    return struct.pack("<H", len(first)) + first + second


def texts():
    for path in [*ROOT.glob("arch/*.toml"), *ROOT.glob("tests/cases/bad-arch/*.toml")]:
        text = short(path.read_text(errors="replace"))
        seed("arch" if "[[cache]]" in text else "accelerator", path.name, text)
    for folder in ["accelerator", "bad-accelerator"]:
        for path in sorted(ROOT.glob(f"tests/cases/{folder}/*.toml"))[::4]:
            text = short(path.read_text(errors="replace"))
            seed("mapping", path.name, text)
            seed("accelerator", path.name, text)
    for path in [*ROOT.glob("workloads/*.toml"), *ROOT.glob("tests/cases/bad-workload/*.toml")]:
        tables = short(path.read_text(errors="replace")).split("[[layer]]")
        seed("workload", path.name, "[[layer]]".join(tables[:12]))
    for path in [*ROOT.glob("examples/sweeps/*.toml"), *ROOT.glob("tests/cases/bad-sweep/*.toml")]:
        seed("sweep", path.name, short(path.read_text()))
    for path in ROOT.glob("tests/cases/bad-timeloop/*.yaml"):
        text = path.read_text()
        seed("timeloop", path.name, text)
        seed("timeloop", f"good-{path.name}", text.replace("M=3", "M=4"))
    for path in ROOT.glob("tests/cases/onnx/*.onnx"):
        seed("onnx", path.name, path.read_bytes())
    seed("rename", "prefix", "module.*=*\nmodule.conv1.weight\nother\n")
    seed("rename", "stars", "net.*.unit*.w=*-*\nnet.x.unit7.w\n")


def weights():
    floats = struct.pack("<24f", *[(-1) ** n * n / 24 for n in range(24)])
    halves = struct.pack("<24e", *[(-1) ** n * n / 24 for n in range(24)])
    seed("safetensors", "f32", safetensors({"a.weight": ("F32", [2, 3, 2, 2], floats)}))
    for kind, content in [("F16", halves), ("BF16", halves), ("F64", floats), ("I8", floats[:24])]:
        shape = [len(content) // {"F64": 8, "I8": 1}.get(kind, 2)]
        seed("safetensors", kind, safetensors({"b": (kind, shape, content)}))
    arrays = {
        "f4": npy("<f4", (2, 3, 2, 2), floats),
        "f2": npy("<f2", (24,), halves),
        "f8": npy("<f8", (4, 3), floats),
        "i1": npy("|i1", (24,), floats[:24]),
        "fortran": npy("<f4", (24,), floats, True),
        "text": npy("<U2", (2,), floats[:16]),
    }
    for name, content in arrays.items():
        seed("npy", name, content)
    few = {name: arrays[name] for name in ["f4", "i1"]}
    seed("npz", "stored", npz(zipfile.ZIP_STORED, **few))
    seed("npz", "deflated", npz(zipfile.ZIP_DEFLATED, **few))
    for scheme, mask, sign in [
        ("binary", False, 3), ("ternary", True, 3), ("signed-binary", True, 1), ("zero-one", True, 0)
    ]:
        tensors = {"a.weight.scale": ("F32", [2], floats[4:12])}
        if mask:
            tensors["a.weight.mask"] = ("U8", [3], b"\x5a\x3c\x0f")
        if sign:
            tensors["a.weight.sign"] = ("U8", [sign], b"\x12\x24\x03"[:sign])
        shapes = {"a.weight": [2, 3, 2, 2]}
        header = {"format": "signloop-packed", "version": 1, "scheme": scheme, "provenance": "p"}
        header = json.dumps({**header, "shapes": shapes})
        seed("packed", scheme, safetensors(tensors, {"signloop": header}))
    header = {"format": "signloop-checkpoint", "version": 1, "network": "n", "dataset": "d"}
    header |= {"recipe": {"rate": "0.1"}, "epoch": 1, "steps": 2, "log": []}
    tensors = {"a.weight": ("F32", [2, 3], floats[:24]), "a.mean": ("F32", [2], floats[:8])}
    for moment in ["first", "second"]:
        tensors[f"{moment}:a.weight"] = ("F32", [2, 3], floats[:24])
    seed("checkpoint", "whole", safetensors(tensors, {"signloop": json.dumps(header)}))


def images():
    pixels, labels = idx([3, 2, 2], bytes(range(12))), idx([3], b"\x01\x02\x09")
    seed("idx", "plain", parts(pixels, labels))
    seed("idx", "packed", parts(gzip.compress(pixels, mtime=0), gzip.compress(labels, mtime=0)))
    for path in ROOT.glob("tests/cases/bad-data/idx*/train-images-idx3-ubyte*"):
        seed("idx", path.parent.name, parts(path.read_bytes()[:2000], labels))
    record = bytes([3]) + bytes(range(256)) * 12
    seed("cifar", "one", record)
    seed("cifar", "label", bytes([11]) + record[1:] + record)
    seed("cifar", "cut", record[:-1])


def runs():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        network = folder / "net.toml"
        network.write_text(
            'name = "n"\n[input]\nchannels = 2\nheight = 4\nwidth = 4\n[weights]\n'
            'format = "synthetic"\n[[layer]]\nname = "c"\nkind = "conv"\nout_channels = 3\n'
            "kernel = 2\n"
        )
        cache = folder / "cache"
        chosen = ["--arch", "epyc-7452", "--workload", network]
        run("simulate", *chosen, SIGNLOOP_CACHE_DIR=str(cache))
        for path in sorted(cache.glob("*.plan")):
            # Magic, key and checksum are the cache's own.
            seed("plan", path.stem[:12], path.read_bytes()[40:])
        few = ["--scheme", "signed-binary", "--method", "dense,zero-skip", "--no-cache"]
        report = run("simulate", *chosen, *few, "--format", "json")
        seed("report", "report", report)
        seed("report", "compact", json.dumps(json.loads(report), separators=(",", ":")))
        seed("report", "stats", run("stats", "--workload", network, "--format", "json"))
        run("check", "--save-baseline", folder / "b.json", *chosen, *few)
        seed("baseline", "whole", (folder / "b.json").read_bytes())
        sweep = folder / "s.toml"
        sweep.write_text(
            f'[grid]\narch = ["epyc-7452"]\nworkload = ["{network}"]\nscheme = ["binary"]\n'
            'method = ["dense"]\n'
        )
        run("sweep", sweep, "--out", folder / "rows.csv")
        seed("manifest", "whole", (folder / "rows.csv.manifest.json").read_bytes())
    head = b'{"format":"signloop-sweep-1","sweep":"s","shard":1,"shards":1}\n'
    seed("journal", "begun", parts(head, b"a,b\n"))
    # XXH3 of "1,2\n" is left to the fuzzer's own comparison tracing.
    record = b'{"end_point":4,"bytes":4,"xxh3":"0000000000000000"}\n'
    seed("journal", "record", parts(head + record, b"a,b\n1,2\n"))
    for number, (kind, text) in enumerate([
        (0, "series,density,adds_per_dense_mac\nours,0.5,0.25\nours,0.7,0.4\ntheirs,1,1\n"),
        (1, "series,effectual_params,top1_percent,label\na,100000,90.5,x\nb,200000,91,y\n"),
        (2, "series,measured_us,predicted_us,label\na,10,11,x\na,20,19,y\n"),
        (3, "series,cycles,energy_pj\na,100,5e6\na,200,4e6\n"),
        (4, "x,y,value\n1,1,0.5\n1,2,0.25\n2,1,3\n2,2,1e-9\n"),
    ]):
        seed("table", f"table-{number}", bytes([kind]) + text.encode())
    for which in range(12):
        for scheme in range(4):
            choices = bytes([which, scheme, 5, 3, 8, which * 3 % 8, which % 2, 29])
            seed("method", f"{which}-{scheme}", choices + bytes(range(7, 60, 5)))


def dictionaries():
    folder = ROOT / "fuzz" / "dictionaries"
    folder.mkdir(exist_ok=True)
    for target in sorted(WORK.iterdir()):
        if not target.is_dir():
            continue
        text = "\n".join(path.read_bytes().decode("latin-1") for path in target.iterdir())
        words = set(re.findall(r"[A-Za-z_][\w.-]{2,30}", text))
        words |= {"[[", "]]", "1e308", "-1", "9223372036854775807", "0x", "nan", "''", '"""'}
        if target.name in ("plan", "method", "cifar", "idx"):
            continue
        lines = [json.dumps(word) for word in sorted(words) if word.isascii()][:400]
        (folder / f"{target.name}.dict").write_text("\n".join(lines) + "\n")


texts()
weights()
images()
runs()
dictionaries()
