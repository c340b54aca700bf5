// SPDX-License-Identifier: MIT
/* Scores of A against scores of B, a dot a face. */
#include "compare/html.h"
#include "compare/match.h"

#include <math.h>
#include <string.h>

enum { SIDE = 400, LEFT = 46, TOP = 10, BOTTOM = 44, MOST_POINTS = 2500 };

static double across(double score)
{
    return LEFT + SIDE * score;
}

static double down(double score)
{
    return TOP + SIDE * (1 - score);
}

static const char *kind_of(const fov_score_pair *pair)
{
    const bool a = pair->a > FOV_MATCH_SCORE, b = pair->b > FOV_MATCH_SCORE;
    return a == b ? "both" : a ? "lost" : "gained";
}

static bool is_ordinary(const fov_score_pair *pair)
{
    return !strcmp(kind_of(pair), "both") && fabsf(pair->a - pair->b) < 0.05F;
}

static void print_axes(fov_text *html)
{
    for (int i = 0; i <= 10; i += 2) {
        const double s = i / 10.0;
        fov_text_print(html, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", across(s), TOP, across(s),
                       TOP + SIDE);
        fov_text_print(html, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, down(s), LEFT + SIDE,
                       down(s));
        fov_text_print(html,
                       "<text class=\"soft mid\" x=\"%.1f\" y=\"%d\">%.1f</text><text class=\"soft end\" x=\"%d\" "
                       "y=\"%.1f\">%.1f</text>\n",
                       across(s), TOP + SIDE + 18, s, LEFT - 8, down(s) + 4, s);
    }
    fov_text_print(html,
                   "<line class=\"axis\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n<g stroke-dasharray=\"4 4\">"
                   "<line class=\"axis\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
                   "<line class=\"axis\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/></g>\n",
                   across(0), down(0), across(1), down(1), across(0.5), TOP, across(0.5), TOP + SIDE, LEFT, down(0.5), LEFT + SIDE,
                   down(0.5));
    fov_text_print(html,
                   "<text class=\"mid\" x=\"%d\" y=\"%d\">score by A</text>"
                   "<text class=\"mid\" transform=\"translate(13 %d) rotate(-90)\">score by B</text>\n",
                   LEFT + SIDE / 2, TOP + SIDE + 38, TOP + SIDE / 2);
}

static void print_plot(fov_text *html, const fov_comparison *c)
{
    size_t ordinary = 0, seen = 0;
    for (size_t i = 0; i < c->scores; i++) ordinary += is_ordinary(&c->score[i]);
    const size_t every = ordinary / MOST_POINTS + 1;
    fov_text_print(html, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Scores of A and B\">\n", LEFT + SIDE + 12,
                   TOP + SIDE + BOTTOM);
    print_axes(html);
    for (size_t i = 0; i < c->scores; i++) {
        const fov_score_pair *pair = &c->score[i];
        if (is_ordinary(pair) && seen++ % every) continue;
        fov_text_print(html, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"var(--%s)\" fill-opacity=\".55\"/>\n",
                       across((double)pair->a), down((double)pair->b), kind_of(pair));
    }
    fov_text_print(html, "</svg>\n");
}

void fov_html_scores(fov_text *html, const fov_comparison *c)
{
    if (!c->scores) return;
    fov_text_print(html, "<section>\n<h2>Scores</h2>\n<div class=\"split\">\n");
    print_plot(html, c);
    fov_text_print(
        html,
        "<div>\n<ul class=\"key\"><li style=\"color: var(--both)\"><i></i><span>the same verdict</span></li>"
        "<li class=\"lost\"><i></i><span>lost: %zu</span></li>"
        "<li class=\"gained\"><i></i><span>gained: %zu</span></li></ul>\n"
        "<p class=\"muted\">Every face that A or B gives more than 0.3. On the diagonal both are equally sure; the dashed "
        "lines are the threshold of 0.5. A dot on an edge is a face that the other does not have at all.</p>\n"
        "<p class=\"muted\">A face that crosses a dashed line close to the diagonal was a close call for both: it counts as "
        "lost or gained, and costs little average precision.</p></div>\n</div>\n</section>\n",
        c->agreement.lost, c->agreement.gained);
}
