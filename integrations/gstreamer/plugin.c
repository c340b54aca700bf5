// SPDX-License-Identifier: MIT
#include "element.h"

static gboolean init(GstPlugin *plugin)
{
    return gst_element_register(plugin, "fovea", GST_RANK_NONE, GST_TYPE_FOVEA);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, fovea, "Faces in videos", init, FOVEA_VERSION, "MIT/X11", "fovea",
                  "Unknown package origin")
