"""Films that stand in the page."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from seglab.viz import animate


def moving_bar(frames=5):
    return np.eye(frames * 4)[:, None].repeat(8, 1)[::4]


@pytest.mark.parametrize("format", ["webp", "gif"])
def test_a_film_holds_every_frame(format):
    film = animate(
        moving_bar(), alt="a bar", fps=5, width=40, format=format
    )
    opened = Image.open(io.BytesIO(film.data))
    assert opened.format == format.upper()
    assert opened.n_frames == 5
    assert opened.size == (film.width, film.height) == (40, 16)
    assert opened.info["loop"] == 0
    brightest = [
        np.asarray(frame.convert("L")).mean(0).argmax() // 2
        for frame in ImageSequence.Iterator(opened)
    ]
    np.testing.assert_allclose(brightest, [0, 4, 8, 12, 16], atol=1)


def test_masks_are_painted_on_their_frames():
    masks = np.zeros((5, 8, 20), int)
    masks[2] = 1
    film = animate(
        np.zeros((5, 8, 20)), masks, alt="x", width=20, colours=["red"]
    )
    still = np.asarray(Image.open(io.BytesIO(film.still)))
    np.testing.assert_allclose(still[4, 4], [128, 0, 0], atol=1)


def test_tensors_and_colour_films():
    video = torch.rand(2, 3, 8, 10)
    masks = torch.ones(2, 1, 8, 10, dtype=torch.bool)
    film = animate(video, masks, alt="noise", width=20, aspect=2.0)
    assert film.height == 32


def test_the_page_needs_nothing_from_elsewhere():
    film = animate(moving_bar(), alt='a "bar" & more', width=20)
    page = film._repr_html_()
    assert "http" not in page
    assert 'alt="a &quot;bar&quot; &amp; more"' in page
    found = re.search(r'src="data:image/webp;base64,([^"]+)"', page)
    assert base64.b64decode(found[1]) == film.data
    assert "prefers-reduced-motion" in page


def test_the_same_volume_gives_the_same_bytes():
    films = [animate(moving_bar(), alt="a bar") for _ in range(2)]
    assert films[0].data == films[1].data


def test_save_writes_the_bytes_and_leaves_no_other_file(tmp_path):
    film = animate(moving_bar(), alt="a bar", width=20)
    path = film.save(tmp_path / "bar.webp")
    assert path.read_bytes() == film.data
    assert [p.name for p in tmp_path.iterdir()] == ["bar.webp"]


@pytest.mark.parametrize(
    ("volume", "options", "says"),
    [
        (np.zeros((0, 4, 4)), {}, "one frame or more"),
        (np.zeros((4, 4)), {}, r"got shape \(4, 4\)"),
        (np.zeros((2, 4, 4)), {"alt": " "}, "alt must say"),
        (np.zeros((2, 4, 4)), {"fps": 0}, "fps must be above 0"),
        (np.zeros((2, 4, 4)), {"width": 0}, "width must be 1 or more"),
        (np.zeros((2, 4, 4)), {"format": "mp4"}, "got 'mp4'"),
        (np.full((2, 4, 4), -1000.0), {}, "window or scale it first"),
        (np.zeros((2, 4, 4)), {"masks": np.zeros((1, 4, 4), int)}, "got 1"),
    ],
)
def test_wrong_input_is_named(volume, options, says):
    with pytest.raises(ValueError, match=says):
        animate(volume, **{"alt": "a film", **options})
