"""Two small data sets on disk, with and without stuff."""

from __future__ import annotations

import pytest

from seglab.data.scene_files import write_scenes
from seglab.data.scenes import STUFF, SceneDataset, panoptic_target

SIDE = 64


def make_scenes(count, seed, stuff=()):
    return SceneDataset(
        count,
        seed,
        target=panoptic_target,
        size=(SIDE, SIDE),
        shapes=(1, 3),
        stuff=stuff,
    )


def written(folder, scenes):
    write_scenes(folder, map(scenes.scene, range(len(scenes))))
    return folder


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """Scenes of shapes and the folder of their files."""
    scenes = make_scenes(6, 1)
    return scenes, written(tmp_path_factory.mktemp("plain"), scenes)


@pytest.fixture(scope="session")
def grounded(tmp_path_factory):
    """Scenes with stuff and the folder of their files."""
    scenes = make_scenes(4, 2, STUFF)
    return scenes, written(tmp_path_factory.mktemp("grounded"), scenes)
