"""Typical wrong answers to the exercises of chapter 09."""

# a record whose parts are filled in
RECORD = """\
def to_record(file_name, image_id, masks, classes):
    found = []
    for mask, k in zip(masks, classes):
        rows, columns = np.nonzero(mask)
        {skip}
        found.append({{"bbox": {box}, "bbox_mode": {mode},
                      "category_id": {kind}}})
    return {{"file_name": file_name, "image_id": image_id,
            "height": masks.shape[{height}], "width": masks.shape[{width}],
            "annotations": found}}
"""
RIGHT = {
    "skip": "if not len(rows): continue",
    "box": (
        "[int(columns.min()), int(rows.min()), int(columns.max()) + 1, "
        "int(rows.max()) + 1]"
    ),
    "mode": "0",
    "kind": "int(k)",
    "height": "1",
    "width": "2",
}


def record(**changes: str) -> str:
    """The right answer with some of its parts exchanged."""
    return RECORD.format(**(RIGHT | changes))


WRONG: dict[str, list[str]] = {
    "to_record": [
        # the last pixel in place of the edge behind it
        record(
            box="[int(columns.min()), int(rows.min()), "
            "int(columns.max()), int(rows.max())]"
        ),
        # rows taken for x
        record(
            box="[int(rows.min()), int(columns.min()), "
            "int(rows.max()) + 1, int(columns.max()) + 1]"
        ),
        # COCO's box, and nobody is told
        record(
            box="[int(columns.min()), int(rows.min()), "
            "int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]"
        ),
        record(mode="1"),
        # NumPy's numbers
        record(
            box="[columns.min(), rows.min(), columns.max() + 1, "
            "rows.max() + 1]"
        ),
        # the file's ids
        record(kind="int(k) + 1"),
        record(height="2", width="1"),
        # an empty mask has no first row
        record(skip="pass"),
        # an empty mask keeps its place, with a box of nothing
        record(skip="if not len(rows): rows = columns = np.array([0])"),
    ],
    "class_indices": [
        # the ids of the file
        """\
def class_indices(annotations, categories):
    names = [c["name"] for c in sorted(categories, key=lambda c: c["id"])]
    return [a["category_id"] for a in annotations], names
""",
        # right until an id is missing
        """\
def class_indices(annotations, categories):
    names = [c["name"] for c in sorted(categories, key=lambda c: c["id"])]
    return [a["category_id"] - 1 for a in annotations], names
""",
        # counted over the objects
        """\
def class_indices(annotations, categories):
    ids = sorted({a["category_id"] for a in annotations})
    names = {c["id"]: c["name"] for c in categories}
    if not set(ids) <= set(names):
        raise ValueError("unknown id")
    places = [ids.index(a["category_id"]) for a in annotations]
    return places, [names[i] for i in ids]
""",
        # an unknown id becomes the first class
        """\
def class_indices(annotations, categories):
    ordered = sorted(categories, key=lambda c: c["id"])
    index = {c["id"]: k for k, c in enumerate(ordered)}
    places = [index.get(a["category_id"], 0) for a in annotations]
    return places, [c["name"] for c in ordered]
""",
        # in the order of the file
        """\
def class_indices(annotations, categories):
    index = {c["id"]: k for k, c in enumerate(categories)}
    for a in annotations:
        if a["category_id"] not in index:
            raise ValueError("unknown id")
    places = [index[a["category_id"]] for a in annotations]
    return places, [c["name"] for c in categories]
""",
        # sorts what belongs to the caller
        """\
def class_indices(annotations, categories):
    categories.sort(key=lambda c: c["id"])
    index = {c["id"]: k for k, c in enumerate(categories)}
    for a in annotations:
        if a["category_id"] not in index:
            raise ValueError("unknown id")
    places = [index[a["category_id"]] for a in annotations]
    return places, [c["name"] for c in categories]
""",
    ],
    "rescale": [
        # the rate alone
        """\
def rescale(solver, batch_size):
    factor = batch_size / solver["IMS_PER_BATCH"]
    return {**solver, "IMS_PER_BATCH": batch_size,
            "BASE_LR": solver["BASE_LR"] * factor}
""",
        # the rate the other way round
        """\
def rescale(solver, batch_size):
    factor = solver["IMS_PER_BATCH"] / batch_size
    new = dict(solver, IMS_PER_BATCH=batch_size,
               BASE_LR=solver["BASE_LR"] * factor)
    for key in ("MAX_ITER", "WARMUP_ITERS"):
        new[key] = round(solver[key] * factor)
    new["STEPS"] = tuple(round(s * factor) for s in solver["STEPS"])
    return new
""",
        # the milestones are forgotten
        """\
def rescale(solver, batch_size):
    factor = batch_size / solver["IMS_PER_BATCH"]
    new = dict(solver, IMS_PER_BATCH=batch_size,
               BASE_LR=solver["BASE_LR"] * factor)
    for key in ("MAX_ITER", "WARMUP_ITERS"):
        new[key] = round(solver[key] / factor)
    return new
""",
        # steps that are no whole numbers
        """\
def rescale(solver, batch_size):
    factor = batch_size / solver["IMS_PER_BATCH"]
    new = dict(solver, IMS_PER_BATCH=batch_size,
               BASE_LR=solver["BASE_LR"] * factor)
    for key in ("MAX_ITER", "WARMUP_ITERS"):
        new[key] = solver[key] / factor
    new["STEPS"] = tuple(s / factor for s in solver["STEPS"])
    return new
""",
        # changes what it was given
        """\
def rescale(solver, batch_size):
    factor = batch_size / solver["IMS_PER_BATCH"]
    solver["IMS_PER_BATCH"] = batch_size
    solver["BASE_LR"] *= factor
    for key in ("MAX_ITER", "WARMUP_ITERS"):
        solver[key] = round(solver[key] / factor)
    solver["STEPS"] = tuple(round(s / factor) for s in solver["STEPS"])
    return solver
""",
    ],
    "register": [
        # the decorated name becomes None
        """\
def register(table):
    def enter(kind):
        if kind.__name__ in table:
            raise ValueError("taken")
        table[kind.__name__] = kind
    return enter
""",
        # an object in place of the class
        """\
def register(table):
    def enter(kind):
        if kind.__name__ in table:
            raise ValueError("taken")
        table[kind.__name__] = kind()
        return kind
    return enter
""",
        # the last one wins, silently
        """\
def register(table):
    def enter(kind):
        table[kind.__name__] = kind
        return kind
    return enter
""",
        # notices it too late
        """\
def register(table):
    def enter(kind):
        taken = kind.__name__ in table
        table[kind.__name__] = kind
        if taken:
            raise ValueError("taken")
        return kind
    return enter
""",
        # decorates without the call
        """\
def register(table):
    table[table.__name__] = table
    return table
""",
    ],
    "waiting_share": [
        # the mean of the shares
        """\
def waiting_share(rows):
    rows = [r for r in rows if "time" in r]
    if not rows:
        return float("nan")
    return float(np.mean([r["data_time"] / r["time"] for r in rows]))
""",
        # waiting over working
        """\
def waiting_share(rows):
    rows = [r for r in rows if "time" in r]
    waited = sum(r["data_time"] for r in rows)
    worked = sum(r["time"] for r in rows) - waited
    return waited / worked if worked else float("nan")
""",
        # rows of evaluations have no time
        """\
def waiting_share(rows):
    if not rows:
        return float("nan")
    total = sum(r["time"] for r in rows)
    return sum(r["data_time"] for r in rows) / total
""",
        # nothing becomes zero
        """\
def waiting_share(rows):
    rows = [r for r in rows if "time" in r]
    total = sum(r["time"] for r in rows)
    return sum(r["data_time"] for r in rows) / total if total else 0.0
""",
        # the last row alone
        """\
def waiting_share(rows):
    rows = [r for r in rows if "time" in r]
    if not rows:
        return float("nan")
    return rows[-1]["data_time"] / rows[-1]["time"]
""",
    ],
}
