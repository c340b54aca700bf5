// SPDX-License-Identifier: MIT
#include "crew/nursery.h"

#include "console.h"
#include "crew/protocol.h"
#include "crew/wire.h"
#include "crew/worker.h"
#include "sandbox/confine.h"
#include "sandbox/gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---------------------------------------------------------------- in the nursery */

static void forget_text(const char *text)
{
    if (text) explicit_bzero((char *)(uintptr_t)text, strlen(text));
}

/* Whoever started the server may keep secrets in its environment. A GPU's driver is told by it what to do. */
static void forget_environment(const srv_config *config)
{
    forget_text(getenv("FOVEA_TOKEN"));
    if (srv_gpu_is_possible(config)) return;
    for (char **variable = environ; variable && *variable; variable++) forget_text(*variable);
    clearenv();
}

/* What the front alone needs, and what whoever started the server left open. The terminal, which a process could type commands
 * into, goes, too; messages go to the front. */
static void forget(int front, const srv_config *config)
{
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
    }
    for (int fd = STDERR_FILENO + 1; fd < front; fd++) close(fd);
    closefrom(front + 1);
    setsid();
    forget_text(config->token);
    forget_environment(config);
}

static _Noreturn void begin_worker(int front, int control, const srv_config *config)
{
    close(front);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    srv_worker_main(control, config);
}

static srv_order_done start_worker(int front, int control, const srv_config *config)
{
    const pid_t pid = fork();
    if (!pid) begin_worker(front, control, config);
    if (pid < 0) return (srv_order_done){.status = errno};
    return (srv_order_done){.pid = pid};
}

static srv_order_done end_worker(pid_t pid)
{
    srv_order_done done = {.pid = pid};
    if (pid <= 0 || waitpid(pid, &done.status, WNOHANG)) return done; /* it has ended already, or is no worker */
    kill(pid, SIGKILL);
    while (waitpid(pid, &done.status, 0) < 0 && errno == EINTR) {
    }
    return done;
}

/* Until the front closes its end. */
static void obey(int front, const srv_config *config)
{
    srv_order order = {0};
    int       control = -1;
    while (srv_wire_receive_with(front, &order, sizeof order, &control)) {
        const srv_order_done done = order.kind == SRV_START_WORKER ? start_worker(front, control, config) : end_worker(order.pid);
        if (control >= 0) close(control);
        if (!srv_wire_send(front, &done, sizeof done)) return;
    }
}

/* Processors are counted, and the secret of JSON's hash tables drawn, while files may still be read. */
static _Noreturn void nursery_main(int front, srv_relay *relay, const srv_config *config)
{
    srv_config own = *config;
    fov_error  err = {0};
    if (!own.threads) own.threads = fov_cpu_threads();
    json_object_seed(0);
    srv_relay_join(relay);
    forget(front, config);
    own.token = NULL;
    const fov_status st = srv_confine_nursery(&own, &err);
    if (st) cli_error("%s", err.message);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* after a change of user, which takes it back */
    if (!st) obey(front, &own);
    _exit(st ? CLI_INTERNAL : CLI_OK);
}

/* ---------------------------------------------------------------- in the front */

bool srv_nursery_start(srv_nursery *n, const srv_config *config)
{
    int end[2];
    if (!srv_wire_pair(end) || !srv_relay_open(&n->relay) || (n->pid = fork()) < 0) {
        cli_error("the process that starts workers cannot be started: %s", strerror(errno));
        return false;
    }
    if (!n->pid) {
        close(end[0]);
        nursery_main(end[1], &n->relay, config);
    }
    close(end[1]);
    n->fd = end[0];
    pthread_mutex_init(&n->lock, NULL);
    return true;
}

void srv_nursery_stop(srv_nursery *n)
{
    if (!n->pid) return;
    close(n->fd);
    waitpid(n->pid, NULL, 0);
    srv_relay_close(&n->relay);
    pthread_mutex_destroy(&n->lock);
    n->pid = 0;
}

static srv_order_done give_order(srv_nursery *n, srv_order order, int passed)
{
    srv_order_done done;
    pthread_mutex_lock(&n->lock);
    const bool told =
        srv_wire_send_with(n->fd, &order, sizeof order, passed, INFINITY) && srv_wire_receive(n->fd, &done, sizeof done);
    pthread_mutex_unlock(&n->lock);
    return told ? done : (srv_order_done){.status = -1};
}

pid_t srv_nursery_start_worker(srv_nursery *n, int control)
{
    const srv_order_done done = give_order(n, (srv_order){.kind = SRV_START_WORKER}, control);
    if (!done.pid) errno = done.status > 0 ? done.status : EPIPE;
    return done.pid;
}

int srv_nursery_end_worker(srv_nursery *n, pid_t pid)
{
    return give_order(n, (srv_order){.kind = SRV_END_WORKER, .pid = pid}, -1).status;
}
