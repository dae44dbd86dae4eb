"""Settings that exist, and networks of the size that is promised."""

import json

import pytest

pytest.importorskip("detectron2")

from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import build_model

from seglab.instances.detectron.config import (
    mask_rcnn_config,
    panoptic_fpn_config,
)

CONFIGS = {
    "mask_rcnn": lambda **s: mask_rcnn_config(5, **s),
    "panoptic_fpn": lambda **s: panoptic_fpn_config(5, 3, **s),
}


def keys(node, prefix=""):
    found = set()
    for key, value in node.items():
        found.add(prefix + key)
        if isinstance(value, CfgNode):
            found |= keys(value, f"{prefix}{key}.")
    return found


@pytest.mark.parametrize("name", CONFIGS)
def test_no_setting_is_invented(name):
    # a misspelt one is accepted without a word, and never read
    assert keys(CONFIGS[name]()) == keys(get_cfg())


@pytest.mark.parametrize("name", CONFIGS)
def test_the_network_is_small(name):
    state = build_model(CONFIGS[name]()).state_dict()
    assert 500_000 < sum(x.numel() for x in state.values()) < 700_000


@pytest.mark.parametrize("name", CONFIGS)
def test_arguments_arrive(name):
    cfg = CONFIGS[name](
        train=["a"],
        test=["b", "c"],
        side=96,
        steps=40,
        batch_size=3,
        learning_rate=0.5,
        folder="somewhere",
        seed=7,
    )
    assert cfg.DATASETS.TRAIN == ("a",) and cfg.DATASETS.TEST == ("b", "c")
    assert cfg.INPUT.MIN_SIZE_TRAIN == (96,)
    assert cfg.INPUT.MIN_SIZE_TEST == cfg.INPUT.MAX_SIZE_TEST == 96
    assert cfg.SOLVER.MAX_ITER == 40 and cfg.SOLVER.IMS_PER_BATCH == 3
    assert cfg.SOLVER.BASE_LR == 0.5 and cfg.SEED == 7
    assert cfg.OUTPUT_DIR == "somewhere"


def test_it_survives_as_yaml(tmp_path):
    file = tmp_path / "config.yaml"
    cfg = panoptic_fpn_config(5, 3)
    file.write_text(cfg.dump())
    again = get_cfg()
    again.merge_from_file(str(file))
    # tuples come back as lists
    assert json.dumps(again) == json.dumps(cfg)


@pytest.mark.parametrize(
    "setting",
    [
        {"num_classes": 0},
        {"steps": 0},
        {"batch_size": 0},
        {"seed": -1},
        {"side": 100},
        {"side": 0},
    ],
)
def test_what_cannot_be_is_refused(setting):
    (name,) = setting
    with pytest.raises(ValueError, match=name):
        mask_rcnn_config(**({"num_classes": 5} | setting))


def test_a_panoptic_network_needs_stuff():
    with pytest.raises(ValueError, match="num_stuff"):
        panoptic_fpn_config(5, 0)
