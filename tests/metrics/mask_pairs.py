"""Pairs of masks for property tests: tiny, odd, empty and full ones."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SIZES = st.sampled_from([0.5, 1.0, 1.7, 3.0])


@st.composite
def pairs_and_spacing(draw, min_dims=2, max_dims=2):
    shape = draw(
        hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, max_side=6)
    )
    masks = [
        draw(hnp.arrays(bool, shape) | st.just(np.full(shape, value)))
        for value in (False, True)
    ]
    return *masks, draw(st.tuples(*[SIZES] * len(shape)))


def disc(shape, centre, radius):
    """A disc, a ball or an ellipse: radius in the unit of the centre."""
    grid = np.indices(shape, sparse=True)
    radii = np.broadcast_to(radius, len(shape))
    parts = zip(grid, centre, radii, strict=True)
    return sum(((g - c) / r) ** 2 for g, c, r in parts) <= 1
