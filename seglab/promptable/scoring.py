"""How well a promptable model answers on scenes that it never saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from seglab.data.coins import coins
from seglab.data.prompt_scenes import PromptScene, draw_prompt_scene
from seglab.promptable.around import boxes_around_masks
from seglab.promptable.automatic import AutomaticSettings, automatic_masks
from seglab.promptable.interactive import simulate_clicks
from seglab.promptable.overlap import mask_ious
from seglab.promptable.prompts import boxes, clicks
from seglab.promptable.sam import ImageEmbedding, PromptableSam
from seglab.promptable.simulated_person import first_click, without_parts

UNSEEN = 1_000_000  # trainings stop far below this seed
COIN_WINDOW = 128  # pixels of the coins' picture that are asked in
COIN_SETTINGS = AutomaticSettings(tile=152)


@dataclass(frozen=True, eq=False)
class PromptScores:
    """IoU of each object with what a kind of prompt finds.

    Args:
        kinds: of the objects: ``whole``, ``part`` or ``coin``.
        click_best: float32 [M], one click, the best of three masks.
        click_chosen: float32 [M], the one that the model trusts most.
        three_clicks: float32 [M], after two corrections.
        box: float32 [M].
    """

    kinds: tuple[str, ...]
    click_best: Tensor
    click_chosen: Tensor
    three_clicks: Tensor
    box: Tensor

    def means(self) -> dict[str, float]:
        """The mean of each column.

        >>> one = torch.ones(1)
        >>> PromptScores(("coin",), one, one, one, one).means()["box"]
        1.0
        """
        return {
            name: float(values.mean())
            for name, values in vars(self).items()
            if name != "kinds"
        }

    def of_kind(self, kind: str) -> PromptScores:
        """The objects of one kind.

        Raises:
            ValueError: there are none.
        """
        if kind not in self.kinds:
            raise ValueError(
                f"kind must be one of {sorted(set(self.kinds))}, got "
                f"{kind!r}"
            )
        chosen = torch.tensor([k == kind for k in self.kinds])
        columns = {
            k: v[chosen] for k, v in vars(self).items() if k != "kinds"
        }
        return PromptScores((kind,) * int(chosen.sum()), **columns)


def unseen_scenes(objects: int) -> Iterable[PromptScene]:
    """Scenes that no training draws, until they hold so many objects.

    >>> sum(len(scene.masks) for scene in unseen_scenes(9)) >= 9
    True
    """
    seed = UNSEEN
    while objects > 0:
        scene = draw_prompt_scene(seed)
        yield scene
        objects -= len(scene.masks)
        seed += 1


def score_prompts(
    sam: PromptableSam, scenes: Iterable[PromptScene]
) -> PromptScores:
    """Ask for every object of some scenes by clicks and by its box.

    Convention:
        A person who means a whole does not click on a part of it.

    Args:
        sam: the model.
        scenes: one at least.
    """
    kinds: list[str] = []
    columns: list[list[Tensor]] = [[], [], [], []]
    for scene in scenes:
        kinds += scene.kinds.tolist()
        embedding = sam.embed(torch.from_numpy(scene.image))
        rows = _of_scene(sam, embedding, scene)
        for column, row in zip(columns, rows, strict=True):
            column.append(row)
    best, chosen, three, box = (torch.cat(column) for column in columns)
    return PromptScores(tuple(kinds), best, chosen, three, box)


def _of_scene(
    sam: PromptableSam, embedding: ImageEmbedding, scene: PromptScene
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The four columns for the objects of one scene."""
    truths = torch.from_numpy(scene.masks)
    alone = without_parts(truths, torch.from_numpy(scene.parents))
    asked = clicks([first_click(region) for region in alone])
    three = sam.candidates(embedding, asked).masks
    ious = mask_ious(three, truths[:, None])
    corrected = simulate_clicks(
        sam, embedding, truths, count=3, first_in=alone
    )
    around = sam.single(embedding, boxes(boxes_around_masks(truths)))
    return (
        ious.max(1).values,
        ious[:, 0],
        corrected[:, -1],
        mask_ious(around.best(), truths),
    )


def score_automatic(
    sam: PromptableSam,
    scenes: Iterable[PromptScene],
    settings: AutomaticSettings | None = None,
) -> tuple[float, float]:
    """How much is found without a prompt, and how much of it is right.

    Convention:
        Masks and objects of an IoU of 0.5 or more are matched one to one,
        as many as possible: a second mask on an object is wrong. Parts
        are objects.

    Args:
        sam: the model.
        scenes: one at least.
        settings: of the automatic masks.

    Returns:
        Recall over all objects, and precision over all masks (1 if there
        are none).
    """
    objects = masks = matched = 0
    for scene in scenes:
        picture = torch.from_numpy(scene.image)
        answer = automatic_masks(sam, picture, settings)
        truths = torch.from_numpy(scene.masks)
        objects, masks = objects + len(truths), masks + len(answer)
        matched += count_matches(answer.masks, truths)
    return matched / objects, matched / masks if masks else 1.0


def count_matches(masks: Tensor, truths: Tensor) -> int:
    """Pairs of a mask and an object with an IoU of 0.5, one to one.

    Args:
        masks: bool [M, H, W].
        truths: bool [K, H, W].

    >>> one = torch.ones(1, 4, 4, dtype=torch.bool)
    >>> count_matches(one.repeat(2, 1, 1), one)
    1
    """
    agree = mask_ious(masks[:, None], truths) >= 0.5
    rows, columns = linear_sum_assignment(agree.numpy(), maximize=True)
    return int(agree[rows, columns].sum())


def score_coins(sam: PromptableSam) -> tuple[float, float]:
    """The real picture of coins, with which no model here is trained.

    Each box is asked in a window around it, in which a coin is as large
    as those that the small model knows.

    Returns:
        Mean IoU over the 24 coins asked by their boxes, and how many of
        them the automatic masks find at an IoU of 0.5.
    """
    image, truths = coins()
    ious = []
    for truth, box in zip(truths, boxes_around_masks(truths), strict=True):
        window = window_around(box, truth.shape, COIN_WINDOW)
        embedding = sam.embed(image[(..., *window)])
        corner = torch.tensor([window[1].start, window[0].start])
        asked = boxes(box - corner.repeat(2))
        mask = sam.single(embedding, asked).best()[0]
        ious.append(mask_ious(mask, truth[window]))
    answer = automatic_masks(sam, image, COIN_SETTINGS)
    found = count_matches(answer.masks, truths)
    return float(torch.stack(ious).mean()), float(found)


def window_around(
    box: Tensor, size: Sequence[int], side: int
) -> tuple[slice, slice]:
    """A square around a box, moved into the picture: rows and columns.

    Args:
        box: float [4], xyxy.
        size: (height, width) of the picture.
        side: in pixels; cut where the picture is smaller.

    >>> window_around(torch.tensor([0.0, 4.0, 2.0, 6.0]), (20, 20), 8)
    (slice(1, 9, None), slice(0, 8, None))
    """
    middle = (box[:2] + box[2:]) / 2
    spans = []
    for at, length in zip(middle.flip(0).tolist(), size, strict=True):
        start = int(min(max(at - side / 2, 0), max(length - side, 0)))
        spans.append(slice(start, min(start + side, length)))
    return spans[0], spans[1]
