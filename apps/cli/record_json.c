// SPDX-License-Identifier: MIT
#include "record_json.h"

#include "json_text.h"

static void print_points(FILE *out, const float (*point)[2], int count)
{
    for (int i = 0; i < count; i++) {
        fputs(i ? ", [" : "[", out);
        cli_json_number(out, (double)point[i][0], 3);
        fputs(", ", out);
        cli_json_number(out, (double)point[i][1], 3);
        putc(']', out);
    }
}

static void print_face(FILE *out, const fov_face *f)
{
    fputs("{\"box\": [", out);
    for (int i = 0; i < 4; i++) {
        if (i) fputs(", ", out);
        cli_json_number(out, (double)f->box[i], 3);
    }
    fputs("], \"score\": ", out);
    cli_json_number(out, (double)f->score, 6);
    fputs(", \"landmarks\": [", out);
    print_points(out, f->landmarks, 5);
    fputs("]}", out);
}

static void print_device(FILE *out, const cli_result *r)
{
    fputs(", \"backend\": ", out);
    cli_json_string(out, r->backend);
    fputs(", \"device\": ", out);
    cli_json_string(out, r->device);
    fprintf(out, ", \"device_number\": %d", r->device_number);
}

static void print_faces(FILE *out, const fov_faces *faces)
{
    fputs(", \"faces\": [", out);
    for (size_t i = 0; i < faces->count; i++) {
        if (i) fputs(", ", out);
        print_face(out, faces->face + i);
    }
    putc(']', out);
}

void cli_record_print(FILE *out, const cli_result *r)
{
    if (r->file) {
        fputs("\"file\": ", out);
        cli_json_string(out, r->file);
        fputs(", ", out);
    }
    if (r->error) {
        fputs("\"error\": ", out);
        cli_json_string(out, r->error);
        return;
    }
    fprintf(out, "\"width\": %d, \"height\": %d", r->width, r->height);
    if (r->backend) print_device(out, r);
    print_faces(out, &r->faces);
}
