// SPDX-License-Identifier: MIT
/* CSV (RFC 4180, with plain newlines): a header, then a row a face. A photo without faces has no row, a failed one neither. */
#include "report.h"

#include <string.h>

static void print_header(FILE *out)
{
    fputs("file,width,height,face,score,x1,y1,x2,y2,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,"
          "left_mouth_x,left_mouth_y,right_mouth_x,right_mouth_y\n",
          out);
}

/* A spreadsheet runs text that begins so as a formula, quotes or not, and a file's name may come from a stranger. The same file by
 * a name that begins otherwise is text to it, and still a name to everything else. */
static bool is_formula(const char *text)
{
    return *text && strchr("=+-@\t\r\n", *text);
}

static void print_file(FILE *out, const char *text)
{
    const char *before = is_formula(text) && strcmp(text, "-") != 0 ? "./" : "";
    if (!strpbrk(text, ",\"\r\n")) {
        fprintf(out, "%s%s", before, text);
        return;
    }
    fprintf(out, "\"%s", before);
    for (; *text; text++) {
        if (*text == '"') putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void print_rows(FILE *out, const cli_result *r)
{
    for (size_t i = 0; i < r->faces.count; i++) {
        const fov_face *f = r->faces.face + i;
        print_file(out, r->file);
        fprintf(out, ",%d,%d,%zu,%.6f", r->width, r->height, i + 1, (double)f->score);
        for (int k = 0; k < 4; k++) fprintf(out, ",%.3f", (double)f->box[k]);
        for (int k = 0; k < 5; k++) fprintf(out, ",%.3f,%.3f", (double)f->landmarks[k][0], (double)f->landmarks[k][1]);
        putc('\n', out);
    }
}

const cli_report cli_report_csv = {print_header, print_rows, NULL};
