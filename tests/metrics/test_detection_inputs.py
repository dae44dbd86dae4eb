"""Average precision refuses what it cannot read, in one sentence."""

import math

import pytest
from coco_images import BIG, image

from seglab.metrics import average_precision

GOOD = image([BIG], [1], scores=[0.9])


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"labels": [1.0]}, TypeError, r"\['labels'\] must hold integers"),
        ({"labels": [[1]]}, ValueError, r"must be \[K\]"),
        ({"labels": [1, 2]}, ValueError, "a mask for each of 2 labels"),
        ({"scores": [0.9, 0.8]}, ValueError, "for each of 1 labels"),
        ({"scores": [math.nan]}, ValueError, "a finite number"),
        ({"masks": [[[0.5]]]}, TypeError, "threshold scores first"),
        ({"masks": [[True]]}, ValueError, r"must be \[K, H, W\]"),
        ({"masks": [[[True]]]}, ValueError, "the size of the target's"),
    ],
)
def test_bad_predictions_are_refused(change, error, said):
    with pytest.raises(error, match=rf"predictions\[0\].*{said}"):
        average_precision([GOOD | change], [GOOD])


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        ([[0, 0, 1]], "a box for each of 1 labels"),
        ([[9, 0, 1, 5]], r"x1 <= x2 .*\[\[9.0"),
        ([[0, 0, 1, math.nan]], "finite"),
        ([[0, 0, 1, math.inf]], r"finite .*inf"),
    ],
)
def test_bad_boxes_are_refused(boxes, said):
    with pytest.raises(ValueError, match=said):
        average_precision([GOOD | {"boxes": boxes}], [GOOD], of="boxes")


@pytest.mark.parametrize(
    ("arguments", "more", "error", "said"),
    [
        (
            ([GOOD], []),
            {},
            ValueError,
            "same images, one or more, got 1 and",
        ),
        (([], []), {}, ValueError, "one or more, got 0 and 0"),
        ((GOOD, [GOOD]), {}, TypeError, "predictions must be a list"),
        (([GOOD], [[1]]), {}, TypeError, r"targets\[0\] must be a mapping"),
        (
            ([GOOD], [{}]),
            {},
            ValueError,
            r"targets\[0\] must hold 'labels'",
        ),
        (
            ([GOOD], [GOOD]),
            {"of": "segm"},
            ValueError,
            'of must be "masks"',
        ),
        (([GOOD], [GOOD]), {"max_detections": 0}, ValueError, "max_det"),
        (([GOOD], [GOOD]), {"names": ["a"]}, ValueError, "names must have"),
    ],
)
def test_bad_calls_are_refused(arguments, more, error, said):
    with pytest.raises(error, match=said):
        average_precision(*arguments, **more)
