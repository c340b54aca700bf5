// SPDX-License-Identifier: MIT
/* How the server's heap behaves. */
#ifndef FOVEA_SERVE_HEAP_H
#define FOVEA_SERVE_HEAP_H

/** Let threads share the heap, and large blocks go back to the system when they are freed. Before any thread is started. */
void srv_heap_settle(int workers);
/** Give pages that nothing uses back to the system, wherever in the heap they are. */
void srv_heap_give_back(void);

#endif
