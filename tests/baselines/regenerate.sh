#!/usr/bin/env bash
# Writes all baselines anew: one file for every shipped network on every shipped processor.
# SIGNLOOP names the program where it is not target/release/signloop.
set -euo pipefail
cd "$(dirname "$0")/../.."
signloop=${SIGNLOOP:-target/release/signloop}

# Names of one section of `signloop list`.
names() {
  "$signloop" list | awk -v section="$1" '$0 == section {on=1; next} /^$/ {on=0} on {print $1}'
}

# One machine holds all schemes and more methods; counts do not depend on the machine, so that the
# others hold one scheme and one method of each kind of execution.
full=xeon-gold-6226
rm -f tests/baselines/*.json
for network in $(names workloads); do
  for machine in $(names archs); do
    schemes=signed-binary
    methods=dense,bit-packed,row-pattern
    if [[ $machine == "$full" ]]; then
      schemes=binary,ternary,signed-binary
      case $network in
        # The small networks hold every method.
        resnet8-* | resnet20-cifar10) methods=$(names methods | paste -sd,) ;;
        *) methods=dense,bit-packed,zero-skip,filter-repetition,row-pattern ;;
      esac
    fi
    "$signloop" check --no-cache --arch "$machine" --workload "$network" --scheme "$schemes" \
      --method "$methods" --save-baseline "tests/baselines/$network.$machine.json" >/dev/null
  done
done
