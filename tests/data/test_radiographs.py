"""The radiographs that come with the package."""

import dataclasses

import numpy as np
import pytest

from seglab.data import catalog, chest, projection, radiographs

needs_scan = pytest.mark.skipif(
    catalog.find("chest") is None, reason="the chest CT is not here"
)


@pytest.fixture(scope="module")
def films():
    return radiographs.load_radiographs()


def test_the_file_is_small():
    assert radiographs._FILE.stat().st_size < 5_000_000


def test_there_are_films_of_many_virtual_patients(films):
    assert films.images.shape == (144, 192, 192)
    assert films.images.dtype == np.uint8
    assert len(films) == 144
    assert np.unique(films.patient).tolist() == list(range(48))
    assert (np.bincount(films.patient) == 3).all()
    assert films.shot[:4].tolist() == [0, 1, 2, 0]
    assert films.spacing_mm == (1.5625, 1.5625)


def test_all_names_that_the_book_uses_are_there(films):
    ribs = {
        f"rib_{side}_{number}"
        for side in ("left", "right")
        for number in range(1, 13)
    }
    spine = {f"vertebra_T{number}" for number in range(1, 13)}
    others = {"heart", "ribs", "vertebrae", "vertebra_C7"}
    assert {*projection.LUNG_NAMES, *ribs, *spine, *others} <= set(
        films.names
    )
    assert len(set(films.names)) == len(films.names)


def test_no_film_is_black_or_lacks_what_it_should_show(films):
    means = films.images.mean(axis=(1, 2))
    assert means.min() > 60
    assert means.max() < 190
    assert films.images.std(axis=(1, 2)).min() > 25
    for name in (*projection.LUNG_NAMES, "heart", "ribs", "vertebra_T6"):
        assert films.mask(name).any(axis=(1, 2)).all()


def test_the_lung_definitions_are_nested_and_differ(films):
    lungs, above, clear = (films.mask(n) for n in projection.LUNG_NAMES)
    heart = films.mask("heart")
    assert not (above & ~lungs).any()
    assert np.array_equal(clear, above & ~heart)
    dice = 2 * (lungs & above).sum() / (lungs.sum() + above.sum())
    assert 0.7 < dice < 0.9


def test_unions_are_the_unions_of_their_parts(films):
    for union, start in (("ribs", "rib_"), ("vertebrae", "vertebra_")):
        parts = [n for n in films.names if n.startswith(start)]
        assert np.array_equal(
            films.mask(union), films.masks(parts).any(axis=1)
        )


def test_structures_overlap_as_shadows_do(films):
    ribs = [name for name in films.names if name.startswith("rib_")]
    layers = films.masks([*ribs, "heart", "lungs_silhouette", "vertebrae"])
    assert 0.3 < (layers.sum(axis=1) >= 2).mean() < 0.5


def test_lungs_are_dark_and_the_heart_is_on_the_right(films):
    columns = np.arange(192)
    for image, heart, lungs, spine in zip(
        films.images,
        films.mask("heart"),
        films.mask("lungs_clear"),
        films.mask("vertebrae"),
        strict=True,
    ):
        assert image[lungs & ~spine].mean() < image[heart].mean() - 15
        middle = (heart.sum(0) * columns).sum() / heart.sum()
        assert middle > (spine.sum(0) * columns).sum() / spine.sum()


def test_masks_come_in_the_order_asked(films):
    both = films.masks(("heart", "ribs"))
    assert both.shape == (144, 2, 192, 192)
    assert both.dtype == bool
    assert np.array_equal(both[:, 1], films.mask("ribs"))


def test_an_unknown_name_is_refused(films):
    with pytest.raises(ValueError, match="name must be one of lungs_"):
        films.mask("lung")
    with pytest.raises(ValueError, match="sequence of mask names"):
        films.masks("heart")
    with pytest.raises(ValueError, match="sequence of mask names"):
        films.masks([])


def few(films, size=37):
    """A handful of odd-sized films."""
    masks = films.masks(films.names[:5])[:4, :, :size, : size + 4]
    return dataclasses.replace(
        films,
        images=films.images[:4, :size, : size + 4],
        patient=films.patient[:4],
        shot=films.shot[:4],
        names=films.names[:5],
        packed=np.packbits(masks, axis=-1),
    )


def test_writing_and_reading_loses_nothing(films, tmp_path):
    small = few(films)
    radiographs.write_radiographs(tmp_path / "a.npz", small)
    again = radiographs.read_radiographs(tmp_path / "a.npz")
    assert np.array_equal(again.images, small.images)
    assert np.array_equal(again.patient, small.patient)
    assert np.array_equal(again.shot, small.shot)
    assert again.names == small.names
    assert again.spacing_mm == small.spacing_mm
    assert np.array_equal(
        again.mask("heart"), films.mask("heart")[:4, :37, :41]
    )
    radiographs.write_radiographs(tmp_path / "b.npz", again)
    first, second = (tmp_path / name for name in ("a.npz", "b.npz"))
    assert first.read_bytes() == second.read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_file_is_refused(films, tmp_path):
    path = tmp_path / "films.npz"
    radiographs.write_radiographs(path, few(films))
    content = path.read_bytes()
    for damaged in (
        content[: len(content) // 2],
        content[:300] + b"\xff\x00\xff" + content[303:],
        b"",
        b"not an archive",
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged"):
            radiographs.read_radiographs(path)


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="install seglab again"):
        radiographs.read_radiographs(tmp_path / "none.npz")


@needs_scan
def test_the_projector_still_makes_the_committed_film(films):
    index = 76
    film = projection.render(
        chest.load_scan(), int(films.patient[index]), index
    )
    change = film.image.astype(float) - films.images[index]
    assert np.abs(change).mean() < 0.5
    for name in ("lungs_above_diaphragm", "heart", "ribs"):
        mask = film.masks[film.names.index(name)]
        assert (mask != films.mask(name)[index]).mean() < 0.002
