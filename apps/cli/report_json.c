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
#include "record_json.h"

static void print_object(FILE *out, const cli_result *r)
{
    putc('{', out);
    cli_record_print(out, r);
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
