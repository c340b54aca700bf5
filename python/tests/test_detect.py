# SPDX-License-Identifier: MIT
"""detect(): the same faces as the program, whatever a photo comes as."""
import io
import os
import pathlib
import subprocess
import sys
import tracemalloc

import numpy
import pytest
from PIL import Image

import fovea
from conftest import same
from fovea._library import lib


def test_file_as_the_program(detector, photo, found):
    assert [detector.detect(photo).to_dict()] == found(photo)


@pytest.mark.parametrize("options, arguments", [
    ({"score": 0.02}, ["--score", "0.02"]),
    ({"score": 0.02, "nms": 1, "top_k": 40, "max_faces": 30}, ["--score", "0.02", "--nms", "1", "--top-k", "40", "--max-faces", "30"]),
    ({"size": "long:320"}, ["--size", "long:320"]),
    ({"size": "native"}, ["--size", "native"]),
    ({"size": "640x480"}, ["--size", "640x480"]),
    ({"size": (640, 480), "place": "top-left", "fill": (0, 10, 255)},
     ["--size", "640x480", "--place", "top-left", "--fill", "0,10,255"]),
    ({"size": "320x320", "fill": "mean"}, ["--size", "320x320", "--fill", "mean"]),
    ({"size": "tiles:256", "tile_overlap": 100, "tile_scale": 1.5}, ["--size", "tiles:256", "--tile-overlap", "100", "--tile-scale", "1.5"]),
])
def test_options_as_the_program(detector, photo, found, options, arguments):
    expected = found(*arguments, photo)
    assert [detector.detect(photo, **options).to_dict()] == expected
    with fovea.Detector(**options) as other:
        assert [other.detect(photo).to_dict()] == expected


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_precision_as_the_program(photo, found, precision):
    with fovea.Detector(precision=precision) as detector:
        assert detector.precision == precision
        assert [detector.detect(photo).to_dict()] == found("--precision", precision, photo)


def test_what_an_engine_is_is_told(detector):
    assert detector.backend == "cpu"
    assert detector.precision in ("mixed", "fp32") and detector.reason
    assert detector.certificate["precision"] == detector.precision or detector.certificate == {}


def test_large_jpeg_is_decoded_smaller_as_by_the_program(detector, tmp_path, rgb, found):
    path = tmp_path / "large.jpg"
    Image.fromarray(rgb).resize((4096, 4096)).save(path)
    assert [detector.detect(path, size="long:640").to_dict()] == found("--size", "long:640", path)
    full = detector.detect(path, size="long:640", full_decode=True)
    assert [full.to_dict()] == found("--size", "long:640", "--full-decode", path)
    assert not same(full, detector.detect(path, size="long:640"))
    assert (full.width, full.height) == (4096, 4096)


def test_kinds_of_files(detector, photo):
    by_path = detector.detect(photo)
    data = pathlib.Path(photo).read_bytes()
    for kind in (pathlib.Path(photo), data, bytearray(data), memoryview(data)):
        assert same(detector.detect(kind), by_path)
    assert by_path.file == photo and detector.detect(data).file is None


def test_orders_of_channels(detector, photo, rgb):
    by_path = detector.detect(photo)
    bgr = numpy.ascontiguousarray(rgb[..., ::-1])
    assert same(detector.detect(rgb), by_path)
    assert same(detector.detect(bgr, format="bgr"), by_path)
    assert not same(detector.detect(bgr), by_path)
    with fovea.Detector(format="bgr") as other:
        assert same(other.detect(bgr), by_path)
        assert same(other.detect(rgb, format="rgb"), by_path)
        assert same(other.detect(Image.fromarray(rgb)), by_path)  # which is RGB in any case


def test_alpha_is_not_looked_at(detector, rgb):
    expected = detector.detect(rgb)
    rgba = numpy.dstack([rgb, numpy.arange(rgb[..., 0].size, dtype=numpy.uint8).reshape(rgb.shape[:2])])
    assert same(detector.detect(rgba), expected)
    assert same(detector.detect(numpy.ascontiguousarray(rgba[..., [2, 1, 0, 3]]), format="bgr"), expected)


def test_gray(detector, rgb):
    gray = numpy.asarray(Image.fromarray(rgb).convert("L"))
    expected = detector.detect(numpy.repeat(gray[..., None], 3, axis=2))
    assert len(expected) == 1
    assert same(detector.detect(gray), expected)
    assert same(detector.detect(gray[..., None]), expected)
    assert same(detector.detect(gray, format="bgr"), expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
def test_pillow(detector, photo, mode):
    picture = Image.open(photo).convert(mode)
    as_rgb = numpy.asarray(picture if mode in ("RGB", "RGBA", "L") else picture.convert("RGB"))
    assert same(detector.detect(picture), detector.detect(as_rgb))


def test_pillow_with_more_than_bytes(detector, photo, tmp_path):
    """A file of 16 bits has its face; Pillow would hand on a picture that is all white."""
    gray = numpy.asarray(Image.open(photo).convert("L"))
    path = tmp_path / "deep.png"
    Image.fromarray(gray.astype(numpy.uint16) * 257).save(path)
    assert same(detector.detect(path), detector.detect(gray))
    for picture in (Image.open(path), Image.fromarray(gray.astype(numpy.uint16) * 257), Image.fromarray(gray.astype(numpy.float32))):
        with pytest.raises(fovea.ArgumentError, match=f"mode '{picture.mode}'.*path of the file"):
            detector.detect(picture)


def test_what_numpy_can_view(detector, rgb):
    class Tensor:
        __array_interface__ = rgb.__array_interface__

    assert same(detector.detect(Tensor()), detector.detect(rgb))


@pytest.mark.parametrize("cut", ["[10:500, 20:480]", "[::2]", "[::-1]", "[::-2, 7:]", "[:, ::-1]", "[:, ::2]", "[..., ::-1]",
                                 ".transpose(1, 0, 2)", "[..., 1]"])
def test_views(detector, rgb, cut):
    view = eval(f"rgb{cut}", {"rgb": rgb})
    assert same(detector.detect(view), detector.detect(numpy.ascontiguousarray(view)))


def test_read_only_and_repeated_rows(detector, rgb):
    frozen = rgb.copy()
    frozen.setflags(write=False)
    assert same(detector.detect(frozen), detector.detect(rgb))
    row = numpy.broadcast_to(rgb[:1], rgb.shape)
    assert same(detector.detect(row), detector.detect(row.copy()))


def test_pixels_are_not_copied(detector):
    large = numpy.zeros((4000, 5000, 3), numpy.uint8)
    for view in (large, large[:, 100:4900], large[::-1], large[..., :3]):
        tracemalloc.start()
        detector.detect(view, size="long:64")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100_000


def test_exif_turns_files_and_not_arrays(detector, tmp_path, rgb, found):
    path, lying = tmp_path / "lying.jpg", Image.fromarray(rgb).rotate(90)
    exif = Image.Exif()
    exif[0x112] = 6
    lying.save(path, exif=exif, quality=95)
    assert len(detector.detect(path)) == 1
    assert [detector.detect(path).to_dict()] == found(path)
    assert not same(detector.detect(path), detector.detect(numpy.asarray(Image.open(path))))


def test_lists(detector, photo, rgb):
    pictures = [rgb, rgb[:300, 100:400], rgb, rgb[::2, ::2], Image.fromarray(rgb)]
    assert all(map(same, detector.detect(pictures), map(detector.detect, pictures)))
    mixed = [photo, rgb[::2], pathlib.Path(photo).read_bytes()]
    assert all(map(same, detector.detect(mixed), map(detector.detect, mixed)))
    assert all(map(same, detector.detect(tuple(pictures), format="bgr"), (detector.detect(p, format="bgr") for p in pictures)))
    assert detector.detect([]) == []


def test_results_outlive_later_calls_and_the_detector(photo, rgb):
    with fovea.Detector() as detector:
        faces = detector.detect(photo, score=0.02)
        before = faces.boxes.copy(), faces.scores.copy(), faces.landmarks.copy()
        for _ in range(3):
            detector.detect(rgb[::-1], score=0.001)
    assert all(numpy.array_equal(a, b) for a, b in zip(before, (faces.boxes, faces.scores, faces.landmarks)))
    assert all(array.flags.owndata and array.flags.writeable and array.dtype == numpy.float32 for array in before)


def test_prepare():
    """Memory is there, and what follows needs no more."""
    with fovea.Detector(size="native") as detector:
        [worker] = detector._pool.idle[True]
        assert lib.fov_detector_memory(worker.pointer) == 0
        detector.prepare(200, 100)
        memory = lib.fov_detector_memory(worker.pointer)
        detector.detect(numpy.zeros((100, 200, 3), numpy.uint8))
        assert detector._pool.idle[True] == [worker] and lib.fov_detector_memory(worker.pointer) == memory > 0
        with pytest.raises(fovea.ArgumentError):
            detector.prepare(0, 100)


def test_truncated_file_is_taken_with_a_warning(detector, tmp_path, rgb):
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "JPEG", quality=95)
    path = tmp_path / "cut.jpg"
    path.write_bytes(data.getvalue()[:-4000])
    with pytest.warns(fovea.FoveaWarning, match="cut.jpg") as caught:
        assert len(detector.detect(path)) == 1
    assert caught[0].filename == __file__


def test_which_files_are_refused(tmp_path, rgb, photo, many):
    cut = tmp_path / "cut.jpg"
    Image.fromarray(rgb).resize((256, 256)).save(cut, quality=95)
    cut.write_bytes(cut.read_bytes()[:-2000])
    with fovea.Detector(strict=True, max_pixels=numpy.int64(256 * 256)) as detector:
        for answers in ([failure_of(detector.detect, file) for file in (cut, photo)], list(detector.detect_many([cut, photo]))):
            assert [type(answer) for answer in answers] == [fovea.FormatError, fovea.LimitError]
        faces = detector.detect(many / "0.png")  # of so many pixels
        assert len(faces.crops()) == len(detector.detect(rgb)) == 1
        Image.fromarray(rgb).save(many / "0.png")
        with pytest.raises(fovea.LimitError):
            faces.crops()


def failure_of(function, *arguments):
    with pytest.raises(fovea.FoveaError) as caught:
        function(*arguments)
    return caught.value


def test_import_brings_no_other_packages():
    code = "import sys, fovea; print(sorted({'PIL', 'cv2', 'supervision', 'torch', 'cffi', 'pycparser'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, env=os.environ).stdout == b"[]\n"
