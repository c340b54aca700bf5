// SPDX-License-Identifier: MIT
#include "blur.h"
#include "console.h"
#include "json_text.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

static size_t count_hidden(const fov_tracks *tracks)
{
    size_t hidden = 0;
    for (size_t i = 0; i < fov_tracks_count(tracks); i++) hidden += fov_tracks_get(tracks, i).hide;
    return hidden;
}

static void print_key(const char *key, double value, int digits)
{
    printf(", \"%s\": ", key);
    cli_json_number(stdout, value, digits);
}

static void print_lines(const char *lines)
{
    const char *separator = "";
    fputs(", \"warnings\": [", stdout);
    for (const char *end; lines && *lines; lines = end + (*end == '\n')) {
        end = lines + strcspn(lines, "\n");
        char *line = cli_format("%.*s", (int)(end - lines), lines);
        fputs(separator, stdout);
        cli_json_string(stdout, line);
        separator = ", ";
        free(line);
    }
    putchar(']');
}

static void print_video(const cli_blur_result *r)
{
    const fov_video_times *t = r->times;
    printf(", \"frames\": %zu, \"tracks\": %zu, \"hidden\": %zu", fov_tracks_frames(r->tracks), fov_tracks_count(r->tracks),
           count_hidden(r->tracks));
    print_key("seconds", r->seconds, 3);
    fputs(", \"stages\": {\"read\": ", stdout);
    cli_json_number(stdout, t->read_s, 3);
    print_key("detect", t->detect_s, 3);
    print_key("decode", t->decode_s, 3);
    print_key("hide", t->hide_s, 3);
    print_key("encode", t->encode_s, 3);
    putchar('}');
    print_lines(r->warnings);
}

static void begin_record(cli_blur_job *b, const char *file)
{
    cli_stdout_begin();
    if (!b->as_json) return;
    fputs(b->printed++ ? ",\n {\"file\": " : "\n {\"file\": ", stdout);
    cli_json_string(stdout, file);
}

static void end_record(cli_blur_job *b)
{
    if (b->as_json) putchar('}');
    if (!cli_stdout_end()) b->stdout_failed = true;
}

static void print_words(const cli_blur_result *r)
{
    cli_print_plain(stdout, r->file);
    if (r->output && strcmp(r->output, r->file) != 0) {
        fputs(" -> ", stdout);
        cli_print_plain(stdout, r->output);
    }
    if (r->tracks)
        printf("  %zu frames, %zu of %zu tracks hidden, %.1f frames/s\n", fov_tracks_frames(r->tracks), count_hidden(r->tracks),
               fov_tracks_count(r->tracks), r->seconds > 0 ? (double)fov_tracks_frames(r->tracks) / r->seconds : 0);
    else printf("  %zu %s hidden\n", r->faces, r->faces == 1 ? "face" : "faces");
}

void cli_blur_tell(cli_blur_job *b, const cli_blur_result *r)
{
    b->done++;
    b->faces += r->tracks ? count_hidden(r->tracks) : r->faces;
    begin_record(b, r->file);
    if (!b->as_json) {
        print_words(r);
    } else {
        fputs(", \"output\": ", stdout);
        if (r->output) cli_json_string(stdout, r->output);
        else fputs("null", stdout);
        if (r->tracks) print_video(r);
        else printf(", \"faces\": %zu", r->faces);
    }
    end_record(b);
}

void cli_blur_fail(cli_blur_job *b, const char *file, const char *message)
{
    char *text = strncmp(message, file, strlen(file)) ? cli_format("%s: %s", file, message) : cli_strdup(message);
    cli_error("%s", text);
    b->failed++;
    begin_record(b, file);
    if (b->as_json) {
        fputs(", \"error\": ", stdout);
        cli_json_string(stdout, text);
    }
    end_record(b);
    free(text);
}
