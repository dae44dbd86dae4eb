"""Panels, outlines and legends."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from seglab.viz import draw_contours, label_legend, show_panels
from seglab.viz.style import use_style


@pytest.fixture(autouse=True)
def _plain_and_closed():
    with plt.rc_context():
        yield
    plt.close("all")


def corner(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[0, 0].tolist()


def test_panels_stand_on_an_opaque_white_card_in_a_dark_style():
    plt.style.use("dark_background")
    figure = show_panels([np.eye(4)], ["one"])
    assert corner(figure) == [255, 255, 255, 255]
    assert figure.axes[0].title.get_color() == "#1a1a1a"


def test_use_style_sets_the_white_card_for_plain_figures():
    plt.style.use("dark_background")
    use_style()
    figure, _ = plt.subplots()
    assert corner(figure) == [255, 255, 255, 255]
    assert figure.dpi == 144


def test_one_panel_an_image_in_rows():
    images = [np.zeros((3, 5))] * 5
    figure = show_panels(images, columns=3)
    assert len(figure.axes) == 5
    assert all(len(ax.images) == 1 for ax in figure.axes)


def test_a_mask_is_painted_and_none_leaves_the_image_bare():
    image = np.zeros((3, 5))
    figure = show_panels([image] * 2, masks=[None, np.ones((3, 5), int)])
    bare, painted = (ax.images[0].get_array() for ax in figure.axes)
    assert bare.shape == (3, 5)
    assert painted.shape == (3, 5, 3)
    assert painted.max() > 0


def test_grey_images_of_any_range_and_limits():
    figure = show_panels([np.array([[-1000, 900]])], limits=(-160, 240))
    assert figure.axes[0].images[0].get_clim() == (-160, 240)


def test_panels_keep_the_shape_of_a_pixel():
    figure = show_panels([np.zeros((4, 4))], aspect=2.0)
    assert figure.axes[0].get_aspect() == 2.0


def test_names_make_a_legend():
    figure = show_panels(
        [np.zeros((3, 5))], masks=[np.ones((3, 5), int)], names=["lungs"]
    )
    assert figure.legends[0].get_texts()[0].get_text() == "lungs"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([],), "images must hold one or more"),
        (([np.eye(2)], ["a", "b"]), "titles must hold one for each of 1"),
        (([np.zeros((0, 3))],), "not empty"),
        (([np.zeros(3)],), r"got shape \(3,\)"),
    ],
)
def test_wrong_panels_are_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        show_panels(*arguments)


def test_wrong_counts_are_named():
    with pytest.raises(ValueError, match="masks must hold one for each"):
        show_panels([np.eye(2)], masks=[])
    with pytest.raises(ValueError, match="columns must be 1 or more"):
        show_panels([np.eye(2)], columns=0)


def outline(ax):
    return ax.collections[0].get_paths()[0].vertices


def test_an_outline_closes_at_the_border_and_keeps_the_view():
    _, ax = plt.subplots()
    ax.imshow(np.zeros((4, 4)))
    before = ax.get_xlim(), ax.get_ylim()
    draw_contours(ax, np.ones((4, 4), bool))
    assert (ax.get_xlim(), ax.get_ylim()) == before
    path = outline(ax)
    np.testing.assert_allclose(path[0], path[-1])
    np.testing.assert_allclose(path.min(), -0.5)
    np.testing.assert_allclose(path.max(), 3.5)


def test_one_outline_a_label_in_its_colour():
    _, ax = plt.subplots()
    mask = np.array([[1, 0, 3]])
    draw_contours(ax, mask, colours=["red", "green", "blue"])
    drawn = [c.get_edgecolor()[0, :3].tolist() for c in ax.collections]
    assert drawn == [[1, 0, 0], [0, 0, 1]]


def test_an_empty_mask_draws_nothing():
    _, ax = plt.subplots()
    draw_contours(ax, np.zeros((2, 4, 4), bool))
    draw_contours(ax, np.zeros((4, 4), int))
    assert not ax.collections


def test_legend_beside_an_axes_and_too_few_colours():
    _, ax = plt.subplots()
    legend = label_legend(ax, ["a", "b"], colours=["red", "blue"])
    assert len(legend.get_patches()) == 2
    with pytest.raises(ValueError, match="each of 2 names, got 1"):
        label_legend(ax, ["a", "b"], colours=["red"])
