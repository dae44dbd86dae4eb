"""What is measured: one function a piece of work, collected in WORKS."""

from __future__ import annotations

import monai.losses
import monai.networks.nets
import numpy as np
import segmentation_models_pytorch as smp
import torch
import torchmetrics.classification
from numpy.typing import NDArray
from scipy.ndimage import (
    gaussian_filter,
    maximum_filter,
    minimum_filter,
    zoom,
)
from sklearn.metrics import confusion_matrix as sklearn_matrix

from harness import Work
from seglab import losses, metrics, models
from works_deploy import int8, onnx
from works_formats import (
    mask_to_polygons,
    rasterise,
    rle,
    rle_coco,
    rle_coco_fortran,
    rle_decode,
)
from works_inference import clean_1000, crf, sliding_window
from works_instances import pq
from works_losses import focal, lovasz_hinge, lovasz_softmax, tversky
from works_models import (
    model_deeplabv3,
    model_deeplabv3plus,
    model_fcn,
    model_pspnet,
    model_unet_resnet,
)
from works_surface import (
    boundary_iou,
    surface_2d,
    surface_3d,
    weighted_surface_3d,
)
from works_transformers import (
    model_hrnet,
    model_hrnet_forward,
    model_mask2former_layer,
    model_mask2former_layer_forward,
    model_segformer,
    model_segformer_forward,
    model_setr,
    model_setr_forward,
)


def largest_difference(ours: object, peer: object) -> str:
    """The largest absolute difference of two results, in words."""
    gap = np.abs(np.asarray(ours, float) - np.asarray(peer, float)).max()
    return f"largest difference {gap:.1e}"


def random_maps(
    dtype: type[np.integer],
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """A prediction and a truth in which no pixel is like its neighbour."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 19, (8, 512, 512)).astype(dtype)
    guess = rng.integers(0, 19, truth.shape).astype(dtype)
    prediction = np.where(rng.random(truth.shape) < 0.8, truth, guess)
    truth[rng.random(truth.shape) < 0.05] = 255
    return prediction, truth


def smooth_maps() -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Regions with ignored outlines, and a prediction that bends them."""
    rng = np.random.default_rng(0)
    fields = gaussian_filter(
        rng.standard_normal((2, 8, 19, 128, 128)), (0, 0, 0, 6, 6)
    )
    fields[0] = fields[1] + 0.15 * fields[0]
    maps = zoom(fields.argmax(2).astype(np.uint8), (1, 1, 4, 4), order=0)
    prediction, truth = maps
    around = (1, 5, 5)
    outline = maximum_filter(truth, around) != minimum_filter(truth, around)
    return prediction, np.where(outline, np.uint8(255), truth)


def confusion(
    name: str,
    kind: str,
    maps: tuple[NDArray[np.integer], NDArray[np.integer]],
) -> Work:
    """From label maps to mIoU, with ignored pixels."""
    prediction, truth = maps
    as_torch = torch.from_numpy(prediction), torch.from_numpy(truth)
    in_torchmetrics = {
        validate: torchmetrics.classification.MulticlassJaccardIndex(
            19, ignore_index=255, validate_args=validate
        )
        for validate in (True, False)
    }

    def ours() -> float:
        matrix = metrics.confusion_matrix(
            prediction, truth, 19, ignore_index=255
        )
        return metrics.mean_iou(matrix)

    def sklearn() -> float:
        valid = truth != 255
        matrix = sklearn_matrix(
            truth[valid], prediction[valid], labels=range(19)
        )
        return metrics.mean_iou(matrix)

    return Work(
        id=name,
        work=(
            f"8 x 512 x 512 {kind} label maps of {truth.dtype} to mIoU, 19 "
            "classes, 255 ignored"
        ),
        ours=ours,
        peers={
            "torchmetrics": lambda: in_torchmetrics[True](*as_torch).item(),
            "torchmetrics, validate_args=False": (
                lambda: in_torchmetrics[False](*as_torch).item()
            ),
            "scikit-learn": sklearn,
        },
        compare=largest_difference,
    )


def confusion_uint8() -> Work:
    """Label maps as they are stored."""
    return confusion("confusion_uint8", "random", random_maps(np.uint8))


def confusion_smooth() -> Work:
    """Label maps as they look: neighbours add to the same cell."""
    return confusion("confusion_smooth", "smooth", smooth_maps())


def confusion_int64() -> Work:
    """Label maps as an argmax in PyTorch leaves them."""
    return confusion("confusion_int64", "random", random_maps(np.int64))


def dice() -> Work:
    """Dice loss, forward and backward."""
    torch.manual_seed(0)
    logits = torch.randn(4, 21, 256, 256, requires_grad=True)
    target = torch.randint(0, 21, (4, 256, 256))
    peers = {
        "MONAI": monai.losses.DiceLoss(
            softmax=True, to_onehot_y=True, smooth_nr=1.0, smooth_dr=1.0
        ),
    }

    def backward(loss: torch.Tensor) -> float:
        logits.grad = None
        loss.backward()
        return loss.item()

    return Work(
        id="dice",
        work="Dice loss, 4 x 21 x 256 x 256, forward and backward",
        ours=lambda: backward(losses.dice_loss(logits, target)),
        peers={
            name: lambda peer=peer: backward(peer(logits, target[:, None]))
            for name, peer in peers.items()
        },
        compare=largest_difference,
    )


def unet() -> Work:
    """A training step of U-Net beside networks of about its size."""
    torch.manual_seed(0)
    image = torch.randn(4, 1, 128, 128)
    widths = (16, 32, 64, 128, 256)
    nets = {
        "ours": models.UNet(1, 2, widths=widths),
        "MONAI BasicUNet": monai.networks.nets.BasicUNet(
            2, 1, 2, features=(*widths, widths[0]), norm="batch", act="relu"
        ),
        "smp Unet (ResNet-18)": smp.Unet(
            "resnet18", encoder_weights=None, in_channels=1, classes=2
        ),
    }
    parameters = {
        name: models.count_parameters(net) for name, net in nets.items()
    }

    def step(name: str) -> int:
        nets[name].zero_grad()
        nets[name](image).square().mean().backward()
        return parameters[name]

    return Work(
        id="unet",
        work="U-Net, forward and backward, 4 x 1 x 128 x 128",
        ours=lambda: step("ours"),
        peers={
            name: lambda name=name: step(name)
            for name in nets
            if name != "ours"
        },
        compare=lambda ours, peer: (
            f"parameters {ours / 1e6:.2f} M, peer {peer / 1e6:.2f} M"
        ),
    )


WORKS = {
    work.__name__: work
    for work in (
        confusion_uint8,
        confusion_smooth,
        confusion_int64,
        dice,
        unet,
        tversky,
        focal,
        lovasz_hinge,
        lovasz_softmax,
        surface_2d,
        surface_3d,
        weighted_surface_3d,
        boundary_iou,
        pq,
        sliding_window,
        crf,
        clean_1000,
        rle,
        rle_coco,
        rle_coco_fortran,
        rle_decode,
        rasterise,
        mask_to_polygons,
        model_fcn,
        model_deeplabv3,
        model_deeplabv3plus,
        model_pspnet,
        model_unet_resnet,
        model_hrnet,
        model_hrnet_forward,
        model_mask2former_layer,
        model_mask2former_layer_forward,
        model_segformer,
        model_segformer_forward,
        model_setr,
        model_setr_forward,
        onnx,
        int8,
    )
}
