import io
import json

import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as arrays
from PIL import Image

from seglab.data.formats.polygons import Polygon, polygons_to_mask
from seglab.data.formats.rle import decode_coco
from seglab.deploy.answers import ENCODERS, as_png, as_polygons, as_rle
from seglab.deploy.segmenter import Segmentation

masks = arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2))


def segmentation(mask):
    return Segmentation(mask, float(mask.mean()), 0.9, 0.5, 0.25)


@given(masks)
def test_png_gives_the_mask_back(mask):
    body, kind = as_png(segmentation(mask))
    picture = Image.open(io.BytesIO(body))
    assert (kind, picture.format, picture.mode) == ("image/png", "PNG", "L")
    np.testing.assert_array_equal(np.asarray(picture), mask * 255)


@given(masks)
def test_rle_gives_the_mask_back(mask):
    body, kind = as_rle(segmentation(mask))
    said = json.loads(body)
    assert kind == "application/json"
    np.testing.assert_array_equal(decode_coco(said["mask"]), mask)
    assert said["foreground_share"] == mask.mean()


@given(masks)
def test_polygons_give_the_mask_back(mask):
    body, _ = as_polygons(segmentation(mask))
    said = json.loads(body)
    assert said["type"] == "FeatureCollection"
    assert said["size"] == list(mask.shape)
    polygons = []
    for feature in said["features"]:
        rings = feature["geometry"]["coordinates"]
        # closed, as GeoJSON wants; seglab's are open
        assert all(ring[0] == ring[-1] for ring in rings)
        outer, *holes = (ring[:-1] for ring in rings)
        polygons.append(Polygon(outer, holes))
    np.testing.assert_array_equal(
        polygons_to_mask(polygons, mask.shape), mask
    )
    areas = [f["properties"]["area"] for f in said["features"]]
    assert sum(areas) == mask.sum()


def test_the_figures_stand_in_every_json():
    for form in ("rle", "polygons"):
        body, _ = ENCODERS[form](segmentation(np.eye(3, dtype=bool)))
        said = json.loads(body)
        assert said["confidence"] == 0.9 and said["contrast"] == 0.25
