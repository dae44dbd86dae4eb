import pytest
import torch
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import box_convert

from seglab import weights
from seglab.data.scenes import SceneDataset
from seglab.instances.maskrcnn import PyramidBackbone, SmallMaskRCNN
from seglab.promptable.autolabel import (
    DetectorBoxes,
    GivenBoxes,
    LabelledBoxes,
    TorchvisionBoxes,
    yolo_boxes,
)

SCENE = SceneDataset(1, 3)[0][0]


def test_yolo_boxes_are_torchvisions_conversion():
    rows = torch.rand(7, 4) * 0.3 + 0.2
    found = yolo_boxes(
        [(k, *row) for k, row in enumerate(rows.tolist())], (60, 80)
    )
    scale = torch.tensor([80, 60, 80, 60])
    wanted = box_convert(rows, "cxcywh", "xyxy") * scale
    torch.testing.assert_close(found.boxes, wanted)
    assert found.labels.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found.scores.tolist() == [1] * 7


def test_a_sixth_number_is_the_score():
    found = yolo_boxes([(0, 0.5, 0.5, 0.1, 0.1, 0.25)], (10, 10))
    assert found.scores.tolist() == [0.25]


def test_no_rows_are_no_boxes():
    assert yolo_boxes([], (10, 10)).boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0, 0.5, 0.5, 0.1)], "5 numbers"),
        (
            [(0, 0.5, 0.5, 0.1, 0.1), (0, 0.5, 0.5, 0.1, 0.1, 1)],
            "5 numbers",
        ),
        ([(0.5, 0.5, 0.5, 0.1, 0.1)], "whole numbers"),
        ([(-1, 0.5, 0.5, 0.1, 0.1)], "labels"),
        ([(0, 0.5, 0.5, 0.0, 0.1)], "right > left"),
        ([(0, float("nan"), 0.5, 0.1, 0.1)], "finite"),
        ([(0, 0.5, 0.5, 0.1, 0.1, 1.5)], "scores"),
    ],
)
def test_rows_that_make_no_sense(rows, said):
    with pytest.raises(ValueError, match=said):
        yolo_boxes(rows, (10, 10))


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="scores"):
        LabelledBoxes(
            torch.rand(0, 4), torch.zeros(0).long(), torch.ones(1)
        )


def test_boxes_are_cut_to_the_picture_and_slivers_go():
    boxes = LabelledBoxes(
        torch.tensor([[-5.0, 2, 4, 30], [9.5, 0, 15, 5], [20, 0, 30, 5]]),
        torch.tensor([1, 2, 3]),
        torch.tensor([0.5, 0.6, 0.7]),
    )
    cut = boxes.inside((20, 10))
    assert cut.boxes.tolist() == [[0, 2, 4, 20]]
    assert cut.labels.tolist() == [1]


def test_a_detector_of_the_book_gives_its_boxes():
    detector = weights.load_as(SmallMaskRCNN, "scenes_maskrcnn")
    wanted = detector.detect(SCENE[None])[0].above(0.3)
    found = DetectorBoxes(detector).find("a.png", SCENE)
    assert len(found) == len(wanted) > 0
    assert torch.equal(found.boxes, wanted.boxes)
    inner = TorchvisionBoxes(detector.network).find("a.png", SCENE)
    assert torch.equal(inner.labels, wanted.labels)


def test_a_detector_without_masks_will_do():
    torch.manual_seed(0)
    network = FasterRCNN(
        PyramidBackbone((8, 8, 8, 8), 16),
        num_classes=3,
        rpn_anchor_generator=AnchorGenerator(
            ((16,), (28,), (48,), (64,)), ((1.0,),) * 4
        ),
        min_size=64,
        max_size=64,
    )
    with pytest.raises(ValueError, match="eval"):
        TorchvisionBoxes(network)


def test_given_boxes_go_by_name():
    boxes = yolo_boxes([(1, 0.5, 0.5, 0.5, 0.5)], (10, 10))
    source = GivenBoxes({"a.png": boxes})
    assert source.find("a.png", SCENE) is boxes
    assert len(source.find("b.png", SCENE)) == 0
