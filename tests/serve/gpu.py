#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server on GPUs, those of the emulator where $LD_LIBRARY_PATH has its driver: photos that wait share passes and devices, and have the faces
that the program finds. TAP on stdout.

usage: gpu.py SOURCE_DIR FOVEA
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from serving import Server, Skip, form, run, wait_until

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
ASTRONAUT = SOURCE / "photos/astronaut.png"
SMALL = ("--size", "long:128", "--score", "0.1", "--backend", "cuda")
os.environ["FAKE_CUDA_DEVICES"] = "2"


def photos_share_passes_on_two_gpus():
    done = subprocess.run([FOVEA, "detect", "--json", *SMALL, ASTRONAUT], check=True, capture_output=True)
    expected = json.loads(done.stdout)[0]
    headers, body = form(*(("photo", f"{i}.png", ASTRONAUT.read_bytes()) for i in range(5)))
    with Server(FOVEA, *SMALL, "--device", "0,1", "--batch-delay", "300", "--queue-time", "600", "--work-time", "600") as server:
        model = server.get("/models").json["models"][0]
        photos = server.post("/detect", body, headers=headers).json["photos"]
        assert model["backend"] == "cuda" and model["device"] == expected["device"]
        assert server.metric("nv_inference_count") == 5 and server.metric("nv_inference_exec_count") == 1
    assert expected["faces"] and all(p["faces"] == expected["faces"] for p in photos)


def what_cannot_run_is_told_at_the_start():
    done = subprocess.run([FOVEA, "serve", "--port", "0", *SMALL], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "FAKE_CUDA_MEMORY": "1000000"})
    assert done.returncode == 3 and "device memory" in done.stderr and "listening" not in done.stderr, done.stderr


def a_gpu_that_is_lost():
    """Each photo is an error from then on, health says so, and the server still stops as it should; the program says so, too."""
    with tempfile.TemporaryDirectory() as folder:
        gone = Path(folder) / "gone"
        Path(folder).chmod(0o755)  # workers are nobody where the server is root's
        environment = {**os.environ, "FAKE_CUDA_LOST": str(gone)}
        with Server(FOVEA, *SMALL, env=environment) as server:
            assert server.post("/detect", ASTRONAUT.read_bytes()).status == 200
            assert server.get("/v2/health/ready").status == server.get("/v2/health/live").status == 200
            gone.touch()
            answer = server.post("/detect", ASTRONAUT.read_bytes())
            assert answer.status == 500 and "GPU" in answer.error, answer.body
            for health in "ready", "live":
                answer = server.get(f"/v2/health/{health}")
                assert answer.status == 503 and "start the server anew" in answer.error, answer.body
            gone.unlink()
            assert server.post("/detect", ASTRONAUT.read_bytes()).status == 200
            assert server.get("/v2/health/ready").status == 200
        gone.touch()
        done = subprocess.run([FOVEA, "detect", *SMALL, ASTRONAUT], capture_output=True, text=True, timeout=60, check=False, env=environment)
        assert done.returncode == 3 and "GPU" in done.stderr, done.stderr


def threads_of_the_driver_keep_no_files():
    """They are started with it, before a worker has given up all that it will."""
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.touch(0o644)
        Path(folder).chmod(0o755)
        with Server(FOVEA, *SMALL, env={**os.environ, "FAKE_CUDA_READS": str(secret)}) as server:
            if 'landlock="0"' in server.get("/metrics").body.decode():
                raise Skip("the kernel has no Landlock")
            assert server.post("/detect", ASTRONAUT.read_bytes()).status == 200
            wait_until(lambda: "thread reads" in server.errors.read_text(), "it has tried")
            said = [line for line in server.errors.read_text().splitlines() if "thread reads" in line]
            assert said and all("Permission denied" in line for line in said), said


if __name__ == "__main__":
    sys.exit(run([photos_share_passes_on_two_gpus, what_cannot_run_is_told_at_the_start, a_gpu_that_is_lost, threads_of_the_driver_keep_no_files]))
