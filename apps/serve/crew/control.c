// SPDX-License-Identifier: MIT
#include "crew/control.h"

#include "clock.h"
#include "console.h"
#include "crew/protocol.h"
#include "crew/wire.h"
#include "json_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---------------------------------------------------------------- life */

void srv_control_init(srv_control *c, const srv_config *config)
{
    *c = (srv_control){.config = config, .fd = -1};
    pthread_mutex_init(&c->sending, NULL);
    pthread_mutex_init(&c->lock, NULL);
}

void srv_control_clear(srv_control *c)
{
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->sending);
}

static int set_fd(srv_control *c, int fd)
{
    pthread_mutex_lock(&c->sending);
    pthread_mutex_lock(&c->lock);
    const int before = c->fd;
    c->fd = fd;
    pthread_mutex_unlock(&c->lock);
    pthread_mutex_unlock(&c->sending);
    return before;
}

int srv_control_open(srv_control *c)
{
    int end[2];
    if (!srv_wire_pair(end)) return -1;
    set_fd(c, end[0]);
    return end[1];
}

void srv_control_close(srv_control *c)
{
    const int fd = set_fd(c, -1);
    if (fd >= 0) close(fd);
}

void srv_control_shut(srv_control *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->fd >= 0) shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&c->lock);
}

/* ---------------------------------------------------------------- time */

/* Each GPU has its kernels chosen for one photo and for many. */
static double time_to_load(const srv_config *config)
{
    const double gpus = config->n_device ? (double)config->n_device : 1;
    return config->load_s + 2 * gpus * config->tune_seconds;
}

/* ---------------------------------------------------------------- commands */

static bool send_one(srv_control *c, const srv_command *command, int passed, double until_s)
{
    return srv_wire_send_with(c->fd, command, sizeof *command, passed, until_s);
}

/* A worker that got half a command cannot go on. */
static bool tell(srv_control *c, const srv_command *command, int passed)
{
    pthread_mutex_lock(&c->sending);
    const bool told = c->fd >= 0 && send_one(c, command, passed, cli_now_s() + c->config->load_s);
    if (!told && c->fd >= 0) shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&c->sending);
    return told;
}

void srv_control_unload(srv_control *c, uint32_t id)
{
    (void)tell(c, &(srv_command){.kind = SRV_UNLOAD, .id = id}, -1);
}

bool srv_control_open_lane(srv_control *c, int end)
{
    return tell(c, &(srv_command){.kind = SRV_LANE}, end);
}

/* Texts become JSON, of which none is there where one is not UTF-8. */
static void end_text(char *text, size_t bytes)
{
    text[bytes - 1] = '\0';
    cli_utf8_settle(text);
}

bool srv_control_hear_hello(srv_control *c)
{
    srv_hello hello;
    if (!srv_wire_receive_until(c->fd, &hello, sizeof hello, cli_now_s() + c->config->load_s)) return false;
    end_text(hello.message, sizeof hello.message);
    if (!hello.confined) cli_error("%s", hello.message);
    return hello.confined;
}

/* ---------------------------------------------------------------- loading */

static bool send_load(srv_control *c, const srv_load *load, double until_s)
{
    const srv_model_source *s = load->source;
    srv_command command = {.kind = SRV_LOAD, .id = load->id, .bytes = s->bytes, .path_bytes = (uint32_t)strlen(s->path)};
    if (s->settings) command.settings_bytes = (uint32_t)strlen(s->settings);
    snprintf(command.name, sizeof command.name, "%s", load->name);
    snprintf(command.version, sizeof command.version, "%s", load->version);
    pthread_mutex_lock(&c->sending);
    const bool sent = send_one(c, &command, s->fd, until_s) &&
                      srv_wire_send_with(c->fd, s->path, command.path_bytes, -1, until_s) &&
                      (!s->settings || srv_wire_send_with(c->fd, s->settings, command.settings_bytes, -1, until_s));
    pthread_mutex_unlock(&c->sending);
    return sent;
}

static bool is_status(int32_t status)
{
    return status >= FOV_OK && status <= FOV_ERR_CANCELLED;
}

static bool makes_sense(srv_loaded *l)
{
    end_text(l->message, sizeof l->message);
    end_text(l->facts.family, sizeof l->facts.family);
    end_text(l->facts.backend, sizeof l->facts.backend);
    end_text(l->facts.device, sizeof l->facts.device);
    return is_status(l->status) && l->certificate_bytes <= SRV_CERTIFICATE_BYTES && fov_precision_name(l->facts.precision);
}

static bool hear_loaded(const srv_control *c, srv_load_done *done, fov_error *err, double until_s)
{
    srv_loaded loaded;
    if (!srv_wire_receive_until(c->fd, &loaded, sizeof loaded, until_s) || !makes_sense(&loaded)) return false;
    done->status = err->code = (fov_status)loaded.status;
    done->facts = loaded.facts;
    memcpy(err->message, loaded.message, sizeof err->message);
    if (loaded.status) return true;
    done->certificate = calloc(1, loaded.certificate_bytes + 1);
    return done->certificate && srv_wire_receive_until(c->fd, done->certificate, loaded.certificate_bytes, until_s);
}

bool srv_control_load(srv_control *c, const srv_load *load, srv_load_done *done, fov_error *err)
{
    const double until_s = cli_now_s() + time_to_load(c->config);
    *done = (srv_load_done){0};
    const bool heard = send_load(c, load, until_s) && hear_loaded(c, done, err, until_s);
    done->late = !heard && cli_now_s() >= until_s;
    return heard;
}
