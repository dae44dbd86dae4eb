"""The clicker's state, and the clicker on a canvas without a window."""

import sys

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.backend_bases import MouseEvent
from small_sam import ByColour, blobs, small_sam

from seglab.promptable.clicker import Clicker, ClickSession
from seglab.promptable.prompts import Prompts, clicks


def flat():
    image = torch.zeros(1, 40, 60)
    image[:, 5:20, 5:25] = 0.5
    image[:, 5:20, 35:55] = 0.5
    return image


def test_follows_the_clicks():
    session = ClickSession(ByColour(), flat())
    assert not session.mask.any()
    assert session.quality == 0
    session.click(10, 10)
    assert session.mask.sum() == 300
    assert session.clicks == [(10, 10, 1)]
    session.next_candidate()
    assert session.mask.sum() == 600
    assert session.quality == pytest.approx(0.8)
    for _ in range(2):
        session.next_candidate()
    assert session.mask.sum() == 300
    session.click(45, 10, 0)
    assert len(session.clicks) == 2
    session.undo()
    session.undo()
    session.undo()
    session.next_candidate()
    assert session.clicks == []
    assert not session.mask.any()


def test_asks_as_the_predictor_is_meant_to_be_asked():
    sam, image = small_sam(), blobs()
    session = ClickSession(sam, image)
    session.click(30, 40)
    session.next_candidate()
    session.click(90, 70, 0)
    embedding = sam.embed(image)
    first = sam.candidates(embedding, clicks([(30, 40)]))
    asked = clicks([(30, 40), (90, 70)], [1, 0])
    prompts = Prompts(
        asked.points, asked.labels, masks=first.logits[:, 1:2]
    )
    second = sam.single(embedding, prompts)
    assert torch.equal(session.mask, second.best()[0])
    session.undo()
    assert torch.equal(session.mask, first.masks[0, 1])


def test_refuses_a_click_outside_and_forgets_it():
    session = ClickSession(small_sam(), blobs())
    with pytest.raises(ValueError, match="points must lie in the image"):
        session.click(200, 4)
    with pytest.raises(ValueError, match="labels must be 1 or 0"):
        session.click(20, 4, 2)
    assert session.clicks == []


@pytest.fixture
def clicker():
    made = Clicker(ByColour(), flat())
    made.figure.canvas.draw()
    yield made
    plt.close(made.figure)


def press(clicker, x, y, button):
    canvas = clicker.figure.canvas
    place = clicker.axes.transData.transform((x, y))
    event = MouseEvent("button_press_event", canvas, *place, button)
    canvas.callbacks.process("button_press_event", event)


def test_mouse_and_buttons(clicker):
    press(clicker, 10.3, 10.2, 1)
    press(clicker, 45, 30, 3)
    press(clicker, 45, 30, 2)  # the middle button means nothing
    assert clicker.session.clicks == [(10, 10, 1), (45, 30, 0)]
    clicker._buttons["Undo"].click()
    assert clicker.session.clicks == [(10, 10, 1)]
    clicker._buttons["Next candidate"].click()
    assert clicker.mask.sum() == 600
    assert clicker._quality.value == "expected IoU 0.80"
    clicker._buttons["Done"].click()
    assert clicker.done
    press(clicker, 45, 30, 3)
    clicker._buttons["Undo"].click()
    assert clicker.mask.sum() == 600


def test_a_click_beside_the_picture_is_none(clicker):
    press(clicker, -30, 10, 1)
    assert clicker.session.clicks == []


@pytest.mark.parametrize("library", ["ipywidgets", "ipympl"])
def test_names_the_extra(library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=r"seglab\[notebook\]"):
        Clicker(ByColour(), flat())
