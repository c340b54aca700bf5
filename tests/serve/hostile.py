#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of the server, by raw HTTP, when clients leave, ask for too much together, or send what is odd; bad input by itself is
the table of bad_input.py. TAP on stdout.

usage: hostile.py SOURCE_DIR FOVEA
"""
import concurrent.futures
import contextlib
import json
import random
import socket
import sys
import time
from pathlib import Path

from pictures import bomb, png
from serving import Server, Skip, form, read_all, run, wait_until

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
PHOTO = (SOURCE / "photos/astronaut.png").read_bytes()
SERVER = None
PATIENCE_S = 600  # sanitizers on busy machines


def still_serves(server=None):
    answer = (server or SERVER).post("/detect", PHOTO)
    assert answer.status == 200 and len(answer.json["faces"]) == 1


def status_of(raw):
    """Of the answer to bytes; 0 where the server only closed."""
    line = raw.split(b"\r\n", 1)[0].split()
    return int(line[1]) if len(line) > 1 and line[0].startswith(b"HTTP/") else 0


def photos_that_are_damaged():
    damaged = bytearray(PHOTO)
    rng = random.Random(1)
    for _ in range(60):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        assert SERVER.post("/detect", bytes(damaged)).status in (200, 400, 413, 415)
    still_serves()


def bombs_are_refused_before_they_are_decoded():
    trap = bomb(30000)
    before = SERVER.resident()
    for _ in range(3):
        answer = SERVER.post("/detect", trap)
        assert answer.status == 413 and "30000" in answer.error, answer.body
    assert SERVER.resident() - before < 64 << 20


def tiles_are_counted_together():
    """The limits' proportions are as by default, where 48 million pixels in tiles of 640 are within them: 32 times --max-input."""
    with Server(FOVEA, "--max-input", str(320 * 320)) as server:
        photo = png(1280, 960, bytes(1280 * 3 + 1) * 960)
        assert server.post("/detect?size=tiles:320", photo).status == 200
        answer = server.post("/detect?size=tiles:64", photo)
        assert answer.status == 413 and "3276800" in answer.error and "--max-input" in answer.error, answer.body
    with Server(FOVEA, "--size", "tiles:640", "--tile-scale", "8") as server:
        answer = server.post("/detect", photo)
        assert answer.status == 413 and "--max-input" in answer.error, answer.body


def forms_that_are_odd_but_whole():
    """Names in quotes, text before the first part and blanks behind a boundary, files that are empty; each is one photo."""
    for disposition, name in (('form-data; name="filename=x"; filename="a;b.png"', "a;b.png"), ('form-data; filename=plain.png; name=a', "plain.png"),
                              (r'form-data; name="a"; filename="say \"hi\".png"', 'say "hi".png'), (r'form-data; name="a"; filename="C:\a\b.png"', r"C:\a\b.png"),
                              ('FORM-DATA;name="a";FileName="big.png"', "big.png"), ('form-data; name="a"; filename="open', "open")):
        part = f"preamble\r\n--limit  \r\nContent-Type: image/png\r\ncontent-disposition: {disposition}\r\n\r\n".encode() + PHOTO
        answer = SERVER.post("/detect", part + b"\r\n--limit--\r\nepilogue", headers={"Content-Type": 'Multipart/Form-Data; charset=x; boundary="limit"'})
        assert answer.status == 200 and answer.json["file"] == name, f"{disposition}: {answer.body}"
    for file in ("b.png", "a.png"):
        headers, body = form(("photo", "a.png", b""), ("photo", file, b""), ("photo", "c.png", PHOTO))
        assert [p["file"] for p in SERVER.post("/detect", body, headers=headers).json["photos"]] == ["a.png", file, "c.png"]
    empty, more = (len(form(*files)[1]) for files in ((("photo", "a", b""),), (("photo", "a", b""), ("photo", "b", b""))))
    for end in range(-6, 7):  # of the second part's headers, at a place where a reader's buffer may end
        headers, body = form(("photo", "a", bytes((1 << 16) - more + empty + end)), ("photo", "b", b"x" * 100))
        assert [p["file"] for p in SERVER.post("/detect", body, headers=headers).json["photos"]] == ["a", "b"], end


def its_own_names_and_pages_are_taken():
    for host in ("localhost", "LOCALHOST:80", "app.localhost", "127.0.0.1", "[::1]:8000", "192.0.2.1:8000"):
        assert SERVER.get("/v2", headers={"Host": host}).status == 200, host
    assert SERVER.get("/v2", headers={"Origin": f"http://{SERVER.address}"}).status == 200
    assert SERVER.post("/detect", PHOTO, headers={"Content-Encoding": "identity"}).status == 200
    assert status_of(SERVER.raw(b"GET /v2 HTTP/1.0\r\n\r\n")) == 200


def names_of_others_are_refused_on_this_machines_own_addresses():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as why:
        raise Skip(f"there is no IPv6 here: {why}") from why
    for own in ("127.0.0.2", "::1", "::ffff:127.0.0.1"):
        with Server(FOVEA, "--host", own) as server:
            server.host = server.host.strip("[]")
            status = status_of(server.raw(b"GET /v2 HTTP/1.1\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n"))
            assert status == 403, (own, status)


def bodies_that_end_too_soon():
    for sent in (0, 10, 5000):
        with socket.create_connection((SERVER.host, SERVER.port)) as s:
            s.sendall(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO[:sent])
    wait_until(lambda: SERVER.metric("fovea_body_bytes") == 0, "bodies that nobody sends are given up")
    still_serves()


def clients_that_leave_before_the_answer():
    for _ in range(20):
        s = socket.create_connection((SERVER.host, SERVER.port))
        s.sendall(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO)
        s.close()
    wait_until(lambda: SERVER.metric("fovea_requests") == 1 and SERVER.metric("fovea_connections") == 1, "all is given back")
    still_serves()


def chunked(*pieces):
    return b"".join(b"%x\r\n" % len(p) + p + b"\r\n" for p in pieces) + b"0\r\n\r\n"


def bodies_without_a_length():
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [PHOTO[i:i + 7777] for i in range(0, len(PHOTO), 7777)]
    assert status_of(SERVER.raw(head + chunked(*pieces))) == 200
    with Server(FOVEA, "--max-body", "0.1") as server:
        raw = server.raw(head + chunked(*[bytes(50000)] * 4))
        assert status_of(raw) == 413 and b"--max-body" in raw
        answer = server.post("/detect", bytes(200000))
        assert answer.status == 413 and "104857" in answer.error
        assert server.post("/v2/repository/index", bytes(100000)).status == 413
        assert server.metric("fovea_body_bytes") == 0


def clients_that_ask_before_they_send():
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection((SERVER.host, SERVER.port)) as s:
        s.sendall(head % len(PHOTO))
        assert status_of(s.recv(4096)) == 100
        s.sendall(PHOTO)
        assert status_of(read_all(s)) == 200
    raw = SERVER.raw(head % (40 << 20))
    assert status_of(raw) == 413 and b"--max-body" in raw
    raw = SERVER.raw(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000000\r\n\r\n")
    assert status_of(raw) == 413 and b"--max-body" in raw
    assert status_of(SERVER.raw(head.replace(b"/detect", b"/nothing") % len(PHOTO))) == 404
    still_serves()


def clients_that_trickle_or_do_not_read_are_given_up():
    with Server(FOVEA, "--request-time", "1") as server:
        with socket.create_connection((server.host, server.port), 20) as body:
            body.sendall(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(100):  # a byte now and then starts no limit anew
                    body.sendall(b"x")
                    time.sleep(0.1)
        with socket.create_connection((server.host, server.port), 20) as reader:
            reader.setblocking(False)
            with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                while True:
                    reader.send(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_until(lambda: server.metric("fovea_connections_timed_out_total") == 2, "both are ended")
            wait_until(lambda: server.metric("fovea_connections") == 1, "and closed")
        still_serves(server)


def clients_without_a_request_make_room_for_others():
    """Whatever they sent of its head, and between two requests: of all that hold a place so, the one that has for the longest goes."""
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(PHOTO)
    for options in ((), ("--io-threads", "2")):
        with Server(FOVEA, "--max-connections", "4", *options) as server, contextlib.ExitStack() as stack:
            def connect():
                return stack.enter_context(socket.create_connection((server.host, server.port), 20))

            busy, idle = connect(), connect()
            busy.sendall(head)
            idle.sendall(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert status_of(idle.recv(4096)) == 200
            for start in (b"", b"G", b"GET /v2 HTTP/1.1\r\nHost: loc") * 20:
                connect().sendall(start)
            for _ in range(10):
                assert server.ask("GET", "/v2", connection=server.connect(5)).status == 200
            assert read_all(idle) == b"", "it made room"
            busy.sendall(PHOTO)
            assert status_of(read_all(busy)) == 200, "what has a request stays"
            assert server.metric("fovea_connections_displaced_total") > 50 and server.metric("fovea_connections_timed_out_total") == 0


def clients_without_a_token_make_room_for_others():
    """They need not send the body of a request that is refused, and hear so only when it is here."""
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n"
    for options in ((), ("--io-threads", "2")):
        with Server(FOVEA, "--max-connections", "4", *options, env={"FOVEA_TOKEN": "sesame"}) as server, contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(socket.create_connection((server.host, server.port), 20)).sendall(head)
                time.sleep(0.05)  # the next one does not come before the head of this one
            for _ in range(10):
                answer = server.ask("GET", "/v2", headers={"Authorization": "Bearer sesame"}, connection=server.connect(20))
                assert answer.status == 200
            stranger = stack.enter_context(socket.create_connection((server.host, server.port), 20))
            stranger.sendall(head + bytes(1000))
            assert status_of(read_all(stranger)) == 401, "who sends it hears so"


def bodies_have_a_common_limit():
    with Server(FOVEA, "--max-memory", "3", "--max-body", "2") as server:
        head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n"
        with socket.create_connection((server.host, server.port)) as s:
            s.sendall(head + bytes(1900000))
            wait_until(lambda: server.metric("fovea_body_bytes") == 2000000, "the body's memory is counted")
            answer = server.post("/detect", bytes(2000000))
            assert answer.status == 503 and answer.headers["Retry-After"] == "1" and "--max-memory" in answer.error
            still_serves(server)
        wait_until(lambda: server.metric("fovea_body_bytes") == 0, "and given back")
        assert server.post("/detect", bytes(2000000)).status == 400


def large_answers():
    """Requests of some kilobytes for 20,000 faces: 3 MB of JSON, or 1 MB of tensors."""
    tiny = png(16, 16, b"".join(bytes((0, *(7 * x + 13 * y & 255 for x in range(48)))) for y in range(16)))
    all_faces = {"score": 0, "nms": 1, "max_faces": 5000, "size": "352x352"}
    headers, photos = form(*((str(i), f"{i}.png", tiny) for i in range(4)))
    pixels = bytes(range(256)) * 12
    tensor = {"name": "pixels", "datatype": "UINT8", "shape": [4, 16, 16, 3], "parameters": {"binary_data_size": len(pixels)}}
    head = json.dumps({"inputs": [tensor], "parameters": {**all_faces, "binary_data_output": True}}).encode()
    query = "&".join(f"{name}={value}" for name, value in all_faces.items())
    return (f"/detect?{query}", photos, headers), ("/v2/models/default/infer", head + pixels, {"Inference-Header-Content-Length": str(len(head))})


def asked_and_not_read(server, path, body, headers):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect((server.host, server.port))
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", "Content-Length": len(body), **headers}.items())
    s.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
    return s


def clients_that_do_not_read(server, clients):
    """@return what answers that are on their way take"""
    def answered(name):
        return int(server.metric(f"nv_inference_request_{name}"))

    before = answered("success"), answered("failure")
    with contextlib.ExitStack() as stack:
        for _ in range(clients // 2):
            for request in large_answers():
                stack.enter_context(asked_and_not_read(server, *request))
        wait_until(lambda: answered("success") + answered("failure") == sum(before) + clients, "all are answered", PATIENCE_S)
        assert answered("success") > before[0] and answered("failure") > before[1], "some, and others had no room"
        taken = server.metric("fovea_body_bytes")
    wait_until(lambda: server.metric("fovea_body_bytes") == 0, "all is given back")
    return taken


def memory_stays_within_what_limits_allow():
    """64 clients send 4 MiB each at once. Bodies may have 4 MiB together, and what JSON becomes is some 50 MB, of one request at a time.
    Then 48 ask for 100 MB of answers, which they do not read."""
    limits = ("--max-memory", "4", "--max-body", "4", "--max-pixels", "300000", "--max-input", "300000", "--max-photos", "4", "--workers", "1",
              "--queue-time", str(PATIENCE_S), "--request-time", str(PATIENCE_S))
    body = 4 << 20
    zeros = b'{"inputs": [' + b"0," * ((1 << 20) - 2) + b"0]}"
    headers, photos = form(*((str(i), f"{i}.png", bytes(body // 4 - 200)) for i in range(4)))
    attacks = [("/detect", bytes(body), {}), ("/detect", photos, headers), ("/v2/models/default/infer", zeros, {}), ("/detect?size=500x500", PHOTO, {})] * 16
    with Server(FOVEA, *limits) as server, concurrent.futures.ThreadPoolExecutor(len(attacks)) as pool:
        still_serves(server)
        before = server.peak()
        statuses = set(pool.map(lambda a: server.post(a[0], a[1], headers=a[2]).status, attacks))
        assert statuses <= {200, 400, 413, 503} and 503 in statuses, statuses
        assert 1 << 20 < clients_that_do_not_read(server, 48) <= body
        grown = server.peak() - before
        assert grown < 128 << 20, f"{grown} bytes more"
        still_serves(server)


def bodies_that_are_announced_take_nothing_yet():
    with contextlib.ExitStack() as stack:
        for _ in range(20):  # 640 MB, and there is room for 512
            s = stack.enter_context(socket.create_connection((SERVER.host, SERVER.port)))
            s.sendall(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 32000000\r\n\r\n" + bytes(100))
        wait_until(lambda: SERVER.metric("fovea_requests") == 21, "all have begun")
        assert SERVER.metric("fovea_body_bytes") < 4 << 20
        still_serves()
    wait_until(lambda: SERVER.metric("fovea_body_bytes") == 0, "and are given up")


def pictures_are_within_the_common_limit():
    with Server(FOVEA, "--max-memory", "0.9", "--max-body", "0.8") as server:
        for _ in range(3):
            answer = server.post("/detect", PHOTO, headers={"Accept": "image/png"})
            assert answer.status == 503 and answer.headers["Retry-After"] and "--max-memory" in answer.error, answer.status
            assert server.post("/detect", PHOTO, headers={"Accept": "image/jpeg"}).body.startswith(b"\xff\xd8")
        wait_until(lambda: server.metric("fovea_body_bytes") == 0, "all is given back")


TESTS = [photos_that_are_damaged, bombs_are_refused_before_they_are_decoded, tiles_are_counted_together, forms_that_are_odd_but_whole, its_own_names_and_pages_are_taken,
         names_of_others_are_refused_on_this_machines_own_addresses,
         bodies_that_end_too_soon, clients_that_leave_before_the_answer, bodies_without_a_length, clients_that_ask_before_they_send,
         clients_that_trickle_or_do_not_read_are_given_up, clients_without_a_request_make_room_for_others,
         clients_without_a_token_make_room_for_others, bodies_have_a_common_limit, memory_stays_within_what_limits_allow,
         bodies_that_are_announced_take_nothing_yet, pictures_are_within_the_common_limit]


def main():
    global SERVER
    with Server(FOVEA) as SERVER:
        return run(TESTS)


if __name__ == "__main__":
    sys.exit(main())
