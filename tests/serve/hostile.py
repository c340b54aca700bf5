#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the server answers to what is wrong, broken, too large, too slow or meant to harm, by raw HTTP; and that it goes on as if
nothing had been. TAP on stdout.

usage: hostile.py SOURCE_DIR FOVEA
"""
import contextlib
import json
import random
import socket
import struct
import sys
import time
from pathlib import Path

from pictures import bomb
from serving import Server, form, read_all, run, wait_until

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
PHOTO = (SOURCE / "photos/astronaut.png").read_bytes()
INFER = "/v2/models/default/infer"
SERVER = None


def still_serves(server=None):
    answer = (server or SERVER).post("/detect", PHOTO)
    assert answer.status == 200 and len(answer.json["faces"]) == 1


def status_of(raw):
    """Of the answer to bytes; 0 where the server only closed."""
    line = raw.split(b"\r\n", 1)[0].split()
    return int(line[1]) if len(line) > 1 and line[0].startswith(b"HTTP/") else 0


def parameters_that_make_no_sense():
    for query, part in (("score=2", "score=2"), ("score=nan", "0 to 1"), ("score=", "score"), ("nms=-1", "nms=-1"), ("nms=1e999", "nms"),
                        ("max_faces=0", "1 to"), ("max_faces=1.5", "max_faces=1.5"), ("max_faces=99999999999999999999", "max_faces"),
                        ("size=0x0", "size=0x0"), ("size=640", "WxH"), ("size=tiles:1", "tiles"), ("size=long:1000000", "long"),
                        ("max_faces=5001", "1 to 5000"), ("top_k=5001", "1 to 5000"), ("scor=0.5", "scor"), ("%00=1", "parameter"), ("score=0.5&nms=x", "nms=x")):
        answer = SERVER.post("/detect?" + query, PHOTO)
        assert answer.status == 400 and part in answer.error, f"{query}: {answer.status} {answer.body}"
    for query in ("model=nobody", "version=9", "model=../../etc/passwd", "model="):
        assert SERVER.post("/detect?" + query, PHOTO).status == 404, query
    assert SERVER.post("/detect?size=8000x8000", PHOTO).status == 413
    still_serves()


def photos_that_are_none():
    gif = b"GIF89a" + bytes(100)
    for body, status in ((b"", 400), (b"\0", 400), (b"no photo", 400), (PHOTO[:40], 400), (bytes(1 << 20), 400), (gif, 415),
                         (b"\xff\xd8\xff" + bytes(1000), 400), (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(40), 400)):
        answer = SERVER.post("/detect", body)
        assert answer.status == status and answer.error, f"{body[:16]}: {answer.status} {answer.body}"
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
    large = struct.pack("<I", len(trap)) + trap
    head = json.dumps({"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(large)}}]}).encode()
    assert SERVER.post(INFER, head + large, headers={"Inference-Header-Content-Length": str(len(head))}).status == 413
    still_serves()


def forms_that_are_broken():
    headers, body = form(("photo", "a.png", PHOTO))
    for cut in (0, 10, 200, len(body) // 2, len(body) - 30):
        assert SERVER.post("/detect", body[:cut], headers=headers).status == 400, f"cut at {cut}"
    assert SERVER.post("/detect", body, headers={"Content-Type": "multipart/form-data"}).status == 400
    assert SERVER.post("/detect", body, headers={"Content-Type": "multipart/form-data; boundary=other"}).status == 400
    assert SERVER.post("/detect", form(("note", None, b"text"))[1], headers=headers).status == 400
    many_headers, many = form(*(("photo", f"{i}.png", b"x") for i in range(40)))
    assert SERVER.post("/detect", many, headers=many_headers).status == 413
    empty_headers, empty = form(("photo", "empty.png", b""))
    assert SERVER.post("/detect", empty, headers=empty_headers).status == 400
    still_serves()


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


def forms_that_waste_time():
    """They are read on the thread that all connections share."""
    headers = {"Content-Type": "multipart/form-data; boundary=limit"}
    part = b'--limit\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    start = time.monotonic()
    for body in (b"-" * (16 << 20), b"\r\n--" * (4 << 20), part * ((16 << 20) // len(part))):
        assert SERVER.post("/detect", body, headers=headers).status == 400
    assert time.monotonic() - start < 8
    still_serves()


def tensor(**changes):
    return {"name": "photo", "datatype": "BYTES", "shape": [1], "data": ["aGVsbG8="], **changes}


def inference_that_makes_no_sense():
    pixels = {"name": "pixels", "datatype": "UINT8", "shape": [2, 2, 3], "data": [0] * 12}
    for request, part in (
            ([], "object"), ({}, "inputs"), ({"inputs": []}, "inputs"), ({"inputs": [tensor(), tensor()]}, "these are 2"),
            ({"inputs": [5]}, "input"), ({"inputs": [tensor(name="x")]}, "'x'"), ({"inputs": [tensor(datatype="FP32")]}, "BYTES"),
            ({"inputs": [tensor(shape=[])]}, "shape"), ({"inputs": [tensor(shape=[-1])]}, "sizes"), ({"inputs": [tensor(shape=["1"])]}, "sizes"),
            ({"inputs": [tensor(shape=[2])]}, "2 photos"), ({"inputs": [tensor(shape=[1, 1, 1, 1, 1])]}, "shape"),
            ({"inputs": [tensor(data=["***"])]}, "base64"), ({"inputs": [tensor(data=[5])]}, "base64"), ({"inputs": [tensor(data="x")]}, "data has 0"),
            ({"inputs": [tensor(data=["aGVsbG8="])]}, "not a JPEG"),
            ({"inputs": [tensor(parameters={"binary_data_size": 5})]}, "either"),
            ({"inputs": [tensor(parameters={"shared_memory_region": "r"})]}, "shared memory"),
            ({"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 5}}]}, "binary_data_size"),
            ({"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": -5}}]}, "binary_data_size"),
            ({"inputs": [{**pixels, "shape": [2, 2, 4]}]}, "[height, width, 3]"), ({"inputs": [{**pixels, "shape": [2, 3]}]}, "[height, width, 3]"),
            ({"inputs": [{**pixels, "data": [0] * 11}]}, "12 whole numbers"), ({"inputs": [{**pixels, "data": [256] * 12}]}, "0 to 255"),
            ({"inputs": [{**pixels, "data": [0.5] * 12}]}, "whole numbers"), ({"inputs": [{**pixels, "shape": [4000, 4000, 3]}]}, "too many for JSON"),
            ({"inputs": [pixels], "outputs": [{"name": "x"}]}, "'x'"), ({"inputs": [pixels], "outputs": {}}, "outputs"),
            ({"inputs": [pixels], "outputs": [{"name": "boxes", "parameters": {"classification": 3}}]}, "classification"),
            ({"inputs": [pixels], "parameters": {"scor": 1}}, "scor"), ({"inputs": [pixels], "parameters": {"score": "x"}}, "score"),
            ({"inputs": [pixels], "parameters": {"score": [1]}}, "score"), ({"inputs": [pixels], "parameters": 5}, "parameters"),
            ({"inputs": [pixels], "parameters": {"timeout": "soon"}}, "timeout"), ({"inputs": [pixels], "id": 5}, "id")):
        answer = SERVER.post(INFER, json.dumps(request))
        assert answer.status == 400 and part in answer.error, f"{request}: {answer.status} {answer.body}"
    for body in (b"", b"{", b"[" * 100000, b'{"inputs": [], "inputs": []}', b'{"inputs": "\xff"}', b"{}" + bytes(5), b"[" + b"0," * (1 << 20) + b"0]",
                 b"{" + b",".join(b'"%d":0' % i for i in range(5000)) + b"}"):
        assert SERVER.post(INFER, body).status == 400, body[:20]
    for huge in ([1 << 20, 1 << 20, 3], [20000, 20000, 3], [40, 8, 8, 3]):
        request = {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": huge, "parameters": {"binary_data_size": 0}}]}
        assert SERVER.post(INFER, json.dumps(request)).status in (400, 413), huge
    still_serves()


def binary_tensors_that_lie():
    photo = struct.pack("<I", len(PHOTO)) + PHOTO

    def ask(declared, rest, header=None, shape=1):
        head = json.dumps({"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [shape], "parameters": {"binary_data_size": declared}}]}).encode()
        return SERVER.post(INFER, head + rest, headers={"Inference-Header-Content-Length": str(len(head)) if header is None else header})

    assert ask(len(photo), photo).status == 200
    for answer in (ask(len(photo) + 1, photo), ask(len(photo) - 1, photo), ask(3, photo[:3]), ask(0, b""), ask(len(photo), photo, shape=2),
                   ask(len(photo) + 4, photo + bytes(4)), ask(len(photo), photo + b"more"), ask(4, struct.pack("<I", 0xffffffff)),
                   ask(len(photo), photo, "-1"), ask(len(photo), photo, "99999999999999999999"), ask(len(photo), photo, "12x"),
                   ask(len(photo), photo, str(1 << 40)), ask(len(photo), photo, "5")):
        assert answer.status == 400 and answer.error, answer.body
    assert ask(4 * 40, bytes(4 * 40), shape=40).status == 413
    still_serves()


def check_no_http(server):
    host = b"Host: localhost\r\n"
    for raw, statuses in ((b"\r\n\r\n\r\n", (0, 400)), (b"GET\r\n\r\n", (0, 400)), (b"\x16\x03\x01\x02\x00" + bytes(200), (0, 400)),
                          (b"GET / HTTP/1.1\r\n\r\n", (400,)), (b"GET / HTTP/9.9\r\n" + host + b"\r\n", (0, 200, 400, 505)),
                          (b"POST /detect HTTP/1.1\r\n" + host + b"Content-Length: -5\r\n\r\n", (400,)),
                          (b"POST /detect HTTP/1.1\r\n" + host + b"Content-Length: 99999999999999999999999\r\n\r\n", (400, 413)),
                          (b"POST /detect HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", (0, 400)),
                          (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n" + host + b"\r\n", (0, 414, 431, 413)),
                          (b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 100000 + b"\r\n\r\n", (0, 431, 413)),
                          (b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 20000 + b"\r\n", (0, 431, 413))):
        assert status_of(server.raw(raw)) in statuses, raw[:40]
    still_serves(server)


def requests_that_are_no_http():
    with Server(FOVEA, "--idle-time", "0.5", "--request-time", "0.5") as server:
        check_no_http(server)


def requests_that_proxies_might_misread():
    """Whose end is not clear: they are refused, and what follows is not taken for a request."""
    head, hidden = b"POST /detect HTTP/1.1\r\nHost: localhost\r\n", b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    chunks = b"\r\n2\r\nhi\r\n0\r\n\r\n"
    for fields in (b"Content-Length: 12\r\nTransfer-Encoding: chunked\r\n" + chunks, b"Content-Length: 2\r\nContent-Length: 40\r\n\r\nhi",
                   b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", b"Content-Length : 2\r\n\r\nhi", b"Host: elsewhere\r\nContent-Length: 2\r\n\r\nhi",
                   b"Transfer-Encoding: gzip, chunked\r\n" + chunks, b"Transfer-Encoding: identity\r\n" + chunks,
                   b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + chunks, b"Content-Length: 2, 2\r\n\r\nhi", b"Content-Length: +2\r\n\r\nhi",
                   b"X: y\r\n Content-Length: 40\r\nContent-Length: 2\r\n\r\nhi", b"X: y\rContent-Length: 40\r\nContent-Length: 2\r\n\r\nhi"):
        raw = SERVER.raw(head + fields + hidden)
        assert status_of(raw) == 400 and raw.count(b'{"error"') < 2 and b'"extensions"' not in raw, f"{fields}: {raw}"
    old = head.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n" + chunks
    assert status_of(SERVER.raw(old)) == 400
    still_serves()


def names_of_others_are_refused():
    """A page whose name was turned to this machine has the server's own Origin (DNS rebinding)."""
    for host in ("elsewhere.example", f"elsewhere.example:{SERVER.port}", "localhost.elsewhere.example", "127.0.0.1.elsewhere.example", "[elsewhere]", "x" * 300):
        answer = SERVER.post("/detect", PHOTO, headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status == 403 and "--allow-host" in answer.error, f"{host}: {answer.status}"
    for host in ("localhost", "LOCALHOST:80", "app.localhost", "127.0.0.1", "[::1]:8000", "192.0.2.1:8000"):
        assert SERVER.get("/v2", headers={"Host": host}).status == 200, host
    assert status_of(SERVER.raw(b"GET /v2 HTTP/1.0\r\n\r\n")) == 200


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


def encodings_are_refused():
    assert SERVER.post("/detect", PHOTO, headers={"Content-Encoding": "gzip"}).status == 415
    assert SERVER.post("/detect", PHOTO, headers={"Content-Encoding": "identity"}).status == 200


def pages_from_elsewhere_are_refused():
    assert SERVER.post("/detect", PHOTO, headers={"Origin": "https://elsewhere.example"}).status == 403
    assert SERVER.post("/detect", PHOTO, headers={"Origin": "null"}).status == 403
    assert SERVER.post("/detect", PHOTO, headers={"Origin": f"http://{SERVER.address}"}).status == 200


def slow_clients_are_given_up():
    with Server(FOVEA, "--request-time", "0.6", "--idle-time", "0.8") as server:
        start = time.monotonic()
        with socket.create_connection((server.host, server.port), 20) as silent, \
                socket.create_connection((server.host, server.port), 20) as headers, \
                socket.create_connection((server.host, server.port), 20) as body:
            body.sendall(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
            for i in range(8):  # a byte now and then starts no limit anew
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    headers.sendall(b"GET / HTTP/1.1\r\nX"[i:i + 1])
                    if i < 5:
                        body.sendall(b"x")
                time.sleep(0.2)
            assert read_all(silent) == b"" and read_all(headers) == b""
            assert status_of(read_all(body)) in (408, 0)
        assert time.monotonic() - start < 10
        wait_until(lambda: server.metric("fovea_connections_timed_out_total") >= 3, "they are counted")
        with socket.create_connection((server.host, server.port), 20) as body:
            body.sendall(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
            raw = read_all(body)
        assert status_of(raw) == 408 and json.loads(raw.partition(b"\r\n\r\n")[2])["error"]
        still_serves(server)


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


def models_are_not_changed_by_requests_unless_allowed():
    for what in ("load", "unload"):
        answer = SERVER.post(f"/v2/repository/models/default/{what}")
        assert answer.status == 403 and "--allow-control" in answer.error
    still_serves()


TESTS = [parameters_that_make_no_sense, photos_that_are_none, bombs_are_refused_before_they_are_decoded, forms_that_are_broken, forms_that_are_odd_but_whole,
         forms_that_waste_time,
         inference_that_makes_no_sense, binary_tensors_that_lie, requests_that_are_no_http, requests_that_proxies_might_misread, names_of_others_are_refused, bodies_that_end_too_soon,
         clients_that_leave_before_the_answer, bodies_without_a_length, clients_that_ask_before_they_send, encodings_are_refused, pages_from_elsewhere_are_refused,
         slow_clients_are_given_up, bodies_have_a_common_limit, bodies_that_are_announced_take_nothing_yet, pictures_are_within_the_common_limit, models_are_not_changed_by_requests_unless_allowed]


def main():
    global SERVER
    with Server(FOVEA) as SERVER:
        return run(TESTS)


if __name__ == "__main__":
    sys.exit(main())
