"""Typical wrong answers to the exercises of chapter 15."""

WRONG: dict[str, list[str]] = {
    "cover": [
        # the last window is left out
        """\
def cover(length, window, step):
    return list(range(0, length - window, step))
""",
        # the window that fits exactly is there, the rest is not
        """\
def cover(length, window, step):
    return list(range(0, length - window + 1, step)) or [0]
""",
        # the last window sticks out
        """\
def cover(length, window, step):
    starts = [0]
    while starts[-1] + window < length:
        starts.append(starts[-1] + step)
    return starts
""",
        # the last one twice where it fits exactly
        """\
def cover(length, window, step):
    last = max(0, length - window)
    return [*range(0, last + 1, step), last]
""",
        # negative for an image shorter than a window
        """\
def cover(length, window, step):
    last = length - window
    return [*range(0, last, step), last]
""",
        # spread evenly in place of a step apart
        """\
def cover(length, window, step):
    last = max(0, length - window)
    count = int(np.ceil(last / step)) + 1
    return sorted({int(x) for x in np.linspace(0, last, count)})
""",
    ],
    "flip_mean": [
        # nothing undone
        """\
def flip_mean(images, network, mirror):
    return (network(images) + network(images.flip(-1))) / 2
""",
        # the map is flipped back, the names are not
        """\
def flip_mean(images, network, mirror):
    return (network(images) + network(images.flip(-1)).flip(-1)) / 2
""",
        # the names are, the map is not
        """\
def flip_mean(images, network, mirror):
    back = network(images.flip(-1))[:, mirror]
    return (network(images) + back) / 2
""",
        # both outputs renamed
        """\
def flip_mean(images, network, mirror):
    back = network(images.flip(-1)).flip(-1)
    return ((network(images) + back) / 2)[:, mirror]
""",
        # rows for columns
        """\
def flip_mean(images, network, mirror):
    back = network(images.flip(-2)).flip(-2)[:, mirror]
    return (network(images) + back) / 2
""",
        # the sum
        """\
def flip_mean(images, network, mirror):
    back = network(images.flip(-1)).flip(-1)[:, mirror]
    return network(images) + back
""",
    ],
    "threshold_for_recall": [
        # a quantile of all pixels
        """\
def threshold_for_recall(probability, truth, recall):
    if not truth.any():
        raise ValueError("no true pixel")
    return float(np.quantile(probability, 1 - recall))
""",
        # a quantile of the true ones, interpolated
        """\
def threshold_for_recall(probability, truth, recall):
    if not truth.any():
        raise ValueError("no true pixel")
    return float(np.quantile(probability[truth], 1 - recall))
""",
        # rounded down: one too few
        """\
def threshold_for_recall(probability, truth, recall):
    found = np.sort(probability[truth])[::-1]
    if not len(found):
        raise ValueError("no true pixel")
    return float(found[max(int(recall * len(found)), 1) - 1])
""",
        # the lowest that finds enough
        """\
def threshold_for_recall(probability, truth, recall):
    if not truth.any():
        raise ValueError("no true pixel")
    return float(probability[truth].min())
""",
        # a coarse grid
        """\
def threshold_for_recall(probability, truth, recall):
    if not truth.any():
        raise ValueError("no true pixel")
    for t in np.linspace(1, 0, 51):
        if (probability[truth] >= t).mean() >= recall:
            return float(t)
""",
        # nothing to find is no error
        """\
def threshold_for_recall(probability, truth, recall):
    found = np.sort(probability[truth])[::-1]
    if not len(found):
        return 0.5
    needed = int(np.ceil(recall * len(found) - 1e-9))
    return float(found[max(needed, 1) - 1])
""",
    ],
    "classes_at_size": [
        # interpolated names
        """\
def classes_at_size(logits, size):
    classes = logits.argmax(0).float()
    large = F.interpolate(classes[None, None], size, mode="bilinear")
    return large[0, 0].round().long()
""",
        # no new class, but a staircase
        """\
def classes_at_size(logits, size):
    classes = logits.argmax(0).float()
    large = F.interpolate(classes[None, None], size, mode="nearest")
    return large[0, 0].long()
""",
        # logits resized by the nearest neighbour: the same staircase
        """\
def classes_at_size(logits, size):
    return F.interpolate(logits[None], size, mode="nearest")[0].argmax(0)
""",
        # one-hot first: the decision comes too early
        """\
def classes_at_size(logits, size):
    hot = F.one_hot(logits.argmax(0), len(logits)).movedim(-1, 0).float()
    return F.interpolate(hot[None], size, mode="bilinear")[0].argmax(0)
""",
        # height and width exchanged
        """\
def classes_at_size(logits, size):
    large = F.interpolate(logits[None], size[::-1], mode="bilinear")
    return large[0].argmax(0)
""",
        # corners aligned: the border lies elsewhere
        """\
def classes_at_size(logits, size):
    large = F.interpolate(
        logits[None], size, mode="bilinear", align_corners=True
    )
    return large[0].argmax(0)
""",
    ],
    "calibration_error": [
        # one gap over all pixels: bins cancel
        """\
def calibration_error(confidence, right, bins):
    return float(abs(np.mean(confidence) - np.mean(right)))
""",
        # the mean error of single pixels
        """\
def calibration_error(confidence, right, bins):
    return float(np.abs(confidence - right).mean())
""",
        # every bin weighs the same
        """\
def calibration_error(confidence, right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].mean() - right[place == b].mean())
            for b in range(bins) if (place == b).any()]
    return float(np.mean(gaps))
""",
        # the largest gap
        """\
def calibration_error(confidence, right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].mean() - right[place == b].mean())
            for b in range(bins) if (place == b).any()]
    return float(max(gaps))
""",
        # the middle of a bin in place of its mean confidence
        """\
def calibration_error(confidence, right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        here = place == b
        if here.any():
            gap = abs((b + 0.5) / bins - right[here].mean())
            total += here.mean() * gap
    return float(total)
""",
        # a confidence of 1 falls out
        """\
def calibration_error(confidence, right, bins):
    total = 0.0
    for b in range(bins):
        here = (confidence >= b / bins) & (confidence < (b + 1) / bins)
        if here.any():
            gap = abs(confidence[here].mean() - right[here].mean())
            total += here.mean() * gap
    return float(total)
""",
    ],
}
