"""Typical wrong answers to the exercises of chapter 11."""

_QUALITY = """\
def quality(guess, truth, things):
    def segments(panoptic, kind):
        values = np.unique(panoptic[panoptic // 1000 == kind])
        if kind in things:
            return [panoptic == value for value in values]
        return [panoptic // 1000 == kind] if len(values) else []

    kinds = np.union1d(guess // 1000, truth // 1000)
    found = {}
    for kind in kinds[kinds > 0].tolist():
        ours, wanted = segments(guess, kind), segments(truth, kind)
        ious = [(a & b).sum() / (a | b).sum() for a in ours for b in wanted]
        fits = [iou for iou in ious if iou > 0.5]
        sq = float(np.mean(fits)) if fits else 0.0
        rq = len(fits) / ((len(ours) + len(wanted)) / 2)
        found[kind] = (sq, rq)
    return found
"""
_MERGE = """\
def merge(masks, scores, max_overlap):
    owner = np.zeros(masks.shape[1:], np.int64)
    for k in np.argsort(-scores, kind="stable"):
        free = masks[k] & (owner == 0)
        area = masks[k].sum()
        if area and (area - free.sum()) / area <= max_overlap:
            owner[free] = k + 1
    return owner
"""
_GROUP = """\
def group(centres, offsets):
    height, width = offsets.shape[1:]
    if len(centres) == 0:
        return np.zeros((height, width), np.int64)
    aims = np.indices((height, width)) + offsets
    steps = aims[None] - centres[:, :, None, None]
    return np.hypot(steps[:, 0], steps[:, 1]).argmin(axis=0) + 1
"""
_NUMBERS = """\
def number_segments(kinds, stuff):
    used, of_stuff, numbers = 0, {}, []
    for kind in kinds:
        if kind in of_stuff:
            numbers.append(of_stuff[kind])
            continue
        used += 1
        if kind in stuff:
            of_stuff[kind] = used
        numbers.append(used)
    return numbers
"""

WRONG: dict[str, list[str]] = {
    "quality": [
        # equal to one half counts as a match
        _QUALITY.replace("iou > 0.5", "iou >= 0.5"),
        # segments of stuff by their ids
        _QUALITY.replace("if kind in things:", "if True:"),
        # all pixels of a thing as one segment
        _QUALITY.replace("if kind in things:", "if False:"),
        # only the categories of the truth
        _QUALITY.replace(
            "np.union1d(guess // 1000, truth // 1000)",
            "np.unique(truth // 1000)",
        ),
        # false alarms and misses at full weight
        _QUALITY.replace(
            "((len(ours) + len(wanted)) / 2)",
            "(len(ours) + len(wanted) - len(fits))",
        ),
        # PQ in place of SQ
        _QUALITY.replace("(sq, rq)", "(sq * rq, rq)"),
        # segments match by their ids
        _QUALITY.replace(
            "for a in ours for b in wanted]",
            "for a, b in zip(ours, wanted)\n"
            "                if guess[a][0] == truth[b][0]]",
        ),
    ],
    "merge": [
        # worst first, so that the best is painted over nothing
        _MERGE.replace("-scores", "scores"),
        # in the order given
        _MERGE.replace(
            'np.argsort(-scores, kind="stable")', "range(len(masks))"
        ),
        # numbers by rank
        """\
def merge(masks, scores, max_overlap):
    owner = np.zeros(masks.shape[1:], np.int64)
    for rank, k in enumerate(np.argsort(-scores)):
        free = masks[k] & (owner == 0)
        if 1 - free.sum() / max(masks[k].sum(), 1) <= max_overlap:
            owner[free] = rank + 1
    return owner
""",
        # the later object paints over the earlier one
        _MERGE.replace("owner[free] =", "owner[masks[k]] ="),
        # the share of a union
        _MERGE.replace(
            "(area - free.sum()) / area",
            "(area - free.sum()) / (masks[k] | (owner > 0)).sum()",
        ),
        # less than the limit
        _MERGE.replace("<= max_overlap", "< max_overlap"),
        # the best object alone is asked
        _MERGE.replace(
            "free = masks[k] & (owner == 0)",
            "free = masks[k] & ~masks[np.argmax(scores)]",
        ),
    ],
    "group": [
        # rows and columns exchanged
        _GROUP.replace("+ offsets", "+ offsets[::-1]"),
        # the offset points the other way
        _GROUP.replace("+ offsets", "- offsets"),
        # counted from 0
        _GROUP.replace(".argmin(axis=0) + 1", ".argmin(axis=0)"),
        # offsets taken as places
        _GROUP.replace("np.indices((height, width)) + offsets", "offsets"),
        # city blocks
        _GROUP.replace(
            "np.hypot(steps[:, 0], steps[:, 1])",
            "np.abs(steps).sum(axis=1)",
        ),
        # no thought of an empty list
        _GROUP.replace("if len(centres) == 0:", "if False:"),
    ],
    "number_segments": [
        # the defect of the text
        """\
def number_segments(kinds, stuff):
    number, of_stuff, numbers = 0, {}, []
    for kind in kinds:
        if kind in of_stuff:
            number = of_stuff[kind]
        else:
            number += 1
        if kind in stuff:
            of_stuff[kind] = number
        numbers.append(number)
    return numbers
""",
        # counts on from the length, which leaves gaps
        _NUMBERS.replace("used += 1", "used = len(numbers) + 1"),
        # things of one kind share a number too
        _NUMBERS.replace("if kind in stuff:", "if True:"),
        # stuff is never shared
        _NUMBERS.replace("if kind in stuff:", "if False:"),
        # from 0 on
        _NUMBERS.replace(
            "used, of_stuff, numbers = 0", "used, of_stuff, numbers = -1"
        ),
    ],
}
