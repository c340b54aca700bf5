// SPDX-License-Identifier: MIT
/* The top of the page: what was compared, the verdict, and the numbers behind it. */
#include "compare/html.h"

#include <stdarg.h>
#include <stdio.h>

static void print_engine(fov_text *html, const char *key, const char *name, fov_precision precision)
{
    fov_text_print(html, "<dt>%s</dt><dd><span class=\"chip %s\">%s</span></dd><dd>", key, fov_precision_name(precision),
                   fov_precision_name(precision));
    fov_html_escape(html, name);
    fov_text_print(html, "</dd>\n");
}

static void print_tiles(fov_text *html, const fov_agreement *g)
{
    fov_text_print(html,
                   "<div class=\"tiles\">\n"
                   "<div class=\"tile\"><b>%zu / %zu</b><span>of A&#8217;s faces found by B</span></div>\n"
                   "<div class=\"tile\"><b class=\"%s\">%zu</b><span>faces lost</span></div>\n"
                   "<div class=\"tile\"><b class=\"%s\">%zu</b><span>faces gained</span></div>\n",
                   g->matched, g->faces_a, g->lost ? "lost" : "good", g->lost, g->gained ? "gained" : "good", g->gained);
    fov_text_print(html,
                   "<div class=\"tile\"><b class=\"%s\">%.2f</b><span>points of AP lost</span></div>\n"
                   "<div class=\"tile\"><b>%.4f</b><span>mean difference of scores</span></div>\n"
                   "<div class=\"tile\"><b>%.2f px</b><span>mean drift of landmarks</span></div>\n</div>\n",
                   g->loss > 0.005 ? "warn" : "good", 100 * g->loss, g->score_mean, g->landmark_px_mean);
}

void fov_html_summary(fov_text *html, const fov_comparison *c, const char *verdict)
{
    fov_text_print(html, "<h1>B against A, on %zu photo%s</h1>\n<p class=\"verdict\">", c->photos, c->photos == 1 ? "" : "s");
    fov_html_escape(html, verdict);
    fov_text_print(html, "</p>\n<dl class=\"engines\">\n");
    print_engine(html, "A", c->a_name, c->a_precision);
    print_engine(html, "B", c->b_name, c->b_precision);
    fov_text_print(html, "</dl>\n");
    if (c->failed)
        fov_text_print(html, "<p class=\"warn\">%zu photo%s could not be loaded or run, and %s left out.</p>\n", c->failed,
                       c->failed == 1 ? "" : "s", c->failed == 1 ? "was" : "were");
    print_tiles(html, &c->agreement);
}

/* ---------------------------------------------------------------- the table */

static void row(fov_text *html, const char *what, const char *value, const char *meaning)
{
    fov_text_print(html, "<tr><td>%s</td><td>%s</td><td class=\"wide\">%s</td></tr>\n", what, value, meaning);
}

static __attribute__((format(printf, 3, 4))) const char *put(char *into, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(into, size, format, args);
    va_end(args);
    return n < 0 ? "" : into;
}

static void print_drift(fov_text *html, const fov_agreement *g)
{
    char      text[96];
    const int n = sizeof text;
    row(html, "Scores, mean / max", put(text, (size_t)n, "%.5f / %.5f", g->score_mean, g->score_max), "|B &#8722; A|");
    row(html, "Scores, bias", put(text, (size_t)n, "%+.5f", g->score_bias), "mean of B &#8722; A: below 0, B is less sure");
    row(html, "Landmarks, mean / max", put(text, (size_t)n, "%.3f / %.3f px", g->landmark_px_mean, g->landmark_px_max),
        "distance between the same point of both, in pixels of the photo");
    row(html, "relative to the face", put(text, (size_t)n, "%.3f%% / %.2f%%", 100 * g->landmark_mean, 100 * g->landmark_max),
        "of the geometric mean of its box&#8217;s sides");
    row(html, "Box edges, mean / max", put(text, (size_t)n, "%.3f / %.3f px", g->box_px_mean, g->box_px_max),
        "distance of an edge");
    row(html, "relative to the face", put(text, (size_t)n, "%.3f%% / %.2f%%", 100 * g->box_mean, 100 * g->box_max), "");
    row(html, "IoU, mean", put(text, (size_t)n, "%.5f", g->mean_iou), "overlap of the two boxes of a face");
}

void fov_html_numbers(fov_text *html, const fov_comparison *c)
{
    const fov_agreement *g = &c->agreement;
    char                 text[96];
    const size_t         n = sizeof text;
    fov_text_print(html,
                   "<section>\n<h2>Numbers</h2>\n<p class=\"muted\">A face counts above a score of 0.5; two boxes are the same "
                   "face from an IoU of 0.5 on. Drift is of the %zu faces that both have, at whatever score.</p>\n"
                   "<table class=\"facts\">\n",
                   g->pairs);
    snprintf(text, n, "%zu / %zu", g->faces_a, g->faces_b);
    row(html, "Faces of A / of B", text, "");
    row(html, "Recall", put(text, n, "%.2f%%", 100 * g->recall), "of A&#8217;s faces, how many B shows");
    row(html, "Precision", put(text, n, "%.2f%%", 100 * g->precision), "of B&#8217;s faces, how many A shows");
    snprintf(text, n, "%.3f points", 100 * g->loss);
    row(html, "Loss", text, "expected average precision of A less that of B, where A&#8217;s scores are how likely a face is one");
    if (g->pairs) print_drift(html, g);
    fov_text_print(html, "</table>\n</section>\n");
}
