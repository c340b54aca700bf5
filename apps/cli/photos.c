// SPDX-License-Identifier: MIT
#include "photos.h"

#include "console.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_path(const void *a, const void *b)
{
    return strcmp(((const cli_input *)a)->path, ((const cli_input *)b)->path);
}

/* A photo named twice, say by a file and by its folder, would count twice in every mean. */
static void sort_and_drop_repeats(cli_inputs *inputs)
{
    size_t kept = 0;
    if (inputs->count) qsort(inputs->item, inputs->count, sizeof *inputs->item, by_path);
    for (size_t i = 0; i < inputs->count; i++) {
        cli_input *item = inputs->item + i;
        if (!kept || strcmp(item->path, inputs->item[kept - 1].path)) {
            inputs->item[kept++] = *item;
            continue;
        }
        free(item->path);
        free(item->name);
        free(item->problem);
    }
    inputs->count = kept;
}

bool cli_photos_open(cli_photos *photos, const char *command, int count, const char *const *args)
{
    *photos = (cli_photos){0};
    for (int i = 0; i < count; i++) {
        if (!strcmp(args[i], "-")) {
            cli_error("%s reads photos more than once, which standard input cannot give: name files or folders", command);
            return false;
        }
        cli_inputs_add(&photos->inputs, args[i]);
    }
    sort_and_drop_repeats(&photos->inputs);
    photos->failed = cli_calloc(photos->inputs.count, sizeof *photos->failed);
    photos->warned = cli_calloc(photos->inputs.count, sizeof *photos->warned);
    if (photos->inputs.count) return true;
    cli_error("no photos: name files, folders or patterns; see 'fovea help %s'", command);
    return false;
}

static void fail(cli_photos *photos, size_t index, const char *message)
{
    const char *path = photos->inputs.item[index].path;
    if (photos->failed[index]) return;
    photos->failed[index] = true;
    if (strncmp(message, path, strlen(path))) cli_error("%s: %s", path, message);
    else cli_error("%s", message);
}

static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    cli_photos      *photos = user;
    const cli_input *input = photos->inputs.item + index;
    fov_error        own = {0};
    fov_status       status;
    *photo = NULL;
    if (input->problem) {
        own.code = status = FOV_ERR_IO;
        snprintf(own.message, sizeof own.message, "%s", input->problem);
    } else {
        status = fov_photo_load(input->path, NULL, photo, &own);
    }
    if (status) {
        fail(photos, index, own.message);
        if (err) *err = own;
    } else if (*fov_photo_warning(*photo) && !photos->warned[index]) {
        photos->warned[index] = true;
        cli_warning("%s: %s", input->path, fov_photo_warning(*photo));
    }
    return status;
}

fov_photo_source cli_photos_source(cli_photos *photos)
{
    return (fov_photo_source){.count = photos->inputs.count, .load = load, .user = photos};
}

fov_photo *cli_photos_load(cli_photos *photos, size_t index)
{
    fov_photo *photo;
    load(photos, index, &photo, NULL);
    return photo;
}

size_t cli_photos_failed(const cli_photos *photos)
{
    size_t count = 0;
    for (size_t i = 0; i < photos->inputs.count; i++) count += photos->failed[i];
    return count;
}

void cli_photos_clear(cli_photos *photos)
{
    cli_inputs_clear(&photos->inputs);
    free(photos->failed);
    free(photos->warned);
    *photos = (cli_photos){0};
}
