// SPDX-License-Identifier: MIT
#include "build_report.h"

#include "console.h"
#include "json_read.h"
#include "json_whole.h"

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

enum { FEW = 12 /* layers that are listed without -v */ };

static void print_head(const fov_engine *engine, const char *path, double seconds)
{
    struct stat info;
    cli_print_plain(stdout, path);
    printf("  %s", fov_precision_name(fov_engine_precision(engine)));
    if (!stat(path, &info)) printf(", %.2f MB", (double)info.st_size / 1e6);
    printf(", built in %.1f s\n", seconds);
}

static void print_share(const json_t *certificate)
{
    const char *precision;
    json_t     *share;
    json_object_foreach(json_object_get(certificate, "share"), precision, share)
        printf("  %-12s %d layers, %.1f %% of the work\n", precision, (int)cli_json_number_of(share, "layers"),
               100 * cli_json_number_of(share, "macs"));
}

static void print_measured(const json_t *certificate)
{
    const json_t *measured = json_object_get(certificate, "measured");
    const json_t *faces = json_object_get(measured, "faces"), *drift = json_object_get(measured, "drift");
    if (!measured) return;
    const int photos = (int)cli_json_number_of(measured, "photos");
    printf("  loss         %.2f points of AP against FP32, on %d %s\n",
           100 * cli_json_number_of(json_object_get(measured, "agreement"), "loss"), photos, photos == 1 ? "photo" : "photos");
    printf("  faces        %d of %d found, %d more; scores off by %.4f on average, landmarks by %.2f px\n",
           (int)cli_json_number_of(faces, "matched"), (int)cli_json_number_of(faces, "a"), (int)cli_json_number_of(faces, "gained"),
           cli_json_number_of(drift, "score_mean"), cli_json_number_of(drift, "landmark_px_mean"));
}

static void print_considered(const json_t *certificate)
{
    size_t  i;
    json_t *candidate;
    json_array_foreach(json_object_get(certificate, "considered"), i, candidate)
    {
        const json_t *loss = json_object_get(candidate, "loss");
        if (json_is_number(loss))
            printf("  considered   %-6s loses %.2f points, %.2fx the time of FP32\n", cli_json_text_of(candidate, "precision"),
                   100 * json_number_value(loss), cli_json_number_of(candidate, "cost"));
        else
            printf("  considered   %-6s not measured; %.2fx the time of FP32\n", cli_json_text_of(candidate, "precision"),
                   cli_json_number_of(candidate, "cost"));
    }
}

static void print_stayed(const json_t *certificate)
{
    const json_t *stayed = json_object_get(certificate, "stayed_higher");
    size_t        i;
    json_t       *layer;
    json_array_foreach(stayed, i, layer)
    {
        if (i == FEW && !cli_verbose) {
            printf("  and %zu more (-v lists them)\n", json_array_size(stayed) - i);
            break;
        }
        printf("  stayed %-5s ", cli_json_text_of(layer, "precision"));
        cli_print_plain(stdout, cli_json_text_of(layer, "layer"));
        fputs(": ", stdout);
        cli_print_plain(stdout, cli_json_text_of(layer, "why"));
        putchar('\n');
    }
}

void cli_build_report(const fov_engine *engine, const char *path, double seconds)
{
    json_t *certificate = json_loads(fov_engine_certificate(engine), 0, NULL);
    size_t  i;
    json_t *note;
    print_head(engine, path, seconds);
    print_share(certificate);
    print_measured(certificate);
    print_considered(certificate);
    print_stayed(certificate);
    json_array_foreach(json_object_get(certificate, "notes"), i, note)
    {
        fputs("  note         ", stdout);
        cli_print_plain(stdout, json_string_value(note));
        putchar('\n');
    }
    json_decref(certificate);
}

cli_exit cli_build_print_json(const fov_engine *engine, json_t *slower)
{
    json_t *certificate = json_loads(fov_engine_certificate(engine), 0, NULL);
    if (slower) cli_json_set(&certificate, "slower", json_incref(slower));
    return cli_json_print(certificate, JSON_COMPACT | JSON_REAL_PRECISION(9));
}
