// SPDX-License-Identifier: MIT
/* Writing a picture in the format that the file's ending asks for. */
#include "media/media.h"

#include <string.h>
#include <strings.h>

static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (!slash || dot > slash) ? dot : "";
}

fov_status fov_image_save(const fov_image *image, const char *path, int quality, fov_error *err)
{
    fov_buffer file = {0};
    fov_status st;

    if (!path) return fov_fail(err, FOV_ERR_ARGUMENT, "no path to save the picture to was given");
    const char *ending = ending_of(path);
    if (!strcasecmp(ending, ".jpg") || !strcasecmp(ending, ".jpeg")) st = fov_jpeg_encode(image, quality, &file, err);
    else if (!strcasecmp(ending, ".png")) st = fov_png_encode(image, &file, err);
    else
        return fov_fail(err, FOV_ERR_ARGUMENT, "%s: the ending '%s' names no format to write: use .jpg, .jpeg or .png", path,
                        ending);
    if (!st) st = fov_file_write(path, file.data, file.size, err);
    fov_buffer_clear(&file);
    return st;
}
