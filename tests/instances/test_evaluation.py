import pytest
import torch

from seglab.data.scenes import SceneDataset, detection_target
from seglab.instances.detections import Detections, no_detections
from seglab.instances.evaluation import detect_all, evaluate_detector

SCENES = SceneDataset(5, size=(48, 64), target=detection_target)
IMAGES = torch.stack([image for image, _ in SCENES])
TARGETS = [SCENES[i][1] for i in range(5)]


class Oracle:
    """Knows the truth of the images that it is shown in turn."""

    def __init__(self, forgets=0):
        self.at, self.forgets, self.sizes = 0, forgets, []

    def detect(self, images):
        found = []
        self.sizes.append(len(images))
        for image in images:
            if self.at < self.forgets:
                found.append(no_detections(tuple(image.shape[1:])))
            else:
                truth = TARGETS[self.at]
                found.append(
                    Detections(
                        truth["boxes"],
                        truth["labels"],
                        torch.ones(len(truth["labels"])),
                        truth["masks"].bool(),
                    )
                )
            self.at += 1
        return found


@pytest.mark.parametrize("of", ["masks", "boxes"])
def test_the_truth_scores_one(of):
    result = evaluate_detector(Oracle(), IMAGES, TARGETS, of=of)
    assert result.ap == pytest.approx(1)


def test_what_is_missed_costs():
    result = evaluate_detector(Oracle(forgets=2), IMAGES, TARGETS)
    assert 0.1 < result.ap < 0.95


def test_a_few_images_at_a_time():
    oracle = Oracle()
    assert len(detect_all(oracle, IMAGES, batch_size=2)) == 5
    assert oracle.sizes == [2, 2, 1]
    with pytest.raises(ValueError, match="batch_size"):
        detect_all(oracle, IMAGES, batch_size=0)
