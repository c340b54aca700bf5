// SPDX-License-Identifier: MIT
/* Photos in tiles: how they are cut, and that no seam loses or doubles a face. */
#include "api/tiles.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDE = 3840, HIGH = 2160 };

static const uint8_t pixel[4];

static fov_detect_options tiles_of(int tile, int overlap, float scale)
{
    fov_detect_options o = fov_detect_options_default();
    o.resize = FOV_RESIZE_TILES;
    o.tile = tile;
    o.tile_overlap = overlap;
    o.tile_scale = scale;
    return o;
}

/* ---------------------------------------------------------------- cutting */

/* Along each axis tiles start at strides, reach the end, and share the overlap; as windows they lie within the photo. */
static void check_level(const fov_tiling *walk, const fov_image *photo, const fov_tile *tile, int64_t index)
{
    const fov_tile_level *level = &walk->level;
    const int64_t         column = index % level->x.count;
    const fov_letterbox  *box = &tile->geometry.letterbox;
    const ptrdiff_t       at = tile->window.data - photo->data;
    const int64_t         y = at / photo->pitch, x = at % photo->pitch / 3;
    assert_true(box->out_w % walk->stride == 0 && box->out_h % walk->stride == 0);
    assert_true(box->scaled_w <= box->out_w && box->scaled_h <= box->out_h);
    assert_true(box->out_w <= fov_round_up(walk->options->tile, walk->stride));
    assert_true(x + tile->window.width <= photo->width && y + tile->window.height <= photo->height);
    assert_true(column > 0 || (x == 0 && isinf(tile->inside[0])));
    if (column == level->x.count - 1) assert_true(x + tile->window.width == photo->width && isinf(tile->inside[2]));
    if (index / level->x.count == level->y.count - 1) assert_int_equal(y + tile->window.height, photo->height);
    /* what is left of the seam to the right is whole here as long as it is no larger than the overlap */
    if (column < level->x.count - 1) assert_true(tile->inside[2] - tile->core[2] >= (float)(walk->overlap / 4 / level->scale));
    assert_true(tile->core[2] > tile->core[0] && tile->core[3] > tile->core[1]);
}

static void tiles_cover_the_photo(void **state)
{
    static const struct {
        int   w, h, tile, overlap;
        float scale;
        int   levels;
    } rows[] = {
        {3840, 2160, 1280, 0, 1, 2}, {1281, 700, 1280, 0, 1, 2},     {640, 480, 640, 0, 1, 1},    {641, 480, 640, 320, 1, 2},
        {9001, 77, 100, 32, 1, 5},   {3840, 2160, 320, 64, 0.5F, 3}, {700, 1300, 640, 160, 2, 3}, {1, 1, 64, 0, 1, 1},
    };
    const fov_settings settings = fov_settings_default();
    fov_error          err;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const fov_detect_options o = tiles_of(rows[i].tile, rows[i].overlap, rows[i].scale);
        const fov_image          photo = {pixel, rows[i].w, rows[i].h, 3 * (ptrdiff_t)rows[i].w, FOV_RGB8};
        fov_tiling               walk;
        fov_tile                 tile;
        int                      levels = 0;
        int64_t                  sides = 0, index = 0;
        assert_ok(fov_tiling_start(&settings, &o, &photo, &walk, &err));
        while (fov_tiling_next(&walk, &tile)) {
            if (walk.next == 1) { /* the first of a level */
                assert_true(index == sides);
                sides = walk.level.x.count * walk.level.y.count;
                index = 0;
                levels++;
                assert_true(levels == 1 || tile.least < (float)(walk.overlap / walk.level.scale));
            }
            check_level(&walk, &photo, &tile, index++);
        }
        assert_true(walk.last && isinf(tile.most));
        assert_int_equal(levels, rows[i].levels);
    }
}

static void impossible_tiles_are_refused(void **state)
{
    const fov_settings settings = fov_settings_default();
    const fov_image    photo = {pixel, 8, 8, 24, FOV_RGB8};
    fov_detect_options o = tiles_of(640, 321, 1), bad[] = {tiles_of(63, 0, 1),  tiles_of(8193, 0, 1), tiles_of(640, -1, 1),
                                                           tiles_of(640, 0, 0), tiles_of(640, 0, 9),  tiles_of(640, 0, NAN)};
    fov_tiling         walk;
    fov_error          err;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(fov_detect_options_check(&bad[i], &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_tiling_start(&settings, &o, &photo, &walk, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "half the tile"));
}

/* ---------------------------------------------------------------- finding */

typedef struct fixture {
    fov_engine   *engine;
    fov_detector *detector;
    fov_photo    *face; /* of the astronaut */
} fixture;

static int set_up(void **state)
{
    static fixture f;
    fov_error      err;
    *state = &f;
    assert_ok(fov_engine_open("default", NULL, NULL, &f.engine, &err));
    assert_ok(fov_detector_new(f.engine, NULL, &f.detector, &err));
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &f.face, &err));
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    fov_photo_free(f->face);
    fov_detector_free(f->detector);
    fov_engine_free(f->engine);
    return 0;
}

static uint8_t sample(const fov_image *in, double x, double y, int c)
{
    const int      left = (int)x, top = (int)y;
    const double   u = x - left, v = y - top;
    const uint8_t *p = in->data + top * in->pitch + 3 * left + c;
    return (uint8_t)(0.5 + (1 - v) * ((1 - u) * p[0] + u * p[3]) + v * ((1 - u) * p[in->pitch] + u * p[in->pitch + 3]));
}

/* The head, 160 x 200 pixels of the photo, scaled, its middle at (x, y). */
static void paste(fov_photo *to, const fov_photo *from, int x, int y, double scale)
{
    const fov_image out = fov_photo_image(to), in = fov_photo_image(from);
    uint8_t        *pixels = fov_photo_pixels(to);
    const int       w = (int)(160 * scale), h = (int)(200 * scale);
    for (int j = 0; j < h; j++)
        for (int i = 0; i < w; i++) {
            const int px = x - w / 2 + i, py = y - h / 2 + j;
            if (px < 0 || py < 0 || px >= out.width || py >= out.height) continue;
            for (int c = 0; c < 3; c++) pixels[py * out.pitch + 3 * px + c] = sample(&in, 144 + i / scale, 10 + j / scale, c);
        }
}

static double overlap_of(const float *a, const float *b)
{
    const double w = fmin((double)a[2], (double)b[2]) - fmax((double)a[0], (double)b[0]);
    const double h = fmin((double)a[3], (double)b[3]) - fmax((double)a[1], (double)b[1]);
    if (w <= 0 || h <= 0) return 0;
    return w * h / ((double)(a[2] - a[0]) * (double)(a[3] - a[1]) + (double)(b[2] - b[0]) * (double)(b[3] - b[1]) - w * h);
}

/* Each face of either list in the other, nearly in the same place: none lost, none doubled. */
static void check_same_faces(const fov_faces *a, const fov_faces *b, double least)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        double best = 0;
        for (size_t j = 0; j < b->count; j++) best = fmax(best, overlap_of(a->face[i].box, b->face[j].box));
        if (!(best >= least))
            fail_msg("face at (%g, %g), %g wide: best overlap %g", (double)a->face[i].box[0], (double)a->face[i].box[1],
                     (double)(a->face[i].box[2] - a->face[i].box[0]), best);
    }
}

static void check_tiled(fixture *f, const fov_photo *photo, fov_detect_options o, size_t expected, double least)
{
    fov_detect_options native = fov_detect_options_default();
    const fov_image    image = fov_photo_image(photo);
    fov_faces          whole, tiled;
    fov_error          err;
    fov_detector      *d = NULL;
    native.resize = FOV_RESIZE_NATIVE;
    assert_ok(fov_detector_new(f->engine, NULL, &d, &err));
    assert_ok(fov_detector_run(f->detector, &image, &native, &whole, &err));
    assert_int_equal(whole.count, expected);
    assert_ok(fov_detector_run(d, &image, &o, &tiled, &err));
    check_same_faces(&whole, &tiled, least);
    for (size_t i = 1; i < tiled.count; i++) assert_true(tiled.face[i - 1].score >= tiled.face[i].score);
    fov_detector_free(d);
}

/* Faces in the middle of seams, on the borders of tiles, where four tiles meet, and anywhere. */
static void small_faces_at_seams(void **state)
{
    static const int columns[] = {200, 864, 1040, 1216, 1728, 1900, 2080, 2624, 2780, 2944, 3600};
    static const int rows[] = {150, 560, 928, 1088, 1248, 1640, 2000};
    fixture         *f = *state;
    fov_error        err;
    fov_photo       *photo = NULL;
    size_t           count = 0;
    assert_ok(fov_photo_new(WIDE, HIGH, &photo, &err));
    memset(fov_photo_pixels(photo), 120, (size_t)WIDE * HIGH * 3);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        for (size_t j = 0; j < sizeof rows / sizeof *rows; j++) {
            paste(photo, f->face, columns[i], rows[j], (i + j) % 3 ? (i + j) % 2 ? 0.75 : 0.5 : 0.4);
            count++;
        }
    check_tiled(f, photo, tiles_of(1280, 0, 1), count, 0.8);
    check_tiled(f, photo, tiles_of(640, 192, 1), count, 0.8);
    fov_photo_free(photo);
}

/* Larger than the overlap of the tiles: found in the shrunken photo, once. */
static void large_faces_are_found_once(void **state)
{
    fixture   *f = *state;
    fov_error  err;
    fov_photo *photo = NULL;
    assert_ok(fov_photo_new(WIDE, HIGH, &photo, &err));
    memset(fov_photo_pixels(photo), 120, (size_t)WIDE * HIGH * 3);
    paste(photo, f->face, 1040, 1000, 4);
    paste(photo, f->face, 1900, 1088, 2);
    paste(photo, f->face, 2784, 1248, 3);
    paste(photo, f->face, 3400, 1088, 1.5);
    paste(photo, f->face, 2080, 300, 1);
    check_tiled(f, photo, tiles_of(1280, 0, 1), 5, 0.7);
    fov_photo_free(photo);
}

static void a_photo_of_one_tile_is_native(void **state)
{
    fixture           *f = *state;
    fov_image          image = fov_photo_image(f->face);
    fov_detect_options native = fov_detect_options_default(), o = tiles_of(512, 0, 1);
    fov_faces          a, b[3];
    fov_image          three[3] = {image, image, image};
    fov_error          err;
    fov_detector      *d = NULL;
    native.resize = FOV_RESIZE_NATIVE;
    assert_ok(fov_detector_new(f->engine, NULL, &d, &err));
    assert_ok(fov_detector_run(d, &image, &native, &a, &err));
    assert_ok(fov_detector_run_batch(f->detector, three, 3, &o, b, &err));
    assert_int_equal(a.count, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b[i].count, 1);
        assert_memory_equal(a.face, b[i].face, sizeof *a.face);
    }
    fov_detector_free(d);
}

static void a_scale_finds_what_is_too_small(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_photo         *photo = NULL;
    fov_faces          faces;
    fov_detect_options o = tiles_of(640, 0, 4);
    assert_ok(fov_photo_new(400, 300, &photo, &err));
    memset(fov_photo_pixels(photo), 120, (size_t)400 * 300 * 3);
    paste(photo, f->face, 130, 120, 0.15);
    paste(photo, f->face, 290, 200, 0.15);
    fov_image image = fov_photo_image(photo);
    assert_ok(fov_detector_run(f->detector, &image, &o, &faces, &err));
    assert_int_equal(faces.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const float *nose = faces.face[i].landmarks[2], *at = nose[0] < 200 ? (float[]){130, 120} : (float[]){290, 200};
        assert_true(fabsf(nose[0] - at[0]) < 5 && fabsf(nose[1] - at[1]) < 8);
    }
    fov_photo_free(photo);
}

static void tiles_take_bounded_memory(void **state)
{
    fixture           *f = *state;
    fov_error          err;
    fov_photo         *photo = NULL;
    fov_faces          faces;
    fov_detect_options o = tiles_of(640, 0, 1), native = o;
    fov_detector      *d = NULL;
    fov_raw            raw;
    native.resize = FOV_RESIZE_NATIVE;
    assert_ok(fov_photo_new(WIDE, HIGH, &photo, &err));
    fov_image image = fov_photo_image(photo);
    assert_ok(fov_detector_new(f->engine, NULL, &d, &err));
    assert_ok(fov_detector_run(d, &image, &o, &faces, &err));
    size_t tiled = fov_detector_memory(d);
    assert_int_equal(fov_detector_raw(d, &image, &o, &raw, &err), FOV_ERR_ARGUMENT);
    fov_detector_free(d);
    assert_ok(fov_detector_new(f->engine, NULL, &d, &err));
    assert_ok(fov_detector_run(d, &image, &native, &faces, &err));
    assert_true(tiled < fov_detector_memory(d) / 2);
    fov_detector_free(d);
    fov_photo_free(photo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_cover_the_photo),         cmocka_unit_test(impossible_tiles_are_refused),
        cmocka_unit_test(small_faces_at_seams),          cmocka_unit_test(large_faces_are_found_once),
        cmocka_unit_test(a_photo_of_one_tile_is_native), cmocka_unit_test(a_scale_finds_what_is_too_small),
        cmocka_unit_test(tiles_take_bounded_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
