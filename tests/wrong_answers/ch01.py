"""Wrong answers to the exercises of chapter 01, as learners give them."""

WRONG: dict[str, list[str]] = {
    "panoptic_to_semantic": [
        # void is 0, as in a map that starts from zeros
        """
def panoptic_to_semantic(panoptic, segments):
    semantic = np.zeros(panoptic.shape, np.int64)
    for segment, category in segments.items():
        semantic[panoptic == segment] = category
    return semantic
""",
        # the Cityscapes convention instead of the table
        """
def panoptic_to_semantic(panoptic, segments):
    return panoptic // 1000
""",
        # in place: ids and classes get mixed up
        """
def panoptic_to_semantic(panoptic, segments):
    for segment, category in segments.items():
        panoptic[panoptic == segment] = category
    return panoptic
""",
        # in place on a copy: void is left, ids still get mixed up
        """
def panoptic_to_semantic(panoptic, segments):
    semantic = panoptic.copy()
    for segment, category in segments.items():
        semantic[semantic == segment] = category
    semantic[~np.isin(panoptic, list(segments))] = 255
    return semantic
""",
        # uint8, and the table's word on id 0 is taken
        """
def panoptic_to_semantic(panoptic, segments):
    semantic = np.full(panoptic.shape, 255, np.uint8)
    for segment, category in segments.items():
        semantic[panoptic == segment] = category
    return semantic
""",
    ],
    "masks_to_boxes": [
        # the last pixel instead of the edge behind it
        """
def masks_to_boxes(masks):
    boxes = np.zeros((len(masks), 4), np.int64)
    for k, mask in enumerate(masks):
        y, x = np.nonzero(mask)
        if len(x):
            boxes[k] = x.min(), y.min(), x.max(), y.max()
    return boxes
""",
        # rows before columns
        """
def masks_to_boxes(masks):
    boxes = np.zeros((len(masks), 4), np.int64)
    for k, mask in enumerate(masks):
        y, x = np.nonzero(mask)
        if len(x):
            boxes[k] = y.min(), x.min(), y.max() + 1, x.max() + 1
    return boxes
""",
        # width and height instead of right and bottom
        """
def masks_to_boxes(masks):
    boxes = np.zeros((len(masks), 4), np.int64)
    for k, mask in enumerate(masks):
        y, x = np.nonzero(mask)
        if len(x):
            boxes[k] = x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1
    return boxes
""",
        # the empty mask raises
        """
def masks_to_boxes(masks):
    boxes = []
    for mask in masks:
        y, x = np.nonzero(mask)
        boxes.append([x.min(), y.min(), x.max() + 1, y.max() + 1])
    return np.array(boxes, np.int64)
""",
    ],
    "semantic_to_instances": [
        # four neighbours
        """
def semantic_to_instances(semantic, things):
    from scipy import ndimage

    masks, classes = [np.zeros((0, *semantic.shape), bool)], []
    for category in things:
        numbered, count = ndimage.label(semantic == category)
        masks.append(np.arange(1, count + 1)[:, None, None] == numbered)
        classes += [category] * count
    return np.concatenate(masks), np.array(classes, np.int64)
""",
        # all things labelled at once: touching classes merge
        """
def semantic_to_instances(semantic, things):
    from scipy import ndimage

    numbered, count = ndimage.label(
        np.isin(semantic, things), structure=np.ones((3, 3))
    )
    masks = np.arange(1, count + 1)[:, None, None] == numbered
    classes = [semantic[mask][0] for mask in masks]
    return masks, np.array(classes, np.int64)
""",
        # one mask a class
        """
def semantic_to_instances(semantic, things):
    masks = np.stack([semantic == category for category in things])
    return masks, np.array(things, np.int64)
""",
        # nothing to stack without instances
        """
def semantic_to_instances(semantic, things):
    from scipy import ndimage

    masks, classes = [], []
    for category in things:
        ones = np.ones((3, 3))
        numbered, count = ndimage.label(semantic == category, ones)
        for number in range(1, count + 1):
            masks.append(numbered == number)
            classes.append(category)
    return np.stack(masks), np.array(classes, np.int64)
""",
        # the largest instance of a class first
        """
def semantic_to_instances(semantic, things):
    from scipy import ndimage

    masks, classes = [np.zeros((0, *semantic.shape), bool)], []
    for category in things:
        numbered, count = ndimage.label(
            semantic == category, structure=np.ones((3, 3))
        )
        numbers = sorted(
            range(1, count + 1), key=lambda n: -(numbered == n).sum()
        )
        masks.append(
            np.array(numbers, int)[:, None, None] == numbered
        )
        classes += [category] * count
    return np.concatenate(masks), np.array(classes, np.int64)
""",
        # the right classes beside masks in the order of the class numbers
        """
def semantic_to_instances(semantic, things):
    from scipy import ndimage

    masks, classes = [np.zeros((0, *semantic.shape), bool)], []
    for category in sorted(things):
        numbered, count = ndimage.label(
            semantic == category, structure=np.ones((3, 3))
        )
        masks.append(np.arange(1, count + 1)[:, None, None] == numbered)
    for category in things:
        numbered, count = ndimage.label(
            semantic == category, structure=np.ones((3, 3))
        )
        classes += [category] * count
    return np.concatenate(masks), np.array(classes, np.int64)
""",
        # every class of the map, whatever things says
        """
def semantic_to_instances(semantic, things):
    from scipy import ndimage

    masks, classes = [np.zeros((0, *semantic.shape), bool)], []
    for category in np.unique(semantic):
        numbered, count = ndimage.label(
            semantic == category, structure=np.ones((3, 3))
        )
        masks.append(np.arange(1, count + 1)[:, None, None] == numbered)
        classes += [category] * count
    return np.concatenate(masks), np.array(classes, np.int64)
""",
    ],
    "resize_labels": [
        # the bug itself
        """
def resize_labels(labels, size):
    batch = torch.from_numpy(labels)[None, None].float()
    smaller = F.interpolate(batch, size=size, mode="bilinear")
    return smaller[0, 0].round().long().numpy()
""",
        # down instead of to the nearest: still averages names
        """
def resize_labels(labels, size):
    batch = torch.from_numpy(labels)[None, None].float()
    smaller = F.interpolate(batch, size=size, mode="area")
    return smaller[0, 0].floor().long().numpy()
""",
        # width before height
        """
def resize_labels(labels, size):
    batch = torch.from_numpy(labels)[None, None].float()
    size = size[1], size[0]
    resized = F.interpolate(batch, size=size, mode="nearest-exact")
    return resized[0, 0].long().numpy()
""",
        # foreground only
        """
def resize_labels(labels, size):
    batch = torch.from_numpy(labels > 0)[None, None].float()
    resized = F.interpolate(batch, size=size, mode="nearest-exact")
    return resized[0, 0].long().numpy()
""",
        # the right pixels as float
        """
def resize_labels(labels, size):
    batch = torch.from_numpy(labels)[None, None].float()
    resized = F.interpolate(batch, size=size, mode="nearest-exact")
    return resized[0, 0].numpy()
""",
    ],
}
