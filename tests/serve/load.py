#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many clients at once: nothing is lost or mixed up, more than the server can take is refused at once and it recovers, what was
begun is finished when it stops or a model is unloaded. TAP on stdout.

usage: load.py SOURCE_DIR FOVEA
"""
import collections
import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from pictures import Picture
from serving import ANSWER_S, Answer, Server, form, read_all, run, wait_until

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
PHOTO = (SOURCE / "photos/astronaut.png").read_bytes()
ENGINE = SOURCE / "models/fovea_mnet025.fov"
SLOW = "/detect?size=1024x1024"  # about a tenth of a second, where nothing else runs
PATIENT = ("--queue-time", "600", "--drain-time", "600", "--work-time", "600")  # where much else does
SHADOW = 5 if b"__tsan_init" in FOVEA.read_bytes() else 1  # ThreadSanitizer keeps four bytes about each


def different_photos(count):
    """(bytes, record of the program) of photos that all have other sizes and faces."""
    picture = Picture(PHOTO)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            part = picture.part(3 * i, 2 * i, 400 - 5 * i, 300 - 3 * i)
            (Path(folder) / f"{i:02}.png").write_bytes(part)
        done = subprocess.run([FOVEA, "detect", "-q", "--json", folder], check=True, capture_output=True)
        records = json.loads(done.stdout)
        photos = [(Path(record.pop("file")).read_bytes(), record) for record in records]
    assert len({json.dumps(record) for _, record in photos}) == count and all(record["faces"] for _, record in photos)
    return photos


def in_parallel(count, work):
    """work(i) in `count` threads; what they return, and the first exception is raised."""
    results, failures = [None] * count, []

    def one(i):
        try:
            results[i] = work(i)
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]
    return results


def each_of_64_clients_gets_its_own_faces():
    photos = different_photos(16)

    def client(i):
        connection = server.connect()
        for round_ in range(2):
            photo, expected = photos[(i + 5 * round_) % len(photos)]
            answer = server.post("/detect", photo, connection=connection)
            assert answer.status == 200, f"{answer.status} {answer.body}"
            assert {name: answer.json[name] for name in expected} == expected, f"client {i}, round {round_}"
        connection.close()

    for options in ((), ("--workers", "3", "--batch", "8", "--batch-delay", "5", "--io-threads", "3")):
        with Server(FOVEA, *PATIENT, *options) as server:
            in_parallel(64, client)
            assert server.metric("nv_inference_count") == 2 * 64
            assert server.metric("nv_inference_request_success") == 2 * 64
            wait_until(lambda: server.metric("fovea_connections") == 1, "connections are closed")


def a_full_queue_refuses_and_recovers():
    with Server(FOVEA, *PATIENT, "--workers", "1", "--queue", "4") as server:
        expected, before = server.post(SLOW, PHOTO).json["faces"], server.resident()

        def client(_):
            answers = []
            for _ in range(6):
                answer = server.post(SLOW, PHOTO)
                assert answer.status == 200 or (answer.status == 503 and answer.headers["Retry-After"] == "1" and answer.error), answer.body
                assert answer.status == 503 or answer.json["faces"] == expected
                answers.append(answer.status)
            return answers

        count = collections.Counter(sum(in_parallel(32, client), []))
        assert count[200] >= 4 and count[503] >= 4, count
        assert server.metric("nv_inference_request_failure") == count[503]
        assert server.metric("fovea_body_bytes") == server.metric("fovea_queue_photos") == 0
        grown = (server.resident() - before) / SHADOW
        assert grown < 96 << 20, f"{grown} bytes more, and all bodies together had {sum(count.values()) * len(PHOTO)}"
        assert [server.post("/detect", PHOTO).status for _ in range(5)] == [200] * 5


def a_large_answer_keeps_nobody_waiting():
    """160,000 faces, and half of the time they take is that to print them: not in the thread that all clients share."""
    picture = Picture(PHOTO).part(0, 0, 16, 16)
    headers, photos = form(*(("photo", f"{i}.png", picture) for i in range(32)))
    with Server(FOVEA, *PATIENT, "--workers", "1", "--io-threads", "1") as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
        connection, waits, start = server.connect(), [], time.monotonic()
        large = pool.submit(server.post, "/detect?score=0&nms=1&max_faces=5000&size=352x352", photos, headers=headers)
        while not large.done():
            asked = time.monotonic()
            assert server.get("/v2/health/live", connection=connection).status == 200
            waits.append(time.monotonic() - asked)
            time.sleep(0.01)
        whole = time.monotonic() - start
        assert large.result().status == 200 and len(large.result().body) > 16 << 20
        assert max(waits) < whole / 5, f"{max(waits):.2f} s of {whole:.2f}"


def photos_do_not_wait_forever():
    with Server(FOVEA, "--workers", "1", "--queue-time", "0.15") as server:
        statuses = collections.Counter(in_parallel(16, lambda _: server.post(SLOW, PHOTO).status))
        assert statuses[200] >= 1 and statuses[503] >= 1 and sum(statuses.values()) == 16, statuses
        assert server.post("/detect", PHOTO).status == 200
        assert server.metric("nv_inference_request_failure") == statuses[503]


def photos_that_wait_for_others_keep_time_for_themselves():
    with Server(FOVEA, "--batch", "4", "--batch-delay", "10000", "--queue-time", "8", "--io-threads", "1") as server:
        start = time.monotonic()
        assert server.post("/detect", PHOTO).status == 200
        assert 3 < time.monotonic() - start < 8


def begin(server, path=SLOW):
    """A connection whose request was sent, and whose answer was not read."""
    connection = server.connect()
    connection.request("POST", path, PHOTO)
    return connection


def what_was_begun_is_finished_when_it_stops():
    for number in (signal.SIGTERM, signal.SIGHUP):
        check_end(number)


def check_end(number):
    with Server(FOVEA, *PATIENT, "--workers", "1") as server:
        idle = server.connect()
        assert server.get("/v2/health/ready", connection=idle).status == 200
        expected = server.post(SLOW, PHOTO).json["faces"]
        begun = [begin(server) for _ in range(12)]
        wait_until(lambda: server.metric("fovea_requests") > 6, "most are here")
        server.process.send_signal(number)
        wait_until(lambda: refuses(server), "nobody new is let in")
        ready = server.get("/v2/health/ready", connection=idle)
        assert ready.status == 503 and ready.headers["Connection"] == "close"
        for connection in begun:
            answer = Answer(connection.getresponse())
            assert answer.status == 200 and answer.json["faces"] == expected
        assert answer.headers["Connection"] == "close"
        assert server.process.wait(ANSWER_S) == 0
        assert "requests to finish" in server.errors.read_text()


def refuses(server):
    try:
        socket.create_connection((server.host, server.port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def what_takes_too_long_is_refused_when_it_stops():
    with Server(FOVEA, "--workers", "1", "--drain-time", "0.1") as server:
        begun = [begin(server) for _ in range(20)]
        wait_until(lambda: server.metric("fovea_requests") > 15, "most are here")
        server.process.send_signal(signal.SIGTERM)
        statuses = collections.Counter(Answer(connection.getresponse()).status for connection in begun)
        assert statuses[503] >= 1 and sum(statuses.values()) == 20, statuses
        assert server.process.wait(ANSWER_S) == 0


def a_second_signal_ends_the_wait():
    with Server(FOVEA, *PATIENT, "--workers", "1", expect_code=128 + signal.SIGINT) as server:
        begun = [begin(server) for _ in range(40)]
        wait_until(lambda: server.metric("fovea_requests") > 30, "most are here")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        server.process.send_signal(signal.SIGINT)
        server.process.wait(ANSWER_S)
        for connection in begun:
            connection.close()


def hanging_up_is_ignored_under_nohup():
    with Server(FOVEA, prefix=("sh", "-c", 'trap "" HUP; exec "$@"', "sh")) as server:
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.6)
        assert server.post("/detect", PHOTO).status == 200 and server.process.poll() is None


def connections_have_a_limit():
    """One more than that many, for each thread that lets them in: connections with a request are not ended for others."""
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(PHOTO)
    with Server(FOVEA, "--max-connections", "2") as server:
        taken = []
        for _ in range(3):
            taken.append(socket.create_connection((server.host, server.port), ANSWER_S))
            taken[-1].sendall(head)
        assert not answers(server)
        for s in taken:
            s.sendall(PHOTO)
            assert read_all(s).startswith(b"HTTP/1.1 200")
            s.close()
        assert answers(server), "there is room again"


def connections_of_one_client_have_a_limit():
    with Server(FOVEA, "--max-per-client", "2") as server:
        first, second = server.connect(), server.connect()
        assert server.get("/v2", connection=first).status == server.get("/v2", connection=second).status == 200
        assert not answers(server)
        other = http.client.HTTPConnection(server.host, server.port, timeout=ANSWER_S, source_address=("127.0.0.2", 0))
        assert server.get("/v2", connection=other).status == 200, "another client has its own"
        first.close()
        wait_until(lambda: answers(server), "there is room again")


def answers(server):
    try:
        return server.ask("GET", "/v2", connection=server.connect(timeout=1)).status == 200
    except (TimeoutError, OSError, http.client.HTTPException):
        return False


def models_change_while_requests_run():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("one", "two"):
            shutil.copy(ENGINE, Path(folder) / f"{name}.fov")
        with Server(FOVEA, "--models", folder, "--allow-control") as server:
            stop = threading.Event()

            def client(i):
                statuses = collections.Counter()
                while not stop.is_set():
                    answer = server.post(f"/detect?model={('one', 'two')[i % 2]}", PHOTO)
                    assert answer.status in ((200,) if i % 2 else (200, 404)), answer.body
                    assert answer.status == 404 or len(answer.json["faces"]) == 1
                    statuses[answer.status] += 1
                return statuses

            def change(_):
                for _ in range(10):
                    for what, ready in (("unload", 404), ("load", 200)):
                        assert server.post(f"/v2/repository/models/one/{what}").status == 200
                        assert server.get("/v2/models/one/ready").status == ready
                stop.set()

            statuses = in_parallel(7, lambda i: change(i) if i == 6 else client(i))
            assert all(s[200] for s in statuses[:6]) and server.metric("nv_inference_pending_request_count") == 0
            check_new_and_broken_versions(server, Path(folder))


def check_new_and_broken_versions(server, folder):
    (folder / "three/1").mkdir(parents=True)
    shutil.copy(ENGINE, folder / "three/1/model.fov")
    assert server.post("/v2/repository/models/three/load").status == 200
    assert server.post("/detect?model=three", PHOTO).json["model"] == "three"
    (folder / "one.fov").write_bytes(ENGINE.read_bytes()[:1000])
    broken = server.post("/v2/repository/models/one/load")
    assert broken.status == 500 and "one.fov" in broken.error
    assert server.post("/detect?model=one", PHOTO).status == 200, "the engine that was loaded goes on"
    assert server.post("/v2/repository/models/one/load", b'{"parameters": {"config": "{}"}}').status == 400
    assert server.post("/v2/repository/models/nobody/load").status == 404
    server.post("/v2/repository/models/one/unload")
    assert server.post("/v2/repository/models/one/load").status == 500
    assert server.get("/v2/health/ready").status == 503
    states = {m["name"]: m["state"] for m in server.post("/v2/repository/index").json}
    assert states == {"one": "UNAVAILABLE", "two": "READY", "three": "READY"}


def a_version_that_cannot_be_loaded_keeps_no_other_from_it():
    with tempfile.TemporaryDirectory() as folder:
        versions = [Path(folder) / "one" / str(version) for version in (1, 2)]
        versions[0].mkdir(parents=True)
        shutil.copy(ENGINE, versions[0] / "model.fov")
        with Server(FOVEA, "--models", folder, "--allow-control") as server:
            versions[0].rename(versions[1])
            answer = server.post("/v2/repository/models/one/load")
            assert answer.status == 500 and "1/model.fov" in answer.error, answer.body
            assert server.get("/v2/models/one").json["versions"] == ["1", "2"], "what is gone goes on, what came is there"
            assert server.post("/detect?model=one", PHOTO).json["version"] == "2"


def a_version_that_is_not_loaded_any_more_is_told():
    """The one that is being loaded, from a pipe, has its time, for there is no process to end; the next is not begun."""
    with tempfile.TemporaryDirectory() as folder:
        models = [Path(folder) / "one" / str(version) / "model.fov" for version in (1, 2)]
        for model in models:
            model.parent.mkdir(parents=True)
        shutil.copy(ENGINE, models[0])
        options = ("--models", folder, "--allow-control", "--isolation", "off", "--drain-time", "0.1")
        with Server(FOVEA, *options) as server, concurrent.futures.ThreadPoolExecutor() as pool:
            models[0].unlink()
            os.mkfifo(models[0])
            shutil.copy(ENGINE, models[1])
            answer = pool.submit(server.post, "/v2/repository/models/one/load")
            with models[0].open("wb") as pipe:  # it is being read
                threads = Path(f"/proc/{server.process.pid}/task")
                before = len(list(threads.iterdir()))
                server.process.send_signal(signal.SIGTERM)
                wait_until(lambda: len(list(threads.iterdir())) < before, "its workers end")
                waits = waits_of(server.process.pid)
                wait_until(lambda: waits_of(server.process.pid) > waits + 50, "it waits for what is being loaded alone")
                pipe.write(ENGINE.read_bytes())
            assert answer.result().status == 503 and server.process.wait(ANSWER_S) == 0


def listening_through(ready, *options):
    """A server that is about to write its address into a full pipe."""
    server = Server(FOVEA)
    with server.errors.open("wb") as errors:
        server.process = subprocess.Popen([FOVEA, "serve", "--port", "0", "--ready-file", ready, *options], stderr=errors)
    wait_until(lambda: "listening on" in server.errors.read_text(), "it listens")
    server.scheme, server.host, server.port = re.search(r"(http)://(.*):(\d+)", server.errors.read_text()).groups()
    return server


def nothing_begins_where_a_server_cannot_tell_its_address():
    """It ends then; libmicrohttpd would end the program where a request waits while it is stopped itself."""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor() as pool:
        ready, model = Path(folder) / "ready", Path(folder) / "one.fov"
        os.mkfifo(ready)
        ends = os.open(ready, os.O_RDONLY | os.O_NONBLOCK), os.open(ready, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(ends[1], bytes(4096))
        shutil.copy(ENGINE, model)
        server = listening_through(ready, "--models", folder, "--allow-control", "--isolation", "off")
        model.unlink()
        os.mkfifo(model)
        loaded = pool.submit(server.post, "/v2/repository/models/one/load")
        with model.open("wb") as pipe:  # what it waits for before it ends
            threads = Path(f"/proc/{server.process.pid}/task")
            before = len(list(threads.iterdir()))
            for end in ends:
                os.close(end)
            wait_until(lambda: len(list(threads.iterdir())) < before, "its workers end")
            answer = pool.submit(server.post, "/v2/repository/models/one/unload")
            wait_until(answer.done, "it is refused")
            pipe.write(ENGINE.read_bytes())
        assert answer.result().status == 503 and server.process.wait(ANSWER_S) == 4
        with contextlib.suppress(http.client.RemoteDisconnected, ConnectionResetError):  # it may end before the answer is out
            assert loaded.result().status == 200


def waits_of(pid):
    """How often its first thread has waited."""
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", Path(f"/proc/{pid}/task/{pid}/status").read_text(), re.M)[1])


TESTS = [each_of_64_clients_gets_its_own_faces, a_full_queue_refuses_and_recovers, a_large_answer_keeps_nobody_waiting, photos_do_not_wait_forever,
         photos_that_wait_for_others_keep_time_for_themselves,
         what_was_begun_is_finished_when_it_stops, what_takes_too_long_is_refused_when_it_stops, a_second_signal_ends_the_wait,
         hanging_up_is_ignored_under_nohup, connections_have_a_limit, connections_of_one_client_have_a_limit, models_change_while_requests_run,
         a_version_that_cannot_be_loaded_keeps_no_other_from_it, a_version_that_is_not_loaded_any_more_is_told,
         nothing_begins_where_a_server_cannot_tell_its_address]

if __name__ == "__main__":
    sys.exit(run(TESTS))
