import numpy as np
import pytest
from boxy import SIZE, proposal, proposals, square
from PIL import Image
from pycocotools.coco import COCO

from seglab.data.formats.coco import write_coco
from seglab.data.scene_files import scene_files
from seglab.promptable.autolabel import Journal, Review

ITEMS = proposals(
    proposal(1, square(1, 1), certainty=0.9),
    proposal(2, square(1, 10), label=2, certainty=0.2),
    proposal(3, square(10, 1), certainty=0.5),
    proposal(4, square(2, 2), image_id=2, certainty=0.5),
    images=3,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "decisions.jsonl"


@pytest.fixture
def review(path):
    return Review(ITEMS, Journal(path))


def test_the_least_certain_comes_first(review):
    assert [p.id for p in review.waiting()] == [2, 3, 4, 1]
    review.accept(3)
    assert [p.id for p in review.waiting()] == [2, 4, 1]


def decide(review):
    review.accept(1)
    review.reject(2)
    review.correct(3, square(9, 2), label=2)
    added = review.add(1, square(12, 20), 1)
    review.finish(1)
    return added


def test_the_data_set_is_what_was_decided(review):
    added = decide(review)
    data = review.dataset()
    assert [i.id for i in data.images] == [1]
    assert [o.id for o in data.objects] == [1, 3, added] == [1, 3, 5]
    assert [o.category_id for o in data.objects] == [1, 2, 1]
    np.testing.assert_array_equal(
        data.masks(1), [square(1, 1), square(9, 2), square(12, 20)]
    )


def test_a_second_process_goes_on(review, path):
    decide(review)
    second = Review(ITEMS, Journal(path))
    assert second.decisions == review.decisions
    assert second.dataset() == review.dataset()
    assert [p.id for p in second.waiting()] == [4]
    second.accept(4)
    second.finish(2)
    third = Review(ITEMS, Journal(path))
    assert [i.id for i in third.dataset().images] == [1, 2]
    # ids of added objects are not given twice
    assert third.add(3, square(1, 1), 1) == 6


def test_a_later_word_counts(review, path):
    review.reject(1)
    review.accept(1)
    review.correct(1, square(3, 3))
    again = Review(ITEMS, Journal(path))
    assert again.decisions[1].kind == "corrected"
    assert again.decisions[1].object.box == (3, 3, 9, 9)


def test_what_nobody_looked_at_is_in_no_data_set(review):
    review.accept(1)
    assert review.dataset().images == ()
    with pytest.raises(ValueError, match=r"got \[2, 3\]"):
        review.finish(1)
    review.finish(3)
    assert [i.id for i in review.dataset().images] == [3]


def test_pycocotools_and_detectron2_load_it(review, tmp_path):
    decide(review)
    files = scene_files(tmp_path / "set")
    files.images.mkdir(parents=True)
    Image.new("RGB", SIZE[::-1]).save(files.images / "1.png")
    write_coco(files.instances, review.dataset())
    coco = COCO(str(files.instances))
    found = [coco.annToMask(coco.anns[n]) for n in (1, 3, 5)]
    np.testing.assert_array_equal(found, review.dataset().masks(1))
    pytest.importorskip("detectron2")
    from detectron2.data import DatasetCatalog

    from seglab.instances.detectron.datasets import (
        forget,
        register_instances,
    )

    name = "tests_of_labelling"
    try:
        register_instances(name, tmp_path / "set")
        (record,) = DatasetCatalog.get(name)
    finally:
        forget(name)
    assert [a["category_id"] for a in record["annotations"]] == [0, 1, 0]


def test_nothing_is_written_for_what_cannot_be(review, path):
    with pytest.raises(KeyError, match="no proposal 9"):
        review.accept(9)
    with pytest.raises(KeyError, match="no proposal 9"):
        review.reject(9)
    with pytest.raises(ValueError, match="image's size"):
        review.correct(1, np.ones((3, 3), bool))
    with pytest.raises(ValueError, match="label"):
        review.correct(1, square(1, 1), label=3)
    with pytest.raises(ValueError, match="empty"):
        review.correct(1, np.zeros(SIZE, bool))
    with pytest.raises(KeyError, match="no image 7"):
        review.add(7, square(1, 1), 1)
    with pytest.raises(KeyError, match="no image 7"):
        review.finish(7)
    assert Journal(path).entries == ()


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "accepted", "id": 9},
        {"kind": "rejected", "id": 9},
        {"kind": "perhaps", "id": 1},
        {"kind": "corrected", "id": 1},
        {"kind": "finished", "image_id": 9},
        {"id": 1},
    ],
)
def test_a_journal_of_other_proposals_is_refused(path, entry):
    Journal(path).append(entry)
    with pytest.raises(ValueError, match="decisions on these proposals"):
        Review(ITEMS, Journal(path))
