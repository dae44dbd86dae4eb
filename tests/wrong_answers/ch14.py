"""Typical wrong answers to the exercises of chapter 14."""

WRONG: dict[str, list[str]] = {
    "yolo_to_boxes": [
        # the centre is taken for a corner
        """\
def yolo_to_boxes(rows, size):
    table = np.array(rows, float).reshape(-1, 5)
    unit = np.array([size[1], size[0]])
    corner, side = table[:, 1:3] * unit, table[:, 3:] * unit
    boxes = np.hstack([corner, corner + side])
    limit = np.array([size[1], size[0]] * 2)
    return boxes.clip(0, limit), table[:, 0].astype(int) + 1
""",
        # height and width are swapped
        """\
def yolo_to_boxes(rows, size):
    table = np.array(rows, float).reshape(-1, 5)
    unit = np.array(size)
    centre, side = table[:, 1:3] * unit, table[:, 3:] * unit
    boxes = np.hstack([centre - side / 2, centre + side / 2])
    return boxes.clip(0, np.tile(unit, 2)), table[:, 0].astype(int) + 1
""",
        # the first class becomes background
        """\
def yolo_to_boxes(rows, size):
    table = np.array(rows, float).reshape(-1, 5)
    unit = np.array([size[1], size[0]])
    centre, side = table[:, 1:3] * unit, table[:, 3:] * unit
    boxes = np.hstack([centre - side / 2, centre + side / 2])
    return boxes.clip(0, np.tile(unit, 2)), table[:, 0].astype(int)
""",
        # not cut to the picture
        """\
def yolo_to_boxes(rows, size):
    table = np.array(rows, float).reshape(-1, 5)
    unit = np.array([size[1], size[0]])
    centre, side = table[:, 1:3] * unit, table[:, 3:] * unit
    boxes = np.hstack([centre - side / 2, centre + side / 2])
    return boxes, table[:, 0].astype(int) + 1
""",
        # a file without lines
        """\
def yolo_to_boxes(rows, size):
    table = np.array(rows, float)
    unit = np.array([size[1], size[0]])
    centre, side = table[:, 1:3] * unit, table[:, 3:] * unit
    boxes = np.hstack([centre - side / 2, centre + side / 2])
    return boxes.clip(0, np.tile(unit, 2)), table[:, 0].astype(int) + 1
""",
    ],
    "read_decisions": [
        # a line without its end counts
        """\
def read_decisions(content):
    import json

    found = {}
    for line in content.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            break
        found[entry["id"]] = entry["kind"]
    return found
""",
        # damage is passed over in silence
        """\
def read_decisions(content):
    import json

    *lines, _ = content.split(b"\\n")
    found = {}
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        found[entry["id"]] = entry["kind"]
    return found
""",
        # the first word counts
        """\
def read_decisions(content):
    import json

    *lines, _ = content.split(b"\\n")
    found = {}
    for line in lines:
        entry = json.loads(line)
        found.setdefault(entry["id"], entry["kind"])
    return found
""",
        # a crash is an error
        """\
def read_decisions(content):
    import json

    entries = [json.loads(line) for line in content.splitlines()]
    return {entry["id"]: entry["kind"] for entry in entries}
""",
    ],
    "spread_out": [
        # only the best, neighbours or not
        """\
def spread_out(scores, places, count, gap):
    return np.argsort(-np.asarray(scores))[:count].tolist()
""",
        # only the item chosen last is compared
        """\
def spread_out(scores, places, count, gap):
    chosen, passed = [], []
    for k in np.argsort(-np.asarray(scores), kind="stable").tolist():
        if chosen and abs(places[k] - places[chosen[-1]]) <= gap:
            passed.append(k)
        else:
            chosen.append(k)
    return (chosen + passed)[:count]
""",
        # exactly the gap is far enough
        """\
def spread_out(scores, places, count, gap):
    chosen, passed = [], []
    for k in np.argsort(-np.asarray(scores), kind="stable").tolist():
        if all(abs(places[k] - places[c]) >= gap for c in chosen):
            chosen.append(k)
        else:
            passed.append(k)
    return (chosen + passed)[:count]
""",
        # nothing fills up
        """\
def spread_out(scores, places, count, gap):
    chosen = []
    for k in np.argsort(-np.asarray(scores), kind="stable").tolist():
        if all(abs(places[k] - places[c]) > gap for c in chosen):
            chosen.append(k)
    return chosen[:count]
""",
        # indices are taken for places
        """\
def spread_out(scores, places, count, gap):
    chosen, passed = [], []
    for k in np.argsort(-np.asarray(scores), kind="stable").tolist():
        if all(abs(k - c) > gap for c in chosen):
            chosen.append(k)
        else:
            passed.append(k)
    return (chosen + passed)[:count]
""",
    ],
    "most_uncertain": [
        # NaN is still there, and sorts last
        """\
def most_uncertain(probabilities, count):
    with np.errstate(all="ignore"):
        logs = np.log(probabilities)
    entropies = -(probabilities * logs).sum(axis=1).mean(axis=1)
    return entropies.argsort()[::-1][:count]
""",
        # the picture's mean is mended: doubtful pixels are lost
        """\
def most_uncertain(probabilities, count):
    with np.errstate(all="ignore"):
        logs = np.log(probabilities)
        means = -(probabilities * logs).sum(axis=1).mean(axis=1)
    means = np.nan_to_num(means)
    return np.argsort(-means, kind="stable")[:count]
""",
        # lowest first
        """\
def most_uncertain(probabilities, count):
    safe = np.where(probabilities > 0, probabilities, 1)
    means = -(probabilities * np.log(safe)).sum(axis=1).mean(axis=1)
    return np.argsort(means, kind="stable")[-count:]
""",
        # the zeros of the caller are overwritten
        """\
def most_uncertain(probabilities, count):
    probabilities[probabilities == 0] = 1e-12
    logs = np.log(probabilities)
    means = -(probabilities * logs).sum(axis=1).mean(axis=1)
    return np.argsort(-means, kind="stable")[:count]
""",
    ],
}
