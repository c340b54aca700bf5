# SPDX-License-Identifier: MIT
"""What the soak asks: kinds of requests, each with the answers that are right, which the program confirmed."""
import base64
import json
import re
import shutil
import struct
import subprocess
from typing import NamedTuple

import bad_requests
from pictures import Picture, jpeg, webp
from serving import form

SPARE = "spare"  # comes and goes meanwhile
PRECISIONS = ("fp32", "fp16", "int8", "mixed")
QUICKLY_BUILT = PRECISIONS[:2]
SIZES = (1, 1), (31, 17), (64, 48), (96, 128), (160, 120), (161, 121), (200, 150), (320, 240)
VARIES = re.compile(rb', "timing": \{[^}]*\}')
SAMPLE = re.compile(rb'[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+|# (HELP|TYPE) [a-z_]+ .+')


class Kind(NamedTuple):
    name: str
    request: bytes
    right: frozenset  # of (status, body without what varies)
    often: float = 1


def make_models(folder, source, fovea, precisions):
    """A folder of engines, one for each precision, the bundled one, and the spare one."""
    models = folder / "models"
    models.mkdir()
    weights = source / "models/fovea_mnet025.safetensors"
    for precision in precisions:
        budget = ["--max-loss", "0.05%"] if precision == "mixed" else []
        subprocess.run([fovea, "build", "-q", "-p", precision, *budget, weights, "-o", models / f"{precision}.fov"], check=True, capture_output=True)
    for name in ("default", SPARE):
        shutil.copy(source / "models/fovea_mnet025.fov", models / f"{name}.fov")
    return models


def make_photos(server, folder, photo):
    """Parts of the photo as PNG and, written by the server, as JPEG; and pictures without anything."""
    folder.mkdir()
    picture = Picture(photo)
    for width, height in SIZES:
        png = picture.part(max(0, 225 - width // 2), max(0, 110 - height // 2), width, height)
        (folder / f"{width}x{height}.png").write_bytes(png)
        (folder / f"{width}x{height}.jpg").write_bytes(server.post("/detect?score=1", png, headers={"Accept": "image/jpeg"}).body)
    for name, data in (("astronaut.png", photo), ("black.webp", webp(160, 120)), ("gray.jpg", jpeg(160, 120, 3))):
        (folder / name).write_bytes(data)


def records_of(fovea, model, folder):
    """What the program says of all photos, by name."""
    done = subprocess.run([fovea, "detect", "-q", "--json", "-m", model, folder], check=True, capture_output=True)
    return {record.pop("file").rpartition("/")[2]: record for record in json.loads(done.stdout)}


# ---------------------------------------------------------------- requests

def request(method, path, body=b"", *fields):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *fields, *([f"Content-Length: {len(body)}"] if method == "POST" else [])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def tensor(name, datatype, shape, data, outputs_binary=False):
    """A binary tensor. (body, headers)"""
    head = json.dumps({"inputs": [{"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": len(data)}}],
                       "parameters": {"binary_data_output": outputs_binary}}).encode()
    return head + data, f"Inference-Header-Content-Length: {len(head)}"


def without_what_varies(body):
    return VARIES.sub(b"", body)


# ---------------------------------------------------------------- right answers

def check_record(told, record):
    assert {name: told.get(name) for name in record} == record, f"{told}, and the program says {record}"


def check_outputs(outputs, records):
    """Numbers of the program have three or six digits behind the point, those of tensors all that they have."""
    faces = [face for record in records for face in record["faces"]]
    flat = {name: [float(v) for v in output["data"]] for name, output in outputs.items()}
    wanted = {"boxes": sum((f["box"] for f in faces), []), "scores": [f["score"] for f in faces], "landmarks": sum(sum((f["landmarks"] for f in faces), []), []),
              "counts": [len(r["faces"]) for r in records], "sizes": sum(([r["width"], r["height"]] for r in records), []),
              "image_index": [i for i, r in enumerate(records) for _ in r["faces"]]}
    for name, values in wanted.items():
        assert len(flat[name]) == len(values) and all(abs(a - b) < 1e-3 for a, b in zip(flat[name], values)), f"{name}: {flat[name]}, and the program says {values}"


def outputs_of(answer):
    """Of JSON, and of what is behind it."""
    size = int(answer.headers.get("Inference-Header-Content-Length", len(answer.body)))
    rest, outputs = answer.body[size:], {}
    for output in json.loads(answer.body[:size])["outputs"]:
        bytes_ = output.get("parameters", {}).get("binary_data_size", 0)
        if "data" not in output:
            output["data"] = struct.unpack(f"<{bytes_ // 4}{'f' if output['datatype'] == 'FP32' else 'i'}", rest[:bytes_])
            rest = rest[bytes_:]
        outputs[output["name"]] = output
    assert not rest
    return outputs


# ---------------------------------------------------------------- all kinds

class Learner:
    """Asks each kind alone, and keeps its answer once it was found right."""

    def __init__(self, server):
        self.server, self.kinds = server, []

    def learn(self, name, method, path, body=b"", *fields, right=lambda answer: None, often=1.0):
        answer = self.server.ask(method, path, body, headers=dict(field.split(": ") for field in fields))
        assert answer.status == 200, f"{name}: {answer.status} {answer.body[:200]}"
        right(answer)
        whole = request(method, path, body, *fields)
        self.kinds.append(Kind(name, whole, frozenset({(200, without_what_varies(answer.body))}), often))

    def photos(self, model, photos, records):
        infer = f"/v2/models/{model}/infer"
        for name, data in photos.items():
            record = records[name]
            small = len(data) < 100000
            self.learn(f"/detect {model}", "POST", f"/detect?model={model}", data, right=lambda a, r=record: check_record(a.json, r), often=3 if small else 0.3)
            texts = json.dumps({"inputs": [{"name": "photo", "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(data).decode()]}]}).encode()
            self.learn(f"infer, JSON, {model}", "POST", infer, texts, right=lambda a, r=record: check_outputs(outputs_of(a), [r]), often=1 if small else 0.1)
            body, field = tensor("photo", "BYTES", [2], 2 * (struct.pack("<I", len(data)) + data), outputs_binary=True)
            self.learn(f"infer, binary, {model}", "POST", infer, body, field, right=lambda a, r=record: check_outputs(outputs_of(a), [r, r]), often=1 if small else 0.1)
            self.learn(f"infer, raw, {model}", "POST", infer, data, "Inference-Header-Content-Length: 0",
                       right=lambda a, r=record: check_outputs(outputs_of(a), [r]), often=1 if small else 0.1)

    def pixels(self, photo, records):
        picture = Picture(photo)
        for width, height in SIZES:
            part = Picture(picture.part(max(0, 225 - width // 2), max(0, 110 - height // 2), width, height))
            body, field = tensor("pixels", "UINT8", [height, width, 3], b"".join(part.rows))
            self.learn("infer, pixels", "POST", "/v2/models/default/infer", body, field,
                       right=lambda a, r=records[f"{width}x{height}.png"]: check_outputs(outputs_of(a), [r]))

    def forms(self, photos, records):
        names = list(photos)
        for i in range(len(names) - 2):
            files = [*((n, n, photos[n]) for n in names[i:i + 3] if n != "astronaut.png"), ("none", "none.png", b"no photo"), ("note", None, b"text")]
            headers, body = form(*files)

            def right(answer, files=files):
                told = answer.json["photos"]
                assert [p["file"] for p in told] == [f[1] for f in files[:-1]] and "not a JPEG" in told[-1]["error"]
                for p in told[:-1]:
                    check_record(p, records[p["file"]])
            self.learn("form", "POST", "/detect", body, f"Content-Type: {headers['Content-Type']}", right=right, often=2)

    def pictures(self, photos):
        """Their bytes are those of one answer: what they show, other tests look at."""
        for name, data in photos.items():
            for kind, magic in (("image/png", b"\x89PNG"), ("image/jpeg", b"\xff\xd8\xff")):
                self.learn("picture", "POST", "/detect", data, f"Accept: {kind}", right=lambda a, m=magic: a.body.startswith(m) or 1 / 0,
                           often=0.5 if len(data) < 100000 else 0.05)

    def addresses(self):
        for path in ("/", "/openapi.json", "/v2", "/v2/health/live", "/v2/models/default", "/v2/models/fp32/config", "/models/default/certificate"):
            self.learn("address", "GET", path)
        self.kinds.append(Kind("metrics", request("GET", "/metrics"), frozenset(), 2))

    def spare(self, photo):
        """A model that others load and unload at the same time: it is there, or it is not."""
        asked = (("/detect spare", "POST", f"/detect?model={SPARE}", photo, 10), ("address", "GET", "/models", b"", 1))
        there = [self.answer_to(*how) for _, *how, _ in asked]
        change = f"/v2/repository/models/{SPARE}"
        assert self.server.post(f"{change}/unload").status == 200
        gone = [self.answer_to(*how) for _, *how, _ in asked]
        assert self.server.post(f"{change}/load").status == 200
        assert [status for (status, _) in there + gone] == [200, 200, 404, 200]
        for (name, *how, often), with_, without in zip(asked, there, gone):
            self.kinds.append(Kind(name, request(*how), frozenset((with_, without)), often))
        for what in ("load", "unload"):
            self.kinds.append(Kind(what, request("POST", f"{change}/{what}"), frozenset({(200, b"{}\n")}), 1))

    def answer_to(self, method, path, body):
        answer = self.server.ask(method, path, body)
        return answer.status, without_what_varies(answer.body)


def learn(server, folder, models, source, fovea, precisions):
    """@return all kinds"""
    photo = (source / "photos/astronaut.png").read_bytes()
    make_photos(server, folder, photo)
    photos = {p.name: p.read_bytes() for p in sorted(folder.iterdir())}
    learner = Learner(server)
    for model in ("default", *precisions):
        records = records_of(fovea, models / f"{model}.fov", folder)
        learner.photos(model, photos, records)
        if model == "default":
            learner.pixels(photo, records)
            learner.forms(photos, records)
    learner.pictures(photos)
    learner.addresses()
    learner.spare(photos["160x120.png"])
    return learner.kinds


def last_requests(source, precisions):
    """Photos of one size, enough of them for each detector of each model to see some, and alone for those that take such."""
    photo = (source / "photos/astronaut.png").read_bytes()
    headers, body = form(*((str(i), f"{i}.png", photo) for i in range(32)))
    models = ("default", SPARE, *precisions)
    return [("POST", f"/detect?model={m}", *what) for m in models for what in ((body, headers), *[(photo, {})] * 8)]


def bad_rows(source):
    """Rows of bad input for a server with the usual limits; those that ask for control have it here."""
    groups = bad_requests.groups((source / "photos/astronaut.png").read_bytes())
    return [row for group in groups if group.options == groups[0].options for row in group.rows if row.part != "--allow-control"]
