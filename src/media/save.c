// SPDX-License-Identifier: MIT
/* Writing a picture: into memory, or into a file in the format that its ending asks for. */
#include "media/media.h"

#include "base/alloc.h"

#include <string.h>
#include <strings.h>

static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (!slash || dot > slash) ? dot : "";
}

static fov_status encode(const fov_image *image, fov_picture_format format, int quality, fov_buffer *file, fov_error *err)
{
    switch (format) {
    case FOV_PICTURE_JPEG:
        return fov_jpeg_encode(image, quality, file, err);
    case FOV_PICTURE_PNG:
        return fov_png_encode(image, file, err);
    }
    return fov_fail(err, FOV_ERR_ARGUMENT, "picture format %d: there are FOV_PICTURE_JPEG and FOV_PICTURE_PNG", (int)format);
}

fov_status fov_image_encode(const fov_image *image, fov_picture_format format, int quality, void **data, size_t *bytes,
                            fov_error *err)
{
    fov_buffer       file = {0};
    const fov_status st = encode(image, format, quality, &file, err);
    *data = st ? NULL : file.data;
    *bytes = st ? 0 : file.size;
    return st;
}

void fov_data_free(void *data)
{
    fov_free(data);
}

fov_status fov_image_save(const fov_image *image, const char *path, int quality, fov_error *err)
{
    fov_buffer file = {0};
    fov_status st;

    if (!path) return fov_fail(err, FOV_ERR_ARGUMENT, "no path to save the picture to was given");
    const char *ending = ending_of(path);
    if (!strcasecmp(ending, ".jpg") || !strcasecmp(ending, ".jpeg")) st = encode(image, FOV_PICTURE_JPEG, quality, &file, err);
    else if (!strcasecmp(ending, ".png")) st = encode(image, FOV_PICTURE_PNG, quality, &file, err);
    else
        return fov_fail(err, FOV_ERR_ARGUMENT, "%s: the ending '%s' names no format to write: use .jpg, .jpeg or .png", path,
                        ending);
    if (!st) st = fov_file_write(path, file.data, file.size, err);
    fov_buffer_clear(&file);
    return st;
}
