#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh virtual environment, and runs the tests of the package.
#
#   python/run-tests.sh            compiled fast (the `quick` profile), as CI does
#   PROFILE=release python/run-tests.sh
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/build"
"$work/build/bin/pip" install --quiet 'maturin>=1.9.4,<2'
"$work/build/bin/maturin" build --quiet --profile "${PROFILE:-quick}" --out "$work/wheels"

python3 -m venv "$work/fresh"
"$work/fresh/bin/pip" install --quiet "$work"/wheels/signloop-*.whl
"$work/fresh/bin/pip" list --format freeze
"$work/fresh/bin/pip" install --quiet pytest
# Not from this folder: its sources must not be found in place of the wheel.
cd tests
"$work/fresh/bin/pytest" -q -p no:cacheprovider . "$@"
