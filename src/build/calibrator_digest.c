// SPDX-License-Identifier: MIT
#include "build/calibrator.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>
#include <xxhash.h>

static void finish(XXH3_state_t *state, fov_digest *digest)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    memcpy(digest->byte, canonical.digest, sizeof digest->byte);
    XXH3_freeState(state);
}

static XXH3_state_t *begin(fov_error *err)
{
    XXH3_state_t *state = XXH3_createState();
    if (!state) fov_fail_memory(err, "a checksum");
    else XXH3_128bits_reset(state);
    return state;
}

fov_status fov_digest_image(const fov_image *image, fov_digest *digest, fov_error *err)
{
    static const size_t pixel_bytes[] = {[FOV_RGB8] = 3, [FOV_BGR8] = 3, [FOV_GRAY8] = 1, [FOV_RGBA8] = 4};
    const int32_t       head[] = {image->width, image->height, (int32_t)image->format};
    XXH3_state_t       *state = begin(err);
    if (!state) return FOV_ERR_MEMORY;
    XXH3_128bits_update(state, head, sizeof head);
    for (int y = 0; y < image->height; y++)
        XXH3_128bits_update(state, image->data + y * image->pitch, (size_t)image->width * pixel_bytes[image->format]);
    finish(state, digest);
    return FOV_OK;
}

static void add_constants(XXH3_state_t *state, const fov_graph *graph)
{
    for (int i = 0; i < graph->n_value; i++) {
        const fov_value *value = &graph->value[i];
        size_t           count;
        if (!value->data || !fov_shape_count(&value->shape, &count)) continue;
        XXH3_128bits_update(state, value->name, strlen(value->name) + 1);
        XXH3_128bits_update(state, value->data, count * fov_dtype_size(value->dtype));
    }
}

fov_status fov_digest_origin(const fov_model *model, const fov_detect_options *detect, fov_digest *digest, fov_error *err)
{
    fov_text text = {0};
    char    *nodes = fov_graph_dump(model->graph);
    fov_settings_print(&model->settings, &text);
    fov_text_print(&text, "%d %d %d %d %d %d %d %d", (int)detect->resize, detect->long_side, detect->width, detect->height,
                   (int)detect->placement, detect->fill[0], detect->fill[1], detect->fill[2]);
    if (nodes) fov_text_print(&text, "%s", nodes);
    fov_free(nodes);
    XXH3_state_t *state = nodes && !text.failed ? begin(err) : NULL;
    if (state) {
        XXH3_128bits_update(state, text.data, text.size);
        add_constants(state, model->graph);
        finish(state, digest);
    }
    fov_text_clear(&text);
    return state ? FOV_OK : fov_fail_memory(err, "a checksum of the model");
}
