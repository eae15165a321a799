#!/usr/bin/env python3
"""Trains a grid of settings and writes two Markdown tables: an ablation and a Pareto front.

    python3 benches/train_tables.py --dataset fashion-mnist:DIR --out DIR [ablation] [pareto]

ablation: signed-binary with one setting changed at a time (surrogate, activation, threshold scope,
          scale, assignment, clipping, an fp32 teacher, width), beside fp32, binary and ternary.
pareto:   binary and signed-binary at every width, with the accuracy of binary at signed-binary's
          number of effectual parameters, interpolated between the two widths around it.

Every run has a folder of its own below --out. A finished one is not run again, one that was killed
goes on from its last checkpoint, so the script may be stopped and started at any time. All settings
get their first seed before any gets its second, narrow networks first; the tables are written anew
after every run. Needs no package besides Python's own.
"""
import argparse
import concurrent.futures
import csv
import json
import math
import shlex
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

BASE = {
    "scheme": "signed-binary",
    "width": 16,
    "surrogate": "ede",
    "activation": "prelu",
    "threshold-scope": "filter",
    "scale": "filter",
    "assignment": "half",
    "clip": False,
    "teacher-share": 0,
}
# Settings that fp32 has no use for.
QUANTISED = ("surrogate", "threshold-scope", "scale", "assignment", "clip")


def setting(**changes):
    return BASE | {key.replace("_", "-"): value for key, value in changes.items()}


def ablation(arguments):
    wide = [width for width in arguments.widths if width > BASE["width"]][:2]
    rows = [("signed-binary (base)", setting())]
    rows += [
        ("straight-through instead of EDE", setting(surrogate="ste")),
        ("ReLU instead of PReLU", setting(activation="relu")),
        ("threshold per layer", setting(threshold_scope="layer")),
        ("scale per layer", setting(scale="layer")),
        ("scale 1", setting(scale="one")),
        ("interleaved filters", setting(assignment="interleaved")),
        ("latents clipped to ±1", setting(clip=True)),
        ("fp32 teacher, share 0.5", setting(teacher_share=0.5)),
    ]
    rows += [(f"width {width}", setting(width=width)) for width in wide]
    rows += [
        ("binary", setting(scheme="binary")),
        ("binary, straight-through", setting(scheme="binary", surrogate="ste")),
        ("ternary", setting(scheme="ternary")),
        ("fp32", setting(scheme="fp32")),
    ]
    wanted = arguments.rows
    return rows[:1] + [
        row for row in rows[1:] if not wanted or any(word in row[0] for word in wanted)
    ]


def pareto(arguments):
    return [
        (f"{scheme}, width {width}", setting(scheme=scheme, width=width))
        for width in arguments.widths
        for scheme in arguments.schemes
    ]


class Run:
    """One training: a setting and a seed, with its folder."""

    def __init__(self, chosen, seed, arguments):
        self.chosen, self.seed, self.arguments = chosen, seed, arguments
        parts = [chosen["scheme"], f"w{chosen['width']}"]
        for key, value in chosen.items():
            if key not in ("scheme", "width") and value != BASE[key] and self.uses(key):
                parts.append(f"{key}-{value}")
        self.folder = arguments.out / "_".join([*parts, f"s{seed}"])

    def uses(self, key):
        return self.chosen["scheme"] != "fp32" or key not in QUANTISED

    def teacher(self):
        """The fp32 run to learn from, if there is one."""
        if not self.chosen["teacher-share"]:
            return None
        same = {key: self.chosen[key] for key in ("width", "activation")}
        return Run(BASE | same | {"scheme": "fp32"}, self.seed, self.arguments)

    def command(self):
        a = self.arguments
        words = [str(a.binary), "train", "--dataset", a.dataset, "--network", a.network]
        words += ["--epochs", str(a.epochs), "--seed", str(self.seed), "--resume"]
        words += ["--out", str(self.folder), *shlex.split(a.common)]
        if a.threads:
            words += ["--threads", str(a.threads)]
        for key, value in self.chosen.items():
            if key == "clip":
                words += ["--clip"] if value else []
            elif key != "teacher-share" and self.uses(key):
                words += [f"--{key}", str(value)]
        teacher = self.teacher()
        if teacher:
            words += ["--teacher", str(teacher.folder / "checkpoint.safetensors")]
            words += ["--teacher-share", str(self.chosen["teacher-share"])]
        return words

    def log(self):
        try:
            with open(self.folder / "log.csv", newline="") as file:
                return list(csv.DictReader(file))
        except OSError:
            return []

    def finished(self):
        last = "checkpoint.safetensors" if self.chosen["scheme"] == "fp32" else "workload.toml"
        return len(self.log()) >= self.arguments.epochs and (self.folder / last).exists()

    def result(self):
        """Test accuracy in percent, quantised parameters and those that are effectual."""
        accuracy = 100 * float(self.log()[-1]["test_accuracy"])
        if self.chosen["scheme"] == "fp32":
            return accuracy, None, None
        # A name of its own: two scripts may share the folder.
        words = [str(self.arguments.binary), "stats", "--format", "json"]
        words += ["--workload", str(self.folder / "workload.toml")]
        text = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
        stats = [row["stats"] for row in json.loads(text)]
        return accuracy, sum(s["total"] for s in stats), sum(s["effectual"] for s in stats)


class Results:
    """Results of finished runs by setting, each asked for once."""

    def __init__(self, arguments):
        self.arguments, self.known = arguments, {}

    def of(self, chosen):
        found = []
        for seed in self.arguments.seeds:
            run = Run(chosen, seed, self.arguments)
            if run.folder not in self.known and run.finished():
                self.known[run.folder] = run.result()
            if run.folder in self.known:
                found.append((seed, *self.known[run.folder]))
        return found


def spread(values, digits):
    """Mean, and the standard deviation of the sample where there is one."""
    text = f"{statistics.mean(values):.{digits}f}"
    return f"{text} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else text


def columns(found):
    """Seeds, accuracy, parameters, effectual parameters and density, as cells."""
    if not found:
        return ["–"] * 5
    cells = [", ".join(str(row[0]) for row in found), spread([row[1] for row in found], 2)]
    if found[0][2] is None:
        return cells + ["–"] * 3
    cells.append(f"{found[0][2]:,}")
    cells.append(f"{statistics.mean(row[3] for row in found):,.0f}")
    cells.append(spread([row[3] / row[2] for row in found], 3))
    return cells


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


HEAD = ["seeds", "test accuracy, %", "quantised parameters", "effectual", "density"]


def ablation_table(arguments, results):
    rows = ablation(arguments)
    base = results.of(rows[0][1])
    lines = []
    for name, chosen in rows:
        found = results.of(chosen)
        # Paired by seed: both runs have the same first weights and order of images.
        pairs = {row[0]: row[1] for row in base}
        gains = [row[1] - pairs[row[0]] for row in found if row[0] in pairs]
        gain = "–" if chosen == rows[0][1] or not gains else f"{statistics.mean(gains):+.2f}"
        lines.append([name, *columns(found), gain])
    return markdown(["setting", *HEAD, "against base, points"], lines)


def interpolated(points, effectual):
    """Accuracy at a number of effectual parameters, linear in its logarithm; None outside."""
    points = sorted(points)
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 <= effectual <= x1:
            share = math.log(effectual / x0) / math.log(x1 / x0)
            return y0 + share * (y1 - y0)
    return None


def pareto_table(arguments, results):
    found = {}
    for _, chosen in pareto(arguments):
        runs = results.of(chosen)
        found[chosen["scheme"], chosen["width"]] = runs
    binary = [
        (statistics.mean(row[3] for row in runs), statistics.mean(row[1] for row in runs))
        for (scheme, _), runs in found.items()
        if scheme == "binary" and runs
    ]
    lines = []
    for (scheme, width), runs in found.items():
        cells = ["–", "–"]
        if scheme != "binary" and runs:
            own = statistics.mean(row[1] for row in runs)
            other = interpolated(binary, statistics.mean(row[3] for row in runs))
            if other is not None:
                cells = [f"{other:.2f}", f"{own - other:+.2f}"]
        lines.append([str(width), scheme, *columns(runs), *cells])
    head = ["width", "scheme", *HEAD, "binary at equal effectual, %", "difference, points"]
    return markdown(head, lines)


TABLES = {"ablation": (ablation, ablation_table), "pareto": (pareto, pareto_table)}


def plan(arguments):
    """Runs seed by seed, narrow first, each once, with teachers before their pupils."""
    runs = {}
    for seed in arguments.seeds:
        chosen = [row for name in arguments.tables for _, row in TABLES[name][0](arguments)]
        for one in sorted(chosen, key=lambda one: one["width"]):
            run = Run(one, seed, arguments)
            for needed in (run.teacher(), run):
                if needed:
                    runs.setdefault(needed.folder, needed)
    return list(runs.values())


def write_tables(arguments, results):
    version = subprocess.run(
        [str(arguments.binary), "--version"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    for name in arguments.tables:
        text = f"{name} on {arguments.dataset.split(':')[0]}, {arguments.network}, "
        text += f"{arguments.epochs} epochs, `{arguments.common}`, {version}; accuracy of the last "
        text += "epoch; mean ± standard deviation of the seeds\n\n"
        text += TABLES[name][1](arguments, results)
        path = arguments.out / f"{name}.md"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(text)
        temporary.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", help="ablation, pareto; both if none is named")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/signloop")
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--network", default="resnet8-fashion-mnist")
    parser.add_argument("--out", type=Path, required=True)
    numbers = lambda text: [int(word) for word in text.split(",")]
    parser.add_argument("--seeds", type=numbers, default=[1, 2, 3])
    parser.add_argument("--widths", type=numbers, default=[8, 12, 16, 24, 32])
    parser.add_argument("--schemes", type=lambda text: text.split(","),
                        default=["binary", "signed-binary"])
    parser.add_argument("--rows", type=lambda text: text.split(","),
                        help="only rows of the ablation whose names hold one of these words")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--common", default="--batch 64 --rate 0.005 --crop 0",
                        help="further arguments of every run")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--threads", type=int, help="threads of a run")
    parser.add_argument("--minutes", type=float, help="start no run after this time")
    parser.add_argument("--dry-run", action="store_true", help="print the commands only")
    arguments = parser.parse_args()
    arguments.tables = arguments.tables or list(TABLES)
    if unknown := [name for name in arguments.tables if name not in TABLES]:
        parser.error(f"unknown table {unknown[0]}; there are {', '.join(TABLES)}")
    arguments.widths.sort()
    if arguments.dry_run:
        for run in plan(arguments):
            print("#" if run.finished() else " ", shlex.join(run.command()))
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    sys.exit(train_all(arguments))


def train_all(arguments):
    results, lock, start = Results(arguments), threading.Lock(), time.monotonic()
    runs = plan(arguments)
    done = {run.folder: threading.Event() for run in runs}
    failed = []

    def work(place, run):
        teacher = run.teacher()
        # Teachers stand before their pupils in the plan, so one is running or done by now.
        if teacher:
            done[teacher.folder].wait()
        try:
            late = arguments.minutes and time.monotonic() - start > 60 * arguments.minutes
            if run.finished() or late:
                return
            before = time.monotonic()
            with open(arguments.out / f"{run.folder.name}.err", "w") as errors:
                outcome = subprocess.run(
                    run.command(), stdout=subprocess.DEVNULL, stderr=errors, check=False
                )
            with lock:
                if outcome.returncode:
                    failed.append(run)
                    if outcome.returncode != 130:
                        print(f"{run.folder.name}: exit code {outcome.returncode}, see "
                              f"{run.folder}.err", file=sys.stderr, flush=True)
                    return
                (arguments.out / f"{run.folder.name}.err").unlink()
                accuracy = run.result()[0]
                minutes = (time.monotonic() - before) / 60
                print(f"{place + 1}/{len(runs)} {run.folder.name}: {accuracy:.2f} %, "
                      f"{minutes:.1f} min", file=sys.stderr, flush=True)
                write_tables(arguments, results)
        finally:
            done[run.folder].set()

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        try:
            for outcome in [pool.submit(work, place, run) for place, run in enumerate(runs)]:
                outcome.result()
        except KeyboardInterrupt:
            # Ctrl-C reaches the runs too: they stop by themselves, with their checkpoints.
            pool.shutdown(cancel_futures=True)
            print("stopped; the same command goes on", file=sys.stderr)
            return 130
    write_tables(arguments, results)
    for name in arguments.tables:
        print((arguments.out / f"{name}.md").read_text())
    return 1 if failed else 0


if __name__ == "__main__":
    main()
