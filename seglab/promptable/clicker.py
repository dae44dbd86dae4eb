"""Clicking an object out of a picture, in a notebook.

What has been clicked and answered is kept in a ``ClickSession``, which
knows nothing of windows; ``Clicker`` shows it and hands clicks on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from seglab.extras import optional
from seglab.promptable.prompts import OFF, ON, Prompts
from seglab.promptable.sam import Candidates, PromptableSam
from seglab.promptable.simulated_person import Click
from seglab.viz import draw_contours

LEFT, RIGHT = 1, 3  # buttons of a mouse, as Matplotlib counts them


@dataclass(frozen=True, eq=False)
class _Turn:
    """A click, what the model answered to all so far, and which mask."""

    click: Click
    answer: Candidates
    chosen: int = 0


class ClickSession:
    """Clicks on one object of one picture, and the mask they lead to.

    The first click, if it is on the object, has three answers to choose
    from. Each later one corrects the mask that was chosen.

    Args:
        sam: the model.
        image: float32 [3, H, W] or [1, H, W] in [0, 1].

    Raises:
        TypeError, ValueError: as ``PromptableSam.embed``.
    """

    def __init__(self, sam: PromptableSam, image: Tensor) -> None:
        self.sam, self.image = sam, image
        self.embedding = sam.embed(image)
        self._turns: list[_Turn] = []

    @property
    def clicks(self) -> list[Click]:
        """All clicks so far, in order."""
        return [turn.click for turn in self._turns]

    @property
    def mask(self) -> Tensor:
        """The mask so far, bool [H, W]; empty before the first click."""
        if not self._turns:
            return torch.zeros(self.embedding.size, dtype=torch.bool)
        last = self._turns[-1]
        return last.answer.masks[0, last.chosen]

    @property
    def quality(self) -> float:
        """The IoU that the model expects of the mask; 0 without clicks."""
        if not self._turns:
            return 0.0
        last = self._turns[-1]
        return float(last.answer.quality[0, last.chosen])

    def click(self, x: int, y: int, label: int = ON) -> None:
        """Click on the object (1), or off it (0).

        Raises:
            ValueError: outside the picture, or another label.
        """
        click = Click(x, y, label)
        clicks = torch.tensor([*self.clicks, click])[None]
        logits = None
        if self._turns:
            last = self._turns[-1]
            logits = last.answer.logits[:, last.chosen, None]
        prompts = Prompts(
            clicks[..., :2].float(), clicks[..., 2], None, logits
        )
        unclear = not self._turns and label == ON
        ask = self.sam.candidates if unclear else self.sam.single
        self._turns.append(_Turn(click, ask(self.embedding, prompts)))

    def undo(self) -> None:
        """Take the last click back; nothing happens without one."""
        self._turns = self._turns[:-1]

    def next_candidate(self) -> None:
        """Take the next of the masks that answer the last click."""
        if self._turns:
            last = self._turns[-1]
            chosen = (last.chosen + 1) % last.answer.masks.shape[1]
            self._turns[-1] = _Turn(last.click, last.answer, chosen)


class Clicker:
    """A picture to click on: left button on the object, right button off.

    In a notebook, run ``%matplotlib widget`` first and let the clicker be
    the value of a cell. After "Done", ``clicker.mask`` is the mask.

    Args:
        sam: the model.
        image: float32 [3, H, W] or [1, H, W] in [0, 1].

    Raises:
        ImportError: ipywidgets or ipympl is missing; names the extra.
        TypeError, ValueError: as ``ClickSession``.
    """

    def __init__(self, sam: PromptableSam, image: Tensor) -> None:
        widgets = optional("ipywidgets", "the clicker", "notebook")
        optional("ipympl", "the clicker", "notebook")
        self.session = ClickSession(sam, image)
        self.done = False
        with plt.ioff():  # the clicker shows its figure itself
            self.figure, self.axes = plt.subplots(figsize=(5, 5))
        self.figure.canvas.mpl_connect("button_press_event", self._pressed)
        self._quality = widgets.Label()
        self._buttons = {}
        for name, act in (
            ("Undo", self.session.undo),
            ("Next candidate", self.session.next_candidate),
            ("Done", self._finish),
        ):
            button = widgets.Button(description=name)
            button.on_click(lambda _, act=act: self._act(act))
            self._buttons[name] = button
        self._bar = widgets.HBox([*self._buttons.values(), self._quality])
        self._draw()

    @property
    def mask(self) -> Tensor:
        """The mask so far, bool [H, W]."""
        return self.session.mask

    def _pressed(self, event: Any) -> None:
        """A mouse button went down somewhere on the figure."""
        labels = {LEFT: ON, RIGHT: OFF}
        outside = event.inaxes is not self.axes
        if self.done or outside or event.button not in labels:
            return
        place = round(event.xdata), round(event.ydata)
        self.session.click(*place, labels[event.button])
        self._draw()

    def _act(self, act: Any) -> None:
        if not self.done:
            act()
            self._draw()

    def _finish(self) -> None:
        self.done = True
        for button in self._buttons.values():
            button.disabled = True

    def _draw(self) -> None:
        """Show the picture, the mask's outline and the clicks."""
        picture = self.session.image.expand(3, -1, -1).permute(1, 2, 0)
        self.axes.clear()
        self.axes.imshow(picture)
        self.axes.set_axis_off()
        draw_contours(self.axes, self.mask)
        for x, y, label in self.session.clicks:
            colour = "limegreen" if label == ON else "red"
            self.axes.plot(x, y, "*", ms=14, mfc=colour, mec="white")
        self._quality.value = f"expected IoU {self.session.quality:.2f}"
        self.figure.canvas.draw_idle()

    def _ipython_display_(self) -> None:
        display = optional("IPython.display", "the clicker", "notebook")
        display.display(self._bar, self.figure.canvas)
