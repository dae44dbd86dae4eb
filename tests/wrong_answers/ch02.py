"""Typical wrong answers to the exercises of chapter 02."""

WRONG: dict[str, list[str]] = {
    "dice_to_iou": [
        # the conversion the other way round
        "def dice_to_iou(dice):\n    return 2 * dice / (1 + dice)\n",
        "def dice_to_iou(dice):\n    return dice / 2\n",
        "def dice_to_iou(dice):\n    return dice / (1 + dice)\n",
        # right for a number, not for an array
        """\
def dice_to_iou(dice):
    return dice / (2 - dice) if dice > 0 else 0.0
""",
    ],
    "disc_scores": [
        # the printed numbers
        """\
def disc_scores(radius, distance, size=100):
    return 0.6667, 0.8
""",
        # Dice first
        """\
def disc_scores(radius, distance, size=100):
    y, x = np.mgrid[:size, :size] - size // 2
    a = x**2 + y**2 <= radius**2
    b = (x - distance) ** 2 + y**2 <= radius**2
    both = (a & b).sum()
    return 2 * both / (a.sum() + b.sum()), both / (a | b).sum()
""",
        # the rim is left out
        """\
def disc_scores(radius, distance, size=100):
    y, x = np.mgrid[:size, :size] - size // 2
    a = x**2 + y**2 < radius**2
    b = (x - distance) ** 2 + y**2 < radius**2
    both = (a & b).sum()
    return both / (a | b).sum(), 2 * both / (a.sum() + b.sum())
""",
        # the sum of the sizes in place of the union
        """\
def disc_scores(radius, distance, size=100):
    y, x = np.mgrid[:size, :size] - size // 2
    a = x**2 + y**2 <= radius**2
    b = (x - distance) ** 2 + y**2 <= radius**2
    both = (a & b).sum()
    total = a.sum() + b.sum()
    return both / total, 2 * both / total
""",
        # the numbers of the text in place of the arguments
        """\
def disc_scores(radius, distance, size=100):
    y, x = np.mgrid[:100, :100] - 50
    a = x**2 + y**2 <= 400
    b = (x - distance) ** 2 + y**2 <= 400
    both = (a & b).sum()
    return both / (a | b).sum(), 2 * both / (a.sum() + b.sum())
""",
    ],
    "accumulated_miou": [
        # the mean of the batches
        """\
def accumulated_miou(batches, num_classes, ignore_index=255):
    means = []
    for prediction, truth in batches:
        keep = truth != ignore_index
        p, t = prediction[keep], truth[keep]
        ious = []
        for c in range(num_classes):
            union = ((p == c) | (t == c)).sum()
            if union:
                ious.append(((p == c) & (t == c)).sum() / union)
        means.append(np.mean(ious) if ious else np.nan)
    return np.mean(means)
""",
        # absent classes count 0
        """\
def accumulated_miou(batches, num_classes, ignore_index=255):
    both = np.zeros(num_classes)
    union = np.zeros(num_classes)
    for prediction, truth in batches:
        keep = truth != ignore_index
        p, t = prediction[keep], truth[keep]
        for c in range(num_classes):
            both[c] += ((p == c) & (t == c)).sum()
            union[c] += ((p == c) | (t == c)).sum()
    return np.mean(both / np.maximum(union, 1))
""",
        # predicted classes are left out if the truth does not have them
        """\
def accumulated_miou(batches, num_classes, ignore_index=255):
    both = np.zeros(num_classes)
    union = np.zeros(num_classes)
    size = np.zeros(num_classes)
    for prediction, truth in batches:
        keep = truth != ignore_index
        p, t = prediction[keep], truth[keep]
        for c in range(num_classes):
            both[c] += ((p == c) & (t == c)).sum()
            union[c] += ((p == c) | (t == c)).sum()
            size[c] += (t == c).sum()
    if not size.any():
        return float("nan")
    return np.mean(both[size > 0] / union[size > 0])
""",
        # ignored pixels are errors of the prediction
        """\
def accumulated_miou(batches, num_classes, ignore_index=255):
    both = np.zeros(num_classes)
    union = np.zeros(num_classes)
    for p, t in batches:
        for c in range(num_classes):
            both[c] += ((p == c) & (t == c)).sum()
            union[c] += ((p == c) | (t == c)).sum()
    if not union.any():
        return float("nan")
    return np.mean(both[union > 0] / union[union > 0])
""",
    ],
    "honest_scores": [
        # the colleague's pair
        """\
def honest_scores(prediction, truth, empty=1.0):
    both = (prediction & truth).sum()
    union = (prediction | truth).sum()
    total = prediction.sum() + truth.sum()
    iou = both / union if union else 0.0
    return iou, (2 * both + 1) / (total + 1)
""",
        # MONAI's default: an empty truth decides alone
        """\
def honest_scores(prediction, truth, empty=1.0):
    if not truth.any():
        return empty, empty
    both = (prediction & truth).sum()
    total = prediction.sum() + truth.sum()
    return both / (total - both), 2 * both / total
""",
        # a small smoothing is a smoothing still: nothing found scores 1
        """\
def honest_scores(prediction, truth, empty=1.0):
    both = (prediction & truth).sum() + 1e-6
    total = prediction.sum() + truth.sum() + 2e-6
    return both / (total - both), 2 * both / total
""",
        # the argument is not used
        """\
def honest_scores(prediction, truth, empty=1.0):
    both = (prediction & truth).sum()
    total = prediction.sum() + truth.sum()
    if total == 0:
        return 1.0, 1.0
    return both / (total - both), 2 * both / total
""",
    ],
    "hd95_of_points": [
        # both directions pooled, as medpy does
        """\
def hd95_of_points(prediction, truth, spacing):
    if not len(prediction) or not len(truth):
        return 0.0 if len(prediction) == len(truth) else np.inf
    steps = (prediction[:, None] - truth[None]) * np.asarray(spacing)
    table = np.sqrt((steps**2).sum(axis=2))
    pool = np.concatenate([table.min(axis=0), table.min(axis=1)])
    return np.percentile(pool, 95)
""",
        # in pixels, and multiplied afterwards
        """\
def hd95_of_points(prediction, truth, spacing):
    if not len(prediction) or not len(truth):
        return 0.0 if len(prediction) == len(truth) else np.inf
    steps = prediction[:, None] - truth[None]
    table = np.sqrt((steps**2).sum(axis=2)) * spacing[0]
    return max(np.percentile(table.min(axis=a), 95) for a in (0, 1))
""",
        # a miss is not a number
        """\
def hd95_of_points(prediction, truth, spacing):
    if not len(prediction) or not len(truth):
        return np.nan
    steps = (prediction[:, None] - truth[None]) * np.asarray(spacing)
    table = np.sqrt((steps**2).sum(axis=2))
    return max(np.percentile(table.min(axis=a), 95) for a in (0, 1))
""",
        # the Hausdorff distance itself
        """\
def hd95_of_points(prediction, truth, spacing):
    if not len(prediction) or not len(truth):
        return 0.0 if len(prediction) == len(truth) else np.inf
    steps = (prediction[:, None] - truth[None]) * np.asarray(spacing)
    table = np.sqrt((steps**2).sum(axis=2))
    return max(table.min(axis=0).max(), table.min(axis=1).max())
""",
    ],
    "honest_report": [
        # misses are counted, and left out of the mean
        """\
def honest_report(pairs):
    from seglab.metrics import hd95

    values = np.array([hd95(p, t) for p, t in pairs])
    found = np.isfinite(values)
    return values[found].mean(), np.count_nonzero(~found)
""",
        # all pixels still, but misses have their price
        """\
def honest_report(pairs):
    from scipy import ndimage

    values, misses = [], 0
    for p, t in pairs:
        if p.any() != t.any():
            misses += 1
            values.append(np.hypot(*t.shape))
        elif not p.any():
            values.append(0.0)
        else:
            to_truth = ndimage.distance_transform_edt(~t)[p]
            to_guess = ndimage.distance_transform_edt(~p)[t]
            values.append(
                max(
                    np.percentile(to_truth, 95),
                    np.percentile(to_guess, 95),
                )
            )
    return np.mean(values), misses
""",
        # two empty masks are called a miss
        """\
def honest_report(pairs):
    from seglab.metrics import hd95

    values, misses = [], 0
    for p, t in pairs:
        if p.any() and t.any():
            values.append(hd95(p, t))
        else:
            misses += 1
            values.append(np.hypot(*t.shape))
    return np.mean(values), misses
""",
    ],
    "sq_and_rq": [
        # ids are taken for names that both maps share
        """\
def sq_and_rq(prediction, truth, void=-1):
    ious = []
    for t in np.setdiff1d(truth, [0, void]):
        both = ((prediction == t) & (truth == t)).sum()
        mine = (prediction == t) & (truth != void)
        ious.append(both / (mine | (truth == t)).sum())
    fits = [iou for iou in ious if iou > 0.5]
    segments = len(np.setdiff1d(prediction, [0]))
    errors = segments + len(ious) - 2 * len(fits)
    sq = np.mean(fits) if fits else 0.0
    return sq, len(fits) / (len(fits) + errors / 2)
""",
        # one half is a match, and void counts as background
        """\
def sq_and_rq(prediction, truth, void=-1):
    true, guess = (
        [m == i for i in np.setdiff1d(m, [0, void])]
        for m in (truth, prediction)
    )
    ious = [(p & t).sum() / (p | t).sum() for t in true for p in guess]
    fits = [iou for iou in ious if iou >= 0.5]
    errors = len(true) + len(guess) - 2 * len(fits)
    sq = np.mean(fits) if fits else 0.0
    return sq, len(fits) / (len(fits) + errors / 2)
""",
        # void leaves the union, but a segment on it is a false alarm
        """\
def sq_and_rq(prediction, truth, void=-1):
    true = [truth == i for i in np.setdiff1d(truth, [0, void])]
    guess = [prediction == i for i in np.setdiff1d(prediction, [0])]
    keep = truth != void
    ious = [
        (p & t).sum() / ((p & keep) | t).sum() for t in true for p in guess
    ]
    fits = [iou for iou in ious if iou > 0.5]
    errors = len(true) + len(guess) - 2 * len(fits)
    sq = np.mean(fits) if fits else 0.0
    return sq, len(fits) / (len(fits) + errors / 2)
""",
        # SQ over all true segments, matched or not
        """\
def sq_and_rq(prediction, truth, void=-1):
    keep = truth != void
    true = [truth == i for i in np.setdiff1d(truth, [0, void])]
    guess = [
        (prediction == i) & keep
        for i in np.setdiff1d(prediction, [0])
        if keep[prediction == i].mean() >= 0.5
    ]
    ious = [(p & t).sum() / (p | t).sum() for t in true for p in guess]
    fits = [iou for iou in ious if iou > 0.5]
    errors = len(true) + len(guess) - 2 * len(fits)
    return sum(fits) / len(true), len(fits) / (len(fits) + errors / 2)
""",
    ],
}
