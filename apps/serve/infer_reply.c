// SPDX-License-Identifier: MIT
/* The answer to a request for inference: every output is a table of 4-byte numbers, told in JSON or as binary data behind it. */
#include "infer.h"

#include "json_text.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_float(srv_output o)
{
    return !strcmp(srv_outputs[o].datatype, "FP32");
}

static srv_found found_at(const void *of, size_t photo)
{
    const srv_task *t = (const srv_task *)of + photo;
    return (srv_found){t->face, t->faces, t->width, t->height};
}

static void print_numbers(FILE *out, srv_output o, const srv_number *table, size_t count)
{
    fputs(", \"data\": [", out);
    for (size_t i = 0; i < count; i++) {
        if (i) fputs(", ", out);
        if (!is_float(o)) fprintf(out, "%d", table[i].i);
        else if (isfinite(table[i].f)) fprintf(out, "%.9g", (double)table[i].f);
        else fputs("null", out);
    }
    putc(']', out);
}

static void print_shape(FILE *out, srv_output o, size_t rows)
{
    fprintf(out, "{\"name\": \"%s\", \"datatype\": \"%s\", \"shape\": [%zu", srv_outputs[o].name, srv_outputs[o].datatype, rows);
    for (int i = 1; i < srv_outputs[o].rank; i++) fprintf(out, ", %d", srv_outputs[o].shape[i]);
    putc(']', out);
}

/* Little-endian, as the protocol has it. */
static void write_numbers(FILE *out, srv_output o, const srv_number *table, size_t count)
{
    (void)o;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, table + i, sizeof bits);
        bits = htole32(bits);
        fwrite(&bits, sizeof bits, 1, out);
    }
}

typedef void print(FILE *out, srv_output o, const srv_number *table, size_t count);

/* @return false: no memory */
static bool print_table(FILE *out, const srv_looked *looked, srv_output o, print *all)
{
    const size_t count = srv_output_rows(o, looked) * srv_output_row(o);
    srv_number  *table = malloc((count + 1) * sizeof *table);
    if (!table) return false;
    srv_output_fill(o, looked, table);
    all(out, o, table, count);
    free(table);
    return true;
}

static bool print_output(FILE *out, const srv_looked *looked, srv_output o, bool is_binary)
{
    const size_t rows = srv_output_rows(o, looked);
    bool         good = true;
    print_shape(out, o, rows);
    if (is_binary) fprintf(out, ", \"parameters\": {\"binary_data_size\": %zu}", rows * srv_output_row(o) * sizeof(srv_number));
    else good = print_table(out, looked, o, print_numbers);
    putc('}', out);
    return good;
}

static void print_head(FILE *out, const srv_job *job, const srv_infer *infer)
{
    fputs("{\"model_name\": ", out);
    cli_json_string(out, srv_model_name(job->model));
    fprintf(out, ", \"model_version\": \"%s\"", srv_model_version(job->model));
    if (infer->id) {
        fputs(", \"id\": ", out);
        cli_json_string(out, json_string_value(infer->id));
    }
}

static bool print_outputs(FILE *out, const srv_looked *looked, const srv_infer *infer)
{
    const char *comma = "";
    bool        good = true;
    fputs(", \"outputs\": [", out);
    for (int o = 0; o < SRV_OUTPUTS && good && !ferror(out); o++) {
        if (!infer->wants[o]) continue;
        fputs(comma, out);
        comma = ", ";
        good = print_output(out, looked, (srv_output)o, infer->binary[o]);
    }
    fputs("]}", out);
    return good;
}

static bool any_binary(const srv_infer *infer)
{
    for (int o = 0; o < SRV_OUTPUTS; o++)
        if (infer->wants[o] && infer->binary[o]) return true;
    return false;
}

static bool write_outputs(FILE *out, const srv_looked *looked, const srv_infer *infer)
{
    bool good = true;
    for (int o = 0; o < SRV_OUTPUTS && good && !ferror(out); o++)
        if (infer->wants[o] && infer->binary[o]) good = print_table(out, looked, (srv_output)o, write_numbers);
    return good;
}

/* The JSON, and what is behind it. */
srv_reply srv_infer_reply(const srv_job *job, const srv_infer *infer, srv_budget *budget)
{
    const srv_looked looked = {found_at, job->task, job->count};
    const bool       is_binary = any_binary(infer);
    srv_out          out;
    if (!srv_out_begin(&out, budget)) return srv_reply_no_memory();
    print_head(out.file, job, infer);
    bool         printed = print_outputs(out.file, &looked, infer);
    const size_t json_bytes = srv_out_bytes(&out);
    if (is_binary) printed = printed && write_outputs(out.file, &looked, infer);
    else putc('\n', out.file);
    if (!printed) {
        srv_out_drop(&out);
        return srv_reply_no_memory();
    }
    srv_reply reply = srv_reply_printed(MHD_HTTP_OK, is_binary ? "application/octet-stream" : "application/json", &out);
    if (is_binary && reply.status == MHD_HTTP_OK) srv_reply_header(&reply, "Inference-Header-Content-Length", "%zu", json_bytes);
    return reply;
}
