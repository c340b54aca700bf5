// SPDX-License-Identifier: MIT
/* What the library itself asks of a detector beyond fovea.h. */
#ifndef FOVEA_API_DETECTOR_H
#define FOVEA_API_DETECTOR_H

#include "engine/engine.h"

/** Of a detector that many photos share with others, each with a thread of its own. */
static inline fov_detector_options fov_detector_options_of(const fov_photos_options *photos)
{
    return (fov_detector_options){.threads = 1, .tune_seconds = photos->tune_seconds, .tf32 = photos->tf32};
}

/** As fov_detector_new(). @param device where the backend's steps run elsewhere: on which */
fov_status fov_detector_new_on(const fov_engine *engine, const fov_detector_options *options, int device, fov_detector **detector,
                               fov_error *err);

/**
 * As fov_detector_run(), and `observe` sees every step of the network's run (engine/engine.h), the input first: as a step of
 * node FOV_NONE whose only output is the input.
 */
fov_status fov_detector_run_observed(fov_detector *detector, const fov_image *image, const fov_detect_options *options,
                                     fov_observer *observe, void *context, fov_faces *faces, fov_error *err);

/**
 * Run the network on one image, its steps on the clock, and decode nothing.
 * @param options not NULL
 * @param seconds out: one a step of the plan; NULL: none is taken, which is how to learn how many there are
 * @param plan    out: what ran, valid until the detector's next call; a call with the same image and options runs it again
 */
fov_status fov_detector_run_timed(fov_detector *detector, const fov_image *image, const fov_detect_options *options,
                                  double *seconds, const fov_plan **plan, fov_error *err);
/** The most photos that fov_detector_run_photos() takes, and that a pass has. */
enum { FOV_DETECTOR_BATCH = 8 };
/** How many photos that become inputs of this size go through the network at a time. */
size_t fov_detector_most_in_a_pass(int width, int height);
/** A photo, and, if it was decoded elsewhere, where its pixels are. */
typedef struct fov_detector_photo {
    const fov_photo          *photo;
    const fov_remote_picture *picture;     /* NULL: the photo has pixels */
    int                       orientation; /* of the picture, EXIF 1..8 */
} fov_detector_photo;

/** As fov_detector_run_photo() for each, but what memory it takes is kept. @param options checked, not NULL, not FOV_RESIZE_TILES
 */
fov_status fov_detector_run_photos(fov_detector *detector, const fov_detector_photo *photos, size_t count,
                                   const fov_detect_options *options, fov_faces *faces, fov_error *err);

/** Size of its pool. */
int fov_detector_threads(const fov_detector *detector);

#endif
