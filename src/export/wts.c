// SPDX-License-Identifier: MIT
/* TensorRTx's text, as its loader reads it: the number of tensors, then `name count hex ...` a line. */
#include "export/export.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

static void print_bits(float number, char *out)
{
    static const char digit[] = "0123456789abcdef";
    uint32_t          bits;
    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < 8; i++) out[i] = digit[bits >> (28 - 4 * i) & 15];
}

static void print_tensor(const fov_weight *weight, fov_text *text)
{
    char word[9] = " ";
    fov_text_print(text, "%s %zu", weight->name, weight->count);
    for (size_t i = 0; i < weight->count; i++) {
        print_bits(weight->data[i], word + 1);
        fov_text_add(text, word, sizeof word);
    }
    fov_text_add(text, "\n", 1);
}

static fov_status export_wts(const struct fov_model *model, fov_buffer *out, fov_error *err)
{
    fov_weights weights = {0};
    fov_text    text = {0};
    fov_status  st = fov_model_weights(model, &weights, err);
    if (!st) {
        fov_text_print(&text, "%zu\n", weights.count);
        for (size_t i = 0; i < weights.count; i++) print_tensor(&weights.item[i], &text);
        out->size = text.size;
        out->data = (unsigned char *)fov_text_take(&text);
        if (!out->data) st = fov_fail_memory(err, "the text of the weights");
    }
    fov_weights_clear(&weights);
    return st;
}

const fov_exporter fov_exporter_wts = {.format = "wts", .carries_settings = false, .export = export_wts};
