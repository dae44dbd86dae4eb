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
}
