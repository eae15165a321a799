#!/usr/bin/env python3
"""Makes the shipped weights again: trains ResNet-20 on CIFAR-10 under the three schemes with one recipe.

    cargo build --release
    python3 workloads/weights/make.py --cifar DIR --runs DIR

--cifar holds the official binary files (`signloop data` says where from); --runs takes the runs. A finished
run is not done again, and one that was killed goes on from its last checkpoint. Writes beside this script, per
scheme, the packed weights and the training log, and one file of latents as f16 (the last convolution of each
stage, binary and signed-binary). Needs no package besides Python's own.
"""
import argparse
import json
import shutil
import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
NETWORK = "resnet20-cifar10"
SCHEMES = ("binary", "signed-binary", "ternary")
RECIPE = "--epochs 40 --batch 64 --activation prelu --rate 0.01 --clip --seed 1".split()
LATENT_SCHEMES = ("binary", "signed-binary")
LATENT_LAYERS = ("layer1.2.conv2", "layer2.2.conv2", "layer3.2.conv2")


def read_safetensors(path):
    """The header and the bytes of the tensors."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def write_safetensors(path, provenance, tensors):
    """Writes f16 tensors, (name, shape, values) each, in the order given."""
    header, body = {"__metadata__": {"provenance": provenance}}, b""
    for name, shape, values in tensors:
        raw = struct.pack(f"<{len(values)}e", *values)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def latents(runs):
    """Latent tensors of the checkpoints, and the runs' accuracies in words."""
    tensors, reached = [], []
    for scheme in LATENT_SCHEMES:
        header, body = read_safetensors(runs / scheme / "checkpoint.safetensors")
        log = json.loads(header["__metadata__"]["signloop"])["log"]
        reached.append(f"{100 * log[-1]['test_accuracy']:.2f} % {scheme}")
        for layer in LATENT_LAYERS:
            entry = header[f"{layer}.weight"]
            start, end = entry["data_offsets"]
            values = struct.unpack(f"<{(end - start) // 4}f", body[start:end])
            tensors.append((f"{scheme}.{layer}.weight", entry["shape"], values))
    return tensors, ", ".join(reached)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", required=True, help="folder with data_batch_1.bin .. test_batch.bin")
    parser.add_argument("--runs", required=True, type=Path, help="folder of the runs")
    parser.add_argument("--binary", default=HERE.parent.parent / "target/release/signloop", help="signloop to run")
    parser.add_argument("--data-note", help="what is special about the data, for the provenance")
    arguments = parser.parse_args()
    for scheme in SCHEMES:
        out = arguments.runs / scheme
        command = [arguments.binary, "train", "--dataset", f"cifar10:{arguments.cifar}", "--network", NETWORK]
        command += ["--scheme", scheme, *RECIPE, "--out", out, "--resume"]
        if arguments.data_note:
            command += ["--data-note", arguments.data_note]
        subprocess.run(command, check=True)
        shutil.copyfile(out / "weights.safetensors", HERE / f"{NETWORK}-{scheme}.safetensors")
        shutil.copyfile(out / "log.csv", HERE / f"{NETWORK}-{scheme}.log.csv")
    tensors, reached = latents(arguments.runs)
    provenance = f"{NETWORK} by workloads/weights/make.py ({arguments.data_note or 'CIFAR-10'}); last convolution of each stage as f16; top-1 {reached}"
    write_safetensors(HERE / f"{NETWORK}-latents-f16.safetensors", provenance, tensors)


if __name__ == "__main__":
    main()
