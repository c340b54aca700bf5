// SPDX-License-Identifier: MIT
/* Videos by their first bytes, without FFmpeg: whoever looks at photos only never loads it. */
#include "fovea/fovea.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { HEAD_BYTES = 400 };

/* Pictures that come in the container of videos. */
static bool is_picture_brand(const char *brand)
{
    static const char pictures[] = "avif avis heic heix heim heis hevc hevx mif1 msf1 ";
    for (const char *p = pictures; *p; p += 5)
        if (!memcmp(p, brand, 4)) return true;
    return false;
}

static bool is_iso(const char *head)
{
    static const char boxes[] = "ftyp moov mdat wide free skip pnot ";
    if (!memcmp(head + 4, "ftyp", 4)) return !is_picture_brand(head + 8);
    for (const char *p = boxes; *p; p += 5)
        if (!memcmp(p, head + 4, 4)) return true;
    return false;
}

static bool is_transport_stream(const char *head)
{
    for (int packet = 188; packet <= 192; packet += 4)
        for (int start = 0; start <= 4; start += 4)
            if (head[start] == 'G' && head[start + packet] == 'G') return true;
    return false;
}

static bool is_video(const char head[HEAD_BYTES])
{
    return is_iso(head) || !memcmp(head, "\x1a\x45\xdf\xa3", 4) || (!memcmp(head, "RIFF", 4) && !memcmp(head + 8, "AVI ", 4)) ||
           !memcmp(head, "\0\0\x01\xba", 4) || !memcmp(head, "\0\0\x01\xb3", 4) || !memcmp(head, "FLV\x01", 4) ||
           !memcmp(head, "\x30\x26\xb2\x75", 4) || !memcmp(head, "OggS", 4) || is_transport_stream(head);
}

bool fov_video_recognise(const char *path)
{
    char        head[HEAD_BYTES] = {0};
    struct stat info;
    if (stat(path, &info) || !S_ISREG(info.st_mode)) return false; /* a pipe can be read once only */
    FILE        *file = fopen(path, "rbe");
    const size_t size = file ? fread(head, 1, sizeof head, file) : 0;
    if (file) fclose(file);
    return size >= 16 && is_video(head);
}
