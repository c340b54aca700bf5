// SPDX-License-Identifier: MIT
#include "compare/html.h"

#include "base/alloc.h"

#include <locale.h>
#include <string.h>

void fov_html_escape(fov_text *html, const char *text)
{
    for (; *text; text++) switch (*text) {
        case '&':
            fov_text_print(html, "&amp;");
            break;
        case '<':
            fov_text_print(html, "&lt;");
            break;
        case '>':
            fov_text_print(html, "&gt;");
            break;
        case '"':
            fov_text_print(html, "&quot;");
            break;
        case '\'':
            fov_text_print(html, "&#39;");
            break;
        default:
            fov_text_add(html, text, 1);
        }
}

void fov_html_base64(fov_text *html, const fov_buffer *data)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < data->size; i += 3) {
        const size_t   left = data->size - i;
        const unsigned three = (unsigned)data->data[i] << 16 | (left > 1 ? (unsigned)data->data[i + 1] << 8 : 0) |
                               (left > 2 ? (unsigned)data->data[i + 2] : 0);
        const char four[4] = {digits[three >> 18], digits[three >> 12 & 63], left > 1 ? digits[three >> 6 & 63] : '=',
                              left > 2 ? digits[three & 63] : '='};
        fov_text_add(html, four, sizeof four);
    }
}

void fov_html_snr(fov_text *html, const fov_layer *layer)
{
    if (layer->identical) fov_text_print(html, "same");
    else if (layer->snr_db <= FOV_SNR_WORST) fov_text_print(html, "not finite");
    else fov_text_print(html, "%.1f", layer->snr_db);
}

static void print_page(fov_text *html, const fov_comparison *c, const char *verdict)
{
    fov_text_print(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    fov_html_escape(html, c->b_name);
    fov_text_print(html, " against ");
    fov_html_escape(html, c->a_name);
    fov_text_print(html, "</title>\n<style>\n");
    fov_text_add(html, fov_html_style, strlen(fov_html_style));
    fov_text_print(html, "</style>\n</head>\n<body>\n<main>\n");
    fov_html_summary(html, c, verdict);
    fov_html_numbers(html, c);
    fov_html_scores(html, c);
    fov_html_layers(html, &c->layers);
    fov_html_clipping(html, &c->layers);
    fov_html_photos(html, c);
    fov_html_layer_table(html, &c->layers);
    fov_text_print(html, "<footer>Made by fovea %s</footer>\n</main>\n</body>\n</html>\n", fov_version());
}

/* Decimal points, whatever the process has set. */
fov_status fov_comparison_save_html(const fov_comparison *c, const char *path, fov_error *err)
{
    fov_text   html = {0};
    locale_t   before = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
    char      *verdict = fov_comparison_verdict(c);
    fov_status st = FOV_OK;
    if (verdict) print_page(&html, c, verdict);
    uselocale(before);
    if (!verdict || html.failed) st = fov_fail_memory(err, "a report");
    else st = fov_file_write(path, html.data, html.size, err);
    fov_free(verdict);
    fov_text_clear(&html);
    return st;
}
