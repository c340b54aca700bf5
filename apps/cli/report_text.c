// SPDX-License-Identifier: MIT
/* Words for people:
 *
 *     astronaut.png  512 x 512  1 face
 *        1  0.999  box 176,63 - 281,207  eyes 206,115 250,114  nose 229,137  mouth 212,161 246,160
 *
 * An input that failed is told on standard error only. */
#include "console.h"
#include "report.h"

static void print_face(FILE *out, size_t number, const fov_face *f)
{
    const float(*p)[2] = f->landmarks;
    fprintf(out, "%4zu  %.3f  box %.0f,%.0f - %.0f,%.0f", number, (double)f->score, (double)f->box[0], (double)f->box[1],
            (double)f->box[2], (double)f->box[3]);
    fprintf(out, "  eyes %.0f,%.0f %.0f,%.0f  nose %.0f,%.0f  mouth %.0f,%.0f %.0f,%.0f\n", (double)p[0][0], (double)p[0][1],
            (double)p[1][0], (double)p[1][1], (double)p[2][0], (double)p[2][1], (double)p[3][0], (double)p[3][1], (double)p[4][0],
            (double)p[4][1]);
}

static void print_result(FILE *out, const cli_result *r)
{
    if (r->error) return;
    cli_print_plain(out, r->file);
    fprintf(out, "  %d x %d  %zu %s\n", r->width, r->height, r->faces.count, r->faces.count == 1 ? "face" : "faces");
    for (size_t i = 0; i < r->faces.count; i++) print_face(out, i + 1, r->faces.face + i);
}

const cli_report cli_report_text = {NULL, print_result, NULL};
