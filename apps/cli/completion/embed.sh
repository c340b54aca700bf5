#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: embed.sh FILE...      NAME.SHELL becomes the string SHELL_script of C, on standard output
set -eu
for file; do
    printf 'static const char %s_script[] =\n' "${file##*.}"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/    "&\\n"/' "$file"
    echo '    "";'
done
