// SPDX-License-Identifier: MIT
/* SNR by layer: a row each, a dot where its SNR is, coloured by precision, the worst marked. */
#include "compare/html.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 960, LEFT = 290, RIGHT = 70, TOP = 28, ROW = 17, STEP_DB = 10, NAME_CHARS = 44 };

typedef struct axis {
    double low, high; /* dB */
} axis;

static double place(const axis *x, double db)
{
    const double inside = fmin(fmax(db, x->low), x->high);
    return LEFT + (WIDTH - LEFT - RIGHT) * (inside - x->low) / (x->high - x->low);
}

static axis make_axis(const fov_layers *layers)
{
    axis x = {0, STEP_DB};
    for (size_t i = 0; i < layers->count; i++) {
        const fov_layer *layer = &layers->layer[i];
        if (!layer->photos || layer->identical) continue;
        x.low = fmax(-2 * STEP_DB, fmin(x.low, STEP_DB * floor(layer->snr_db / STEP_DB)));
        x.high = fmax(x.high, STEP_DB * ceil(layer->snr_db / STEP_DB));
    }
    return x;
}

/* NULL when all are the same to the bit. */
static const fov_layer *find_worst(const fov_layers *layers)
{
    const fov_layer *worst = NULL;
    for (size_t i = 0; i < layers->count; i++) {
        const fov_layer *layer = &layers->layer[i];
        if (layer->photos && !layer->identical && (!worst || layer->snr_db < worst->snr_db)) worst = layer;
    }
    return worst;
}

/* Long names keep their end, which tells them apart. Never cuts a character of several bytes. */
static void print_name(fov_text *html, const char *name)
{
    const size_t length = strlen(name);
    if (length > NAME_CHARS) {
        name += length - NAME_CHARS;
        while ((*name & 0xc0) == 0x80) name++;
        fov_text_print(html, "&#8230;");
    }
    fov_html_escape(html, name);
}

static void print_row(fov_text *html, const axis *x, const fov_layer *layer, const fov_layer *worst, int y)
{
    const double at = layer->identical ? WIDTH - RIGHT : place(x, layer->snr_db);
    const char  *bold = layer == worst ? " bold" : "";
    fov_text_print(html, "<g class=\"%s\"><title>", layer->precision);
    fov_html_escape(html, layer->name);
    fov_text_print(html, ": %s, cosine %.6f</title><text class=\"end%s\" x=\"%d\" y=\"%d\">", layer->precision, layer->cosine, bold,
                   LEFT - 10, y + 4);
    print_name(html, layer->name);
    fov_text_print(html, "</text><line class=\"grid\" x1=\"%d\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", LEFT, y, at, y);
    if (layer == worst)
        fov_text_print(html, "<circle cx=\"%.1f\" cy=\"%d\" r=\"7.5\" fill=\"none\" stroke=\"var(--lost)\" stroke-width=\"2\"/>",
                       at, y);
    fov_text_print(html, "<circle cx=\"%.1f\" cy=\"%d\" r=\"4\" fill=\"%s\" stroke=\"currentColor\" stroke-width=\"1.5\"/>", at, y,
                   layer->identical ? "var(--card)" : "currentColor");
    fov_text_print(html, "<text class=\"%s%s\" x=\"%d\" y=\"%d\">", layer == worst ? "" : "soft", bold, WIDTH - RIGHT + 14, y + 4);
    fov_html_snr(html, layer);
    fov_text_print(html, "</text></g>\n");
}

static void print_grid(fov_text *html, const axis *x, int bottom)
{
    const int step = x->high - x->low > 12 * STEP_DB ? 2 * STEP_DB : STEP_DB;
    for (int i = 0; i <= (x->high - x->low) / step; i++) {
        const double db = x->low + i * step;
        fov_text_print(html,
                       "<line class=\"%s\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/><text class=\"soft mid\" x=\"%.1f\" "
                       "y=\"%d\">%.0f</text>\n",
                       db == 0 ? "axis" : "grid", place(x, db), TOP - 8, place(x, db), bottom, place(x, db), TOP - 14, db);
    }
    fov_text_print(html, "<text class=\"soft\" x=\"%d\" y=\"%d\">dB</text>\n", WIDTH - RIGHT + 14, TOP - 14);
}

void fov_svg_layers(fov_text *html, const fov_layers *layers)
{
    const axis       x = make_axis(layers);
    const fov_layer *worst = find_worst(layers);
    int              rows = 0, y = TOP + ROW / 2;
    for (size_t i = 0; i < layers->count; i++) rows += layers->layer[i].photos > 0;
    const int gap = layers->heads < layers->count ? ROW / 2 : 0, height = TOP + rows * ROW + gap + 6;
    fov_text_print(html, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"SNR by layer\">\n", WIDTH, height);
    print_grid(html, &x, height - 4);
    for (size_t i = layers->heads; i < layers->count; i++)
        if (layers->layer[i].photos) print_row(html, &x, &layers->layer[i], worst, y), y += ROW;
    y += gap;
    for (size_t i = 0; i < layers->heads; i++)
        if (layers->layer[i].photos) print_row(html, &x, &layers->layer[i], worst, y), y += ROW;
    fov_text_print(html, "</svg>\n");
}
