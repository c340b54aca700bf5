#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page of `fovea serve`, in Chromium. TAP on stdout; exit status 77 where there is no browser to test it in.

usage: browser.py SOURCE_DIR FOVEA [--shots DIR]

Starts the server with three engines and works with the page as a person would; what it shows is compared with what the server and the
program say. --shots keeps pictures of the page. Debian's Selenium belongs to Debian's own Python, hence the first line.
"""
import argparse
import base64
import contextlib
import functools
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

try:
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("skipped: the page cannot be tested without Selenium: scripts/packages test")
    sys.exit(77)
import lying
from page import CHROMIUM, DRIVER, Page, as_text
from serving import Server, Skip, run

LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
BOX_COLOUR = (64, 255, 160)
GROWN = 1.25  # hidden is an ellipse that much larger than the box
THRESHOLDS = [(0.5, 0.4), (0.3, 0.4), (0.05, 0.4), (0.9, 0.4), (0.5, 0.1), (0.5, 0.9), (0.2, 1), (0.05, 0), (0.99, 0.4)]
CONTROLS = [
    "files", "camera", "score", "nms", "boxes=on", "landmarks=on", "scores=on", "hide=off", "format", "download", "engine", "certify",
]


# ------------------------------------------------------------------ what the page must show


def address_of(server):
    return f"{server.scheme}://{server.address}/"


def nearest(value):
    return math.floor(value + 0.5)


def rows_of(faces):
    """The table as it must read."""
    rows = []
    for number, face in enumerate(faces, 1):
        x1, y1, x2, y2 = map(nearest, face["box"])
        rows.append([f"Face {number}", f"{face['score']:.3f}", f"{x1}, {y1}", f"{x2 - x1} × {y2 - y1}"])
    return rows


def hidden_boxes(faces):
    boxes = []
    for x1, y1, x2, y2 in (face["box"] for face in faces):
        x, y, rx, ry = (x1 + x2) / 2, (y1 + y2) / 2, GROWN * (x2 - x1) / 2, GROWN * (y2 - y1) / 2
        boxes.append([x - rx, y - ry, x + rx, y + ry])
    return boxes


def flat(value, key=""):
    """{key: value} of everything in a JSON document that is no list and no object."""
    if isinstance(value, dict):
        return {k: v for name, part in value.items() for k, v in flat(part, f"{key}.{name}" if key else name).items()}
    if isinstance(value, list):
        return {k: v for i, part in enumerate(value) for k, v in flat(part, f"{key}.{i}").items()}
    return {key: value}


def same(got, expected, what="got"):
    assert got == expected, f"{what} {got!r} instead of {expected!r}"


class Tried:
    """What every case works with."""

    def __init__(self, page, server, fovea, source, folder, shots):
        self.page, self.server, self.fovea, self.folder, self.shots = page, server, fovea, folder, shots
        self.portrait = source / "photos" / "astronaut.png"
        self.shared = Path(os.environ.get("FOVEA_SHARED", source.parent / "shared")).resolve() / "photos"

    def answer(self, photo, **query):
        """What the server says of a photo."""
        return self.server.post("/detect?" + urlencode(query), Path(photo).read_bytes())

    def faces(self, photo, **query):
        return self.answer(photo, **query).json["faces"]

    def found(self, photo):
        """The faces that the program finds."""
        return json.loads(subprocess.check_output([self.fovea, "detect", "--json", photo]))[0]["faces"]

    def group(self, name="ulfd_26.jpg"):
        if not (self.shared / name).exists():
            raise Skip("a group photo of ../shared is missing")
        return self.shared / name

    def keep(self, name):
        if self.shots:
            self.page.screenshot(self.shots / f"{name}.png")

    def open(self):
        self.page.open(address_of(self.server))

    def broken(self):
        path = self.folder / "broken.jpg"
        path.write_bytes(b"\xff\xd8\xff\xe0 and no more of a JPEG")
        return path


# ------------------------------------------------------------------ photos and their faces


def opened_file(t):
    """a photo that is opened shows the faces that the program finds"""
    t.open()
    same(t.page.text("count"), "No photo yet")
    t.page.upload(t.portrait)
    same(t.page.probe("rows"), rows_of(t.found(t.portrait)))
    same(t.page.text("count"), "1 face")
    same(t.page.text("about"), "astronaut.png, 512 × 512")
    same(t.page.attribute("#canvas", "aria-label"), "astronaut.png: 1 face")
    t.page.until(lambda: t.page.text("status") == "1 face in astronaut.png", "the live region speaks")
    t.keep("desktop")


def group_photo(t):
    """a group photo shows as many faces as the program finds"""
    photo = t.group()
    t.open()
    t.page.upload(photo)
    found = t.found(photo)
    same(t.page.probe("rows"), rows_of(found))
    assert len(found) > 50, len(found)


def dropped_file(t):
    """a photo that is dropped is taken"""
    t.open()
    t.page.drop(t.portrait)
    same(t.page.probe("rows"), rows_of(t.faces(t.portrait)))


def pasted_picture(t):
    """a picture that is pasted is taken"""
    t.open()
    t.page.paste(t.portrait.read_bytes())
    t.page.until_seen("image.png")
    same(t.page.probe("rows"), rows_of(t.faces(t.portrait)))


def drawn_boxes(t):
    """marks are on the canvas where the server says, and go when they are switched off; landmarks also when faces are hidden"""
    t.open()
    t.page.upload(t.portrait)
    face = t.faces(t.portrait)[0]
    x1, y1, x2, y2 = face["box"]
    edges = [[x1, (y1 + y2) / 2], [x2, (y1 + y2) / 2], [(x1 + x2) / 2, y1], [(x1 + x2) / 2, y2]]
    points = edges + face["landmarks"] + [[x1 + 2, y1 - 8]]  # the last on the plate of the score

    def near_box(colour):
        return all(abs(a - b) < 60 for a, b in zip(colour, BOX_COLOUR))

    marked = t.page.probe("stage", points, 512)
    assert all(map(near_box, marked[:4])), marked
    t.page.click("[name=hide][value=pixels]")
    t.page.until(lambda: not set(map(tuple, marked[4:9])) & set(map(tuple, t.page.probe("stage", face["landmarks"], 512))),
                 "a hidden face has no landmarks")
    t.page.click("[name=hide][value=off]")
    for name in ("boxes", "landmarks", "scores"):
        t.page.click(f"[name={name}]")
    t.page.until(lambda: all(a != b for a, b in zip(marked, t.page.probe("stage", points, 512))), "all marks go")


def sliders(t):
    """sliders act with the next frame, without the server, and show what it answers at the same thresholds"""
    photo = t.group()
    t.open()
    t.page.upload(photo)
    asked = len(t.page.probe("questions"))
    for score, nms in THRESHOLDS:
        after = t.page.probe_later("slide", {"score": score, "nms": nms})
        expected = rows_of(t.faces(photo, score=score, nms=nms))
        same(after["rows"], expected, f"at score {score}, NMS {nms}")
        same(after["count"], f"{len(expected)} face{'' if len(expected) == 1 else 's'}")
    same(len(t.page.probe("questions")), asked, "questions to the server")


def several_photos(t):
    """of several photos one is shown, and a strip moves between them"""
    photos = [t.portrait, t.group(), t.group("ulfd_24.jpg")]
    t.open()
    t.page.upload(*photos)
    names = [f"{p.name}: {len(n)} face{'' if len(n) == 1 else 's'}" for p, n in ((p, t.faces(p)) for p in photos)]
    labels = "return [...document.querySelectorAll('#strip button')].map((b) => b.getAttribute('aria-label'))"
    t.page.until(lambda: t.page.driver.execute_script(labels) == names, f"the strip says {names}")
    t.page.driver.execute_script("document.querySelector('#strip button').focus()")
    t.page.press(Keys.ARROW_RIGHT, Keys.ENTER)
    t.page.until_seen(photos[1].name)
    same(t.page.attribute("#strip button[aria-current]", "aria-label"), names[1])
    same(t.page.probe("rows"), rows_of(t.faces(photos[1])))


def pointed_out(t):
    """a row that has the focus, or is pressed, points its face out on the photo; a face that is clicked has its row focused"""
    t.open()
    t.page.upload(t.portrait)
    edge = [[t.faces(t.portrait)[0]["box"][0], 110]]
    before = t.page.probe("stage", edge, 512)
    t.page.driver.execute_script("document.querySelector('#faces button').focus()")
    t.page.until(lambda: t.page.probe("stage", edge, 512) != before, "the box is drawn otherwise")
    t.page.press(Keys.ENTER)
    t.page.until(lambda: t.page.attribute("#faces button", "aria-pressed") == "true", "the row is pressed")
    t.page.press(Keys.ENTER)
    t.page.until(lambda: t.page.attribute("#faces button", "aria-pressed") == "false", "the row is not pressed")
    t.page.driver.execute_script("""
        document.activeElement.blur();
        const canvas = document.getElementById("canvas"), room = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new MouseEvent("click", {clientX: room.left + room.width * 225 / 512, clientY: room.top + room.height * 110 / 512}));
        """)
    same(t.page.probe("focused")[:2], ["button", "Face 1"])


# ------------------------------------------------------------------ hiding and saving


def without_marks(t):
    for name in ("boxes", "landmarks", "scores"):
        t.page.click(f"[name={name}]")


def nothing_hidden(t):
    """a picture without marks is saved as the photo, pixel by pixel"""
    t.open()
    t.page.upload(t.portrait)
    without_marks(t)
    name, saved = t.page.download()
    same(name, "astronaut_faces.png")
    result = t.page.probe_later("difference", as_text(t.portrait.read_bytes()), as_text(saved), [])
    same((result["b"], result["outside"]), ([512, 512], 0))


def hidden_faces(t):
    """blur and pixels change the faces' pixels and no others, at the photo's full size"""
    photo = t.group("ulfd_24.jpg") if (t.shared / "ulfd_24.jpg").exists() else t.portrait
    t.open()
    t.page.upload(photo)
    without_marks(t)
    boxes = hidden_boxes(t.faces(photo))
    for kind in ("blur", "pixels"):
        t.page.click(f"[name=hide][value={kind}]")
        result = t.page.probe_later("difference", as_text(photo.read_bytes()), as_text(t.page.download()[1]), boxes)
        same(result["b"], result["a"], "size")
        same(result["outside"], 0, f"{kind}: pixels changed beside the faces:")
        assert result["changed"] > 0.9 * result["inside"], f"{kind}: {result}"


def strength(t):
    """strength is the number of colours that are left of a face; the preview shows it, and the list shows no face"""
    t.open()
    t.page.upload(t.portrait)
    without_marks(t)
    seen = t.page.probe("stage", [[225, 100]], 512)
    assert t.page.shown("faces") and t.page.find("#faces canvas").is_displayed(), "the list shows the face"
    t.page.click("[name=hide][value=pixels]")
    t.page.until(lambda: t.page.probe("stage", [[225, 100]], 512) != seen, "the preview hides the face")
    assert not t.page.find("#faces canvas").is_displayed(), "the list shows what is hidden"
    assert not t.page.find("[name=landmarks]").is_enabled(), "landmarks of hidden faces"
    inside = [200, 80, 250, 150]  # of the face, and of its ellipse
    left = []
    for value in (1, 10):
        t.page.probe_later("slide", {"strength": value})
        left.append(t.page.probe_later("colours", as_text(t.page.download()[1]), inside))
    same(t.page.text("strength-value"), "4 pixels across a face")
    assert left[0] > 4 * left[1] and left[1] <= 16, left


def lying_photos(t):
    """photos that their cameras turned are upright, whether or not the browser turns them: as the server sees them, and in what is saved"""
    t.open()
    portrait = t.portrait.read_bytes()
    for kind in ("jpeg", "png", "webp"):
        plain = portrait if kind == "png" else base64.b64decode(t.page.probe_later("encoded", as_text(portrait), f"image/{kind}"))
        photo = t.folder / f"lying.{kind}"
        photo.write_bytes(getattr(lying, kind)(plain))
        t.open()
        t.page.upload(photo)
        faces = t.faces(photo)
        same(t.page.probe("rows"), rows_of(faces), kind)
        without_marks(t)
        t.page.click("[name=hide][value=pixels]")
        seen = t.server.post("/detect?score=1", photo.read_bytes(), headers={"Accept": "image/png"}).body
        result = t.page.probe_later("difference", as_text(seen), as_text(t.page.download()[1]), hidden_boxes(faces))
        same((result["b"], result["outside"]), ([512, 512], 0), kind)
        assert result["changed"] > 0.9 * result["inside"] > 0, f"{kind}: {result}"


# ------------------------------------------------------------------ engines and certificates


def choose(t, name):
    t.page.driver.execute_script("""
        const select = document.getElementById("engine");
        select.value = [...select.options].find((option) => option.text.startsWith(arguments[0] + ",")).value;
        select.dispatchEvent(new Event("change"));
        """, name)


def engines(t):
    """every engine that is loaded can be chosen, and looks at the photo then"""
    t.open()
    t.page.upload(t.portrait)
    listed = t.server.get("/models").json
    options = t.page.driver.execute_script("return [...document.getElementById('engine').options].map((o) => o.text)")
    same(len(options), 3)
    assert all(any(m["name"] in o and m["precision"].upper() in o.upper() for o in options) for m in listed["models"]), options
    assert t.page.driver.execute_script("return document.getElementById('engine').selectedOptions[0].text").startswith(listed["default"])
    first = t.page.probe("rows")
    choose(t, "plain")
    expected = rows_of(t.faces(t.portrait, model="plain"))
    t.page.until(lambda: t.page.probe("rows") == expected, f"the faces of FP32: {expected}")
    assert first != expected, "both engines find the same: nothing was shown"
    t.page.until(lambda: t.page.text("cost").startswith("No certificate"), "that there is no certificate")
    assert not t.page.shown("certify")


def check_numbers(t, certificate):
    """Every entry of the JSON is in the page, and nothing else."""
    shown, expected = t.page.probe("certificate"), flat(certificate)
    names = {key for key in expected if key.endswith((".name", ".output", ".op", ".layer", ".precision")) and key.split(".")[-2].isdigit()}
    said = {"measured.verdict", "measured.a.name", "measured.b.name"}  # in other words
    absent = {key for key, value in expected.items() if value is None and key.endswith((".clipped", ".rescaled"))}
    same({key: entry["exact"] for key, entry in shown.items()},
         {key: value for key, value in expected.items() if key not in names | said | absent and not key.startswith("notes.")})
    for key in ("measured.faces.lost", "measured.faces.gained", "measured.photos", "calibration.photos"):
        same(shown[key]["text"], str(expected[key]), key)


def check_plot(t, certificate):
    """Every layer's dot stands at its decibels."""
    measured = certificate["measured"]
    layers = measured["layers"] + [{**head, "name": head["output"]} for head in measured["heads"]]
    known = [layer["snr_db"] for layer in layers if layer["snr_db"] is not None]
    low, high = min(0, *(10 * math.floor(db / 10) for db in known)), max(10 * math.ceil(db / 10) for db in known)
    dots = t.page.probe("noise")
    same([dot[0] for dot in dots], [layer["name"] for layer in layers])
    same([dot[1] for dot in dots], [layer["precision"].upper() for layer in layers])
    for layer, (name, _, place, hollow) in zip(layers, dots):
        expected = 1 if layer["snr_db"] is None else (layer["snr_db"] - low) / (high - low)
        assert abs(place - expected) < 0.001 and hollow == (layer["snr_db"] is None), (name, place, expected)


def certificates(t):
    """the certificate's numbers are the JSON's, its plot too; Escape closes it and the focus is where it was"""
    certificate = t.server.get("/models/mixed/certificate").json
    t.open()
    t.page.until(lambda: t.page.shown("certify"), "that there is a certificate")
    verdict = t.page.text("cost")
    faces, loss = certificate["measured"]["faces"], 100 * certificate["measured"]["agreement"]["loss"]
    for number in (faces["matched"], faces["a"], faces["gained"], float(f"{loss:.3g}")):
        assert f" {number} " in verdict, f"{number} is not in {verdict!r}"
    t.page.driver.execute_script("document.getElementById('certify').focus()")
    t.page.press(Keys.ENTER)
    t.page.until(lambda: t.page.shown("certificate-body"), "the certificate opens")
    check_numbers(t, certificate)
    check_plot(t, certificate)
    t.keep("certificate")
    t.page.press(Keys.ESCAPE)
    t.page.until(lambda: not t.page.shown("certificate-body"), "the certificate closes")
    same(t.page.probe("focused")[1], "certify")


def other_certificate(t):
    """a certificate of another shape is shown with all that it has"""
    certificate = t.server.get("/models/empty/certificate").json
    t.open()
    choose(t, "empty")
    t.page.until(lambda: t.page.text("cost") == certificate["verdict"], "its verdict")
    same({key: entry["exact"] for key, entry in t.page.probe("certificate").items()}, flat(certificate))


def odd_certificate(t):
    """numbers beyond all sense in a certificate do not stop the page"""
    layer = {"name": "first", "op": "conv", "precision": "int8", "snr_db": 1e300, "cosine": 1, "max": 0}
    t.open()
    t.page.driver.execute_script("""
        const [text, asked] = [arguments[0], window.fetch];
        window.fetch = (path, options) => (path.endsWith("certificate") ? Promise.resolve(new Response(text)) : asked(path, options));
    """, json.dumps({"verdict": "odd", "measured": {"layers": [layer], "heads": []}}))
    choose(t, "empty")
    t.page.until(lambda: t.page.text("cost") == "odd", "its verdict")
    same(t.page.probe("noise")[0][0], "first")


# ------------------------------------------------------------------ camera


def camera(t):
    """the camera's pictures are looked at one after the other, never two at a time, until it is stopped"""
    t.open()
    t.page.click("#camera")
    t.page.until(lambda: len(t.page.probe("questions")) >= 4 and "face" in t.page.text("count"), "pictures of the camera")
    same((t.page.text("count"), t.page.attribute("#camera", "aria-pressed"), t.page.text("camera")), ("1 face", "true", "Stop camera"))
    t.page.click("#camera")
    time.sleep(0.5)  # the answer to the last picture
    asked = t.page.probe("questions")
    assert all(a[1] <= b[0] + 1 for a, b in zip(asked, asked[1:])), asked
    time.sleep(0.5)
    same(len(t.page.probe("questions")), len(asked), "questions after it was stopped:")
    same((t.page.text("count"), t.page.attribute("#camera", "aria-pressed")), ("1 face", "false"))


def insecure_page(t):
    """where browsers give no camera, the page says why and what helps"""
    t.page.open(address_of(t.server).replace("127.0.0.1", "photos.test"))
    t.page.click("#camera")
    t.page.until(lambda: t.page.text("sentence"), "a sentence")
    assert "https" in t.page.text("sentence") and "TLS" in t.page.text("sentence"), t.page.text("sentence")
    same(t.page.attribute("#camera", "aria-pressed"), "false")


# ------------------------------------------------------------------ for everybody


def walk(t, backwards=False):
    """Presses Tab, or Shift and Tab, until the focus leaves the page or comes round; what had it, in order."""
    t.page.driver.execute_script("document.activeElement.blur(); getSelection().removeAllRanges()")
    stops = []
    for _ in range(60):
        t.page.tab(backwards)
        stop = t.page.probe("focused")
        if stop[0] == "body" or stop in stops[:1]:
            break
        stops.append(stop)
    return stops


def keyboard(t):
    """every control is reached by Tab, shows a ring, and works by keys alone"""
    t.open()
    t.page.upload(t.portrait)
    stops = walk(t)
    names = [stop[1] for stop in stops]
    same([n for n in names if n in CONTROLS], CONTROLS, "reached")
    assert names.count("Face 1") == 1, names
    assert all(stop[2] for stop in stops), f"no ring: {[stop for stop in stops if not stop[2]]}"
    t.page.resize(360, 740, phone=True)
    back = walk(t, backwards=True)
    same(len(back), len(stops), "stops on a phone")
    same([stop for stop in back if not stop[3]], [], "covered by the photo:")
    t.page.resize(1280, 800)
    t.page.driver.execute_script("document.getElementById('score').focus()")
    t.page.press(Keys.HOME)
    expected = rows_of(t.faces(t.portrait, score=0.05))
    t.page.until(lambda: t.page.probe("rows") == expected, f"after Home: {expected}")
    same(t.page.text("score-value"), "0.05")
    t.page.driver.execute_script("document.querySelector('[name=hide]').focus()")
    t.page.press(Keys.ARROW_RIGHT)
    t.page.until(lambda: t.page.shown("strength-row"), "the strength of the blur")


def names(t):
    """everything that takes the focus has a name; results are told by a live region, failures by an alert"""
    t.open()
    t.page.upload(t.portrait)
    focusable = [one for one in t.page.focusables() if one[0] not in ("RootWebArea", "MenuListPopup", "MenuListOption", "option")]
    assert len(focusable) >= len(CONTROLS), focusable
    same([one for one in focusable if not one[1].strip()], [], "without a name:")
    same([t.page.attribute(f"#{name}", "role") for name in ("status", "alert", "canvas")], ["status", "alert", "img"])
    same(t.page.driver.execute_script("return document.documentElement.lang"), "en")


def looks(t):
    """light and dark, wide and 360 pixels narrow: contrast of 4.5, nothing scrolls sideways, no text is cut off"""
    grounds = []
    for scheme in ("light", "dark"):
        for width, height in ((1280, 800), (360, 740)):
            t.page.scheme(scheme)
            t.page.resize(width, height, phone=width < 500)
            t.open()
            t.page.upload(t.portrait)
            t.page.until(lambda: t.page.shown("certify"), "the certificate")
            where = f"{scheme}, {width} pixels"
            if scheme == "dark" or width < 500:
                t.keep(f"{scheme}_{width}")
            check_looks(t, where)
            t.page.click("#certify")
            t.page.driver.execute_script("document.querySelectorAll('#certificate details').forEach((d) => { d.open = true; })")
            check_looks(t, f"{where}, certificate")
            if width < 500:
                t.keep(f"{scheme}_{width}_certificate")
        grounds.append(t.page.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
    t.page.scheme("light")
    t.page.resize(1280, 800)
    assert grounds[0] != grounds[1], grounds


def check_looks(t, where):
    contrast = t.page.probe("contrast")
    assert contrast["least"] >= LEAST_CONTRAST and contrast["texts"] > 20, f"{where}: {contrast}"
    same(t.page.probe("overflow"), {"page": 0, "inner": []}, where)
    same(t.page.probe("clipped"), [], where)


# ------------------------------------------------------------------ failures


def refused_photo(t):
    """what the server says of a photo it cannot read is shown, and can be dismissed"""
    photo = t.broken()
    answer = t.answer(photo)
    same(answer.status, 400)
    t.open()
    t.page.find("#files").send_keys(str(photo))
    t.page.until(lambda: t.page.text("sentence") == answer.error, f"the sentence {answer.error!r}")
    assert t.page.shown("alert")
    same(t.page.text("count"), "No faces to show")
    t.page.click("#dismiss")
    assert not t.page.shown("alert")


def quiet(t):
    """nothing was asked of another host, and the console has nothing but what the server refused"""
    same(t.page.hosts(), {t.server.address, f"photos.test:{t.server.port}"})
    refusals = ("/detect?", "/certificate")  # of the broken photo, and of the engine without one
    same([m for m in t.page.messages() if not any(r in m and "Failed to load resource" in m for r in refusals)], [])


def token(t):
    """a server that wants a token has the page ask for it; a wrong one is asked for again"""
    with Server(t.fovea, env={"FOVEA_TOKEN": "sesame"}) as server:
        t.page.driver.get(address_of(server))
        for given in ("wrong", "sesame"):
            t.page.until(lambda: t.page.shown("token"), "the question for a token")
            t.page.driver.execute_script("document.getElementById('token-text').value = ''")
            t.page.press(given, Keys.ENTER)
        t.page.until(lambda: t.page.text("engine-name"), "the engines are told")
        t.page.upload(t.portrait)
        same(t.page.text("count"), "1 face")


def served_thresholds(t):
    """sliders begin where the server does, and the list has as many faces at most"""
    with Server(t.fovea, "--score", "0.02", "--nms", "0.25", "--max-faces", "2") as server:
        t.page.open(address_of(server))
        same([t.page.text("score-value"), t.page.text("nms-value")], ["0.02", "0.25"])
        t.page.upload(t.portrait)
        same(t.page.probe("rows"), rows_of(server.post("/detect", t.portrait.read_bytes()).json["faces"]))


def lost_server(t):
    """a server that is gone is told, with its address"""
    with Server(t.fovea) as server:
        t.page.open(address_of(server))
    t.page.find("#files").send_keys(str(t.portrait))
    t.page.until(lambda: server.address in t.page.text("sentence"), "a sentence")


CASES = [
    opened_file, group_photo, dropped_file, pasted_picture, drawn_boxes, sliders, several_photos, pointed_out, nothing_hidden, hidden_faces,
    strength, lying_photos, engines, certificates, other_certificate, odd_certificate, camera, insecure_page, keyboard, names, looks, refused_photo, quiet,
    token, served_thresholds, lost_server,
]


def named(case, t):
    """As a test case of serving.run()."""
    test = functools.partial(case, t)
    test.__name__ = case.__doc__
    return test


@contextlib.contextmanager
def opened(source, fovea, shots):
    """Server, camera and browser."""
    models = source / "models"
    engines = {"mixed": models / "fovea_mnet025.fov", "plain": models / "fovea_mnet025.safetensors",
               "empty": source / "tests/fixtures/v1/int8.fov"}
    with tempfile.TemporaryDirectory() as name, Server(fovea, *(f"--model={m}={file}" for m, file in engines.items()), "--allow-host=photos.test") as server:
        folder = Path(name)
        (folder / "saved").mkdir()
        video = folder / "video.mjpeg"
        portrait = (source / "photos/astronaut.png").read_bytes()
        video.write_bytes(server.post("/detect", portrait, headers={"Accept": "image/jpeg"}).body)
        page = Page(folder / "saved", video)
        try:
            yield Tried(page, server, fovea, source, folder, shots)
        finally:
            page.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=lambda name: Path(name).resolve())
    parser.add_argument("fovea", type=lambda name: Path(name).resolve())
    parser.add_argument("--shots", type=Path)
    o = parser.parse_args()
    if not shutil.which(CHROMIUM) or not shutil.which(DRIVER):
        print("skipped: the page cannot be tested without Chromium: scripts/packages test")
        return 77
    if o.shots:
        o.shots.mkdir(parents=True, exist_ok=True)
    with opened(o.source, o.fovea, o.shots) as t:
        return run([named(case, t) for case in CASES])


if __name__ == "__main__":
    sys.exit(main())
