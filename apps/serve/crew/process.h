// SPDX-License-Identifier: MIT
/* A worker process as the front sees it: it is started, has lanes, ends, and is started anew. A thread of the front keeps it.
 *
 * Photos that were in a process when it crashed are under suspicion, and nobody knows which of them did it. Each is tried again
 * alone: nothing else is in the process meanwhile, so that if it crashes again, it is known which photo does it. Where a process
 * was ended because one took too long, the others are under no suspicion. */
#ifndef FOVEA_SERVE_CREW_PROCESS_H
#define FOVEA_SERVE_CREW_PROCESS_H

#include "crew/control.h"
#include "crew/nursery.h"

typedef struct srv_process srv_process;

typedef enum srv_process_state {
    SRV_STARTING, /* for the first time, or anew */
    SRV_UP,
    SRV_GIVEN_UP, /* it could not be started, several times in a row */
    SRV_ENDED,    /* as it was asked to */
} srv_process_state;

/** Makes a process that was just started ready: tells it the models. @return false: it ended meanwhile */
typedef bool srv_process_prepare(void *user, srv_process *process);

/** @return NULL: it was said why not; it is not up yet */
srv_process *srv_process_new(size_t index, const srv_config *config, srv_nursery *nursery, srv_process_prepare *prepare,
                             void *user);
/** It is not started anew, and whoever waits for it is told so. No lane may be in use any more. */
void srv_process_end(srv_process *process);
/** Ends it, where it has not been. NULL is allowed. @param until_s on the clock of cli_now_s() @return false: it does not end */
bool srv_process_free(srv_process *process, double until_s);

srv_process_state srv_process_state_of(srv_process *process);
/** How often it was started anew. */
uint64_t srv_process_restarts(srv_process *process);

/* ---------------------------------------------------------------- models */

/** Wait until it is up, and keep it from being started anew until srv_process_unlock(). @return false: it was given up or ended */
bool srv_process_lock_up(srv_process *process);
void srv_process_unlock(srv_process *process);

/** While it is locked or prepared. @return false: the process ended, or said what cannot be */
bool srv_process_load(srv_process *process, const srv_load *load, srv_load_done *done, fov_error *err);
/** Was it given that since its start? While it is locked; numbers rise from each model to the next. */
bool srv_process_has(const srv_process *process, uint32_t id);
/** At any time. */
void srv_process_unload(srv_process *process, uint32_t id);

/* ---------------------------------------------------------------- lanes */

/** A process that is being started is waited for this long at least. */
enum { SRV_RESTART_S = 10 };

/** What a lane is entered for. */
typedef struct srv_entry {
    size_t lane;
    bool   suspect; /* nothing else may be in the process */
    double until_s; /* for how long the turn is waited for */
    double work_s;  /* that the lane may be in use, and srv_config.tune_seconds more; then the process is ended */
} srv_entry;

/** Why a process ended, for who was in it. */
typedef enum srv_end {
    SRV_CRASHED,
    SRV_LOST_WITH_MODEL, /* the same while a model was being loaded, which may have done it */
    SRV_TOO_LATE,        /* this lane was in use for too long */
    SRV_OTHER_TOO_LATE,  /* another was */
} srv_end;

/** @return the lane's socket; -1: the process is not up in time, or kept for a suspect */
int srv_process_enter(srv_process *process, const srv_entry *entry);
/**
 * @param lost the process ended meanwhile, or said what cannot be, and is ended
 * @return where it was lost: why
 */
srv_end srv_process_leave(srv_process *process, const srv_entry *entry, bool lost);
/** How the last one ended, for messages. */
void srv_process_last_end(srv_process *process, char *text, size_t bytes);

#endif
