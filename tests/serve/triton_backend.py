#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The backend in a real Triton Inference Server, beside `fovea serve` and `fovea detect`: the same faces by the same client, bad photos
among good ones, batches, parameters, models that come and go, figures. TAP on stdout.

usage: triton_backend.py SOURCE_DIR FOVEA [BACKEND [EMULATED]]      BACKEND: libtriton_fovea.so; EMULATED: one that finds GPUs which
Triton does not, those of the emulator

Needs `tritonserver`, which the package nvidia-pytriton brings, and tritonclient[all]: without either, what needs it is skipped.
"""
import concurrent.futures
import contextlib
import importlib.util
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
import urllib.request
from pathlib import Path

from serving import Server, Skip, run, wait_until

try:
    import numpy as np
    import tritonclient.http as triton
    from geventhttpclient.response import HTTPConnectionClosed
    from tritonclient.utils import InferenceServerException
except ImportError:
    triton = None
try:
    from google.protobuf import text_format
    from tritonclient.grpc.model_config_pb2 import ModelConfig
except ImportError:
    ModelConfig = None

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
BACKEND, EMULATED = ([Path(p).resolve() for p in sys.argv[3:]] + [None, None])[:2]
ENGINE = SOURCE / "models/fovea_mnet025.fov"
PORTRAIT = SOURCE / "photos/astronaut.png"
OUTPUTS = ("boxes", "scores", "landmarks", "image_index", "counts", "sizes")
INSTALL = "pip install nvidia-pytriton 'tritonclient[all]' in an environment"
PATIENCE_S = 120


def comes_to(what, value):
    """Triton counts a request when it was answered: a client may ask for the figure sooner."""
    wait_until(lambda: what() == value, f"a figure of {value}")


def export(repository, *options, code=0, engine=ENGINE):
    done = subprocess.run([FOVEA, "export", "triton", engine, "-o", repository, *options], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr


# ---------------------------------------------------------------- the server


def server_program():
    """The server, or None: that of the system, or the one that the package nvidia-pytriton carries."""
    package = importlib.util.find_spec("pytriton")
    carried = Path(package.origin).parent / "tritonserver/bin/tritonserver" if package else None
    return shutil.which("tritonserver") or (carried if carried and carried.is_file() else None)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


class Triton:
    """A running Triton whose models are loaded when they are asked for. Use it as a context."""

    def __init__(self, repository, *models, library=BACKEND, expect_code=0):
        self.folder = tempfile.TemporaryDirectory()
        self.expect_code = expect_code
        self.repository, self.models, self.library = repository, models, library
        self.errors = Path(self.folder.name) / "log"

    def __enter__(self):
        backend = Path(self.folder.name) / "backends/fovea"
        backend.mkdir(parents=True)
        (backend / "libtriton_fovea.so").symlink_to(self.library)
        http, grpc, metrics = free_ports(3)
        self.address, self.metrics_port = f"127.0.0.1:{http}", metrics
        command = [server_program(), "--model-repository", self.repository, "--backend-directory", backend.parent,
                   "--model-control-mode", "explicit", "--http-port", http, "--grpc-port", grpc, "--metrics-port", metrics,
                   *[f"--load-model={m}" for m in self.models]]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        try:
            wait_until(self.answers, "Triton's start", PATIENCE_S)
        except AssertionError:
            self.__exit__(AssertionError, None, None)
            raise
        return self

    def answers(self):
        assert self.process.poll() is None, self.errors.read_text(errors="replace")
        with contextlib.suppress(OSError, InferenceServerException), triton.InferenceServerClient(self.address) as c:
            return c.is_server_ready()

    def figure(self, name, model="faces"):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=60).read().decode()
        return sum(float(v) for v in re.findall(rf'^{name}{{model="{model}"[^}}]*}} (\S+)$', text, re.MULTILINE))

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        said = self.errors.read_text(errors="replace")
        self.folder.cleanup()
        assert kind or code == self.expect_code, f"exit status {code}: {said[-3000:]}"


# ---------------------------------------------------------------- a client


def photo_input(*photos):
    """In the one shape that both servers take."""
    return triton.InferInput("photo", [len(photos), 1], "BYTES").set_data_from_numpy(np.array(photos, dtype=np.object_).reshape(-1, 1))


def pixel_input(pixels):
    return triton.InferInput("pixels", pixels.shape, "UINT8").set_data_from_numpy(pixels)


def ask(server, tensor, model="faces", **options):
    with triton.InferenceServerClient(server.address, network_timeout=PATIENCE_S) as c:
        result = c.infer(model, [tensor], **options)
    return {o: result.as_numpy(o) for o in OUTPUTS}


def check_same(a, b):
    for o in OUTPUTS:
        assert a[o].shape == b[o].shape and a[o].dtype == b[o].dtype and np.array_equal(a[o], b[o]), f"{o}: {a[o]} {b[o]}"


def refused(call, part):
    try:
        call()
    except InferenceServerException as e:
        assert part in str(e), e
    else:
        raise AssertionError("was not refused")


def photos():
    """The repository's photo, and those that tests share where they are here."""
    shared = Path(os.environ.get("FOVEA_SHARED", SOURCE / "../shared")) / "photos"
    return [PORTRAIT, *sorted(p for p in shared.rglob("*") if p.suffix.lower() in (".jpg", ".png", ".webp"))][:12]


# ---------------------------------------------------------------- tests that need no server


def configurations_are_what_triton_reads():
    if not ModelConfig:
        raise Skip(f"tritonclient[grpc], which has Triton's schema, is not here: {INSTALL}")
    with tempfile.TemporaryDirectory() as folder:
        export(folder, "--name", "a")
        export(folder, "--name", "b", "--batch", "0")
        export(folder, "--name", "c", "--backend", "cuda", "--device", "0,2", "--instances", "3", "--batch", "16", "--batch-delay", "1.5")
        a, b, c = (text_format.Parse((Path(folder) / m / "config.pbtxt").read_text(), ModelConfig()) for m in "abc")
        assert (Path(folder) / "a/1/model.fov").read_bytes() == ENGINE.read_bytes()
    assert a.backend == "fovea" and a.max_batch_size == 8 and not a.HasField("dynamic_batching")
    assert [list(i.dims) for i in a.input] == [[1], [-1, -1, 3]] and all(i.optional for i in a.input)
    assert [o.name for o in a.output] == list(OUTPUTS) and [list(o.dims) for o in a.output] == [[4], [1], [5, 2], [1], [1], [2]]
    assert b.max_batch_size == 0 and [list(o.dims) for o in b.output] == [[-1, 4], [-1], [-1, 5, 2], [-1], [-1], [-1, 2]]
    assert c.max_batch_size == 16 and c.dynamic_batching.max_queue_delay_microseconds == 1500
    group = c.instance_group[0]
    assert group.kind == group.KIND_GPU and group.count == 3 and list(group.gpus) == [0, 2]


def exports_that_cannot_be():
    with tempfile.TemporaryDirectory() as folder:
        for part, *options in (("a model's name", "--name", "a b"), ("a model's name", "--name", ".."), ("--batch", "--batch", "65"),
                               ("goes with --backend cuda", "--device", "0"), ("nothing to wait for", "--batch", "0", "--batch-delay", "1")):
            assert part in export(folder, *options, code=2), options
        assert not list(Path(folder).iterdir())
        assert "nothing.fov" in export(folder, code=3, engine="nothing.fov")
        (Path(folder) / "file").touch()
        assert "cannot be written" in export(Path(folder) / "file", code=4)


# ---------------------------------------------------------------- tests in the server


def the_same_faces_as_the_program(server):
    files = photos()
    printed = subprocess.run([FOVEA, "detect", "--json", "-m", ENGINE, *files], check=True, capture_output=True)
    for file, record in zip(files, json.loads(printed.stdout)):
        found = ask(server, photo_input(file.read_bytes()))
        assert found["counts"].tolist() == [len(record["faces"])] and found["sizes"].tolist() == [[record["width"], record["height"]]]
        assert np.allclose(found["boxes"], np.reshape([f["box"] for f in record["faces"]], (-1, 4)), atol=1e-3), file
        assert np.allclose(found["landmarks"], np.reshape([f["landmarks"] for f in record["faces"]], (-1, 5, 2)), atol=1e-3), file
        assert np.allclose(found["scores"], [f["score"] for f in record["faces"]], atol=1e-6), file


def a_client_moves_between_both_servers(server):
    portrait, rng = PORTRAIT.read_bytes(), np.random.default_rng(7)
    with Server(FOVEA, "-m", f"faces={ENGINE}") as fovea:
        for tensor in (photo_input(portrait), photo_input(portrait, *[p.read_bytes() for p in photos()[:3]]),
                       pixel_input(rng.integers(0, 255, (2, 96, 64, 3), dtype=np.uint8))):
            check_same(ask(server, tensor), ask(fovea, tensor))
        for parameters in ({"score": 0.02}, {"score": "0.02", "size": "long:320", "max_faces": 3}, {"nms": 0.9, "top_k": 100},
                           {"size": "256x256"}):
            check_same(ask(server, photo_input(portrait), parameters=parameters), ask(fovea, photo_input(portrait), parameters=parameters))
        with triton.InferenceServerClient(server.address) as t, triton.InferenceServerClient(fovea.address) as f:
            a, b = t.get_model_metadata("faces"), f.get_model_metadata("faces")
        for side in ("inputs", "outputs"):
            assert [(x["name"], x["datatype"]) for x in a[side]] == [(x["name"], x["datatype"]) for x in b[side]]


def without_batches_shapes_are_those_of_fovea_serve(server):
    with Server(FOVEA, "-m", f"plain={ENGINE}") as fovea, triton.InferenceServerClient(server.address) as t, \
            triton.InferenceServerClient(fovea.address) as f:
        a, b = t.get_model_metadata("plain"), f.get_model_metadata("plain")
        for side in ("inputs", "outputs"):
            assert [x["shape"] for x in a[side]] == [x["shape"] for x in b[side]]
        portrait = np.array([PORTRAIT.read_bytes()] * 2, dtype=np.object_)
        tensor = triton.InferInput("photo", [2], "BYTES").set_data_from_numpy(portrait)
        check_same(ask(server, tensor, "plain"), ask(fovea, tensor, "plain"))
        gray = pixel_input(np.full((64, 96, 3), 128, dtype=np.uint8))
        assert ask(server, gray, "plain")["boxes"].shape == (0, 4)


def bad_photos_among_good_ones(server):
    portrait = PORTRAIT.read_bytes()
    expected, bad = ask(server, photo_input(portrait)), [b"", b"no photo", portrait[: len(portrait) // 2 - 7], portrait[:40]]
    before = server.figure("nv_inference_request_failure")

    def one(i):
        if i % 3 == 1:
            # Half a PNG may be shown as far as it goes: it is taken, as the program takes it, or refused; never anybody else's faces.
            with contextlib.suppress(InferenceServerException):
                return ask(server, photo_input(bad[i % len(bad)])), i % len(bad) == 2
            return None, True
        found = ask(server, photo_input(portrait))
        check_same(found, expected)
        return found, True

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(48)))
    assert all(good for _, good in answers)
    wait_until(lambda: server.figure("nv_inference_request_failure") >= before + 12, "12 failures")
    refused(lambda: ask(server, photo_input(portrait, b"no photo")), "photo 1")
    refused(lambda: ask(server, photo_input(b"GIF89a" + bytes(100))), "photo 0")


def requests_are_batched(server):
    """Photos of several sizes, sent at once, share executions; each request gets its own faces."""
    rng = np.random.default_rng(3)
    tensors = [photo_input(PORTRAIT.read_bytes())] * 12 + [
        pixel_input(rng.integers(0, 255, (1 + i % 2, 64 + 32 * (i % 3), 96, 3), dtype=np.uint8)) for i in range(12)]
    alone = [ask(server, t, "batched") for t in tensors]
    count = sum(len(a["counts"]) for a in alone)
    comes_to(lambda: server.figure("nv_inference_count", "batched"), count)
    executions = server.figure("nv_inference_exec_count", "batched")
    with concurrent.futures.ThreadPoolExecutor(len(tensors)) as pool:
        together = list(pool.map(lambda t: ask(server, t, "batched"), tensors))
    for a, b in zip(alone, together):
        check_same(a, b)
    comes_to(lambda: server.figure("nv_inference_count", "batched"), 2 * count)
    assert server.figure("nv_inference_exec_count", "batched") - executions < len(tensors) / 2


def requests_that_cannot_be(server):
    portrait = photo_input(PORTRAIT.read_bytes())
    refused(lambda: ask(server, portrait, parameters={"scor": 1}), "scor: there is no such parameter")
    refused(lambda: ask(server, portrait, parameters={"score": 2}), "score=2: expected a number from 0 to 1")
    refused(lambda: ask(server, portrait, parameters={"score": True}), "parameter score: expected a number or a text")
    refused(lambda: ask(server, portrait, parameters={"size": "native:"}), "size=native:: expected WxH")
    refused(lambda: ask(server, pixel_input(np.zeros((1, 64, 96, 3), np.uint8)), parameters={"size": "4096x4096"}), "long:1280")
    refused(lambda: ask(server, photo_input(*[PORTRAIT.read_bytes()] * 9)), "batch-size must be <= 8")
    with triton.InferenceServerClient(server.address) as c:
        both = [portrait, pixel_input(np.zeros((1, 8, 8, 3), np.uint8))]
        refused(lambda: c.infer("faces", both), "expected either photo (BYTES) or pixels (UINT8)")
        named = c.infer("faces", [portrait], outputs=[triton.InferRequestedOutput("counts")])
        assert [o["name"] for o in named.get_response()["outputs"]] == ["counts"]


def settings_of_a_model(server):
    found = ask(server, photo_input(PORTRAIT.read_bytes()), "set")
    check_same(found, ask(server, photo_input(PORTRAIT.read_bytes()), parameters={"score": 0.02, "size": "long:320"}))
    refused(lambda: ask(server, pixel_input(np.zeros((1, 600, 600, 3), np.uint8)), "set"), "max_pixels")
    with triton.InferenceServerClient(server.address) as c:
        refused(lambda: c.load_model("wrong"), "config.pbtxt, parameter sore='1'")


def models_come_and_go(server):
    portrait, folder = photo_input(PORTRAIT.read_bytes()), Path(server.repository)
    with triton.InferenceServerClient(server.address) as c:
        export(folder, "--name", "passing")
        c.load_model("passing")
        assert ask(server, portrait, "passing")["counts"].tolist() == [1]
        export(folder, "--name", "passing", "--as-version", "2", "--instances", "3")
        c.load_model("passing")
        assert c.infer("passing", [portrait]).get_response()["model_version"] == "2"
        export(folder, "--name", "damaged")
        (folder / "damaged/1/model.fov").write_bytes(ENGINE.read_bytes()[:5000])
        refused(lambda: c.load_model("damaged"), "damaged/1/model.fov: has 5000 bytes")
        c.unload_model("passing")
        wait_until(lambda: not c.is_model_ready("passing"), "unloading")
        assert c.is_server_live() and ask(server, portrait)["counts"].tolist() == [1]


def models_are_replaced_under_load(server):
    """A new version comes while eight clients ask: the old one or the new one answers everybody, and bad photos stay their own affair."""
    portrait, bad, folder = photo_input(PORTRAIT.read_bytes()), photo_input(b"no photo"), Path(server.repository)
    expected, over = ask(server, portrait), threading.Event()
    export(folder, "--name", "moving")

    def answers(i):
        count = 0
        while not over.is_set():
            if i % 4 == 3:
                refused(lambda: ask(server, bad, "moving"), "photo 0")
            else:
                check_same(ask(server, portrait, "moving"), expected)
            count += 1
        return count

    with triton.InferenceServerClient(server.address, network_timeout=PATIENCE_S) as c, concurrent.futures.ThreadPoolExecutor(8) as pool:
        c.load_model("moving")
        asked = [pool.submit(answers, i) for i in range(8)]
        try:
            for version in range(2, 5):
                export(folder, "--name", "moving", "--as-version", str(version), "--instances", str(version))
                c.load_model("moving")
                assert c.infer("moving", [portrait]).get_response()["model_version"] == str(version)
        finally:
            over.set()
        assert all(a.result() for a in asked)
        c.unload_model("moving")


def figures_count_what_was_done(server):
    names = ("nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count")
    timed = ("nv_inference_compute_input_duration_us", "nv_inference_compute_infer_duration_us")
    time.sleep(1)  # for what the tests before asked to be counted
    before = {n: server.figure(n) for n in names + timed}
    ask(server, photo_input(PORTRAIT.read_bytes(), PORTRAIT.read_bytes()))
    comes_to(lambda: [server.figure(n) - before[n] for n in names], [1, 2, 1])
    assert all(server.figure(n) > before[n] for n in timed)


def photos_share_passes_on_a_gpu():
    """Of the emulator. Triton has no GPU here, so that instances are of KIND_MODEL, whose device is the backend's to choose."""
    if not EMULATED:
        raise Skip("the emulator of GPUs is not part of this build")
    os.environ["FAKE_CUDA_DEVICES"] = "1"
    small = {"size": "long:128", "score": 0.1}
    printed = subprocess.run([FOVEA, "detect", "--json", "-m", ENGINE, "--size", "long:128", "--score", "0.1", PORTRAIT], check=True,
                             capture_output=True)
    expected = [f["box"] for f in json.loads(printed.stdout)[0]["faces"]]
    with tempfile.TemporaryDirectory() as folder:
        export(folder, "--name", "faces", "--backend", "cuda", "--instances", "1", "--batch-delay", "300")
        config = Path(folder) / "faces/config.pbtxt"
        config.write_text(config.read_text().replace("KIND_GPU", "KIND_MODEL"))
        with Triton(folder, "faces", library=EMULATED) as server:
            assert re.search(r"faces_0.*: mixed on cuda, ", server.errors.read_text()), server.errors.read_text()
            requests = [(photo_input(*[PORTRAIT.read_bytes()] * 2), small), (photo_input(PORTRAIT.read_bytes()), small),
                        (photo_input(b"no photo"), small), (photo_input(PORTRAIT.read_bytes()), {**small, "max_faces": 1})]
            with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
                asked = [pool.submit(ask, server, tensor, parameters=p) for tensor, p in requests]
                two, one, bad, best = (a.exception() or a.result() for a in asked)
            comes_to(lambda: server.figure("nv_inference_count"), 4)  # of the requests that were answered
            assert server.figure("nv_inference_exec_count") == 1
    assert two["counts"].tolist() == [len(expected)] * 2 and isinstance(bad, InferenceServerException)
    assert np.allclose(one["boxes"], expected, atol=0.01) and np.allclose(two["boxes"], expected * 2, atol=0.01)
    assert np.allclose(best["boxes"], expected[:1], atol=0.01)


def photos_outlive_a_server_that_is_killed():
    """Clients ask one server until it is gone and then another: each photo has its answer, once, and the bad one its refusal."""
    good = PORTRAIT.read_bytes()
    photos_asked = [good, b"no photo", good] * 8

    def answer(photo):
        while True:
            try:
                return ask(servers[0], photo_input(photo))
            except InferenceServerException as e:
                if "photo 0" in str(e):
                    return None
            except (OSError, HTTPConnectionClosed):
                time.sleep(0.05)

    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        export(folder, "--name", "faces")
        with Triton(folder, "faces") as stays, Triton(folder, "faces", expect_code=-signal.SIGKILL) as goes:
            expected, servers = ask(stays, photo_input(good)), [goes, stays]
            asked = [pool.submit(answer, photo) for photo in photos_asked]
            next(concurrent.futures.as_completed(asked)).result()
            goes.process.kill()
            assert not all(a.done() for a in asked)
            del servers[0]
            for photo, a in zip(photos_asked, asked):
                if photo is good:
                    check_same(a.result(), expected)
                else:
                    assert a.result() is None


ALONE = [configurations_are_what_triton_reads, exports_that_cannot_be]
IN_SERVER = [the_same_faces_as_the_program, a_client_moves_between_both_servers, without_batches_shapes_are_those_of_fovea_serve,
             bad_photos_among_good_ones, requests_are_batched, requests_that_cannot_be, settings_of_a_model, models_come_and_go,
             models_are_replaced_under_load, figures_count_what_was_done]


def fill(repository):
    export(repository, "--name", "faces", "--instances", "2")
    export(repository, "--name", "plain", "--batch", "0")
    export(repository, "--name", "batched", "--instances", "1", "--batch", "64", "--batch-delay", "300")
    for name, settings in (("set", {"score": "0.02", "size": "long:320", "max_pixels": "300000", "threads": "2"}), ("wrong", {"sore": "1"})):
        export(repository, "--name", name)
        with (Path(repository) / name / "config.pbtxt").open("a") as config:
            config.writelines(f'parameters {{ key: "{k}" value {{ string_value: "{v}" }} }}\n' for k, v in settings.items())


def skip():
    if not BACKEND:
        raise Skip("Triton cannot load a backend that has a sanitizer in it")
    raise Skip(f"Triton Inference Server and its client are not here: {INSTALL}")


def main():
    if not (BACKEND and triton and server_program()):
        return run([*ALONE, skip])
    with tempfile.TemporaryDirectory() as repository:
        fill(repository)
        with Triton(repository, "faces", "plain", "batched", "set") as server:
            return run([*ALONE, *[named(t, server) for t in IN_SERVER], photos_share_passes_on_a_gpu,
                        photos_outlive_a_server_that_is_killed])


def named(test, server):
    def bound():
        test(server)
    bound.__name__ = test.__name__
    return bound


if __name__ == "__main__":
    sys.exit(main())
