// SPDX-License-Identifier: MIT
/* The backend of Triton Inference Server: what it is called by. A model is an engine of the model repository, an instance a
 * detector on the processor or a GPU; what Triton batches is looked at together. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "detect.h"
#include "model.h"
#include "request.h"
#include "response.h"

#define TRY(call)                                                                                                                  \
    do {                                                                                                                           \
        TRITONSERVER_Error *try_error = (call);                                                                                    \
        if (try_error) return try_error;                                                                                           \
    } while (0)

TRITONSERVER_Error *TRITONBACKEND_Initialize(TRITONBACKEND_Backend *backend)
{
    uint32_t major = 0, minor = 0;
    (void)backend;
    TRY(TRITONBACKEND_ApiVersion(&major, &minor));
    if (major == TRITONBACKEND_API_VERSION_MAJOR) return NULL;
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNSUPPORTED,
                                 "fovea's backend is made for version 1 of Triton's interface for backends: use a release of Fovea "
                                 "that is made for this server's");
}

/* ---------------------------------------------------------------- models */

static TRITONSERVER_Error *read_config(TRITONBACKEND_Model *model, json_t **config)
{
    TRITONSERVER_Message *message = NULL;
    const char           *text = NULL;
    size_t                bytes = 0;
    *config = NULL;
    TRY(TRITONBACKEND_ModelConfig(model, 1, &message));
    TRITONSERVER_Error *error = TRITONSERVER_MessageSerializeToJson(message, &text, &bytes);
    if (!error && !(*config = json_loadb(text, bytes, 0, NULL)))
        error = TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "the model's configuration, as Triton tells it, is no JSON");
    tri_log(TRITONSERVER_MessageDelete(message));
    return error;
}

/* REPOSITORY/NAME/VERSION/model.fov, or as config.pbtxt calls it. @param path out: to free() */
static TRITONSERVER_Error *find_engine(TRITONBACKEND_Model *model, const json_t *config, char **path)
{
    TRITONBACKEND_ArtifactType type = TRITONBACKEND_ARTIFACT_FILESYSTEM;
    const char                *folder = NULL, *file = json_string_value(json_object_get(config, "default_model_filename"));
    uint64_t                   version = 0;
    TRY(TRITONBACKEND_ModelRepository(model, &type, &folder));
    TRY(TRITONBACKEND_ModelVersion(model, &version));
    if (asprintf(path, "%s/%llu/%s", folder, (unsigned long long)version, file && *file ? file : "model.fov") >= 0) return NULL;
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, "no memory for a file's name");
}

static TRITONSERVER_Error *open_model(TRITONBACKEND_Model *model, const json_t *config)
{
    tri_settings settings;
    fov_error    err = {0};
    char        *path = NULL;
    if (tri_settings_read(config, &settings, &err)) return tri_error(&err);
    TRY(find_engine(model, config, &path));
    tri_model *opened = tri_model_new(path, &settings);
    free(path);
    if (!opened) return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, "no memory for a model");
    return TRITONBACKEND_ModelSetState(model, opened);
}

TRITONSERVER_Error *TRITONBACKEND_ModelInitialize(TRITONBACKEND_Model *model)
{
    json_t *config = NULL;
    TRY(read_config(model, &config));
    TRITONSERVER_Error *error = open_model(model, config);
    json_decref(config);
    return error;
}

TRITONSERVER_Error *TRITONBACKEND_ModelFinalize(TRITONBACKEND_Model *model)
{
    void *state = NULL;
    TRY(TRITONBACKEND_ModelState(model, &state));
    tri_model_free(state);
    return NULL;
}

/* ---------------------------------------------------------------- instances */

static const char *backend_of(TRITONSERVER_InstanceGroupKind kind)
{
    switch (kind) {
    case TRITONSERVER_INSTANCEGROUPKIND_GPU:
        return "cuda";
    case TRITONSERVER_INSTANCEGROUPKIND_MODEL:
        return "auto";
    default:
        return "cpu";
    }
}

/* Into the server's log: what it runs on, and why where it was not told. */
static TRITONSERVER_Error *tell(TRITONBACKEND_ModelInstance *instance, const tri_instance *in, int device)
{
    const char *name = "", *backend = fov_engine_backend(in->engine), *reason = fov_engine_backend_reason(in->engine);
    char        on[128] = "", text[1024];
    fov_device_name(backend, device, on, sizeof on, NULL);
    TRY(TRITONBACKEND_ModelInstanceName(instance, &name));
    snprintf(text, sizeof text, "%s: %s on %s, %s%s%s", name, fov_precision_name(fov_engine_precision(in->engine)), backend, on,
             *reason ? ": " : "", reason);
    return TRITONSERVER_LogMessage(TRITONSERVER_LOG_INFO, __FILE__, __LINE__, text);
}

TRITONSERVER_Error *TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance *instance)
{
    TRITONBACKEND_Model           *model = NULL;
    TRITONSERVER_InstanceGroupKind kind = TRITONSERVER_INSTANCEGROUPKIND_CPU;
    int32_t                        device = 0;
    void                          *state = NULL;
    tri_instance                  *opened = NULL;
    fov_error                      err = {0};
    TRY(TRITONBACKEND_ModelInstanceModel(instance, &model));
    TRY(TRITONBACKEND_ModelInstanceKind(instance, &kind));
    TRY(TRITONBACKEND_ModelInstanceDeviceId(instance, &device));
    TRY(TRITONBACKEND_ModelState(model, &state));
    const int gpu = kind == TRITONSERVER_INSTANCEGROUPKIND_GPU ? device : 0;
    if (tri_instance_open(state, backend_of(kind), gpu, &opened, &err)) return tri_error(&err);
    tri_log(tell(instance, opened, gpu));
    return TRITONBACKEND_ModelInstanceSetState(instance, opened);
}

TRITONSERVER_Error *TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance *instance)
{
    void *state = NULL;
    TRY(TRITONBACKEND_ModelInstanceState(instance, &state));
    tri_instance_close(state);
    return NULL;
}

/* ---------------------------------------------------------------- requests */

/* When what began, on the clock that Triton's own figures are taken from. */
typedef struct times {
    uint64_t start, compute, computed;
} times;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Its statistics are those of a request, so they are told before it is given back. */
static void finish(TRITONBACKEND_ModelInstance *instance, tri_request *r, const times *t)
{
    const bool found = tri_respond(r);
    tri_log(TRITONBACKEND_ModelInstanceReportStatistics(instance, r->triton, found, t->start, t->compute, t->computed, now_ns()));
    tri_log(TRITONBACKEND_RequestRelease(r->triton, TRITONSERVER_REQUEST_RELEASE_ALL));
    tri_request_clear(r);
}

TRITONSERVER_Error *TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance *instance, TRITONBACKEND_Request **requests,
                                                       uint32_t count)
{
    times  t = {.start = now_ns()};
    void  *state = NULL;
    size_t looks = 0;
    TRY(TRITONBACKEND_ModelInstanceState(instance, &state));
    const tri_instance *in = state;
    tri_request        *r = calloc(count, sizeof *r);
    if (!r) return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, "no memory for a batch of requests");
    for (uint32_t i = 0; i < count; i++) {
        tri_request_read(r + i, requests[i], in->settings);
        tri_decode(r + i, in->settings);
    }
    t.compute = now_ns();
    tri_detect(in, r, count);
    t.computed = now_ns();
    for (uint32_t i = 0; i < count; i++) {
        looks += r[i].looks;
        finish(instance, r + i, &t);
    }
    /* What Triton counts as an execution is what it put together, whatever share of it failed. */
    tri_log(TRITONBACKEND_ModelInstanceReportBatchStatistics(instance, looks, t.start, t.compute, t.computed, now_ns()));
    free(r);
    return NULL;
}
