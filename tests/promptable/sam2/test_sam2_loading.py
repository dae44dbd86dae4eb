"""SAM 2 by name, and what the committed weights can do."""

import sys

import pytest
import sam2.build_sam
import torch
from small_sam2 import small_clip, small_sam2

from seglab.data import catalog
from seglab.promptable.prompts import clicks
from seglab.promptable.sam2.loading import NAMES, load_sam2
from seglab.promptable.sam2.scoring import (
    keep_first_masks,
    region_similarity,
)
from seglab.promptable.simulated_person import first_click


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="one of mini, tiny, small"):
        load_sam2("huge")


@pytest.mark.parametrize("name", NAMES[1:])
def test_official_models_come_from_the_catalogue(
    name, monkeypatch, tmp_path
):
    asked = {}

    def fetch(resource):
        asked["resource"] = resource
        return tmp_path

    def build(config, path, **options):
        asked.update(config=config, path=path, **options)
        return small_sam2().network

    monkeypatch.setattr(catalog, "fetch", fetch)
    monkeypatch.setattr(sam2.build_sam, "build_sam2_video_predictor", build)
    assert load_sam2(name).side == 128
    assert asked["resource"] == f"sam2.1_hiera_{name}"
    (file,) = catalog.CATALOG[asked["resource"]].files
    assert asked["path"] == str(tmp_path / file.path)
    # the package knows the config that goes with the weights
    letter = {"tiny": "t", "small": "s", "base_plus": "b+", "large": "l"}
    assert asked["config"].endswith(f"sam2.1_hiera_{letter[name]}.yaml")
    assert asked["apply_postprocessing"] is False


def test_the_committed_model_follows_better_than_what_stands_still():
    tracker = load_sam2()
    assert not tracker.network.training
    scores = []
    for seed in (5001, 5002, 5004):
        frames, truth = small_clip(seed, 10)
        prompts = [clicks([first_click(m)], [1]) for m in truth[0]]
        found = tracker.track(frames, prompts)
        still = keep_first_masks(truth[0], len(truth))
        scores.append(
            [
                region_similarity(masks[1:], truth[1:]).mean()
                for masks in (found, still)
            ]
        )
    ours, lazy = torch.tensor(scores).mean(0)
    assert ours > 0.4
    assert ours > lazy


def test_a_missing_package_names_the_installer(monkeypatch):
    monkeypatch.setitem(sys.modules, "sam2.build_sam", None)
    with pytest.raises(ImportError, match=r"install\.py sam2"):
        load_sam2("tiny")
