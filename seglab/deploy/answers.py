"""A mask as an answer over the network: a PNG, or JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.data.formats.polygons import mask_to_polygons, polygon_area
from seglab.data.formats.rle import encode_coco
from seglab.deploy.segmenter import Segmentation

Encoder = Callable[[Segmentation], tuple[bytes, str]]


def as_png(found: Segmentation) -> tuple[bytes, str]:
    """A grey PNG, 0 and 255, and its media type.

    >>> mask = np.zeros((2, 3), bool)
    >>> as_png(Segmentation(mask, 0.0, 1.0, 0.5, 0.1))[1]
    'image/png'
    """
    from PIL import Image

    held = io.BytesIO()
    grey = found.mask.view(np.uint8) * np.uint8(255)
    # a mask is small at any level; higher ones take longer
    Image.fromarray(grey).save(held, "PNG", compress_level=3)
    return held.getvalue(), "image/png"


def as_rle(found: Segmentation) -> tuple[bytes, str]:
    """JSON with the mask as a COCO dictionary, and its media type.

    >>> mask = np.ones((2, 3), bool)
    >>> body, kind = as_rle(Segmentation(mask, 1.0, 1.0, 0.5, 0.1))
    >>> json.loads(body)["mask"]
    {'size': [2, 3], 'counts': '06'}
    """
    return _json({"mask": encode_coco(found.mask), **figures(found)})


def as_polygons(found: Segmentation) -> tuple[bytes, str]:
    """GeoJSON in pixels, and its media type.

    A ``FeatureCollection`` with one ``Polygon`` for each part, holes
    included; the figures stand beside the features.

    Convention:
        Coordinates are (x, y) in pixels from the upper left corner, y
        downwards: GeoJSON's syntax without its globe. Rings are closed,
        as GeoJSON wants.

    >>> mask = np.array([[True, False]])
    >>> body, kind = as_polygons(Segmentation(mask, 0.5, 1.0, 0.5, 0.1))
    >>> json.loads(body)["features"][0]["properties"]
    {'area': 1.0}
    """
    features = [
        {
            "type": "Feature",
            "properties": {"area": polygon_area(polygon)},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    _closed(r) for r in (polygon.outer, *polygon.holes)
                ],
            },
        }
        for polygon in mask_to_polygons(found.mask)
    ]
    height, width = found.mask.shape
    return _json(
        {
            "type": "FeatureCollection",
            "features": features,
            "size": [height, width],
            **figures(found),
        }
    )


def figures(found: Segmentation) -> dict[str, float]:
    """What is watched, by name.

    >>> mask = np.ones((1, 1), bool)
    >>> figures(Segmentation(mask, 1.0, 0.9, 0.5, 0.1))["confidence"]
    0.9
    """
    return {
        key: value for key, value in vars(found).items() if key != "mask"
    }


ENCODERS: dict[str, Encoder] = {
    "png": as_png,
    "rle": as_rle,
    "polygons": as_polygons,
}


def _closed(ring: NDArray[np.float64]) -> list[list[float]]:
    points: list[list[float]] = ring.tolist()
    return [*points, points[0]]


def _json(content: dict[str, Any]) -> tuple[bytes, str]:
    return json.dumps(content).encode(), "application/json"
