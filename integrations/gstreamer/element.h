// SPDX-License-Identifier: MIT
/* The element: a filter that works in place, so that frames without faces pass untouched. */
#ifndef FOVEA_GSTREAMER_ELEMENT_H
#define FOVEA_GSTREAMER_ELEMENT_H

#include <gst/video/gstvideofilter.h>

#define GST_TYPE_FOVEA (gst_fovea_get_type())
G_DECLARE_FINAL_TYPE(GstFovea, gst_fovea, GST, FOVEA, GstVideoFilter)

#endif
