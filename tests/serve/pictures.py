# SPDX-License-Identifier: MIT
"""Pictures for tests, by nothing but the standard library: a PNG read and written, parts of one, and files that are traps."""
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows, depth=8, colour=2):
    """A PNG of rows that each begin with their filter's number."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def bomb(side):
    """A few kilobytes that would become side x side pixels."""
    return png(side, side, bytes((side + 7) // 8 + 1) * side, depth=1, colour=0)


def with_text(photo, unpacked):
    """A PNG with a text in it that becomes so many bytes."""
    end_of_header = 33
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(unpacked), 9))
    return photo[:end_of_header] + text + photo[end_of_header:]


def segment(marker, data):
    return bytes((0xff, marker)) + (len(data) + 2).to_bytes(2, "big") + data


def jpeg(width, height, scans=1):
    """All gray, by tables whose only codes stand for nothing; with several scans progressive, each after the first a refinement."""
    frame = segment(0xc0 if scans == 1 else 0xc2, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0))
    tables = segment(0xdb, b"\0" + b"\1" * 64) + b"".join(segment(0xc4, bytes((kind, 1)) + bytes(15) + b"\0") for kind in (0x00, 0x10))
    first = segment(0xda, b"\1\1\0" + (b"\0\x3f\0" if scans == 1 else b"\0\0\1")) + bytes(min(64, width * height // 256 + 1))
    return b"\xff\xd8" + tables + frame + first + (segment(0xda, b"\1\1\0\0\0\x10") + b"\0") * (scans - 1) + b"\xff\xd9"


def webp(width, height):
    """All black, lossless: each of its five prefix codes has a single symbol, so that pixels take no bits."""
    bits, at = 0, 0
    for value, size in ((width - 1, 14), (height - 1, 14), (0, 4), (0, 3), *((0b101, 3), (0, 8)) * 5):
        bits |= value << at
        at += size
    data = b"\x2f" + bits.to_bytes((at + 7) // 8, "little")
    data = b"VP8L" + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data


class Picture:
    """RGB pixels of a PNG with 8 bits and without alpha."""

    def __init__(self, file):
        self.width, self.height, depth, colour = struct.unpack(">IIBB", file[16:26])
        assert (depth, colour) == (8, 2), "the test's own photo has another kind of pixels"
        data, at = b"", 8
        while at < len(file):
            size, kind = struct.unpack(">I4s", file[at:at + 8])
            data += file[at + 8:at + 8 + size] if kind == b"IDAT" else b""
            at += 12 + size
        self.rows = list(unfiltered(zlib.decompress(data), 3 * self.width))

    def part(self, left, top, width, height):
        """The PNG of a part."""
        rows = (b"\0" + row[3 * left:3 * (left + width)] for row in self.rows[top:top + height])
        return png(width, height, b"".join(rows))


def paeth(a, b, c):
    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfiltered(data, pitch):
    above = bytes(pitch)
    for start in range(0, len(data), pitch + 1):
        kind, row = data[start], bytearray(data[start + 1:start + 1 + pitch])
        for i in range(pitch if kind else 0):
            left, corner = (row[i - 3], above[i - 3]) if i >= 3 else (0, 0)
            row[i] = (row[i] + (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))[kind]) & 255
        above = bytes(row)
        yield above
