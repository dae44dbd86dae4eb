"""Typical wrong answers to the exercises of chapter 18."""

_CENTRES = """\
    from matplotlib.path import Path
    rows, columns = np.mgrid[:height, :width]
    centres = np.stack([columns.ravel(), rows.ravel()], 1) + 0.5
"""

WRONG: dict[str, list[str]] = {
    "rasterise": [
        # one label per pixel: the later polygon erases the earlier one
        f"""\
def rasterise(shapes, names, height, width):
{_CENTRES}
    painted = np.zeros((height, width), int)
    for label, points in shapes:
        inside = Path(points).contains_points(centres)
        painted[inside.reshape(height, width)] = names.index(label) + 1
    return np.stack([painted == k + 1 for k in range(len(names))])
""",
        # a second polygon of a class replaces the first
        f"""\
def rasterise(shapes, names, height, width):
{_CENTRES}
    masks = np.zeros((len(names), height, width), bool)
    for label, points in shapes:
        inside = Path(points).contains_points(centres)
        masks[names.index(label)] = inside.reshape(height, width)
    return masks
""",
        # where two polygons of a class overlap they cancel
        f"""\
def rasterise(shapes, names, height, width):
{_CENTRES}
    masks = np.zeros((len(names), height, width), bool)
    for label, points in shapes:
        inside = Path(points).contains_points(centres)
        masks[names.index(label)] ^= inside.reshape(height, width)
    return masks
""",
        # row and column exchanged
        f"""\
def rasterise(shapes, names, height, width):
{_CENTRES}
    masks = np.zeros((len(names), height, width), bool)
    for label, points in shapes:
        inside = Path(points).contains_points(centres[:, ::-1])
        masks[names.index(label)] |= inside.reshape(height, width)
    return masks
""",
        # a list of those classes that are there
        f"""\
def rasterise(shapes, names, height, width):
{_CENTRES}
    masks = {{}}
    for label, points in shapes:
        inside = Path(points).contains_points(centres)
        inside = inside.reshape(height, width)
        masks[label] = masks.get(label, False) | inside
    return np.stack([masks[n] for n in names if n in masks])
""",
    ],
    "masks_from": [
        # softmax: the classes compete
        """\
def masks_from(logits, thresholds):
    limits = torch.as_tensor(thresholds, dtype=logits.dtype)
    return logits.softmax(1) > limits[:, None, None]
""",
        # one label per pixel
        """\
def masks_from(logits, thresholds):
    label = logits.argmax(1)
    hot = F.one_hot(label, logits.shape[1])
    return hot.permute(0, 3, 1, 2) > 0
""",
        # thresholds of probabilities, compared with logits
        """\
def masks_from(logits, thresholds):
    limits = torch.as_tensor(thresholds, dtype=logits.dtype)
    return logits > limits[:, None, None]
""",
        # one threshold for all classes
        """\
def masks_from(logits, thresholds):
    return logits.sigmoid() > 0.5
""",
        # their mean for all classes
        """\
def masks_from(logits, thresholds):
    return logits.sigmoid() > float(np.mean(thresholds))
""",
    ],
    "fold_of": [
        # every picture by itself
        """\
def fold_of(images, count):
    return [i % count for i in range(len(images))]
""",
        # grouped by shot: every patient is in every fold
        """\
def fold_of(images, count):
    return [int(n.split("_")[1].split(".")[0]) % count for n in images]
""",
        # a hash of the patient: whole patients, uneven folds
        """\
def fold_of(images, count):
    return [sum(map(ord, n.split("_")[0])) % count for n in images]
""",
        # patients dealt out evenly, pictures not
        """\
def fold_of(images, count):
    patients = sorted({n.split("_")[0] for n in images})
    return [patients.index(n.split("_")[0]) % count for n in images]
""",
        # blocks of a sorted list: a patient may be cut
        """\
def fold_of(images, count):
    place = {n: i for i, n in enumerate(sorted(images))}
    return [place[n] * count // len(images) for n in images]
""",
    ],
    "mirrored": [
        # the sides keep their names
        """\
def mirrored(probabilities, names):
    return probabilities[..., ::-1]
""",
        # the names change, the picture stays as it is
        """\
def mirrored(probabilities, names):
    swap = {"left": "right", "right": "left"}
    other = ["_".join(swap.get(p, p) for p in n.split("_")) for n in names]
    return probabilities[:, [names.index(n) for n in other]]
""",
        # turned upside down
        """\
def mirrored(probabilities, names):
    swap = {"left": "right", "right": "left"}
    other = ["_".join(swap.get(p, p) for p in n.split("_")) for n in names]
    order = [names.index(n) for n in other]
    return probabilities[:, order, ::-1]
""",
        # by place: the first half left, the second half right
        """\
def mirrored(probabilities, names):
    half = len(names) // 2
    order = [*range(half, len(names)), *range(half)]
    return probabilities[:, order, :, ::-1]
""",
        # left becomes right, and then all that is right becomes left
        """\
def mirrored(probabilities, names):
    other = [n.replace("left", "right").replace("right", "left")
             for n in names]
    return probabilities[:, [names.index(n) for n in other], :, ::-1]
""",
    ],
    "decode": [
        # row order
        """\
def decode(text, height, width):
    flat = np.zeros(height * width, bool)
    numbers = list(map(int, text.split()))
    for start, length in zip(numbers[::2], numbers[1::2]):
        flat[start - 1:start - 1 + length] = True
    return flat.reshape(height, width)
""",
        # counted from 0
        """\
def decode(text, height, width):
    flat = np.zeros(height * width, bool)
    numbers = list(map(int, text.split()))
    for start, length in zip(numbers[::2], numbers[1::2]):
        flat[start:start + length] = True
    return flat.reshape(width, height).T
""",
        # start and end
        """\
def decode(text, height, width):
    flat = np.zeros(height * width, bool)
    numbers = list(map(int, text.split()))
    for start, end in zip(numbers[::2], numbers[1::2]):
        flat[start - 1:end] = True
    return flat.reshape(width, height).T
""",
        # an empty text is no number
        """\
def decode(text, height, width):
    flat = np.zeros(height * width, bool)
    numbers = list(map(int, text.split(" ")))
    for start, length in zip(numbers[::2], numbers[1::2]):
        flat[start - 1:start - 1 + length] = True
    return flat.reshape(width, height).T
""",
    ],
    "encode": [
        # row order
        """\
def encode(mask):
    flat = np.concatenate([[0], mask.ravel(), [0]]).astype(int)
    ends = np.flatnonzero(np.diff(flat))
    pairs = zip(ends[::2] + 1, ends[1::2] - ends[::2])
    return " ".join(f"{a} {b}" for a, b in pairs)
""",
        # counted from 0
        """\
def encode(mask):
    flat = np.concatenate([[0], mask.T.ravel(), [0]]).astype(int)
    ends = np.flatnonzero(np.diff(flat))
    pairs = zip(ends[::2], ends[1::2] - ends[::2])
    return " ".join(f"{a} {b}" for a, b in pairs)
""",
        # start and end
        """\
def encode(mask):
    flat = np.concatenate([[0], mask.T.ravel(), [0]]).astype(int)
    ends = np.flatnonzero(np.diff(flat))
    return " ".join(f"{a + 1} {b}" for a, b in zip(ends[::2], ends[1::2]))
""",
        # a run that reaches the last pixel is lost
        """\
def encode(mask):
    flat = np.concatenate([[0], mask.T.ravel()]).astype(int)
    ends = np.flatnonzero(np.diff(flat))
    pairs = zip(ends[::2] + 1, ends[1::2] - ends[::2])
    return " ".join(f"{a} {b}" for a, b in pairs)
""",
    ],
}
