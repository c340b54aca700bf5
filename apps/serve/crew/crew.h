// SPDX-License-Identifier: MIT
/* The worker processes of a server, which all have the same models. */
#ifndef FOVEA_SERVE_CREW_H
#define FOVEA_SERVE_CREW_H

#include "crew/process.h"
#include "model.h"

/**
 * Start them, and wait until they are up.
 * @param nursery must outlive the crew
 * @return NULL: it was said why not
 */
srv_crew *srv_crew_new(const srv_config *config, srv_nursery *nursery);
/** End them, and what is being loaded into them with them. No lane may be in use any more. NULL is allowed. */
void srv_crew_end(srv_crew *crew);
/** The same, where it was not done; nobody may be loading any more. NULL is allowed. @return false: one does not end, such as one
 * that waits for a GPU which is gone, and what is the crew's is left as it is */
bool srv_crew_free(srv_crew *crew);

/** Load no more than so many beside those that are, for each has a descriptor. Before anybody else loads or unloads any. */
void srv_crew_limit(srv_crew *crew, size_t more);
/**
 * Load a model into all of them, and into each that is started later.
 * @param id          out: what they call it
 * @param certificate out: to free()
 * @return as srv_engines_open(); FOV_ERR_INTERNAL: the process that loaded it crashed; FOV_ERR_LIMIT: srv_crew_limit()
 */
fov_status srv_crew_load(srv_crew *crew, const srv_identity *identity, const srv_model_source *source, uint32_t *id,
                         srv_facts *facts, char **certificate, fov_error *err);
void       srv_crew_unload(srv_crew *crew, uint32_t id);

/** A lane in each process in turn. */
srv_process *srv_crew_process(srv_crew *crew, size_t worker, size_t *lane);

size_t   srv_crew_count(const srv_crew *crew, srv_process_state state); /* of processes */
uint64_t srv_crew_restarts(const srv_crew *crew);

#endif
