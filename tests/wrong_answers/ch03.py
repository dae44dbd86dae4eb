"""Typical wrong answers to the exercises of chapter 03."""

WRONG: dict[str, list[str]] = {
    "runs": [
        # row order
        """\
def runs(mask):
    flat = np.concatenate([[0], mask.astype(int).ravel(), [0]])
    change = np.flatnonzero(np.diff(flat)) + 1
    starts, ends = change[::2], change[1::2]
    return " ".join(f"{s} {e - s}" for s, e in zip(starts, ends))
""",
        # counted from 0
        """\
def runs(mask):
    flat = np.concatenate([[0], mask.astype(int).T.ravel(), [0]])
    change = np.flatnonzero(np.diff(flat))
    starts, ends = change[::2], change[1::2]
    return " ".join(f"{s} {e - s}" for s, e in zip(starts, ends))
""",
        # ends in place of lengths
        """\
def runs(mask):
    flat = np.concatenate([[0], mask.astype(int).T.ravel(), [0]])
    change = np.flatnonzero(np.diff(flat)) + 1
    return " ".join(map(str, change))
""",
        # three faults mended, the border left
        """\
def runs(mask):
    flat = mask.T.ravel()
    change = np.flatnonzero(flat[1:] != flat[:-1]) + 2
    starts, ends = change[::2], change[1::2]
    return " ".join(f"{s} {e - s}" for s, e in zip(starts, ends))
""",
        # every column for itself
        """\
def runs(mask):
    parts = []
    for column in range(mask.shape[1]):
        flat = np.concatenate([[0], mask[:, column].astype(int), [0]])
        change = np.flatnonzero(np.diff(flat)) + 1
        for s, e in zip(change[::2], change[1::2]):
            parts.append(f"{s + column * mask.shape[0]} {e - s}")
    return " ".join(parts)
""",
    ],
    "augment": [
        # a seed for every call
        """\
def augment(image, mask, rng):
    from scipy import ndimage

    angle = np.random.default_rng(0).uniform(-20, 20)
    return (
        ndimage.rotate(image, angle, reshape=False, order=1),
        ndimage.rotate(mask, angle, reshape=False, order=0),
    )
""",
        # two angles
        """\
def augment(image, mask, rng):
    from scipy import ndimage

    return (
        ndimage.rotate(image, rng.uniform(-20, 20), reshape=False, order=1),
        ndimage.rotate(mask, rng.uniform(-20, 20), reshape=False, order=0),
    )
""",
        # a bilinear mask, rounded
        """\
def augment(image, mask, rng):
    from scipy import ndimage

    angle = rng.uniform(-20, 20)
    mask = ndimage.rotate(
        mask.astype(float), angle, reshape=False, order=1
    )
    return (
        ndimage.rotate(image, angle, reshape=False, order=1),
        mask.round().astype(int),
    )
""",
        # nearest for both
        """\
def augment(image, mask, rng):
    from scipy import ndimage

    angle = rng.uniform(-20, 20)
    return (
        ndimage.rotate(image, angle, reshape=False, order=0),
        ndimage.rotate(mask, angle, reshape=False, order=0),
    )
""",
        # the image alone
        """\
def augment(image, mask, rng):
    from scipy import ndimage

    angle = rng.uniform(-20, 20)
    return ndimage.rotate(image, angle, reshape=False, order=1), mask
""",
        # NumPy's global state in place of the generator
        """\
def augment(image, mask, rng):
    from scipy import ndimage

    angle = np.random.uniform(-20, 20)
    return (
        ndimage.rotate(image, angle, reshape=False, order=1),
        ndimage.rotate(mask, angle, reshape=False, order=0),
    )
""",
    ],
    "group_folds": [
        # items, one after the other
        """\
def group_folds(groups, folds):
    return np.arange(len(groups)) % folds
""",
        # groups in turn, whatever their size
        """\
def group_folds(groups, folds):
    group_of = np.unique(groups, return_inverse=True)[1]
    return group_of % folds
""",
        # groups by name, each to the emptiest fold
        """\
def group_folds(groups, folds):
    names, group_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group_of)
    filled = np.zeros(folds, int)
    fold_of = np.zeros(len(names), int)
    for group in range(len(names)):
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    return fold_of[group_of]
""",
        # counts groups, not items
        """\
def group_folds(groups, folds):
    names, group_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group_of)
    fold_of = np.zeros(len(names), int)
    order = np.argsort(-sizes, kind="stable")
    fold_of[order] = np.arange(len(names)) % folds
    return fold_of[group_of]
""",
        # one fold a group, not an item
        """\
def group_folds(groups, folds):
    names, group_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group_of)
    filled = np.zeros(folds, int)
    fold_of = np.zeros(len(names), int)
    for group in np.argsort(-sizes, kind="stable"):
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    return fold_of
""",
    ],
    "human_ceiling": [
        # against the majority of all
        """\
def human_ceiling(drawings):
    vote = drawings.mean(axis=0) > 0.5
    scores = []
    for drawn in drawings:
        total = vote.sum() + drawn.sum()
        scores.append(2 * (vote & drawn).sum() / total if total else 1.0)
    return float(np.mean(scores))
""",
        # a tie is a majority
        """\
def human_ceiling(drawings):
    scores = []
    for one in range(len(drawings)):
        others = np.delete(drawings, one, axis=0)
        vote = others.mean(axis=0) >= 0.5
        total = vote.sum() + drawings[one].sum()
        both = (vote & drawings[one]).sum()
        scores.append(2 * both / total if total else 1.0)
    return float(np.mean(scores))
""",
        # the mean over pairs
        """\
def human_ceiling(drawings):
    scores = []
    for one in range(len(drawings)):
        for other in range(one):
            a, b = drawings[one], drawings[other]
            total = a.sum() + b.sum()
            scores.append(2 * (a & b).sum() / total if total else 1.0)
    return float(np.mean(scores))
""",
        # nothing found is 0
        """\
def human_ceiling(drawings):
    scores = []
    for one in range(len(drawings)):
        others = np.delete(drawings, one, axis=0)
        vote = others.mean(axis=0) > 0.5
        total = vote.sum() + drawings[one].sum()
        both = (vote & drawings[one]).sum()
        scores.append(2 * both / max(total, 1))
    return float(np.mean(scores))
""",
        # IoU
        """\
def human_ceiling(drawings):
    scores = []
    for one in range(len(drawings)):
        others = np.delete(drawings, one, axis=0)
        vote = others.mean(axis=0) > 0.5
        union = (vote | drawings[one]).sum()
        both = (vote & drawings[one]).sum()
        scores.append(both / union if union else 1.0)
    return float(np.mean(scores))
""",
    ],
}
