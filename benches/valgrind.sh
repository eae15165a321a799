#!/bin/sh
# Runs the kernel tests of the AVX2 and portable paths under valgrind, which has no AVX-512: any
# read or write outside the planes, tables and scratch memory ends it with an error. Debian's
# package `valgrind` must be installed.
#
#     benches/valgrind.sh
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 2; }
binary=$(cargo test --test oracle --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*oracle-[^"]*\)".*/\1/p' | tail -1)
[ -x "$binary" ] || { echo "cargo test --test oracle --no-run failed" >&2; exit 2; }
# Generated code is no heap block, so what it touches is checked like any other code.
KERNEL_CASES="${KERNEL_CASES:-1}" exec valgrind --quiet --error-exitcode=1 --track-origins=no \
    --smc-check=all "$binary" --test-threads=1 kernels:: tables::
