"""Typical wrong answers to the exercises of chapter 16."""

# how all answers to "honest_gain" begin
MEAN_DICE = """\
def honest_gain(step, settings, validation, test):
    def mean(masks, truths):
        out = []
        for m, t in zip(masks, truths):
            total = m.sum() + t.sum()
            out.append(2 * (m & t).sum() / total if total else 1.0)
        return np.mean(out)
    def after(part, s):
        return mean([step(m, s) for m in part[0]], part[1])
"""

WRONG: dict[str, list[str]] = {
    "keep_parts": [
        # the background is the largest "part"
        """\
def keep_parts(mask, most, least):
    from scipy import ndimage
    numbers, count = ndimage.label(mask)
    sizes = np.bincount(numbers.ravel())
    order = np.argsort(-sizes)[:most]
    return np.isin(numbers, [n for n in order if sizes[n] >= least])
""",
        # the rank alone
        """\
def keep_parts(mask, most, least):
    from scipy import ndimage
    numbers, count = ndimage.label(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    sizes[0] = 0
    order = [n for n in np.argsort(-sizes)[:most] if sizes[n]]
    return np.isin(numbers, order)
""",
        # the size alone
        """\
def keep_parts(mask, most, least):
    from scipy import ndimage
    numbers, count = ndimage.label(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    return mask & (sizes >= least)[numbers]
""",
        # over corners, and more than instead of at least
        """\
def keep_parts(mask, most, least):
    from scipy import ndimage
    numbers, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")[:most]
    return np.isin(numbers, [n for n in order if sizes[n] >= max(least, 1)])
""",
        """\
def keep_parts(mask, most, least):
    from scipy import ndimage
    numbers, count = ndimage.label(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")[:most]
    return np.isin(numbers, [n for n in order if sizes[n] > least])
""",
        # the smallest
        """\
def keep_parts(mask, most, least):
    from scipy import ndimage
    numbers, count = ndimage.label(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    order = [n for n in np.argsort(sizes) if n and sizes[n] >= least]
    return np.isin(numbers, order[:most])
""",
    ],
    "fill_small_holes": [
        # every hole
        """\
def fill_small_holes(mask, most):
    from scipy import ndimage
    return ndimage.binary_fill_holes(mask)
""",
        # the rim is forgotten
        """\
def fill_small_holes(mask, most):
    from scipy import ndimage
    numbers, count = ndimage.label(~mask, np.ones((3, 3)))
    fill = np.bincount(numbers.ravel(), minlength=count + 1) <= most
    fill[0] = False
    return mask | fill[numbers]
""",
        # two of the four sides
        """\
def fill_small_holes(mask, most):
    from scipy import ndimage
    numbers, count = ndimage.label(~mask, np.ones((3, 3)))
    fill = np.bincount(numbers.ravel(), minlength=count + 1) <= most
    fill[0] = False
    for rim in (numbers[0], numbers[-1]):
        fill[rim] = False
    return mask | fill[numbers]
""",
        # background over edges only
        """\
def fill_small_holes(mask, most):
    from scipy import ndimage
    numbers, count = ndimage.label(~mask)
    fill = np.bincount(numbers.ravel(), minlength=count + 1) <= most
    fill[0] = False
    for rim in (numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]):
        fill[rim] = False
    return mask | fill[numbers]
""",
        # less than instead of at most
        """\
def fill_small_holes(mask, most):
    from scipy import ndimage
    numbers, count = ndimage.label(~mask, np.ones((3, 3)))
    fill = np.bincount(numbers.ravel(), minlength=count + 1) < most
    fill[0] = False
    for rim in (numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]):
        fill[rim] = False
    return mask | fill[numbers]
""",
        # a closing fills bays as well
        """\
def fill_small_holes(mask, most):
    from scipy import ndimage
    return ndimage.binary_closing(mask, iterations=most) | mask
""",
    ],
    "lesion_mask": [
        # the threshold first
        """\
def lesion_mask(logits, size, least_mm2, pixel_mm2):
    from scipy import ndimage
    early = (logits > 0).float()[None, None]
    large = F.interpolate(early, size, mode="bilinear")[0, 0].numpy() > 0.5
    numbers, count = ndimage.label(large)
    area = np.bincount(numbers.ravel(), minlength=count + 1) * pixel_mm2
    area[0] = 0
    return large & (area >= least_mm2)[numbers]
""",
        # pixels for mm²
        """\
def lesion_mask(logits, size, least_mm2, pixel_mm2):
    from scipy import ndimage
    large = F.interpolate(logits[None, None], size, mode="bilinear")
    numbers, count = ndimage.label(large[0, 0].numpy() > 0)
    area = np.bincount(numbers.ravel(), minlength=count + 1)
    area[0] = 0
    return (numbers > 0) & (area >= least_mm2)[numbers]
""",
        # measured on the coarse grid
        """\
def lesion_mask(logits, size, least_mm2, pixel_mm2):
    from scipy import ndimage
    numbers, count = ndimage.label((logits > 0).numpy())
    area = np.bincount(numbers.ravel(), minlength=count + 1) * pixel_mm2
    small = torch.from_numpy((area < least_mm2)[numbers])
    kept = torch.where(small, -1.0, logits)
    large = F.interpolate(kept[None, None], size, mode="bilinear")
    return large[0, 0].numpy() > 0
""",
        # nothing is filtered
        """\
def lesion_mask(logits, size, least_mm2, pixel_mm2):
    large = F.interpolate(logits[None, None], size, mode="bilinear")
    return large[0, 0].numpy() > 0
""",
        # the corners of the grid are aligned
        """\
def lesion_mask(logits, size, least_mm2, pixel_mm2):
    from scipy import ndimage
    large = F.interpolate(
        logits[None, None], size, mode="bilinear", align_corners=True
    )
    numbers, count = ndimage.label(large[0, 0].numpy() > 0)
    area = np.bincount(numbers.ravel(), minlength=count + 1) * pixel_mm2
    area[0] = 0
    return (numbers > 0) & (area >= least_mm2)[numbers]
""",
    ],
    "crf_inputs": [
        # logits as they are
        """\
def crf_inputs(logits, image):
    whole = np.issubdtype(image.dtype, np.integer)
    return logits, 13.0 if whole else 13 / 255
""",
        # a width for 0 to 255, whatever the image
        """\
def crf_inputs(logits, image):
    raised = np.exp(logits - logits.max(0))
    return raised / raised.sum(0), 13.0
""",
        # large logits overflow
        """\
def crf_inputs(logits, image):
    with np.errstate(all="ignore"):
        raised = np.exp(logits)
        chance = raised / raised.sum(0)
    whole = np.issubdtype(image.dtype, np.integer)
    return chance, 13.0 if whole else 13 / 255
""",
        # a sigmoid for each class
        """\
def crf_inputs(logits, image):
    chance = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    whole = np.issubdtype(image.dtype, np.integer)
    return chance, 13.0 if whole else 13 / 255
""",
        # the type is guessed from the values
        """\
def crf_inputs(logits, image):
    raised = np.exp(logits - logits.max(0))
    return raised / raised.sum(0), 13.0 if image.max() > 1 else 13 / 255
""",
    ],
    "honest_gain": [
        # chosen on the test set
        MEAN_DICE
        + """\
    best = max(settings, key=lambda s: after(test, s))
    return best, after(test, best) - mean(*test)
""",
        # no step is no candidate
        MEAN_DICE
        + """\
    best = max(settings, key=lambda s: after(validation, s))
    return best, after(test, best) - mean(*test)
""",
        # the gain on validation
        MEAN_DICE
        + """\
    best = max(settings, key=lambda s: after(validation, s))
    gain = after(validation, best) - mean(*validation)
    return (best, gain) if gain > 0 else (None, 0.0)
""",
        # two empty masks score 0
        MEAN_DICE.replace("else 1.0", "else 0.0")
        + """\
    best = max(settings, key=lambda s: after(validation, s))
    if after(validation, best) <= mean(*validation):
        return None, 0.0
    return best, after(test, best) - mean(*test)
""",
        # the score itself in place of the difference
        MEAN_DICE
        + """\
    best = max(settings, key=lambda s: after(validation, s))
    if after(validation, best) <= mean(*validation):
        return None, 0.0
    return best, after(test, best)
""",
        # a loss on test is hidden
        MEAN_DICE
        + """\
    best = max(settings, key=lambda s: after(validation, s))
    if after(validation, best) <= mean(*validation):
        return None, 0.0
    return best, max(0.0, after(test, best) - mean(*test))
""",
    ],
}
