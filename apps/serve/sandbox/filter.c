// SPDX-License-Identifier: MIT
#include "sandbox/filter.h"

#include "sandbox/seccomp_library.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef enum condition { ALWAYS, IF, IF_BOTH, ITSELF } condition;

/* A call, and what one of its arguments must be, or that and the one after it. */
typedef struct row {
    const char  *name;
    condition    condition;
    unsigned     argument;
    scmp_datum_t mask, value, next;
} row;

#define SRV_CALL(name, reason) {#name, ALWAYS, 0, 0, 0, 0},
#define SRV_CALL_IF(name, argument, mask, value, reason) {#name, IF, argument, mask, value, 0},
#define SRV_CALL_IF_BOTH(name, argument, value, next, reason) {#name, IF_BOTH, argument, ~(scmp_datum_t)0, value, next},
#define SRV_CALL_ITSELF(name, reason) {#name, ITSELF, 0, ~(scmp_datum_t)0, 0, 0},
static const row common[] = {
#include "syscalls/common.def"
    {0}};
static const row data_only[] = {
#include "syscalls/data_only.def"
    {0}};
static const row threads_only[] = {
#include "syscalls/threads_only.def"
    {0}};
static const row front[] = {
#include "syscalls/front.def"
    {0}};
static const row nursery[] = {
#include "syscalls/nursery.def"
    {0}};
static const row worker[] = {
#include "syscalls/worker.def"
    {0}};
static const row gpu[] = {
#include "syscalls/gpu.def"
    {0}};
static const row gpu_shared[] = {
#include "syscalls/gpu_shared.def"
    {0}};
static const row weapons[] = {
#include "syscalls/weapons.def"
    {0}};
static const row worker_weapons[] = {
#include "syscalls/worker_weapons.def"
    {0}};

/* A nursery's list has all of its workers', which inherit it. A GPU's driver may try to start a program that makes device files: it
 * is refused, not ended. */
static const struct {
    const row *allowed[6], *killing[3];
} filters[] = {
    [SRV_FILTER_FRONT] = {{common, data_only, threads_only, front}, {weapons}},
    [SRV_FILTER_NURSERY] = {{common, data_only, worker, nursery}, {weapons, worker_weapons}},
    [SRV_FILTER_WORKER] = {{common, data_only, threads_only, worker}, {weapons, worker_weapons}},
    [SRV_FILTER_GPU_NURSERY] = {{common, worker, nursery, gpu, gpu_shared}, {NULL}},
    [SRV_FILTER_GPU_WORKER] = {{common, threads_only, worker, gpu}, {NULL}},
    [SRV_FILTER_SHARED_GPU_WORKER] = {{common, threads_only, worker, gpu, gpu_shared}, {NULL}},
};

static bool add(scmp_filter_ctx context, const row *r, uint32_t action)
{
    const int                 number = srv_seccomp.seccomp_syscall_resolve_name(r->name);
    const scmp_datum_t        value = r->condition == ITSELF ? (scmp_datum_t)getpid() : r->value;
    const unsigned            count = r->condition == ALWAYS ? 0 : r->condition == IF_BOTH ? 2 : 1;
    const struct scmp_arg_cmp compare[] = {{r->argument, SCMP_CMP_MASKED_EQ, r->mask, value},
                                           {r->argument + 1, SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)0, r->next}};
    if (number < 0) return true; /* not a call of this processor's, or newer than the library: nobody makes it */
    return !srv_seccomp.seccomp_rule_add_array(context, action, number, count, compare);
}

static bool add_all(scmp_filter_ctx context, const row *const *table, uint32_t action)
{
    bool good = true;
    for (; *table && good; table++)
        for (const row *r = *table; r->name && good; r++) good = add(context, r, action);
    return good;
}

/* C libraries start threads by clone3(), whose flags lie in memory where no filter sees them, or else by clone(). */
static bool add_clone3(scmp_filter_ctx context)
{
    const int number = srv_seccomp.seccomp_syscall_resolve_name("clone3");
    return number < 0 || !srv_seccomp.seccomp_rule_add_array(context, SCMP_ACT_ERRNO(ENOSYS), number, 0, NULL);
}

/* Calls by another processor's numbers (of 32 bits, x32) end the process, not one of its threads, for which others would wait. */
bool srv_filter_set(srv_filter filter)
{
    enum { AS_A_TREE = 2 };
    scmp_filter_ctx context = srv_seccomp.seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!context) return false;
    srv_seccomp.seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, AS_A_TREE);
    const bool good = !srv_seccomp.seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) &&
                      !srv_seccomp.seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1) &&
                      add_all(context, filters[filter].allowed, SCMP_ACT_ALLOW) &&
                      add_all(context, filters[filter].killing, SCMP_ACT_KILL_PROCESS) && add_clone3(context) &&
                      !srv_seccomp.seccomp_load(context);
    srv_seccomp.seccomp_release(context);
    return good;
}

bool srv_filter_is_possible(void)
{
    const uint32_t kill = SECCOMP_RET_KILL_PROCESS;
    return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) && srv_seccomp_library_load();
}
