"""Typical wrong answers to the exercises of chapter 06."""

ATTEND = """\
def attend(queries, keys, values, allowed):
    scores = queries @ keys.{turned} / {scale}
    {mask}
    {weights}
    return weights @ values
"""
MASK = "scores = scores.masked_fill(~allowed, -torch.inf)"
WEIGHTS = "weights = scores.softmax(-1)"


def attending(
    turned="transpose(-2, -1)",
    scale="keys.shape[-1] ** 0.5",
    mask=MASK,
    weights=WEIGHTS,
):
    """Attention with one line changed."""
    return ATTEND.format(
        turned=turned, scale=scale, mask=mask, weights=weights
    )


MATCH = """\
def match(chances, masks, labels, truths):
    from scipy.optimize import linear_sum_assignment
    wanted = truths.to(masks.dtype)
    shared = 2 * masks @ wanted.T
    both = masks.sum(1, keepdim=True) + wanted.sum(1)
    costs = {costs}
    {pairs}
"""
HUNGARIAN = """\
rows, queries = linear_sum_assignment(costs.T.numpy())
    return [int(query) for query in queries]
"""


def matching(
    costs="(1 - chances[:, labels]) + (1 - shared / both)",
    pairs=HUNGARIAN,
):
    """A pairing with one line changed."""
    return MATCH.format(costs=costs, pairs=pairs)


COST = """\
def attention_cost(height, width, stride, channels, reduction):
    rows, columns = {sides}
    queries = rows * columns
    keys = {keys}
    return queries, keys, {work}
"""


def costing(
    sides="-(-height // stride), -(-width // stride)",
    keys="(rows // reduction) * (columns // reduction)",
    work="2 * queries * keys * channels",
):
    """A count with one line changed."""
    return COST.format(sides=sides, keys=keys, work=work)


MOVE = """\
def move_positions(positions, old, new):
    picture = {picture}
    picture = F.interpolate(picture, {size}, mode="{mode}")
    return {back}
"""
PICTURE = "positions.transpose(1, 2).unflatten(2, tuple(old))"
BACK = "picture.flatten(2).transpose(1, 2)"


def moving(picture=PICTURE, size="tuple(new)", mode="bilinear", back=BACK):
    """A move with one line changed."""
    return MOVE.format(picture=picture, size=size, mode=mode, back=back)


BLIND = """\
blind = ~allowed.any(-1, keepdim=True)
    scores = scores.masked_fill(~(allowed | blind), -torch.inf)
    weights = scores.softmax({axis})"""

WRONG: dict[str, list[str]] = {
    "attend": [
        # NaN for a query that may look nowhere
        attending(),
        # an additive mask: the answer is mended, the gradient is not
        attending(
            mask="scores = scores + torch.zeros(allowed.shape)"
            ".masked_fill(~allowed, -torch.inf)",
            weights="weights = scores.softmax(-1).nan_to_num(0.0)",
        ),
        # a blind query looks everywhere, and brings something back
        attending(mask="pass", weights=BLIND.format(axis=-1)),
        # softmax over the queries
        attending(
            mask="pass",
            weights=BLIND.format(axis=-2)
            + "\n    weights = weights.masked_fill(blind, 0.0)",
        ),
        # no scaling, and scaling by d
        attending(scale="1.0"),
        attending(scale="keys.shape[-1]"),
        # reverses all axes, batch and heads too
        attending(turned="permute(*range(keys.ndim - 1, -1, -1))"),
        # the mask of nn.MultiheadAttention: true means no
        attending(mask="scores = scores.masked_fill(allowed, -torch.inf)"),
        # a mask after the softmax: the weights do not sum to 1
        attending(
            mask="pass", weights="weights = scores.softmax(-1) * allowed"
        ),
        # forgets the mask
        attending(mask="pass"),
        # overflows for large scores
        attending(
            mask="scores = scores.exp() * allowed",
            weights="weights = scores / scores.sum(-1, "
            "keepdim=True).clamp_min(1e-12)",
        ),
    ],
    "attention_cost": [
        # divides the keys by R, not by R squared
        costing(keys="queries // reduction"),
        # by R squared, but not row by row
        costing(keys="queries // reduction**2"),
        # reduces the queries too
        costing(
            keys="queries // reduction**2", work="2 * keys**2 * channels"
        ),
        # one product of two
        costing(work="queries * keys * channels"),
        # cuts off what the stride does not divide
        costing(sides="height // stride, width // stride"),
        # rounds the keys up
        costing(keys="-(-rows // reduction) * -(-columns // reduction)"),
    ],
    "move_positions": [
        # the bug of the exercise
        moving(
            picture="positions.reshape(1, positions.shape[2], *old)",
            back="picture.reshape(1, -1, positions.shape[2])",
        ),
        # a picture made rightly, and read out wrongly
        moving(back="picture.reshape(1, -1, positions.shape[2])"),
        # columns and rows mixed up on the way in
        moving(picture="positions.transpose(1, 2).unflatten(2, old[::-1])"),
        # and on the way out
        moving(size="tuple(new[::-1])"),
        # repeats vectors
        moving(mode="nearest"),
        # the order in which they come
        """\
def move_positions(positions, old, new):
    wanted = new[0] * new[1]
    again = -(-wanted // positions.shape[1])
    return positions.repeat(1, again, 1)[:, :wanted]
""",
    ],
    "match": [
        # everybody gets the favourite
        matching(pairs="return costs.argmin(0).tolist()"),
        # the cheapest pair first
        matching(
            pairs="""\
taken = {}
    for flat in costs.flatten().argsort().tolist():
        query, truth = divmod(flat, costs.shape[1])
        if truth not in taken and query not in taken.values():
            taken[truth] = query
    return [taken[truth] for truth in range(costs.shape[1])]
"""
        ),
        # classes do not count
        matching(costs="1 - shared / both"),
        # masks do not count
        matching(costs="1 - chances[:, labels]"),
        # the highest total
        matching(costs="chances[:, labels] + shared / both"),
        # queries in the order of the queries
        matching(
            pairs="return linear_sum_assignment(costs.numpy())[0].tolist()"
        ),
        # the overlap without the sizes: large masks always win
        matching(costs="(1 - chances[:, labels]) - shared"),
    ],
}
