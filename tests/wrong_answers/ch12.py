"""Typical wrong answers to the exercises of chapter 12."""

WRONG: dict[str, list[str]] = {
    "box_tokens": [
        # half a pixel forgotten
        """\
def box_tokens(box, side, frequencies, corners):
    places = torch.as_tensor(box, dtype=torch.float32).reshape(2, 2)
    angles = 2 * torch.pi * (2 * places / side - 1) @ frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1) + corners
""",
        # y before x
        """\
def box_tokens(box, side, frequencies, corners):
    places = torch.as_tensor(box, dtype=torch.float32).reshape(2, 2)
    scaled = 2 * (places.flip(1) + 0.5) / side - 1
    angles = 2 * torch.pi * scaled @ frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1) + corners
""",
        # both corners of one kind
        """\
def box_tokens(box, side, frequencies, corners):
    places = torch.as_tensor(box, dtype=torch.float32).reshape(2, 2)
    scaled = 2 * (places + 0.5) / side - 1
    angles = 2 * torch.pi * scaled @ frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1) + corners[0]
""",
        # scaled to [0, 1]
        """\
def box_tokens(box, side, frequencies, corners):
    places = torch.as_tensor(box, dtype=torch.float32).reshape(2, 2)
    angles = 2 * torch.pi * (places + 0.5) / side @ frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1) + corners
""",
        # the side of the chapter in place of the argument
        """\
def box_tokens(box, side, frequencies, corners):
    places = torch.as_tensor(box, dtype=torch.float32).reshape(2, 2)
    angles = 2 * torch.pi * (2 * (places + 0.5) / 128 - 1) @ frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1) + corners
""",
        # radians forgotten
        """\
def box_tokens(box, side, frequencies, corners):
    places = torch.as_tensor(box, dtype=torch.float32).reshape(2, 2)
    angles = (2 * (places + 0.5) / side - 1) @ frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1) + corners
""",
    ],
    "stable": [
        # against the mask itself in place of the larger one
        """\
def stable(logits, offset, least):
    small = (logits > offset).flatten(1).sum(1).float()
    large = (logits > 0).flatten(1).sum(1).clamp(min=1)
    scores = (small / large).tolist()
    kept = [k for k, s in enumerate(scores) if s >= least]
    return sorted(kept, key=lambda k: -scores[k])
""",
        # nothing divided by nothing
        """\
def stable(logits, offset, least):
    small = (logits > offset).flatten(1).sum(1).float()
    large = (logits > -offset).flatten(1).sum(1)
    scores = (small / large).tolist()
    kept = [k for k, s in enumerate(scores) if s >= least]
    return sorted(kept, key=lambda k: -scores[k])
""",
        # in the order that came
        """\
def stable(logits, offset, least):
    small = (logits > offset).flatten(1).sum(1).float()
    large = (logits > -offset).flatten(1).sum(1).clamp(min=1)
    return [k for k, s in enumerate((small / large).tolist()) if s >= least]
""",
        # one at the limit goes
        """\
def stable(logits, offset, least):
    small = (logits > offset).flatten(1).sum(1).double()
    large = (logits > -offset).flatten(1).sum(1).clamp(min=1)
    scores = (small / large).tolist()
    kept = [k for k, s in enumerate(scores) if s > least]
    return sorted(kept, key=lambda k: -scores[k])
""",
        # reversed, so that ties are too
        """\
def stable(logits, offset, least):
    small = (logits > offset).flatten(1).sum(1).double()
    large = (logits > -offset).flatten(1).sum(1).clamp(min=1)
    scores = (small / large).tolist()
    kept = [k for k, s in enumerate(scores) if s >= least]
    return sorted(kept, key=lambda k: scores[k])[::-1]
""",
    ],
    "full_mask": [
        # the code of the text
        """\
def full_mask(logits, shrunk, size):
    small = (logits > 0).float()
    return F.interpolate(small[None, None], size, mode="nearest")[0, 0] > 0
""",
        # the padding is still there
        """\
def full_mask(logits, shrunk, size):
    full = F.interpolate(logits[None, None], size, mode="bilinear")
    return full[0, 0] > 0
""",
        # the padding goes, the threshold comes first
        """\
def full_mask(logits, shrunk, size):
    small = (logits > 0).float()[None, None]
    square = F.interpolate(small, (128, 128), mode="nearest")
    inside = square[..., : shrunk[0], : shrunk[1]]
    return F.interpolate(inside, size, mode="nearest")[0, 0] > 0
""",
        # rows and columns exchanged
        """\
def full_mask(logits, shrunk, size):
    square = F.interpolate(logits[None, None], (128, 128), mode="bilinear")
    inside = square[..., : shrunk[1], : shrunk[0]]
    return F.interpolate(inside, size, mode="bilinear")[0, 0] > 0
""",
        # cut out of the small logits, in pixels of the large
        """\
def full_mask(logits, shrunk, size):
    inside = logits[None, None, : shrunk[0], : shrunk[1]]
    return F.interpolate(inside, size, mode="bilinear")[0, 0] > 0
""",
        # logits in place of a mask
        """\
def full_mask(logits, shrunk, size):
    square = F.interpolate(logits[None, None], (128, 128), mode="bilinear")
    inside = square[..., : shrunk[0], : shrunk[1]]
    return F.interpolate(inside, size, mode="bilinear")[0, 0]
""",
    ],
    "correct": [
        # without padding
        """\
def correct(truth, found):
    from scipy import ndimage
    best = (0.0, None)
    for label, wrong in ((1, truth & ~found), (0, found & ~truth)):
        depth = ndimage.distance_transform_edt(wrong)
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        if depth[y, x] > best[0]:
            best = (depth[y, x], (int(x), int(y), label))
    return best[1]
""",
        # the middle of the box around the error
        """\
def correct(truth, found):
    missed, extra = truth & ~found, found & ~truth
    if not (missed.any() or extra.any()):
        return None
    label = int(missed.sum() >= extra.sum())
    rows, columns = np.nonzero(missed if label else extra)
    x = (columns.min() + columns.max()) // 2
    return int(x), int((rows.min() + rows.max()) // 2), label
""",
        # row before column
        """\
def correct(truth, found):
    from scipy import ndimage
    best = (0.0, None)
    for label, wrong in ((1, truth & ~found), (0, found & ~truth)):
        framed = np.pad(wrong, 1)
        depth = ndimage.distance_transform_edt(framed)[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        if depth[y, x] > best[0]:
            best = (depth[y, x], (int(y), int(x), label))
    return best[1]
""",
        # labels exchanged
        """\
def correct(truth, found):
    from scipy import ndimage
    best = (0.0, None)
    for label, wrong in ((0, truth & ~found), (1, found & ~truth)):
        framed = np.pad(wrong, 1)
        depth = ndimage.distance_transform_edt(framed)[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        if depth[y, x] > best[0]:
            best = (depth[y, x], (int(x), int(y), label))
    return best[1]
""",
        # an offset of the padding forgotten
        """\
def correct(truth, found):
    from scipy import ndimage
    best = (0.0, None)
    for label, wrong in ((1, truth & ~found), (0, found & ~truth)):
        depth = ndimage.distance_transform_edt(np.pad(wrong, 1))
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        if depth[y, x] > best[0]:
            best = (depth[y, x], (int(x), int(y), label))
    return best[1]
""",
        # a click although nothing is wrong
        """\
def correct(truth, found):
    from scipy import ndimage
    best = (-1.0, None)
    for label, wrong in ((1, truth & ~found), (0, found & ~truth)):
        framed = np.pad(wrong, 1)
        depth = ndimage.distance_transform_edt(framed)[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        if depth[y, x] > best[0]:
            best = (depth[y, x], (int(x), int(y), label))
    return best[1]
""",
    ],
}
