"""What a reader without Detectron2 is told."""

import sys

import pytest

from seglab.instances.detectron import config, datasets
from seglab.instances.detectron._library import detectron2_part


def test_a_missing_library_is_named_with_its_script(monkeypatch):
    monkeypatch.setitem(sys.modules, "detectron2", None)
    monkeypatch.setitem(sys.modules, "detectron2.engine", None)
    with pytest.raises(ImportError, match=r"tools/install\.py detectron2"):
        detectron2_part("engine")


def test_every_door_tells_it(monkeypatch, plain):
    for part in ("config", "data", "data.datasets"):
        monkeypatch.setitem(sys.modules, f"detectron2.{part}", None)
    monkeypatch.setitem(sys.modules, "detectron2", None)
    with pytest.raises(ImportError, match="without a compiler"):
        config.mask_rcnn_config(5)
    with pytest.raises(ImportError, match="without a compiler"):
        datasets.register_instances("none", plain[1])


def test_the_rooms_can_be_listed_without_it():
    from seglab.instances import detectron

    assert {"config", "networks", "training"} <= set(dir(detectron))
