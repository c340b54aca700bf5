// SPDX-License-Identifier: MIT
#include "crew/worker.h"

#include "crew/lane.h"
#include "crew/protocol.h"
#include "crew/wire.h"
#include "sandbox/confine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- models */

/* To free(). A worker that does not know what it was told cannot go on. */
static char *receive_text(int control, size_t bytes)
{
    char *text = malloc(bytes + 1);
    if (!text) _exit(SRV_WORKER_NO_MEMORY);
    if (!srv_wire_receive(control, text, bytes)) _exit(EXIT_FAILURE);
    text[bytes] = '\0';
    return text;
}

static srv_model_source receive_source(int control, const srv_command *c, int memory)
{
    srv_model_source s = {.fd = memory, .bytes = c->bytes};
    s.path = receive_text(control, c->path_bytes);
    if (c->settings_bytes) s.settings = receive_text(control, c->settings_bytes);
    return s;
}

static void tell_loaded(int control, const srv_model *model, fov_status st, const fov_error *err)
{
    srv_loaded loaded = {.status = (int32_t)st};
    memcpy(loaded.message, err->message, sizeof loaded.message);
    if (model) {
        loaded.facts = *srv_model_facts(model);
        loaded.certificate_bytes = strlen(srv_model_certificate(model));
    }
    srv_wire_send(control, &loaded, sizeof loaded);
    if (model) srv_wire_send(control, srv_model_certificate(model), loaded.certificate_bytes);
}

/* What the front is told at every request for it has a bound. */
static fov_status refuse(srv_model **model, const char *path, fov_error *err)
{
    srv_model_release(*model);
    *model = NULL;
    err->code = FOV_ERR_LIMIT;
    snprintf(err->message, sizeof err->message, "%s: its certificate is larger than %d bytes: build it anew from fewer photos",
             path, SRV_CERTIFICATE_BYTES);
    return err->code;
}

static void load(int control, const srv_command *c, int memory, srv_lanes *lanes, const srv_config *config)
{
    static srv_stats uncounted; /* the front counts */
    fov_error        err = {0};
    srv_model       *model;
    srv_model_source source = receive_source(control, c, memory);
    fov_status       st =
        srv_model_open_source(&(srv_identity){c->name, c->version, source.path}, &source, config, &uncounted, &model, &err);
    if (!st && strlen(srv_model_certificate(model)) > SRV_CERTIFICATE_BYTES) st = refuse(&model, source.path, &err);
    srv_model_source_close(&source);
    if (!st && !srv_lanes_add_model(lanes, c->id, model)) _exit(SRV_WORKER_NO_MEMORY);
    tell_loaded(control, model, st, &err);
}

/* ---------------------------------------------------------------- all of it */

static void carry_out(int control, const srv_command *c, int passed, srv_lanes *lanes, const srv_config *config)
{
    switch ((srv_command_kind)c->kind) {
    case SRV_LANE:
        if (!srv_lanes_open(lanes, passed)) _exit(SRV_WORKER_NO_THREAD);
        break;
    case SRV_LOAD:
        load(control, c, passed, lanes, config);
        break;
    case SRV_UNLOAD:
        srv_lanes_remove_model(lanes, c->id);
        break;
    }
}

_Noreturn void srv_worker_main(int control, const srv_config *config)
{
    fov_error   err = {0};
    srv_command command;
    srv_lanes   lanes = {.config = config};
    int         passed;
    srv_hello   hello = {.confined = !srv_confine_worker(config, &err)};
    memcpy(hello.message, err.message, sizeof hello.message);
    srv_lanes_init(&lanes);
    if (!srv_wire_send(control, &hello, sizeof hello) || !hello.confined) _exit(EXIT_FAILURE);
    while (srv_wire_receive_with(control, &command, sizeof command, &passed)) carry_out(control, &command, passed, &lanes, config);
    _exit(EXIT_SUCCESS); /* without the destructors of libraries: threads wait in lanes */
}
