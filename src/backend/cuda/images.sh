#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: images.sh HEADER [IMAGE.fatbin]...      Writes the rows that images.c takes the images in by.
set -eu
header=$1
shift
{
    printf '#define FOV_CUDA_IMAGES \\\n'
    for image; do
        sum=$(cksum <"$image")
        printf '    FOV_CUDA_IMAGE(%s, "%s", %s) \\\n' "$(basename "$image" .fatbin)" "$(readlink -f "$image")" "${sum%% *}"
    done
    echo
} >"$header"
