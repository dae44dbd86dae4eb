"""Cleaning label maps: parts, holes, thin places, touching objects."""

from seglab.postprocess.components import (
    Components,
    fill_holes,
    find_components,
    keep_largest,
    remove_small,
)
from seglab.postprocess.morphology import close_labels, open_labels
from seglab.postprocess.outlines import smooth_outlines
from seglab.postprocess.shape import fill_hulls, keep_inside, name_sides
from seglab.postprocess.splitting import split_by_markers, split_touching

__all__ = [
    "Components",
    "close_labels",
    "fill_holes",
    "fill_hulls",
    "find_components",
    "keep_inside",
    "keep_largest",
    "name_sides",
    "open_labels",
    "remove_small",
    "smooth_outlines",
    "split_by_markers",
    "split_touching",
]
