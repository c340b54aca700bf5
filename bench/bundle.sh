#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: bench/bundle.sh BUILD_DIR OUT_DIR
#
# Puts fovea, the workers of the benchmarks and the shared libraries that they need, less those of the C library, into a folder that runs on a machine
# without their packages: bench/peers.py --fovea OUT_DIR (its scripts set LD_LIBRARY_PATH; so must who starts the programs by hand).
set -eu
build=$1
out=$2
mkdir -p "$out/lib"
for program in fovea bench-latency bench-gpu-network; do
    cp "$build/$program" "$out/"
    LC_ALL=C ldd "$build/$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | grep -v -E '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*)\.so' |
        while read -r library; do cp -L "$library" "$out/lib/"; done
done
