// SPDX-License-Identifier: MIT
/* The JSON of a request for inference: parameters, which outputs, which input. */
#include "infer.h"

#include "json_in.h"
#include "parameters.h"

#include <stdlib.h>
#include <string.h>

#define BAD(...) srv_reply_error(MHD_HTTP_BAD_REQUEST, __VA_ARGS__)

/* ---------------------------------------------------------------- parameters */

static srv_reply set_parameter(srv_infer *infer, const srv_config *config, const char *name, const json_t *value)
{
    char text[64];
    if (json_is_string(value)) snprintf(text, sizeof text, "%s", json_string_value(value));
    else if (json_is_integer(value)) snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) snprintf(text, sizeof text, "%.9g", json_real_value(value));
    else return BAD("parameter %.64s: expected a number or a text", name);
    return srv_parameter_set(&infer->detect, &config->detect, name, text);
}

/* Microseconds, as Triton has them. */
static srv_reply set_timeout(srv_infer *infer, const json_t *value)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return BAD("parameter timeout: expected microseconds, a whole number");
    infer->timeout_s = (double)json_integer_value(value) * 1e-6;
    return (srv_reply){0};
}

static srv_reply read_parameters(const json_t *parameters, const srv_config *config, bool *all_binary, srv_infer *infer)
{
    const char *name;
    json_t     *value;
    srv_reply   wrong = {0};
    if (parameters && !json_is_object(parameters)) return BAD("parameters: expected an object");
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
    {
        if (!strcmp(name, "binary_data_output")) *all_binary = json_is_true(value);
        else if (!strcmp(name, "timeout")) wrong = set_timeout(infer, value);
        else if (srv_parameter_is_known(name)) wrong = set_parameter(infer, config, name, value);
        else if (strcmp(name, "priority") != 0) /* all requests have the same */
            wrong = BAD("%.64s: there is no such parameter; there are timeout, binary_data_output, " SRV_PARAMETERS, name);
        if (wrong.status) break;
    }
    return wrong;
}

/* ---------------------------------------------------------------- outputs */

static srv_reply want_output(const json_t *output, bool all_binary, srv_infer *infer)
{
    const char   *name = json_string_value(json_object_get(output, "name"));
    const json_t *parameters = json_object_get(output, "parameters"), *binary = json_object_get(parameters, "binary_data");
    const int     i = name ? srv_tensor_find(srv_outputs, SRV_OUTPUTS, name) : SRV_OUTPUTS;
    if (i == SRV_OUTPUTS)
        return BAD("output '%.64s': there are boxes, scores, landmarks, image_index, counts and sizes", name ? name : "");
    if (json_object_get(parameters, "classification"))
        return BAD("output %s: these are no classes: leave 'classification' out", name);
    if (json_object_get(parameters, "shared_memory_region")) return BAD("output %s: this server has no shared memory", name);
    infer->wants[i] = true;
    infer->binary[i] = binary ? json_is_true(binary) : all_binary;
    return (srv_reply){0};
}

static srv_reply read_outputs(const json_t *outputs, bool all_binary, srv_infer *infer)
{
    size_t    i;
    json_t   *output;
    srv_reply wrong = {0};
    if (outputs && !json_is_array(outputs)) return BAD("outputs: expected an array");
    json_array_foreach(outputs, i, output)
    {
        wrong = want_output(output, all_binary, infer);
        if (wrong.status) return wrong;
    }
    for (i = 0; !json_array_size(outputs) && i < SRV_OUTPUTS; i++) {
        infer->wants[i] = true;
        infer->binary[i] = all_binary;
    }
    return wrong;
}

/* ---------------------------------------------------------------- all of it */

static bool has_too_many_values(const unsigned char *text, size_t bytes)
{
    size_t values = 0, members = 0;
    for (size_t i = 0; i < bytes; i++) {
        values += text[i] == ',' || text[i] == '[' || text[i] == '{';
        members += text[i] == ':';
    }
    return values > SRV_JSON_VALUES || members > SRV_JSON_MEMBERS;
}

static srv_reply parse(const unsigned char *text, size_t bytes, json_t **json)
{
    json_error_t error;
    bool         no_memory;
    *json = NULL;
    if (has_too_many_values(text, bytes))
        return BAD("JSON with more than %d values, or %d members of objects: send tensors as binary data", SRV_JSON_VALUES,
                   SRV_JSON_MEMBERS);
    *json = srv_json_read(text, bytes, JSON_REJECT_DUPLICATES, &error, &no_memory);
    if (no_memory) return srv_reply_no_memory();
    if (!*json) return BAD("the request is no JSON: line %d, column %d: %s", error.line, error.column, error.text);
    if (!json_is_object(*json)) return BAD("the request: expected an object");
    return (srv_reply){0};
}

static srv_reply read_object(const json_t *json, const srv_config *config, srv_rest *rest, srv_infer *infer)
{
    const json_t *inputs = json_object_get(json, "inputs"), *id = json_object_get(json, "id");
    bool          all_binary = false;
    srv_reply     wrong = read_parameters(json_object_get(json, "parameters"), config, &all_binary, infer);
    if (!wrong.status) wrong = read_outputs(json_object_get(json, "outputs"), all_binary, infer);
    if (wrong.status) return wrong;
    if (id && (!json_is_string(id) || json_string_length(id) > SRV_ID_BYTES))
        return BAD("id: expected a text of at most %d bytes", SRV_ID_BYTES);
    if (json_array_size(inputs) != 1)
        return BAD("inputs: expected one tensor, photo or pixels, and these are %zu", json_array_size(inputs));
    infer->id = json_incref((json_t *)(uintptr_t)id);
    wrong = srv_infer_input(json_array_get(inputs, 0), config, rest, infer);
    if (!wrong.status && rest->bytes) return BAD("%zu bytes follow the tensor: is binary_data_size right?", rest->bytes);
    return wrong;
}

/* @param json_bytes out: where binary data begins */
static srv_reply find_rest(const srv_request *r, size_t *json_bytes)
{
    const char *length = srv_request_header(r, "Inference-Header-Content-Length");
    char       *end = NULL;
    *json_bytes = r->body.bytes;
    if (!*length) return (srv_reply){0};
    const unsigned long long value = *length >= '0' && *length <= '9' ? strtoull(length, &end, 10) : 0;
    if (!end || *end || value > r->body.bytes)
        return BAD("Inference-Header-Content-Length %.32s: expected a number up to the body's %zu bytes", length, r->body.bytes);
    *json_bytes = (size_t)value;
    return (srv_reply){0};
}

srv_reply srv_infer_read(srv_request *r, srv_infer *infer)
{
    size_t    json_bytes;
    json_t   *json;
    srv_reply wrong = find_rest(r, &json_bytes);
    if (wrong.status) return wrong;
    if (!r->body.bytes) return BAD("the body is empty: expected JSON with inputs");
    srv_rest rest = {r->body.data + json_bytes, r->body.bytes - json_bytes};
    if (!json_bytes) {
        read_outputs(NULL, true, infer);
        return srv_infer_raw(&rest, infer);
    }
    wrong = parse(r->body.data, json_bytes, &json);
    if (!wrong.status) wrong = read_object(json, r->server->config, &rest, infer);
    json_decref(json);
    if (!wrong.status && infer->made) srv_body_drop(&r->body);
    return wrong;
}
