// SPDX-License-Identifier: MIT
/* Reviews of videos, which somebody edited: read, changed and written again. */
#include "fuzz.h"

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_tracks             *tracks = NULL;
    const fov_tracked_face *faces;
    (void)name;
    fov_status st = fov_tracks_load(fuzz_file(data, bytes), &tracks, err);
    if (st) return st;
    for (size_t i = 0; i < fov_tracks_count(tracks); i++)
        fov_tracks_set_hide(tracks, fov_tracks_get(tracks, i).number, i % 2, NULL);
    for (size_t i = 0; i <= fov_tracks_frames(tracks); i++) fov_tracks_at(tracks, i, &faces);
    fov_tracks_save(tracks, "video.mp4", "/dev/null", NULL);
    fov_tracks_free(tracks);
    return FOV_OK;
}

static void seeds(void)
{
    fuzz_seed_text(
        "{\"review\": 1, \"video\": \"a.mp4\",\n \"tracks\": [\n"
        "  {\"track\": 1, \"hide\": true, \"from\": 0.000, \"to\": 0.040, \"best\": 0.000, \"found\": 2, \"boxes\": "
        "[[0, 1.0, 2.0, 30.5, 40.5], [1, 2.0, 3.0, 31.5, 41.5]]},\n"
        "  {\"track\": 2, \"hide\": false, \"boxes\": [[2, 0, 0, 1, 1]]}\n ],\n \"times\": [0.000000, 0.040000, 0.08]}\n");
    fuzz_seed_text("{\"review\": 1, \"tracks\": [{\"track\": 7, \"hide\": true, \"boxes\": []}], \"times\": []}");
}

const fuzz_target fuzz_target_here = {
    .name = "review",
    .sources = "src/track/review.c src/track/tracks.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 1024,
    .seeds = seeds,
};
