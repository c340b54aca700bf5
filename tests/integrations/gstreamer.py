#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The GStreamer element in real pipelines: the faces that the program finds, sizes that change, live sources, frames that are
damaged, properties that are wrong, and nothing left behind. TAP on stdout.

usage: gstreamer.py SOURCE_DIR FOVEA PLUGIN_DIR      needs python3-gi and GStreamer's tools and plugins
"""
import ctypes
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "serve"))
from serving import Skip, run

SOURCE, FOVEA, PLUGINS = (Path(p).resolve() for p in sys.argv[1:4])
FOLDER = tempfile.TemporaryDirectory()
os.environ.update(GST_PLUGIN_PATH=str(PLUGINS), GST_REGISTRY=f"{FOLDER.name}/registry")

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import Gst, GstVideo

Gst.init(None)
NEEDED = ["appsrc", "imagefreeze", "jpegdec", "jpegenc", "matroskademux", "pngdec", "pngenc", "videoconvert", "videotestsrc",
          "vp8dec", "vp8enc", "webmmux"]
MISSING = [name for name in NEEDED if not Gst.ElementFactory.find(name)]
ASTRONAUT = SOURCE / "photos/astronaut.png"
SHARED = Path(os.environ["FOVEA_SHARED"]) / "photos"
END_S = 120  # machines that run tests are busy
VIDEO = (f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! imagefreeze num-buffers=20 ! videoconvert ! video/x-raw,framerate=10/1 ! "
         "vp8enc deadline=1 ! webmmux ! filesink location=\"{}\"")
POINTS = ["left-eye", "right-eye", "nose", "mouth-left", "mouth-right"]


def wait(pipeline, kinds=Gst.MessageType.EOS | Gst.MessageType.ERROR):
    message = pipeline.get_bus().timed_pop_filtered(END_S * Gst.SECOND, kinds)
    assert message, "nothing came from the pipeline"
    return message


def play(pipeline):
    """Run to the end. @return the error's message, or None"""
    pipeline.set_state(Gst.State.PLAYING)
    message = wait(pipeline)
    pipeline.set_state(Gst.State.NULL)
    return message.parse_error()[0].message if message.type == Gst.MessageType.ERROR else None


def face_of(meta):
    s = meta.get_param("fovea")
    number = lambda name: s.get_double(name)[1]
    return {"score": number("score"), "box": [number(side) for side in ("left", "top", "right", "bottom")],
            "landmarks": [[number(f"{point}-x"), number(f"{point}-y")] for point in POINTS],
            "region": (meta.x, meta.y, meta.w, meta.h)}


def faces_of(buffer):
    """What stands in the buffer's metadata, in its order."""
    count = buffer.get_n_meta(GstVideo.video_region_of_interest_meta_api_get_type())
    metas = [GstVideo.buffer_get_video_region_of_interest_meta_id(buffer, number) for number in range(count)]
    return [face_of(meta) for meta in metas]


class Watched:
    """A pipeline that counts what comes out of its element "f": faces and caps of every frame, and whatever else is asked."""

    def __init__(self, description, look=lambda pipeline, buffer: None):
        self.pipeline, self.look = Gst.parse_launch(description), look
        self.faces, self.sizes, self.looks = [], [], []
        self.pipeline.get_by_name("f").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.see)

    def see(self, pad, info):
        buffer, caps = info.get_buffer(), pad.get_current_caps().get_structure(0)
        self.faces.append(faces_of(buffer))
        self.sizes.append((caps.get_value("width"), caps.get_value("height")))
        self.looks.append(self.look(self.pipeline, buffer))
        return Gst.PadProbeReturn.OK

    def play(self):
        error = play(self.pipeline)
        assert error is None, error
        return self


def cli(photo, *options):
    done = subprocess.run([FOVEA, "detect", "--json", *options, photo], check=True, capture_output=True)
    return json.loads(done.stdout)[0]["faces"]


def pixels_of(photo, path):
    """The photo's pixels as GStreamer decodes them, as a PNG: what the program and the element then both read."""
    decode = "pngdec" if photo.suffix == ".png" else "jpegdec"
    error = play(Gst.parse_launch(f"filesrc location=\"{photo}\" ! {decode} ! videoconvert ! video/x-raw,format=RGB ! pngenc ! "
                                  f"filesink location=\"{path}\""))
    assert error is None, f"{photo}: {error}"
    return path


def check_same(found, expected, where):
    assert len(found) == len(expected), f"{where}: {len(found)} faces, the program finds {len(expected)}"
    for ours, theirs in zip(found, expected):
        assert abs(ours["score"] - theirs["score"]) < 1e-6, where
        for a, b in zip([*ours["box"], *sum(ours["landmarks"], [])], [*theirs["box"], *sum(theirs["landmarks"], [])]):
            assert abs(a - b) < 1e-3, f"{where}: {ours} and {theirs}"  # as many digits as the program prints


# ---------------------------------------------------------------- what it is


def inspection_is_clean():
    env = {**os.environ, "G_DEBUG": "fatal-warnings"}
    done = subprocess.run(["gst-inspect-1.0", "fovea"], capture_output=True, text=True, env=env)
    assert done.returncode == 0 and not done.stderr, done.stderr
    plugin = subprocess.run(["gst-inspect-1.0", "--plugin", "fovea"], capture_output=True, text=True)
    assert plugin.returncode == 0 and "MIT" in plugin.stdout and not plugin.stderr, plugin.stderr
    listed = subprocess.run(["gst-inspect-1.0", "-b"], capture_output=True, text=True)
    assert "fovea" not in listed.stdout, "GStreamer blacklists the plugin"


# ---------------------------------------------------------------- faces


def photo_has_the_faces_of_the_program(photo=ASTRONAUT, number=0):
    png = pixels_of(photo, f"{FOLDER.name}/{number}.png")
    seen = Watched(f"filesrc location=\"{png}\" ! pngdec ! videoconvert ! fovea name=f ! fakesink").play()
    check_same(seen.faces[0], cli(png), photo.name)


def shared_photos_have_the_faces_of_the_program():
    photos = sorted(SHARED.glob("*.jpg"))
    if not photos:
        raise Skip(f"{SHARED} has no photos")
    for number, photo in enumerate(photos, 1):
        photo_has_the_faces_of_the_program(photo, number)


def every_format_has_the_same_faces():
    expected = cli(ASTRONAUT)
    for layout in ("RGB", "BGR", "RGBA", "RGBx", "BGRA", "BGRx"):
        seen = Watched(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! video/x-raw,format={layout} ! "
                       "fovea name=f ! fakesink")
        check_same(seen.play().faces[0], expected, layout)
    gray = f"{FOLDER.name}/gray.png"
    play(Gst.parse_launch(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! video/x-raw,format=GRAY8 ! pngenc ! "
                          f"filesink location=\"{gray}\""))
    seen = Watched(f"filesrc location=\"{gray}\" ! pngdec ! video/x-raw,format=GRAY8 ! fovea name=f ! fakesink").play()
    check_same(seen.faces[0], cli(gray), "GRAY8")


def properties_mean_what_the_options_do():
    engine = SOURCE / "models/fovea_mnet025.fov"
    for properties, options in (("precision=fp32", ["--precision", "fp32"]), ("size=native", ["--size", "native"]),
                                ("size=320x256", ["--size", "320x256"]), ("size=tiles:256", ["--size", "tiles:256"]),
                                ("score=0.01 nms=0.9", ["--score", "0.01", "--nms", "0.9"]),
                                ("score=0.01 max-faces=2", ["--score", "0.01", "--max-faces", "2"]),
                                (f"model=\"{engine}\" threads=1", ["-m", engine])):
        seen = Watched(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! fovea name=f {properties} ! fakesink").play()
        check_same(seen.faces[0], cli(ASTRONAUT, *options), properties)


def regions_are_the_pixels_that_boxes_touch():
    seen = Watched(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! fovea name=f score=0.001 nms=1 ! fakesink").play()
    assert len(seen.faces[0]) > 50
    for face in seen.faces[0]:
        left, top, right, bottom = (min(max(side, 0), 512) for side in face["box"])
        x, y, w, h = face["region"]
        assert (x, y, x + w, y + h) == (math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)), face


def frames_pass_untouched():
    """Without hiding, what comes out is what went in."""
    out = [f"{FOLDER.name}/{name}.raw" for name in ("before", "after")]
    for path, element in zip(out, ("identity", "fovea")):
        play(Gst.parse_launch(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! video/x-raw,format=RGB ! {element} ! "
                              f"filesink location=\"{path}\""))
    assert Path(out[0]).read_bytes() == Path(out[1]).read_bytes()


# ---------------------------------------------------------------- streams


def sizes_may_change():
    """The frames of a source that changes its size have the faces that were found in their own size."""
    seen = Watched("videotestsrc num-buffers=12 ! capsfilter name=c caps=video/x-raw,width=320,height=240 ! videoconvert ! "
                   "fovea name=f ! fakesink")
    sizes = [(320, 240), (64, 48), (641, 359)]
    def change(pad, info):
        width, height = sizes[len(seen.sizes) // 4 % 3]
        seen.pipeline.get_by_name("c").set_property("caps", Gst.Caps.from_string(f"video/x-raw,width={width},height={height}"))
        return Gst.PadProbeReturn.OK
    seen.pipeline.get_by_name("f").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, change)
    seen.play()
    assert len(seen.sizes) == 12 and set(seen.sizes) == set(sizes), seen.sizes


def latency_of_a_live_source_does_not_grow():
    """How late frames are when they leave, in the first and in the last quarter of what a live source gave."""
    def lateness(pipeline, buffer):
        return (pipeline.get_clock().get_time() - pipeline.get_base_time() - buffer.pts) / Gst.SECOND
    seen = Watched("videotestsrc is-live=true num-buffers=150 ! video/x-raw,width=640,height=480,framerate=30/1 ! videoconvert ! "
                   "queue leaky=downstream max-size-buffers=1 ! fovea name=f ! fakesink sync=true qos=true", lateness).play()
    quarter = len(seen.looks) // 4
    assert quarter > 2, f"{len(seen.looks)} of 150 frames came through"
    first, last = (sorted(part)[len(part) // 2] for part in (seen.looks[:quarter], seen.looks[-quarter:]))
    print(f"# {len(seen.looks)} of 150 frames; late by {first * 1e3:.1f} ms in the first quarter, {last * 1e3:.1f} ms in the last")
    assert last < 2 * first + 0.5, f"late by {first:.3f} s at first, {last:.3f} s in the end"


def flushes_and_ends_are_survived():
    pipeline = Gst.parse_launch("videotestsrc num-buffers=60 ! video/x-raw,width=160,height=120 ! videoconvert ! fovea ! fakesink")
    pipeline.set_state(Gst.State.PAUSED)
    wait(pipeline, Gst.MessageType.ASYNC_DONE | Gst.MessageType.ERROR)
    for _ in range(5):
        assert pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH, 0)
        wait(pipeline, Gst.MessageType.ASYNC_DONE | Gst.MessageType.ERROR)
    assert play(pipeline) is None


ROUNDS = """
import gc, resource, sys
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
pipeline = Gst.parse_launch("videotestsrc ! video/x-raw,width=320,height=240 ! videoconvert ! fovea blur=true ! fakesink")
def once():
    for state in (Gst.State.PLAYING, Gst.State.NULL):
        pipeline.set_state(state)
        assert pipeline.get_state(60 * Gst.SECOND)[0] == Gst.StateChangeReturn.SUCCESS
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
for _ in range(3): once()
before = resident()
for _ in range(10): once()
print((resident() - before) >> 10)
if sys.argv[1] == "clean":
    del pipeline
    gc.collect()
Gst.deinit()
"""


def rounds(how):
    """@return KiB that memory has grown by, and the types of what is still alive in the end"""
    env = {**os.environ, "GST_TRACERS": "leaks", "GST_DEBUG": "GST_TRACER:7", "GST_DEBUG_NO_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", ROUNDS, how], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout), re.findall(r"object-alive, type-name=\(string\)(\w+)", done.stderr)


def nothing_is_left_behind():
    """From NULL to PLAYING and back, 13 times, under GStreamer's tracer of leaks, which sees what a careless program keeps."""
    grown, alive = rounds("clean")
    assert not alive, alive
    assert grown < 4096, f"{grown} KiB more after ten rounds"
    assert "GstFovea" in rounds("careless")[1]


# ---------------------------------------------------------------- hiding


def raw(path, width=512, bytes_per_pixel=3):
    data = Path(path).read_bytes()
    row = width * bytes_per_pixel
    return [data[at : at + row] for at in range(0, len(data), row)]


def hidden_faces_are_gone():
    """In every style, shape and format no detector finds the face again, and pixels far from it are the photo's."""
    for layout, size in (("RGB", 3), ("BGRx", 4), ("GRAY8", 1)):
        source = f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! video/x-raw,format={layout}"
        before, after = f"{FOLDER.name}/shown.raw", f"{FOLDER.name}/hidden.raw"
        assert play(Gst.parse_launch(f"{source} ! filesink location=\"{before}\"")) is None
        for looks in ("", "style=pixelate shape=box", "style=solid", "style=blur shape=box margin=0.4"):
            hides = f"{source} ! fovea blur=true {looks}"
            assert play(Gst.parse_launch(f"{hides} ! filesink location=\"{after}\"")) is None
            again = Watched(f"{hides} ! fovea name=f ! fakesink").play()
            assert len(again.faces[0]) == 1, f"{layout} {looks}: {again.faces[0]}"  # the one that was marked when it was hidden
            old, new = raw(before, bytes_per_pixel=size), raw(after, bytes_per_pixel=size)
            assert old != new and old[250:] == new[250:], f"{layout} {looks}"
            assert all(a[: 120 * size] == b[: 120 * size] and a[330 * size :] == b[330 * size :] for a, b in zip(old, new)), layout


def faces_that_drop_out_stay_hidden():
    """A face that is no longer found is covered for as long as `hold` says, and no longer."""
    def covered(hold):
        pipeline = Gst.parse_launch("appsrc name=a format=time caps=video/x-raw,format=RGB,width=512,height=512,framerate=10/1 ! "
                                    f"fovea name=f blur=true style=solid shape=box hold={hold} ! fakesink")
        centre = []
        def see(pad, info):
            centre.append(bytes(info.get_buffer().extract_dup((110 * 512 + 224) * 3, 3)) == bytes(3))
            return Gst.PadProbeReturn.OK
        pipeline.get_by_name("f").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, see)
        pipeline.set_state(Gst.State.PLAYING)
        for number, pixels in enumerate([face] + 9 * [nobody]):
            buffer = Gst.Buffer.new_wrapped(pixels)
            buffer.pts = number * Gst.SECOND // 10
            pipeline.get_by_name("a").emit("push-buffer", buffer)
        pipeline.get_by_name("a").emit("end-of-stream")
        assert wait(pipeline).type == Gst.MessageType.EOS
        pipeline.set_state(Gst.State.NULL)
        return centre
    path = f"{FOLDER.name}/face.raw"
    play(Gst.parse_launch(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! video/x-raw,format=RGB ! "
                          f"filesink location=\"{path}\""))
    face, nobody = Path(path).read_bytes(), bytes([200]) * (512 * 512 * 3)
    assert covered(0.45) == 5 * [True] + 5 * [False]
    assert covered(0) == [True] + 9 * [False]


def videos_are_hidden_in_files():
    """docs/gstreamer.md's pipeline: from a file to a file. No frame shows the face; there are as many as before."""
    shown, hidden = f"{FOLDER.name}/shown.webm", f"{FOLDER.name}/hidden.webm"
    error = play(Gst.parse_launch(VIDEO.format(shown)))
    assert error is None, error
    read = "filesrc location=\"{}\" ! decodebin ! videoconvert ! fovea name=f {} ! fakesink"
    error = play(Gst.parse_launch(f"filesrc location=\"{shown}\" ! decodebin ! videoconvert ! fovea blur=true ! videoconvert ! "
                                  f"vp8enc deadline=1 ! webmmux ! filesink location=\"{hidden}\""))
    assert error is None, error
    before, after = (Watched(read.format(path, "")).play().faces for path in (shown, hidden))
    assert [len(faces) for faces in before] == 20 * [1], before
    assert [len(faces) for faces in after] == 20 * [0], after


# ---------------------------------------------------------------- what docs/gstreamer.md shows

PAGE = (SOURCE / "docs/gstreamer.md").read_text(encoding="utf-8")


def documented_pipelines_run():
    """Each of them, but for those that need a camera and a screen."""
    shutil.copy(ASTRONAUT, f"{FOLDER.name}/photo.png")
    assert play(Gst.parse_launch(VIDEO.format(f"{FOLDER.name}/in.webm"))) is None
    commands = [line for line in re.findall(r"^\$ (gst-launch-1.0 .*)$", PAGE, re.MULTILINE) if "v4l2src" not in line]
    assert len(commands) >= 2
    for command in commands:
        done = subprocess.run(["sh", "-c", command], cwd=FOLDER.name, capture_output=True, text=True, timeout=END_S)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def documented_code_prints_faces():
    """The page's C reads what the element wrote."""
    code = re.search(r"```c\n(.*?)```", PAGE, re.DOTALL)[1]
    show = "void show(GstBuffer *buffer) { print_faces(buffer); fflush(stdout); }"
    Path(f"{FOLDER.name}/shown.c").write_text(f"{code}\n{show}\n", encoding="utf-8")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gstreamer-video-1.0"], check=True, capture_output=True, text=True)
    subprocess.run(["cc", "-Wall", "-Werror", "-include", "stdio.h", "-shared", "-fPIC", "-o", f"{FOLDER.name}/shown.so",
                    f"{FOLDER.name}/shown.c", *flags.stdout.split()], check=True)
    show = ctypes.CDLL(f"{FOLDER.name}/shown.so").show
    show.argtypes = [ctypes.c_void_p]
    with tempfile.TemporaryFile() as out:
        stdout = os.dup(1)
        os.dup2(out.fileno(), 1)
        try:
            Watched(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! fovea name=f ! fakesink",
                    lambda pipeline, buffer: show(hash(buffer))).play()
        finally:
            os.dup2(stdout, 1)
            os.close(stdout)
        out.seek(0)
        printed = out.read().decode()
    face = cli(ASTRONAUT)[0]
    x, y = math.floor(face["box"][0]), math.floor(face["box"][1])
    w, h = math.ceil(face["box"][2]) - x, math.ceil(face["box"][3]) - y
    assert printed == f"{x},{y} {w}x{h} {face['score']:.3f}\n", printed


# ---------------------------------------------------------------- what goes wrong


def short_frames_are_left_out():
    """A buffer with fewer bytes than its caps say is not handed on; those around it are."""
    pipeline = Gst.parse_launch("appsrc name=a format=time caps=video/x-raw,format=RGB,width=64,height=64,framerate=10/1 ! "
                                "fovea name=f ! fakesink")
    came = []
    pipeline.get_by_name("f").get_static_pad("src").add_probe(
        Gst.PadProbeType.BUFFER, lambda pad, info: came.append(info.get_buffer().pts) or Gst.PadProbeReturn.OK)
    pipeline.set_state(Gst.State.PLAYING)
    for number, size in enumerate((64 * 64 * 3, 100, 1, 64 * 64 * 3)):
        buffer = Gst.Buffer.new_wrapped(bytes(size))
        buffer.pts = number * Gst.SECOND // 10
        pipeline.get_by_name("a").emit("push-buffer", buffer)
    pipeline.get_by_name("a").emit("end-of-stream")
    warning = wait(pipeline, Gst.MessageType.WARNING | Gst.MessageType.ERROR)
    assert warning.type == Gst.MessageType.WARNING and "left out" in warning.parse_warning()[0].message
    assert wait(pipeline).type == Gst.MessageType.EOS
    pipeline.set_state(Gst.State.NULL)
    assert came == [0, 3 * Gst.SECOND // 10], came


def bad_photos_among_good_ones():
    """Of a folder of photos with two that are none, the others come once each, in order, with their faces."""
    folder = Path(FOLDER.name) / "some"
    folder.mkdir()
    for number, side in enumerate((512, 448, 0, 384, 0, 320)):
        photo = folder / f"{number}.jpg"
        photo.write_bytes(b"\xff\xd8 no photo \xff\xd9")
        if side:
            play(Gst.parse_launch(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! videoscale ! "
                                  f"video/x-raw,width={side},height={side} ! jpegenc ! filesink location=\"{photo}\""))
    seen = Watched(f"multifilesrc location=\"{folder}/%d.jpg\" caps=image/jpeg,framerate=10/1 ! jpegdec ! videoconvert ! "
                   "fovea name=f ! fakesink").play()
    assert seen.sizes == [(side, side) for side in (512, 448, 384, 320)] and [len(faces) for faces in seen.faces] == [1] * 4, seen.sizes


def a_pipeline_that_was_killed_gives_the_same_again():
    """Its sink is this test, which takes three frames and kills it: it cannot have been through."""
    size, count = 512 * 512 * 3, 10
    command = ["gst-launch-1.0", "-q", *f"filesrc location={ASTRONAUT.name} ! pngdec ! imagefreeze num-buffers={count} ! videoconvert ! "
               "video/x-raw,format=RGB ! fovea blur=true ! fdsink".split()]
    with subprocess.Popen(command, cwd=ASTRONAUT.parent, stdout=subprocess.PIPE) as process:
        before = process.stdout.read(3 * size)
        process.kill()
    whole = subprocess.run(command, cwd=ASTRONAUT.parent, check=True, stdout=subprocess.PIPE).stdout
    assert len(whole) == count * size and len(before) == 3 * size and whole.startswith(before)


def damaged_photos_are_the_decoders_affair():
    """A JPEG that ends early comes with what could be decoded; the element looks at that."""
    whole = f"{FOLDER.name}/whole.jpg"
    play(Gst.parse_launch(f"filesrc location=\"{ASTRONAUT}\" ! pngdec ! videoconvert ! jpegenc ! filesink location=\"{whole}\""))
    cut = Path(FOLDER.name) / "cut.jpg"
    cut.write_bytes(Path(whole).read_bytes()[:-2000] + b"\xff\xd9")
    seen = Watched(f"filesrc location=\"{cut}\" ! jpegdec ! videoconvert ! fovea name=f ! fakesink").play()
    assert len(seen.faces) == 1 and len(seen.faces[0]) == 1


def wrong_properties_are_said():
    for properties, message in (("size=banana", "size=banana: expected WxH"), ("model=/no/such.fov", "/no/such.fov"),
                                ("precision=fp7", "'fp7' is no precision"), ("backend=abacus", "abacus"),
                                ("device=1", "add backend=cuda"), ("style=haze", "expected blur, pixelate"),
                                ("shape=star", "shape=star"),
                                (f"model=\"{__file__}\"", "gstreamer.py"),
                                (f"model=\"{SOURCE}/models/fovea_mnet025.fov\" precision=fp32", "chosen when it was built")):
        error = play(Gst.parse_launch(f"videotestsrc num-buffers=1 ! videoconvert ! fovea {properties} ! fakesink"))
        assert error and message in error, f"{properties}: {error}"
    done = subprocess.run(["gst-launch-1.0", "videotestsrc", "num-buffers=1", "!", "fovea", "colour=red", "!", "fakesink"],
                          capture_output=True, text=True)
    assert done.returncode and '"colour"' in done.stderr, done.stderr


def frames_too_large_are_an_error():
    error = play(Gst.parse_launch("videotestsrc num-buffers=1 ! video/x-raw,format=GRAY8,width=16000,height=8000 ! "
                                  "fovea size=native ! fakesink"))
    assert error and "above the limit" in error, error


TESTS = [inspection_is_clean, photo_has_the_faces_of_the_program, shared_photos_have_the_faces_of_the_program,
         every_format_has_the_same_faces, properties_mean_what_the_options_do, regions_are_the_pixels_that_boxes_touch,
         frames_pass_untouched, sizes_may_change, latency_of_a_live_source_does_not_grow, flushes_and_ends_are_survived,
         nothing_is_left_behind, hidden_faces_are_gone, faces_that_drop_out_stay_hidden, videos_are_hidden_in_files,
         documented_pipelines_run, documented_code_prints_faces, short_frames_are_left_out, bad_photos_among_good_ones,
         a_pipeline_that_was_killed_gives_the_same_again, damaged_photos_are_the_decoders_affair,
         wrong_properties_are_said, frames_too_large_are_an_error]


def left_out():
    raise Skip(f"GStreamer lacks {', '.join(MISSING)}: install gstreamer1.0-plugins-base and gstreamer1.0-plugins-good")


if __name__ == "__main__":
    sys.exit(run([left_out] if MISSING else TESTS))
