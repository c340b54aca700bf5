// SPDX-License-Identifier: MIT
#include "crew/process.h"

#include "clock.h"
#include "console.h"
#include "crew/control.h"
#include "crew/protocol.h"
#include "crew/wire.h"
#include "signals.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a process that ends again and again without a photo done in between. */
static const double FIRST_PAUSE_S = 0.05, LONGEST_PAUSE_S = 2;

enum { MOST_FAILED_STARTS = 5, LOOK_MS = 250 };

typedef struct lane {
    int    fd;      /* -1: none */
    double until_s; /* it is in use until then at most; INFINITY: it is not in use */
    bool   late;    /* it was, and the process is ended for it */
} lane;

struct srv_process {
    size_t               index;
    const srv_config    *config;
    srv_nursery         *nursery;
    srv_process_prepare *prepare;
    void                *user;
    pthread_t            keeper;
    pthread_mutex_t      talk_lock; /* whoever has it may hear from `control`; a start takes it; also of what follows */
    srv_control          control;
    uint32_t             newest; /* number of the last model that it was given since its start */

    pthread_mutex_t   lock; /* of what follows */
    pthread_cond_t    changed;
    srv_process_state state;
    bool              ending;
    pid_t             pid;
    lane             *lane;
    size_t            busy, suspects; /* lanes that are in use; suspects that wait for it to be empty, or are in it */
    bool              late;           /* it is ended for a lane that is */
    bool              loading;        /* a model, or it ended while it was */
    int               unmade;         /* errno of what its start lacked; 0: it ended by itself */
    char              last_end[128];

    atomic_bool      useful; /* a photo was done since its start */
    _Atomic uint64_t restarts;
};

static void set_state(srv_process *p, srv_process_state state)
{
    pthread_mutex_lock(&p->lock);
    p->state = state;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static bool is_ending(srv_process *p)
{
    pthread_mutex_lock(&p->lock);
    const bool ending = p->ending;
    pthread_mutex_unlock(&p->lock);
    return ending;
}

/* With the lock. @return false: it is time, on the clock of cli_now_s() */
static bool wait_for_change(srv_process *p, double until_s)
{
    const struct timespec t = cli_timespec(until_s);
    return !pthread_cond_timedwait(&p->changed, &p->lock, &t);
}

/* ---------------------------------------------------------------- starting */

static bool make_pair(srv_process *p, int end[2])
{
    if (srv_wire_pair(end)) return true;
    p->unmade = errno;
    return false;
}

/* A lane's socket and its thread in the worker. */
static bool open_lane(srv_process *p, size_t i)
{
    int end[2];
    if (!make_pair(p, end)) return false;
    p->lane[i] = (lane){.fd = end[0], .until_s = INFINITY};
    const bool told = srv_control_open_lane(&p->control, end[1]);
    close(end[1]);
    return told;
}

/* Whoever ends it shuts what is open by then. */
static bool start(srv_process *p)
{
    p->unmade = 0;
    p->newest = 0;
    const int end = srv_control_open(&p->control);
    if (end < 0 || !(p->pid = srv_nursery_start_worker(p->nursery, end))) p->unmade = errno;
    if (end >= 0) close(end);
    bool good = p->pid && !is_ending(p) && srv_control_hear_hello(&p->control);
    for (int i = 0; i < p->config->workers && good; i++) good = open_lane(p, (size_t)i);
    return good && p->prepare(p->user, p);
}

/* ---------------------------------------------------------------- ending */

static void close_lanes(srv_process *p)
{
    for (int i = 0; i < p->config->workers; i++) {
        if (p->lane[i].fd >= 0) close(p->lane[i].fd);
        p->lane[i].fd = -1;
    }
}

/* Those in its lanes see that it is gone, and leave. */
static void shut_lanes(srv_process *p)
{
    for (int i = 0; i < p->config->workers; i++)
        if (p->lane[i].fd >= 0) shutdown(p->lane[i].fd, SHUT_RDWR);
}

static void empty(srv_process *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->busy) pthread_cond_wait(&p->changed, &p->lock);
    close_lanes(p);
    pthread_mutex_unlock(&p->lock);
}

static const char *meaning_of(int exit_status)
{
    if (exit_status == SRV_WORKER_NO_MEMORY) return "had no memory (see --worker-memory)";
    if (exit_status == SRV_WORKER_NO_THREAD)
        return "could not start its threads (see --worker-memory, and limits on processes and files)";
    return NULL;
}

static void describe_end(int status, char *text, size_t bytes)
{
    const char *meaning = status >= 0 && WIFEXITED(status) ? meaning_of(WEXITSTATUS(status)) : NULL;
    if (meaning) snprintf(text, bytes, "%s", meaning);
    else if (status < 0) snprintf(text, bytes, "ended with the process that starts workers");
    else if (WIFSIGNALED(status)) snprintf(text, bytes, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else snprintf(text, bytes, "ended with status %d", WEXITSTATUS(status));
}

/* After it has ended, or to end it, which takes for ever where it waits for a GPU that is gone: photos do not wait for that.
 * Whoever talks to it over `control` sees that it is gone, and leaves, too. */
static void bury(srv_process *p)
{
    char text[sizeof p->last_end] = "";
    set_state(p, SRV_STARTING);
    shut_lanes(p);
    if (p->pid) describe_end(srv_nursery_end_worker(p->nursery, p->pid), text, sizeof text);
    if (p->unmade) snprintf(text, sizeof text, "could not be started: %s", strerror(p->unmade));
    pthread_mutex_lock(&p->talk_lock);
    srv_control_close(&p->control);
    empty(p);
    pthread_mutex_unlock(&p->talk_lock);
    pthread_mutex_lock(&p->lock);
    p->pid = 0;
    p->late = p->loading = false;
    memcpy(p->last_end, text, sizeof text);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* ---------------------------------------------------------------- keeping */

/* A photo may have it compute without end, and whoever has taken it over may never answer. */
static bool is_late(srv_process *p)
{
    const double now = cli_now_s();
    bool         any = false;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < p->config->workers; i++) {
        p->lane[i].late = now >= p->lane[i].until_s;
        any |= p->lane[i].late;
    }
    p->late = any;
    pthread_mutex_unlock(&p->lock);
    if (any) cli_warning("worker process %zu took longer than %g s (--work-time): it is ended", p->index + 1, p->config->work_s);
    return any;
}

/* Looks for the end of the connection only: what comes over it is for whoever asked. */
static void wait_for_end(srv_process *p)
{
    struct pollfd control = {.fd = p->control.fd, .events = POLLRDHUP};
    while (poll(&control, 1, LOOK_MS) <= 0 && !is_late(p)) {
    }
}

/* @return false: the server ends */
static bool pause_for(srv_process *p, double seconds)
{
    const double until = cli_now_s() + seconds;
    pthread_mutex_lock(&p->lock);
    while (!p->ending && wait_for_change(p, until)) {
    }
    const bool goes_on = !p->ending;
    pthread_mutex_unlock(&p->lock);
    return goes_on;
}

static bool run_once(srv_process *p)
{
    pthread_mutex_lock(&p->talk_lock);
    p->useful = false;
    const bool up = start(p);
    if (up) set_state(p, SRV_UP);
    pthread_mutex_unlock(&p->talk_lock);
    if (up && !is_ending(p)) wait_for_end(p);
    bury(p);
    return up;
}

/* The pause doubles with each end in vain. */
static double pause_after(unsigned in_vain)
{
    double pause = FIRST_PAUSE_S;
    if (!in_vain) return 0;
    for (unsigned i = 1; i < in_vain && pause < LONGEST_PAUSE_S; i++) pause *= 2;
    return pause < LONGEST_PAUSE_S ? pause : LONGEST_PAUSE_S;
}

static void *keep(void *user)
{
    srv_process *p = user;
    unsigned     failed = 0, in_vain = 0;
    for (;;) {
        const bool up = run_once(p);
        failed = up ? 0 : failed + 1;
        in_vain = p->useful ? 0 : in_vain + 1;
        if (is_ending(p) || failed == MOST_FAILED_STARTS) break;
        cli_warning("worker process %zu %s: it is started anew", p->index + 1, p->last_end);
        if (!pause_for(p, pause_after(in_vain))) break;
        p->restarts++;
    }
    if (!is_ending(p)) cli_error("worker process %zu %s, %u times in a row: given up", p->index + 1, p->last_end, failed);
    set_state(p, is_ending(p) ? SRV_ENDED : SRV_GIVEN_UP);
    return NULL;
}

/* ---------------------------------------------------------------- life */

static void clear(srv_process *p)
{
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->talk_lock);
    srv_control_clear(&p->control);
    free(p->lane);
    free(p);
}

static void init_locks(srv_process *p)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&p->lock, NULL);
    pthread_mutex_init(&p->talk_lock, NULL);
}

srv_process *srv_process_new(size_t index, const srv_config *config, srv_nursery *nursery, srv_process_prepare *prepare, void *user)
{
    srv_process *p = calloc(1, sizeof *p);
    if (p) p->lane = malloc((size_t)config->workers * sizeof *p->lane);
    if (!p || !p->lane) {
        free(p);
        cli_no_memory();
        return NULL;
    }
    *p = (srv_process){index, config, nursery, prepare, user, .lane = p->lane};
    srv_control_init(&p->control, config);
    for (int i = 0; i < config->workers; i++) p->lane[i].fd = -1;
    init_locks(p);
    const int error = srv_thread_start(&p->keeper, keep, p);
    if (!error) return p;
    cli_error("the thread that keeps worker process %zu cannot be started: %s", index + 1, strerror(error));
    clear(p);
    return NULL;
}

void srv_process_end(srv_process *p)
{
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    srv_control_shut(&p->control);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* Has its keeper set a state that is the last one? */
static bool has_ended(srv_process *p, double until_s)
{
    bool in_time = true, ended;
    pthread_mutex_lock(&p->lock);
    while (!(ended = p->state == SRV_ENDED || p->state == SRV_GIVEN_UP) && in_time) in_time = wait_for_change(p, until_s);
    pthread_mutex_unlock(&p->lock);
    return ended;
}

bool srv_process_free(srv_process *p, double until_s)
{
    if (!p) return true;
    srv_process_end(p);
    if (!has_ended(p, until_s)) return false;
    pthread_join(p->keeper, NULL);
    clear(p);
    return true;
}

srv_process_state srv_process_state_of(srv_process *p)
{
    pthread_mutex_lock(&p->lock);
    const srv_process_state state = p->state;
    pthread_mutex_unlock(&p->lock);
    return state;
}

uint64_t srv_process_restarts(srv_process *p)
{
    return p->restarts;
}

/* ---------------------------------------------------------------- models */

/* The one that is to be ended may never end, such as one that waits for a GPU which is gone. */
static bool wait_until_up(srv_process *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->state == SRV_STARTING && !p->ending) pthread_cond_wait(&p->changed, &p->lock);
    const bool up = p->state == SRV_UP;
    pthread_mutex_unlock(&p->lock);
    return up;
}

/* Between the wait and the lock it may have ended. */
bool srv_process_lock_up(srv_process *p)
{
    while (wait_until_up(p)) {
        pthread_mutex_lock(&p->talk_lock);
        if (srv_process_state_of(p) == SRV_UP) return true;
        pthread_mutex_unlock(&p->talk_lock);
    }
    return false;
}

void srv_process_unlock(srv_process *p)
{
    pthread_mutex_unlock(&p->talk_lock);
}

/* Its keeper ends it if it has not ended itself; until then nobody takes it for one that is up. With the lock. */
static void condemn(srv_process *p)
{
    if (p->state == SRV_UP) p->state = SRV_STARTING;
    srv_control_shut(&p->control);
}

bool srv_process_load(srv_process *p, const srv_load *load, srv_load_done *done, fov_error *err)
{
    pthread_mutex_lock(&p->lock);
    p->loading = true;
    pthread_mutex_unlock(&p->lock);
    const bool loaded = srv_control_load(&p->control, load, done, err);
    if (loaded && !done->status) p->newest = load->id;
    pthread_mutex_lock(&p->lock);
    if (!loaded) condemn(p);
    p->loading = !loaded;
    pthread_mutex_unlock(&p->lock);
    return loaded;
}

bool srv_process_has(const srv_process *p, uint32_t id)
{
    return p->newest >= id;
}

/* A worker that is just being started is told by whoever starts it (crew.c). */
void srv_process_unload(srv_process *p, uint32_t id)
{
    srv_control_unload(&p->control, id);
}

/* ---------------------------------------------------------------- lanes */

static bool may_enter(const srv_process *p, const srv_entry *entry)
{
    return p->state == SRV_UP && (entry->suspect ? !p->busy : !p->suspects);
}

/* For a start, which is no fault of the photo's, it gets time of its own: what it had to wait may be almost over. */
int srv_process_enter(srv_process *p, const srv_entry *entry)
{
    const double started = fmax(entry->until_s, cli_now_s() + SRV_RESTART_S);
    bool         goes_on = true;
    int          fd = -1;
    pthread_mutex_lock(&p->lock);
    p->suspects += entry->suspect;
    while (goes_on && p->state <= SRV_UP && !may_enter(p, entry))
        goes_on = wait_for_change(p, p->state == SRV_STARTING ? started : entry->until_s);
    if (may_enter(p, entry)) {
        lane *own = p->lane + entry->lane;
        fd = own->fd;
        own->until_s = cli_now_s() + entry->work_s + p->config->tune_seconds;
        p->busy++;
    } else {
        p->suspects -= entry->suspect;
    }
    pthread_mutex_unlock(&p->lock);
    return fd;
}

srv_end srv_process_leave(srv_process *p, const srv_entry *entry, bool lost)
{
    pthread_mutex_lock(&p->lock);
    lane         *own = p->lane + entry->lane;
    const srv_end why = own->late ? SRV_TOO_LATE : p->late ? SRV_OTHER_TOO_LATE : p->loading ? SRV_LOST_WITH_MODEL : SRV_CRASHED;
    own->until_s = INFINITY;
    own->late = false;
    p->busy--;
    p->suspects -= entry->suspect;
    if (!lost) p->useful = true;
    if (lost && p->state == SRV_UP) condemn(p);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return why;
}

void srv_process_last_end(srv_process *p, char *text, size_t bytes)
{
    pthread_mutex_lock(&p->lock);
    snprintf(text, bytes, "%s", p->last_end);
    pthread_mutex_unlock(&p->lock);
}
