"""The same weights in transformers give the same masks."""

import pytest
import torch
from small_sam import blobs, small_sam

from seglab.promptable.hugging_face import to_hugging_face
from seglab.promptable.prompts import Prompts, clicks

pytest.importorskip("transformers")


@torch.no_grad()
def test_equals_the_package():
    sam, image = small_sam(), blobs()
    model = to_hugging_face(sam)
    prepared = sam.network.preprocess(image[None] * 255)
    draw = torch.Generator().manual_seed(1)
    earlier = torch.randn(1, 1, 64, 64, generator=draw)
    asked = clicks([(30, 40), (90, 20)], [1, 0])
    prompts = Prompts(asked.points, asked.labels, masks=earlier)
    found = sam.single(sam.embed(image), prompts)
    # transformers adds the half pixel to points, as the package does
    theirs = model(
        pixel_values=prepared,
        input_points=asked.points[None],
        input_labels=asked.labels[None],
        input_masks=earlier,
        multimask_output=False,
    )
    gap = (theirs.pred_masks[0] - found.logits).abs().max()
    assert gap < 1e-5
    torch.testing.assert_close(
        theirs.iou_scores[0], found.quality, atol=1e-5, rtol=0
    )
