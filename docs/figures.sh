#!/usr/bin/env bash
# Makes the pictures of docs/figures again after `cargo build --release`. Left alone: `speed` and `crosscheck`
# (times of one machine), `accuracy` and `fits` (trainings).
set -euo pipefail
cd "$(dirname "$0")/.."
signloop=$PWD/target/release/signloop
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
network=resnet20-cifar10

"$signloop" simulate --arch xeon-gold-6226 --workload $network --method zero-skip,sum-merge,row-pattern \
  --format json --out "$room/report.json"
"$signloop" stats --workload $network --format json >"$room/stats.json"
"$signloop" gain --format json >"$room/gain.json"
"$signloop" map --arch dstc --workload $network --format json --out "$room/map.json"
cat >"$room/sweep.toml" <<'TOML'
on_invalid = "skip"

[grid]
arch = ["xeon-gold-6226"]
workload = ["resnet20-cifar10"]
scheme = ["binary"]
method = ["sum-merge"]

[[axis]]
key = "arch.cache.L1.size_kib"
values = [8, 16, 24, 32, 48, 64]

[[axis]]
key = "arch.cache.L2.size_kib"
values = [16, 32, 64, 128, 256]
TOML
"$signloop" sweep "$room/sweep.toml" --out "$room/sweep.csv"

cd "$room"
draw() { "$signloop" plot "$@" --column single --out "$room/drawn" >/dev/null; }
for figure in energy cycles ecm traffic density; do draw $figure --from report.json; done
for figure in ops reduction; do draw $figure --from report.json --method sum-merge; done
draw roofline --from report.json --method row-pattern
draw patterns --from stats.json
draw gain --from gain.json
draw pareto --from map.json
draw heat --from sweep.csv --columns arch.cache.L1.size_kib,arch.cache.L2.size_kib,cycles
cp "$room"/drawn/*.png "$OLDPWD/docs/figures/"
