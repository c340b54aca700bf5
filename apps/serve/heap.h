// SPDX-License-Identifier: MIT
/* How the server's heap behaves. */
#ifndef FOVEA_SERVE_HEAP_H
#define FOVEA_SERVE_HEAP_H

/** Let threads share the heap. Before any is started. */
void srv_heap_settle(int workers);

#endif
