"""Panoptic maps by chance, and their counts by a loop over segments."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def slow_counts(prediction, truth, crowd, things, stuff, void, divisor):
    """tp, fp, fn, sum of IoU of each category, one segment at a time."""

    def segments(image, crowds):
        found = {}
        for index in np.ndindex(image.shape):
            category, number = divmod(int(image[index]), divisor)
            if category in stuff or crowds[index]:
                number = "crowd" if crowds[index] else 0
            key = category, number
            found.setdefault(key, np.zeros(image.shape, bool))[index] = True
        return found

    predicted = segments(prediction, np.zeros_like(crowd))
    true = segments(truth, crowd)
    is_void = truth // divisor == void
    result = {c: [0, 0, 0, 0.0] for c in (*things, *stuff)}
    matched = set()
    for (category, number), mask in true.items():
        if category == void or number == "crowd":
            continue
        for key, other in predicted.items():
            both = (mask & other).sum()
            union = (mask | other & ~is_void).sum()
            if key[0] == category and both / union > 0.5:
                matched.add(key)
                result[category][0] += 1
                result[category][3] += both / union
                break
        else:
            result[category][2] += 1
    for key, mask in predicted.items():
        if key in matched or key[0] == void:
            continue
        forgiven = is_void | true.get((key[0], "crowd"), is_void)
        if (mask & forgiven).sum() / mask.sum() <= 0.5:
            result[key[0]][1] += 1
    return result


@st.composite
def images(draw):
    """A prediction, a truth and a crowd mask of one odd shape."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=6))
    values = st.sampled_from(
        [0, 1, 1000, 1001, 1002, 2000, 2001, 9000, 9003]
    )
    maps = [draw(hnp.arrays(np.int64, shape, elements=values))]
    maps.append(draw(hnp.arrays(np.int64, shape, elements=values)))
    if draw(st.booleans()):  # chance alone seldom gives a match
        keep = draw(hnp.arrays(bool, shape))
        maps[0] = np.where(keep, maps[0], maps[1])
    return *maps, draw(hnp.arrays(bool, shape))
