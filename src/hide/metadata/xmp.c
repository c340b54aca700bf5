// SPDX-License-Identifier: MIT
/* XMP: properties are elements or attributes, known by the name behind their prefix, which a writer may choose. They become blanks
 * of the same length; everything else keeps its bytes. */
#include "hide/metadata/metadata.h"

#include <string.h>
#include <strings.h>

static const char *const pictures[] = {"Thumbnails", "image", "Data", "HasExtendedXMP", NULL};
static const char *const places[] = {"City",          "State",       "Country",     "CountryCode",   "CountryName",     "Location",
                                     "LocationShown", "Sublocation", "WorldRegion", "ProvinceState", "LocationCreated", NULL};

typedef struct packet {
    char *at, *end;
    bool  location;
} packet;

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == ':' ||
           c == '.';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char *name_end(char *name, const char *end)
{
    while (name < end && is_name(*name)) name++;
    return name;
}

static bool is_one_of(const char *const *list, const char *name, size_t size)
{
    for (; *list; list++)
        if (strlen(*list) == size && !memcmp(*list, name, size)) return true;
    return false;
}

/* Every property of GPS: exif:GPSLatitude, drone-dji:GpsLongitude. */
static bool goes(const packet *p, const char *name, const char *end)
{
    const char *colon = memchr(name, ':', (size_t)(end - name));
    if (!colon) return false; /* names without a prefix are RDF's own */
    const size_t size = (size_t)(end - ++colon);
    if (is_one_of(pictures, colon, size)) return true;
    return p->location && ((size > 3 && !strncasecmp(colon, "GPS", 3)) || is_one_of(places, colon, size));
}

static void blank(char *from, const char *to)
{
    memset(from, ' ', (size_t)(to - from));
}

/* The '>' of the tag that is open at `c`; quotes may hold others. NULL: there is none. */
static char *tag_end(char *c, const char *end)
{
    for (char quote = 0; c < end; c++) {
        if (quote) quote = *c == quote ? 0 : quote;
        else if (*c == '"' || *c == '\'') quote = *c;
        else if (*c == '>') return c;
    }
    return NULL;
}

/* Behind the element that begins at `open`: its own end tag, not that of one of the same name within. NULL: there is none. */
static char *element_end(char *open, const char *name, size_t size, const char *end)
{
    int depth = 0;
    for (char *c = open; c < end; c++) {
        if (*c != '<') continue;
        const bool closing = c + 1 < end && c[1] == '/';
        char      *at = c + 1 + closing, *close = tag_end(c, end);
        if (!close) return NULL;
        if ((size_t)(name_end(at, end) - at) == size && !memcmp(at, name, size)) depth += closing ? -1 : close[-1] == '/' ? 0 : 1;
        if (depth == 0) return close + 1;
        c = close;
    }
    return NULL;
}

static bool blank_attributes(const packet *p, char *c, const char *close)
{
    while (c < close) {
        while (c < close && !is_name(*c)) c++;
        char *name = c, *after = c = name_end(c, close);
        while (c < close && is_blank(*c)) c++;
        if (c == close) return true;
        if (*c++ != '=') return false;
        while (c < close && is_blank(*c)) c++;
        char *value_end = c < close && (*c == '"' || *c == '\'') ? memchr(c + 1, *c, (size_t)(close - c - 1)) : NULL;
        if (!value_end) return false;
        c = value_end + 1;
        if (goes(p, name, after)) blank(name, c);
    }
    return true;
}

static bool clean_tag(packet *p, char *open)
{
    char *name = open + 1, *after = name_end(name, p->end), *close = tag_end(open, p->end);
    if (!close) return false;
    p->at = close + 1;
    if (after == name) return true; /* an end, a comment, an instruction */
    if (!goes(p, name, after)) return blank_attributes(p, after, close);
    char *element = element_end(open, name, (size_t)(after - name), p->end);
    if (!element) return false;
    blank(open, element);
    p->at = element;
    return true;
}

bool fov_xmp_clean(char *text, size_t size, bool location)
{
    packet p = {text, text + size, location};
    if (memchr(text, 0, size)) return false; /* UTF-16 */
    for (char *open; (open = memchr(p.at, '<', (size_t)(p.end - p.at)));)
        if (!clean_tag(&p, open)) return false;
    return !fov_holds_picture(text, size);
}
