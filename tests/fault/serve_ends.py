# SPDX-License-Identifier: MIT
"""Processes of `fovea serve` that end while they have work, and a GPU that is lost: what is answered, and what is not."""
import contextlib
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

from running import cell
from serve_faults import INTERNAL, Answer, answered, detected, loss, said

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "serve"))
from pictures import chunk
from serving import ANSWER_S, Server, wait_until

MANY, SLOW = 8, "1024x1024"
PATIENT = ("--queue-time", "600", "--drain-time", "600", "--work-time", "600")
MARK = {"crash": "CRASH BY SEGV", "compute": "COMPUTE FOR EVER"}  # as tests/serve/crashing.c reads them


class End(NamedTuple):
    """A server that ends with work in it. @param end(server) ends it"""
    name: str
    code: int
    part: str
    end: object


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def nursery(server):
    return children(server.process.pid)[0]


def is_alive(folder):
    with contextlib.suppress(OSError):
        return "State:\tZ" not in (folder / "status").read_text()
    return False


def marked(photo, mark):
    return photo[:-12] + chunk(b"tEXt", b"Comment\0" + MARK[mark].encode()) + photo[-12:]


def begin_many(server, photo, size=SLOW):
    """@return a function that waits for all answers and gives them; None for one that did not come"""
    answers = [None] * MANY

    def ask(i):
        with contextlib.suppress(OSError):
            answers[i] = detected(server, photo, size)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(MANY)]
    for thread in threads:
        thread.start()
    wait_until(lambda: server.metric("fovea_requests") + server.metric("nv_inference_request_success") > MANY, "all are here")

    def join():
        for thread in threads:
            thread.join()
        return answers

    return join


# ---------------------------------------------------------------- of workers, which the server outlives

def killed_worker(server, photo):
    join = begin_many(server, photo)
    os.kill(children(nursery(server))[0], signal.SIGKILL)
    return max(a.status if a else 0 for a in join()), said(server, "ended by signal 9")


def of_others(server, photo, mark):
    """One of many photos is marked. @return its answer, once the others' are as they should be"""
    join = begin_many(server, photo, "long:320")
    answer = detected(server, marked(photo, mark))
    others = [a.status if a else 0 for a in join()]
    assert others == [200] * MANY, others
    return answer.status, answer.error


def lost_gpu(server, photo):
    gone = Path(server.env["FAKE_CUDA_LOST"])
    assert detected(server, photo).status == 200
    gone.touch()
    answer = detected(server, photo)
    assert server.get("/v2/health/live").status == server.get("/v2/health/ready").status == 503
    gone.unlink()
    return answer.status, answer.error


def answers(crashing, gpu, folder):
    yield Answer(f"a worker process is killed (SIGKILL) with {MANY} photos waiting", (*PATIENT, "--workers", "2"), 200, "ended by signal 9", killed_worker)
    if crashing:
        yield Answer(f"a photo crashes the worker process, beside {MANY} others", (*PATIENT, "--workers", "2"), 500, "crashed",
                     lambda server, photo: of_others(server, photo, "crash"), env=crashing)
        yield Answer(f"a photo computes for ever, beside {MANY} others", ("--queue-time", "600", "--workers", "2", "--work-time", "5"), 500, "--work-time",
                     lambda server, photo: of_others(server, photo, "compute"), env=crashing)
    if gpu:
        yield Answer("the GPU is lost, and is there again", ("--backend", "cuda", "--size", "long:96"), 500, "GPU", lost_gpu,
                     env={**gpu, "FAKE_CUDA_LOST": str(folder / "gone")})


# ---------------------------------------------------------------- of the server itself

ENDS = [
    End(f"SIGTERM with {MANY} photos waiting", 0, "", lambda server: server.process.send_signal(signal.SIGTERM)),
    End(f"the process that starts workers is killed (SIGKILL) with {MANY} photos waiting", INTERNAL, "", lambda server: os.kill(nursery(server), signal.SIGKILL)),
    End(f"the front is killed (SIGKILL) with {MANY} photos waiting", -signal.SIGKILL, "", lambda server: server.process.kill()),
]


def ended(fault, fovea, photo):
    with Server(fovea, *PATIENT, "--workers", "1", expect_code=fault.code) as server:
        family = server.processes()
        join = begin_many(server, photo)
        fault.end(server)
        server.process.wait(ANSWER_S)
        answered_ = sum(a is not None and a.status == 200 for a in join())
        wait_until(lambda: not any(map(is_alive, family)), "nobody is left")
        line = said(server, fault.part) if fault.part else ""
    code = fault.code if fault.code >= 0 else 128 - fault.code
    wrong = [] if (answered_ == MANY) == (fault.code == 0) else [f"{answered_} of {MANY} were answered"]
    return wrong, f"exit status {code}", line.removeprefix("fovea: "), "nothing" if answered_ == MANY else "the requests that were begun"


def table(fovea, photo, crashing, gpu, rows):
    """@param crashing, gpu: environments, or None: left out. @param rows out: of the table. @return checks for running.tap()"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # workers are nobody where the server is root's
        for fault in answers(crashing, gpu, folder):
            wrong, end, line = answered(fault, fovea, folder, photo)
            rows.append(f"| {fault.name} | {end} | {cell(line)} | {loss(end, line)} |")
            yield f"serve: {fault.name}", "\n".join(wrong), line
    for fault in ENDS:
        wrong, end, line, lost = ended(fault, fovea, photo)
        rows.append(f"| {fault.name} | {end} | {cell(line)} | {lost} |")
        yield f"serve: {fault.name}", "\n".join(wrong), line
    for what in (["a photo that crashes a worker"] if not crashing else []) + (["a GPU that is lost"] if not gpu else []):
        print(f"skipped: not in this build: {what}", file=sys.stderr)
        yield f"serve: {what} # SKIP not in this build", "", ""
