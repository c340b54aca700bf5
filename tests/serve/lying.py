# SPDX-License-Identifier: MIT
"""Photos that lie on their side and say so in their EXIF block: orientation 6, to be turned clockwise."""
from pictures import chunk

TIFF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def jpeg(photo):
    block = b"Exif\0\0" + TIFF
    return photo[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + photo[2:]


def png(photo):
    end_of_header = 33
    return photo[:end_of_header] + chunk(b"eXIf", TIFF) + photo[end_of_header:]


def webp(photo):
    """Of the extended form, without such a block yet."""
    assert photo[12:16] == b"VP8X", photo[12:16]
    body = bytearray(photo[8:]) + b"EXIF" + len(TIFF).to_bytes(4, "little") + TIFF
    body[12] |= 8  # there is one
    return b"RIFF" + len(body).to_bytes(4, "little") + bytes(body)
