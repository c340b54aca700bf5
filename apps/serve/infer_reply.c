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

/* @return numbers, to free(); NULL: no memory */
static srv_number *table_of(const srv_job *job, srv_output o, size_t rows)
{
    const size_t row = srv_output_row(o);
    srv_number  *table = calloc(rows * row + 1, sizeof *table), *at = table;
    for (size_t i = 0; table && i < job->count; i++) {
        const srv_task *t = job->task + i;
        if (srv_output_is_of_photos(o)) {
            srv_output_put_photo(o, t->faces, t->width, t->height, at);
            at += row;
            continue;
        }
        for (size_t f = 0; f < t->faces; f++, at += row) srv_output_put_face(o, t->face + f, i, at);
    }
    return table;
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

static bool print_output(FILE *json, FILE *binary, const srv_job *job, srv_output o, bool is_binary, size_t faces)
{
    const size_t rows = srv_output_is_of_photos(o) ? job->count : faces, count = rows * srv_output_row(o);
    srv_number  *table = table_of(job, o, rows);
    if (!table) return false;
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
    size_t      faces = 0;
    const char *comma = "";
    bool        good = true;
    for (size_t i = 0; i < job->count; i++) faces += job->task[i].faces;
    fputs(", \"outputs\": [", json);
    for (int o = 0; o < SRV_OUTPUTS && good; o++) {
        if (!infer->wants[o]) continue;
        fputs(comma, json);
        comma = ", ";
        good = print_output(json, binary, job, (srv_output)o, infer->binary[o], faces);
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
