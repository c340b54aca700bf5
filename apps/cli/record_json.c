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
    putc(']', out);
}

static void print_device(FILE *out, const cli_result *r)
{
    fputs(", \"backend\": ", out);
    cli_json_string(out, r->backend);
    fputs(", \"device\": ", out);
    cli_json_string(out, r->device);
    fprintf(out, ", \"device_number\": %d", r->device_number);
}

static void print_faces(FILE *out, const cli_result *r)
{
    const size_t count = r->is_frame ? r->n_tracked : r->faces.count;
    fputs(", \"faces\": [", out);
    for (size_t i = 0; i < count; i++) {
        if (i) fputs(", ", out);
        print_face(out, r->is_frame ? &r->tracked[i].face : r->faces.face + i);
        if (r->is_frame) fprintf(out, ", \"track\": %zu", r->tracked[i].track);
        putc('}', out);
    }
    putc(']', out);
}

static void print_time(FILE *out, const cli_result *r)
{
    fprintf(out, "\"frame\": %zu, \"time\": ", r->frame);
    cli_json_number(out, r->time_s, 6);
    fputs(", ", out);
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
    if (r->is_frame) print_time(out, r);
    fprintf(out, "\"width\": %d, \"height\": %d", r->width, r->height);
    if (r->backend) print_device(out, r);
    print_faces(out, r);
}
