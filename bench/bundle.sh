#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: bench/bundle.sh BUILD_DIR OUT_DIR
#
# Puts fovea, the workers of the benchmarks, the tests of the CUDA backend that run on a real GPU, and the shared libraries that they need, less
# those of the C library, into a folder that runs on a machine without their packages: bench/peers.py --fovea OUT_DIR, bench/gpu.py --bundle
# OUT_DIR (their scripts set LD_LIBRARY_PATH; so must who starts the programs by hand).
set -eu
build=$1
out=$2
mkdir -p "$out/lib" "$out/tests"
bundle() {
    cp "$1" "$2"
    LC_ALL=C ldd "$1" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | grep -v -E '/(libc|libm|libdl|libpthread|librt|libcuda|ld-linux[^/]*)\.so' |
        while read -r library; do cp -L "$library" "$out/lib/"; done
}
for program in fovea bench-latency bench-gpu-network; do
    bundle "$build/$program" "$out/"
done
# As bench/gpu.py chooses them: those that set no emulated driver up.
grep -L -E 'FAKE_CUDA|FAKE_NVJPEG|fake_driver' "$(dirname "$0")"/../tests/cuda/test_*.c | grep -v -E 'emulator|nvjpeg' | while read -r source; do
    program=$build/tests/cuda/$(basename "$source" .c)
    if test -f "$program"; then bundle "$program" "$out/tests/"; fi
done
