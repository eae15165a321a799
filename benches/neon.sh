#!/bin/sh
# Tests the NEON kernels on an x86-64 machine: Debian's cross compiler, Rust standard library for
# arm64 and user-mode emulator are fetched and unpacked under target/arm; nothing is installed.
#
#     benches/neon.sh            # cross-compiles and runs the kernel tests under qemu
#     benches/neon.sh check      # type-checks the library for arm64 only
set -eu
cd "$(dirname "$0")/.."
work="$PWD/target/arm"
root="$work/root"
mkdir -p "$work/packages" "$work/state/lists/partial" "$work/cache/archives/partial"

if [ ! -e "$work/complete" ]; then
    # A package list of our own with the second architecture; the system's stays as it is.
    options="-o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o Dir::State::lists=$work/state/lists -o Dir::Cache=$work/cache"
    apt-get $options update >&2
    for package in rustc-web libstd-rust-web-1.96 libstd-rust-web-dev libllvm22 libstd-rust-web-dev:arm64 \
        qemu-user libcapstone4 gcc-12-aarch64-linux-gnu gcc-12-aarch64-linux-gnu-base cpp-12-aarch64-linux-gnu \
        binutils-aarch64-linux-gnu libc6-arm64-cross libc6-dev-arm64-cross linux-libc-dev-arm64-cross \
        libgcc-s1-arm64-cross libgcc-12-dev-arm64-cross gcc-12-cross-base gcc-12-cross-base-ports; do
        (cd "$work/packages" && apt-get $options download "$package" >&2) || echo "no $package" >&2
    done
    for file in "$work"/packages/*.deb; do dpkg -x "$file" "$root"; done
    touch "$work/complete"
fi

usr="$root/usr"
export PATH="$usr/bin:$PATH" LD_LIBRARY_PATH="$usr/lib/x86_64-linux-gnu"
export RUSTC="$usr/bin/rustc"
export CARGO_TARGET_DIR="$work/target"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER="$usr/bin/aarch64-linux-gnu-gcc-12"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C link-arg=--sysroot=$root -C link-arg=-B$usr/lib/gcc-cross/aarch64-linux-gnu/12 -C link-arg=-L$usr/aarch64-linux-gnu/lib"
# One dependency of a test library has a file in assembly.
export CC_aarch64_unknown_linux_gnu="$usr/bin/aarch64-linux-gnu-gcc-12" AR_aarch64_unknown_linux_gnu="$usr/bin/aarch64-linux-gnu-ar"
export CFLAGS_aarch64_unknown_linux_gnu="--sysroot=$root -B$usr/lib/gcc-cross/aarch64-linux-gnu/12 -isystem $usr/aarch64-linux-gnu/include"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$usr/bin/qemu-aarch64 -L $usr/aarch64-linux-gnu"
"$RUSTC" --version >&2
if [ "${1:-}" = check ]; then
    exec cargo check --lib --target aarch64-unknown-linux-gnu
fi
exec cargo test --test oracle --target aarch64-unknown-linux-gnu -- kernels:: tables::
