"""Typical wrong answers to the exercises of chapter 13."""

_READ = """\
def frames_read(t, prompted, places):
    if t in prompted:
        return []
    recent = range(max(0, t - places + 1), t)
    return sorted({*prompted, *recent})
"""
_SCORE = """\
def film_score(found, truth, prompted):
    rest = [t for t in range(len(truth)) if t not in prompted]
    if not rest:
        return float("nan")
    both = (found & truth)[rest].sum((-2, -1))
    either = (found | truth)[rest].sum((-2, -1))
    j = np.where(either > 0, both / np.maximum(either, 1), 1.0)
    return float(j.mean())
"""
_ORDER = """\
def frames_in_order(names):
    stems = {
        name: name.rpartition(".")[0]
        for name in names
        if name.lower().endswith((".jpg", ".jpeg"))
    }
    return sorted(stems, key=lambda name: int(stems[name]))
"""

WRONG = {
    "frames_read": [
        # as many frames as places, besides the prompts
        _READ.replace("t - places + 1", "t - places"),
        # before the first frame
        _READ.replace("max(0, t - places + 1)", "t - places + 1"),
        # a prompted frame twice
        _READ.replace(
            "sorted({*prompted, *recent})", "sorted([*prompted, *recent])"
        ),
        # the past alone
        _READ.replace(
            "{*prompted, *recent}",
            "{*[p for p in prompted if p < t], *recent}",
        ),
        # prompted frames read as others do
        _READ.replace("    if t in prompted:\n        return []\n", ""),
        # itself
        _READ.replace(", t)", ", t + 1)"),
    ],
    "film_score": [
        # prompted frames counted
        _SCORE.replace(" if t not in prompted]", "]"),
        # hidden and empty: 0
        _SCORE.replace(
            "np.maximum(either, 1), 1.0)", "np.maximum(either, 1), 0.0)"
        ),
        # hidden frames left out
        _SCORE.replace("j.mean()", "j[truth[rest].any((-2, -1))].mean()"),
        # all pixels in one heap
        _SCORE.replace(
            "float(j.mean())", "float(both.sum() / either.sum())"
        ),
        # Dice
        _SCORE.replace("both / np.maximum", "2 * both / np.maximum"),
        # all prompted: 0
        _SCORE.replace('float("nan")', "0.0"),
        # no care for empty unions
        _SCORE.replace(
            "np.where(either > 0, both / np.maximum(either, 1), 1.0)",
            "both / either",
        ),
    ],
    "frames_in_order": [
        # the bug itself
        """\
def frames_in_order(names):
    return sorted(name for name in names if name.endswith(".jpg"))
""",
        # shorter names first, then letter by letter
        """\
def frames_in_order(names):
    return sorted(names, key=lambda name: (len(name), name))
""",
        # one spelling
        _ORDER.replace(
            'name.lower().endswith((".jpg", ".jpeg"))',
            'name.endswith(".jpg")',
        ),
        # every file
        """\
def frames_in_order(names):
    return sorted(names, key=lambda name: int(name.split(".")[0]))
""",
        # numbers, not names
        _ORDER.replace(
            "sorted(stems, key=lambda name: int(stems[name]))",
            "sorted(int(stem) for stem in stems.values())",
        ),
        # backwards
        _ORDER.replace("int(stems[name])", "-int(stems[name])"),
    ],
}
