// SPDX-License-Identifier: MIT
/* Signals that stop the server: SIGTERM, SIGINT, and SIGHUP, unless that is ignored, as nohup has it. While it starts they end it
 * at once, whatever it waits for; later they wait for whoever asks. The main thread alone gets them. */
#ifndef FOVEA_SERVE_SIGNALS_H
#define FOVEA_SERVE_SIGNALS_H

#include <pthread.h>

/** What whoever is given up for that is told. */
#define SRV_IS_STOPPING "the server is stopping: ask another, or later"

/** Block them, before any other process or thread is started: all have that from the main one. */
void srv_signals_block(void);
/** From here on one of them ends the process. */
void srv_signals_begin_start(void);
/** And removes this file, which must not be left; NULL: none. */
void srv_signals_remove_file(const char *path);
void srv_signals_end_start(void);

/** After the start. @return the signal that came; 0: none did in that time, which is below a second */
int srv_signals_wait(double seconds);

/** pthread_create() of a thread that has them blocked. @return an errno */
int srv_thread_start(pthread_t *thread, void *(*run)(void *), void *user);

#endif
