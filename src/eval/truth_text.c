// SPDX-License-Identifier: MIT
/* wider_face_val_bbx_gt.txt: for each photo a line with its name, one with a count, and as many of
 *
 *     x y width height blur expression illumination invalid occlusion pose
 *
 * where a photo without faces has one such line of zeros in spite of its count of 0. The lists of easy, medium and hard faces are
 * not in this file; what counts is every face that has a size and is not called invalid. */
#include "eval/truth.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 4096, NUMBERS = 10, INVALID = 7, MAX_FACES = 1000000 };

typedef struct reader {
    const char       *path;
    const fov_buffer *file;
    size_t            pos, number; /* of the line last read */
    char              line[MAX_LINE];
    fov_error        *err;
} reader;

/* The next line without blanks at its end; false after the last one. A line that is too long is cut, and then fits nowhere. */
static bool next_line(reader *r)
{
    if (r->pos >= r->file->size) return false;
    const char *from = (const char *)r->file->data + r->pos;
    const char *stop = memchr(from, '\n', r->file->size - r->pos);
    size_t      all = stop ? (size_t)(stop - from) + 1 : r->file->size - r->pos, n = all < MAX_LINE ? all : MAX_LINE - 1;
    memcpy(r->line, from, n);
    while (n && strchr(" \t\r\n", r->line[n - 1])) n--;
    r->line[n] = '\0';
    r->pos += all;
    r->number++;
    return true;
}

/* How many numbers a line is made of; 0 when it is not made of numbers, or of too many. */
static int numbers_of(const char *line, double *number)
{
    int n = 0;
    for (const char *c = line; *c;) {
        char *end;
        if (n == NUMBERS) return 0;
        number[n] = strtod(c, &end);
        if (end == c || (*end && *end != ' ' && *end != '\t')) return 0;
        n++;
        c = end + strspn(end, " \t");
    }
    return n;
}

static fov_status unexpected(const reader *r, const char *what)
{
    return fov_fail(r->err, FOV_ERR_FORMAT, "%s: line %zu: %s is expected", r->path, r->number, what);
}

static fov_status read_face(reader *r, fov_truth_photo *photo)
{
    double     number[NUMBERS] = {0};
    fov_status st;
    if (!next_line(r)) return fov_fail(r->err, FOV_ERR_FORMAT, "%s: ends within the faces of '%s'", r->path, photo->file);
    if (numbers_of(r->line, number) < 4) return unexpected(r, "a face, x y width height and up to six numbers more,");
    if ((st = fov_truth_add_box(photo, number, r->path, r->err))) return st;
    photo->listed[photo->count - 1] = number[2] > 0 && number[3] > 0 && number[INVALID] == 0;
    return FOV_OK;
}

/* The line of zeros of a photo without faces. */
static void skip_no_face(reader *r)
{
    const reader before = *r;
    double       number[NUMBERS];
    if (next_line(r) && numbers_of(r->line, number) < 4) *r = before;
}

static fov_status read_photo(reader *r, fov_truth *truth)
{
    double           count[NUMBERS];
    fov_status       st = FOV_OK;
    fov_truth_photo *photo = fov_truth_add_photo(truth, r->line);
    if (!photo) return fov_fail_memory(r->err, "the ground truth");
    if (!next_line(r) || numbers_of(r->line, count) != 1 || !(count[0] >= 0 && count[0] <= MAX_FACES))
        return unexpected(r, "the number of faces of the photo named before");
    for (int i = (int)ceil(count[0]); i && !st; i--) st = read_face(r, photo);
    if (count[0] < 1) skip_no_face(r);
    return st;
}

fov_status fov_truth_read_text(const char *path, const fov_buffer *file, fov_truth *truth, fov_error *err)
{
    reader    *r = fov_calloc(1, sizeof *r);
    double     number[NUMBERS];
    fov_status st = FOV_OK;
    if (!r) return fov_fail_memory(err, "the ground truth");
    *r = (reader){.path = path, .file = file, .err = err};
    truth->settings = 1;
    truth->setting[0] = "all";
    while (!st && next_line(r)) {
        if (!*r->line) continue;
        st = numbers_of(r->line, number) || !strchr(r->line, '.') ? unexpected(r, "the name of a photo") : read_photo(r, truth);
    }
    fov_free(r);
    return st;
}
