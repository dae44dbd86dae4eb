import numpy as np
import pytest
import torch
from boxy import CATEGORIES, Boxy
from PIL import Image
from pycocotools.coco import COCO

from seglab.data.formats.coco import write_coco
from seglab.data.formats.faults import find_coco_faults
from seglab.promptable.autolabel import (
    GivenBoxes,
    Journal,
    pictures_in,
    propose_all,
    read_proposals,
    yolo_boxes,
)

NAMES = ["a.png", "b.png", "c.png"]
SOURCE = GivenBoxes(
    {
        name: yolo_boxes(
            [(k, 0.5, 0.5, 0.3, 0.4), (0, 0.1, 0.1, 0.1, 0.1)], (20, 30)
        )
        for k, name in enumerate(NAMES[:2])
    }
)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in NAMES:
        pixels = rng.integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def run(folder, journal, model=None):
    return propose_all(
        pictures_in(folder),
        model or Boxy(),
        SOURCE,
        journal,
        categories=CATEGORIES,
    )


def test_pictures_come_in_order_and_exactly(folder):
    pictures = list(pictures_in(folder))
    assert [name for name, _ in pictures] == NAMES
    pixels = np.asarray(Image.open(folder / "b.png"))
    back = (pictures[1][1] * 255).round().permute(1, 2, 0).byte()
    np.testing.assert_array_equal(back, pixels)


def test_grey_and_turned_pictures_are_made_alike(tmp_path):
    grey = Image.new("L", (30, 20), 51)
    exif = grey.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    grey.save(tmp_path / "a.jpg", exif=exif)
    ((_, image),) = pictures_in(tmp_path)
    assert image.shape == (3, 30, 20)
    torch.testing.assert_close(image, torch.full_like(image, 0.2))


def test_everything_is_proposed_once(folder, tmp_path):
    found = run(folder, Journal(tmp_path / "j"))
    assert [i.file_name for i in found.images] == NAMES
    assert [i.id for i in found.images] == [1, 2, 3]
    assert [p.id for p in found.items] == [1, 2, 3, 4]
    assert len(found.of_image(3)) == 0
    again = read_proposals(Journal(tmp_path / "j"), CATEGORIES)
    assert again == found


def test_an_interrupted_run_goes_on(folder, tmp_path):
    class Tired(Boxy):
        def embed(self, image):
            if self.looked == 1:
                raise KeyboardInterrupt
            return super().embed(image)

    with pytest.raises(KeyboardInterrupt):
        run(folder, Journal(tmp_path / "j"), Tired())
    fresh = Boxy()
    found = run(folder, Journal(tmp_path / "j"), fresh)
    assert fresh.looked == 1
    assert found == run(folder, Journal(tmp_path / "other"))


def test_a_folder_may_grow(folder, tmp_path):
    journal = Journal(tmp_path / "j")
    before = run(folder, journal)
    Image.new("RGB", (9, 9)).save(folder / "0.png")
    after = run(folder, journal)
    assert after.items == before.items
    assert after.images[:3] == before.images
    assert after.images[3].file_name == "0.png"


def test_pycocotools_opens_what_is_proposed(folder, tmp_path):
    found = run(folder, Journal(tmp_path / "j"))
    write_coco(tmp_path / "p.json", found.as_dataset())
    coco = COCO(str(tmp_path / "p.json"))
    for item in found.items:
        mask = coco.annToMask(coco.anns[item.id])
        np.testing.assert_array_equal(mask, item.object.mask((20, 30)))
    assert find_coco_faults(tmp_path / "p.json", folder).empty


def test_a_label_without_a_category(folder, tmp_path):
    with pytest.raises(ValueError, match=r"b\.png has \[2\]"):
        propose_all(
            pictures_in(folder),
            Boxy(),
            SOURCE,
            Journal(tmp_path / "j"),
            categories={1: "disc"},
        )


def test_a_folder_without_pictures(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold pictures"):
        list(pictures_in(tmp_path))


def test_a_journal_of_something_else(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.append({"kind": "accepted", "id": 1})
    with pytest.raises(ValueError, match="proposals"):
        read_proposals(journal, CATEGORIES)
