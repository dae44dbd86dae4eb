"""Pictures, good and bad, and segmenters that need no network."""

from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
from PIL import Image

from seglab.deploy.segmenter import Segmenter


def bright_segmenter():
    """Stands for a network: foreground is what is bright."""
    return Segmenter(lambda x: 8 * (x - 0.5), side=32, name="bright")


def other_segmenter():
    return Segmenter(lambda x: 0.5 - x, side=32, name="dark")


def slow_segmenter():
    def network(images):
        time.sleep(0.05)
        return images - 0.5

    return Segmenter(network, side=16, name="slow")


def grey(height=40, width=60, dtype=np.uint8):
    """A bright square on a dark ground."""
    image = np.full((height, width), 10, dtype)
    image[height // 4 : height // 2, width // 4 : width // 2] = 200
    return image


def encoded(image, kind="PNG", **options):
    held = io.BytesIO()
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    image.save(held, kind, **options)
    return held.getvalue()


def chunk(name, data):
    """A chunk of a PNG, with the right checksum."""
    body = name + data
    return struct.pack(">I", len(data)) + body + crc(body)


def crc(body):
    return struct.pack(">I", zlib.crc32(body))


def png(width, height, data=b"", extra=b""):
    """A grey PNG that claims a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def tiff(width, height):
    """A TIFF that claims a size, and points beyond its own end."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1)]
    tags += [(273, 10_000), (277, 1), (278, height), (279, 10)]
    rows = b"".join(struct.pack("<HHII", t, 4, 1, v) for t, v in tags)
    return (
        b"II*\x00\x08\x00\x00\x00"
        + struct.pack("<H", len(tags))
        + rows
        + bytes(4)
    )


def jpeg_that_claims(width, height):
    data = bytearray(encoded(grey(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def flipped(data, places):
    changed = bytearray(data)
    for place in places:
        changed[place] ^= 0xFF
    return bytes(changed)


def malformed():
    """Bad uploads: a name, the bytes, and the status that they deserve."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 70), np.uint8)
    good = {kind: encoded(noise, kind) for kind in ("PNG", "JPEG", "TIFF")}
    packed = zlib.compress(bytes(10 * 11))
    zeros = zlib.compress(bytes(64 * 2**20), 9)
    nan = np.full((4, 4), np.nan, np.float32)
    cases = [
        ("nothing", b"", 422),
        ("one byte", b"\x89", 415),
        ("text", b"this is no picture", 415),
        ("json", b'{"file": "a.png"}', 415),
        ("html", b"<!doctype html><html></html>", 415),
        ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        ("gif", encoded(noise, "GIF"), 415),
        ("bmp", encoded(noise, "BMP"), 415),
        ("webp", encoded(Image.fromarray(noise), "WEBP"), 415),
        ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 415),
        ("zip", b"PK\x03\x04" + bytes(100), 415),
        ("gzip", b"\x1f\x8b\x08" + bytes(100), 415),
        ("elf", b"\x7fELF" + bytes(200), 415),
        ("zeros", bytes(5000), 415),
        ("noise", noise.tobytes(), 415),
        ("png in capitals", good["PNG"].upper(), 422),
        ("png after a space", b" " + good["PNG"], 415),
        ("png signature alone", good["PNG"][:8], 422),
        ("jpeg signature alone", b"\xff\xd8\xff", 422),
        ("tiff signature alone", b"II*\x00", 422),
        ("tiff of Motorola alone", b"MM\x00*", 422),
        ("png without pixels", png(10, 10), 422),
        ("png of no width", png(0, 10, packed), 422),
        ("png of no height", png(10, 0, packed), 422),
        ("png with half a stream", png(10, 11, packed[:9]), 422),
        ("png with garbage", png(10, 10, b"garbage" * 9), 422),
        ("png of wrong checksum", flipped(good["PNG"], [30]), 422),
        ("png of wrong depth", flipped(good["PNG"], [24]), 422),
        ("png 30000 x 30000", png(30_000, 30_000, zeros), 413),
        ("png 300000 x 300000", png(300_000, 300_000, zeros), 413),
        ("png of the largest size", png(2**31 - 1, 2**31 - 1), 413),
        ("png 10001 x 1", png(10_001, 1, zeros), 413),
        ("png 1 x 10001", png(1, 10_001, zeros), 413),
        (
            "png with a text bomb",
            png(10, 10, packed, chunk(b"zTXt", b"k\x00\x00" + zeros)),
            422,
        ),
        ("jpeg 65500 x 65500", jpeg_that_claims(65_500, 65_500), 413),
        ("jpeg of no size", jpeg_that_claims(0, 0), 422),
        ("tiff 40000 x 40000", tiff(40_000, 40_000), 413),
        ("tiff that points nowhere", tiff(10, 10), 422),
        ("tiff without a directory", b"II*\x00\xff\xff\xff\x7f", 422),
        ("tiff of itself", b"II*\x00\x08\0\0\0\xff\xff" + bytes(30), 422),
        ("tiff with NaN", encoded(nan, "TIFF"), 422),
    ]
    for kind, data in good.items():
        for percent in (5, 40, 90):
            cut = data[: len(data) * percent // 100]
            cases.append((f"{percent} % of a {kind}", cut, 422))
    return cases
