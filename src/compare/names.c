// SPDX-License-Identifier: MIT
/* Words of a comparison: names as they came from files, and the verdict. */
#include "base/alloc.h"
#include "base/text.h"
#include "compare/comparison.h"

#include <jansson.h>
#include <string.h>

/* File names are bytes; jansson knows what is UTF-8. */
char *fov_report_name(const char *name)
{
    char   *copy = fov_strdup(name);
    json_t *valid = copy ? json_string(name) : NULL;
    if (!copy) return NULL;
    if (!valid)
        for (char *c = copy; *c; c++)
            if (*c & 0x80) *c = '?';
    json_decref(valid);
    fov_make_printable(copy, "");
    return copy;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void add_faces(fov_text *text, const fov_agreement *g)
{
    if (!g->faces_a && !g->faces_b) {
        fov_text_print(text, "Neither finds a face above a score of 0.5");
        return;
    }
    if (g->lost) fov_text_print(text, "B finds %zu of A's %zu face%s", g->matched, g->faces_a, plural(g->faces_a));
    else fov_text_print(text, "B finds %s %zu face%s of A", g->faces_a == 1 ? "the" : "all", g->faces_a, plural(g->faces_a));
    if (g->gained) fov_text_print(text, ", shows %zu that A does not", g->gained);
    else if (!g->lost) fov_text_print(text, " and no other");
}

char *fov_comparison_verdict(const fov_comparison *c)
{
    fov_text             text = {0};
    const fov_agreement *g = &c->agreement;
    const double         points = g->loss * 100;
    add_faces(&text, g);
    if (!(g->truth > 0)) fov_text_print(&text, "; there is nothing to measure a loss on.");
    else if (points == 0) fov_text_print(&text, ", and loses nothing of A's average precision.");
    else if (points < 0.01) fov_text_print(&text, ", and loses less than 0.01 points of A's average precision.");
    else fov_text_print(&text, ", and loses %.2f points of A's average precision.", points);
    return fov_text_take(&text);
}
