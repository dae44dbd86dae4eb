"""Typical wrong answers to the exercises of chapter 08."""

WRONG: dict[str, list[str]] = {
    "box_and_mask_iou": [
        # the box ends at its last pixel
        """\
def box_and_mask_iou(masks):
    corners = []
    for mask in masks:
        rows, columns = mask.nonzero().T
        corners.append([columns.min(), rows.min(),
                        columns.max(), rows.max()])
    boxes = torch.tensor(corners, dtype=torch.float32)
    low = torch.maximum(boxes[:, None, :2], boxes[:, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    flat = masks.flatten(1).float()
    both = flat @ flat.T
    size = flat.sum(1)
    return (shared / (area[:, None] + area - shared),
            both / (size[:, None] + size - both))
""",
        # negative widths times negative heights look like an overlap
        """\
def box_and_mask_iou(masks):
    corners = []
    for mask in masks:
        rows, columns = mask.nonzero().T
        corners.append([columns.min(), rows.min(),
                        columns.max() + 1, rows.max() + 1])
    boxes = torch.tensor(corners, dtype=torch.float32)
    low = torch.maximum(boxes[:, None, :2], boxes[:, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[:, 2:])
    shared = (high - low).prod(-1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    flat = masks.flatten(1).float()
    both = flat @ flat.T
    size = flat.sum(1)
    return (shared / (area[:, None] + area - shared),
            both / (size[:, None] + size - both))
""",
        # the union counts the shared part twice
        """\
def box_and_mask_iou(masks):
    from torchvision.ops import box_iou, masks_to_boxes
    boxes = masks_to_boxes(masks) + torch.tensor([0, 0, 1, 1])
    flat = masks.flatten(1).float()
    both = flat @ flat.T
    size = flat.sum(1)
    return box_iou(boxes, boxes), both / (size[:, None] + size)
""",
        # masks in place of boxes
        """\
def box_and_mask_iou(masks):
    flat = masks.flatten(1).float()
    both = flat @ flat.T
    size = flat.sum(1)
    iou = both / (size[:, None] + size - both)
    return iou, iou
""",
    ],
    "soft_nms": [
        # the order of the first scores is kept
        """\
def soft_nms(boxes, scores, sigma):
    from torchvision.ops import box_iou
    scores = scores.clone()
    iou = box_iou(boxes, boxes)
    order = scores.argsort(descending=True).tolist()
    for place, i in enumerate(order):
        for j in order[place + 1 :]:
            scores[j] = scores[j] * torch.exp(-iou[i, j] ** 2 / sigma)
    return scores
""",
        # what was taken is lowered again
        """\
def soft_nms(boxes, scores, sigma):
    from torchvision.ops import box_iou
    scores = scores.clone()
    iou = box_iou(boxes, boxes)
    waiting = torch.ones(len(boxes), dtype=torch.bool)
    while waiting.any():
        best = scores.masked_fill(~waiting, -1).argmax()
        waiting[best] = False
        scores = scores * torch.exp(-iou[best] ** 2 / sigma)
    return scores
""",
        # IoU without its square
        """\
def soft_nms(boxes, scores, sigma):
    from torchvision.ops import box_iou
    scores = scores.clone()
    iou = box_iou(boxes, boxes)
    waiting = torch.ones(len(boxes), dtype=torch.bool)
    while waiting.any():
        best = scores.masked_fill(~waiting, -1).argmax()
        waiting[best] = False
        lower = torch.exp(-iou[best] / sigma)
        scores = torch.where(waiting, scores * lower, scores)
    return scores
""",
        # the reader's scores are changed
        """\
def soft_nms(boxes, scores, sigma):
    from torchvision.ops import box_iou
    iou = box_iou(boxes, boxes)
    waiting = torch.ones(len(boxes), dtype=torch.bool)
    while waiting.any():
        best = scores.masked_fill(~waiting, -1).argmax()
        waiting[best] = False
        scores[waiting] *= torch.exp(-iou[best] ** 2 / sigma)[waiting]
    return scores
""",
        # ordinary suppression
        """\
def soft_nms(boxes, scores, sigma):
    from torchvision.ops import nms
    kept = nms(boxes, scores, sigma)
    out = torch.zeros_like(scores)
    out[kept] = scores[kept]
    return out
""",
    ],
    "losses_by_hand": [
        # the mask of every class is taught
        """\
def losses_by_hand(objectness, is_object, logits, labels, changes, targets,
                   masks, mask_targets):
    true = labels > 0
    off = F.smooth_l1_loss(changes[true, labels[true]], targets[true],
                           beta=1 / 9, reduction="sum")
    every = mask_targets[true][:, None].expand(-1, masks.shape[1], -1, -1)
    return (F.binary_cross_entropy_with_logits(objectness, is_object),
            F.cross_entropy(logits, labels), off / len(labels),
            F.binary_cross_entropy_with_logits(masks[true], every))
""",
        # boxes divided by the positives
        """\
def losses_by_hand(objectness, is_object, logits, labels, changes, targets,
                   masks, mask_targets):
    true = labels > 0
    off = F.smooth_l1_loss(changes[true, labels[true]], targets[true],
                           beta=1 / 9, reduction="sum")
    return (F.binary_cross_entropy_with_logits(objectness, is_object),
            F.cross_entropy(logits, labels), off / true.sum(),
            F.binary_cross_entropy_with_logits(
                masks[true, labels[true]], mask_targets[true]))
""",
        # background has a box and a mask to learn
        """\
def losses_by_hand(objectness, is_object, logits, labels, changes, targets,
                   masks, mask_targets):
    row = torch.arange(len(labels))
    off = F.smooth_l1_loss(changes[row, labels], targets, beta=1 / 9,
                           reduction="sum")
    return (F.binary_cross_entropy_with_logits(objectness, is_object),
            F.cross_entropy(logits, labels), off / len(labels),
            F.binary_cross_entropy_with_logits(
                masks[row, labels], mask_targets))
""",
        # beta of 1
        """\
def losses_by_hand(objectness, is_object, logits, labels, changes, targets,
                   masks, mask_targets):
    true = labels > 0
    off = F.smooth_l1_loss(changes[true, labels[true]], targets[true],
                           reduction="sum")
    return (F.binary_cross_entropy_with_logits(objectness, is_object),
            F.cross_entropy(logits, labels), off / len(labels),
            F.binary_cross_entropy_with_logits(
                masks[true, labels[true]], mask_targets[true]))
""",
        # logarithms that overflow
        """\
def losses_by_hand(objectness, is_object, logits, labels, changes, targets,
                   masks, mask_targets):
    def binary(x, y):
        p = 1 / (1 + torch.exp(-x))
        return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()

    true = labels > 0
    off = F.smooth_l1_loss(changes[true, labels[true]], targets[true],
                           beta=1 / 9, reduction="sum")
    return (binary(objectness, is_object), F.cross_entropy(logits, labels),
            off / len(labels),
            binary(masks[true, labels[true]], mask_targets[true]))
""",
    ],
    "true_class_mask_loss": [
        # as it was found
        """\
def true_class_mask_loss(logits, labels, targets):
    wanted = torch.zeros_like(logits)
    for i, label in enumerate(labels):
        if label > 0:
            wanted[i, label] = targets[i]
    return F.binary_cross_entropy_with_logits(logits, wanted)
""",
        # the true class, but background counts as class 0
        """\
def true_class_mask_loss(logits, labels, targets):
    row = torch.arange(len(labels))
    return F.binary_cross_entropy_with_logits(logits[row, labels], targets)
""",
        # positives, but every class is taught their mask
        """\
def true_class_mask_loss(logits, labels, targets):
    true = labels > 0
    if not true.any():
        return logits.sum() * 0
    wanted = targets[true][:, None].expand_as(logits[true])
    return F.binary_cross_entropy_with_logits(logits[true], wanted)
""",
        # NaN without positives
        """\
def true_class_mask_loss(logits, labels, targets):
    true = labels > 0
    return F.binary_cross_entropy_with_logits(
        logits[true, labels[true]], targets[true]
    )
""",
        # the class that is best, in place of the true one
        """\
def true_class_mask_loss(logits, labels, targets):
    true = labels > 0
    if not true.any():
        return logits.sum() * 0
    best = logits[true].mean((2, 3)).argmax(1)
    row = torch.arange(len(best))
    return F.binary_cross_entropy_with_logits(
        logits[true][row, best], targets[true]
    )
""",
    ],
}
