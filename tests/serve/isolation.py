#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server's processes: what they may not do is refused, and a worker that crashes takes nothing with it. tests/serve/crashing.c stands in
for photos that take over the decoder. TAP on stdout.

usage: isolation.py SOURCE_DIR FOVEA [CRASHING_LIBRARY]
"""
import contextlib
import errno
import mmap
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from pictures import chunk
from serving import ANSWER_S, Server, Skip, form, preloaded, run, wait_until

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
CRASHING = Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
PHOTO = (SOURCE / "photos/astronaut.png").read_bytes()
SLOW, SMALL = "/detect?size=1024x1024", "/detect?size=long:160"
PATIENT = ("--queue-time", "600", "--drain-time", "600", "--work-time", "600")
TRIES = ("open", "create", "fork", "signal", "make_code", "socket", "pass", "limit", "processors", "connect", "device", "owner", "look",
         "datagrams", "send_to_anybody", "execute", "ptrace", "other_abi")  # as in crashing.c
PLACES = ("front", "worker", "nursery")
NOT_TRIED = -1


def marked(words):
    """The photo, with these words in a comment before its end."""
    return PHOTO[:-12] + chunk(b"tEXt", b"Comment\0" + words.encode()) + PHOTO[-12:]


class Orders:
    """What crashing.c is told and tells: a file that it maps, 32-bit integers."""

    def __init__(self, folder):
        if not CRASHING:
            raise Skip("a build with a sanitizer preloads its own library")
        path = Path(folder) / "orders"
        path.write_bytes(struct.pack("5i", 0, 0, 0, 0, 0) + struct.pack("i", NOT_TRIED) * len(PLACES) * len(TRIES))
        with path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.env = {**preloaded(CRASHING), "FOVEA_CRASHING": str(path)}

    def put(self, index, value):
        struct.pack_into("i", self.memory, 4 * index, value)

    def fail_starts(self, fail):
        self.put(0, int(fail))

    def try_in(self, where, *names, other=0):
        """@param other: a process of the same user, which is tried to be signalled, limited and moved"""
        self.put(4, other)
        self.put(PLACES.index(where) + 1, sum(1 << TRIES.index(name) for name in names))

    def place(self, where, name):
        return 5 + PLACES.index(where) * len(TRIES) + TRIES.index(name)

    def result(self, where, name):
        """errno, or 0: it worked."""
        return struct.unpack_from("i", self.memory, 4 * self.place(where, name))[0]

    def next_photo(self):
        """@return what waits until a worker looks at the next photo"""
        self.put(self.place("worker", "open"), NOT_TRIED)
        self.try_in("worker", "open")
        return lambda: wait_until(lambda: self.result("worker", "open") != NOT_TRIED, "it is being looked at")


def one_model(folder):
    """A folder in it with one model, which takes a moment to load."""
    models = Path(folder) / "models"
    models.mkdir()
    shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", models / "one.safetensors")
    return models


# ---------------------------------------------------------------- processes


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def nursery(server):
    return children(server.process.pid)[0]


def workers(server):
    return children(nursery(server))


def restarts(server):
    return server.metric("fovea_worker_restarts_total")


def isolation_of(server):
    """Labels of fovea_isolation_info, as numbers."""
    line = next(x for x in server.get("/metrics").body.decode().splitlines() if x.startswith("fovea_isolation_info{"))
    return {key: int(value.strip('"')) for key, value in (x.split("=") for x in line[line.index("{") + 1:line.index("}")].split(","))}


def need_filters(server):
    if not isolation_of(server)["seccomp"]:
        raise Skip("system calls are not filtered here: see what the server says as it starts")


# ---------------------------------------------------------------- confinement


def every_process_is_confined():
    with Server(FOVEA) as server:
        need_filters(server)
        for pid in (server.process.pid, nursery(server), *workers(server)):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                status = status_of(f"{pid}/task/{thread.name}")
                assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", (pid, thread.name, status)
            assert int(status["CapEff"], 16) & ~(1 << 2) == 0, status["CapEff"]  # of root's powers at most reading is left
            limits = Path(f"/proc/{pid}/limits").read_text()
            assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
        if os.getuid() == 0:
            assert status_of(nursery(server))["Uid"].split()[0] != "0" != status_of(workers(server)[0])["Uid"].split()[0]


def threads_of_a_driver_are_confined():
    """Those that a GPU's driver starts before its worker has its filter: crashing.c starts one in each worker."""
    with tempfile.TemporaryDirectory() as folder, Server(FOVEA, env=Orders(folder).env) as server:
        need_filters(server)
        pid = workers(server)[0]
        filters = {t.name: status_of(f"{pid}/task/{t.name}")["Seccomp_filters"] for t in Path(f"/proc/{pid}/task").iterdir()}
        assert len(filters) > 2 and len(set(filters.values())) == 1, filters


def nothing_is_inherited():
    """Whoever is not root may have some of its powers, and descriptors open that a worker has no use for."""
    if os.getuid() != 0:
        raise Skip("needs root, to become somebody with powers")
    as_another = ("setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service")
    if subprocess.run([*as_another, FOVEA, "version"], stdout=subprocess.DEVNULL, check=False).returncode:
        raise Skip("the build's folder is not for everybody, or there is no power to hand on")
    read, write = os.pipe()
    server = Server(FOVEA, prefix=as_another, pass_fds=(read, write))
    os.chmod(server.folder.name, 0o777)
    with server:
        for pid in (server.process.pid, nursery(server), *workers(server)):
            assert int(status_of(pid)["CapPrm"], 16) == 0, pid
            assert os.stat(f"/proc/{pid}/fd").st_uid == 0, "no other process of the user may read its memory"
        pipe = os.readlink(f"/proc/self/fd/{read}")
        for pid in (nursery(server), *workers(server)):
            assert pipe not in [os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()], pid
            assert os.getsid(pid) == nursery(server), "without the terminal of whoever started the server"
        assert len(server.post("/detect", PHOTO).json["faces"]) == 1
    os.close(read)
    os.close(write)


def what_a_worker_may_not_do_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, env=orders.env) as server:
            need_filters(server)
            refused = (*TRIES[:5], "pass", "limit", "processors", "device", "owner", "look", "datagrams", "send_to_anybody")
            orders.try_in("worker", *refused, other=nursery(server))
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1
            assert {name: orders.result("worker", name) for name in refused} == dict.fromkeys(refused, errno.EPERM)
            for number, name in enumerate(("socket", "connect", "execute", "ptrace", "other_abi"), 1):
                orders.try_in("worker", name)
                assert len(server.post("/detect", PHOTO).json["faces"]) == 1, "tried again, where it is not ordered any more"
                assert orders.result("worker", name) == NOT_TRIED, "the call did not return"
                assert restarts(server) == number
            assert f"signal {signal.SIGSYS.value}" in server.errors.read_text()


def what_the_front_may_not_do_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, env=orders.env) as server:
            need_filters(server)
            orders.try_in("front", *TRIES[:6], "limit", "processors", "owner", "datagrams", "send_to_anybody", other=server.process.pid)
            server.get("/v2")
            wait_until(lambda: orders.result("front", "send_to_anybody") != NOT_TRIED, "the request is noted")
            refused = {name: orders.result("front", name) for name in (*TRIES[1:6], "limit", "processors", "owner", "datagrams", "send_to_anybody")}
            assert refused == dict.fromkeys(refused, errno.EPERM)
            assert orders.result("front", "open") == (errno.EACCES if isolation_of(server)["landlock"] else 0)
        with Server(FOVEA, env=orders.env, expect_code=-signal.SIGSYS) as server:
            orders.try_in("front", "execute")
            server.get("/v2")
            server.process.wait(ANSWER_S)


GPU = ("--backend", "auto")  # isolation is the same where there turns out to be none


def what_a_worker_with_a_gpu_may_not_do_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, *GPU, env=orders.env) as server:
            need_filters(server)
            refused = ("fork", "signal", "socket", "limit", "processors", "connect", "execute", "ptrace")
            orders.try_in("worker", *refused, "create", other=nursery(server))
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1
            got = {name: orders.result("worker", name) for name in (*refused, "create")}
            assert got == {**dict.fromkeys(refused, errno.EPERM), "create": errno.EACCES if isolation_of(server)["landlock"] else 0}, got
        with Server(FOVEA, *GPU, env={**orders.env, "CUDA_MPS_PIPE_DIRECTORY": folder}) as server:
            orders.try_in("worker", "connect")
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1
            assert orders.result("worker", "connect") not in (errno.EPERM, NOT_TRIED), "NVIDIA's multi-process service may be asked"


def what_others_call_a_service_of_the_gpu_is_none():
    """A folder of theirs, or a link of theirs to all files there are."""
    usual = Path("/tmp/nvidia-mps")
    if os.getuid() != 0 or os.path.lexists(usual):
        raise Skip("needs root, and no folder of NVIDIA's multi-process service")
    for make, remove in ((usual.mkdir, usual.rmdir), (lambda: usual.symlink_to("/"), usual.unlink)):
        make()
        try:
            os.chown(usual, 12345, 12345, follow_symlinks=False)
            check_no_service()
        finally:
            remove()


def check_no_service():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, *GPU, env=orders.env) as server:
            need_filters(server)
            orders.try_in("worker", "connect", "create")
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1
            assert orders.result("worker", "connect") == errno.EPERM
            assert orders.result("worker", "create") == (errno.EACCES if isolation_of(server)["landlock"] else 0)


def with_own_devices(folder):
    """Words before a command that give it a /dev of its own, with nodes called as NVIDIA's."""
    dev = Path(folder) / "dev"
    dev.mkdir()
    for name in ("null", "zero", "full", "random", "urandom", "nvidiactl", "nvidia0"):
        (dev / name).touch()
    script = 'for n in null zero full random urandom; do mount --bind /dev/$n "$0/$n" || exit; done; mount --rbind "$0" /dev && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", script, dev)
    if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip("a /dev of its own is root's to make")
    return prefix


def of_devices_a_worker_has_its_gpus():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, *GPU, prefix=with_own_devices(folder), env=orders.env) as server:
            if not isolation_of(server)["landlock"]:
                raise Skip("the kernel has no Landlock")
            orders.try_in("worker", "device")
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1
            assert orders.result("worker", "device") == errno.EACCES


def what_a_nursery_may_not_do_is_refused():
    for options, create in (((), errno.EPERM), (GPU, errno.EACCES)):
        with tempfile.TemporaryDirectory() as folder:
            orders = Orders(folder)
            with Server(FOVEA, *options, env=orders.env) as server:
                need_filters(server)
                if not isolation_of(server)["landlock"]:
                    raise Skip("the kernel has no Landlock")
                refused = ("signal", "socket", "limit", "processors", "execute", "create") if options else ("signal", "limit", "processors", "create", "look")
                orders.try_in("nursery", *refused, other=server.process.pid)
                os.kill(workers(server)[0], signal.SIGKILL)
                wait_until(lambda: orders.result("nursery", "create") != NOT_TRIED, "a worker is started anew")
                got = {name: orders.result("nursery", name) for name in refused}
                assert got == {**dict.fromkeys(refused, errno.EPERM), "create": create}, (options, got)


def root_becomes_another():
    if os.getuid() != 0:
        raise Skip("needs root")
    server = Server(FOVEA, "--user", "nobody")
    os.chmod(server.folder.name, 0o777)
    with server:
        for pid in (server.process.pid, nursery(server), *workers(server)):
            status = status_of(pid)
            assert "0" not in status["Uid"].split() + status["Gid"].split() and not status["Groups"].split(), status
            assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        assert len(server.post("/detect", PHOTO).json["faces"]) == 1


def what_cannot_be_is_told():
    for part, *options in (("auto, required or off", "--isolation", "on"), ("--user", "--isolation", "off", "--user", "nobody"),
                           ("--processes", "--isolation", "off", "--processes", "2"), ("--work-time", "--isolation", "off", "--work-time", "9"),
                           *((("no-such-user", "--user", "no-such-user"),) if os.getuid() == 0 else ())):
        done = subprocess.run([FOVEA, "serve", "--port", "0", *options], capture_output=True, text=True, timeout=ANSWER_S, check=False)
        assert done.returncode in (2, 5) and part in done.stderr and "listening" not in done.stderr, (options, done.stderr)


def an_old_kernel_is_told():
    with tempfile.TemporaryDirectory() as folder:
        env = {**Orders(folder).env, "FOVEA_OLD_KERNEL": "0"}
        with Server(FOVEA, env=env) as server:
            said = server.errors.read_text()
            assert "no seccomp" in said and "no Landlock" in said and said.count("going on without") == 2, said
            assert isolation_of(server) == {"processes": 1, "seccomp": 0, "landlock": 0}
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1
            assert status_of(workers(server)[0])["NoNewPrivs"] == "1"
        done = subprocess.run([FOVEA, "serve", "--port", "0", "--isolation", "required"], capture_output=True, text=True, timeout=ANSWER_S,
                              check=False, env={**os.environ, **env})
        assert done.returncode == 2 and "--isolation required" in done.stderr and "listening" not in done.stderr, done.stderr


def a_kernel_that_is_old_for_a_gpu_is_told():
    """Landlock 5, of Linux 6.10, keeps everything from a worker that has no GPU."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**Orders(folder).env, "FOVEA_OLD_KERNEL": "5"}
        with Server(FOVEA, *GPU, env=env) as server:
            need_filters(server)
            said = server.errors.read_text()
            assert "neither signals nor sockets" in said and said.count("going on without") == 1, said
        done = subprocess.run([FOVEA, "serve", "--port", "0", *GPU, "--isolation", "required"], capture_output=True, text=True,
                              timeout=ANSWER_S, check=False, env={**os.environ, **env})
        assert done.returncode == 2 and "Linux 6.12" in done.stderr and "listening" not in done.stderr, done.stderr
        with Server(FOVEA, "--isolation", "required", env=env) as server:
            assert "going on without" not in server.errors.read_text()


def without_isolation_there_is_one_process():
    with Server(FOVEA, "--isolation", "off") as server:
        assert not children(server.process.pid) and isolation_of(server)["processes"] == 0
        assert len(server.post("/detect", PHOTO).json["faces"]) == 1


# ---------------------------------------------------------------- crashes


def ask_many(server, photos, path):
    """Each photo at once, on a connection of its own. @return answers in their order, which join() waits for"""
    answers = [None] * len(photos)

    def ask(i):
        answers[i] = server.post(path, photos[i])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(photos))]
    for thread in threads:
        thread.start()

    def join():
        for thread in threads:
            thread.join()
        return answers

    return join


def a_killed_worker_loses_no_request():
    for options in (("--workers", "2"), ("--workers", "2", "--processes", "2", "--batch", "4")):
        with Server(FOVEA, *PATIENT, *options) as server:
            expected = server.post(SLOW, PHOTO).json["faces"]
            join = ask_many(server, [PHOTO] * 32, SLOW)
            wait_until(lambda: server.metric("fovea_requests") > 16, "most are here")
            for pid in workers(server):
                os.kill(pid, signal.SIGKILL)
            answers = join()
            assert [(a.status, a.json.get("faces")) for a in answers] == [(200, expected)] * 32
            assert restarts(server) >= 1 and "ended by signal 9" in server.errors.read_text()


def an_idle_worker_that_is_killed_is_started_anew():
    with Server(FOVEA) as server:
        before = workers(server)
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: restarts(server) == 1 and server.get("/v2/health/ready").status == 200, "it is ready again")
        assert workers(server) != before and len(server.post("/detect", PHOTO).json["faces"]) == 1


def only_the_photo_that_crashes_fails():
    with tempfile.TemporaryDirectory() as folder, Server(FOVEA, *PATIENT, "--workers", "2", env=Orders(folder).env) as server:
        expected = server.post("/detect", PHOTO).json["faces"]
        photos = [PHOTO] * 5 + [marked("CRASH BY SEGV")] + [PHOTO] * 5 + [marked("CRASH BY ABORT")] + [PHOTO] * 4
        answers = ask_many(server, photos, "/detect")()
        for photo, answer in zip(photos, answers):
            assert answer.status == (200 if photo == PHOTO else 500), (answer.status, answer.body)
            if photo == PHOTO:
                assert answer.json["faces"] == expected
            else:
                assert "crashed" in answer.error and "signal" in answer.error, answer.error
        assert server.metric("nv_inference_request_failure") == 2 and restarts(server) >= 3


def a_photo_that_takes_for_ever_is_ended():
    with tempfile.TemporaryDirectory() as folder:
        options = ("--queue-time", "600", "--workers", "2", "--batch", "2", "--work-time", "5")
        with Server(FOVEA, *options, env=Orders(folder).env) as server:
            expected = server.post(SMALL, PHOTO).json["faces"]
            photos = [PHOTO] * 3 + [marked("COMPUTE FOR EVER")] + [PHOTO] * 3
            answers = ask_many(server, photos, SMALL)()
            for photo, answer in zip(photos, answers):
                if photo == PHOTO:
                    assert answer.status == 200 and answer.json["faces"] == expected, answer.body
                else:
                    assert answer.status == 500 and "--work-time" in answer.error, answer.body
            assert 1 <= restarts(server) <= 2 and "took longer than 5 s" in server.errors.read_text()


def begin_for_ever(server, orders):
    """A photo that is being looked at, and has no end. @return its answer, which join() waits for"""
    begun = orders.next_photo()
    join = ask_many(server, [marked("COMPUTE FOR EVER")], SMALL)
    begun()
    return lambda: join()[0]


def photos_wait_no_longer_though_all_workers_are_busy():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, "--queue-time", "1", "--workers", "1", "--work-time", "15", env=orders.env) as server:
            join, start = begin_for_ever(server, orders), time.monotonic()
            answers = ask_many(server, [PHOTO] * 100, SMALL)()
            assert time.monotonic() - start < 10, "they had the time of the photo before them"
            assert {(a.status, a.error) for a in answers} == {(503, "the photo waited too long for its turn: ask again later")}
            assert server.metric("fovea_queue_photos") == server.metric("nv_inference_pending_request_count") == 0
            assert join().status == 500 and len(server.post(SMALL, PHOTO).json["faces"]) == 1


def a_photo_is_answered_though_its_process_does_not_end():
    """As one does not that waits for a GPU which is gone. Here nobody ends it: who should is stopped."""
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, "--workers", "2", "--work-time", "4", env=orders.env) as server:
            joins = [begin_for_ever(server, orders) for _ in range(2)]
            os.kill(nursery(server), signal.SIGSTOP)
            try:
                assert [join().status for join in joins] == [500, 500]
                assert server.get("/v2/health/ready").status == 503
            finally:
                os.kill(nursery(server), signal.SIGCONT)
            assert len(server.post(SMALL, PHOTO).json["faces"]) == 1


def others_go_on_beside_photos_that_take_for_ever():
    """The first is ended with its process. One that was in it for long fails, too; one that was not goes on, beside others."""
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, "--queue-time", "600", "--workers", "4", "--work-time", "8", env=orders.env) as server:
            first = begin_for_ever(server, orders)
            time.sleep(0.5)
            second = begin_for_ever(server, orders)
            time.sleep(5.5)
            third, start = begin_for_ever(server, orders), time.monotonic()
            assert "longer than a photo may" in first().error
            assert "more than half of what a photo may" in second().error and time.monotonic() - start < 6
            assert len(server.post(SMALL, PHOTO).json["faces"]) == 1
            assert restarts(server) == 1, "the third goes on"
            assert "longer than a photo may" in third().error and 6 < time.monotonic() - start < 14, "its time was its own, and no more"


def a_suspect_keeps_others_for_their_time_only():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, "--queue-time", "1", "--workers", "2", "--work-time", "15", env=orders.env) as server:
            join, again = begin_for_ever(server, orders), orders.next_photo()
            os.kill(workers(server)[0], signal.SIGKILL)
            again()
            start = time.monotonic()
            answer = server.post(SMALL, PHOTO)
            assert answer.status == 503 and "looks at one photo at a time" in answer.error, answer.body
            assert time.monotonic() - start < 6 and join().status == 500


def threads_of(server):
    """The front's, and the state of each."""
    states = {}
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            states[task.name] = status_of(f"{server.process.pid}/task/{task.name}")["State"][0]
    return states


def a_process_that_ends_while_a_model_is_loaded_speaks_against_no_photo():
    """It may have been the model, also where a suspect was the only photo."""
    with tempfile.TemporaryDirectory() as folder:
        orders, models = Orders(folder), one_model(folder)
        with Server(FOVEA, "--models", models, "--allow-control", "--workers", "2", "--work-time", "10", env=orders.env) as server:
            join, again = begin_for_ever(server, orders), orders.next_photo()
            os.kill(workers(server)[0], signal.SIGKILL)
            again()
            os.kill(workers(server)[0], signal.SIGSTOP)
            threads = threads_of(server)
            loaded, again = ask_many(server, [b""], "/v2/repository/models/one/load"), orders.next_photo()
            wait_until(lambda: "S" in [state for thread, state in threads_of(server).items() if thread not in threads],
                       "the worker is waited for that is to load it")
            os.kill(workers(server)[0], signal.SIGKILL)
            again()
            assert "longer than a photo may" in join().error and loaded()[0].status == 200


def a_server_stops_though_a_photo_takes_for_ever():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, "--work-time", "0.5", "--drain-time", "0", env=orders.env) as server:
            join = begin_for_ever(server, orders)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(ANSWER_S) == 0 and join().status == 500


def one_of_a_form_that_crashes_is_told_in_its_place():
    with tempfile.TemporaryDirectory() as folder, Server(FOVEA, "--batch", "4", env=Orders(folder).env) as server:
        headers, body = form(("p", "a.png", PHOTO), ("p", "b.png", marked("CRASH BY EXIT")), ("p", "c.png", PHOTO))
        photos = server.post("/detect", body, headers=headers).json["photos"]
        assert [len(p.get("faces", ())) for p in photos] == [1, 0, 1] and "b.png" in photos[1]["error"]


def a_signal_for_all_processes_ends_the_front_alone():
    """As systemd ends a service, and a terminal what runs in it."""
    with Server(FOVEA, *PATIENT, "--workers", "1") as server:
        expected = server.post(SLOW, PHOTO).json["faces"]
        join = ask_many(server, [PHOTO] * 8, SLOW)
        own, before = 1, 1  # the request for metrics, and that for what is expected
        wait_until(lambda: server.metric("nv_inference_request_success") - before + server.metric("fovea_requests") - own >= 8, "all are here")
        for pid in (*workers(server), nursery(server), server.process.pid):
            os.kill(pid, signal.SIGTERM)
        assert [(a.status, a.json.get("faces")) for a in join()] == [(200, expected)] * 8
        assert server.process.wait(ANSWER_S) == 0 and "started anew" not in server.errors.read_text()


def a_file_that_is_replaced_is_loaded_anew():
    with tempfile.TemporaryDirectory() as folder:
        model, other = Path(folder) / "one.fov", Path(folder) / "two.safetensors"
        shutil.copy(SOURCE / "models/fovea_mnet025.fov", model)
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", other)
        with Server(FOVEA, "-m", f"one={model}", "--allow-control") as server:
            assert server.get("/models").json["models"][0]["precision"] == "mixed"
            os.replace(other, model)
            assert server.post("/v2/repository/models/one/load").status == 200
            assert server.get("/models").json["models"][0]["precision"] == "fp32"
            model.write_bytes(b"")
            os.kill(workers(server)[0], signal.SIGKILL)
            assert server.post("/detect", PHOTO).json["precision"] == "fp32", "as it was when it was loaded"


def single_files_may_be_many():
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{i}.safetensors" for i in range(70)]
        for file in files:
            shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", file)
        with Server(FOVEA, *(f"--model={file}" for file in files)) as server:
            assert len(server.post("/detect?model=69", PHOTO).json["faces"]) == 1


def settings_that_cannot_be_read_are_not_passed_over():
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as elsewhere:
        model = Path(folder) / "one.safetensors"
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", model)
        (Path(folder) / "one.safetensors.settings").symlink_to(elsewhere.name)
        with Server(FOVEA, "-m", model):
            pass  # what a single file's link leads to may be read
        done = subprocess.run([FOVEA, "serve", "--port", "0", "--models", folder, "--isolation", "required"], capture_output=True, text=True,
                              timeout=ANSWER_S, check=False)
        if done.returncode == 2:
            raise Skip(f"the kernel cannot keep files from it: {done.stderr}")
        assert done.returncode == 3 and "one.safetensors.settings: cannot open" in done.stderr, done.stderr


def a_model_is_loaded_though_its_worker_is_killed():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", Path(folder) / "one.safetensors")
        with Server(FOVEA, "--models", folder, "--allow-control") as server:
            for i in range(6):
                begun = ask_many(server, [b""], "/v2/repository/models/one/load")
                time.sleep(0.004 * i)
                os.kill(workers(server)[0], signal.SIGKILL)
                assert begun()[0].status == 200
                assert len(server.post("/detect", PHOTO).json["faces"]) == 1


def a_model_that_takes_for_ever_to_load_is_ended():
    """As one that was taken over, a worker that is stopped says nothing more."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", Path(folder) / "one.safetensors")
        with Server(FOVEA, "--models", folder, "--allow-control", "--load-time", "5") as server:
            os.kill(workers(server)[0], signal.SIGSTOP)
            answer = server.post("/v2/repository/models/one/load")
            assert answer.status == 500 and "longer than 5 s" in answer.error and "--load-time" in answer.error, answer.body
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1
            assert server.post("/v2/repository/models/one/load").status == 200


def a_worker_is_started_anew_while_a_model_is_loaded_into_another():
    """Before it was its turn, and once it has the model, which it then has anew."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", Path(folder) / "one.safetensors")
        for second_stops in (False, True):
            with Server(FOVEA, "--models", folder, "--allow-control", "--processes", "2", "--workers", "1", "--load-time", "600",
                        "--drain-time", "0.1") as server:
                pids = in_their_order(server)
                stopped, other = pids[second_stops], pids[not second_stops]
                os.kill(stopped, signal.SIGSTOP)
                join = ask_many(server, [b""], "/v2/repository/models/one/load")
                wait_until(lambda: server.metric("fovea_requests") == 2, "it is here")
                wait_until_idle(other)
                os.kill(other, signal.SIGKILL)
                wait_until(lambda: restarts(server) == 2 and server.metric("fovea_worker_processes") == 2, "it is up again")
                os.kill(stopped, signal.SIGCONT)
                assert join()[0].status == 200
                assert [a.status for a in ask_many(server, [PHOTO] * 16, SMALL)()] == [200] * 16 and restarts(server) == 2


def wait_until_idle(pid):
    """Or until it had no processor for a while, on a busy machine."""
    used = None
    while used != (used := Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]):
        time.sleep(0.3)


def in_their_order(server):
    """Both workers: the log tells which one it was that ended."""
    kept, ended = workers(server)
    os.kill(ended, signal.SIGKILL)
    wait_until(lambda: restarts(server) == 1 and server.metric("fovea_worker_processes") == 2, "it is up again")
    anew = next(pid for pid in workers(server) if pid != kept)
    return (anew, kept) if "worker process 1 ended" in server.errors.read_text() else (kept, anew)


def a_server_stops_though_models_are_being_loaded():
    """The one that is, into a worker that says nothing, and those that wait for it."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", Path(folder) / "one.safetensors")
        with Server(FOVEA, "--models", folder, "--allow-control", "--load-time", "600", "--drain-time", "0.1") as server:
            os.kill(workers(server)[0], signal.SIGSTOP)
            join = ask_many(server, [b""] * 3, "/v2/repository/models/one/load")
            wait_until(lambda: server.metric("fovea_requests") == 4, "all are here")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(ANSWER_S) == 0
            assert [(a.status, a.headers["Retry-After"]) for a in join()] == [(503, "1")] * 3


def a_server_stops_though_a_process_does_not_end():
    """As one does not that waits for a GPU which is gone. Here nobody ends it: who should is stopped."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", Path(folder) / "one.safetensors")
        with Server(FOVEA, "--models", folder, "--allow-control", "--drain-time", "0.1") as server:
            pids = nursery(server), workers(server)[0]
            os.kill(pids[0], signal.SIGSTOP)
            try:
                os.kill(pids[1], signal.SIGKILL)
                wait_until(lambda: server.get("/v2/health/ready").status == 503, "it is seen that it ended")
                join = ask_many(server, [b""], "/v2/repository/models/one/load")
                wait_until(lambda: server.metric("fovea_requests") == 2, "it is here")
                server.process.send_signal(signal.SIGTERM)
                assert join()[0].status == 503 and server.process.wait(ANSWER_S) == 0
                assert "does not end: it is left" in server.errors.read_text()
            finally:
                os.kill(pids[0], signal.SIGCONT)
            wait_until(lambda: not is_alive(pids[0]), "nobody is left once it can end")


def nothing_is_loaded_once_it_stops():
    """Nor unloaded: libmicrohttpd ends the program where a request waits while it is stopped itself."""
    with tempfile.TemporaryDirectory() as folder:
        orders, models = Orders(folder), one_model(folder)
        with Server(FOVEA, "--models", models, "--allow-control", "--work-time", "3", env=orders.env) as server:
            idle = server.connect()
            assert server.get("/v2/health/ready", connection=idle).status == 200
            join = begin_for_ever(server, orders)
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "stopping" in server.errors.read_text(), "it stops")
            assert server.post("/v2/repository/models/one/unload", connection=idle).status == 503
            assert join().status == 500 and server.process.wait(ANSWER_S) == 0


def a_worker_that_talks_nonsense_is_ended():
    with tempfile.TemporaryDirectory() as folder, Server(FOVEA, env=Orders(folder).env) as server:
        answer = server.post("/detect", marked("SAY NONSENSE"))
        assert answer.status == 500 and "crashed" in answer.error, answer.body
        wait_until(lambda: restarts(server) == 2, "it was ended twice")
        assert len(server.post("/detect", PHOTO).json["faces"]) == 1


def a_worker_can_neither_forge_the_log_nor_fill_it():
    with tempfile.TemporaryDirectory() as folder, Server(FOVEA, env={**Orders(folder).env, "SECRET": "of the front's"}) as server:
        assert server.post("/detect", marked("PRINT FORGERY")).status == 200
        wait_until(lambda: "worker: secret" in server.errors.read_text(), "it was printed")
        said = server.errors.read_text()
        assert "fovea: worker: ?[2J?2Kall is well\n" in said and "\nfovea: worker: secret: (null)\n" in said, said
        assert server.post("/detect", marked("PRINT MUCH")).status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(ANSWER_S) == 0
        said = server.errors.read_text()
        assert 900 < said.count("worker: line ") <= 1000 and re.search(r"worker: 40\d\d more lines left out", said), said[-500:]


def a_worker_that_cannot_start_is_given_up():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, env=orders.env, expect_code=5) as server:
            orders.fail_starts(True)
            os.kill(workers(server)[0], signal.SIGKILL)
            assert server.process.wait(ANSWER_S) == 5
            said = server.errors.read_text()
            assert "5 times in a row: given up" in said and said.count("started anew") == 5, said


def clients_take_no_descriptors_that_others_need():
    """Fewer than there may be connections: who waits is let in, and a worker can be started anew."""
    few, workers_here = ("sh", "-c", 'ulimit -n 100; exec "$@"', "sh"), ("--workers", "2")  # each has a descriptor, on any machine
    with Server(FOVEA, *workers_here, prefix=few) as server, contextlib.ExitStack() as idle:
        assert re.search(r"--max-connections 512: there are descriptors for \d\d ", server.errors.read_text())
        for _ in range(150):
            idle.enter_context(socket.create_connection((server.host, server.port), ANSWER_S))
        assert server.ask("GET", "/v2", connection=server.connect(20)).status == 200
        os.kill(workers(server)[0], signal.SIGKILL)
        assert len(server.post("/detect", PHOTO).json["faces"]) == 1 and restarts(server) == 1
    more = ("sh", "-c", 'ulimit -Sn 100; exec "$@"', "sh")
    with Server(FOVEA, *workers_here, prefix=more) as server:
        assert "descriptors" not in server.errors.read_text(), "the limit is raised as far as it may be"


def models_take_no_descriptors_that_others_need():
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as idle:
        few, names = ("sh", "-c", 'ulimit -n 80; exec "$@"', "sh"), [f"m{i:02}" for i in range(60)]
        shutil.copy(SOURCE / "models/fovea_mnet025.fov", Path(folder) / "first.fov")
        with Server(FOVEA, "--models", folder, "--allow-control", "--workers", "1", prefix=few) as server:
            for name in names:
                shutil.copy(SOURCE / "models/fovea_mnet025.fov", Path(folder) / f"{name}.fov")
            for _ in range(100):
                idle.enter_context(socket.create_connection((server.host, server.port), ANSWER_S))
            answers = [server.post(f"/v2/repository/models/{name}/load", connection=server.connect(20)) for name in names]
            assert {a.status for a in answers[:10]} == {200} and "ulimit -n" in answers[-1].error, answers[-1].body
            os.kill(workers(server)[0], signal.SIGKILL)
            assert len(server.post("/detect", PHOTO).json["faces"]) == 1 and restarts(server) == 1


def another_goes_on_for_one_that_is_given_up():
    with tempfile.TemporaryDirectory() as folder:
        orders, models = Orders(folder), one_model(folder)
        with Server(FOVEA, "--processes", "2", "--workers", "1", "--models", models, "--allow-control", env=orders.env) as server:
            orders.fail_starts(True)
            os.kill(workers(server)[0], signal.SIGKILL)
            wait_until(lambda: server.get("/v2/health/live").status == 503, "it is given up")
            assert server.get("/v2/health/ready").status == 200 and server.metric("fovea_worker_processes") == 1
            statuses = [server.post("/detect", PHOTO).status for _ in range(8)]
            assert statuses.count(200) >= 7 and set(statuses) <= {200, 503}, statuses  # its thread may have waited for a photo already
            assert server.post("/v2/repository/models/one/load").status == 200
            assert 200 in [server.post("/detect", PHOTO).status for _ in range(2)]


def one_that_is_given_up_leaves_photos_to_one_that_is_being_started():
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(folder)
        with Server(FOVEA, "--processes", "2", "--workers", "1", env=orders.env) as server:
            orders.fail_starts(True)
            os.kill(workers(server)[0], signal.SIGKILL)
            wait_until(lambda: server.get("/v2/health/live").status == 503, "it is given up")
            orders.fail_starts(False)
            ask_many(server, [PHOTO] * 8, SMALL)()  # its thread may have waited for a photo already
            pids = nursery(server), workers(server)[0]
            os.kill(pids[0], signal.SIGSTOP)
            try:
                os.kill(pids[1], signal.SIGKILL)
                wait_until(lambda: server.get("/v2/health/ready").status == 503, "the other is being started anew")
                join = ask_many(server, [PHOTO] * 4, SMALL)
                wait_until(lambda: server.metric("fovea_requests") == 5, "they wait")
            finally:
                os.kill(pids[0], signal.SIGCONT)
            assert [answer.status for answer in join()] == [200] * 4


def without_its_nursery_a_server_ends():
    with Server(FOVEA, expect_code=5) as server:
        ends = [nursery(server), *workers(server)]
        os.kill(ends[0], signal.SIGKILL)
        assert server.process.wait(ANSWER_S) == 5
        wait_until(lambda: not any(is_alive(pid) for pid in ends), "nobody is left")


def is_alive(pid):
    return Path(f"/proc/{pid}").exists() and status_of(pid)["State"][0] != "Z"


def nobody_outlives_a_server_that_is_killed():
    with Server(FOVEA, expect_code=-signal.SIGKILL) as server:
        left = [nursery(server), *workers(server)]
        server.process.kill()
        server.process.wait(ANSWER_S)
        wait_until(lambda: not any(is_alive(pid) for pid in left), "nobody is left")


def a_worker_with_little_memory_refuses_a_large_photo():
    if not CRASHING:
        raise Skip("a sanitizer's memory is no measure")
    large = "/detect?size=2048x2048"
    with Server(FOVEA, "--workers", "1", "--worker-memory", "48") as server:
        answer = server.post(large, PHOTO)
        assert answer.status == 500 and "memory" in answer.error, answer.body
        assert len(server.post("/detect?size=long:320", PHOTO).json["faces"]) == 1


def crashes_leave_nothing_behind():
    if os.getuid() != 0:
        raise Skip("needs root, to count the descriptors of processes that nobody else may look into")
    with Server(FOVEA, "--workers", "2") as server:
        pids = (server.process.pid, nursery(server))

        def descriptors():
            return [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids]

        def crash(count):
            for _ in range(count):
                os.kill(workers(server)[0], signal.SIGKILL)
                assert len(server.post("/detect?size=long:160", PHOTO).json["faces"]) == 1

        crash(5)
        before, memory = descriptors(), server.resident()
        crash(200)
        # a connection that was just being closed may have been counted before
        wait_until(lambda: all(now <= then for now, then in zip(descriptors(), before)), "no descriptor is left")
        assert restarts(server) >= 200
        if CRASHING:  # a sanitizer's memory is no measure
            assert server.resident() - memory < 2 << 20, server.resident() - memory


TESTS = [every_process_is_confined, threads_of_a_driver_are_confined, nothing_is_inherited, what_a_worker_may_not_do_is_refused,
         what_the_front_may_not_do_is_refused, what_a_worker_with_a_gpu_may_not_do_is_refused, what_others_call_a_service_of_the_gpu_is_none,
         of_devices_a_worker_has_its_gpus,
         what_a_nursery_may_not_do_is_refused, a_kernel_that_is_old_for_a_gpu_is_told, root_becomes_another, what_cannot_be_is_told, an_old_kernel_is_told,
         without_isolation_there_is_one_process, a_killed_worker_loses_no_request, an_idle_worker_that_is_killed_is_started_anew,
         only_the_photo_that_crashes_fails, a_photo_that_takes_for_ever_is_ended, photos_wait_no_longer_though_all_workers_are_busy,
         a_photo_is_answered_though_its_process_does_not_end,
         others_go_on_beside_photos_that_take_for_ever, a_suspect_keeps_others_for_their_time_only, a_process_that_ends_while_a_model_is_loaded_speaks_against_no_photo, a_server_stops_though_a_photo_takes_for_ever,
         one_of_a_form_that_crashes_is_told_in_its_place, a_signal_for_all_processes_ends_the_front_alone,
         a_file_that_is_replaced_is_loaded_anew, single_files_may_be_many, settings_that_cannot_be_read_are_not_passed_over,
         a_model_is_loaded_though_its_worker_is_killed,
         a_model_that_takes_for_ever_to_load_is_ended, a_worker_is_started_anew_while_a_model_is_loaded_into_another,
         a_server_stops_though_models_are_being_loaded, a_server_stops_though_a_process_does_not_end,
         nothing_is_loaded_once_it_stops, a_worker_that_talks_nonsense_is_ended,
         a_worker_can_neither_forge_the_log_nor_fill_it,
         a_worker_that_cannot_start_is_given_up, clients_take_no_descriptors_that_others_need,
         models_take_no_descriptors_that_others_need, another_goes_on_for_one_that_is_given_up,
         one_that_is_given_up_leaves_photos_to_one_that_is_being_started, without_its_nursery_a_server_ends,
         nobody_outlives_a_server_that_is_killed, a_worker_with_little_memory_refuses_a_large_photo, crashes_leave_nothing_behind]

if __name__ == "__main__":
    sys.exit(run(TESTS))
