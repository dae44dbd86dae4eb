"""Typical wrong answers to the exercises of chapter 10."""

WRONG: dict[str, list[str]] = {
    "full_masks": [
        # as it was found
        """\
def full_masks(prototypes, coefficients, boxes, size):
    logits = torch.einsum("khw,mk->mhw", prototypes, coefficients)
    height, width = logits.shape[1:]
    y, x = torch.arange(height) + 0.5, torch.arange(width) + 0.5
    left, top, right, bottom = boxes.T[:, :, None]
    rows = (y >= top) & (y < bottom)
    columns = (x >= left) & (x < right)
    masks = (logits > 0) & rows[:, :, None] & columns[:, None]
    large = F.interpolate(masks[None].float(), size, mode="nearest")
    return large[0] > 0.5
""",
        # the right pixels, but decisions are enlarged
        """\
def full_masks(prototypes, coefficients, boxes, size):
    logits = torch.einsum("khw,mk->mhw", prototypes, coefficients)
    masks = (logits > 0).float()
    large = F.interpolate(masks[None], size, mode="bilinear")[0] > 0.5
    y, x = torch.arange(size[0]) + 0.5, torch.arange(size[1]) + 0.5
    left, top, right, bottom = boxes.T[:, :, None]
    rows = (y >= top) & (y < bottom)
    columns = (x >= left) & (x < right)
    return large & rows[:, :, None] & columns[:, None]
""",
        # probabilities, compared with 0
        """\
def full_masks(prototypes, coefficients, boxes, size):
    logits = torch.einsum("khw,mk->mhw", prototypes, coefficients)
    chances = F.interpolate(logits.sigmoid()[None], size, mode="bilinear")
    y, x = torch.arange(size[0]) + 0.5, torch.arange(size[1]) + 0.5
    left, top, right, bottom = boxes.T[:, :, None]
    rows = (y >= top) & (y < bottom)
    columns = (x >= left) & (x < right)
    return (chances[0] > 0) & rows[:, :, None] & columns[:, None]
""",
        # rows and columns of the box are swapped
        """\
def full_masks(prototypes, coefficients, boxes, size):
    logits = torch.einsum("khw,mk->mhw", prototypes, coefficients)
    large = F.interpolate(logits[None], size, mode="bilinear")[0] > 0
    y, x = torch.arange(size[0]) + 0.5, torch.arange(size[1]) + 0.5
    top, left, bottom, right = boxes.T[:, :, None]
    rows = (y >= top) & (y < bottom)
    columns = (x >= left) & (x < right)
    return large & rows[:, :, None] & columns[:, None]
""",
        # nothing is cut off
        """\
def full_masks(prototypes, coefficients, boxes, size):
    logits = torch.einsum("khw,mk->mhw", prototypes, coefficients)
    return F.interpolate(logits[None], size, mode="bilinear")[0] > 0
""",
    ],
    "fast_nms": [
        # ordinary NMS: what is dropped no longer counts
        """\
def fast_nms(boxes, scores, labels, threshold):
    from torchvision.ops import batched_nms
    return batched_nms(boxes, scores, labels, threshold)
""",
        # nothing is sorted
        """\
def fast_nms(boxes, scores, labels, threshold):
    from torchvision.ops import box_iou
    iou = box_iou(boxes, boxes) * (labels[:, None] == labels)
    kept = iou.triu(1).amax(0) <= threshold
    return kept.nonzero()[:, 0]
""",
        # labels are forgotten
        """\
def fast_nms(boxes, scores, labels, threshold):
    from torchvision.ops import box_iou
    order = scores.argsort(descending=True)
    iou = box_iou(boxes[order], boxes[order]).triu(1)
    return order[iou.amax(0) <= threshold]
""",
        # the diagonal counts: every box drops itself
        """\
def fast_nms(boxes, scores, labels, threshold):
    from torchvision.ops import box_iou
    order = scores.argsort(descending=True)
    boxes, labels = boxes[order], labels[order]
    iou = box_iou(boxes, boxes) * (labels[:, None] == labels)
    return order[iou.triu().amax(0) <= threshold]
""",
        # worse boxes drop better ones
        """\
def fast_nms(boxes, scores, labels, threshold):
    from torchvision.ops import box_iou
    order = scores.argsort(descending=True)
    boxes, labels = boxes[order], labels[order]
    iou = box_iou(boxes, boxes) * (labels[:, None] == labels)
    return order[iou.tril(-1).amax(0) <= threshold]
""",
        # positions in the sorted list, not in what came
        """\
def fast_nms(boxes, scores, labels, threshold):
    from torchvision.ops import box_iou
    order = scores.argsort(descending=True)
    boxes, labels = boxes[order], labels[order]
    iou = box_iou(boxes, boxes) * (labels[:, None] == labels)
    return (iou.triu(1).amax(0) <= threshold).nonzero()[:, 0]
""",
    ],
    "centre_cells": [
        # the middle of the box
        """\
def centre_cells(mask, cells):
    ranges = []
    for axis in (0, 1):
        places = np.nonzero(mask)[axis]
        low, high = places.min(), places.max() + 1
        middle, reach = (low + high) / 2, 0.1 * (high - low)
        step = mask.shape[axis] / cells
        a, m, b = (int(v // step) for v in
                   (middle - reach, middle, middle + reach))
        ranges.append(range(max(a, m - 1, 0), min(b, m + 1, cells - 1) + 1))
    return {(r, c) for r in ranges[0] for c in ranges[1]}
""",
        # one cell only
        """\
def centre_cells(mask, cells):
    rows, columns = np.nonzero(mask)
    step = [side / cells for side in mask.shape]
    return {(int((rows.mean() + 0.5) // step[0]),
             int((columns.mean() + 0.5) // step[1]))}
""",
        # as many cells as the region touches
        """\
def centre_cells(mask, cells):
    ranges = []
    for axis in (0, 1):
        places = np.nonzero(mask)[axis]
        middle = places.mean() + 0.5
        reach = 0.1 * (places.max() + 1 - places.min())
        step = mask.shape[axis] / cells
        a, b = int((middle - reach) // step), int((middle + reach) // step)
        ranges.append(range(max(a, 0), min(b, cells - 1) + 1))
    return {(r, c) for r in ranges[0] for c in ranges[1]}
""",
        # a square is taken for granted
        """\
def centre_cells(mask, cells):
    ranges = []
    for axis in (0, 1):
        places = np.nonzero(mask)[axis]
        middle = places.mean() + 0.5
        reach = 0.1 * (places.max() + 1 - places.min())
        step = mask.shape[0] / cells
        a, m, b = (int(v // step) for v in
                   (middle - reach, middle, middle + reach))
        ranges.append(range(max(a, m - 1, 0), min(b, m + 1, cells - 1) + 1))
    return {(r, c) for r in ranges[0] for c in ranges[1]}
""",
        # every cell that the mask touches
        """\
def centre_cells(mask, cells):
    rows, columns = np.nonzero(mask)
    step = [side / cells for side in mask.shape]
    return {(int(r // step[0]), int(c // step[1]))
            for r, c in zip(rows, columns)}
""",
        # column before row
        """\
def centre_cells(mask, cells):
    ranges = []
    for axis in (1, 0):
        places = np.nonzero(mask)[axis]
        middle = places.mean() + 0.5
        reach = 0.1 * (places.max() + 1 - places.min())
        step = mask.shape[axis] / cells
        a, m, b = (int(v // step) for v in
                   (middle - reach, middle, middle + reach))
        ranges.append(range(max(a, m - 1, 0), min(b, m + 1, cells - 1) + 1))
    return {(r, c) for r in ranges[0] for c in ranges[1]}
""",
    ],
    "matrix_nms": [
        # the denominator is forgotten
        """\
def matrix_nms(masks, scores):
    order = scores.argsort(descending=True)
    rows = masks[order].flatten(1).float()
    both, area = rows @ rows.T, rows.sum(1)
    iou = (both / (area[:, None] + area - both)).triu(1)
    out = torch.empty_like(scores)
    out[order] = scores[order] * torch.exp(-iou**2 / 0.5).amin(0)
    return out
""",
        # scores stay in sorted order
        """\
def matrix_nms(masks, scores):
    order = scores.argsort(descending=True)
    rows = masks[order].flatten(1).float()
    both, area = rows @ rows.T, rows.sum(1)
    iou = (both / (area[:, None] + area - both)).triu(1)
    own = torch.exp(-iou.amax(0) ** 2 / 0.5)
    factors = torch.exp(-iou**2 / 0.5) / own[:, None]
    return scores[order] * factors.amin(0).clamp(max=1)
""",
        # sigma stands above, as in the authors' code with another value
        """\
def matrix_nms(masks, scores):
    order = scores.argsort(descending=True)
    rows = masks[order].flatten(1).float()
    both, area = rows @ rows.T, rows.sum(1)
    iou = (both / (area[:, None] + area - both)).triu(1)
    own = torch.exp(-0.5 * iou.amax(0) ** 2)
    factors = torch.exp(-0.5 * iou**2) / own[:, None]
    out = torch.empty_like(scores)
    out[order] = scores[order] * factors.amin(0).clamp(max=1)
    return out
""",
        # the denominator is j's own and not i's
        """\
def matrix_nms(masks, scores):
    order = scores.argsort(descending=True)
    rows = masks[order].flatten(1).float()
    both, area = rows @ rows.T, rows.sum(1)
    iou = (both / (area[:, None] + area - both)).triu(1)
    own = torch.exp(-iou.amax(0) ** 2 / 0.5)
    factors = torch.exp(-iou**2 / 0.5) / own
    out = torch.empty_like(scores)
    out[order] = scores[order] * factors.amin(0).clamp(max=1)
    return out
""",
        # every mask lowers itself
        """\
def matrix_nms(masks, scores):
    rows = masks.flatten(1).float()
    both, area = rows @ rows.T, rows.sum(1)
    iou = both / (area[:, None] + area - both)
    return scores * torch.exp(-iou**2 / 0.5).amin(0)
""",
        # all factors multiplied, as in Soft-NMS
        """\
def matrix_nms(masks, scores):
    order = scores.argsort(descending=True)
    rows = masks[order].flatten(1).float()
    both, area = rows @ rows.T, rows.sum(1)
    iou = (both / (area[:, None] + area - both)).triu(1)
    out = torch.empty_like(scores)
    out[order] = scores[order] * torch.exp(-iou**2 / 0.5).prod(0)
    return out
""",
    ],
}
