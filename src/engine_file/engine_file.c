// SPDX-License-Identifier: MIT
#include "engine_file/engine_file.h"

#include "base/alloc.h"
#include "engine/golden.h"
#include "engine_file/content.h"
#include "graph/plugin.h"

#include <string.h>

bool fov_engine_file_recognise(const void *data, size_t size)
{
    return size >= FOV_FILE_MAGIC_BYTES && !memcmp(data, FOV_FILE_MAGIC, FOV_FILE_MAGIC_BYTES);
}

fov_status fov_engine_file_write(const fov_engine *engine, fov_text *file, fov_error *err)
{
    fov_text   content[FOV_SECTION_END] = {{0}};
    fov_status st;
    if (!engine->keeps_weights)
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "the engine cannot be written: its weights were given back after packing; build it with keep_weights");
    fov_meta_section_write(engine, &content[FOV_SECTION_META]);
    st = fov_graph_section_write(engine->graph, &content[FOV_SECTION_GRAPH], &content[FOV_SECTION_TENSORS],
                                 &content[FOV_SECTION_SCALES], err);
    if (engine->certificate) fov_text_add(&content[FOV_SECTION_CERTIFICATE], engine->certificate, strlen(engine->certificate));
    if (engine->golden) fov_golden_section_write(engine->golden, &content[FOV_SECTION_GOLDEN]);
    if (!st) fov_sections_write(content, file);
    if (!st && file->failed) st = fov_fail_memory(err, "an engine file");
    for (fov_section s = FOV_SECTION_META; s < FOV_SECTION_END; s++) fov_text_clear(&content[s]);
    return st;
}

/* Messages about plugins name the node; here the file's name comes before it. */
static fov_status bind_plugins(fov_graph *graph, const char *name, fov_plugin_set plugins, fov_error *err)
{
    fov_error  why = {0};
    fov_status st = fov_plugin_bind(graph, plugins, &why);
    return st ? fov_fail(err, st, "%s: %s", name, why.message) : FOV_OK;
}

static fov_status read_graph(const fov_sections *sections, const char *name, const fov_settings *settings,
                             const fov_engine_options *options, fov_graph **graph, fov_error *err)
{
    const fov_plugin_set plugins = {options->plugins, options->n_plugin};
    fov_status           st = fov_graph_section_read(sections, name, graph, err);
    if (st) return st;
    st = bind_plugins(*graph, name, plugins, err);
    if (!st) st = fov_graph_section_check(*graph, settings, name, err);
    if (st) fov_graph_free(*graph);
    return st;
}

/* Everything that a file says; the engine takes it over. */
typedef struct contents {
    fov_meta    meta;
    fov_graph  *graph;
    char       *certificate;
    fov_golden *golden;
} contents;

static fov_status read_contents(const void *data, size_t size, const char *name, const fov_engine_options *options, contents *c,
                                fov_error *err)
{
    fov_sections sections;
    fov_status   st = fov_sections_read(data, size, name, &sections, err);
    if (!st) st = fov_meta_section_read(&sections, name, &c->meta, err);
    if (!st) st = fov_certificate_section_read(&sections, name, &c->certificate, err);
    if (!st) st = fov_golden_section_read(&sections, name, &c->golden, err);
    return st ? st : read_graph(&sections, name, &c->meta.settings, options, &c->graph, err);
}

static void take_over(fov_engine *engine, contents *c)
{
    memcpy(engine->passes, c->meta.passes, sizeof c->meta.passes);
    engine->source = c->meta.source;
    engine->certificate = c->certificate;
    engine->golden = c->golden;
    *c = (contents){0};
}

fov_status fov_engine_file_read(const void *data, size_t size, fov_buffer *owner, const char *name,
                                const fov_engine_options *options, fov_engine **out, fov_error *err)
{
    contents c = {0};
    *out = NULL;
    fov_status st = read_contents(data, size, name, options, &c, err);
    if (owner) fov_buffer_clear(owner);
    if (!st) st = fov_engine_from_graph(c.graph, &c.meta.settings, options->backend, options->device, options->keep_weights, out, err);
    if (!st) take_over(*out, &c);
    fov_free(c.meta.source);
    fov_free(c.certificate);
    fov_golden_free(c.golden);
    return st;
}
