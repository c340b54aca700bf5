// SPDX-License-Identifier: MIT
#include "plugin/plugin.h"

#include "base/alloc.h"
#include "base/text.h"

#include <dlfcn.h>
#include <string.h>

/* dlopen() looks for a name without a slash in the system's folders; a path means the file it names. */
static char *path_of_file(const char *path)
{
    fov_text text = {0};
    fov_text_print(&text, "%s%s", strchr(path, '/') ? "" : "./", path);
    return fov_text_take(&text);
}

static const char *loader_message(void)
{
    const char *message = dlerror();
    return message ? message : "no reason given";
}

static fov_status open_library(fov_plugin *plugin, const char *path, fov_error *err)
{
    char *file = path_of_file(path);
    if (!file) return fov_fail_memory(err, "a plugin");
    plugin->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    fov_free(file);
    if (plugin->handle) return FOV_OK;
    return fov_fail(err, FOV_ERR_FORMAT, "%s: cannot be loaded as a plugin: %s", path, loader_message());
}

static fov_status read_table(fov_plugin *plugin, fov_error *err)
{
    const fovea_plugin_library *(*entry)(void);
    void *symbol = dlsym(plugin->handle, "fovea_plugin");
    if (!symbol)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "%s: is a shared library but no plugin: it exports no function fovea_plugin (see fovea/plugin.h)",
                        plugin->path);
    memcpy(&entry, &symbol, sizeof entry); /* POSIX allows what ISO C has no conversion for */
    plugin->library = entry();
    return fov_plugin_check(plugin->library, plugin->path, err);
}

fov_status fov_plugin_load(const char *path, fov_plugin **out, fov_error *err)
{
    *out = NULL;
    fov_status st = fov_plugin_check_file(path, err);
    if (st) return st;
    fov_plugin *plugin = fov_calloc(1, sizeof *plugin);
    if (!plugin) return fov_fail_memory(err, "a plugin");
    atomic_init(&plugin->users, 1);
    plugin->path = fov_strdup(path);
    st = plugin->path ? open_library(plugin, path, err) : fov_fail_memory(err, "a plugin");
    if (!st) st = read_table(plugin, err);
    if (st) fov_plugin_unload(plugin);
    else *out = plugin;
    return st;
}

void fov_plugin_unload(fov_plugin *plugin)
{
    if (!plugin || atomic_fetch_sub(&plugin->users, 1) > 1) return;
    if (plugin->handle) dlclose(plugin->handle);
    fov_free(plugin->path);
    fov_free(plugin);
}
