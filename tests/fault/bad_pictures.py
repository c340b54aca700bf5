# SPDX-License-Identifier: MIT
"""Pictures that are broken, or meant to harm: (what it is, ending, bytes, parts of the message; None: it is taken, within the limits)."""
import struct
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "serve"))
from pictures import bomb, chunk, png  # noqa: E402


def header(width, height, depth=8, colour=2):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def scan(width, height, progressive):
    """Grey everywhere: a bit says that a block is as bright as the one before it, and in a scan of all another that this is all."""
    bits = ((width + 7) // 8) * ((height + 7) // 8) * (1 if progressive else 2)
    return segment(0xda, bytes([1, 1, 0, 0, 0 if progressive else 63, 0])) + bytes((bits + 7) // 8)


def of_four_colours(width, height):
    """A progressive JPEG in CMYK with a scan of brightness alone, a bit for each of a block's four."""
    code = bytes([1]) + bytes(15) + b"\0"
    frame = struct.pack(">BHHB", 8, height, width, 4) + b"".join(bytes([i, 0x11, 0]) for i in range(4))
    start = bytes([4]) + b"".join(bytes([i, 0]) for i in range(4)) + bytes(3)
    bits = ((width + 7) // 8) * ((height + 7) // 8) * 4
    return (b"\xff\xd8" + segment(0xdb, b"\0" + bytes([1]) * 64) + segment(0xc2, frame) + segment(0xc4, b"\0" + code) + segment(0xda, start)
            + bytes((bits + 7) // 8) + b"\xff\xd9")


def jpeg(width, height, scans=1, progressive=False):
    code = bytes([1]) + bytes(15) + b"\0"  # one Huffman code, of one bit, for 0
    frame = struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0])
    head = segment(0xdb, b"\0" + bytes([1]) * 64) + segment(0xc2 if progressive else 0xc0, frame) + segment(0xc4, b"\0" + code + b"\x10" + code)
    return b"\xff\xd8" + head + scan(width, height, progressive) * scans + b"\xff\xd9"


def unfolding(kind, before, bytes_):
    """A PNG with a compressed text that becomes so many bytes."""
    packed = zlib.compress(bytes(bytes_), 9)
    return header(1, 1) + chunk(kind, before + packed) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")


def sized(file, width, height):
    """A JPEG that says it has other sides."""
    at = file.index(b"\xff\xc0")
    return file[:at + 5] + struct.pack(">HH", height, width) + file[at + 9:]


def riff(*chunks):
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def canvas(width, height, flags=0):
    return b"VP8X", struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def of_lossless(width, height):
    """VP8L: a signature, then two sides of 14 bits."""
    return b"VP8L", b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + bytes(20)


def cases():
    small = jpeg(64, 64)
    yield "0 x 0 pixels", "png", header(0, 0) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""), ["PNG"]
    yield "0 x 0 pixels", "jpg", sized(small, 0, 0), ["JPEG"]
    yield "2^31 x 2^31 pixels", "png", header(0x7fffffff, 0x7fffffff) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""), ["overflow"]
    yield "2^32 - 1 pixels wide", "png", header(0xffffffff, 1) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""), ["PNG"]
    yield "a line of 200 million pixels", "png", header(200000000, 1, 1, 0) + chunk(b"IDAT", zlib.compress(bytes(25000001), 9)) + chunk(b"IEND", b""), ["200000000"]
    yield "a bomb: 30,000 x 30,000 pixels", "png", bomb(30000), ["30000 x 30000"]
    yield "a bomb: 65,535 x 65,535 pixels", "jpg", sized(small, 65535, 65535), ["65500 pixels"]
    yield "65,500 x 65,500 pixels", "jpg", sized(small, 65500, 65500), ["65500 x 65500 pixels, the limit is 256000000 in all"]
    yield "a bomb: 16,384 x 16,384 pixels", "webp", riff(of_lossless(16384, 16384)), ["16384 x 16384"]
    yield "a canvas of 2^24 x 2^24 pixels", "webp", riff(canvas(1 << 24, 1 << 24), of_lossless(16, 16)), ["WebP"]
    yield "a frame larger than its canvas", "webp", riff(canvas(16, 16), of_lossless(64, 64)), ["WebP"]
    yield "a text that becomes 200 MB", "png", unfolding(b"zTXt", b"a\0\0", 200 << 20), ["limits"]
    yield "a profile that becomes 200 MB", "png", unfolding(b"iCCP", b"a\0\0", 200 << 20), ["limits"]
    yield "100,000 texts", "png", header(1, 1) + chunk(b"tEXt", b"a\0b") * 100000 + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b""), ["limits"]
    yield "a chunk of 2^31 bytes", "png", header(1, 1) + struct.pack(">I", 0x80000000) + b"IDAT" + bytes(20), ["PNG"]
    yield "2,000 scans", "jpg", jpeg(64, 64, 2000, True), ["scans"]
    yield "400 scans of 4,000 x 4,000 pixels", "jpg", jpeg(4000, 4000, 400, True), ["scans"]
    yield "250 scans of 4,000 x 4,000 pixels", "jpg", jpeg(4000, 4000, 250, True), None
    yield "50,000 EXIF blocks of nothing", "jpg", small[:2] + segment(0xe1, b"") * 50000 + small[2:], ["more than 20000 segments"]
    yield "no picture at all", "jpg", b"\xff\xd8\xff\xd9", ["JPEG"]
    yield "bytes that mean nothing", "jpg", b"\xff\xd8\xff" + bytes(1000), ["JPEG"]
    yield "no pixels", "png", header(8, 8) + chunk(b"IEND", b""), ["PNG"]
    yield "a checksum that is wrong", "png", png(2, 2, bytes(14))[:29] + b"abcd" + png(2, 2, bytes(14))[33:], ["checksum"]
    yield "text", "jpg", b"no photo\n", ["a text file"]
    yield "nothing", "jpg", b"", ["an empty file"]
    yield "zeros", "png", bytes(1 << 20), ["a file of zeros"]
    yield "another kind of picture", "png", b"GIF89a" + bytes(100), ["a GIF picture", "convert it"]


SIDE = 4000  # of those whose memory is told by the pixel


def upright(file, orientation):
    """A PNG that is to be turned."""
    exif = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    after_header = 33
    return file[:after_header] + chunk(b"eXIf", exif) + file[after_header:]


def of_one_colour(side):
    """A lossless WebP of 38 bytes. What follows the two sides is the same for all."""
    return riff((b"VP8L", b"\x2f" + ((side - 1) | (side - 1) << 14).to_bytes(4, "little") + bytes.fromhex("0750c00216b0ff8188e87f00")))


def large():
    """(what it is, ending, bytes, command, bytes of memory for each pixel as docs/limits.md tells them)"""
    plain = png(SIDE, SIDE, bytes(3 * SIDE + 1) * SIDE)
    yield "16 million pixels", "png", plain, ("detect", "--size", "long:96", "FILE"), 3
    yield "16 million pixels, to be turned", "png", upright(plain, 6), ("detect", "--size", "long:96", "FILE"), 6
    yield "16 million pixels, lossless", "webp", of_one_colour(SIDE), ("detect", "--size", "long:96", "FILE"), 10
    yield "16 million pixels, to be turned, `blur`", "png", upright(plain, 6), ("blur", "--size", "long:96", "FILE", "-o", "FOLDER/hidden.png"), 16
    yield "16 million pixels, progressive, in CMYK, `blur`", "jpg", of_four_colours(SIDE, SIDE), ("blur", "--size", "long:96", "FILE", "-o", "FOLDER/hidden.jpg"), 16
    yield "16 million pixels, lossless, `blur`", "webp", of_one_colour(SIDE), ("blur", "--size", "long:96", "FILE", "-o", "FOLDER/hidden.webp"), 16
