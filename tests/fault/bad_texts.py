# SPDX-License-Identifier: MIT
"""Settings, reviews, ground truth, calibrations and lists that are broken: (what it is, file's name, bytes, command, exit status, parts of the message)."""
import struct
import zlib

FAILED, MODEL = 1, 3
REVIEW = b'{"review": 1, "video": "a", "tracks": [%s], "times": [0]}'


def settings(name, text, *parts):
    return name, "m.wts.settings", text, ["inspect", "FOLDER/m.wts"], MODEL, parts


def review(name, text, *parts):
    return name, "review.json", text, ["blur", "FOLDER/video.mp4", "--apply", "FILE", "-o", "FOLDER/hidden.mp4"], FAILED, parts


def truth(name, text, *parts):
    return name, "truth.json", text, ["eval", "--wider", "FILE", "FOLDER"], FAILED, parts


def cache(name, text, *parts):
    return name, "cache", text, ["calibrate", "default", "--from", "FILE"], MODEL, parts


def mapped(name, lines, mapping, *parts):
    """With a mapping, whose bytes stand where its name is to be."""
    return name, "cache", b"TRT-8601-EntropyCalibration2\n" + lines, ["calibrate", "default", "--from", "FILE", "--mapping", mapping], MODEL, parts


def channels(count):
    rows = b"".join(word + number * count + b"\n" for word, number in ((b"low", b" 0"), (b"high", b" 1"), (b"mean", b" 0")))
    return b"Fovea calibration 1\nmethod a\nphotos 1\ndigest -\nsymmetric no\ntensor a -1 1 0 %d\n%send\n" % (count, rows)


def photos(name, text, *parts):
    return name, "list", text, ["detect", "@FILE"], FAILED, parts


def bad_settings():
    yield settings("NaN", b"leaky = nan\n", ":1: leaky: 'nan' is not a number")
    yield settings("a number too large for a float", b"leaky = 1e99\n", ":1: leaky: '1e99' is not a number")
    yield settings("a hundred levels", b"strides = " + b",".join([b"8"] * 100) + b"\n", ":1: strides: more than 6 numbers")
    yield settings("a key that is not known", b"colour = bgr\n", ":1: unknown key 'colour'")
    yield settings("a NUL", b"leaky = 0\0\n", "is not a text file")
    yield settings("100,000 bytes", b"#" * 100000, "100000 bytes, the limit is 65536")


def bad_reviews():
    yield review("nested 200,000 deep", b"[" * 200000, "line 1: maximum parsing depth reached")
    yield review("NaN", REVIEW.replace(b"[0]", b"[NaN]") % b"", "line 1: invalid token near 'NaN'")
    yield review("version 99", b'{"review": 99, "tracks": [], "times": []}', "not a review of version 1")
    yield review("a box in a frame that is not there", REVIEW % b'{"track": 1, "hide": true, "boxes": [[5, 0, 0, 1, 1]]}', "track 1: box 1", "a frame below 1")
    yield review("a frame of 2^63", REVIEW % b'{"track": 1, "hide": true, "boxes": [[9223372036854775808, 0, 0, 1, 1]]}', "too big integer")
    yield review("two keys of a name", b'{"review": 1, "review": 1}', "duplicate object key")
    yield review("300,000 boxes in frames that are not there", REVIEW % (b'{"track": 1, "hide": true, "boxes": [' + b"[0,0,0,1,1]," * 300000 + b"[1,0,0,1,1]]}"), "track 1: box 300001")
    yield review("a million empty objects", REVIEW % (b"{}," * 1000000 + b"{}"), "track 1 of the list")
    yield review("no JSON", bytes(100), "line 1")
    tracks = b",".join(b'{"track": %d, "hide": false, "boxes": [[0, 0, 0, 1, 1]]}' % n for n in range(100000, 0, -1))
    name, file, data, command, _, _ = review("100,000 tracks in descending order, in one frame", REVIEW.replace(b"[0]", b"[0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]") % tracks)
    yield name, file, data, command, 0, ()


def bad_truths():
    yield truth("nested 200,000 deep", b"[" * 200000, "line 1: maximum parsing depth reached")
    yield truth("a name that leaves the folder", b'[{"file": "../../etc/passwd", "boxes": [], "easy": [], "medium": [], "hard": []}]', "'../../etc/passwd'", "below the folder")
    yield truth("a number too large for a double", b'[{"file": "a.png", "boxes": [[0, 0, 1, 1e400]]}]', "line 1: real number overflow")
    yield truth("a box of 1e300 pixels", b'[{"file": "a.png", "boxes": [[0, 0, 1, 1e300]], "easy": [], "medium": [], "hard": []}]', "photo 'a.png': box 0")
    yield truth("two photos of a name", b'[%s, %s]' % ((b'{"file": "a.png", "boxes": [], "easy": [], "medium": [], "hard": []}',) * 2), "'a.png' is there twice")
    yield truth("300,000 boxes, one of them of text", b'[{"file": "a.png", "boxes": [' + b"[0,0,1,1]," * 300000 + b'[0,0,1,"a"]]}]', "box 300000 holds something that is not a number")
    yield truth("a million empty lists", b"[" + b"[]," * 1000000 + b"1]", "entry 0 is no object")
    yield truth("a million empty objects", b"[" + b"{}," * 1000000 + b"1]", "entry 0 is no object")
    yield truth("nothing", b"", "holds no photo")
    yield from bad_mats()


def element(kind, body):
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def matrix(kind, dimensions, *parts, name=b""):
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(dimensions)}I", *dimensions)) + element(1, name)
    return element(14, head + b"".join(parts))


def packed(whole):
    body = zlib.compress(whole, 9)
    return struct.pack("<II", 15, len(body)) + body


def mat(*elements, version=0x100):
    return b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", version) + b"IM" + b"".join(elements)


def bad_mats():
    nested = b""
    for _ in range(1000):
        nested = matrix(1, (1, 1), nested or element(14, b""), name=b"event_list")
    few = 80000
    yield truth("MATLAB: a bomb of 256 MiB", mat(packed(matrix(6, (1, 1 << 25), element(9, bytes(1 << 28)), name=b"event_list"))), "more memory than 64 MiB and 16 times its bytes")
    yield truth("MATLAB: 2^62 numbers", mat(matrix(6, (1 << 31, 1 << 31), element(9, bytes(8)), name=b"event_list")), "more memory than")
    yield truth("MATLAB: a million cells of nothing", mat(packed(matrix(1, (1, 1000000), element(14, b"") * 1000000, name=b"event_list"))), "more memory than")
    yield truth(f"MATLAB: {few} cells of nothing", mat(packed(matrix(1, (1, few), element(14, b"") * few, name=b"event_list"))), "no variable 'file_list'")
    yield truth("MATLAB: cells in cells, 1,000 deep", mat(nested), "damaged")
    yield truth("MATLAB: more cells than are there", mat(matrix(1, (1, 1000), element(14, b""), name=b"event_list")), "damaged")
    yield truth("MATLAB: a structure", mat(matrix(2, (1, 1), name=b"event_list")), "class 2")
    yield truth("MATLAB: a matrix that is cut off", mat(matrix(6, (1, 9), element(9, bytes(72)), name=b"event_list"))[:-16], "damaged")
    yield truth("MATLAB: of HDF5, and a header that is not", mat(version=0x200), "another version than 5 to 7")


def bad_caches():
    yield cache("a NUL", b"TRT-8601-EntropyCalibration2\nx: \0", "it is no text")
    yield cache("a scale of NaN", b"TRT-8601-EntropyCalibration2\ninput: 7fc00000\n", ":2:", "not the hexadecimal form")
    yield cache("a scale below zero", b"TRT-8601-EntropyCalibration2\ninput: bf800000\n", ":2:", "not the hexadecimal form")
    yield cache("of another network", b"TRT-8601-EntropyCalibration2\nx: 3f800000\n", "has no range for")
    yield cache("100,000 tensors of no network", b"TRT-8601-EntropyCalibration2\n" + b"".join(b"t%d: 3f800000\n" % i for i in range(100000)), "has no range for")
    yield cache("two million tensors", b"TRT-8601-EntropyCalibration2\n" + b"a:1\n" * 2000000, ":100002: more than 100000 tensors")
    yield cache("300,000 inputs of nodes", b"Fovea calibration 1\n" + b"input a b 0 c 0\n" * 300000, ":100002: more than 100000 inputs of nodes")
    yield cache("a million channels", channels(1000000), "has no range for")
    yield mapped("100,000 tensors, and 100,000 names of which none is there", b"".join(b"t%06d: 1\n" % i for i in range(100000)), b"t099999x = a\n" * 70000, "has no range for")
    yield mapped("100,000 tensors, and as many names for them", b"".join(b"t%06d: 1\n" % i for i in range(99999)), b"t000000 = a\n" * 70000, "mapping of names:2: more than 100000 tensors")
    yield cache("nothing", b"", "not a calibration cache")


def bad_lists():
    yield photos("itself", b"@FILE\n", "cannot open")
    yield photos("a line of a megabyte", b"x" * (1 << 20), "a line is longer than any name")
    yield photos("braces for 2^40 names", b"{a,b}" * 40, "too many names")
    yield photos("braces in braces, 3,000 deep", b"{" * 3000 + b"a,b" + b"}" * 3000, "{{{")  # a message has an end
    yield photos("braces for 2^40 names, with escapes", rb"{\},a}" * 40, "too many names")
    yield photos("braces, 5,000 behind each other", b"{a}" * 5000, "{a}{a}")
    yield photos("folders behind a wildcard, 2,000 deep", b"*" + b"/.." * 2000, "*/../..")
    yield photos("a pattern of 300 folders", b"*" + b"/a" * 300, "256 slashes and braces at most")
    yield photos("wildcards that lead back", b"/*/.." * 30 + b"/*", "too many names; name folders instead")
    yield photos("a hundred wildcards that lead back", (b"/*/.." * 30 + b"/*\n") * 100, "too many names; name folders instead")
    yield photos("zeros", bytes(1 << 20), "it is no text")


KINDS = {"settings": bad_settings, "review": bad_reviews, "truth": bad_truths, "calibration": bad_caches, "list": bad_lists}
