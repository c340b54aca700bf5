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
