// SPDX-License-Identifier: MIT
#include "eval/canvas.h"

#include "base/alloc.h"

static fov_status begin(fov_canvas *c, fov_error *err)
{
    (void)err;
    fov_text_print(&c->text,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
                   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<g font-family=\"sans-serif\" font-size=\"12\">\n",
                   c->width, c->height, c->width, c->height);
    return FOV_OK;
}

static void line(fov_canvas *c, const fov_point *point, size_t count, float width, fov_ink ink)
{
    fov_text_print(&c->text, "<polyline fill=\"none\" stroke=\"#%02x%02x%02x\" stroke-width=\"%g\" points=\"", ink.r, ink.g, ink.b,
                   (double)width);
    for (size_t i = 0; i < count; i++)
        fov_text_print(&c->text, "%s%.1f,%.1f", i ? " " : "", (double)point[i].x, (double)point[i].y);
    fov_text_print(&c->text, "\"/>\n");
}

/* Names are any bytes: what is not plain ASCII becomes '?', as it does on terminals. */
static void add_escaped(fov_text *text, const char *words)
{
    for (const char *w = words; *w; w++)
        if (*w == '<') fov_text_print(text, "&lt;");
        else if (*w == '&') fov_text_print(text, "&amp;");
        else fov_text_add(text, *w < ' ' || *w > '~' ? "?" : w, 1);
}

static void words(fov_canvas *c, fov_point at, fov_align align, fov_ink ink, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    fov_text_print(&c->text, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"#%02x%02x%02x\">", (double)at.x, (double)at.y,
                   anchors[align], ink.r, ink.g, ink.b);
    add_escaped(&c->text, text);
    fov_text_print(&c->text, "</text>\n");
}

static fov_status end(fov_canvas *c, fov_buffer *file, fov_error *err)
{
    fov_text_print(&c->text, "</g>\n</svg>\n");
    file->size = c->text.size;
    file->data = (unsigned char *)fov_text_take(&c->text);
    return file->data ? FOV_OK : fov_fail_memory(err, "a picture of curves");
}

const fov_canvas_format fov_canvas_svg = {".svg", begin, line, words, end};
