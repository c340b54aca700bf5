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
static void write_numbers(FILE *out, const srv_number *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, table + i, sizeof bits);
        bits = htole32(bits);
        fwrite(&bits, sizeof bits, 1, out);
    }
}

static bool print_output(FILE *json, FILE *binary, const srv_looked *looked, srv_output o, bool is_binary)
{
    const size_t rows = srv_output_rows(o, looked), count = rows * srv_output_row(o);
    srv_number  *table = malloc((count + 1) * sizeof *table);
    if (!table) return false;
    srv_output_fill(o, looked, table);
    print_shape(json, o, rows);
    if (is_binary) {
        fprintf(json, ", \"parameters\": {\"binary_data_size\": %zu}", count * sizeof *table);
        write_numbers(binary, table, count);
    } else {
        print_numbers(json, o, table, count);
    }
    putc('}', json);
    free(table);
    return true;
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

static bool print_outputs(FILE *json, FILE *binary, const srv_job *job, const srv_infer *infer)
{
    const srv_looked looked = {found_at, job->task, job->count};
    const char      *comma = "";
    bool             good = true;
    fputs(", \"outputs\": [", json);
    for (int o = 0; o < SRV_OUTPUTS && good; o++) {
        if (!infer->wants[o]) continue;
        fputs(comma, json);
        comma = ", ";
        good = print_output(json, binary, &looked, (srv_output)o, infer->binary[o]);
    }
    fputs("]}", json);
    return good;
}

static bool any_binary(const srv_infer *infer)
{
    for (int o = 0; o < SRV_OUTPUTS; o++)
        if (infer->wants[o] && infer->binary[o]) return true;
    return false;
}

/* The JSON, and what is behind it. */
static srv_reply join(srv_out *json, const srv_out *binary, bool is_binary)
{
    const long json_bytes = ftell(json->file);
    if (!is_binary) putc('\n', json->file);
    if (binary->bytes) fwrite(binary->data, 1, binary->bytes, json->file);
    srv_reply reply = srv_reply_printed(MHD_HTTP_OK, is_binary ? "application/octet-stream" : "application/json", json);
    if (is_binary && reply.status == MHD_HTTP_OK) srv_reply_header(&reply, "Inference-Header-Content-Length", "%ld", json_bytes);
    return reply;
}

static srv_reply no_memory(void)
{
    return srv_reply_error(MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
}

srv_reply srv_infer_reply(const srv_job *job, const srv_infer *infer)
{
    srv_out json, binary;
    if (!srv_out_begin(&json)) return no_memory();
    if (!srv_out_begin(&binary)) {
        if (srv_out_end(&json)) free(json.data);
        return no_memory();
    }
    print_head(json.file, job, infer);
    const bool printed = print_outputs(json.file, binary.file, job, infer), whole = srv_out_end(&binary) && printed;
    srv_reply  reply = join(&json, &binary, any_binary(infer));
    free(binary.data);
    if (whole) return reply;
    srv_reply_clear(&reply);
    return no_memory();
}
