// SPDX-License-Identifier: MIT
/* Layers: the plot of their SNR, where activations are clipped, and the table of all. */
#include "compare/html.h"

#include <string.h>

enum { MOST_HISTOGRAMS = 6 };

static size_t count_seen(const fov_layers *layers)
{
    size_t count = 0;
    for (size_t i = 0; i < layers->count; i++) count += layers->layer[i].photos > 0;
    return count;
}

static void print_key(fov_text *html, const fov_layers *layers)
{
    static const char *const precisions[] = {"fp32", "bf16", "fp16", "int8"};
    fov_text_print(html, "<ul class=\"key\">");
    for (size_t p = 0; p < sizeof precisions / sizeof *precisions; p++) {
        size_t count = 0;
        for (size_t i = 0; i < layers->count; i++)
            count += layers->layer[i].photos && !strcmp(layers->layer[i].precision, precisions[p]);
        if (count)
            fov_text_print(html, "<li class=\"%s\"><i></i><span>%s, %zu layer%s</span></li>", precisions[p], precisions[p], count,
                           count == 1 ? "" : "s");
    }
    fov_text_print(html, "</ul>\n");
}

void fov_html_layers(fov_text *html, const fov_layers *layers)
{
    const size_t inner = layers->count - layers->heads;
    fov_text_print(html, "<section>\n<h2>Signal-to-noise ratio by layer</h2>\n<p class=\"muted\">What B makes of the same photos, "
                         "layer by layer from the input down to the raw outputs: more decibels, less noise; 6 dB are one bit. ");
    if (inner)
        fov_text_print(html, "%zu layers have the same name in both; A computes %zu, B %zu.</p>\n", inner, layers->total_a,
                       layers->total_b);
    else fov_text_print(html, "Only the raw outputs were compared.</p>\n");
    if (count_seen(layers)) {
        print_key(html, layers);
        fov_text_print(html, "<div class=\"scroll\">\n");
        fov_svg_layers(html, layers);
        fov_text_print(html, "</div>\n");
    } else {
        fov_text_print(html, "<p>No two layers have the same shape.</p>\n");
    }
    fov_text_print(html, "</section>\n");
}

/* The quantised layer with the least SNR of those after `last`, in that order; NULL: no more. */
static const fov_layer *next_worst(const fov_layers *layers, const fov_layer *last)
{
    const fov_layer *worst = NULL;
    for (size_t i = 0; i < layers->count; i++) {
        const fov_layer *layer = &layers->layer[i];
        if (!layer->clipping || !layer->clipping->total) continue;
        if (last && (layer->snr_db < last->snr_db || (layer->snr_db == last->snr_db && layer <= last))) continue;
        if (!worst || layer->snr_db < worst->snr_db) worst = layer;
    }
    return worst;
}

void fov_html_clipping(fov_text *html, const fov_layers *layers)
{
    const fov_layer *layer = next_worst(layers, NULL);
    if (!layer) return;
    fov_text_print(html,
                   "<section>\n<h2>Activations and clipping</h2>\n<p class=\"muted\">How A&#8217;s values lie in the range that "
                   "B&#8217;s 8 bits cover, for the quantised layers with most noise. Bars are counts on a logarithmic scale; "
                   "what lies beyond the dashed lines is clipped.</p>\n<div class=\"several\">\n");
    for (int i = 0; i < MOST_HISTOGRAMS && layer; i++, layer = next_worst(layers, layer)) {
        fov_text_print(html, "<div><h3>");
        fov_html_escape(html, layer->name);
        fov_text_print(html, "</h3>\n<div class=\"muted\">SNR ");
        fov_html_snr(html, layer);
        fov_text_print(html, " dB, %.2g%% clipped%s</div>\n",
                       100 * (double)layer->clipping->clipped / (double)layer->clipping->total,
                       layer->clipping->per_channel ? ", a scale for each channel" : "");
        fov_svg_clipping(html, layer->clipping);
        fov_text_print(html, "</div>\n");
    }
    fov_text_print(html, "</div>\n</section>\n");
}

static void print_row(fov_text *html, const fov_layer *layer)
{
    fov_text_print(html, "<tr><td class=\"name\">");
    fov_html_escape(html, layer->name);
    fov_text_print(html, "</td><td>%s</td><td class=\"%s\">%s</td><td>", layer->op, layer->precision, layer->precision);
    fov_html_snr(html, layer);
    fov_text_print(html, "</td><td>%.6f</td><td>%.4g</td><td>", layer->cosine, layer->max);
    if (layer->clipping && layer->clipping->total)
        fov_text_print(html, "%.2g%%", 100 * (double)layer->clipping->clipped / (double)layer->clipping->total);
    fov_text_print(html, "</td><td>");
    if (layer->rescaled) fov_text_print(html, "%d of %d", layer->rescaled, layer->channels);
    fov_text_print(html, "</td></tr>\n");
}

void fov_html_layer_table(fov_text *html, const fov_layers *layers)
{
    if (!count_seen(layers)) return;
    fov_text_print(html,
                   "<section>\n<h2>All layers</h2>\n<p class=\"muted\">Max is the largest difference of a value. Channels that B "
                   "keeps at another scale on purpose, to be undone by later layers, are compared at A&#8217;s scale.</p>\n"
                   "<div class=\"scroll\"><table>\n<tr><th>Layer</th><th>Operator</th><th>Precision</th><th>SNR, dB</th>"
                   "<th>Cosine</th><th>Max</th><th>Clipped</th><th>Rescaled channels</th></tr>\n");
    for (size_t i = layers->heads; i < layers->count; i++)
        if (layers->layer[i].photos) print_row(html, &layers->layer[i]);
    for (size_t i = 0; i < layers->heads; i++)
        if (layers->layer[i].photos) print_row(html, &layers->layer[i]);
    fov_text_print(html, "</table></div>\n</section>\n");
}
