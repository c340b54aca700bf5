// SPDX-License-Identifier: MIT
#include "response.h"

#include <string.h>

#include "tensors.h"

TRITONSERVER_Error *tri_error(const fov_error *err)
{
    TRITONSERVER_Error_Code code = TRITONSERVER_ERROR_INTERNAL;
    switch (err->code) {
    case FOV_ERR_ARGUMENT:
    case FOV_ERR_FORMAT:
    case FOV_ERR_LIMIT:
        code = TRITONSERVER_ERROR_INVALID_ARG;
        break;
    case FOV_ERR_UNSUPPORTED:
        code = TRITONSERVER_ERROR_UNSUPPORTED;
        break;
    case FOV_ERR_IO:
        code = TRITONSERVER_ERROR_NOT_FOUND;
        break;
    case FOV_ERR_MEMORY:
    case FOV_ERR_DEVICE:
        code = TRITONSERVER_ERROR_UNAVAILABLE;
        break;
    default:
        break;
    }
    return TRITONSERVER_ErrorNew(code, err->message);
}

void tri_log(TRITONSERVER_Error *error)
{
    if (!error) return;
    TRITONSERVER_Error *again =
        TRITONSERVER_LogMessage(TRITONSERVER_LOG_ERROR, __FILE__, __LINE__, TRITONSERVER_ErrorMessage(error));
    if (again) TRITONSERVER_ErrorDelete(again);
    TRITONSERVER_ErrorDelete(error);
}

/* ---------------------------------------------------------------- outputs */

static srv_found found_at(const void *of, size_t photo)
{
    const tri_look *l = (const tri_look *)of + photo;
    return (srv_found){l->face, l->faces, l->width, l->height};
}

static TRITONSERVER_Error *put_output(TRITONBACKEND_Response *response, const tri_request *r, srv_output output)
{
    const srv_tensor           *t = srv_outputs + output;
    const srv_looked            looked = {found_at, r->look, r->looks};
    const size_t                rows = srv_output_rows(output, &looked);
    const TRITONSERVER_DataType type = strcmp(t->datatype, "FP32") ? TRITONSERVER_TYPE_INT32 : TRITONSERVER_TYPE_FP32;
    int64_t                     shape[4] = {(int64_t)rows}, memory_id = 0;
    TRITONSERVER_MemoryType     memory = TRITONSERVER_MEMORY_CPU;
    TRITONBACKEND_Output       *out = NULL;
    void                       *buffer = NULL;
    for (int i = 1; i < t->rank; i++) shape[i] = t->shape[i];
    TRITONSERVER_Error *error = TRITONBACKEND_ResponseOutput(response, &out, t->name, type, shape, (uint32_t)t->rank);
    if (error) return error;
    error = TRITONBACKEND_OutputBuffer(out, &buffer, rows * srv_output_row(output) * sizeof(srv_number), &memory, &memory_id);
    if (error) return error;
    if (memory == TRITONSERVER_MEMORY_GPU)
        return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNSUPPORTED,
                                     "outputs are made in the system's memory: ask for them there, not in a GPU's");
    srv_output_fill(output, &looked, buffer);
    return NULL;
}

static TRITONSERVER_Error *put_outputs(TRITONBACKEND_Response *response, const tri_request *r)
{
    uint32_t            count = 0;
    TRITONSERVER_Error *error = TRITONBACKEND_RequestOutputCount(r->triton, &count);
    for (uint32_t i = 0; i < count && !error; i++) {
        const char *name = NULL;
        if ((error = TRITONBACKEND_RequestOutputName(r->triton, i, &name))) break;
        const int output = srv_tensor_find(srv_outputs, SRV_OUTPUTS, name);
        error = output < SRV_OUTPUTS
                    ? put_output(response, r, (srv_output)output)
                    : TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INVALID_ARG,
                                            "there are the outputs boxes, scores, landmarks, image_index, counts, sizes");
    }
    return error;
}

bool tri_respond(tri_request *r)
{
    TRITONBACKEND_Response *response = NULL;
    TRITONSERVER_Error     *error = TRITONBACKEND_ResponseNew(&response, r->triton);
    if (error) {
        tri_log(error);
        return false;
    }
    error = r->status ? tri_error(&r->err) : put_outputs(response, r);
    const bool found = !error;
    tri_log(TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, error));
    if (error) TRITONSERVER_ErrorDelete(error);
    return found;
}
