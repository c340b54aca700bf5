# SPDX-License-Identifier: MIT
"""`fovea serve` while something fails around it: it does not start, and says why; or a request fails, and the next one does not."""
import base64
import contextlib
import http.client
import json
import os
import re
import resource
import socket
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from running import cell, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "serve"))
from serving import Server, form, wait_until

USAGE, MODEL, OUTPUT, INTERNAL = 2, 3, 4, 5
USER = 1 << 20  # a number that no process has, so that all processes of the user are the server's
FULL = "/dev/full"  # behind a symbolic link, so that nothing can take the device's place


class Start(NamedTuple):
    """A server that does not start. @param options may have PORT, one that is taken, and FULL"""
    name: str
    options: tuple
    code: int
    part: str
    how: dict = {}
    needs_root: bool = False
    listens: bool = False


class Answer(NamedTuple):
    """A server that starts. @param ask(server, photo) -> (what it answers, what it says of that)"""
    name: str
    options: tuple
    status: int
    part: str
    ask: object
    prefix: tuple = ()
    env: dict = {}


def limited(what, amount, **more):
    return {"preexec_fn": lambda: resource.setrlimit(what, (amount, amount)), **more}


def processes(amount):
    return limited(resource.RLIMIT_NPROC, amount, user=USER, group=USER, extra_groups=[])


def starts(refusing):
    port = ("--port", "0")
    return [
        Start("the port is taken", ("--port", "PORT"), USAGE, "Address already in use"),
        Start("the user may have no other process", port, INTERNAL, "the process that starts workers cannot be started", processes(1), True),
        Start("the user may have two processes and two threads", port, INTERNAL, "could not be started", processes(4), True),
        Start("the user may have no more threads than these, in one process", (*port, "--isolation", "off", "--threads", "2"), MODEL, "could not be started",
              processes(1), True),
        Start("no thread can be started", port, INTERNAL, "cannot be started", {"env": refusing("thread", at=1)}),
        Start("a worker process can start two threads", (*port, "--workers", "3"), MODEL, "could not start its threads", {"env": refusing("thread", at=3)}),
        Start("`--worker-memory` is too little for threads", (*port, "--worker-memory", "1"), MODEL, "could not start its threads"),
        Start("four descriptors", port, INTERNAL, "Too many open files", limited(resource.RLIMIT_NOFILE, 4)),
        Start("the disk of `--ready-file` is full", (*port, "--ready-file", "FULL"), OUTPUT, "No space left on device", listens=True),
    ]


def said(server, part):
    """What it said of it, once it did: the answer may be here before."""
    wait_until(lambda: part in server.errors.read_text(), part)
    return next(line for line in server.errors.read_text().splitlines() if part in line)


def detected(server, photo, size="long:320"):
    return server.post(f"/detect?size={size}", photo)


def large_photo(server, photo):
    answer = detected(server, photo, "2048x2048")
    return answer.status, answer.error


def many_connections(server, photo):
    """More than there are descriptors for, and at last one that asks, for which there is one when others are closed."""
    with contextlib.ExitStack() as all_of_them:
        for _ in range(40):
            with contextlib.suppress(OSError):
                all_of_them.enter_context(socket.create_connection((server.host, server.port)))
    return detected(server, photo).status, ""


def full_log(server, photo):
    answers = [detected(server, photo).status for _ in range(3)]
    assert server.errors.read_text().count("lines are lost") <= 1
    return max(answers), said(server, "lines are lost")


def answers():
    return [
        Answer("a photo needs more than `--worker-memory`", ("--workers", "1", "--worker-memory", "48"), 500, "memory", large_photo),
        Answer("more connections than descriptors", (), 200, "", many_connections, ("sh", "-c", 'ulimit -n 24; exec "$@"', "sh")),
        Answer("the disk of `--access-log` is full", ("--access-log", "FULL"), 200, "No space left on device", full_log),
    ]


def filled_in(options, folder, port):
    return [str(folder / "full") if option == "FULL" else str(port) if option == "PORT" else option for option in options]


def not_started(fault, fovea, folder, port):
    outcome = run([fovea, "serve", *filled_in(fault.options, folder, port)], **fault.how)
    text = outcome.said.replace(f"{folder}/", "").replace(str(port), "N")
    line = next((t.removeprefix("fovea: ") for t in text.splitlines() if fault.part in t), "")
    wrong = [] if line else [f"'{fault.part}' is missing: {text}"]
    if outcome.code != fault.code or ("listening" in text) != fault.listens:
        wrong.append(f"exit status {outcome.code}: {text}")
    return wrong, f"exit status {outcome.code}", line


def answered(fault, fovea, folder, photo):
    with Server(fovea, *filled_in(fault.options, folder, 0), prefix=fault.prefix, env=fault.env) as server:
        status, line = fault.ask(server, photo)
        after = detected(server, photo)
        wrong = [] if status == fault.status and fault.part in line else [f"{status}: {line}"]
        if after.status != 200 or len(after.json["faces"]) != 1:
            wrong.append(f"and then: {after.status}")
    return wrong, str(status), line.removeprefix("fovea: ")


def loss(end, line):
    """What was lost, as the checks have it: a server that does not start has let nobody in, and after a request that fails comes one that does not."""
    if "lines are lost" in line:
        return "lines of the log"
    return {"200": "nothing"}.get(end, "nothing: it does not start" if end.startswith("exit") else "this request; the next one is answered")


def table(fovea, photo, refusing, rows):
    """@param rows out: of the table. @return checks for running.tap()"""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as taken:
        folder = Path(name)
        (folder / "full").symlink_to(FULL)
        for fault in [*starts(refusing), *answers()]:
            what = f"serve: {fault.name}"
            if getattr(fault, "needs_root", False) and os.geteuid() != 0:
                print("skipped: only root can be another user", file=sys.stderr)
                yield f"{what} # SKIP only root can be another user", "", ""
                continue
            meet = not_started if isinstance(fault, Start) else answered
            wrong, end, line = meet(fault, fovea, folder, taken.getsockname()[1] if isinstance(fault, Start) else photo)
            line = re.sub(r"\d+ MiB of", "N MiB of", line)  # which the processor's instructions decide
            rows.append(f"| {fault.name} | {end} | {cell(line)} | {loss(end, line)} |")
            yield what, "\n".join(wrong), line


# ---------------------------------------------------------------- no memory

ROUNDS = 3


class Asked(NamedTuple):
    """A request, and what an answer has that no time and no count changes."""
    method: str
    path: str
    body: bytes = None
    headers: dict = {}
    status: int = 200
    lasting: object = lambda body: re.sub(rb'"timing": {[^}]*}', b"", body)


def names_of(metrics):
    return sorted(line.split()[2] for line in metrics.splitlines() if line.startswith(b"# HELP"))


def without_reasons(index):
    """Why a model was not loaded anew is told until it is."""
    return re.sub(rb'"reason": "(?:[^"\\]|\\.)*"', b"", index)


def without_numbers(statistics):
    return re.sub(rb"\d+", b"N", statistics)


def everything(photo):
    headers, photos = form(("a", "a.png", photo), ("b", "b.png", b"no photo"))
    in_json = {"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(photo).decode()]}], "id": "7"}
    pixels = {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [64, 64, 3], "parameters": {"binary_data_size": 64 * 64 * 3}}],
              "parameters": {"binary_data_output": True}}
    head, infer = json.dumps(pixels).encode(), "/v2/models/default/infer"
    return [
        Asked("POST", "/detect?size=long:160", photo),
        Asked("POST", "/detect?size=long:160", photos, headers),
        Asked("POST", "/detect?size=128x128&score=0&nms=1&max_faces=5000", photos, headers),
        Asked("POST", "/detect?size=long:160", photo, {"Accept": "image/jpeg"}),
        Asked("POST", infer, json.dumps(in_json).encode()),
        Asked("POST", infer, head + bytes(64 * 64 * 3), {"Inference-Header-Content-Length": str(len(head))}),
        Asked("POST", "/v2/models/none/infer", b"{}", status=404),
        Asked("GET", "/metrics", lasting=names_of),
        Asked("GET", "/models"),
        Asked("GET", "/models/default/versions/1/certificate"),
        Asked("POST", "/v2/repository/index", b'{"ready": true}', lasting=without_reasons),
        Asked("POST", "/v2/repository/models/default/load", b"{}"),
        Asked("POST", "/v2/repository/models/default/load", b'{"parameters": {"a": "b"}}', status=400),
        Asked("GET", "/v2/models/default"),
        Asked("GET", "/v2/models/default/config"),
        Asked("GET", "/v2/models/default/stats", lasting=without_numbers),
        Asked("GET", "/v2/health/ready"),
        Asked("GET", "/"),
        Asked("GET", "/nothing", status=404),
        Asked("POST", "/detect?score=2", photo, status=400),
    ]


HEADERS = "Content-Type", "Content-Security-Policy", "Inference-Header-Content-Length", "X-Content-Type-Options"


def ask(server, asked):
    """@return the answer; None: the connection ended, as it does where libmicrohttpd has no memory for it"""
    with contextlib.suppress(ConnectionError, http.client.HTTPException):
        return server.ask(asked.method, asked.path, asked.body, asked.headers)
    return None


def essence(asked, answer):
    return answer.status, [answer.headers[name] for name in HEADERS], asked.lasting(answer.body)


def is_clean(answer):
    """Does it say that there was no memory? Of photos of a form it may be one."""
    if answer is None:
        return True
    if answer.headers["Content-Type"] != "application/json":
        return False
    if b'"photos"' in answer.body:
        return any("memory" in photo.get("error", "") for photo in answer.json["photos"])
    return answer.status in (500, 503) and bool(answer.error)


def round_of(server, requests, expected):
    """@return (what did not get its answer, what got a wrong one)"""
    missed, wrong = [], []
    for asked in requests:
        answer = ask(server, asked)
        if answer is None or essence(asked, answer) != expected[asked.path, asked.body, str(asked.headers)]:
            missed.append(asked.path)
            if not is_clean(answer):
                wrong.append(f"{asked.method} {asked.path}: {answer.status} {answer.body[:200]}")
    return missed, wrong


def judged_requests(server, requests, expected):
    """One allocation is refused, in one of the rounds."""
    missed, wrong = zip(*[round_of(server, requests, expected) for _ in range(ROUNDS)])
    yield from sum(wrong, [])
    if sum(map(bool, missed)) > 1:
        yield f"in more than one round: {missed}"


def judged_start(server):
    said = server.errors.read_text()
    if server.process.wait() not in (MODEL, OUTPUT, INTERNAL, USAGE) or not said.startswith("fovea: "):
        if said != "virtual memory exhausted.\n":  # popt's
            yield f"exit status {server.process.returncode}: {said}"


def judged_server(server, requests, expected):
    try:
        with server:
            yield from judged_requests(server, requests, expected)
    except AssertionError as failure:  # it did not start, or end, as it should
        if hasattr(server, "port"):
            yield str(failure)
        else:
            yield from judged_start(server)


def memory(fovea, photo, refusing, every):
    """Wherever a server without isolation, or a library that it uses, asks for memory, there is none, once: it does not start, or a request
    gets no answer, and says why; the next ones are answered. @return checks for running.tap()"""
    options, requests = ("--isolation", "off", "--workers", "1", "--threads", "1", "--allow-control"), everything(photo)
    with tempfile.NamedTemporaryFile() as file:
        with Server(fovea, *options, env=refusing("memory", list=file.name)) as server:
            answers = [(asked, ask(server, asked)) for asked in requests]
        assert [answer.status for _, answer in answers] == [asked.status for asked in requests]
        places = [int(line) for line in Path(file.name).read_text().split()]
    expected = {(asked.path, asked.body, str(asked.headers)): essence(asked, answer) for asked, answer in answers}
    chosen, wrong = places[::1 if every else max(1, len(places) // 24)], []
    for n in chosen:
        server = Server(fovea, *options, env=refusing("memory", at=n, count=1))
        wrong += [f"allocation {n}: {w}" for w in judged_server(server, requests, expected)]
    yield f"serve: no memory once, at {len(chosen)} of {len(places)} places", "\n".join(wrong), ""
