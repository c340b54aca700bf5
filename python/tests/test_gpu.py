# SPDX-License-Identifier: MIT
"""On GPUs: the driver that stands in for NVIDIA's, in processes that find it; and what is said where there is none."""
import json
import os
import subprocess
import sys

import pytest

import fovea

CODE = """
import json, sys, fovea
from concurrent.futures import ThreadPoolExecutor
photo = sys.argv[1]
part = fovea.load_photo(photo)[40:200, 150:310]
with fovea.Detector(backend="auto", size="96x96") as detector:
    once = detector.detect(part).to_dict()
    with ThreadPoolExecutor(4) as pool:
        several = [faces.to_dict() for faces in pool.map(lambda _: detector.detect(part), range(8))]
    many = [len(faces) for faces in detector.detect_many([photo] * 6, devices=[0, 1])]
    print(json.dumps({"backend": detector.backend, "once": once, "several": several, "many": many}))
"""


def test_one_detector_on_two_gpus_and_in_many_threads(photo):
    folder = os.environ.get("FOVEA_FAKE_DRIVER")
    if not folder:
        pytest.skip("this build has no CUDA backend, or no driver that stands in for NVIDIA's")
    done = subprocess.run([sys.executable, "-c", CODE, photo], stdout=subprocess.PIPE, check=True,
                          env={**os.environ, "LD_LIBRARY_PATH": folder, "FAKE_CUDA_DEVICES": "2"})
    answer = json.loads(done.stdout)
    assert answer["backend"] == "cuda" and answer["many"] == [1] * 6
    assert answer["several"] == [answer["once"]] * 8
    [face] = answer["once"]["faces"]
    with fovea.Detector(precision="fp32", size="96x96") as detector:
        expected = detector.detect(fovea.load_photo(photo)[40:200, 150:310]).to_dict()["faces"][0]
    assert face["box"] == pytest.approx(expected["box"], abs=0.01) and face["score"] == pytest.approx(expected["score"], abs=1e-4)


WITHOUT = """
import json, fovea
answer = {"usable": fovea.doctor()["cuda"]["usable"], "auto": fovea.Detector(backend="auto").backend}
try:
    fovea.Detector(backend="cuda")
except (fovea.DeviceError, fovea.UnsupportedError) as e:
    answer["error"] = str(e)
print(json.dumps(answer))
"""


def test_without_a_gpu_it_is_said_why():
    """Without the driver that stands in, whose folder meson adds to the path of libraries."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    answer = json.loads(subprocess.run([sys.executable, "-c", WITHOUT], stdout=subprocess.PIPE, check=True, env=environment).stdout)
    if answer["usable"]:
        pytest.skip("there is a GPU")
    assert answer["auto"] == "cpu" and ("driver" in answer["error"] or "nvcc" in answer["error"])


def test_gpus_for_an_engine_on_the_processor(detector, photo):
    with pytest.raises(fovea.ArgumentError, match="devices"):
        list(detector.detect_many([photo], devices=[0]))
