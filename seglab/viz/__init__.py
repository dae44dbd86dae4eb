"""Pictures: overlays, panels, contours, legends, curves, animations."""

from seglab.viz.animation import Animation, animate
from seglab.viz.colour import PALETTE, colours, overlay
from seglab.viz.curves import plot_history
from seglab.viz.panels import (
    draw_contours,
    label_legend,
    show_panels,
)
from seglab.viz.style import use_style

__all__ = [
    "Animation",
    "PALETTE",
    "animate",
    "colours",
    "draw_contours",
    "label_legend",
    "overlay",
    "plot_history",
    "show_panels",
    "use_style",
]
