"""Draw the cover's picture: a slice, its labels, and a prediction.

``python recipes/cover.py`` writes book/_static/cover.png.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from seglab import predict, viz
from seglab.data import chest, radiographs

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "book" / "_static" / "cover.png"


def main() -> None:
    """Draw the three panels side by side and save them."""
    viz.use_style()
    slices = chest.class_slices(size=(384, 512))
    masks = slices.masks.numpy()
    # where the heart is largest, so much of the rest is in view as well
    heart = (masks == slices.names.index("heart")).sum((1, 2))
    index = int(heart.argmax())
    image = slices.images[index, 0].numpy()
    mask = masks[index]
    shots = radiographs.load_radiographs()
    radiograph = shots.images[32]
    lungs = predict.lungs(radiograph)

    widths = [image.shape[1] / image.shape[0]] * 2 + [1.0]
    figure, axes = plt.subplots(
        1,
        3,
        figsize=(12, 12 / sum(widths) + 0.02),
        width_ratios=widths,
        layout="constrained",
    )
    axes[0].imshow(image, cmap="gray", vmin=0, vmax=1)
    axes[1].imshow(viz.overlay(image, mask, alpha=0.6))
    axes[2].imshow(radiograph, cmap="gray")
    viz.draw_contours(axes[2], lungs, colours=[viz.PALETTE[1]])
    for ax in axes:
        ax.set_axis_off()
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.0)
    temporary = TARGET.with_suffix(".part.png")
    figure.savefig(temporary, dpi=120)
    temporary.replace(TARGET)
    print(f"written to {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
