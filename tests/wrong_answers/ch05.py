"""Typical wrong answers to the exercises of chapter 05."""

WRONG: dict[str, list[str]] = {
    "receptive_field": [
        # a layer's own stride widens its own reach
        """\
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride, rate in layers:
        step *= stride
        field += (kernel - 1) * rate * step
    return field, step
""",
        # strides of the layers before are forgotten
        """\
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride, rate in layers:
        field += (kernel - 1) * rate * stride
        step *= stride
    return field, step
""",
        # a kernel of rate r taken for one of size k * r
        """\
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride, rate in layers:
        field += (kernel * rate - 1) * step
        step *= stride
    return field, step
""",
        # the rate is not looked at
        """\
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride, rate in layers:
        field += (kernel - 1) * step
        step *= stride
    return field, step
""",
        # strides add up
        """\
def receptive_field(layers):
    field, step = 1, 0
    for kernel, stride, rate in layers:
        field += (kernel - 1) * rate * max(step, 1)
        step += stride
    return field, max(step, 1)
""",
    ],
    "atrous": [
        # what leaves on one side comes back on the other
        """\
def atrous(x, weight, rate):
    total = 0
    for i in range(3):
        for j in range(3):
            shift = (1 - i) * rate, (1 - j) * rate
            part = torch.roll(x, shift, dims=(2, 3))
            tap = weight[:, :, i, j]
            total = total + torch.einsum("dc,nchw->ndhw", tap, part)
    return total
""",
        # the kernel is flipped
        """\
def atrous(x, weight, rate):
    height, width = x.shape[-2:]
    padded = F.pad(x, (rate, rate, rate, rate))
    total = 0
    for i in range(3):
        for j in range(3):
            top, left = (2 - i) * rate, (2 - j) * rate
            part = padded[..., top : top + height, left : left + width]
            tap = weight[:, :, i, j]
            total = total + torch.einsum("dc,nchw->ndhw", tap, part)
    return total
""",
        # padding of 1 whatever the rate: the map shrinks
        """\
def atrous(x, weight, rate):
    padded = F.pad(x, (1, 1, 1, 1))
    height = padded.shape[-2] - 2 * rate
    width = padded.shape[-1] - 2 * rate
    total = 0
    for i in range(3):
        for j in range(3):
            top, left = i * rate, j * rate
            part = padded[..., top : top + height, left : left + width]
            tap = weight[:, :, i, j]
            total = total + torch.einsum("dc,nchw->ndhw", tap, part)
    return total
""",
        # the border repeated in place of zeros
        """\
def atrous(x, weight, rate):
    height, width = x.shape[-2:]
    padded = F.pad(x, (rate, rate, rate, rate), mode="replicate")
    total = 0
    for i in range(3):
        for j in range(3):
            top, left = i * rate, j * rate
            part = padded[..., top : top + height, left : left + width]
            tap = weight[:, :, i, j]
            total = total + torch.einsum("dc,nchw->ndhw", tap, part)
    return total
""",
        # rows and columns of the kernel are swapped
        """\
def atrous(x, weight, rate):
    height, width = x.shape[-2:]
    padded = F.pad(x, (rate, rate, rate, rate))
    total = 0
    for i in range(3):
        for j in range(3):
            top, left = i * rate, j * rate
            part = padded[..., top : top + height, left : left + width]
            tap = weight[:, :, j, i]
            total = total + torch.einsum("dc,nchw->ndhw", tap, part)
    return total
""",
        # the library does it
        """\
def atrous(x, weight, rate):
    return F.conv2d(x, weight, padding=rate, dilation=rate)
""",
    ],
    "choose_rates": [
        # no holes, and far too many convolutions
        "def choose_rates(reach):\n    return [1] * reach\n",
        # one jump: only three places are seen
        "def choose_rates(reach):\n    return [reach]\n",
        # doubling is safe, and not the most that is possible
        """\
def choose_rates(reach):
    rates = []
    while sum(rates) < reach:
        rates.append(min(2 ** len(rates), reach - sum(rates)))
    return rates
""",
        # one step too far: gaps
        """\
def choose_rates(reach):
    rates = [1]
    while sum(rates) < reach:
        rates.append(min(2 * sum(rates) + 2, reach - sum(rates)))
    return rates
""",
        # powers of three overshoot the reach
        """\
def choose_rates(reach):
    rates = []
    while sum(rates) < reach:
        rates.append(3 ** len(rates))
    return rates
""",
        # the remainder is left for last even where it is too large
        """\
def choose_rates(reach):
    rates, rate = [], 1
    while sum(rates) + rate + 3 * rate <= reach:
        rates.append(rate)
        rate *= 3
    return rates + [reach - sum(rates)]
""",
    ],
    "to_class_map": [
        # as it was found
        """\
def to_class_map(logits, size):
    classes = logits.argmax(1, keepdim=True).float()
    large = F.interpolate(classes, size, mode="bilinear")
    return large[:, 0].round().long()
""",
        # no invented classes, but blocks
        """\
def to_class_map(logits, size):
    classes = logits.argmax(1, keepdim=True).float()
    return F.interpolate(classes, size, mode="nearest")[:, 0].long()
""",
        # the logits too can be enlarged in blocks
        """\
def to_class_map(logits, size):
    return F.interpolate(logits, size, mode="nearest").argmax(1)
""",
        # the other convention for the corners
        """\
def to_class_map(logits, size):
    large = F.interpolate(
        logits, size, mode="bilinear", align_corners=True
    )
    return large.argmax(1)
""",
        # one-hot votes, enlarged: all votes count alike
        """\
def to_class_map(logits, size):
    votes = F.one_hot(logits.argmax(1), logits.shape[1])
    votes = votes.movedim(-1, 1).float()
    return F.interpolate(votes, size, mode="bilinear").argmax(1)
""",
        # the channel axis is kept
        """\
def to_class_map(logits, size):
    large = F.interpolate(logits, size, mode="bilinear")
    return large.argmax(1, keepdim=True)
""",
    ],
}
