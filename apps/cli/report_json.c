// SPDX-License-Identifier: MIT
/* JSON, as one array or as one object a line:
 *
 *     {"file": "a.jpg", "width": 640, "height": 480, "faces": [{"box": [x1, y1, x2, y2], "score": 0.99, "landmarks": [[x, y],
 * ...]}]}
 *     {"file": "b.jpg", "error": "b.jpg: ..."}
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

static void print_object(FILE *out, const cli_result *r)
{
    fputs("{\"file\": ", out);
    cli_json_string(out, r->file);
    if (r->error) {
        fputs(", \"error\": ", out);
        cli_json_string(out, r->error);
    } else {
        fprintf(out, ", \"width\": %d, \"height\": %d", r->width, r->height);
        if (r->backend) print_device(out, r);
        fputs(", \"faces\": [", out);
        for (size_t i = 0; i < r->faces.count; i++) {
            if (i) fputs(", ", out);
            print_face(out, r->faces.face + i);
        }
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
