#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NVIDIA's own client, unchanged, speaks to the server: health, metadata, inference with binary data and without, several photos,
asynchronous requests over shared connections, models loaded and unloaded, errors. TAP on stdout.

usage: triton_client.py SOURCE_DIR FOVEA      needs the package tritonclient[http]; without it every test is skipped
"""
import base64
import json
import re
import subprocess
import sys
from pathlib import Path

from serving import Server, Skip, run

try:
    import numpy as np
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException
except ImportError:
    triton = None

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
PHOTO = (SOURCE / "photos/astronaut.png").read_bytes()
SERVER = None


def client(concurrency=1):
    return triton.InferenceServerClient(SERVER.address, concurrency=concurrency)


def photo_input(*photos):
    tensor = triton.InferInput("photo", [len(photos)], "BYTES")
    return tensor.set_data_from_numpy(np.array(photos, dtype=np.object_))


def faces_of_cli(*options):
    out = subprocess.run([FOVEA, "detect", "--json", *options, SOURCE / "photos/astronaut.png"], check=True, capture_output=True)
    return json.loads(out.stdout)[0]["faces"]


def check_faces(result, expected, first=0):
    """The faces from `first` on are those that the program prints."""
    for i, face in enumerate(expected, first):
        assert np.allclose(result.as_numpy("boxes")[i], face["box"], atol=1e-3)
        assert np.allclose(result.as_numpy("landmarks")[i], face["landmarks"], atol=1e-3)
        assert np.allclose(result.as_numpy("scores")[i], face["score"], atol=1e-6)


def health_and_metadata():
    with client() as c:
        assert c.is_server_live() and c.is_server_ready() and c.is_model_ready("default") and c.is_model_ready("default", "1")
        assert not c.is_model_ready("nobody")
        server, model, config = c.get_server_metadata(), c.get_model_metadata("default"), c.get_model_config("default")
    assert server["name"] == "fovea" and "binary_tensor_data" in server["extensions"]
    assert model["versions"] == ["1"] and [i["name"] for i in model["inputs"]] == ["photo", "pixels"]
    assert {o["name"]: (o["datatype"], o["shape"]) for o in model["outputs"]}["landmarks"] == ("FP32", [-1, 5, 2])
    assert config["input"][0]["data_type"] == "TYPE_STRING"


def an_encoded_photo_as_binary_data():
    expected = faces_of_cli()
    with client() as c:
        result = c.infer("default", [photo_input(PHOTO)], request_id="mine")
    assert result.get_response()["id"] == "mine" and result.get_response()["model_version"] == "1"
    assert result.as_numpy("boxes").shape == (len(expected), 4) and result.as_numpy("boxes").dtype == np.float32
    assert result.as_numpy("counts").tolist() == [len(expected)] and result.as_numpy("sizes").tolist() == [[512, 512]]
    check_faces(result, expected)


def outputs_by_name_in_json():
    wanted = [triton.InferRequestedOutput("scores", binary_data=False), triton.InferRequestedOutput("boxes", binary_data=True)]
    with client() as c:
        result = c.infer("default", [photo_input(PHOTO)], outputs=wanted)
    assert {o["name"] for o in result.get_response()["outputs"]} == {"boxes", "scores"}
    assert result.get_output("scores")["data"][0] > 0.99 and result.as_numpy("boxes").shape == (1, 4)
    assert result.as_numpy("landmarks") is None


def a_photo_as_base64_in_json():
    tensor = triton.InferInput("photo", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([base64.b64encode(PHOTO)], dtype=np.object_), binary_data=False)
    with client() as c:
        check_faces(c.infer("default", [tensor]), faces_of_cli())


def pixels_of_one_and_of_several():
    gray = np.full((64, 96, 3), 128, dtype=np.uint8)
    with client() as c:
        one = triton.InferInput("pixels", gray.shape, "UINT8").set_data_from_numpy(gray)
        result = c.infer("default", [one])
        assert result.as_numpy("boxes").shape == (0, 4) and result.as_numpy("landmarks").shape == (0, 5, 2)
        three = triton.InferInput("pixels", (3, 64, 96, 3), "UINT8").set_data_from_numpy(np.stack([gray] * 3))
        result = c.infer("default", [three])
        assert result.as_numpy("sizes").tolist() == [[96, 64]] * 3 and result.as_numpy("counts").tolist() == [0, 0, 0]
        told = triton.InferInput("pixels", gray.shape, "UINT8").set_data_from_numpy(gray, binary_data=False)
        assert c.infer("default", [told]).as_numpy("counts").tolist() == [0]


def several_photos_are_told_apart():
    expected = faces_of_cli()
    with client() as c:
        result = c.infer("default", [photo_input(PHOTO, PHOTO, PHOTO)])
    n = len(expected)
    assert result.as_numpy("counts").tolist() == [n] * 3
    assert result.as_numpy("image_index").tolist() == [0] * n + [1] * n + [2] * n
    for i in range(3):
        check_faces(result, expected, i * n)


def parameters_are_those_of_the_program():
    with client() as c:
        result = c.infer("default", [photo_input(PHOTO)], parameters={"score": 0.02, "size": "long:320", "max_faces": 3})
        check_faces(result, faces_of_cli("--score", "0.02", "--size", "long:320", "--max-faces", "3"))
        assert c.infer("default", [photo_input(PHOTO)], timeout=30_000_000).as_numpy("counts").tolist() == [1]


def asynchronous_requests_over_shared_connections():
    expected = faces_of_cli()
    with client(concurrency=4) as c:
        pending = [c.async_infer("default", [photo_input(PHOTO)], request_id=str(i)) for i in range(24)]
        for i, request in enumerate(pending):
            result = request.get_result()
            assert result.get_response()["id"] == str(i)
            check_faces(result, expected)


def refused(call, status, part):
    try:
        call()
    except InferenceServerException as e:
        assert e.status() == str(status) and part in e.message(), f"{e.status()}: {e.message()}"
    else:
        raise AssertionError("was not refused")


def errors_are_exceptions_with_a_sentence():
    with client() as c:
        refused(lambda: c.infer("nobody", [photo_input(PHOTO)]), 404, "nobody")
        refused(lambda: c.infer("default", [photo_input(b"no photo")]), 400, "the photo")
        refused(lambda: c.infer("default", [photo_input(PHOTO, b"")]), 400, "photo 1")
        refused(lambda: c.infer("default", [photo_input(PHOTO)], parameters={"scor": 1}), 400, "scor")
        refused(lambda: c.infer("default", [photo_input(PHOTO)], sequence_id=7), 400, "sequence")
        refused(lambda: c.infer("default", [photo_input(PHOTO)], outputs=[triton.InferRequestedOutput("x")]), 400, "'x'")
        refused(lambda: c.infer("default", [photo_input(PHOTO)], request_compression_algorithm="gzip"), 415, "gzip")


def models_are_listed_loaded_and_unloaded():
    with client() as c:
        assert c.get_model_repository_index() == [{"name": "default", "version": "1", "state": "READY", "reason": ""}]
        c.unload_model("default")
        assert not c.is_model_ready("default") and c.is_server_ready()
        refused(lambda: c.infer("default", [photo_input(PHOTO)]), 404, "unloaded")
        c.load_model("default")
        assert c.is_model_ready("default") and c.infer("default", [photo_input(PHOTO)]).as_numpy("counts").tolist() == [1]
        refused(lambda: c.load_model("nobody"), 404, "nobody")


def statistics_count_what_was_done():
    with client() as c:
        before = c.get_inference_statistics("default")["model_stats"][0]
        c.infer("default", [photo_input(PHOTO, PHOTO)])
        after = c.get_inference_statistics()["model_stats"][0]
    assert after["inference_count"] == before["inference_count"] + 2
    assert after["inference_stats"]["success"]["count"] == before["inference_stats"]["success"]["count"] + 1


def the_documents_example():
    example = re.search(r"^```python\n(.*?)^```$", (SOURCE / "docs/serve.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-c", example.replace("127.0.0.1:8000", SERVER.address)], cwd=SOURCE, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("[[172."), done.stdout + done.stderr


TESTS = [health_and_metadata, an_encoded_photo_as_binary_data, outputs_by_name_in_json, a_photo_as_base64_in_json,
         pixels_of_one_and_of_several, several_photos_are_told_apart, parameters_are_those_of_the_program,
         asynchronous_requests_over_shared_connections, errors_are_exceptions_with_a_sentence,
         models_are_listed_loaded_and_unloaded, statistics_count_what_was_done, the_documents_example]


def skip():
    raise Skip("the package tritonclient[http] is not here: pip install 'tritonclient[http]' in an environment")


def main():
    global SERVER
    if not triton:
        return run([skip])
    with Server(FOVEA, "--allow-control") as SERVER:
        return run(TESTS)


if __name__ == "__main__":
    sys.exit(main())
