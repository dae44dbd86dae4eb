import numpy as np
import torch
from boxy import SIZE, Boxy, proposal, square

from seglab.promptable.autolabel import ClickCorrector

IMAGE = torch.zeros(3, *SIZE)
TRUTH = square(2, 2, side=10)


class Painter(Boxy):
    """Paints a square around each click on the object so far."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def single(self, embedding, prompts):
        self.asked.append(prompts)
        answer = super().single(embedding, prompts)
        if prompts.points is None:
            return answer
        for (x, y), label in zip(
            prompts.points[0].int().tolist(), prompts.labels[0], strict=True
        ):
            rows = slice(max(y - 3, 0), y + 4)
            columns = slice(max(x - 3, 0), x + 4)
            answer.masks[0, 0, rows, columns] = bool(label)
        return answer


def correct(model, most=6, enough=0.7):
    proposed = proposal(1, square(2, 2, side=5)).object
    corrector = ClickCorrector(model, {"a": IMAGE}, most=most)
    return corrector.correct("a", proposed, TRUTH, enough=enough)


def test_it_clicks_until_it_is_good_enough():
    model = Painter()
    found = correct(model)
    assert found.iou >= 0.7
    assert found.clicks == len(model.asked)
    both = (found.mask & TRUTH).sum() / (found.mask | TRUTH).sum()
    assert found.iou == both
    # every answer is asked for with all clicks and the answer before
    counts = [prompts.points.shape[1] for prompts in model.asked]
    assert counts == list(range(1, found.clicks + 1))
    assert model.asked[0].masks is None
    assert all(p.masks is not None for p in model.asked[1:])
    # the picture was looked at once
    assert model.looked == 1


def test_it_gives_up_with_the_best_so_far():
    found = correct(Boxy(), most=3)
    assert found.clicks == 3
    np.testing.assert_array_equal(found.mask, square(2, 2, side=5))


def test_a_good_mask_costs_nothing():
    model = Painter()
    proposed = proposal(1, TRUTH).object
    corrector = ClickCorrector(model, {"a": IMAGE})
    found = corrector.correct("a", proposed, TRUTH, enough=0.9)
    assert (found.clicks, found.iou, model.looked) == (0, 1.0, 0)


def test_a_box_is_two_clicks_and_may_be_enough():
    corrector = ClickCorrector(Boxy(), {"a": IMAGE})
    found = corrector.draw("a", TRUTH, enough=0.9)
    assert (found.clicks, found.iou) == (2, 1.0)


def test_after_the_box_it_clicks():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    corner = (x - 3 + y - 3 < 8) & (x >= 3) & (y >= 3)
    model = Painter()
    corrector = ClickCorrector(model, {"a": IMAGE}, most=3)
    found = corrector.draw("a", corner, enough=0.95)
    assert found.clicks == 5 and len(model.asked) == 4
    assert model.asked[0].points is None
    assert model.asked[1].masks is not None
    assert found.iou > 0.55
