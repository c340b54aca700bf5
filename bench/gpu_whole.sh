#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: bench/gpu_whole.sh BUILD_DIR OUT.sh PHOTO.jpg...
#
# Puts bench-gpu-whole, the shared libraries that it needs, less those of the C library, and photos into one shell script, which
# measures on whatever machine with an NVIDIA GPU it is run: OUT.sh [OPTION...] [> RESULTS], options as of bench-gpu-whole.
set -eu
build=$1
out=$2
shift 2
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
mkdir "$folder/lib" "$folder/photos"
cp "$build/bench-gpu-whole" "$folder/"
strip "$folder/bench-gpu-whole"
LC_ALL=C ldd "$build/bench-gpu-whole" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | grep -v -E '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*)\.so' |
    while read -r library; do cp -L "$library" "$folder/lib/"; done
cp "$@" "$folder/photos/"
cat > "$out" <<'SCRIPT'
#!/bin/sh
set -eu
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
sed '1,/^__ARCHIVE__$/d' "$0" | tar -xz -C "$folder"
export LD_LIBRARY_PATH="$folder/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null || true
nproc
"$folder/bench-gpu-whole" "$@" "$folder"/photos/*
exit 0
__ARCHIVE__
SCRIPT
tar -cz -C "$folder" . >> "$out"
chmod +x "$out"
