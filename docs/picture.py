#!/usr/bin/env python3
"""Draws a command's output as docs/simulate.svg: the totals and the summary of the default run.

Run from the repository root after `cargo build --release`."""
import html
import subprocess

COMMAND = ["./target/release/signloop", "simulate", "--arch", "arch/xeon-gold-6226.toml",
           "--workload", "workloads/resnet20-cifar10.toml"]
output = subprocess.run(COMMAND, check=True, capture_output=True, text=True).stdout.splitlines()
start = next(i for i, line in enumerate(output) if line.startswith("Totals"))
keep = [line for line in output[start:] if not line.startswith(("note:", "weights,", "skipped:"))]
lines = ["$ " + " ".join(["signloop", *COMMAND[1:]]), ""] + keep
WIDTH, HEIGHT = 8.43, 19
wrapped = []
for line in lines:
    line = line.rstrip()
    while len(line) > 128:
        cut = line.rfind(" ", 0, 128)
        wrapped.append(line[:cut])
        line = "    " + line[cut + 1:]
    wrapped.append(line)
columns = max(map(len, wrapped))
body = "\n".join(
    f'<text x="16" y="{28 + HEIGHT * i}" xml:space="preserve"'
    f'{" fill=" + chr(34) + "#8be9fd" + chr(34) if line.startswith("$") else ""}>'
    f"{html.escape(line)}</text>"
    for i, line in enumerate(wrapped))
width, height = int(32 + WIDTH * columns), 28 + HEIGHT * len(wrapped)
with open("docs/simulate.svg", "w") as file:
    file.write(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
        f'font-size="14" fill="#f8f8f2">\n<rect width="100%" height="100%" rx="8" fill="#282a36"/>\n{body}\n</svg>\n')
