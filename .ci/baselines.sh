#!/usr/bin/env bash
# Holds the counts, bytes, cycles and energy of every shipped network on every shipped processor
# against tests/baselines. Fails where one differs, or where a network or processor has none.
set -euo pipefail
cd "$(dirname "$0")/.."
export SIGNLOOP=${SIGNLOOP:-target/release/signloop}

names() {
  "$SIGNLOOP" list | awk -v section="$1" '$0 == section {on=1; next} /^$/ {on=0} on {print $1}'
}

networks=$(names workloads)
machines=$(names archs)
test -n "$networks" && test -n "$machines" || { echo "signloop list names nothing" >&2; exit 1; }
files=()
for network in $networks; do
  for machine in $machines; do
    file=tests/baselines/$network.$machine.json
    test -f "$file" || { echo "$file is missing: run tests/baselines/regenerate.sh" >&2; exit 1; }
    files+=("$file")
  done
done

# Lower numbers differ too: `check` alone calls them better and passes. Plans are made anew, so that a
# cache of an older version cannot hide a difference.
hold() {
  if output=$("$SIGNLOOP" check --no-cache --baseline "$1" 2>&1) &&
    grep -q ' same, 0 better, 0 worse, 0 missing, 0 new$' <<<"$output"; then
    return 0
  fi
  printf '== %s\n%s\n' "$1" "$output" >&2
  return 1
}
export -f hold

# xargs ends with a failure where any of its runs did, after all have run.
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P 2 bash -c 'hold "$1"' hold
echo "${#files[@]} baselines hold"
