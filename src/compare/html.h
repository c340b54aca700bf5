// SPDX-License-Identifier: MIT
/* The report as one HTML page: sections, and the plots in them as inline SVG. No script, nothing from elsewhere. Every name goes
 * through fov_html_escape(); everything else that is printed is ours. */
#ifndef FOVEA_COMPARE_HTML_H
#define FOVEA_COMPARE_HTML_H

#include "base/text.h"
#include "compare/comparison.h"

extern const char fov_html_style[]; /* CSS, light and dark */

/** Text for elements and quoted attributes. */
void fov_html_escape(fov_text *html, const char *text);
void fov_html_base64(fov_text *html, const fov_buffer *data);
/** "21.3", "same", or "not finite". */
void fov_html_snr(fov_text *html, const fov_layer *layer);

/* Sections, in the order of the page; each prints nothing when there is nothing to show. */
void fov_html_summary(fov_text *html, const fov_comparison *comparison, const char *verdict);
void fov_html_numbers(fov_text *html, const fov_comparison *comparison);
void fov_html_scores(fov_text *html, const fov_comparison *comparison);
void fov_html_layers(fov_text *html, const fov_layers *layers);
void fov_html_clipping(fov_text *html, const fov_layers *layers);
void fov_html_photos(fov_text *html, const fov_comparison *comparison);
void fov_html_layer_table(fov_text *html, const fov_layers *layers);

/* Plots. */
void fov_svg_layers(fov_text *html, const fov_layers *layers);
void fov_svg_clipping(fov_text *html, const fov_clipping *clipping);

#endif
