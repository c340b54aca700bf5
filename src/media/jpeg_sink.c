// SPDX-License-Identifier: MIT
#include "media/jpeg_sink.h"

static void restart_chunk(j_compress_ptr info)
{
    fov_jpeg_sink *sink = (fov_jpeg_sink *)info->dest;
    sink->base.next_output_byte = sink->chunk;
    sink->base.free_in_buffer = FOV_JPEG_CHUNK_BYTES;
}

static boolean flush_chunk(j_compress_ptr info)
{
    fov_jpeg_sink *sink = (fov_jpeg_sink *)info->dest;
    fov_text_add(&sink->out, sink->chunk, FOV_JPEG_CHUNK_BYTES);
    restart_chunk(info);
    return TRUE;
}

static void flush_last(j_compress_ptr info)
{
    fov_jpeg_sink *sink = (fov_jpeg_sink *)info->dest;
    fov_text_add(&sink->out, sink->chunk, FOV_JPEG_CHUNK_BYTES - sink->base.free_in_buffer);
}

struct jpeg_destination_mgr *fov_jpeg_sink_init(fov_jpeg_sink *sink)
{
    sink->base = (struct jpeg_destination_mgr){
        .init_destination = restart_chunk, .empty_output_buffer = flush_chunk, .term_destination = flush_last};
    sink->out = (fov_text){0};
    return &sink->base;
}
