"""The look of the book's figures."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt

from seglab.viz.colour import PALETTE

INK = "#1a1a1a"

# opaque white with dark ink: read the same on a light and on a dark page
STYLE: Any = {
    "figure.dpi": 144,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 144,
    "axes.facecolor": "white",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=[*PALETTE[4:7], *PALETTE[:4]]),
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 9,
    "legend.frameon": False,
    "image.cmap": "gray",
}


def use_style() -> None:
    """Give every later figure the book's look: white card, 144 dpi.

    A chapter calls it once, in its first cell.

    >>> use_style()
    >>> plt.rcParams["figure.facecolor"]
    'white'
    """
    plt.rcParams.update(STYLE)
