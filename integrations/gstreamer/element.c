// SPDX-License-Identifier: MIT
#include "element.h"

#include "cover.h"
#include "frame.h"
#include "meta.h"
#include "settings.h"

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl*): G_DECLARE_FINAL_TYPE() wants this name */
struct _GstFovea {
    GstVideoFilter parent;
    fovea_settings settings; /* under the object's lock */

    /* of the streaming thread, from start to stop */
    fov_engine   *engine;
    fov_detector *detector;
    fov_photo    *photo; /* of frames that have to be copied; made by the first */
    fovea_cover   cover;
};

G_DEFINE_TYPE(GstFovea, gst_fovea, GST_TYPE_VIDEO_FILTER)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(FOVEA_FRAME_FORMATS)));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(FOVEA_FRAME_FORMATS)));

/* ---------------------------------------------------------------- properties */

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    (void)spec;
    GST_OBJECT_LOCK(object);
    fovea_settings_set(&GST_FOVEA(object)->settings, id, value);
    GST_OBJECT_UNLOCK(object);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    (void)spec;
    GST_OBJECT_LOCK(object);
    fovea_settings_get(&GST_FOVEA(object)->settings, id, value);
    GST_OBJECT_UNLOCK(object);
}

/** What properties said when a frame came. */
typedef struct options {
    fov_detect_options detect;
    fov_hide_options   hide;
    bool               hides;
    GstClockTime       hold;
} options;

static fov_status options_of(GstFovea *self, options *o, fov_error *err)
{
    GST_OBJECT_LOCK(self);
    const fovea_settings *settings = &self->settings;
    fov_status            st = fovea_settings_detect(settings, &o->detect, err);
    if (!st) st = fovea_settings_hide(settings, &o->hide, err);
    o->hides = settings->blur;
    o->hold = (GstClockTime)(settings->hold * (double)GST_SECOND);
    GST_OBJECT_UNLOCK(self);
    return st;
}

/* ---------------------------------------------------------------- start and stop */

/* The library's sentence is the message that applications show. */
static void post(GstFovea *self, const fov_error *err)
{
    switch (err->code) {
    case FOV_ERR_ARGUMENT:
        GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("%s", err->message), (NULL));
        return;
    case FOV_ERR_IO:
        GST_ELEMENT_ERROR(self, RESOURCE, OPEN_READ, ("%s", err->message), (NULL));
        return;
    case FOV_ERR_MEMORY:
        GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("%s", err->message), (NULL));
        return;
    default:
        GST_ELEMENT_ERROR(self, LIBRARY, FAILED, ("%s", err->message), (NULL));
        return;
    }
}

static gboolean stop(GstBaseTransform *base)
{
    GstFovea *self = GST_FOVEA(base);
    fovea_cover_clear(&self->cover);
    g_clear_pointer(&self->photo, fov_photo_free);
    g_clear_pointer(&self->detector, fov_detector_free);
    g_clear_pointer(&self->engine, fov_engine_free);
    return TRUE;
}

/* Nobody changes what is fixed while the element starts, so that no lock is held while a model is read. */
static fov_status open_detector(GstFovea *self, fov_error *err)
{
    const fov_detector_options detector = {.threads = self->settings.threads};
    options                    o;
    fov_status                 st = options_of(self, &o, err);
    if (!st) st = fovea_settings_open(&self->settings, &self->engine, err);
    return st ? st : fov_detector_new(self->engine, &detector, &self->detector, err);
}

static gboolean start(GstBaseTransform *base)
{
    GstFovea *self = GST_FOVEA(base);
    fov_error err = {0};
    if (!open_detector(self, &err)) return TRUE;
    post(self, &err);
    stop(base);
    return FALSE;
}

/* So that the first frame of a live source takes no longer than those that follow. */
static gboolean set_info(GstVideoFilter *filter, GstCaps *in_caps, GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out)
{
    GstFovea *self = GST_FOVEA(filter);
    fov_error err = {0};
    options   o;
    (void)in_caps, (void)out_caps, (void)out;
    fovea_cover_clear(&self->cover); /* places in frames of another size */
    if (!options_of(self, &o, &err) &&
        !fov_detector_prepare(self->detector, GST_VIDEO_INFO_WIDTH(in), GST_VIDEO_INFO_HEIGHT(in), &o.detect, &err))
        return TRUE;
    post(self, &err);
    return FALSE;
}

/* ---------------------------------------------------------------- frames */

static fov_status find(GstFovea *self, const GstVideoFrame *frame, const options *o, fov_faces *faces, fov_error *err)
{
    fov_image  image;
    fov_status st = FOV_OK;
    if (!fovea_frame_view(frame, &image)) {
        st = fovea_frame_to_photo(frame, &self->photo, err);
        if (!st) image = fov_photo_image(self->photo);
    }
    return st ? st : fov_detector_run(self->detector, &image, &o->detect, faces, err);
}

static fov_status hide(const GstFovea *self, GstVideoFrame *frame, const options *o, fov_error *err)
{
    const fov_faces  faces = fovea_cover_faces(&self->cover);
    const fov_bitmap pixels = fovea_frame_pixels(frame);
    return fov_bitmap_hide(&faces, &o->hide, &pixels, err);
}

/* A frame that refers to its buffer would make that one read-only. */
static bool map(GstFovea *self, GstBuffer *buffer, GstMapFlags access, GstVideoFrame *frame)
{
    const GstVideoInfo *info = &GST_VIDEO_FILTER(self)->in_info;
    return gst_video_frame_map(frame, info, buffer, (GstMapFlags)(access | GST_VIDEO_FRAME_MAP_FLAG_NO_REF));
}

/* GstVideoFilter's own would hand on what it cannot map. Nobody looked for faces there, so it is left out. */
static GstFlowReturn leave_out(GstFovea *self, GstBuffer *buffer)
{
    GST_ELEMENT_WARNING(self, STREAM, FORMAT, ("a frame was left out, for it has fewer bytes than its caps say"),
                        ("%" GST_PTR_FORMAT, (void *)buffer));
    return GST_BASE_TRANSFORM_FLOW_DROPPED;
}

static GstFlowReturn transform_ip(GstBaseTransform *base, GstBuffer *buffer)
{
    GstFovea     *self = GST_FOVEA(base);
    GstVideoFrame frame;
    fov_faces     faces;
    options       o;
    fov_error     err = {0};
    fov_status    st = options_of(self, &o, &err);
    if (!map(self, buffer, GST_MAP_READ, &frame)) return leave_out(self, buffer);
    if (!st) st = find(self, &frame, &o, &faces, &err);
    if (!st) fovea_meta_add(buffer, &frame, &faces);
    gst_video_frame_unmap(&frame);

    if (!st) fovea_cover_update(&self->cover, &faces, GST_BUFFER_PTS(buffer), o.hold);
    if (!st && o.hides && fovea_cover_faces(&self->cover).count) { /* to write may mean a copy, which others need not pay for */
        if (!map(self, buffer, GST_MAP_READWRITE, &frame)) return leave_out(self, buffer);
        st = hide(self, &frame, &o, &err);
        gst_video_frame_unmap(&frame);
    }
    if (st) post(self, &err);
    return st ? GST_FLOW_ERROR : GST_FLOW_OK;
}

/* ---------------------------------------------------------------- the class */

static void finalize(GObject *object)
{
    fovea_settings_clear(&GST_FOVEA(object)->settings);
    G_OBJECT_CLASS(gst_fovea_parent_class)->finalize(object);
}

static void gst_fovea_init(GstFovea *self)
{
    fovea_settings_init(&self->settings, G_OBJECT_GET_CLASS(self));
}

static void gst_fovea_class_init(GstFoveaClass *class)
{
    GObjectClass          *object = G_OBJECT_CLASS(class);
    GstElementClass       *element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *transform = GST_BASE_TRANSFORM_CLASS(class);

    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    fovea_settings_install(object);

    gst_element_class_set_static_metadata(element, "Fovea", "Filter/Analyzer/Effect/Video",
                                          "Finds faces, marks each as a region of interest with landmarks, and can hide it",
                                          "The authors of Fovea");
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);

    transform->start = start;
    transform->stop = stop;
    transform->transform_ip = transform_ip;
    GST_VIDEO_FILTER_CLASS(class)->set_info = set_info;
}
