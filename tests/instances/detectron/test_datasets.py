"""What was written comes back through the catalogues."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("detectron2")

from detectron2.data import (
    DatasetCatalog,
    DatasetMapper,
    MetadataCatalog,
    build_detection_test_loader,
)

from seglab.data.formats.coco_panoptic import PanopticCategory
from seglab.instances.detectron.config import panoptic_fpn_config
from seglab.instances.detectron.datasets import (
    forget,
    panoptic_metadata,
    register_instances,
    register_panoptic,
)


@pytest.fixture
def name():
    yield "tests_of_datasets"
    forget("tests_of_datasets")


def test_images_and_objects_arrive(name, plain):
    scenes, folder = plain
    records = DatasetCatalog.get(register_instances(name, folder))
    assert len(records) == len(scenes)
    for k, record in enumerate(records):
        scene = scenes.scene(k)
        picture = np.asarray(Image.open(record["file_name"]))
        error = np.abs(picture / 255 - scene.image.transpose(1, 2, 0))
        assert error.max() <= 0.5 / 255 + 1e-6
        found = [a["category_id"] + 1 for a in record["annotations"]]
        assert found == scene.categories.tolist()
    names = MetadataCatalog.get(name).thing_classes
    assert names == ["disc", "square", "triangle", "star", "ring"]


def test_masks_and_stuff_are_exact_on_their_way_to_the_model(
    name, grounded
):
    scenes, folder = grounded
    register_panoptic(name, folder)
    cfg = panoptic_fpn_config(5, 3, train=[name], side=64)
    mapper = DatasetMapper(cfg, is_train=True, augmentations=[])
    for k, record in enumerate(DatasetCatalog.get(name)):
        scene, item = scenes.scene(k), mapper(record)
        masks = item["instances"].gt_masks.tensor.numpy()
        assert (masks == scene.instances).all()
        # one class for all things, then sky, grass, water
        wanted = np.maximum(scene.semantic - 5, 0)
        assert (item["sem_seg"].numpy() == wanted).all()
        grey = item["image"].numpy() / 255
        assert np.abs(grey - scene.image).max() <= 0.5 / 255 + 1e-6


def test_scenes_without_stuff_have_a_background(name, plain):
    scenes, folder = plain
    records = DatasetCatalog.get(register_panoptic(name, folder))
    seen = np.asarray(Image.open(records[0]["sem_seg_file_name"]))
    assert (seen == (scenes.scene(0).semantic == 0)).all()
    assert MetadataCatalog.get(name).stuff_classes == [
        "things",
        "background",
    ]


def test_a_loader_reads_it(name, plain):
    register_instances(name, plain[1])
    cfg = panoptic_fpn_config(5, 1, test=[name], side=64)
    loader = build_detection_test_loader(cfg, name)
    assert [len(batch) for batch in loader] == [1] * 6


def test_a_name_that_is_taken_is_given_anew(name, plain, grounded):
    register_instances(name, plain[1])
    register_panoptic(name, grounded[1])
    assert len(DatasetCatalog.get(name)) == 4
    assert "sky" in MetadataCatalog.get(name).stuff_classes


def test_what_is_forgotten_is_gone(name, plain):
    register_instances(name, plain[1])
    forget(name)
    forget(name)
    assert name not in DatasetCatalog.list()


@pytest.mark.parametrize(
    "register", [register_instances, register_panoptic]
)
def test_missing_files_are_named(name, register, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"instances\.json"):
        register(name, tmp_path)
    assert name not in DatasetCatalog.list()


def test_ids_with_gaps_are_closed_up():
    found = panoptic_metadata(
        [
            PanopticCategory(3, "a", True),
            PanopticCategory(7, "b", False),
            PanopticCategory(9, "c", True),
            PanopticCategory(90, "d", False),
        ]
    )
    assert found["thing_dataset_id_to_contiguous_id"] == {3: 0, 9: 1}
    stuff = found["stuff_dataset_id_to_contiguous_id"]
    assert stuff == {3: 0, 9: 0, 7: 1, 90: 2}
    assert found["stuff_classes"] == ["things", "b", "d"]
