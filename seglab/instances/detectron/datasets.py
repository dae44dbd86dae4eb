"""Data sets under a name, as Detectron2's catalogues hold them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from seglab.data.formats.coco_panoptic import (
    PanopticCategory,
    PanopticImage,
    read_panoptic,
)
from seglab.data.scene_files import SceneFiles, scene_files
from seglab.files import replacing
from seglab.instances.detectron._library import detectron2_part

STUFF_MAPS = "stuff"
VOID = 255


def register_instances(name: str, folder: str | Path) -> str:
    """Register a folder of images with COCO's instances under a name.

    Nothing is read yet: Detectron2 does so when the data are first used.

    Args:
        name: for ``cfg.DATASETS``; one that is taken is given anew.
        folder: with ``images`` and ``instances.json``, as
            :func:`~seglab.data.scene_files.write_scenes` writes them.

    Returns:
        The name.

    Raises:
        ImportError: Detectron2 is not installed.
        FileNotFoundError: a file is missing.
    """
    files = scene_files(folder)
    _check(files.images, files.instances)
    forget(name)
    detectron2_part("data.datasets").register_coco_instances(
        name, {}, str(files.instances), str(files.images)
    )
    return name


def register_panoptic(name: str, folder: str | Path) -> str:
    """Register things and stuff under a name, as Panoptic FPN learns them.

    It wants stuff as PNGs of class indices, which are written to
    ``folder/stuff`` if they are not there: 0 for all things, then the
    categories of stuff in the order of their ids, 255 for void.

    Args:
        name: for ``cfg.DATASETS``; one that is taken is given anew.
        folder: as :func:`~seglab.data.scene_files.write_scenes` writes it.

    Returns:
        The name.

    Raises:
        ImportError: Detectron2 is not installed.
        FileNotFoundError: a file is missing.
    """
    files = scene_files(folder)
    _check(*vars(files).values())
    data = detectron2_part("data")
    images, categories = read_panoptic(files.panoptic, files.panoptic_maps)
    stuff = Path(folder) / STUFF_MAPS
    _write_stuff(images, categories, stuff)
    forget(name)
    data.DatasetCatalog.register(
        name, partial(_panoptic_records, name, files, stuff)
    )
    data.MetadataCatalog.get(name).set(
        image_root=str(files.images),
        json_file=str(files.instances),
        sem_seg_root=str(stuff),
        panoptic_root=str(files.panoptic_maps),
        panoptic_json=str(files.panoptic),
        evaluator_type="coco_panoptic_seg",
        ignore_label=VOID,
        **panoptic_metadata(categories),
    )
    return name


def _panoptic_records(name: str, files: SceneFiles, stuff: Path) -> Any:
    # what register_coco_panoptic_separated does, which wants JPEGs
    datasets = detectron2_part("data.datasets")
    merge = detectron2_part("data.datasets.coco_panoptic").merge_to_panoptic
    images = str(files.images)
    return merge(
        datasets.load_coco_json(str(files.instances), images, name),
        datasets.load_sem_seg(str(stuff), images, image_ext="png"),
    )


def forget(name: str) -> None:
    """Take a data set out of both catalogues, if it is there."""
    data = detectron2_part("data")
    for catalogue in (data.DatasetCatalog, data.MetadataCatalog):
        if name in catalogue.list():
            catalogue.remove(name)


def panoptic_metadata(
    categories: list[PanopticCategory],
) -> dict[str, Any]:
    """Names, and how a category's id becomes the index of a class.

    Things and stuff are numbered apart: things from 0, stuff from 1, with
    all things together as class 0 of stuff.

    >>> found = panoptic_metadata([PanopticCategory(7, "coin", True),
    ...                            PanopticCategory(9, "table", False)])
    >>> found["stuff_dataset_id_to_contiguous_id"]
    {9: 1, 7: 0}
    """
    things = [c for c in categories if c.is_thing]
    stuff = [c for c in categories if not c.is_thing]
    indices = {c.id: k for k, c in enumerate(stuff, 1)}
    return {
        "thing_classes": [c.name for c in things],
        "stuff_classes": ["things", *(c.name for c in stuff)],
        "thing_dataset_id_to_contiguous_id": {
            c.id: k for k, c in enumerate(things)
        },
        "stuff_dataset_id_to_contiguous_id": indices
        | {c.id: 0 for c in things},
    }


def _write_stuff(
    images: list[PanopticImage],
    categories: list[PanopticCategory],
    folder: Path,
) -> None:
    indices = panoptic_metadata(categories)
    indices = indices["stuff_dataset_id_to_contiguous_id"]
    for image in images:
        png = folder / f"{Path(image.file_name).stem}.png"
        if png.exists():
            continue
        classes = np.full(image.ids.shape, VOID, np.uint8)
        for segment in image.segments:
            here = image.ids == segment.id
            classes[here] = indices[segment.category_id]
        with replacing(png) as temporary:
            Image.fromarray(classes).save(temporary, "PNG")


def _check(*paths: Path) -> None:
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise FileNotFoundError(
            f"folder must hold the files of write_scenes, got one without "
            f"{', '.join(missing)}"
        )
