// SPDX-License-Identifier: MIT
#include "detect.h"

#include <stdlib.h>
#include <string.h>

#include "input_size.h"

enum { MAX_PASS = 64 }; /* photos */

/* ---------------------------------------------------------------- decoding */

static fov_status decode(tri_look *l, size_t index, const tri_settings *settings, fov_error *err)
{
    fov_photo_options options = {.max_pixels = settings->photo_pixels};
    char              name[32];
    snprintf(name, sizeof name, "photo %zu", index);
    fov_photo_options_fit(&options, &l->request->detect);
    return fov_photo_decode(l->data, l->bytes, name, &options, &l->photo, err);
}

static fov_status admit(tri_look *l, size_t index, const tri_settings *settings, fov_error *err)
{
    const fov_status st = l->data ? decode(l, index, settings, err) : FOV_OK;
    if (st) return st;
    l->width = l->photo ? fov_photo_width(l->photo) : l->pixels.width;
    l->height = l->photo ? fov_photo_height(l->photo) : l->pixels.height;
    return srv_input_check(&l->request->detect, l->width, l->height, (srv_input_limit){settings->input_pixels, "max_input"}, err);
}

void tri_decode(tri_request *r, const tri_settings *settings)
{
    for (size_t i = 0; i < r->looks && !r->status; i++) r->status = admit(r->look + i, i, settings, &r->err);
}

/* ---------------------------------------------------------------- finding */

static void keep(tri_look *l, const fov_faces *faces)
{
    l->face = malloc((faces->count + 1) * sizeof *l->face);
    if (!l->face) {
        tri_request_fail(l->request, FOV_ERR_MEMORY, "no memory for %zu faces", faces->count);
        return;
    }
    if (faces->count) memcpy(l->face, faces->face, faces->count * sizeof *l->face);
    l->faces = faces->count;
}

static void run_one(fov_detector *detector, tri_look *l)
{
    tri_request     *r = l->request;
    fov_faces        faces;
    const fov_status st = l->photo ? fov_detector_run_photo(detector, l->photo, &r->detect, &faces, &r->err)
                                   : fov_detector_run(detector, &l->pixels, &r->detect, &faces, &r->err);
    if (st) r->status = st;
    else keep(l, &faces);
}

static fov_image image_of(const tri_look *l)
{
    return l->photo ? fov_photo_image(l->photo) : l->pixels;
}

/* When one of a pass fails, all do: each then gets a pass of its own, so that only the culprit's request fails. */
static void run_pass(fov_detector *detector, tri_look **look, size_t count)
{
    fov_image image[MAX_PASS];
    fov_faces faces[MAX_PASS];
    for (size_t i = 0; i < count; i++) image[i] = image_of(look[i]);
    const fov_status st =
        count > 1 ? fov_detector_run_batch(detector, image, count, &look[0]->request->detect, faces, NULL) : FOV_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++)
        if (st) run_one(detector, look[i]);
        else keep(look[i], faces + i);
}

/* A photo that was decoded smaller is told in its full pixels only when it runs by itself. */
static bool goes_with(const tri_look *first, const tri_look *l)
{
    return image_of(first).width == first->width && image_of(l).width == l->width &&
           /* NOLINTNEXTLINE(*-memory-comparison,cert-*): unequal padding only keeps photos apart */
           !memcmp(&first->request->detect, &l->request->detect, sizeof l->request->detect);
}

/* Takes the next pass out of `left`, keeping the order of the rest. @return photos in it */
static size_t take_pass(tri_look **left, size_t *n_left, tri_look **pass, size_t most)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < *n_left; i++)
        if (count && (count == most || !goes_with(pass[0], left[i]))) left[kept++] = left[i];
        else pass[count++] = left[i];
    *n_left = kept;
    return count;
}

static void run_all(const tri_instance *instance, tri_look **left, size_t n_left)
{
    tri_look *pass[MAX_PASS];
    while (n_left) {
        const size_t count = take_pass(left, &n_left, pass, instance->shares_passes ? MAX_PASS : 1);
        run_pass(instance->detector, pass, count);
    }
}

void tri_detect(const tri_instance *instance, tri_request *request, size_t count)
{
    size_t looks = 0, n = 0;
    for (size_t i = 0; i < count; i++) looks += request[i].looks;
    tri_look **all = malloc((looks + 1) * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        if (!all && !request[i].status) tri_request_fail(request + i, FOV_ERR_MEMORY, "no memory for a list of %zu photos", looks);
        for (size_t k = 0; all && k < request[i].looks && !request[i].status; k++) all[n++] = request[i].look + k;
    }
    run_all(instance, all, n);
    free(all);
}
