// SPDX-License-Identifier: MIT
/* How the server's heap behaves. */
#ifndef FOVEA_SERVE_HEAP_H
#define FOVEA_SERVE_HEAP_H

/** Let large blocks, such as bodies and photos, go back to the system when they are freed. Before any thread is started. */
void srv_heap_settle(void);

#endif
