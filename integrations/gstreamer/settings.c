// SPDX-License-Identifier: MIT
#include "settings.h"

#include "sizes.h"

#include <stdio.h>
#include <string.h>

enum { MAX_THREADS = 1024, MAX_COUNT = 1000000, MAX_DEVICE = 1023, NO_DEVICE = -1, MAX_MARGIN = 4, MAX_HOLD_S = 3600 };

typedef enum kind { TEXT, INT, REAL, SWITCH } kind;

typedef struct property {
    const char *name, *blurb;
    kind        kind;
    size_t      offset; /* in fovea_settings */
    bool        fixed;  /* while the element runs */
    const char *text;   /* TEXT: default */
    double      initial, least, most;
} property;

#define AT(field) offsetof(fovea_settings, field)
static const property properties[] = {
    {"model", ".pth, .wts, .safetensors, .onnx, or an engine (.fov); default: the bundled model", TEXT, AT(model), true, "default",
     0, 0, 0},
    {"precision", "Of a model: fp32, bf16, fp16, int8, or auto: what is proven within half a point of FP32 and fast here", TEXT,
     AT(precision), true, "auto", 0, 0, 0},
    {"backend", "cpu, cuda: an NVIDIA GPU, auto: cuda where it can be used, else cpu, or reference: plain C, slow and sure", TEXT,
     AT(backend), true, "cpu", 0, 0, 0},
    {"device", "Number of the GPU, as 'fovea doctor' lists them; -1: the first", INT, AT(device), true, NULL, NO_DEVICE, NO_DEVICE,
     MAX_DEVICE},
    {"threads", "0: the processors this process may use", INT, AT(threads), true, NULL, 0, 0, MAX_THREADS},
    {"size",
     "Network input: WxH fits the frame into it with a border; long:N shrinks to a longer side of N pixels at most; native leaves "
     "the size alone; tiles:N cuts very large frames into overlapping tiles",
     TEXT, AT(size), true, "long:1280", 0, 0, 0},
    {"score", "Keep faces that score more", REAL, AT(score), false, NULL, 0.5, 0, 1},
    {"nms", "Drop a box that overlaps a better one more", REAL, AT(nms), false, NULL, 0.4, 0, 1},
    {"top-k", "Best candidates that enter that comparison", INT, AT(top_k), false, NULL, 5000, 1, MAX_COUNT},
    {"max-faces", "Best faces kept of a frame", INT, AT(max_faces), false, NULL, 750, 1, MAX_COUNT},
    {"blur", "Hide the faces; they are marked all the same", SWITCH, AT(blur), false, NULL, 0, 0, 0},
    {"style", "How faces are hidden: blur, pixelate, or solid, of which nothing can be guessed", TEXT, AT(style), true, "blur", 0,
     0, 0},
    {"shape", "Of what is hidden: ellipse or box", TEXT, AT(shape), true, "ellipse", 0, 0, 0},
    {"margin", "Part of a face's size that is hidden on each side of it", REAL, AT(margin), false, NULL, 0.25, 0, MAX_MARGIN},
    {"hold", "Seconds that a face stays hidden where it was found last", REAL, AT(hold), false, NULL, 0.5, 0, MAX_HOLD_S},
};

static GParamSpec *spec_of(const property *p)
{
    const GParamFlags flags = (GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                            (p->fixed ? GST_PARAM_MUTABLE_READY : GST_PARAM_MUTABLE_PLAYING));
    switch (p->kind) {
    case TEXT:
        return g_param_spec_string(p->name, p->name, p->blurb, p->text, flags);
    case INT:
        return g_param_spec_int(p->name, p->name, p->blurb, (gint)p->least, (gint)p->most, (gint)p->initial, flags);
    case SWITCH:
        return g_param_spec_boolean(p->name, p->name, p->blurb, p->initial > 0, flags);
    case REAL:
        break;
    }
    return g_param_spec_double(p->name, p->name, p->blurb, p->least, p->most, p->initial, flags);
}

void fovea_settings_install(GObjectClass *class)
{
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++) g_object_class_install_property(class, i + 1, spec_of(properties + i));
}

void fovea_settings_init(fovea_settings *settings, GObjectClass *class)
{
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++) {
        GParamSpec *spec = g_object_class_find_property(class, properties[i].name);
        fovea_settings_set(settings, i + 1, g_param_spec_get_default_value(spec));
    }
}

void fovea_settings_clear(fovea_settings *settings)
{
    for (guint i = 0; i < G_N_ELEMENTS(properties); i++)
        if (properties[i].kind == TEXT) g_clear_pointer((char **)(void *)((char *)settings + properties[i].offset), g_free);
}

/* A text of NULL is the default, as is one that was never set. */
static void set_text(char **text, const property *p, const GValue *value)
{
    g_free(*text);
    *text = g_strdup(g_value_get_string(value) ? g_value_get_string(value) : p->text);
}

void fovea_settings_set(fovea_settings *settings, guint id, const GValue *value)
{
    const property *p = properties + id - 1;
    void           *place = (char *)settings + p->offset;
    switch (p->kind) {
    case TEXT:
        set_text(place, p, value);
        return;
    case INT:
        *(gint *)place = g_value_get_int(value);
        return;
    case REAL:
        *(double *)place = g_value_get_double(value);
        return;
    case SWITCH:
        *(gboolean *)place = g_value_get_boolean(value);
        return;
    }
}

void fovea_settings_get(const fovea_settings *settings, guint id, GValue *value)
{
    const property *p = properties + id - 1;
    const void     *place = (const char *)settings + p->offset;
    switch (p->kind) {
    case TEXT:
        g_value_set_string(value, *(char *const *)place);
        return;
    case INT:
        g_value_set_int(value, *(const gint *)place);
        return;
    case REAL:
        g_value_set_double(value, *(const double *)place);
        return;
    case SWITCH:
        g_value_set_boolean(value, *(const gboolean *)place);
        return;
    }
}

/* ---------------------------------------------------------------- what they mean */

static fov_status refuse(fov_error *err, const char *name, const char *value, const char *remedy)
{
    err->code = FOV_ERR_ARGUMENT;
    snprintf(err->message, sizeof err->message, "%s=%.200s: %.600s", name, value, remedy);
    return FOV_ERR_ARGUMENT;
}

static gint find_word(const char *word, const char *const *words, gint count)
{
    for (gint i = 0; i < count; i++)
        if (!strcmp(word, words[i])) return i;
    return -1;
}

fov_status fovea_settings_detect(const fovea_settings *settings, fov_detect_options *detect, fov_error *err)
{
    *detect = fov_detect_options_default();
    if (!cli_parse_size(settings->size, detect)) return refuse(err, "size", settings->size, "expected " CLI_SIZES);
    detect->score_threshold = (float)settings->score;
    detect->nms_iou = (float)settings->nms;
    detect->pre_nms_top_k = settings->top_k;
    detect->max_faces = settings->max_faces;
    return FOV_OK;
}

fov_status fovea_settings_hide(const fovea_settings *settings, fov_hide_options *hide, fov_error *err)
{
    static const char *const styles[] = {[FOV_HIDE_BLUR] = "blur", [FOV_HIDE_PIXELATE] = "pixelate", [FOV_HIDE_SOLID] = "solid"};
    static const char *const shapes[] = {[FOV_HIDE_ELLIPSE] = "ellipse", [FOV_HIDE_BOX] = "box"};
    const gint               style = find_word(settings->style, styles, G_N_ELEMENTS(styles));
    const gint               shape = find_word(settings->shape, shapes, G_N_ELEMENTS(shapes));
    *hide = fov_hide_options_default();
    if (style < 0) return refuse(err, "style", settings->style, "expected blur, pixelate or solid");
    if (shape < 0) return refuse(err, "shape", settings->shape, "expected ellipse or box");
    hide->style = (fov_hide_style)style;
    hide->shape = (fov_hide_shape)shape;
    hide->margin = (float)settings->margin;
    return FOV_OK;
}

/* A precision that is asked of an engine, or a GPU that is named for the processor, would be ignored, and nobody notice. */
static fov_status check_engine(const fovea_settings *settings, fov_precision asked, const fov_engine *engine, fov_error *err)
{
    char number[16];
    snprintf(number, sizeof number, "%d", settings->device);
    if (asked != FOV_PRECISION_AUTO && asked != FOV_PRECISION_MIXED && fov_engine_precision(engine) != asked)
        return refuse(err, "precision", settings->precision,
                      "the model is an engine, whose precision was chosen when it was built");
    if (settings->device != NO_DEVICE && strcmp(settings->backend, "cuda") && strcmp(settings->backend, "auto"))
        return refuse(err, "device", number, "names a GPU, and the backend works on the processor: add backend=cuda");
    return FOV_OK;
}

fov_status fovea_settings_open(const fovea_settings *settings, fov_engine **engine, fov_error *err)
{
    fov_engine_options options = {.backend = settings->backend, .device = settings->device == NO_DEVICE ? 0 : settings->device};
    fov_status         st = fov_precision_parse(settings->precision, &options.precision, err);
    if (!st) st = fov_engine_open(settings->model, NULL, &options, engine, err);
    if (!st && (st = check_engine(settings, options.precision, *engine, err))) {
        fov_engine_free(*engine);
        *engine = NULL;
    }
    return st;
}
