"""Typical wrong answers to the exercises of chapter 17."""

WRONG: dict[str, list[str]] = {
    "split_by_patient": [
        # a random split of films
        """\
def split_by_patient(patient, held_out, seed):
    order = np.random.default_rng(seed).permutation(len(patient))
    return order[held_out:], order[:held_out]
""",
        # patients drawn by their films: frequent ones come more often
        """\
def split_by_patient(patient, held_out, seed):
    rng = np.random.default_rng(seed)
    chosen = set()
    while len(chosen) < held_out:
        chosen.add(int(rng.choice(patient)))
    tested = np.isin(patient, sorted(chosen))
    return np.flatnonzero(~tested), np.flatnonzero(tested)
""",
        # drawn with replacement: sometimes too few
        """\
def split_by_patient(patient, held_out, seed):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(np.unique(patient), held_out)
    tested = np.isin(patient, chosen)
    return np.flatnonzero(~tested), np.flatnonzero(tested)
""",
        # the seed is ignored
        """\
def split_by_patient(patient, held_out, seed):
    tested = np.isin(patient, np.unique(patient)[:held_out])
    return np.flatnonzero(~tested), np.flatnonzero(tested)
""",
        # patients in place of films
        """\
def split_by_patient(patient, held_out, seed):
    people = np.random.default_rng(seed).permutation(np.unique(patient))
    return people[held_out:], people[:held_out]
""",
    ],
    "full_size_mask": [
        # the threshold first
        """\
def full_size_mask(logits, size):
    mask = (logits > 0).float()
    return F.interpolate(mask[None, None], size)[0, 0] > 0
""",
        # one of the two mistakes mended: still fat
        """\
def full_size_mask(logits, size):
    large = F.interpolate(
        torch.sigmoid(logits)[None, None], size, mode="bilinear"
    )
    return large[0, 0] > 0
""",
        # the other: still a staircase
        """\
def full_size_mask(logits, size):
    mask = (torch.sigmoid(logits) > 0.5).float()
    large = F.interpolate(mask[None, None], size, mode="nearest")
    return large[0, 0] > 0.5
""",
        # a threshold of probabilities, applied to logits
        """\
def full_size_mask(logits, size):
    large = F.interpolate(logits[None, None], size, mode="bilinear")
    return large[0, 0] > 0.5
""",
        # height and width exchanged
        """\
def full_size_mask(logits, size):
    large = F.interpolate(logits[None, None], size[::-1], mode="bilinear")
    return large[0, 0] > 0
""",
    ],
    "tune_then_test": [
        # chosen on the test set
        """\
def tune_then_test(validation, test, thresholds):
    def score(part, t):
        dice = []
        for p, m in zip(*part):
            total = (p > t).sum() + m.sum()
            dice.append(2 * ((p > t) & m).sum() / total if total else 1.0)
        return float(np.mean(dice))
    best = max(thresholds, key=lambda t: score(test, t))
    return best, score(test, best)
""",
        # honest choice, but the validation score is reported
        """\
def tune_then_test(validation, test, thresholds):
    def score(part, t):
        dice = []
        for p, m in zip(*part):
            total = (p > t).sum() + m.sum()
            dice.append(2 * ((p > t) & m).sum() / total if total else 1.0)
        return float(np.mean(dice))
    best = max(thresholds, key=lambda t: score(validation, t))
    return best, score(validation, best)
""",
        # all pixels pooled
        """\
def tune_then_test(validation, test, thresholds):
    def score(part, t):
        p, m = part
        total = (p > t).sum() + m.sum()
        return float(2 * ((p > t) & m).sum() / total) if total else 1.0
    best = max(thresholds, key=lambda t: score(validation, t))
    return best, score(test, best)
""",
        # one half, come what may
        """\
def tune_then_test(validation, test, thresholds):
    probability, truth = test
    dice = [2 * ((p > 0.5) & m).sum() / max(1, (p > 0.5).sum() + m.sum())
            for p, m in zip(probability, truth)]
    return 0.5, float(np.mean(dice))
""",
        # two empty masks divide by zero
        """\
def tune_then_test(validation, test, thresholds):
    def score(part, t):
        return float(np.mean([
            2 * ((p > t) & m).sum() / max(1, (p > t).sum() + m.sum())
            for p, m in zip(*part)
        ]))
    best = max(thresholds, key=lambda t: score(validation, t))
    return best, score(test, best)
""",
    ],
    "cardiothoracic_ratio": [
        # areas in place of widths
        """\
def cardiothoracic_ratio(heart, lungs):
    return heart.sum() / lungs.sum() if lungs.any() else float("nan")
""",
        # one column short
        """\
def cardiothoracic_ratio(heart, lungs):
    def width(mask):
        columns = np.flatnonzero(mask.any(axis=0))
        return columns[-1] - columns[0] if columns.size else 0
    across = width(lungs)
    return width(heart) / across if across else float("nan")
""",
        # heights
        """\
def cardiothoracic_ratio(heart, lungs):
    def width(mask):
        rows = np.flatnonzero(mask.any(axis=1))
        return rows[-1] - rows[0] + 1 if rows.size else 0
    across = width(lungs)
    return width(heart) / across if across else float("nan")
""",
        # the fullest row: the gap between the lungs is lost
        """\
def cardiothoracic_ratio(heart, lungs):
    across = lungs.sum(axis=1).max()
    widest = heart.sum(axis=1).max()
    return widest / across if across else float("nan")
""",
        # an empty mask raises
        """\
def cardiothoracic_ratio(heart, lungs):
    def width(mask):
        columns = np.flatnonzero(mask.any(axis=0))
        return columns[-1] - columns[0] + 1
    return width(heart) / width(lungs)
""",
    ],
}
