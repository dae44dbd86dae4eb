import asyncio
import pickle

import numpy as np
import pytest
from deploy_cases import encoded, grey, malformed
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from seglab.deploy.uploads import (
    Limits,
    UploadError,
    check_length,
    decode,
    limited,
    sniff,
)


def read(chunks, limits):
    """What comes through of chunks, each (seconds to wait, bytes)."""

    async def body():
        for wait, part in chunks:
            await asyncio.sleep(wait)
            yield part

    async def join():
        return b"".join([part async for part in limited(body(), limits)])

    return asyncio.run(join())


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_what_is_allowed_comes_through(parts):
    whole = b"".join(parts)
    limits = Limits(max_bytes=max(1, len(whole)))
    assert read([(0, part) for part in parts], limits) == whole


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=2, max_size=9))
def test_one_byte_too_many_is_refused(parts):
    limits = Limits(max_bytes=sum(map(len, parts)) - 1)
    with pytest.raises(UploadError, match="bytes at most") as refused:
        read([(0, part) for part in parts], limits)
    assert refused.value.status == 413


def test_an_endless_body_is_cut_off():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield 0, bytes(100)

    with pytest.raises(UploadError, match="got 2100 or more"):
        read(endless(), Limits(max_bytes=1000))
    assert len(taken) == 21


def test_a_slow_body_is_given_up():
    dripping = [(0, b"a"), (0.02, b"b"), (30, b"c")]
    with pytest.raises(UploadError, match=r"longer than 0.2 s") as refused:
        read(dripping, Limits(seconds=0.2))
    assert refused.value.status == 408


def test_time_that_the_reader_takes_does_not_count():
    """And the deadline does not hit it in the middle of its work."""
    work = []

    async def body():
        yield b"a"
        yield b"b"

    async def slow_reader():
        async for part in limited(body(), Limits(seconds=0.05)):
            await asyncio.sleep(0.1)
            work.append(part)

    asyncio.run(slow_reader())
    assert work == [b"a", b"b"]


@pytest.mark.parametrize(
    ("data", "status"),
    [pytest.param(d, s, id=name) for name, d, s in malformed()],
)
def test_what_is_wrong_is_refused(data, status):
    with pytest.raises(UploadError) as refused:
        decode(data)
    assert refused.value.status == status, str(refused.value)
    assert len(str(refused.value)) > 10


@given(st.data())
def test_damage_never_does_anything_else(data):
    """Any bytes changed in any file: a picture, or a refusal."""
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "TIFF"]))
    whole = bytearray(encoded(grey(), kind))
    places = st.integers(0, len(whole) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    limits = Limits(max_pixels=100_000)
    try:
        assert decode(bytes(whole), limits).size <= 100_000
    except UploadError as refused:
        assert refused.status in (413, 415, 422)


def test_pixels_are_counted_before_they_are_made(monkeypatch):
    data = encoded(np.zeros((50, 60), np.uint8))
    assert decode(data, Limits(max_pixels=3000)).shape == (50, 60)
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(UploadError, match="got 60 x 50") as refused:
        decode(data, Limits(max_pixels=2999))
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("image", "kind", "dtype"),
    [
        (grey(), "PNG", np.uint8),
        (grey(), "TIFF", np.uint8),
        (grey(dtype=np.uint16), "PNG", np.uint16),
        (grey(dtype=np.uint16), "TIFF", np.uint16),
        (grey().astype(np.int32), "TIFF", np.int32),
        (grey().astype(np.float32), "TIFF", np.float32),
        (np.dstack([grey()] * 3), "PNG", np.uint8),
        (np.dstack([grey()] * 4), "PNG", np.uint8),
        (Image.fromarray(grey()).convert("P"), "PNG", np.uint8),
        (Image.fromarray(grey()).convert("LA"), "PNG", np.uint8),
    ],
)
def test_grey_values_come_as_they_are(image, kind, dtype):
    got = decode(encoded(image, kind))
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, grey())


def test_bilevel_and_cmyk():
    bits = Image.fromarray(grey() > 100)
    assert set(decode(encoded(bits)).flat) == {0, 255}
    inked = Image.fromarray(np.dstack([grey()] * 3)).convert("CMYK")
    got = decode(encoded(inked, "JPEG")).astype(int)
    assert abs(got - grey()).mean() < 3


def test_the_turn_of_exif_is_not_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(grey(40, 60), "JPEG", exif=exif)
    assert decode(data).shape == (40, 60)


def test_sniffing_reads_both_byte_orders():
    assert sniff(b"MM\x00*....") == sniff(b"II*\x00....") == "TIFF"
    assert sniff(b"\xff\xd8\xff\xe0") == "JPEG"


def test_lengths():
    check_length(10, Limits(max_bytes=10))
    with pytest.raises(UploadError, match="10 bytes at most, got 11"):
        check_length(11, Limits(max_bytes=10))


@pytest.mark.parametrize(
    "name", ["max_bytes", "max_pixels", "max_side", "seconds"]
)
def test_limits_are_above_zero(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0"):
        Limits(**{name: 0})


def test_an_error_travels_between_processes():
    again = pickle.loads(pickle.dumps(UploadError(415, "no")))
    assert (again.status, str(again)) == (415, "no")
