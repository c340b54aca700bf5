#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: assets.sh OPENAPI FOLDER >assets.c
#
# The files of the page as C: the assembler takes them in as they are, and the table tells their names and checksums.
set -eu
openapi=$1
folder=$2

rows()
{
    echo "openapi.json $openapi"
    (cd "$folder" && find . -type f ! -name '.*' | LC_ALL=C sort | sed 's|^\./||') | while read -r name; do
        echo "$name $folder/$name"
    done
}

echo '#include "page.h"'
rows | while read -r name path; do
    symbol=srv_asset_$(echo "$name" | tr -c 'a-zA-Z0-9\n' '_')
    cat <<END
__asm__(".section .rodata.$symbol, \"a\", @progbits\n.hidden $symbol\n.globl $symbol\n$symbol:\n.incbin \"$path\"\n"
        ".hidden ${symbol}_end\n.globl ${symbol}_end\n${symbol}_end:\n.previous\n");
extern const unsigned char ${symbol}[], ${symbol}_end[];
END
done
echo 'const srv_asset srv_assets[] = {'
rows | while read -r name path; do
    symbol=srv_asset_$(echo "$name" | tr -c 'a-zA-Z0-9\n' '_')
    echo "    {\"$name\", \"\\\"$(cksum <"$path" | tr ' ' '-')\\\"\", $symbol, ${symbol}_end},"
done
echo '    {0, 0, 0, 0}};'
