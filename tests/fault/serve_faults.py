# SPDX-License-Identifier: MIT
"""`fovea serve` while something fails around it: it does not start, and says why; or a request fails, and the next one does not."""
import contextlib
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
from serving import Server, wait_until

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
