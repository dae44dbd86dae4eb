"""A few steps, a stop, and figures that agree with other libraries."""

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("detectron2")

from detectron2.structures import Boxes, Instances

from seglab.instances.detectron.config import (
    mask_rcnn_config,
    panoptic_fpn_config,
)
from seglab.instances.detectron.datasets import (
    register_instances,
    register_panoptic,
)
from seglab.instances.detectron.logs import read_metrics
from seglab.instances.detectron.training import (
    build_optimiser,
    evaluate,
    train,
)
from seglab.metrics.detection import average_precision
from seglab.metrics.panoptic import panoptic_quality


@pytest.fixture(scope="module")
def names(plain, grounded):
    return (
        register_instances("tests_of_training", plain[1]),
        register_panoptic("tests_of_training_panoptic", grounded[1]),
    )


def settings(name, folder, **more):
    return {
        "train": [name],
        "test": [name],
        "side": 64,
        "batch_size": 2,
        "folder": str(folder),
        **more,
    }


class Oracle(nn.Module):
    """Finds the truth, moved by a pixel, with scores drawn at random."""

    def __init__(self, scenes):
        super().__init__()
        self.scenes = scenes
        draw = np.random.default_rng(3).random
        self.found = [self._find(scenes.scene(k), draw) for k in self]

    def __iter__(self):
        return iter(range(len(self.scenes)))

    def _find(self, scene, draw):
        masks = np.roll(scene.instances, 1, axis=2)
        # every fourth object is taken for another
        kinds = (scene.categories - 1 + (draw(len(masks)) < 0.25)) % 5
        found = Instances(masks.shape[1:])
        found.pred_masks = torch.from_numpy(masks)
        found.pred_classes = torch.from_numpy(kinds)
        found.scores = torch.from_numpy(draw(len(masks))).float()
        rows = [np.argwhere(mask) for mask in masks]
        found.pred_boxes = Boxes(
            torch.tensor(
                [[*r.min(0)[::-1], *(r.max(0)[::-1] + 1)] for r in rows]
            ).float()
        )
        return found

    def forward(self, batch):
        return [
            {"instances": self.found[item["image_id"] - 1]}
            | self.panoptic(item["image_id"] - 1)
            for item in batch
        ]

    def panoptic(self, k):
        """The true map, moved by three pixels and without sky."""
        values = np.roll(self.scenes.scene(k).panoptic, 3, axis=1)
        ids, segments = np.zeros(values.shape, np.int32), []
        for number, value in enumerate(np.unique(values), start=1):
            kind = int(value) // 1000
            if kind == 6:
                continue
            ids[values == value] = number
            segments.append(
                {
                    "id": number,
                    "isthing": kind < 6,
                    "category_id": kind - 1 if kind < 6 else kind - 5,
                }
            )
        return {"panoptic_seg": (torch.from_numpy(ids), segments)}


def true_objects_of(scene):
    return {"masks": scene.instances, "labels": scene.categories}


def test_average_precision_agrees(names, plain, tmp_path):
    oracle = Oracle(plain[0])
    cfg = mask_rcnn_config(5, **settings(names[0], tmp_path))
    theirs = evaluate(cfg, oracle)["segm"]
    ours = average_precision(
        [
            {
                "masks": x.pred_masks,
                "labels": x.pred_classes + 1,
                "scores": x.scores,
            }
            for x in oracle.found
        ],
        [true_objects_of(plain[0].scene(k)) for k in oracle],
    )
    assert 0.2 < ours.ap < 0.95
    assert theirs["AP"] == pytest.approx(100 * ours.ap, abs=1e-6)
    assert theirs["AP50"] == pytest.approx(100 * ours.ap50, abs=1e-6)
    assert theirs["AP75"] == pytest.approx(100 * ours.ap75, abs=1e-6)


def test_panoptic_quality_agrees(names, grounded, tmp_path):
    oracle = Oracle(grounded[0])
    cfg = panoptic_fpn_config(5, 3, **settings(names[1], tmp_path))
    theirs = evaluate(cfg, oracle)["panoptic_seg"]
    truth = np.stack([grounded[0].scene(k).panoptic for k in oracle])
    found = np.roll(truth, 3, axis=2)
    found[found == 6000] = 0
    ours = panoptic_quality(
        found, truth, things=range(1, 6), stuff=range(6, 9), void=0
    ).summary()
    for key, mine in (
        ("PQ", "pq"),
        ("SQ_th", "sq_things"),
        ("RQ_st", "rq_stuff"),
    ):
        assert theirs[key] == pytest.approx(100 * ours[mine], abs=1e-6)
    assert 0.2 < ours["pq"] < 0.95


def test_a_run_goes_on_from_its_checkpoint(names, tmp_path, capfd):
    cfg = mask_rcnn_config(5, **settings(names[0], tmp_path, steps=2))
    cfg.DATASETS.TEST = ()
    first = train(cfg)
    assert first.start_iter == 0
    cfg.SOLVER.MAX_ITER = 3
    second = train(cfg)
    assert second.start_iter == 2
    moments = second.optimizer.state_dict()["state"].values()
    assert {int(m["step"]) for m in moments} == {3}
    steps = [r["iteration"] for r in read_metrics(tmp_path) if "lr" in r]
    assert steps == [1, 2]
    # what is over is not trained again, and comes back as it was
    third = train(cfg)
    assert third.start_iter == 3
    for key, value in second.model.state_dict().items():
        assert torch.equal(third.model.state_dict()[key], value), key
    out, err = capfd.readouterr()
    assert out == "" and "Error" not in err


def test_a_seed_decides_the_run(names, tmp_path):
    losses = []
    for k, seed in enumerate((0, 0, 1)):
        cfg = mask_rcnn_config(
            5, **settings(names[0], tmp_path / str(k), steps=1, seed=seed)
        )
        cfg.DATASETS.TEST = ()
        train(cfg)
        losses.append(read_metrics(cfg.OUTPUT_DIR)[0]["total_loss"])
    assert losses[0] == losses[1] != losses[2]


def test_the_gradient_is_clipped_as_a_whole():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    cfg = mask_rcnn_config(5)
    optimiser = build_optimiser(cfg, model)
    for p in model.parameters():
        p.grad = torch.full_like(p, 100.0)
    optimiser.step()
    grads = torch.cat([p.grad.ravel() for p in model.parameters()])
    assert grads.norm() == pytest.approx(5.0, rel=1e-5)


def test_norms_do_not_decay():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    groups = build_optimiser(mask_rcnn_config(5), model).param_groups
    decay = {
        id(p): group["weight_decay"]
        for group in groups
        for p in group["params"]
    }
    assert {decay[id(p)] for p in model[1].parameters()} == {0.0}
    assert {decay[id(p)] for p in model[0].parameters()} == {0.01}
