#!/usr/bin/env bash
# Keeps of each target's corpus and new inputs (fuzz/work) the smallest set with the same coverage.
#
#   fuzz/minimise.sh [TARGET...]
#
# Build with fuzz/run.sh first. Inputs above 4 KiB are left out: the corpus is small on purpose.
set -euo pipefail
cd "$(dirname "$0")"
host=$(rustc -vV | sed -n 's/^host: //p')
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  for file in fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
for target in "${targets[@]}"; do
  binary=target/$host/release/$target
  kept=$(mktemp -d)
  mkdir -p "work/$target" "corpus/$target"
  "$binary" -merge=1 -max_len=4096 -timeout=10 -rss_limit_mb=512 "$kept" "corpus/$target" \
    "work/$target" >"work/$target.merge.log" 2>&1
  rm -rf "corpus/$target"
  mkdir "corpus/$target"
  # The features of the largest inputs are mostly those of smaller ones, counted more often.
  find "$kept" -type f -printf '%s %f\n' | sort -n | head -n "${KEEP:-150}" | while read -r _ file; do
    mv "$kept/$file" "corpus/$target/$file"
  done
  rm -rf "$kept"
  printf '%-14s %5d inputs\n' "$target" "$(ls "corpus/$target" | wc -l)"
done
