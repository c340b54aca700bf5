// SPDX-License-Identifier: MIT
/* One layer's histogram over the integers of its 8 bits and beyond. */
#include "compare/html.h"

#include <math.h>

enum { WIDTH = 320, HEIGHT = 150, TOP = 8, FLOOR = 118 };

static double place(double code)
{
    return WIDTH * (code - FOV_CLIP_FIRST) / (FOV_CLIP_BINS * FOV_CLIP_CODES);
}

static double height_of(size_t count, size_t most)
{
    return (FLOOR - TOP) * log1p((double)count) / log1p((double)most);
}

static void print_threshold(fov_text *html, double code, double real)
{
    fov_text_print(html,
                   "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"var(--ink)\" stroke-dasharray=\"4 3\"/>"
                   "<text class=\"mid\" x=\"%.1f\" y=\"%d\">%.3g</text>\n",
                   place(code), TOP - 4, place(code), FLOOR, place(code), FLOOR + 17, real);
}

void fov_svg_clipping(fov_text *html, const fov_clipping *clipping)
{
    const double wide = (double)WIDTH / FOV_CLIP_BINS;
    size_t       most = 1;
    for (int i = 0; i < FOV_CLIP_BINS; i++)
        if (clipping->bin[i] > most) most = clipping->bin[i];
    fov_text_print(html, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Histogram of activations\">\n", WIDTH, HEIGHT);
    for (int i = 0; i < FOV_CLIP_BINS; i++) {
        const int    first = FOV_CLIP_FIRST + i * FOV_CLIP_CODES;
        const double high = height_of(clipping->bin[i], most);
        if (!clipping->bin[i]) continue;
        fov_text_print(html, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"var(--%s)\"/>\n", i * wide,
                       FLOOR - high, wide - 0.4, high, first >= 0 && first <= FOV_CLIP_LAST_CODE ? "bar" : "lost");
    }
    fov_text_print(html, "<line class=\"axis\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", FLOOR, WIDTH, FLOOR);
    print_threshold(html, 0, clipping->lo);
    print_threshold(html, FOV_CLIP_LAST_CODE + 1, clipping->hi);
    fov_text_print(html, "</svg>\n");
}
