// SPDX-License-Identifier: MIT
/* Finds the faces of a photo with the bundled model. cc detect.c $(pkg-config --cflags --libs fovea) */
#include <fovea/fovea.h>
#include <stdio.h>

static fov_status detect(const char *path, fov_error *err)
{
    fov_photo    *photo = NULL;
    fov_engine   *engine = NULL;
    fov_detector *detector = NULL;
    fov_faces     faces;
    fov_status    status;

    if ((status = fov_photo_load(path, NULL, &photo, err))) goto done;
    if ((status = fov_engine_open("default", NULL, NULL, &engine, err))) goto done; /* or a model, or a .fov file */
    if ((status = fov_detector_new(engine, NULL, &detector, err))) goto done;

    fov_image image = fov_photo_image(photo);
    if ((status = fov_detector_run(detector, &image, NULL, &faces, err))) goto done;
    for (size_t i = 0; i < faces.count; i++) {
        const fov_face *face = &faces.face[i];
        printf("%.3f  (%.1f, %.1f) to (%.1f, %.1f)\n", (double)face->score, (double)face->box[0], (double)face->box[1],
               (double)face->box[2], (double)face->box[3]);
    }
done:
    fov_detector_free(detector);
    fov_engine_free(engine);
    fov_photo_free(photo);
    return status;
}

int main(int argc, char **argv)
{
    fov_error err;
    if (argc != 2) {
        fprintf(stderr, "usage: detect PHOTO\n");
        return 2;
    }
    fov_status status = detect(argv[1], &err);
    if (status) fprintf(stderr, "%s: %s\n", fov_status_name(status), err.message);
    return status ? 1 : 0;
}
