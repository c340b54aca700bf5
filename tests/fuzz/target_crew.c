// SPDX-License-Identifier: MIT
/* What a worker process says to the front of a server, which a photo may have taken over: the first byte is what it was asked, the
 * rest what it says, until it is gone. */
#include "fuzz.h"

#include "clock.h"
#include "crew/answer.h"
#include "crew/control.h"
#include "crew/wire.h"
#include "photo_work.h"

#include "base/error.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum asked { NOTHING, TO_LOAD, FACES, PICTURES, PIXELS, N_ASKED } asked;

enum { PHOTOS = 3, MOST_FACES = 5, MOST_BYTES = 1 << 16, WAIT_S = 5 };

/* ---------------------------------------------------------------- a worker */

/* @return the front's end, on which all of it waits */
static int worker_says(const void *data, size_t bytes, int *own)
{
    int pair[2];
    if (!srv_wire_pair(pair)) abort();
    *own = pair[1];
    if (!srv_wire_send_with(pair[1], data, bytes, -1, cli_now_s() + WAIT_S)) abort();
    shutdown(pair[1], SHUT_WR);
    return pair[0];
}

/* Clients are told it in JSON, which is not there where a text in it is no UTF-8. */
static void assert_is_text(const char *said, size_t bytes)
{
    json_t *text = json_stringn(said, strnlen(said, bytes));
    assert_true(text && strnlen(said, bytes) < bytes);
    json_decref(text);
}

/* ---------------------------------------------------------------- of photos */

static srv_job *new_job(asked what, srv_budget *budget)
{
    static const char  photo[] = "a photo";
    fov_detect_options detect = fov_detect_options_default();
    detect.max_faces = MOST_FACES;
    srv_job *job = srv_job_new(NULL, &detect, PHOTOS);
    if (!job) abort();
    job->drawing = what == FACES ? SRV_DRAW_NOTHING : SRV_DRAW_JPEG;
    job->budget = budget;
    for (size_t i = 0; i < PHOTOS; i++)
        if (what != PIXELS) job->task[i].data = photo;
    return job;
}

static void look_at(const srv_task *t)
{
    size_t sum = 0;
    for (size_t i = 0; i < t->picture_bytes; i++) sum += ((const unsigned char *)t->picture)[i];
    for (size_t i = 0; i < t->faces; i++) assert_true(isfinite(t->face[i].score));
    assert_true(t->faces <= MOST_FACES && sum <= UINT8_MAX * t->picture_bytes);
    assert_true(t->times.decode_s >= 0 && isfinite(t->times.decode_s + t->times.network_s) && t->pass <= SRV_MAX_BATCH);
    assert_is_text(t->err.message, sizeof t->err.message);
}

static fov_status hear_of_photos(asked what, int fd, const char *name, fov_error *err)
{
    srv_budget budget = {.limit = MOST_BYTES};
    srv_job   *job = new_job(what, &budget);
    size_t     heard = 0;
    while (heard < PHOTOS && srv_answer_receive(fd, job->task + heard)) look_at(job->task + heard++);
    if (heard < PHOTOS) assert_true(!job->task[heard].face && !job->task[heard].picture && !job->task[heard].status);
    srv_job_free(job);
    assert_int_equal(budget.used, 0);
    return heard ? FOV_OK : fov_fail(err, FOV_ERR_FORMAT, "%s: not an answer", name);
}

/* ---------------------------------------------------------------- of models */

static bool hear_loaded(srv_control *control)
{
    static char            path[] = "model.fov";
    const srv_model_source source = {.path = path, .fd = -1};
    srv_load_done          done;
    fov_error              err;
    const bool             heard = srv_control_load(control, &(srv_load){1, "model", "1", &source}, &done, &err);
    if (heard) assert_is_text(err.message, sizeof err.message);
    if (heard) assert_is_text(done.facts.family, sizeof done.facts.family);
    if (heard) assert_is_text(done.facts.backend, sizeof done.facts.backend);
    if (heard) assert_is_text(done.facts.device, sizeof done.facts.device);
    if (heard && done.status) assert_true(!done.certificate);
    if (heard && !done.status) assert_true(strlen(done.certificate) <= SRV_CERTIFICATE_BYTES);
    free(done.certificate);
    return heard;
}

static fov_status hear_control(asked what, int fd, const char *name, fov_error *err)
{
    const srv_config config = {.load_s = WAIT_S};
    srv_control      control;
    srv_control_init(&control, &config);
    control.fd = fd;
    const bool heard = what == TO_LOAD ? hear_loaded(&control) : srv_control_hear_hello(&control);
    srv_control_clear(&control);
    return heard ? FOV_OK : fov_fail(err, FOV_ERR_FORMAT, "%s: not an answer", name);
}

/* ---------------------------------------------------------------- the target */

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    const asked what = bytes ? (asked)(*(const unsigned char *)data % N_ASKED) : NOTHING;
    int         own;
    const int   fd = worker_says(bytes ? (const char *)data + 1 : "", bytes ? bytes - 1 : 0, &own);
    fov_status  st = what <= TO_LOAD ? hear_control(what, fd, name, err) : hear_of_photos(what, fd, name, err);
    close(fd);
    close(own);
    return st;
}

/* ---------------------------------------------------------------- inputs */

/* Puts pieces behind each other. */
typedef struct speech {
    unsigned char data[FUZZ_MAX_BYTES];
    size_t        bytes;
} speech;

static void say(speech *s, const void *data, size_t bytes)
{
    memcpy(s->data + s->bytes, data, bytes);
    s->bytes += bytes;
}

static void begin(speech *s, asked what)
{
    s->data[0] = (unsigned char)what;
    s->bytes = 1;
}

static void say_photo(speech *s, const char *picture)
{
    const fov_face face = {.box = {1, 2, 3, 4}, .score = 0.5f};
    srv_told       told = {.width = 40, .height = 30, .pass = 1, .faces = 1, .picture_bytes = strlen(picture)};
    say(s, &told, sizeof told);
    say(s, &face, sizeof face);
    say(s, picture, strlen(picture));
}

static void say_failed(speech *s)
{
    say(s, &(srv_told){.status = FOV_ERR_FORMAT, .message = "a photo: no photo"}, sizeof(srv_told));
    say(s, &(srv_told){.status = FOV_ERR_FORMAT, .message = "\xff\xc3(\xc3"}, sizeof(srv_told));
}

/* What is added up of a photo that failed, too. */
static void say_failed_oddly(speech *s)
{
    say(s, &(srv_told){.status = FOV_ERR_FORMAT, .times = {.decode_s = -1e30, .network_s = NAN}}, sizeof(srv_told));
}

static void seeds(void)
{
    static speech    s;
    const srv_loaded loaded = {.facts = {.family = "retinaface", .backend = "cpu"}, .certificate_bytes = 2};
    const srv_loaded odd = {.facts = {.family = "cut \xf0\x9f\x98", .backend = "\xed\xa0\x80", .device = "\x80"},
                            .message = "\xc0\xaf"};
    begin(&s, NOTHING);
    say(&s, &(srv_hello){.confined = 1}, sizeof(srv_hello));
    fuzz_seed(s.data, s.bytes);
    begin(&s, TO_LOAD);
    say(&s, &loaded, sizeof loaded);
    say(&s, "{}", 2);
    fuzz_seed(s.data, s.bytes);
    begin(&s, TO_LOAD);
    say(&s, &(srv_loaded){.status = FOV_ERR_FORMAT, .message = "model.fov: no model"}, sizeof loaded);
    fuzz_seed(s.data, s.bytes);
    begin(&s, TO_LOAD);
    say(&s, &odd, sizeof odd);
    fuzz_seed(s.data, s.bytes);
    for (asked what = FACES; what < N_ASKED; what++) {
        begin(&s, what);
        say_photo(&s, what == PICTURES ? "a picture" : "");
        say_failed(&s);
        say_photo(&s, what == PICTURES ? "another" : "");
        fuzz_seed(s.data, s.bytes);
        begin(&s, what);
        say_photo(&s, what == PICTURES ? "a picture" : "");
        say_failed_oddly(&s);
        fuzz_seed(s.data, s.bytes);
    }
}

const fuzz_target fuzz_target_here = {
    .name = "crew",
    .sources = "apps/serve/crew/answer.c apps/serve/crew/control.c apps/serve/crew/wire.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 16,
    .seeds = seeds,
};
