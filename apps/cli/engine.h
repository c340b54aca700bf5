// SPDX-License-Identifier: MIT
/* From a model's name to something that detects, with the options that all commands share. */
#ifndef FOVEA_CLI_ENGINE_H
#define FOVEA_CLI_ENGINE_H

#include <popt.h>

#include "exit_codes.h"
#include "fovea/fovea.h"

extern struct poptOption cli_model_option[];     /* -m                   */
extern struct poptOption cli_precision_option[]; /* --precision       */
extern struct poptOption cli_engine_options[];   /* --backend, --device, --cpu */
extern struct poptOption cli_engines_options[];  /* the same for commands that use several GPUs at once: --device 0,1 */
extern struct poptOption cli_threads_option[];   /* --threads            */
extern struct poptOption cli_gpu_options[];      /* --tune, --tf32: for commands that open a detector */

typedef struct cli_engine {
    fov_model    *model; /* NULL: an engine was opened, which needs none */
    fov_engine   *engine;
    fov_detector *detector;
    int           threads; /* as asked for; 0: all that are useful */
    int           device;  /* number of the GPU that the engine works on; on the processor, 0 */
    const int    *devices; /* several GPUs that were asked for, of which the engine and the detector work on the first; or NULL */
    size_t        n_device;
    double        tune_seconds; /* of --tune */
    bool          tf32;
    double        load_s, build_s;
} cli_engine;

/** What the options say of engines, for whoever opens several. */
typedef struct cli_engine_choice {
    fov_engine_options options; /* backend, precision, and the first GPU; no plugins */
    const int         *devices; /* all GPUs that were asked for; `n_device` may be 0 */
    size_t             n_device;
    double             tune_seconds;
    bool               tf32;
} cli_engine_choice;
cli_exit cli_engine_choose(cli_engine_choice *choice); /* says what is wrong; also limits the processor, as --cpu says */

const char *cli_model_path(void); /* of -m, or "default" */

/** True when the file is an engine, by its first bytes. */
bool cli_is_engine(const char *path);

/* Each says what failed and returns CLI_OK, CLI_USAGE or CLI_MODEL. A failed open leaves nothing to close. */
cli_exit cli_backend(fov_engine_options *options);                            /* of --backend and --device */
void     cli_tell_backend(const fov_engine *engine);                          /* what it runs on and why, with -v */
void     cli_device_name(const fov_engine *engine, char *name, size_t bytes); /* of the GPU or processor; "" if unknown */
cli_exit cli_cpu_limit(void); /* of --cpu; the functions below that make engines ask for it themselves */
cli_exit cli_model_open(const char *path, fov_model **model);
cli_exit cli_engine_build(const fov_model *model, fov_engine **engine);
cli_exit cli_engine_load(const char *path, fov_engine **engine); /* an engine file */
/** Of a model, at this precision, or of an engine file, at the precision it has. */
cli_exit cli_engine_at(const char *path, fov_precision precision, fov_engine **engine);
cli_exit cli_threads(int *threads); /* of --threads; 0: all that are useful */
cli_exit cli_engine_open(cli_engine *engine);
void     cli_engine_close(cli_engine *engine);

#endif
