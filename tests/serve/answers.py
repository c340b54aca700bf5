#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the server answers when all is well, by raw HTTP: every address, photos in every form, models and their versions.
TAP on stdout.

usage: answers.py SOURCE_DIR FOVEA
"""
import base64
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from pictures import Picture
from serving import Server, form, run, wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault"))
from bad_models import Engine

SOURCE, FOVEA = (Path(p).resolve() for p in sys.argv[1:3])
ASTRONAUT = SOURCE / "photos/astronaut.png"
PHOTO = ASTRONAUT.read_bytes()
SERVER = None


def record_of_cli(*options):
    done = subprocess.run([FOVEA, "detect", "--json", *options, ASTRONAUT], check=True, capture_output=True)
    record = json.loads(done.stdout)[0]
    del record["file"]
    return record


def addresses_are_answered():
    for path, kind in (("/", "text/html"), ("/openapi.json", "application/json"), ("/metrics", "text/plain"), ("/models", "application/json"),
                       ("/models/default/certificate", "application/json"), ("/models/default/versions/1/certificate", "application/json"),
                       ("/v2", "application/json"), ("/v2/health/live", "application/json"), ("/v2/health/ready", "application/json"),
                       ("/v2/models/default", "application/json"), ("/v2/models/default/versions/1", "application/json"),
                       ("/v2/models/default/ready", "application/json"), ("/v2/models/default/versions/1/ready", "application/json"),
                       ("/v2/models/default/config", "application/json"), ("/v2/models/stats", "application/json"),
                       ("/v2/models/default/stats", "application/json"), ("/v2/models/default/versions/1/stats", "application/json")):
        answer, head = SERVER.get(path), SERVER.ask("HEAD", path)
        assert answer.status == head.status == 200, f"{path}: {answer.status}, HEAD {head.status}"
        assert answer.headers["Content-Type"].startswith(kind), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.body and not head.body, path
    assert SERVER.post("/v2/repository/index").json == [{"name": "default", "version": "1", "state": "READY", "reason": ""}]


def every_address_is_described():
    """routes.def and openapi.json tell the same addresses and methods."""
    rows = re.findall(r'^SRV_ROUTE\("(\w+)",\s*"([^"]+)"', (SOURCE / "apps/serve/routes.def").read_text(), re.MULTILINE)
    described = SERVER.get("/openapi.json").json
    paths = {(method.upper(), path) for path, item in described["paths"].items() for method in item if method in ("get", "post")}
    assert described["openapi"].startswith("3.")
    assert paths == {(method, path.replace("...", "{file}")) for method, path in rows}


def other_addresses_and_methods_are_refused():
    for method, path, status in (("GET", "/nothing", 404), ("GET", "/v2/models/x/y/z", 404), ("GET", "/assets/", 404),
                                 ("GET", "/assets/../serve.c", 404), ("GET", "/models//certificate", 404), ("PUT", "/detect", 405),
                                 ("POST", "/metrics", 405), ("DELETE", "/v2/models/default", 405)):
        answer = SERVER.ask(method, path)
        assert answer.status == status and answer.error, f"{method} {path}: {answer.status}"
    assert SERVER.get("/detect").headers["Allow"] == "POST"
    assert SERVER.post("/models").headers["Allow"] == "GET, HEAD"
    assert SERVER.get("/models/nobody/certificate").status == 404


def the_page_allows_nothing_from_elsewhere():
    answer = SERVER.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    again = SERVER.get("/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304 and not again.body


def a_photo_gets_the_record_of_the_program():
    answer = SERVER.post("/detect", PHOTO).json
    timing = answer.pop("timing")
    assert set(timing) == {"queue", "decode", "preprocess", "network", "postprocess", "total"}
    assert timing["total"] >= timing["network"] > 0
    for name, value in (("model", "default"), ("version", "1"), ("backend", "cpu")):
        assert answer.pop(name) == value
    assert answer.pop("precision") and isinstance(answer.pop("device"), (str, type(None)))
    assert answer == record_of_cli()


def parameters_mean_what_the_options_mean():
    for query, options in (("score=0.02&nms=0.9", ("--score", "0.02", "--nms", "0.9")), ("size=long:256", ("--size", "long:256")),
                           ("size=320x320&score=0.05&max_faces=2", ("--size", "320x320", "--score", "0.05", "--max-faces", "2")),
                           ("size=native", ("--size", "native")), ("size=tiles:320", ("--size", "tiles:320")),
                           ("top_k=1&score=0.02", ("--top-k", "1", "--score", "0.02"))):
        answer, expected = SERVER.post("/detect?" + query, PHOTO).json, record_of_cli(*options)
        assert {name: answer[name] for name in expected} == expected, query


def a_form_has_several_photos():
    headers, body = form(("a", "first.png", PHOTO), ("note", None, b"no file"), ("b", "second", b"no photo"), ("a", "third.png", PHOTO))
    photos = SERVER.post("/detect", body, headers=headers).json["photos"]
    assert [p["file"] for p in photos] == ["first.png", "second", "third.png"]
    assert photos[0]["faces"] == photos[2]["faces"] == record_of_cli()["faces"]
    assert "not a JPEG" in photos[1]["error"] and "faces" not in photos[1]
    headers, body = form(("photo", "one.png", PHOTO))
    assert SERVER.post("/detect", body, headers=headers).json["file"] == "one.png"


def the_picture_comes_marked_where_it_is_asked_for():
    for accept, magic, kind in (("image/jpeg", b"\xff\xd8\xff", "image/jpeg"), ("image/png", b"\x89PNG", "image/png"),
                                ("image/png;q=0.9, application/json", b"\x89PNG", "image/png")):
        answer = SERVER.post("/detect", PHOTO, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == kind and answer.body.startswith(magic)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([FOVEA, "detect", "-q", "--draw", folder, ASTRONAUT], check=True, stdout=subprocess.DEVNULL)
        drawn = (Path(folder) / "astronaut.png").read_bytes()
    marked = SERVER.post("/detect", PHOTO, headers={"Accept": "image/png"}).body
    assert Picture(marked).rows == Picture(drawn).rows
    assert SERVER.post("/detect", PHOTO, headers={"Accept": "*/*"}).headers["Content-Type"] == "application/json"
    headers, body = form(("a", "a.png", PHOTO), ("b", "b.png", PHOTO))
    assert SERVER.post("/detect", body, headers={**headers, "Accept": "image/jpeg"}).status == 400


def infer(request, rest=b"", path="/v2/models/default/infer"):
    head = json.dumps(request).encode()
    return SERVER.post(path, head + rest, headers={"Inference-Header-Content-Length": str(len(head))} if rest else {})


def inference_in_json():
    request = {"id": "7", "inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(PHOTO).decode()]}]}
    answer, expected = infer(request).json, record_of_cli()["faces"][0]
    outputs = {o["name"]: o for o in answer["outputs"]}
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("default", "1", "7")
    assert outputs["boxes"]["shape"] == [1, 4] and outputs["landmarks"]["shape"] == [1, 5, 2] and outputs["sizes"]["data"] == [512, 512]
    assert all(abs(a - b) < 1e-3 for a, b in zip(outputs["boxes"]["data"], expected["box"]))
    assert all(abs(a - b) < 1e-3 for a, b in zip(outputs["landmarks"]["data"], sum(expected["landmarks"], [])))


def inference_in_binary():
    rest = struct.pack("<I", len(PHOTO)) + PHOTO
    request = {"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(rest)}}],
               "outputs": [{"name": "scores"}, {"name": "boxes", "parameters": {"binary_data": True}}]}
    answer = infer(request, rest, "/v2/models/default/versions/1/infer")
    size = int(answer.headers["Inference-Header-Content-Length"])
    head = json.loads(answer.body[:size])
    assert [o["name"] for o in head["outputs"]] == ["boxes", "scores"] and head["outputs"][0]["parameters"] == {"binary_data_size": 16}
    box = struct.unpack("<4f", answer.body[size:])
    assert all(abs(a - b) < 1e-3 for a, b in zip(box, record_of_cli()["faces"][0]["box"]))


def inference_of_pixels_is_that_of_the_photo():
    picture = Picture(PHOTO)
    pixels = b"".join(picture.rows)
    request = {"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [512, 512, 3], "parameters": {"binary_data_size": len(pixels)}}]}
    boxes = {o["name"]: o for o in infer(request, pixels).json["outputs"]}["boxes"]["data"]
    assert all(abs(a - b) < 1e-3 for a, b in zip(boxes, record_of_cli()["faces"][0]["box"]))


def inference_of_a_whole_body():
    answer = SERVER.post("/v2/models/default/infer", PHOTO, headers={"Inference-Header-Content-Length": "0"})
    size = int(answer.headers["Inference-Header-Content-Length"])
    assert [o["shape"] for o in json.loads(answer.body[:size])["outputs"]] == [[1, 4], [1], [1, 5, 2], [1], [1], [1, 2]]
    assert len(answer.body) - size == 4 * (4 + 1 + 10 + 1 + 1 + 2)


def metrics_count():
    before = SERVER.metric("nv_inference_request_success"), SERVER.metric("nv_inference_count"), SERVER.metric("nv_inference_request_failure")
    SERVER.post("/detect", PHOTO)
    headers, body = form(("a", "a.png", PHOTO), ("b", "b.png", PHOTO))
    SERVER.post("/detect", body, headers=headers)
    SERVER.post("/detect", b"no photo")
    assert SERVER.metric("nv_inference_request_success") == before[0] + 2
    assert SERVER.metric("nv_inference_count") == before[1] + 3
    assert SERVER.metric("nv_inference_request_failure") == before[2] + 1
    assert SERVER.metric("nv_inference_pending_request_count") == SERVER.metric("fovea_queue_photos") == 0
    text = SERVER.get("/metrics").body.decode()
    sample = re.compile(r'[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+|# (HELP|TYPE) [a-z_]+ .+')
    for line in text.splitlines():
        assert sample.fullmatch(line), line
    buckets = [int(n) for n in re.findall(r'fovea_stage_duration_seconds_bucket\{[^}]*stage="network"[^}]*\} (\d+)', text)]
    assert buckets == sorted(buckets) and buckets[-1] > 0


def requests_are_logged():
    SERVER.get("/nothing%22%0a")
    wait_until(lambda: r'/nothing\"' in SERVER.log.read_text(), "a line is written once the answer is out")
    lines = [json.loads(line) for line in SERVER.log.read_text().splitlines()]
    nothing = next(line for line in lines if line["path"] == '/nothing"\n')  # that of a request before it may be written after it
    assert nothing["status"] == 404 and nothing["client"] == "127.0.0.1"
    detect = [line for line in lines if line["path"] == "/detect" and line["status"] == 200]
    assert detect[0]["model"] == "default" and detect[0]["photos"] == 1 and detect[0]["faces"] == 1 and detect[0]["received"] == len(PHOTO)


def a_connection_is_used_again():
    connection = SERVER.connect()
    for i in range(20):
        answer = SERVER.post("/detect", PHOTO if i % 2 else b"no photo", connection=connection)
        assert answer.status == (200 if i % 2 else 400)
    connection.close()


def requests_may_follow_without_a_wait():
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    last = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    raw = SERVER.raw(head % len(PHOTO) + PHOTO + head % 8 + b"no photo" + head % len(PHOTO) + PHOTO + last)
    assert re.findall(rb"HTTP/1.1 (\d+)", raw) == [b"200", b"400", b"200", b"200"] and raw.count(b'"faces"') == 2 and raw.endswith(b'{"live": true}\n')


def photos_that_wait_together_share_passes():
    headers, body = form(*(("photo", f"{i}.png", PHOTO) for i in range(8)))
    with Server(FOVEA, "--workers", "1", "--batch", "4", "--batch-delay", "50") as server:
        photos = server.post("/detect", body, headers=headers).json["photos"]
        assert server.metric("nv_inference_count") == 8 and server.metric("nv_inference_exec_count") == 2
    assert all(p["faces"] == record_of_cli()["faces"] for p in photos)


def models_lie_in_a_folder():
    with tempfile.TemporaryDirectory() as folder:
        for path in ("faces/1", "faces/2", "faces/10", "faces/draft", ".hidden/1"):
            (Path(folder) / path).mkdir(parents=True)
            shutil.copy(SOURCE / "models/fovea_mnet025.fov", Path(folder) / path / "model.fov")
        shutil.copy(SOURCE / "models/fovea_mnet025.safetensors", Path(folder) / "exact.safetensors")
        (Path(folder) / "notes.txt").write_text("no model")
        with Server(FOVEA, "--models", folder, "--default-model", "faces") as server:
            models = server.get("/models").json
            assert models["default"] == "faces" and models["defaults"] == {"score": 0.5, "nms": 0.4, "max_faces": 750}
            assert [(m["name"], m["version"]) for m in models["models"]] == [("exact", "1"), ("faces", "1"), ("faces", "2"), ("faces", "10")]
            assert server.get("/v2/models/faces").json["versions"] == ["1", "2", "10"]
            assert server.post("/detect", PHOTO).json["version"] == "10"
            assert server.post("/detect?version=2", PHOTO).json["version"] == "2"
            exact = server.post("/detect?model=exact", PHOTO).json
            assert exact["precision"] == "fp32" and exact["model"] == "exact"
            assert server.post("/detect?version=3", PHOTO).status == server.get("/v2/models/faces/versions/3/ready").status == 404
            assert server.get("/models/exact/certificate").status == 404


def of_family(family):
    """The bundled engine with another family in its certificate."""
    engine = Engine((SOURCE / "models/fovea_mnet025.fov").read_bytes())
    at, size = engine.place(5)
    certificate = json.loads(engine.data[at:at + size])
    certificate["source"] = {"family": family}
    text = json.dumps(certificate, ensure_ascii=False, separators=(",", ":")).encode().ljust(size)
    assert len(text) == size
    return engine.sealed(engine.data[:at] + text + engine.data[at + size:])


def a_model_with_an_odd_name_hides_no_other():
    """Its family is cut in the middle of a letter; its file, of which nobody knows what it is, has bytes in its name that are none."""
    with tempfile.TemporaryDirectory() as name:
        odd, broken = Path(name) / "odd.fov", os.fsencode(name) + b"/\xff.fov"
        odd.write_bytes(of_family("a" * 30 + "é"))
        Path(os.fsdecode(broken)).symlink_to(odd)
        for isolation in "auto", "off":
            with Server(FOVEA, "-m", f"odd={odd}", "-m", b"broken=" + broken, "-m", "good=default", "--isolation", isolation) as server:
                listed = {m["name"]: m for m in server.get("/models").json["models"]}
                assert listed["odd"]["family"] == "a" * 30 and listed["broken"]["file"] == "\ufffd.fov" and listed["good"]["ready"], listed
                assert server.get("/models/odd/certificate").json["source"]["family"] == "a" * 30 + "é"


TESTS = [addresses_are_answered, every_address_is_described, other_addresses_and_methods_are_refused,
         the_page_allows_nothing_from_elsewhere, a_photo_gets_the_record_of_the_program, parameters_mean_what_the_options_mean,
         a_form_has_several_photos, the_picture_comes_marked_where_it_is_asked_for, inference_in_json, inference_in_binary,
         inference_of_pixels_is_that_of_the_photo, inference_of_a_whole_body, metrics_count, requests_are_logged,
         a_connection_is_used_again, requests_may_follow_without_a_wait, photos_that_wait_together_share_passes, models_lie_in_a_folder,
         a_model_with_an_odd_name_hides_no_other]


def main():
    global SERVER
    with Server(FOVEA) as SERVER:
        return run(TESTS)


if __name__ == "__main__":
    sys.exit(main())
