// SPDX-License-Identifier: MIT
/* JSON, as one array or as one object a line:
 *
 *     {"file": "a.jpg", "width": 640, "height": 480, "faces": [{"box": [x1, y1, x2, y2], "score": 0.99, "landmarks": [[x, y],
 * ...]}]}
 *     {"file": "b.jpg", "error": "b.jpg: ..."}
 *     {"file": "v.mp4", "frame": 7, "time": 0.28, "width": 640, "height": 480, "faces": [{"box": .., "score": 0.99, "landmarks":
 * .., "track": 1}]}
 *     {"file": "c.jpg", "width": 640, "height": 480, "backend": "cuda", "device": "NVIDIA H200", "device_number": 0, "faces": []}
 *
 * Written as it goes, so that a million photos need no memory and a stopped run leaves what was done. */
#include "json_text.h"
#include "report.h"

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

static void print_faces(FILE *out, const cli_result *r)
{
    const size_t count = r->is_frame ? r->n_tracked : r->faces.count;
    for (size_t i = 0; i < count; i++) {
        if (i) fputs(", ", out);
        print_face(out, r->is_frame ? &r->tracked[i].face : r->faces.face + i);
        if (r->is_frame) fprintf(out, ", \"track\": %zu", r->tracked[i].track);
        putc('}', out);
    }
}

static void print_time(FILE *out, const cli_result *r)
{
    fprintf(out, ", \"frame\": %zu, \"time\": ", r->frame);
    cli_json_number(out, r->time_s, 6);
}

static void print_device(FILE *out, const cli_result *r)
{
    fputs(", \"backend\": ", out);
    cli_json_string(out, r->backend);
    fputs(", \"device\": ", out);
    cli_json_string(out, r->device);
    fprintf(out, ", \"device_number\": %d", r->device_number);
}

static void print_object(FILE *out, const cli_result *r)
{
    fputs("{\"file\": ", out);
    cli_json_string(out, r->file);
    if (r->error) {
        fputs(", \"error\": ", out);
        cli_json_string(out, r->error);
    } else {
        if (r->is_frame) print_time(out, r);
        fprintf(out, ", \"width\": %d, \"height\": %d", r->width, r->height);
        if (r->backend) print_device(out, r);
        fputs(", \"faces\": [", out);
        print_faces(out, r);
        putc(']', out);
    }
    putc('}', out);
}

static void print_element(FILE *out, const cli_result *r)
{
    fputs(r->index ? ",\n " : "\n ", out);
    print_object(out, r);
}

static void print_line(FILE *out, const cli_result *r)
{
    print_object(out, r);
    putc('\n', out);
}

static void open_array(FILE *out)
{
    putc('[', out);
}

static void close_array(FILE *out)
{
    fputs("\n]\n", out);
}

const cli_report cli_report_json = {open_array, print_element, close_array};
const cli_report cli_report_ndjson = {NULL, print_line, NULL};
