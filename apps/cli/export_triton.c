// SPDX-License-Identifier: MIT
#include "export_triton.h"

#include "../serve/out.h"
#include "../serve/tensors.h"
#include "console.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------- config.pbtxt */

/* The batch is a size of its own to Triton, ahead of those told here, of which there must be one. It is the N of photos, of inputs
 * and outputs alike: pixels have it only where there are several. */
static void print_dims(FILE *out, const srv_tensor *t, bool batched)
{
    const int first = batched && t != srv_inputs + SRV_PIXELS ? 1 : 0;
    fputs("dims: [", out);
    if (first == t->rank) fputs(" 1", out);
    for (int i = first; i < t->rank; i++) fprintf(out, "%s %d", i > first ? "," : "", t->shape[i]);
    fputs(" ]", out);
}

static void print_tensors(FILE *out, const char *field, const srv_tensor *tensors, int count, bool batched)
{
    const bool inputs = tensors == srv_inputs;
    fprintf(out, "%s [\n", field);
    for (int i = 0; i < count; i++) {
        const srv_tensor *t = tensors + i;
        fprintf(out, "  { name: \"%s\" data_type: TYPE_%s ", t->name, strcmp(t->datatype, "BYTES") ? t->datatype : "STRING");
        print_dims(out, t, batched);
        if (inputs) fputs(" optional: true", out);                                            /* a request has one of them */
        if (t == srv_inputs + SRV_PIXELS && batched) fputs(" allow_ragged_batch: true", out); /* of any size together */
        fprintf(out, " }%s\n", i + 1 < count ? "," : "");
    }
    fputs("]\n", out);
}

static void print_instances(FILE *out, const cli_triton_model *m)
{
    fprintf(out, "instance_group [\n  { kind: %s count: %d", m->cuda ? "KIND_GPU" : "KIND_CPU", m->instances);
    for (size_t i = 0; i < m->devices.count; i++) fprintf(out, "%s%d", i ? ", " : " gpus: [ ", m->devices.number[i]);
    fprintf(out, "%s }\n]\n", m->devices.count ? " ]" : "");
}

static void print_config(FILE *out, const cli_triton_model *m)
{
    const bool batched = m->batch > 0;
    fprintf(out, "name: \"%s\"\nbackend: \"fovea\"\ndefault_model_filename: \"model.fov\"\nmax_batch_size: %d\n", m->name,
            m->batch);
    print_tensors(out, "input", srv_inputs, SRV_INPUTS, batched);
    print_tensors(out, "output", srv_outputs, SRV_OUTPUTS, batched);
    print_instances(out, m);
    if (!batched || (!m->cuda && m->delay_ms < 0)) return; /* on a processor photos gain nothing by sharing a pass */
    fprintf(out, "dynamic_batching { max_queue_delay_microseconds: %.0f }\n", m->delay_ms > 0 ? m->delay_ms * 1e3 : 0);
}

/* ---------------------------------------------------------------- files */

static cli_exit fail(const char *path)
{
    cli_error("%s: cannot be written: %s", path, strerror(errno));
    return CLI_OUTPUT;
}

static cli_exit make_folder(const char *path)
{
    struct stat info;
    if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &info) && S_ISDIR(info.st_mode))) return CLI_OK;
    return fail(path);
}

static cli_exit write_file(const char *folder, const char *name, const srv_out *text)
{
    fov_error  err = {0};
    char      *path = cli_format("%s/%s", folder, name);
    const bool written = !fov_file_write(path, text->data, text->bytes, &err);
    if (!written) cli_error("%s", err.message);
    free(path);
    return written ? CLI_OK : CLI_OUTPUT;
}

static cli_exit save_config(const char *folder, const cli_triton_model *m)
{
    srv_out text;
    if (!srv_out_begin(&text, NULL)) return cli_no_memory();
    print_config(text.file, m);
    if (!srv_out_end(&text)) return cli_no_memory();
    const cli_exit code = write_file(folder, "config.pbtxt", &text);
    free(text.data);
    return code;
}

static cli_exit save_engine(const char *folder, const fov_engine *engine)
{
    fov_error  err = {0};
    char      *path = cli_format("%s/model.fov", folder);
    const bool saved = !fov_engine_save(engine, path, &err);
    if (!saved) cli_error("%s", err.message);
    free(path);
    return saved ? CLI_OK : CLI_OUTPUT;
}

/* The engine first: a server that watches its repository then never sees a model without one. */
cli_exit cli_export_triton(const fov_engine *engine, const cli_triton_model *m)
{
    char    *folder = cli_format("%s/%s", m->repository, m->name), *version = cli_format("%s/%d", folder, m->version);
    cli_exit code = make_folder(m->repository);
    if (!code) code = make_folder(folder);
    if (!code) code = make_folder(version);
    if (!code) code = save_engine(version, engine);
    if (!code) code = save_config(folder, m);
    free(version);
    free(folder);
    return code;
}
