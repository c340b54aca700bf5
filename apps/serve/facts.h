// SPDX-License-Identifier: MIT
/* What is told of an engine, also where the engine itself is in another process. */
#ifndef FOVEA_SERVE_FACTS_H
#define FOVEA_SERVE_FACTS_H

#include "fovea/fovea.h"

typedef struct srv_facts {
    fov_precision precision;
    char          family[32]; /* of models, as the certificate has it; "" where there is none */
    char          backend[32];
    char          device[128]; /* name of the GPU or processor; "" where unknown */
} srv_facts;

#endif
