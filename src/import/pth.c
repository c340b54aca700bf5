// SPDX-License-Identifier: MIT
#include "import/pth.h"

#include <string.h>

extern const fov_importer fov_importer_pth;

static bool has_at(const fov_source *s, size_t at, const char *text, size_t count)
{
    return s->size >= at + count && !memcmp(s->data + at, text, count);
}

static bool is_zip(const fov_source *s)
{
    return has_at(s, 0, "PK\3\4", 4);
}

/* PyTorch before 0.1.10 wrote tar archives. */
static bool is_tar(const fov_source *s)
{
    return has_at(s, 257, "ustar", 5);
}

/* A pickle of protocol 2 to 5 that begins with a number (the magic of the legacy stream), a dict, a name or a frame. A
 * safetensors file may begin with the same bytes, which are the length of its header there, but has a brace at byte 8. */
static bool is_pickle(const fov_source *s)
{
    static const unsigned char first[] = {0x8a, '}', ']', 'c', '(', 0x95};
    return s->size > 8 && s->data[0] == 0x80 && s->data[1] >= 2 && s->data[1] <= 5 && memchr(first, s->data[2], sizeof first) &&
           s->data[8] != '{';
}

static bool recognise(const fov_source *source)
{
    return is_zip(source) || is_pickle(source) || is_tar(source);
}

fov_status fov_pth_load_weights(const fov_source *source, fov_weights *weights, fov_error *err)
{
    if (is_zip(source)) return fov_pth_load_zip(source, weights, err);
    if (is_pickle(source)) return fov_pth_load_legacy(source, weights, err);
    if (is_tar(source))
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "%s: a tar archive, as PyTorch wrote before 0.1.10; load it with torch.load() and save it again",
                        source->name);
    return fov_fail(err, FOV_ERR_FORMAT, "%s: neither a zip archive nor a pickle; torch.save() writes one of them", source->name);
}

static fov_status import(const fov_source *source, struct fov_model *model, fov_error *err)
{
    fov_weights weights = {.file = source->name};
    fov_status  st = fov_pth_load_weights(source, &weights, err);
    if (!st) st = fov_import_weights(source, NULL, &weights, model, err);
    fov_weights_clear(&weights);
    return st;
}

const fov_importer fov_importer_pth = {"pth", recognise, import};
