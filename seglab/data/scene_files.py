"""Scenes as a data set on disk, as COCO's files have it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from seglab.data.formats.coco import (
    CocoDataset,
    CocoImage,
    CocoObject,
    coco_object,
    write_coco,
)
from seglab.data.formats.coco_panoptic import (
    PanopticCategory,
    PanopticImage,
    panoptic_image,
    write_panoptic,
)
from seglab.data.scenes import CATEGORIES, LABEL_DIVISOR, Scene
from seglab.files import replacing


@dataclasses.dataclass(frozen=True)
class SceneFiles:
    """Where the files of a set of scenes lie.

    Args:
        images: folder of the pictures, ``000001.png`` and so on.
        instances: COCO's JSON file of instances.
        panoptic: COCO's panoptic JSON file.
        panoptic_maps: folder of its PNGs, named as the pictures.

    >>> scene_files("scenes").instances.name
    'instances.json'
    """

    images: Path
    instances: Path
    panoptic: Path
    panoptic_maps: Path


def scene_files(folder: str | Path) -> SceneFiles:
    """The names that :func:`write_scenes` uses in a folder.

    >>> scene_files("scenes").panoptic_maps.parts
    ('scenes', 'panoptic')
    """
    base = Path(folder)
    return SceneFiles(
        images=base / "images",
        instances=base / "instances.json",
        panoptic=base / "panoptic.json",
        panoptic_maps=base / "panoptic",
    )


def write_scenes(folder: str | Path, scenes: Iterable[Scene]) -> SceneFiles:
    """Write scenes as pictures with COCO's instances and panoptic maps.

    Args:
        folder: made if it is missing; files of the same name are replaced.
        scenes: all with stuff or all without, as one data set gives them.

    Returns:
        Where the files lie.

    Raises:
        ValueError: no scene, or some with stuff and some without.

    Convention:
        Images count from 1. The instances' categories are the shapes, 1 to
        5; the panoptic file has the stuff too, or ``background`` with id 0
        where there is none: as void it would excuse whatever is found on
        it. A crowd is marked in both. Grey values are rounded to 8 bits,
        masks are kept exactly.

    Source:
        COCO's data formats (Lin et al. 2014; Kirillov et al. 2019).

    >>> import tempfile
    >>> from seglab.data.scenes import SceneDataset
    >>> data = SceneDataset(2, size=(32, 32))
    >>> with tempfile.TemporaryDirectory() as base:
    ...     files = write_scenes(base, map(data.scene, range(2)))
    ...     sorted(path.name for path in files.images.iterdir())
    ['000001.png', '000002.png']
    """
    files = scene_files(folder)
    images: list[CocoImage] = []
    objects: list[CocoObject] = []
    maps: list[PanopticImage] = []
    names: set[tuple[str, ...]] = set()
    for number, scene in enumerate(scenes, start=1):
        name = f"{number:06d}.png"
        _write_image(files.images / name, scene)
        images.append(CocoImage(number, name, scene.instances.shape[1:]))
        objects += _objects(scene, number, first=len(objects) + 1)
        maps.append(_panoptic(scene, number, name))
        names.add(scene.names)
    if len(names) != 1:
        raise ValueError(
            "scenes must be one or more, all with stuff or all without, "
            f"got {len(images)} with {len(names)} sets of categories"
        )
    things = dict(enumerate(CATEGORIES, start=1))
    write_coco(
        files.instances, CocoDataset(tuple(images), tuple(objects), things)
    )
    categories = _panoptic_categories(names.pop())
    write_panoptic(files.panoptic, files.panoptic_maps, maps, categories)
    return files


def _write_image(path: Path, scene: Scene) -> None:
    grey = np.rint(255 * scene.image.transpose(1, 2, 0)).astype(np.uint8)
    with replacing(path) as temporary:
        Image.fromarray(grey).save(temporary)


def _objects(scene: Scene, image_id: int, first: int) -> list[CocoObject]:
    return [
        coco_object(
            mask,
            id=first + k,
            image_id=image_id,
            category_id=int(scene.categories[k]),
            crowd=bool(scene.crowd[k]),
        )
        for k, mask in enumerate(scene.instances)
    ]


def _panoptic(scene: Scene, image_id: int, name: str) -> PanopticImage:
    image = panoptic_image(
        scene.panoptic, image_id=image_id, file_name=name
    )
    # segments come in the order of the map's values
    numbers = np.unique(scene.panoptic) % LABEL_DIVISOR
    crowds = np.flatnonzero(scene.crowd) + 1
    segments = tuple(
        dataclasses.replace(segment, crowd=bool(number in crowds))
        for segment, number in zip(image.segments, numbers, strict=True)
    )
    return dataclasses.replace(image, segments=segments)


def _panoptic_categories(names: tuple[str, ...]) -> list[PanopticCategory]:
    things = len(CATEGORIES)
    kinds = dict(enumerate(names))
    if len(names) > things + 1:
        del kinds[0]  # stuff leaves no background
    return [
        PanopticCategory(kind, name, is_thing=1 <= kind <= things)
        for kind, name in kinds.items()
    ]
