"""SAM behind three calls, against the package's own predictor."""

import numpy as np
import pytest
import torch
from segment_anything import SamPredictor
from small_sam import blobs, small_sam

from seglab.data import catalog
from seglab.promptable import sam as module
from seglab.promptable.mini import build_mini_sam
from seglab.promptable.prompts import Prompts, clicks
from seglab.promptable.sam import Candidates, PromptableSam, load_sam

SAM = small_sam()
IMAGE = blobs()
PROMPTS = {
    "click": {"points": [(30, 40)], "labels": [1]},
    "clicks": {"points": [(30, 40), (90, 20), (3, 3)], "labels": [1, 1, 0]},
    "box": {"box": (10, 20, 70, 90)},
    "box and clicks": {
        "points": [(30, 40), (60, 80)],
        "labels": [1, 0],
        "box": (10, 20, 70, 90),
    },
}


def predictor(image):
    package = SamPredictor(SAM.network)
    grey = (image * 255).round().to(torch.uint8)
    package.set_image(grey.permute(1, 2, 0).numpy())
    return package


def ours(points=None, labels=None, box=None, masks=None):
    return Prompts(
        None if points is None else torch.tensor(points)[None].float(),
        None if labels is None else torch.tensor(labels)[None],
        None if box is None else torch.tensor(box)[None].float(),
        masks,
    )


def theirs(
    package, several, points=None, labels=None, box=None, masks=None
):
    """Masks, quality and logits, the best first."""
    answer = package.predict(
        None if points is None else np.array(points),
        None if labels is None else np.array(labels),
        None if box is None else np.array(box),
        mask_input=None if masks is None else masks[0].numpy(),
        multimask_output=several,
    )
    order = np.argsort(-answer[1], kind="stable")
    return [torch.as_tensor(part[order]) for part in answer]


@pytest.mark.parametrize("kind", PROMPTS)
@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("earlier", [True, False])
def test_equals_the_predictor(kind, several, earlier):
    asked = dict(PROMPTS[kind])
    if earlier:
        draw = torch.Generator().manual_seed(1)
        asked["masks"] = torch.randn(1, 1, 64, 64, generator=draw) * 5
    ask = SAM.candidates if several else SAM.single
    found = ask(SAM.embed(IMAGE), ours(**asked))
    masks, quality, logits = theirs(predictor(IMAGE), several, **asked)
    assert found.logits[0].std() > 0.01, "an answer that says nothing"
    torch.testing.assert_close(found.logits[0], logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.quality[0], quality, atol=1e-5, rtol=0)
    # a logit of 1e-7 may fall to either side
    assert (found.masks[0] != masks).float().mean() < 1e-3


@pytest.mark.parametrize(
    "size", [(128, 100), (75, 128), (96, 160), (303, 384), (40, 30)]
)
def test_other_sizes_are_close_to_the_predictor(size):
    image = blobs(*size)
    place = [(size[1] // 3, size[0] // 2)]
    found = SAM.candidates(SAM.embed(image), clicks(place))
    masks, quality, _ = theirs(predictor(image), True, place, [1])
    assert found.masks.shape == (1, 3, *size)
    # the package shrinks whole grey values and aims half a pixel off
    torch.testing.assert_close(found.quality[0], quality, atol=0.02, rtol=0)
    assert (found.masks[0] == masks).float().mean() > 0.95


def test_many_prompts_are_one_by_one():
    embedding = SAM.embed(IMAGE)
    places = [(5, 6), (70, 40), (127, 127), (0, 0)]
    at_once = SAM.candidates(embedding, clicks(places))
    for k, place in enumerate(places):
        alone = SAM.candidates(embedding, clicks([place]))
        torch.testing.assert_close(
            at_once.logits[k], alone.logits[0], atol=1e-4, rtol=1e-4
        )


def test_an_embedding_is_not_changed_by_another():
    first = SAM.embed(IMAGE)
    before = SAM.single(first, clicks([(40, 50)])).logits
    SAM.single(SAM.embed(blobs(seed=1)), clicks([(40, 50)]))
    assert torch.equal(SAM.single(first, clicks([(40, 50)])).logits, before)


def test_candidates_are_ranked():
    found = SAM.candidates(SAM.embed(IMAGE), clicks([(9, 9), (99, 60)]))
    assert (found.quality.diff(dim=1) <= 0).all()
    assert torch.equal(found.best(), found.masks[:, 0])
    # the masks belong to the logits in the same order
    full = SAM.network.postprocess_masks(
        found.logits, (128, 128), (128, 128)
    )
    assert torch.equal(full > 0, found.masks)


def test_a_grey_picture_is_one_of_three_channels():
    grey = IMAGE[:1]
    alike = grey.expand(3, -1, -1)
    assert torch.equal(SAM.embed(grey).features, SAM.embed(alike).features)


def test_detections_of_the_best():
    masks = torch.zeros(2, 3, 6, 8, dtype=torch.bool)
    masks[0, 0, 1:3, 2:7] = True
    masks[1, 1] = True
    quality = torch.tensor([[1.2, 0.5, 0.1], [-0.1, -0.2, -0.3]])
    answer = Candidates(masks, quality, torch.zeros(2, 3, 4, 4))
    found = answer.as_detections()
    assert found.boxes.tolist() == [[2, 1, 7, 3], [0, 0, 0, 0]]
    assert found.scores.tolist() == [1, 0]
    assert found.labels.tolist() == [1, 1]
    labels = torch.tensor([4, 2])
    assert answer.as_detections(labels).labels.tolist() == [4, 2]


def test_weights_reload_from_half_precision():
    half = {
        name: values.half() if values.is_floating_point() else values
        for name, values in SAM.network.state_dict().items()
    }
    network = build_mini_sam()
    network.load_state_dict(half)
    again = PromptableSam(network)
    assert next(network.parameters()).dtype == torch.float32
    asked = clicks([(30, 40)])
    before = SAM.single(SAM.embed(IMAGE), asked).logits
    after = again.single(again.embed(IMAGE), asked).logits
    torch.testing.assert_close(after, before, atol=0.05, rtol=0.05)


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        (np.zeros((3, 8, 8)), TypeError, "a tensor of floats"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), TypeError, "uint8"),
        (torch.zeros(8, 8), ValueError, r"shape \[3, H, W\]"),
        (torch.zeros(2, 8, 8), ValueError, r"shape \[3, H, W\]"),
        (torch.zeros(3, 0, 8), ValueError, r"shape \[3, H, W\]"),
        (torch.full((3, 8, 8), 2.0), ValueError, r"lie in \[0, 1\]"),
        (torch.full((3, 8, 8), torch.nan), ValueError, r"lie in \[0, 1\]"),
    ],
)
def test_refuses_what_is_no_picture(image, error, words):
    with pytest.raises(error, match=words):
        SAM.embed(image)


@pytest.mark.parametrize("place", [(128, 5), (5, 128), (-1, 5), (5, -1)])
def test_refuses_clicks_outside(place):
    with pytest.raises(ValueError, match="points must lie in the image"):
        SAM.single(SAM.embed(IMAGE), clicks([place]))


def test_the_edge_of_the_picture_is_inside():
    image = blobs(60, 90)
    corners = [(-0.5, -0.5), (89.5, 59.5)]
    assert SAM.single(SAM.embed(image), clicks(corners)).masks.any()


def test_load_sam_refuses_other_names():
    with pytest.raises(ValueError, match="name must be one of mini, vit_b"):
        load_sam("vit_x")


def test_official_weights_come_from_the_catalogue(tmp_path, monkeypatch):
    asked = []

    def fetch(name):
        asked.append(name)
        return tmp_path

    def build(checkpoint):
        asked.append(checkpoint)
        return build_mini_sam()

    package = module.optional("segment_anything", "SAM", "sam")
    monkeypatch.setattr(catalog, "fetch", fetch)
    monkeypatch.setitem(package.sam_model_registry, "vit_b", build)
    assert load_sam("vit_b").side == 128
    assert asked == ["sam_vit_b", str(tmp_path / "sam_vit_b_01ec64.pth")]


def test_sam_does_not_say_a_thing_without_its_package(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "segment_anything", None)
    with pytest.raises(ImportError, match=r"seglab\[sam\]"):
        load_sam("mini")
