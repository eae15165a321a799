#!/usr/bin/env bash
# Fuzzes every target for some seconds and prints the executions of each.
#
#   fuzz/run.sh SECONDS [TARGET...]
#
# Needs a C++ compiler (libFuzzer is built from source) and no nightly toolchain: coverage comes
# from LLVM's own pass. What is found goes into fuzz/artifacts/TARGET, new inputs into
# fuzz/work/TARGET; `fuzz/minimise.sh` folds those into the kept corpus. `cargo fuzz run TARGET
# --sanitizer none` does the same for one target.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
seconds=${1:?seconds a target}
shift
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
[ -n "${FUZZ_BUILT:-}" ] || cargo build --release --quiet --target "$host"
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

all=0
failed=0
# Files named in texts are looked up in an empty folder.
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
for target in "${targets[@]}"; do
  binary=$here/target/$host/release/$target
  mkdir -p "work/$target" "artifacts/$target" "corpus/$target"
  length=16384
  arguments=(-max_total_time="$seconds" -rss_limit_mb=512 -malloc_limit_mb=256 -timeout=10
    -max_len=$length -print_final_stats=1 -artifact_prefix="$here/artifacts/$target/")
  [ -f "dictionaries/$target.dict" ] && arguments+=(-dict="$here/dictionaries/$target.dict")
  log=$here/work/$target.log
  status=ok
  (cd "$room" && RAYON_NUM_THREADS=1 "$binary" "${arguments[@]}" \
    "$here/work/$target" "$here/corpus/$target") >"$log" 2>&1 || { status=FAILED; failed=1; }
  count=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: //p' "$log")
  peak=$(sed -n 's/^stat::peak_rss_mb: //p' "$log")
  printf '%-14s %12d executions %8d /s %5d MiB %s\n' \
    "$target" "${count:-0}" "${rate:-0}" "${peak:-0}" "$status"
  all=$((all + ${count:-0}))
done
printf '%-14s %12d executions\n' all "$all"
exit $failed
