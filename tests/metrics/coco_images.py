"""Images with targets and predictions, and the same as COCO's files."""

import json

import numpy as np
from pycocotools import mask as coder

SIZE = (120, 140)
BIG = (0, 0, 100, 110)


def masks_of(boxes, size=SIZE):
    """Filled rectangles, one for each box."""
    masks = np.zeros((len(boxes), *size), dtype=bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    return masks


def image(boxes, labels, **more):
    return {
        "boxes": np.array(boxes, float).reshape(-1, 4),
        "masks": masks_of(boxes),
        "labels": np.array(labels, int),
        **more,
    }


def random_images(seed, count=6):
    """Targets and noisy predictions of them, on some of them a crowd."""
    rng = np.random.default_rng(seed)
    targets, predictions = [], []
    for _ in range(count):
        corners = rng.integers(0, 60, (4, 2))
        boxes = np.hstack([corners, corners + rng.integers(5, 60, (4, 2))])
        labels = rng.integers(1, 4, 4)
        crowd = rng.random(4) < 0.15
        targets.append(image(boxes, labels, iscrowd=crowd))
        noisy = np.repeat(boxes, 3, axis=0)
        noisy[:, 2:] += rng.integers(-4, 12, (12, 2))
        labels = np.where(
            rng.random(12) < 0.8,
            np.repeat(labels, 3),
            rng.integers(1, 5, 12),
        )
        # scores that tie are ordered as they come
        scores = rng.random(12).round(1)
        predictions.append(image(noisy, labels, scores=scores))
    return predictions, targets


def coco_files(predictions, targets, folder, of):
    """The same as COCO's json files, written by hand."""
    truth = {"images": [], "annotations": [], "categories": []}
    results = []
    for label in range(1, 5):
        truth["categories"].append({"id": label, "name": str(label)})
    for i, (found, true) in enumerate(
        zip(predictions, targets, strict=True)
    ):
        height, width = SIZE
        truth["images"].append({"id": i, "height": height, "width": width})
        for k, (x1, y1, x2, y2) in enumerate(true["boxes"].tolist()):
            code = coder.encode(
                np.asfortranarray(true["masks"][k], np.uint8)
            )
            truth["annotations"].append(
                {
                    "id": len(truth["annotations"]) + 1,
                    "image_id": i,
                    "category_id": int(true["labels"][k]),
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": int(true["iscrowd"][k]),
                    "segmentation": {
                        "size": list(SIZE),
                        "counts": code["counts"].decode(),
                    },
                }
            )
        for k, (x1, y1, x2, y2) in enumerate(found["boxes"].tolist()):
            code = coder.encode(
                np.asfortranarray(found["masks"][k], np.uint8)
            )
            entry = {
                "image_id": i,
                "category_id": int(found["labels"][k]),
                "score": float(found["scores"][k]),
            }
            if of == "masks":
                counts = code["counts"].decode()
                entry["segmentation"] = {
                    "size": list(SIZE),
                    "counts": counts,
                }
            else:
                entry["bbox"] = [x1, y1, x2 - x1, y2 - y1]
            results.append(entry)
    for name, content in (("truth", truth), ("results", results)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder / "truth.json", folder / "results.json"
