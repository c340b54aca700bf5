#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles alone; the public ones also as C++. TAP on stdout.
# Usage: headers.sh SOURCE_DIR BUILD_DIR COMPILER...
source=$1
build=$2
shift 2
cd "$source" || exit 1
n=0
failed=0

check() { # name, compiler arguments...
    name=$1
    shift
    n=$((n + 1))
    if "$@" >/dev/null 2>&1; then echo "ok $n - $name"; else echo "not ok $n - $name"; failed=1; fi
}

# Templates (*_tile.h) need what the files that include them define before.
for header in include/fovea/*.h $(find src tests/support tests/fuzz -name '*.h' -not -name '*_tile.h' | LC_ALL=C sort); do
    case $header in
    src/video/av/*) echo '#include <libavformat/avformat.h>' | "$@" -fsyntax-only -x c - 2>/dev/null || continue; isa= ;;
    src/backend/cuda/*) echo '#include <cuda.h>' | "$@" -fsyntax-only -x c - 2>/dev/null || continue; isa= ;;
    */avx* | */amx/*) test "$(uname -m)" = x86_64 || continue; isa=-march=x86-64-v4 ;;
    *) isa= ;;
    esac
    check "$header alone" "$@" $isa -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-function -Iinclude -Isrc \
        -Itests/support -Itests/fuzz -Iapps/cli -Iapps/serve -I"$build" -fsyntax-only -x c "$header"
done
if echo 'int main() {}' | "$@" -fsyntax-only -x c++ - 2>/dev/null; then
    for header in include/fovea/*.h; do
        check "$header as C++" "$@" -std=c++11 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c++ "$header"
    done
else
    n=$((n + 1))
    echo "ok $n - public headers as C++ # SKIP no C++ compiler here"
fi
echo "1..$n"
exit $failed
