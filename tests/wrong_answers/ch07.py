"""Typical wrong answers to the exercises of chapter 07."""

WRONG: dict[str, list[str]] = {
    "sqrt_weights": [
        # an absent class gets an infinite weight
        """\
def sqrt_weights(counts):
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = (counts / counts.sum()) ** -0.5
        return weights / ((weights * counts).sum() / counts.sum())
""",
        # scaled so that the weights, not the pixels, have mean 1
        """\
def sqrt_weights(counts):
    weights = np.maximum(counts, 1) ** -0.5
    return weights / weights.mean()
""",
        # inverse frequency without the root
        """\
def sqrt_weights(counts):
    weights = counts.sum() / np.maximum(counts, 1)
    return weights / ((weights * counts).sum() / counts.sum())
""",
        # an absent class weighs nothing
        """\
def sqrt_weights(counts):
    safe = np.maximum(counts, 1) / counts.sum()
    weights = np.where(counts > 0, safe ** -0.5, 0)
    return weights / ((weights * counts).sum() / counts.sum())
""",
        # a count of 0 taken for 1: larger than any present weight
        """\
def sqrt_weights(counts):
    weights = np.maximum(counts, 1) ** -0.5
    return weights / ((weights * counts).sum() / counts.sum())
""",
    ],
    "tversky": [
        # the prices are swapped
        """\
def tversky(p, t, alpha_fp=0.3, beta_fn=0.7, smooth=1.0):
    tp = (p * t).sum((2, 3))
    fp = (p * (1 - t)).sum((2, 3))
    fn = ((1 - p) * t).sum((2, 3))
    index = (tp + smooth) / (tp + alpha_fp * fn + beta_fn * fp + smooth)
    return (1 - index).mean()
""",
        # everything pooled: the large organ hides the small one
        """\
def tversky(p, t, alpha_fp=0.3, beta_fn=0.7, smooth=1.0):
    tp = (p * t).sum()
    fp = (p * (1 - t)).sum()
    fn = ((1 - p) * t).sum()
    return 1 - (tp + smooth) / (tp + alpha_fp * fp + beta_fn * fn + smooth)
""",
        # a hard mask has no gradient
        """\
def tversky(p, t, alpha_fp=0.3, beta_fn=0.7, smooth=1.0):
    p = (p > 0.5).float()
    tp = (p * t).sum((2, 3))
    fp = (p * (1 - t)).sum((2, 3))
    fn = ((1 - p) * t).sum((2, 3))
    index = (tp + smooth) / (tp + alpha_fp * fp + beta_fn * fn + smooth)
    return (1 - index).mean()
""",
        # smoothing below only: a perfect mask costs something
        """\
def tversky(p, t, alpha_fp=0.3, beta_fn=0.7, smooth=1.0):
    tp = (p * t).sum((2, 3))
    fp = (p * (1 - t)).sum((2, 3))
    fn = ((1 - p) * t).sum((2, 3))
    index = tp / (tp + alpha_fp * fp + beta_fn * fn + smooth)
    return (1 - index).mean()
""",
        # the index, not the loss
        """\
def tversky(p, t, alpha_fp=0.3, beta_fn=0.7, smooth=1.0):
    tp = (p * t).sum((2, 3))
    fp = (p * (1 - t)).sum((2, 3))
    fn = ((1 - p) * t).sum((2, 3))
    index = (tp + smooth) / (tp + alpha_fp * fp + beta_fn * fn + smooth)
    return index.mean()
""",
    ],
    "binary_focal": [
        # as the colleague wrote it
        """\
def binary_focal(logits, truth, gamma=2.0, alpha=0.25):
    p = torch.sigmoid(logits)
    bce = -(truth * p.log() + (1 - truth) * (1 - p).log())
    p_t = torch.exp(-bce)
    return (alpha * (1 - p_t) ** gamma * bce).mean()
""",
        # stable now, but alpha still weighs both alike
        """\
def binary_focal(logits, truth, gamma=2.0, alpha=0.25):
    bce = F.binary_cross_entropy_with_logits(
        logits, truth, reduction="none"
    )
    p_t = torch.exp(-bce)
    return (alpha * (1 - p_t) ** gamma * bce).mean()
""",
        # alpha for the negatives
        """\
def binary_focal(logits, truth, gamma=2.0, alpha=0.25):
    bce = F.binary_cross_entropy_with_logits(
        logits, truth, reduction="none"
    )
    weights = torch.where(truth == 1, 1 - alpha, alpha)
    return (weights * (1 - torch.exp(-bce)) ** gamma * bce).mean()
""",
        # clamped: finite, and no longer the loss
        """\
def binary_focal(logits, truth, gamma=2.0, alpha=0.25):
    p = torch.sigmoid(logits).clamp(1e-3, 1 - 1e-3)
    bce = -(truth * p.log() + (1 - truth) * (1 - p).log())
    weights = torch.where(truth == 1, alpha, 1 - alpha)
    return (weights * (1 - torch.exp(-bce)) ** gamma * bce).mean()
""",
        # p of the positive in place of p of the truth
        """\
def binary_focal(logits, truth, gamma=2.0, alpha=0.25):
    bce = F.binary_cross_entropy_with_logits(
        logits, truth, reduction="none"
    )
    weights = torch.where(truth == 1, alpha, 1 - alpha)
    p = torch.sigmoid(logits)
    return (weights * (1 - p) ** gamma * bce).mean()
""",
    ],
    "best_threshold": [
        "def best_threshold(probability, truth, candidates):\n"
        "    return 0.5\n",
        # accuracy prefers to paint nothing
        """\
def best_threshold(probability, truth, candidates):
    scores = [np.mean((probability > c) == truth) for c in candidates]
    return candidates[int(np.argmax(scores))]
""",
        # the last of equals
        """\
def best_threshold(probability, truth, candidates):
    if not truth.any():
        return 0.5
    best, score = 0.5, -1
    for c in candidates:
        found = probability > c
        dice = 2 * (found & truth).sum() / (found.sum() + truth.sum())
        if dice >= score:
            best, score = c, dice
    return best
""",
        # a mean over images
        """\
def best_threshold(probability, truth, candidates):
    if not truth.any():
        return 0.5
    scores = []
    for c in candidates:
        found = probability > c
        both = (found & truth).sum(axis=1)
        total = found.sum(axis=1) + truth.sum(axis=1)
        scores.append(np.mean(2 * both / np.maximum(total, 1)))
    return candidates[int(np.argmax(scores))]
""",
        # at the threshold is painted; an empty truth is not looked at
        """\
def best_threshold(probability, truth, candidates):
    scores = []
    for c in candidates:
        found = probability >= c
        both = (found & truth).sum()
        scores.append(2 * both / max(1, found.sum() + truth.sum()))
    return candidates[int(np.argmax(scores))]
""",
    ],
}
