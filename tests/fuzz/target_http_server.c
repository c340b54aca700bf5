// SPDX-License-Identifier: MIT
/* The whole server: bytes of a connection go to the real HTTP library, through a pair of sockets, and what comes back must be HTTP.
 * Only the network is left out: photos are decoded, and said to have one face. */
#include "fuzz.h"

#include "daemon.h"
#include "engines.h"
#include "http_library.h"
#include "listen.h"
#include "pictures.h"
#include "server.h"
#include "splice.h"

#include "base/alloc.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <pthread.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PHOTO_PIXELS = 1 << 16, WAIT_MS = 100 };

static srv_server         server;
static srv_config         config;
static struct MHD_Daemon *http;

/* ---------------------------------------------------------------- in place of the workers */

static void look_at(srv_task *t)
{
    const fov_photo_options options = {.max_pixels = PHOTO_PIXELS};
    fov_photo              *photo = NULL;
    const fov_face          face = {.box = {1, 2, 3, 4}, .score = 0.5f};
    if (t->data) t->status = fov_photo_decode(t->data, t->bytes, t->name, &options, &photo, &t->err);
    if (t->status) return;
    t->width = photo ? fov_photo_width(photo) : t->pixels.width;
    t->height = photo ? fov_photo_height(photo) : t->pixels.height;
    t->face = malloc(sizeof *t->face);
    if (!t->face) abort();
    *t->face = face;
    t->faces = 1;
    fov_photo_free(photo);
}

static void *work(void *user)
{
    srv_task *task;
    bool      alone;
    (void)user;
    while (srv_queue_take(server.queue, &task, 1, 0, &alone)) {
        srv_job *job = task->job;
        look_at(task);
        if (--job->left == 0) job->done(job->user);
        srv_queue_taken_done(server.queue);
    }
    return NULL;
}

/* ---------------------------------------------------------------- the server, once for all inputs */

static const char *small_model(void)
{
    static char    path[4096];
    size_t         size;
    fov_engine    *engine = headed_engine(&(headed_net){.levels = 1, .anchors = 1, .channels = 4, .seed = 1}, NULL);
    unsigned char *bytes = engine_bytes(engine, &size);
    snprintf(path, sizeof path, "%s/default.fov", test_folder());
    file_write(path, bytes, size);
    fov_free(bytes);
    fov_engine_free(engine);
    return path;
}

/* Before the first input, whose memory is counted. */
static void start(void) __attribute__((constructor));
static void start(void)
{
    static const char *files[2];
    static char        address[128];
    pthread_t          thread;
    files[0] = small_model();
    config = (srv_config){.host = "127.0.0.1",
                          .files = files,
                          .engine = {.backend = "cpu"},
                          .detect = fov_detect_options_default(),
                          .workers = 1,
                          .threads = 1,
                          .batch = 1,
                          .io_threads = 1,
                          .queue_photos = 8,
                          .queue_s = 60,
                          .body_bytes = FUZZ_MAX_BYTES,
                          .memory_bytes = 4 * FUZZ_MAX_BYTES,
                          .photo_pixels = PHOTO_PIXELS,
                          .input_pixels = PHOTO_PIXELS,
                          .request_photos = 4,
                          .connections = 16,
                          .request_s = 60,
                          .idle_s = 60};
    server = (srv_server){.config = &config, .bodies = {.limit = config.memory_bytes}, .is_local = true};
    srv_connections_init(&server.connections, config.connections, false);
    const int fd = srv_listen(config.host, 0, address, sizeof address);
    if (!srv_http_library_load() || fd < 0 || !(server.repository = srv_repository_open(&config, NULL)) ||
        !(server.queue = srv_queue_new(config.queue_photos)) || pthread_create(&thread, NULL, work, NULL) ||
        !(http = srv_daemon_start(&server, fd, NULL)))
        abort();
}

/* ---------------------------------------------------------------- a connection */

/* What goes out and what comes back, until the server closes. */
typedef struct talk {
    int                  fd;
    const unsigned char *data;
    size_t               left;
    bool                 said_all; /* and the server knows that no more will come */
    size_t               bytes;    /* of the answers, which stay within their room, and end as a text */
    char                 answers[(1 << 16) + 1];
} talk;

static void say_more(talk *t)
{
    const ssize_t sent = t->left ? send(t->fd, t->data, t->left, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno != EAGAIN) t->left = 0;
    if (sent <= 0) return;
    t->data += sent;
    t->left -= (size_t)sent;
}

/* Only once all was read: the library would not see an end that comes together with bytes. */
static void end_it(talk *t)
{
    int unread = 0;
    if (t->said_all || t->left || ioctl(t->fd, SIOCOUTQ, &unread) || unread) return;
    shutdown(t->fd, SHUT_WR);
    t->said_all = true;
}

/* @return false: the server has closed */
static bool hear_more(talk *t)
{
    char    piece[1 << 12];
    ssize_t got;
    while ((got = recv(t->fd, piece, sizeof piece, MSG_DONTWAIT)) > 0) {
        const size_t room = sizeof t->answers - 1 - t->bytes, kept = (size_t)got < room ? (size_t)got : room;
        memcpy(t->answers + t->bytes, piece, kept);
        t->bytes += kept;
    }
    return got < 0 && errno == EAGAIN;
}

static void converse(talk *t)
{
    while (say_more(t), hear_more(t)) {
        struct pollfd wait = {t->fd, (short)(POLLIN | (t->left ? POLLOUT : 0)), 0};
        end_it(t);
        if (poll(&wait, 1, t->said_all || t->left ? WAIT_MS : 0) == 0) srv_connections_sweep(&server.connections);
    }
}

static void connect_to(talk *t)
{
    static const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {0x0100007f}};
    int                             pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) abort();
    if (MHD_add_connection(http, pair[1], (const struct sockaddr *)&from, sizeof from) != MHD_YES) abort();
    t->fd = pair[0];
}

/* ---------------------------------------------------------------- the target */

/* What the library itself cannot answer is no fault of ours. */
static bool is_ours(int status, const talk *t)
{
    return status >= MHD_HTTP_INTERNAL_SERVER_ERROR && status != MHD_HTTP_SERVICE_UNAVAILABLE &&
           status != MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED && !memmem(t->answers, t->bytes, "libmicrohttpd", strlen("libmicrohttpd"));
}

static fov_status verdict(const talk *t, const char *name, fov_error *err)
{
    static const char begin[] = "HTTP/1.1 ";
    const int         status = t->bytes >= sizeof begin ? atoi(t->answers + sizeof begin - 1) : 0;
    if (!t->bytes) return fov_fail(err, FOV_ERR_FORMAT, "%s: closed without an answer", name);
    if (t->bytes < sizeof begin || memcmp(t->answers, begin, sizeof begin - 1) != 0 || is_ours(status, t))
        fail_msg("%s: %.*s", name, (int)t->bytes, t->answers);
    return status < MHD_HTTP_BAD_REQUEST ? FOV_OK : fov_fail(err, FOV_ERR_FORMAT, "%s: status %d", name, status);
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    static talk t;
    t = (talk){.data = data, .left = bytes};
    connect_to(&t);
    converse(&t);
    close(t.fd);
    while (server.connections.open || server.requests || server.suspended) sched_yield();
    assert_int_equal(server.bodies.used + srv_queue_depth(server.queue), 0);
    return verdict(&t, name, err);
}

/* ---------------------------------------------------------------- inputs */

static void seed(const char *head, const void *body, size_t bytes)
{
    static unsigned char input[FUZZ_MAX_BYTES];
    const int            size = snprintf((char *)input, sizeof input, "%s\r\nHost: localhost\r\n", head);
    const int all = size + snprintf((char *)input + size, sizeof input - (size_t)size, "Content-Length: %zu\r\n\r\n", bytes);
    if (bytes) memcpy(input + all, body, bytes);
    fuzz_seed(input, (size_t)all + bytes);
}

static void seed_post(const char *head, const char *body)
{
    seed(head, body, strlen(body));
}

static void seed_photo(const char *file)
{
    char   path[4400];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", test_folder(), file);
    picture_save_blank(40, 30, path);
    char *photo = file_read(path, &size);
    seed("POST /detect?score=0.5&max_faces=2 HTTP/1.1\r\nAccept: application/json, image/jpeg", photo, size);
    free(photo);
}

static void seeds(void)
{
    static const char *const addresses[] = {"/",
                                            "/assets/main.js",
                                            "/openapi.json",
                                            "/metrics",
                                            "/models",

                                            "/v2",
                                            "/v2/health/ready",
                                            "/v2/models/default/versions/1",
                                            "/v2/models/default/config",
                                            "/v2/models/stats"};
    seed_post("POST /v2/models/default/infer HTTP/1.1",
              "{\"inputs\":[{\"name\":\"pixels\",\"datatype\":\"UINT8\",\"shape\":[1,1,3],\"data\":[1,2,3]}],\"id\":\"7\"}");
    seed_post(
        "POST /v2/models/default/infer HTTP/1.1\r\nInference-Header-Content-Length: 101",
        "{\"inputs\":[{\"name\":\"pixels\",\"datatype\":\"UINT8\",\"shape\":[1,1,3],\"parameters\":{\"binary_data_size\":3}}]}abc");
    seed_post("POST /detect HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x",
              "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\n\r\nno photo\r\n--x\r\n"
              "Content-Disposition: form-data; name=\"b\"; filename=\"b.png\"\r\n\r\n\r\n--x--\r\n");
    seed_photo("blank.png");
    seed_photo("blank.jpg");
    seed_post("POST /v2/repository/index HTTP/1.1", "{\"ready\":true}");
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char text[256];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 addresses[i], addresses[i]);
        fuzz_seed_text(text);
    }
    fuzz_seed_text(
        "POST /v2/repository/index HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
}

/* A single request's body is as long as its head says. */
static size_t change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    static const char name[] = "Content-Length: ";
    size = fuzz_change_bytes(data, size, capacity, random);
    unsigned char *end = size ? memmem(data, size, "\r\n\r\n", 4) : NULL;
    unsigned char *field = end ? memmem(data, (size_t)(end - data), name, sizeof name - 1) : NULL;
    if (!field || !test_random_int(random, 0, 7)) return size;
    const size_t at = (size_t)(field - data) + sizeof name - 1;
    size_t       gone = 0;
    char         digits[24];
    while (data[at + gone] >= '0' && data[at + gone] <= '9') gone++;
    const int count = snprintf(digits, sizeof digits, "%zu", size - (size_t)(end + 4 - data));
    return splice(data, size, capacity, at, gone, digits, (size_t)count);
}

const fuzz_target fuzz_target_here = {
    .name = "http_server",
    .sources = "apps/serve",
    .run = run,
    .max_bytes = 8 << 20,
    .more_bytes = 64,
    .seeds = seeds,
    .change = change,
};
