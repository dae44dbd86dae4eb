"""What is measured after training: windows, CRF, cleaning."""

from __future__ import annotations

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from numpy.typing import NDArray
from pydensecrf.densecrf import DenseCRF2D
from scipy import ndimage
from skimage.data import astronaut
from skimage.feature import peak_local_max
from skimage.morphology import disk, opening
from skimage.segmentation import watershed
from torch import Tensor, nn

from harness import Work
from seglab import postprocess
from seglab.crf import BilateralKernel, dense_crf
from seglab.inference.sliding_window import predict_classes
from seglab.inference.strips import Window

CLASSES = 19


def equal_share(ours: object, peer: object) -> str:
    """How many pixels of two label maps agree."""
    same = np.asarray(ours) == np.asarray(peer)
    return f"labels agree on {same.mean():.3%} of pixels"


def sliding_window() -> Work:
    """A large image, window by window, to one class a pixel."""
    torch.manual_seed(0)
    image = torch.rand(1, 3, 2048, 2048)
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, CLASSES, 3, padding=1),
        nn.Upsample(scale_factor=2, mode="bilinear"),
    ).eval()

    def ours() -> Tensor:
        return predict_classes(image[0], network, Window((512, 512)))

    @torch.inference_mode()
    def monai() -> Tensor:
        logits = sliding_window_inference(
            image, (512, 512), 4, network, overlap=0.5, mode="gaussian"
        )
        return logits[0].argmax(0).byte()

    return Work(
        id="sliding_window",
        work=f"2048 x 2048, roi 512, overlap 0.5, {CLASSES} classes",
        ours=ours,
        peers={"MONAI": monai},
        compare=equal_share,
        runs=5,
    )


def crf() -> Work:
    """A dense CRF on a photograph."""
    image = np.ascontiguousarray(astronaut())
    rng = np.random.default_rng(0)
    blobs = ndimage.zoom(
        rng.normal(size=(21, 32, 32)), (1, 16, 16), order=1
    )
    scores = 2 * blobs + rng.normal(size=blobs.shape)
    chance = torch.from_numpy(scores).float().softmax(0).numpy()
    unary = -np.log(np.maximum(chance, 1e-5)).reshape(21, -1)

    def ours() -> NDArray[np.int64]:
        refined = dense_crf(
            chance,
            image.transpose(2, 0, 1),
            bilateral=BilateralKernel(sigma_colour=13.0),
        )
        return refined.argmax(0)

    def pydensecrf() -> NDArray[np.int64]:
        model = DenseCRF2D(512, 512, 21)
        model.setUnaryEnergy(np.ascontiguousarray(unary))
        model.addPairwiseGaussian(sxy=3, compat=3)
        model.addPairwiseBilateral(sxy=60, srgb=13, rgbim=image, compat=10)
        refined = np.array(model.inference(5))
        return refined.reshape(chance.shape).argmax(0)

    return Work(
        id="crf",
        work="dense CRF, 512 x 512, 21 classes, 5 iterations",
        ours=ours,
        peers={"pydensecrf2": pydensecrf},
        compare=equal_share,
        runs=5,
    )


def thousand_discs() -> NDArray[np.bool_]:
    """A thousand discs, each touching another, with holes and specks."""
    rng = np.random.default_rng(0)
    mask = np.zeros((380, 660), dtype=bool)
    rows, columns = np.mgrid[:18, :26]
    left = np.hypot(rows - 9, columns - 8)
    right = np.hypot(rows - 9, columns - 17)
    pair = ((left < 6) | (right < 6)) & (left > 1)
    for cell in range(500):
        top, start = 18 * (cell // 25) + 10, 26 * (cell % 25) + 5
        mask[top : top + 18, start : start + 26] |= pair
    return mask | (rng.random(mask.shape) < 0.0002)


def clean_1000() -> Work:
    """Open, fill, sort out and split the objects of one image."""
    mask = thousand_discs()

    def ours() -> NDArray[np.int64]:
        opened = postprocess.open_labels(mask.astype(np.uint8), 1)
        filled = postprocess.fill_holes(opened)
        return postprocess.split_touching(
            postprocess.remove_small(filled, 30), depth=0.5
        )

    def object_by_object() -> NDArray[np.int64]:
        # as notebooks do it: a full-size mask for each object
        ids, count = ndimage.label(mask)
        cleaned = np.zeros(mask.shape, np.int64)
        last = 0
        for number in range(1, count + 1):
            one = opening(ids == number, disk(1))
            one = ndimage.binary_fill_holes(one)
            if one.sum() < 30:
                continue
            away = ndimage.distance_transform_edt(one)
            tops = peak_local_max(
                away, min_distance=6, labels=one.astype(int)
            )
            markers = np.zeros(mask.shape, np.int64)
            markers[tuple(tops.T)] = np.arange(1, len(tops) + 1)
            parts = watershed(-away, markers, mask=one)
            cleaned[one] = parts[one] + last
            last += len(tops)
        return cleaned

    def compare(ours: object, peer: object) -> str:
        numbers = [int(np.max(found)) for found in (ours, peer)]
        same = (np.asarray(ours) > 0) == (np.asarray(peer) > 0)
        return (
            f"{numbers[0]} and {numbers[1]} objects, foreground equal on "
            f"{same.mean():.3%} of pixels"
        )

    return Work(
        id="clean_1000",
        work="watershed and cleaning, 1,000 objects, 380 x 660",
        ours=ours,
        peers={"loop over objects": object_by_object},
        compare=compare,
        runs=1,
    )
